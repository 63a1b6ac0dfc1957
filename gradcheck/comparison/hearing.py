"""Second opinions: what segments say where steps accuse, or cannot see enough."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, nan

import numpy as np

from gradcheck.comparison.scene import Scene, round_honestly
from gradcheck.comparison.weighing import MATTERS, Finding, bound_error, least_seen
from gradcheck.numeric.directions import Axis, Direction, Seeded, project
from gradcheck.numeric.ladder import Slope, climb
from gradcheck.numeric.path import Segment, contradicts
from gradcheck.numeric.patterns import Measured
from gradcheck.numeric.plans import Plan, gather
from gradcheck.numeric.probes import DIRECTIONS, Block, Probe
from gradcheck.numeric.segments import (
    ALONE,
    LENGTHS,
    accusing,
    allowance,
    confirm,
    is_steady,
    sharpen,
)

_SIDES = {"both": 0, "forward": 1, "backward": -1}
_TINY = np.finfo(float).tiny
_GLARING = 10  # tolerances that a residual must exceed to need no second opinion
_GUILTY = 3  # directions in which segments must show the same error


def widest(block: Block, other: Block) -> Block:
    """Return `block` with the larger rounding errors of the two."""
    pairs = zip(block.probes, other.probes, strict=True)
    return replace(
        block,
        probes=tuple(p if p.rounding > q.rounding else q for p, q in pairs),
    )


def hear(scene: Scene, accusers: Sequence[Probe]) -> Plan[bool]:
    """Hear the second opinion on probes that speak against a gradient, worst last."""
    worst = accusers[-1]
    confirmed = yield from contradicts(
        scene.params,
        worst.direction,
        scene.gradient,
        scene.noise,
        worst.rounding,
        worst.residual,
        side=_SIDES[worst.slope.sides],
    )
    if confirmed is None:  # the path cannot tell: only a glaring error counts
        glaring = [probe for probe in accusers if excess(probe) > _GLARING]
        return len(glaring) >= _GUILTY
    if confirmed:
        return True
    again = scene.gradient(scene.params)  # right elsewhere: was it asked for here?
    value, _ = project(worst.direction, scene.params, again)
    return abs(value - worst.analytic) > worst.tolerance


def suspicious(block: Block) -> list[Probe]:
    """Return the probes that a right gradient could not explain."""
    return [probe for probe in block.probes if probe.suspicious]


def excess(probe: Probe) -> float:
    """Return how many tolerances the gradient is off along a direction."""
    return abs(probe.residual) / max(probe.tolerance, _TINY)


def second_direction(scene: Scene, block: Block) -> Plan[Block]:
    """Look along two fresh directions if only one speaks against the gradient."""
    if len(suspicious(block)) > 1:
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


def sharpen_block(
    scene: Scene, finding: Finding, exhaustive: bool = False
) -> Plan[Finding]:
    """Test along segments where the loss is too noisy, or too kinked, for steps.

    Parameters
    ----------
    exhaustive : bool, default=False
        Whether to go along every entry by itself, where kinks are further apart than
        along a direction that moves them all.
    """
    block, ceiling = finding.block, finding.detectable / 4
    probes = _entries(scene, block) if exhaustive else _made_up(scene, block)
    if scene.grad_eps <= 1e-12 or exhaustive:
        block = replace(block, probes=tuple(probes))
        probes = list(widest(block, round_honestly(scene, [block])[0]).probes)
    walk_along = _walk_apart if exhaustive else _walk_all
    walks = yield from walk_along(scene, probes, ceiling)
    finding = _certified(finding, probes, walks)
    if MATTERS < finding.rel_bound < inf and not exhaustive:
        probes += _unmeasured(scene, finding.block, DIRECTIONS, 10)
        walks += yield from _walk_all(scene, probes[len(walks) :], ceiling)
        finding = _certified(finding, probes, walks)
    wrong = yield from _convict(scene, probes, walks)
    if not wrong:
        return finding
    entries = tuple(sorted(_measured(scene, wrong), key=lambda e: -e.excess))
    return replace(finding, state="wrong", path=True, entries=entries)


def _certified(
    finding: Finding, probes: Sequence[Probe], walks: Sequence[Sequence[Segment]]
) -> Finding:
    """Take the bound that segments prove, where it is the smaller one."""
    scene, name = finding.scene, finding.block.name
    taus = [allowance(tried) for tried in walks]
    bound = bound_error(scene, name, probes, taus)
    if not bound < finding.bound:
        return finding
    seen = min(least_seen(scene, name, probes, taus), finding.detectable)
    return replace(finding, bound=bound, detectable=seen, path=True)


def _convict(
    scene: Scene, probes: Sequence[Probe], walks: Sequence[Sequence[Segment]]
) -> Plan[list[tuple[Probe, Segment]]]:
    """Return what shows an error that is none of the quadrature's, if it is enough.

    Three directions that leave the same residual over two lengths, or one that does
    over four.
    """
    guilty = []
    for probe, tried in zip(probes, walks, strict=True):
        if is_steady(scene.params, probe.direction, scene.gradient, tried):
            guilty.append((probe, tried))
    if len(guilty) < _GUILTY:
        sure = yield from gather(
            confirm(
                scene.params,
                probe.direction,
                scene.gradient,
                scene.noise,
                probe.rounding,
                tried,
            )
            for probe, tried in guilty
        )
        if not any(sure):
            return []
    return [(probe, accusing(tried)[0]) for probe, tried in guilty]


def _measured(
    scene: Scene, guilty: Sequence[tuple[Probe, Segment]]
) -> Iterator[Measured]:
    """Yield the entries that are wrong by themselves, as segments measured them."""
    for probe, segment in guilty:
        if isinstance(probe.direction, Axis):
            name, index = probe.direction.name, probe.direction.index
            unit = scene.scale.entry(scene.params, name, index)
            analytic = float(scene.grads[name][index])
            numeric = analytic - segment.residual / unit
            yield Measured(index, analytic, numeric, segment.tolerance / unit)


def _walk_all(
    scene: Scene, probes: Sequence[Probe], ceiling: float
) -> Plan[list[tuple[Segment, ...]]]:
    """Walk along every probe, the later ones from where the first one got clear."""
    first = yield from _walk(scene, probes[0], ceiling, LENGTHS)
    told = bool(first) and (first[-1].agrees or bool(accusing(first)))
    lengths = LENGTHS[max(0, len(first) - 2) :] if told else LENGTHS
    rest = yield from gather(
        _walk(scene, probe, ceiling, lengths) for probe in probes[1:]
    )
    return [first, *rest]


def _walk_apart(
    scene: Scene, probes: Sequence[Probe], ceiling: float
) -> Plan[list[tuple[Segment, ...]]]:
    """Walk along every entry by itself."""
    return (
        yield from gather(_walk(scene, p, ceiling, ALONE, LENGTHS[:1]) for p in probes)
    )


def _walk(
    scene: Scene,
    probe: Probe,
    ceiling: float,
    lengths: Sequence[float],
    longer: Sequence[float] = (),
) -> Plan[tuple[Segment, ...]]:
    return sharpen(
        scene.params,
        probe.direction,
        scene.gradient,
        scene.noise,
        probe.rounding,
        probe.analytic,
        ceiling,
        lengths,
        longer,
    )


def _made_up(scene: Scene, block: Block) -> list[Probe]:
    """Return the probes of a block, made up to the full number."""
    missing = DIRECTIONS - len(block.probes)
    return [*block.probes, *_unmeasured(scene, block, missing)]


def _unmeasured(scene: Scene, block: Block, count: int, first: int = 0) -> list[Probe]:
    """Return fresh directions for the path test alone."""
    return [
        _blind(
            scene, Seeded((block.name,), scene.scale, (*scene.seed, 4, place)), block
        )
        for place in range(first, first + count)
    ]


def _entries(scene: Scene, block: Block) -> list[Probe]:
    """Return one direction and every entry, these for the path test alone."""
    shape = scene.params[block.name].shape
    axes = [Axis(block.name, index, scene.scale) for index in np.ndindex(shape)]
    return [block.probes[0], *(_blind(scene, axis, None) for axis in axes)]


def _blind(scene: Scene, direction: Direction, block: Block | None) -> Probe:
    """Return a probe without a slope, its rounding that of the others of a block."""
    analytic, magnitude = project(direction, scene.params, scene.grads)
    rounding = 4 * scene.grad_eps * magnitude
    if block is not None:
        rounding = max(probe.rounding for probe in block.probes)
    return Probe(direction, analytic, rounding, Slope(nan, inf, nan, "blind"))
