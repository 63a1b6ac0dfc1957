"""Probes: a gradient against measured slopes, along several directions a parameter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

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

_BESIDE_AXES = 3  # random directions, where every entry has its own
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


class Terrain(Protocol):
    """A point, the gradient there, and how exactly the loss is known around it."""

    @property
    def params(self) -> Params:
        """The point."""
        ...

    @property
    def grads(self) -> Params:
        """The gradient under examination there."""
        ...

    @property
    def scale(self) -> Scale:
        """Of the parameters."""
        ...

    @property
    def origin(self) -> float:
        """The loss at the point."""
        ...

    @property
    def noise(self) -> Noise:
        """Of the loss."""
        ...

    @property
    def grad_eps(self) -> float:
        """Relative rounding error of an entry of the gradient."""
        ...


def choose_directions(
    name: str, params: Params, scale: Scale, seed: Sequence[int], count: int
) -> list[Direction]:
    """Choose the directions of one parameter, `count` of them at most.

    A parameter with fewer entries than that is measured entry by entry, after at most
    three random directions.
    """
    x = params[name]
    axes: list[Direction] = []
    if x.size < count:
        axes = [Axis(name, index, scale) for index in np.ndindex(x.shape)]
    rest = min(count - len(axes), _BESIDE_AXES) if axes else count
    return [
        *(Seeded((name,), scale, (*seed, place)) for place in range(rest)),
        *axes,
    ]


def open_block(terrain: Terrain, name: str) -> Block:
    """Return a parameter's gradient without a probe."""
    size = scaled_norm(terrain.scale, terrain.params, terrain.grads, name)
    return Block(name, size if np.isfinite(size) else 0.0, ())


def probe_more(
    terrain: Terrain, block: Block, directions: Sequence[Direction]
) -> Plan[Block]:
    """Measure a parameter along more directions.

    The first ladder of a parameter is climbed in full; the others take the three steps
    around the one it was read on, and climb where those do not agree.
    """
    if not directions:
        return block
    cap = CAP * min(terrain.scale.reach[block.name], _REACH)
    if not block.probes:
        params, origin, noise = terrain.params, terrain.origin, terrain.noise
        lead = yield from climb(
            params, directions[0], origin, noise, block.size, cap=cap
        )
        block = _joined(terrain, block, directions[:1], [lead])
        directions = directions[1:]
    lead = block.probes[0].slope
    slopes = yield from gather(
        _follow(terrain, direction, block.size, cap, lead) for direction in directions
    )
    return _joined(terrain, block, directions, slopes)


def _follow(
    terrain: Terrain, direction: Direction, size: float, cap: float, lead: Slope
) -> Plan[Slope]:
    """Climb where the ladder of the first direction was read, or in full."""
    near = lead.status == "measured"
    return climb(
        terrain.params,
        direction,
        terrain.origin,
        terrain.noise,
        size,
        start=lead.step / RATIO if near else None,
        rungs=3 if near else 5,
        grow=not near,
        cap=cap,
    )


def _joined(
    terrain: Terrain,
    block: Block,
    directions: Sequence[Direction],
    slopes: Sequence[Slope],
) -> Block:
    """Return a block with the slopes measured along more directions."""
    probes = list(block.probes)
    for direction, slope in zip(directions, slopes, strict=True):
        analytic, magnitude = project(direction, terrain.params, terrain.grads)
        rounding = 4 * terrain.grad_eps * magnitude
        probes.append(Probe(direction, analytic, rounding, slope))
    return replace(block, probes=tuple(probes))
