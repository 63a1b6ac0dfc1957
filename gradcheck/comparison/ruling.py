"""From probes to rulings: what is right, what is wrong, what needs another look."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite, nan

import numpy as np

from gradcheck.comparison.scene import Scene, move, round_honestly, survey
from gradcheck.comparison.weighing import (
    MATTERS,
    Finding,
    State,
    bound_error,
    least_seen,
    weigh,
)
from gradcheck.numeric.directions import Seeded, project
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

_SHARP = 1e-7  # share of the norm above which the path test sharpens the ladder
_MOVES = 3
_GLARING = 10  # tolerances that a residual must exceed to need no second opinion
_GUILTY = 3  # directions in which segments must show the same error


def rule(scene: Scene) -> Plan[dict[str, Finding]]:
    """Judge every parameter; where a kink is in the way, at a point nearby."""
    names = [name for name, x in scene.params.items() if x.size]
    finite = [name for name in names if np.isfinite(scene.grads[name]).all()]
    findings = {name: Finding("wrong", scene, Block(name, 0.0, ())) for name in names}
    findings |= yield from _rule_here(scene, finite)
    for attempt in range(_MOVES):
        troubled = any(f.state in ("kink", "doubtful") for f in findings.values())
        open_ones = [
            name
            for name, f in findings.items()
            if (f.cramped and not attempt)
            or (not f.settled and (troubled or (f.block.size > 0 and not attempt)))
        ]
        if not open_ones:
            break
        elsewhere = yield from move(scene, attempt)
        if not isfinite(elsewhere.origin):
            continue
        again = yield from _rule_here(elsewhere, open_ones)
        findings |= {
            name: f for name, f in again.items() if f.clearer_than(findings[name])
        }
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
            guilty = yield from _hear(scene, suspicious)
            state: State = "wrong" if guilty else "doubtful"
            return replace(weigh(scene, block), state=state)
    if any(probe.slope.status == "kink" for probe in block.probes):
        return Finding("kink", scene, block)
    finding = weigh(scene, block)
    if finding.cramped:
        return finding
    if block.size > 0 and finding.detectable > 4 * _SHARP * block.size:
        finding = yield from _sharpen(scene, finding)
    return finding


def _hear(scene: Scene, suspicious: Sequence[Probe]) -> Plan[bool]:
    """Hear the second opinion on probes that speak against a gradient, worst last."""
    worst = suspicious[-1]
    confirmed = yield from contradicts(
        scene.params,
        worst.direction,
        scene.gradient,
        scene.noise,
        worst.rounding,
        worst.residual,
    )
    if confirmed is None:  # the path cannot tell: only a glaring error counts
        glaring = [probe for probe in suspicious if _excess(probe) > _GLARING]
        return len(glaring) >= _GUILTY
    if confirmed:
        return True
    again = scene.gradient(scene.params)  # right elsewhere: was it asked for here?
    value, _ = project(worst.direction, scene.params, again)
    return abs(value - worst.analytic) > worst.tolerance


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


def _sharpen(scene: Scene, finding: Finding) -> Plan[Finding]:
    """Test along segments where the loss is too noisy, or too kinked, for steps."""
    block, ceiling = finding.block, finding.detectable / 4
    if scene.grad_eps <= 1e-12:
        block = _widest(block, round_honestly(scene, [block])[0])
    probes = list(block.probes)
    walks = yield from _walk_all(scene, probes, ceiling)
    bound = bound_error(
        scene, block.name, probes, [allowance(tried) for tried in walks]
    )
    if MATTERS < bound / block.size < inf:
        more = _unmeasured(scene, block)
        probes += more
        walks += yield from _walk_all(scene, more, ceiling)
        bound = bound_error(
            scene, block.name, probes, [allowance(tried) for tried in walks]
        )
    if bound < finding.bound:
        taus = [allowance(tried) for tried in walks]
        seen = least_seen(scene, block.name, probes, taus)
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
