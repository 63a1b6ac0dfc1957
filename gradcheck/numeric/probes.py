"""Probes: a gradient against measured slopes, along several directions a parameter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Params
from gradcheck.numeric.directions import (
    Axis,
    Direction,
    Scale,
    Seeded,
    project,
    scaled_norm,
)
from gradcheck.numeric.ladder import CAP, RATIO, Slope, climb
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.plans import Plan, gather

DIRECTIONS = 8
"""Directions a parameter."""

_REACH = 1e4  # how far beyond its own size a small block may be moved


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One direction: what the gradient says of it, and what the loss says.

    Attributes
    ----------
    direction : Direction
        Where to.
    analytic : float
        ``g . v`` for the gradient under examination.
    rounding : float
        Half-width of the rounding error in `analytic`.
    slope : Slope
        The slope of the loss.
    """

    direction: Direction
    analytic: float
    rounding: float
    slope: Slope

    @property
    def residual(self) -> float:
        """The gradient's slope less the loss's."""
        return self.analytic - self.slope.value

    @property
    def tolerance(self) -> float:
        """Largest residual of a right gradient."""
        return self.slope.error + self.rounding

    @property
    def suspicious(self) -> bool:
        """Whether a right gradient could not leave this residual."""
        return abs(self.residual) > self.tolerance


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One parameter's gradient, and the probes made of it.

    Attributes
    ----------
    name : str
        The parameter.
    size : float
        ``||S g||``: the norm of its gradient for relative changes.
    probes : tuple of Probe
        One a direction.
    """

    name: str
    size: float
    probes: tuple[Probe, ...]


def choose_directions(
    name: str, params: Params, scale: Scale, seed: Sequence[int], count: int
) -> list[Direction]:
    """Choose `count` directions for one parameter.

    A parameter with fewer entries than that is measured entry by entry, and the
    random directions make up the number.
    """
    x = params[name]
    axes: list[Direction] = []
    if x.size < count:
        axes = [Axis(name, index, scale) for index in np.ndindex(x.shape)]
    rest = count - len(axes)
    return [
        *(Seeded((name,), scale, (*seed, place)) for place in range(rest)),
        *axes,
    ]


def probe_block(
    params: Params,
    grads: Params,
    name: str,
    directions: Sequence[Direction],
    scale: Scale,
    origin: float,
    noise: Noise,
    grad_eps: float,
) -> Plan[Block]:
    """Measure one parameter along `directions`.

    The first ladder is climbed in full; the others take the four steps around the one
    it was read on, and climb in full only where those do not agree.
    """
    size = scaled_norm(scale, params, grads, name)
    size = size if np.isfinite(size) else 0.0
    cap = CAP * min(scale.reach[name], _REACH)
    lead = yield from climb(params, directions[0], origin, noise, size, cap=cap)
    if lead.status == "measured":
        start, grow, rungs = lead.step / RATIO**2, False, 4
    else:
        start, grow, rungs = None, True, 5
    rest = yield from gather(
        climb(
            params,
            direction,
            origin,
            noise,
            size,
            start=start,
            rungs=rungs,
            grow=grow,
            cap=cap,
        )
        for direction in directions[1:]
    )
    probes = []
    for direction, slope in zip(directions, [lead, *rest], strict=True):
        analytic, magnitude = project(direction, params, grads)
        probes.append(Probe(direction, analytic, 4 * grad_eps * magnitude, slope))
    return Block(name, size, tuple(probes))
