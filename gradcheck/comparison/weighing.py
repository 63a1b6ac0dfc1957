"""What the probes of a parameter weigh: the bound they prove, the error they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite
from typing import Literal, TypeAlias

from gradcheck.comparison.scene import Scene
from gradcheck.numeric.certificate import certify
from gradcheck.numeric.directions import Axis, Seeded
from gradcheck.numeric.patterns import Measured
from gradcheck.numeric.probes import Block, Probe

MATTERS = 1e-2
"""A gradient is right when it is certified to within this share of its norm."""

_CRAMPED = 0.01  # of the step at which noise and curvature balance

State: TypeAlias = Literal["right", "wrong", "kink", "doubtful", "blind"]


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the probes of one parameter come to.

    Attributes
    ----------
    state : str
        ``"right"``: nothing speaks against it; ``"wrong"``: confirmed; ``"kink"``: the
        loss bends at the point; ``"doubtful"``: ladder and path disagree; ``"blind"``:
        nothing could be measured.
    scene : Scene
        Where.
    block : Block
        The probes.
    bound, detectable : float
        Absolute, in units of ``||S g||``; infinite where unknown.
    path : bool
        Whether the path test gave the bound.
    entries : tuple of Measured
        Wrong entries that the path test found by themselves.
    """

    state: State
    scene: Scene
    block: Block
    bound: float = inf
    detectable: float = inf
    path: bool = False
    entries: tuple[Measured, ...] = ()

    @property
    def rel_bound(self) -> float:
        """The bound as a share of the gradient's norm; infinite if that is 0."""
        return self.bound / self.block.size if self.block.size > 0 else inf

    @property
    def settled(self) -> bool:
        """Whether another point could not make it clearer."""
        return self.state == "wrong" or (
            self.state == "right" and self.rel_bound <= MATTERS
        )

    @property
    def cramped(self) -> bool:
        """Whether kinks close to the point keep the steps far below what noise asks."""
        size, noise = self.block.size, self.scene.noise.level
        if self.scene.moved or self.state != "right" or not size > 0:
            return False
        if any(p.slope.sides != "both" for p in self.block.probes):
            return False  # the edge of a domain, and no kink
        steps = [p.slope.step for p in self.block.probes if isfinite(p.slope.error)]
        best = (noise / size) ** (1 / 3)  # where noise and curvature balance
        return bool(steps) and min(steps) < _CRAMPED * best

    def clearer_than(self, other: "Finding") -> bool:
        """Whether this finding, made elsewhere, says more than `other`."""
        if not self.settled or self.state == "wrong":
            return self.settled
        return not other.settled or self.rel_bound < other.rel_bound


def weigh(scene: Scene, block: Block) -> Finding:
    """Certify what the measured directions allow."""
    measured = [p for p in block.probes if p.slope.status == "measured"]
    if len(measured) < len(block.probes) / 2:
        return Finding("blind", scene, block)
    bound = bound_error(
        scene,
        block.name,
        measured,
        [abs(p.residual) + p.tolerance for p in measured],
    )
    detectable = least_seen(
        scene, block.name, measured, [p.tolerance for p in measured]
    )
    return Finding("right", scene, block, bound, detectable)


def bound_error(
    scene: Scene, name: str, probes: Sequence[Probe], taus: Sequence[float]
) -> float:
    """Bound the norm of the scaled error from what each direction allows."""
    places = [k for k, p in enumerate(probes) if isinstance(p.direction, Axis)]
    bound, random = inf, len(probes) - len(places)
    if random:
        bound = certify(max(taus), random, scene.delta)
    if len(places) == scene.params[name].size:  # every entry by itself
        bound = min(bound, hypot(*(taus[k] for k in places)))
    return bound


def least_seen(
    scene: Scene, name: str, probes: Sequence[Probe], widths: Sequence[float]
) -> float:
    """Return the least error of an entry that two directions cannot have missed.

    A random direction weighs every entry by 1/2 at least; an entry's own by 1.
    """
    pairs = list(zip(probes, widths, strict=True))
    random = sorted(w for p, w in pairs if isinstance(p.direction, Seeded))
    axes = [w for p, w in pairs if isinstance(p.direction, Axis)]
    seen = 4 * random[1] if len(random) > 1 else inf
    if len(axes) == scene.params[name].size:
        alone = [2 * max(axes), *(4 * w for w in random[:1])]
        seen = min(seen, max(alone))
    return seen
