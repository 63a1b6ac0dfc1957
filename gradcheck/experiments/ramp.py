"""A gradient computed by differences: near a kink it is a ramp, not a step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradcheck._typing import Array
from gradcheck.experiments.accused import Accused, proper
from gradcheck.experiments.points import Sizes
from gradcheck.experiments.sweep import place
from gradcheck.faults import Pass, Specification


def read_ramp(
    accused: Accused, spec: Specification, rng: np.random.Generator, sizes: Sizes
) -> tuple[str, float] | None:
    """Find finite differences by what they do to the first ReLU layer near 0.

    Backpropagation steps there; a central difference of step h gives ``1/2 + z/(2h)``
    for ``|z| < h``, a forward one ``1 + z/h`` for ``-h < z < 0``.

    Returns
    -------
    tuple or None
        ``""`` or ``"forward"``, and the step; None for a plain step.
    """
    network = spec.network
    alone = sizes.N is None or 1 in sizes.N
    if "relu" not in network.activations[:1] or not network.biases or not alone:
        return None
    near = np.geomspace(1e-8, 1e-2, 20)
    wanted = np.concatenate([-near, near])
    problem, Z = place(network, rng, replace(sizes, N=(1,)), 1, wanted)
    grads = accused.at(problem).grads
    if not proper(grads, problem, network):
        return None
    right = Pass(spec, problem)
    with np.errstate(all="ignore"):
        delta = np.reshape(
            grads[right.biases[1]] - right.penalised(right.biases[1]), -1
        )
        carried = right.scaled(right.top())
        for i in range(right.depth - 1, 0, -1):
            carried = right.down(i, carried, right.weight(i + 1, carried))
        mask = delta / right.above[1][0]
    return _fit(Z[0], mask)


def _fit(z: Array, mask: Array) -> tuple[str, float] | None:
    """Fit a straight ramp through the units that are partly on."""
    partly = np.isfinite(mask) & (mask > 0.02) & (mask < 0.98)
    if partly.sum() < 3:
        return None
    slope, at_zero = np.polyfit(z[partly], mask[partly], 1)
    missed = np.abs(at_zero + slope * z[partly] - mask[partly]).max()
    if missed > 0.02 or slope < 100.0:  # a step so wide would be an activation
        return None
    for kind, level, width in (("", 0.5, 0.5), ("forward", 1.0, 1.0)):
        if abs(at_zero - level) < 0.02:
            return kind, float(width / slope)
    return None
