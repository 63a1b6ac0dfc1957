"""From probes to rulings: what is right, what is wrong, what needs another look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan, sqrt
from typing import Literal, TypeAlias

from gradcheck.comparison.scene import Scene, move, round_honestly, survey
from gradcheck.numeric.certificate import certify
from gradcheck.numeric.directions import Axis, Seeded, project
from gradcheck.numeric.ladder import Slope, climb
from gradcheck.numeric.path import (
    Segment,
    allowance,
    contradicts,
    is_steady,
    sharpen,
)
from gradcheck.numeric.plans import Plan, gather
from gradcheck.numeric.probes import DIRECTIONS, Block, Probe

MATTERS = 1e-2
"""A gradient is right when it is certified to within this share of its norm."""

_SHARP = 1e-7  # share of the norm above which the path test sharpens the ladder
_MOVES = 3
_GUILTY = 3  # directions in which segments must show the same error

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
    """

    state: State
    scene: Scene
    block: Block
    bound: float = inf
    detectable: float = inf
    path: bool = False

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


def rule(scene: Scene) -> Plan[dict[str, Finding]]:
    """Judge every parameter; where a kink is in the way, at a point nearby."""
    findings = yield from _rule_here(scene, list(scene.params))
    for attempt in range(_MOVES):
        troubled = any(f.state in ("kink", "doubtful") for f in findings.values())
        open_ones = [
            name
            for name, f in findings.items()
            if not f.settled and (troubled or (f.block.size > 0 and not attempt))
        ]
        if not open_ones:
            break
        elsewhere = yield from move(scene, attempt)
        if not isfinite(elsewhere.origin):
            continue
        again = yield from _rule_here(elsewhere, open_ones)
        findings |= {name: f for name, f in again.items() if f.settled}
    return findings


def _rule_here(scene: Scene, names: list[str]) -> Plan[dict[str, Finding]]:
    blocks = yield from survey(scene, names)
    if scene.grad_eps > 1e-12:
        blocks = round_honestly(scene, blocks)
    suspects = [block for block in blocks if any(p.suspicious for p in block.probes)]
    if suspects and scene.grad_eps <= 1e-12:
        checked = {block.name: block for block in round_honestly(scene, suspects)}
        blocks = [_widest(block, checked.get(block.name)) for block in blocks]
    found = yield from gather(_settle(scene, block) for block in blocks)
    return {finding.block.name: finding for finding in found}


def _widest(block: Block, other: Block | None) -> Block:
    """Return `block` with the larger rounding errors of the two."""
    if other is None:
        return block
    pairs = zip(block.probes, other.probes, strict=True)
    return replace(
        block,
        probes=tuple(p if p.rounding > q.rounding else q for p, q in pairs),
    )


def _settle(scene: Scene, block: Block) -> Plan[Finding]:
    """Confirm what looks wrong, sharpen what looks right."""
    if any(probe.suspicious for probe in block.probes):
        block = yield from _second_direction(scene, block)
        suspicious = sorted(_suspicious(block), key=_excess)
        if len(suspicious) > 1:
            worst = suspicious[-1]
            confirmed = yield from contradicts(
                scene.params,
                worst.direction,
                scene.gradient,
                scene.noise,
                worst.rounding,
                worst.residual,
            )
            state: State = "wrong" if confirmed else "doubtful"
            return replace(_weigh(scene, block), state=state)
    if any(probe.slope.status == "kink" for probe in block.probes):
        return Finding("kink", scene, block)
    finding = _weigh(scene, block)
    if block.size > 0 and finding.detectable > 4 * _SHARP * block.size:
        finding = yield from _sharpen(scene, finding)
    return finding


def _suspicious(block: Block) -> list[Probe]:
    return [probe for probe in block.probes if probe.suspicious]


def _excess(probe: Probe) -> float:
    return abs(probe.residual) / probe.tolerance


def _second_direction(scene: Scene, block: Block) -> Plan[Block]:
    """Look along two fresh directions if only one speaks against the gradient."""
    if len(_suspicious(block)) > 1:
        return block
    fresh = [
        Seeded((block.name,), scene.scale, (*scene.seed, 3, place)) for place in (0, 1)
    ]
    slopes = yield from gather(
        climb(scene.params, direction, scene.origin, scene.noise, block.size)
        for direction in fresh
    )
    probes = []
    for direction, slope in zip(fresh, slopes, strict=True):
        analytic, magnitude = project(direction, scene.params, scene.grads)
        probes.append(Probe(direction, analytic, 4 * scene.grad_eps * magnitude, slope))
    return replace(block, probes=(*block.probes, *probes))


def _weigh(scene: Scene, block: Block) -> Finding:
    """Certify what the measured directions allow."""
    measured = [p for p in block.probes if p.slope.status == "measured"]
    if len(measured) < len(block.probes) / 2:
        return Finding("blind", scene, block)
    bound = _bound(
        scene,
        block.name,
        measured,
        [abs(p.residual) + p.tolerance for p in measured],
    )
    detectable = _detectable(
        scene, block.name, measured, [p.tolerance for p in measured]
    )
    return Finding("right", scene, block, bound, detectable)


def _bound(
    scene: Scene, name: str, probes: Sequence[Probe], taus: Sequence[float]
) -> float:
    """Bound the norm of the scaled error from what each direction allows."""
    places = [k for k, p in enumerate(probes) if isinstance(p.direction, Axis)]
    bound, random = inf, len(probes) - len(places)
    if random:
        bound = certify(max(taus), random, scene.delta)
    if len(places) == scene.params[name].size:  # every entry by itself
        bound = min(bound, sqrt(sum(taus[k] ** 2 for k in places)))
    return bound


def _detectable(
    scene: Scene, name: str, probes: Sequence[Probe], widths: Sequence[float]
) -> float:
    """Return the least error of an entry that two directions cannot have missed.

    A random direction weighs every entry by 1/2 at least; an entry's own by 1.
    """
    pairs = list(zip(probes, widths, strict=True))
    random = sorted(w for p, w in pairs if isinstance(p.direction, Seeded))
    axes = [w for p, w in pairs if isinstance(p.direction, Axis)]
    seen = 4 * random[1] if len(random) > 1 else inf
    if random and len(axes) == scene.params[name].size:
        seen = min(seen, max(4 * random[0], 2 * max(axes)))
    return seen


def _sharpen(scene: Scene, finding: Finding) -> Plan[Finding]:
    """Test along segments where the loss is too noisy, or too kinked, for steps."""
    block, ceiling = finding.block, finding.detectable / 4
    if scene.grad_eps <= 1e-12:
        block = _widest(block, round_honestly(scene, [block])[0])
    probes = list(block.probes)
    walks = yield from _walk_all(scene, probes, ceiling)
    bound = _bound(scene, block.name, probes, [allowance(tried) for tried in walks])
    if MATTERS < bound / block.size < inf:
        more = _unmeasured(scene, block)
        probes += more
        walks += yield from _walk_all(scene, more, ceiling)
        bound = _bound(scene, block.name, probes, [allowance(tried) for tried in walks])
    if bound < finding.bound:
        taus = [allowance(tried) for tried in walks]
        seen = _detectable(scene, block.name, probes, taus)
        seen = min(seen, finding.detectable)
        finding = replace(finding, bound=bound, detectable=seen, path=True)
    guilty = yield from _enough_guilty(scene, probes, walks)
    return replace(finding, state="wrong", path=True) if guilty else finding


def _enough_guilty(
    scene: Scene, probes: Sequence[Probe], walks: Sequence[Sequence[Segment]]
) -> Plan[bool]:
    """Whether enough directions show an error that is none of the quadrature's."""
    guilty = 0
    for probe, tried in zip(probes, walks, strict=True):
        if len(tried) > 1:
            guilty += yield from is_steady(
                scene.params,
                probe.direction,
                scene.gradient,
                scene.noise,
                probe.rounding,
                tried,
            )
        if guilty == _GUILTY:
            return True
    return False


def _walk_all(
    scene: Scene, probes: Sequence[Probe], ceiling: float
) -> Plan[list[tuple[Segment, ...]]]:
    return (
        yield from gather(
            sharpen(
                scene.params,
                probe.direction,
                scene.gradient,
                scene.noise,
                probe.rounding,
                probe.analytic,
                ceiling,
            )
            for probe in probes
        )
    )


def _unmeasured(scene: Scene, block: Block) -> list[Probe]:
    """Return fresh directions for the path test alone."""
    blind = Slope(nan, inf, nan, "blind")
    fresh = []
    for place in range(DIRECTIONS):
        direction = Seeded((block.name,), scene.scale, (*scene.seed, 4, place))
        analytic, _ = project(direction, scene.params, scene.grads)
        rounding = max(probe.rounding for probe in block.probes)
        fresh.append(Probe(direction, analytic, rounding, blind))
    return fresh


__all__ = ["MATTERS", "Finding", "rule"]
