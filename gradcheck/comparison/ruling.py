"""From probes to rulings: what is right, what is wrong, what needs another look.

Evaluations are spent where the verdict is open. Every parameter gets one direction in
full; where that shows a kink, the look is taken at a point nearby; where it accuses, a
second direction and the segments decide; where the loss is too noisy for small steps,
segments serve in place of half the directions; and beside a parameter known to be
wrong, three are enough for the others.
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from math import isfinite

import numpy as np

from gradcheck.comparison.hearing import (
    excess,
    hear,
    second_direction,
    sharpen_block,
    suspicious,
    widest,
)
from gradcheck.comparison.scene import Scene, extend, move, round_honestly, survey
from gradcheck.comparison.weighing import MATTERS, Finding, State, weigh
from gradcheck.numeric.plans import Plan, gather
from gradcheck.numeric.probes import DIRECTIONS, Block

_SHARP = 1e-7  # share of the norm above which the path test sharpens the ladder
_MOVES = 3
_CRAMPED = 3  # directions next to a kink, before the look is taken elsewhere
_HALF = DIRECTIONS // 2
_BESIDE = 3  # directions beside a parameter known to be wrong
_DEAR = 1_000_000  # parameters, from which on segments are for open questions only
_SPELT = 90  # entries of noisy parameters that are looked at by themselves


def rule(scene: Scene) -> Plan[dict[str, Finding]]:
    """Judge every parameter; where a kink is in the way, at a point nearby."""
    names = [name for name, x in scene.params.items() if x.size]
    finite = [name for name in names if np.isfinite(scene.grads[name]).all()]
    findings = {name: Finding("wrong", scene, Block(name, 0.0, ())) for name in names}
    findings |= yield from _rule_here(scene, finite, len(finite) < len(names))
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
        decided = any(f.state == "wrong" for f in findings.values())
        again = yield from _rule_here(elsewhere, open_ones, decided)
        findings |= {
            name: f for name, f in again.items() if f.clearer_than(findings[name])
        }
    cramped = [f for f in findings.values() if f.cramped and not f.settled]
    whole = yield from gather(_complete(finding) for finding in cramped)
    return findings | {finding.block.name: finding for finding in whole}


def _rule_here(
    scene: Scene, names: Iterable[str], decided: bool
) -> Plan[dict[str, Finding]]:
    """Judge parameters at one point, as far as it goes there."""
    leads = yield from survey(scene, names, 1)
    accused = [block for block in leads if suspicious(block)]
    found = yield from _condemn(scene, accused)
    decided = decided or any(f.state == "wrong" for f in found.values())
    rest = [block for block in leads if block.name not in found]
    spelt = set() if decided else _spell_out(scene, rest)
    groups: dict[int, list[Block]] = {}
    for block in rest:
        count = 2 if block.name in spelt else _directions(scene, block, decided)
        groups.setdefault(count, []).append(block)
    for count, blocks in groups.items():
        found |= yield from _settle_all(scene, blocks, count, spelt)
    whole = yield from gather(_complete(f) for f in found.values() if _is_open(f))
    found |= {finding.block.name: finding for finding in whole}
    return {name: found[name] for name in names}


def _is_open(finding: Finding) -> bool:
    """Whether more directions at the same point could settle a finding."""
    if finding.state != "right" or finding.settled or finding.cramped:
        return False
    return (
        weigh(finding.scene, finding.block).bound <= 10 * MATTERS * finding.block.size
    )


def _spell_out(scene: Scene, blocks: Iterable[Block]) -> set[str]:
    """Choose parameters to go through entry by entry: noisy ones, small ones first."""
    left, chosen = _SPELT, set()
    noisy = [block for block in blocks if _is_noisy(scene, block)]
    for block in sorted(noisy, key=lambda b: scene.params[b.name].size):
        left -= scene.params[block.name].size
        if left >= 0:
            chosen.add(block.name)
    return chosen


def _is_noisy(scene: Scene, block: Block) -> bool:
    """Whether the loss is too noisy for steps, more so than the gradient is rounded."""
    if _is_dear(scene):
        return False
    lead = block.probes[0]
    floor = max(_SHARP * block.size, lead.rounding)
    return lead.slope.status == "measured" and lead.slope.error > floor > 0


def _directions(scene: Scene, block: Block, decided: bool) -> int:
    """Say how many directions a parameter is worth, going by its first."""
    lead = block.probes[0]
    if lead.slope.status == "kink":
        return 1
    if Finding("right", scene, block).cramped:
        return _CRAMPED
    if decided:
        return _BESIDE
    return _HALF if _is_noisy(scene, block) else DIRECTIONS


def _is_dear(scene: Scene) -> bool:
    """Whether there are so many parameters that a gradient elsewhere is dear."""
    return sum(x.size for x in scene.params.values()) >= _DEAR


def _condemn(scene: Scene, accused: Iterable[Block]) -> Plan[dict[str, Finding]]:
    """Condemn what a second direction and the segments accuse as well."""
    blocks = yield from extend(scene, accused, 2)
    twice = [block for block in _round(scene, blocks) if len(suspicious(block)) > 1]
    found = yield from gather(_judge(scene, block) for block in twice)
    return {f.block.name: f for f in found if f.state == "wrong"}


def _settle_all(
    scene: Scene, blocks: Iterable[Block], count: int, spelt: Container[str] = ()
) -> Plan[dict[str, Finding]]:
    """Probe parameters along `count` directions, and settle what they come to."""
    blocks = yield from extend(scene, blocks, count)
    single = scene.grad_eps > 1e-12
    honest = _round(scene, [b for b in blocks if single or suspicious(b)])
    rounded = {block.name: block for block in honest}
    found = yield from gather(
        _settle(scene, rounded.get(block.name, block), block.name in spelt)
        for block in blocks
    )
    return {finding.block.name: finding for finding in found}


def _round(scene: Scene, blocks: list[Block]) -> list[Block]:
    """Allow for the rounding of ``g . v`` as it is measured, if not assumed larger."""
    if not blocks:
        return []
    honest = round_honestly(scene, blocks)
    if scene.grad_eps > 1e-12:
        return honest
    return [widest(block, other) for block, other in zip(blocks, honest, strict=True)]


def _complete(finding: Finding) -> Plan[Finding]:
    """Probe along the directions that were left out."""
    (block,) = yield from extend(finding.scene, [finding.block])
    if len(block.probes) == len(finding.block.probes):
        return finding
    if suspicious(block):
        return (yield from _settle(finding.scene, block))
    again = weigh(finding.scene, block)
    return again if again.bound < finding.bound else replace(finding, block=block)


def _settle(scene: Scene, block: Block, spelt: bool = False) -> Plan[Finding]:
    """Confirm what looks wrong, sharpen what looks right."""
    if suspicious(block):
        block = yield from second_direction(scene, block)
        if len(suspicious(block)) > 1:
            return (yield from _judge(scene, block))
    if any(probe.slope.status == "kink" for probe in block.probes):
        return Finding("kink", scene, block)
    finding = weigh(scene, block)
    if finding.cramped:
        return finding
    if finding.settled and _is_dear(scene):
        return finding
    if block.size > 0 and finding.detectable > 4 * _SHARP * block.size:
        finding = yield from sharpen_block(scene, finding, spelt)
    return finding


def _judge(scene: Scene, block: Block) -> Plan[Finding]:
    """Ask the segments about a parameter that two directions accuse."""
    guilty = yield from hear(scene, sorted(suspicious(block), key=excess))
    state: State = "wrong" if guilty else "doubtful"
    return replace(weigh(scene, block), state=state)
