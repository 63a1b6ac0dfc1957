"""Where does a mask switch: many pre-activations in one call, then narrowing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array
from gradcheck.experiments.accused import Accused, proper
from gradcheck.experiments.points import Sizes, labels
from gradcheck.faults import Pass, Specification
from gradcheck.faults.passes import activate
from gradcheck.problem import Network, Problem

_UNITS = 41


@dataclass(frozen=True, slots=True)
class Switch:
    """Where a mask of ones and zeros changes.

    Attributes
    ----------
    below, above : float
        The bracket: the mask has one value at `below` and the other at `above`.
    rises : bool
        Whether it is on above.
    """

    below: float
    above: float
    rises: bool

    @property
    def roundest(self) -> float:
        """The roundest number inside the bracket."""
        for digits in range(1, 17):
            middle = 0.5 * (self.below + self.above)
            value = float(f"{middle:.{digits}g}")
            if self.below <= value <= self.above:
                return value
        return self.above


def sweep(
    accused: Accused,
    spec: Specification,
    rng: np.random.Generator,
    sizes: Sizes,
    layer: int,
    calls: int = 10,
) -> list[Switch]:
    """Find where the mask of a ReLU layer switches, other than at 0."""
    low = np.array([1e-9, 1e-7, 1e-5, 1e-3, 1e-2, 0.05, 0.2, 0.5])
    wide = np.concatenate([low, np.geomspace(0.7, 300.0, 30)])
    values, masks = _read(
        accused, spec, rng, sizes, layer, np.concatenate([-wide, wide])
    )
    if values.size < 4:
        return []
    order = np.argsort(values)
    values, masks = values[order], masks[order]
    switches = [
        Switch(float(values[j]), float(values[j + 1]), bool(masks[j + 1]))
        for j in np.flatnonzero(masks[1:] != masks[:-1])
    ]
    if len(switches) > 2:  # no mask that switches, but something else
        return []
    return [
        _narrow(accused, spec, rng, sizes, layer, switch, calls)
        for switch in switches
        if not -1e-6 < switch.below < 0.0 < switch.above < 1e-6
    ]


def _narrow(
    accused: Accused,
    spec: Specification,
    rng: np.random.Generator,
    sizes: Sizes,
    layer: int,
    switch: Switch,
    calls: int,
) -> Switch:
    for _ in range(calls):
        width = switch.above - switch.below
        if width <= 1e-12 * max(1.0, abs(switch.above)):
            break
        inside = np.linspace(switch.below, switch.above, 2 * _UNITS)[1:-1]
        values, masks = _read(accused, spec, rng, sizes, layer, inside)
        if values.size == 0:
            break
        on_side = values[masks == switch.rises]
        off_side = values[masks != switch.rises]
        above = float(on_side.min()) if on_side.size else switch.above
        below = float(off_side.max()) if off_side.size else switch.below
        if below >= above or above - below >= width:
            break
        switch = Switch(below, above, switch.rises)
    return switch


def _read(
    accused: Accused,
    spec: Specification,
    rng: np.random.Generator,
    sizes: Sizes,
    layer: int,
    wanted: Array,
) -> tuple[Array, Array]:
    """Return pre-activations and whether the mask was on there."""
    problem, Z = place(spec.network, rng, sizes, layer, wanted)
    grads = accused.at(problem).grads
    if not proper(grads, problem, spec.network):
        return np.empty(0), np.empty(0)
    right = Pass(spec, problem)
    dW = np.asarray(grads[right.weights[layer]]).reshape(right.W[layer].shape)
    dW = dW - right.penalised(right.weights[layer]).reshape(dW.shape)
    delta = np.abs(np.linalg.pinv(right.a[layer - 1].T) @ dW)
    few = _controls(delta.shape[1])
    largest = float(delta[:, :few].max(initial=0.0))
    if not largest > 0.0:  # nothing passes where everything should
        return np.empty(0), np.empty(0)
    return Z[:, few:].reshape(-1), (delta > 1e-9 * largest)[:, few:].reshape(-1)


def _controls(width: int) -> int:
    """Return how many units are kept live: two at least lead back to the delta."""
    return 4 if width >= 12 else max(1, min(2, width - 1))


def place(
    network: Network,
    rng: np.random.Generator,
    sizes: Sizes,
    layer: int,
    wanted: Array,
) -> tuple[Problem, Array]:
    """Build a point of two examples whose pre-activations of one layer are these."""
    hidden = list(sizes.hidden or (7 + i for i in range(network.depth - 1)))
    if sizes.hidden is None:
        hidden[layer - 1] = _UNITS
    D, C = sizes.D or 6, 1 if network.cost == "logistic" else sizes.C or 4
    N = 2 if sizes.N is None or 2 in sizes.N else min(sizes.N)
    X = rng.uniform(0.3, 1.7, (N, D)) * rng.choice([-1.0, 1.0], (N, D))
    params: dict[str, Array] = {}
    A, shapes = X, network.shapes(D, tuple(hidden), C)
    widths = [*hidden, C]
    target = np.empty(0)
    for i, name in enumerate(network.weights, start=1):
        width = widths[i - 1]
        Z = rng.uniform(0.3, 1.2, (N, width)) * rng.choice([-1.0, 1.0], (N, width))
        if i == layer:
            Z = rng.permutation(np.resize(wanted, N * width)).reshape(N, width)
            few = _controls(width)
            Z[:, :few] = rng.uniform(0.8, 1.6, (N, few))  # known to be live
        elif i < network.depth:
            Z[:, :2] = np.abs(Z[:, :2])
        bias = rng.uniform(0.2, 0.5, width) if network.biases else np.zeros(width)
        inverse = np.linalg.pinv(A)
        R = 0.3 * rng.standard_normal((A.shape[1], width))
        W = inverse @ (Z - bias) + (R - inverse @ (A @ R))
        if i == layer and i > 0:
            W = inverse @ (Z - bias)
        params[name] = W.reshape(shapes[name])
        if network.biases:
            bias_name = network.bias_names[i - 1]
            params[bias_name] = bias.reshape(shapes[bias_name])
        pre = A @ W + bias
        if i == layer:
            target = pre
        A = activate(network.activations[i - 1], pre) if i < network.depth else pre
    return Problem(params, X, labels(network, rng, N, C), 0.0), target
