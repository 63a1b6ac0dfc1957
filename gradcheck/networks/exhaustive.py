"""The numerical gradient of every entry of a reference net, all at once.

Moving one weight changes what one hidden unit receives, by the step times the weight's
input. The loss then changes along a line: for a unit below the scores that takes N*C
operations and no forward pass. The change is computed as such and never as a difference
of two losses (``log1p`` and ``expm1`` see to that), so that nothing cancels, the step
can be far smaller than the square root of the machine epsilon, and one side is enough:
what is left is an error of about `step`, relative.

Nothing here knows a derivative, see `gradcheck.networks.changes`; that makes it a check
of the analytic gradient.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.networks.changes import CostChange, activation_change, cost_change
from gradcheck.networks.conventions import penalty_gradient, rows_point, share
from gradcheck.networks.layers import ACTIVATIONS
from gradcheck.problem import Network, Problem

_CACHE = 2**22  # bytes; larger work arrays leave a core's cache and are slower


def exhaustive_gradient(
    network: Network,
    problem: Problem,
    *,
    step: float = 2.0**-36,
    memory: float = 64e6,
    threads: int | None = None,
) -> Grads:
    """Differentiate the loss of a reference network by every entry, numerically.

    Parameters
    ----------
    network : Network
        A reference with a cost of `gradcheck.networks.layers`. Below the last hidden
        layer of a deep net the change is carried up through the layers above, which
        takes more operations an entry.
    problem : Problem
        The point.
    step : float, default=2**-36
        Largest change of a score, absolute; about the relative error of the result.
        Negative to approach from the other side, which matters at a kink alone.
    memory : float, default=64e6
        Bytes of work arrays at most, beside the activations of one forward pass.
    threads : int, optional
        One for each core by default, four at most.

    Returns
    -------
    dict of str to ndarray
        The gradient, with the keys and shapes of the parameters.

    Examples
    --------
    >>> from gradcheck import networks
    >>> network = networks.get("softmax")
    >>> problem = networks.draw_problem(network, np.random.default_rng(0))
    >>> numeric = exhaustive_gradient(network, problem)
    >>> _, grads = network.loss_and_grads(
    ...     problem.params, problem.X, problem.y, problem.reg
    ... )
    >>> bool(np.abs(numeric["W1"] - grads["W1"]).max() < 1e-9)
    True
    """
    threads = threads or min(4, os.cpu_count() or 1)
    rows, point = rows_point(network, problem)
    layers, cost = _pass_forward(rows, point)
    size = _Size(step, min(memory / threads, _CACHE))
    grads = penalty_gradient(point.params, point.reg, rows.penalty)
    factor = share(point.X.shape[0], rows.reduction)
    with ThreadPoolExecutor(threads) as pool:
        for i, layer in enumerate(layers):
            slopes_of = partial(_slopes, layers[i:], cost, size)
            columns = list(pool.map(slopes_of, range(layer.pre.shape[1])))
            slopes = factor * np.stack(columns, axis=1)  # (D + 1, H)
            shape = point.params[layer.weight].shape
            grads[layer.weight] = grads[layer.weight] + slopes[:-1].reshape(shape)
            if layer.bias in grads:
                grads[layer.bias] = slopes[-1].reshape(grads[layer.bias].shape)
    if network.layout == "columns":
        return {k: grads[k].T.reshape(p.shape) for k, p in problem.params.items()}
    return grads


class _Size(NamedTuple):
    """How far to move, and how many bytes to use."""

    step: float
    budget: float


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer as the forward pass leaves it."""

    weight: str
    bias: str
    activation: str
    inputs: Array  # (N, D + 1), the last of them 1
    W: Array  # (D, H)
    pre: Array  # (N, H)


def _pass_forward(
    network: Network, problem: Problem
) -> tuple[list[_Layer], CostChange]:
    layers, out = [], problem.X
    chain = (*network.activations, network.output)
    for weight, activation in zip(network.weights, chain, strict=True):
        bias, W = weight.replace("W", "b"), problem.params[weight]
        W = W[:, np.newaxis] if W.ndim == 1 else W
        inputs = np.c_[out, np.ones(len(out))]
        pre = out @ W + problem.params.get(bias, 0.0)
        layers.append(_Layer(weight, bias, activation, inputs, W, pre))
        out, _ = ACTIVATIONS[activation].forward(pre)
    return layers, cost_change(network.cost, out, problem.y)


def _slopes(
    layers: Sequence[_Layer], cost: CostChange, size: _Size, unit: int
) -> Array:
    """Return the slope of the summed loss by every weight of a unit, its bias last."""
    first, above = layers[0], layers[1:]
    line = _line(above, unit, first.W.shape[1])
    reach = size.step / _gain(above, line)
    h = reach / float(np.abs(first.inputs).max())  # the bias's input is 1
    pre = first.pre[:, unit]
    felt = np.arange(len(pre))
    if first.activation == "relu":
        felt = np.flatnonzero(pre > -abs(reach))
    pre, inputs, cost = pre[felt, np.newaxis], first.inputs[felt], cost.rows(felt)
    kinked = first.activation != "relu" or (pre <= abs(reach)).any()
    moving = [layer.pre[felt] for layer in above]
    chunk = max(1, int(size.budget / (8.0 * (len(felt) + 1) * _held(layers, line))))
    if line is not None:
        direction = cost.relative(np.broadcast_to(line, (len(felt), len(line))))
        room = np.empty((len(felt), len(line), min(chunk, inputs.shape[1])))
    slopes = np.empty(inputs.shape[1])
    for start in range(0, inputs.shape[1], chunk):
        change = h * inputs[:, start : start + chunk]  # (n, i)
        if kinked:
            change = activation_change(first.activation, pre, change)
        if line is not None:
            outputs = room[:, :, : change.shape[1]]
            np.multiply(direction[:, :, np.newaxis], change[:, np.newaxis], out=outputs)
        else:
            outputs = cost.relative(_carried(above, moving, unit, change))
        slopes[start : start + chunk] = cost.of(outputs, abs(size.step)).sum(axis=0) / h
    return slopes


def _held(layers: Sequence[_Layer], line: Array | None) -> int:
    """Return how many numbers an example and input are held for at a time, at most."""
    if line is not None:
        return 6 * len(line) + 8
    return 8 * max(int(layer.pre.shape[1]) for layer in layers[1:])


def _line(above: Sequence[_Layer], unit: int, units: int) -> Array | None:
    """Return how the outputs follow a unit, (C,), if they do so in a straight line."""
    if any(layer.activation != "identity" for layer in above):
        return None
    line: Array = np.eye(units)[unit]
    for layer in above:
        line = np.asarray(line @ layer.W)
    return line


def _gain(above: Sequence[_Layer], line: Array | None) -> float:
    """Bound how much faster the outputs move than a unit, 1 at least."""
    if line is not None:
        return max(1.0, 2.0 * float(np.abs(line).max()))
    gain = 1.0
    for layer in above:
        gain *= max(1.0, float(np.abs(layer.W).sum(axis=1).max()))
    return gain


def _carried(
    above: Sequence[_Layer], pres: list[Array], unit: int, change: Array
) -> Array:
    """Carry the change of one unit, (n, i), up to the outputs, (n, C, i)."""
    carried = above[0].W[unit][:, np.newaxis] * change[:, np.newaxis, :]
    for i, (layer, pre) in enumerate(zip(above, pres, strict=True)):
        if i:
            carried = layer.W.T @ carried
        carried = activation_change(layer.activation, pre[:, :, np.newaxis], carried)
    return np.asarray(carried)
