"""The judgement of a gradient: numbers against numbers and their measured errors."""

from collections.abc import Callable, Mapping
from dataclasses import astuple
from math import isfinite
from typing import Any

import numpy as np

from gradcheck._typing import Array, Evaluate, Grads, Params
from gradcheck.comparison.curves import draw_curves
from gradcheck.comparison.glance import looks_wrong
from gradcheck.comparison.hearing import excess
from gradcheck.comparison.records import (
    Certificate,
    Entry,
    Examination,
    Judgement,
    Ruling,
)
from gradcheck.comparison.ruling import rule
from gradcheck.comparison.scene import CountedGradient, as_gradient, set_scene
from gradcheck.comparison.weighing import MATTERS, Finding
from gradcheck.comparison.words import explain
from gradcheck.numeric.bisection import locate
from gradcheck.numeric.directions import Direction, Seeded
from gradcheck.numeric.parts import Search
from gradcheck.numeric.patterns import Location, name_entries
from gradcheck.numeric.plans import Driver, Plan, gather
from gradcheck.numeric.probes import Block

__all__ = [
    "BUDGET",
    "MATTERS",
    "Certificate",
    "Entry",
    "Examination",
    "Judgement",
    "examine",
    "looks_wrong",
]

BUDGET = 400
"""Losses that an ordinary check makes do with, what it draws included."""


def examine(
    evaluate: Evaluate,
    gradient: Callable[[Params], Grads],
    params: Params,
    grads: Grads,
    *,
    seed: int = 0,
    rtol_required: float | None = None,
    noise: float | None = None,
    delta: float = 1e-6,
    loss_only: bool = True,
    dtype: Any = None,
) -> Examination:
    """Judge whether `grads` is the gradient, at `params`, of what `evaluate` computes.

    Parameters
    ----------
    evaluate : callable
        Takes an iterable of points, returns their losses, shape ``(n,)``.
    gradient : callable
        The gradient under examination at other points.
    params, grads : mapping of str to ndarray
        The point, and the gradient under examination there; same keys and shapes.
    seed : int, default=0
        Of the random directions.
    rtol_required : float, optional
        A relative error above it that could have stayed unseen makes a right-looking
        gradient inconclusive; by default 1e-2.
    noise : float, optional
        Absolute error of the loss, where it is known to be larger than it looks.
    delta : float, default=1e-6
        Probability with which the certified bounds may fail.
    loss_only : bool, default=True
        Whether the loss comes without its gradient; else it is dear, and the curves
        make do with the steps that the judgement took.
    dtype : dtype, optional
        Precision of the loss, where it is not to be measured.

    Returns
    -------
    Examination
        ``"correct"`` only where the gradient is certified to within 1 % of its norm, or
        `rtol_required`; ``"wrong"`` only where two directions and the path test agree.

    Raises
    ------
    GradcheckError
        If `grads` has not the keys and shapes of `params`.
    """
    driver, counted = Driver(evaluate), CountedGradient(gradient)
    origin = {name: np.asarray(x, dtype=np.float64) for name, x in params.items()}
    given = as_gradient(origin, grads)
    scene = driver.run(set_scene(origin, given, counted, seed, delta, noise, dtype))
    if not isfinite(scene.origin):
        return _unable(origin, f"the loss at the point is {scene.origin}", driver)
    findings = driver.run(rule(scene))
    places = driver.run(_find_all(findings))
    judged = {name: _empty(x) for name, x in origin.items()}
    for name, finding in findings.items():
        if name in places:
            judged[name] = _condemn(finding, places[name])
        else:
            judged[name] = _acquit(finding, rtol_required)
    spare = BUDGET - driver.evaluations
    curves = driver.run(draw_curves(findings, loss_only, spare))
    message = next((j.detail for j in judged.values() if j.verdict != "correct"), "")
    return Examination(
        judged,
        _overall(judged.values()),
        message,
        driver.evaluations,
        counted.calls,
        curves,
        scene.noise.level,
    )


def _overall(judgements: Any) -> Ruling:
    found = {judgement.verdict for judgement in judgements}
    order: tuple[Ruling, ...] = ("wrong", "inconclusive", "correct")
    return next((ruling for ruling in order if ruling in found), "inconclusive")


def _unable(params: Params, message: str, driver: Driver) -> Examination:
    if driver.complaint:
        message += f" ({driver.complaint})"
    judged = {
        name: Judgement("inconclusive", x.shape, detail=message)
        for name, x in params.items()
    }
    return Examination(judged, "inconclusive", message, driver.evaluations)


def _empty(x: Array) -> Judgement:
    """Judge a parameter without entries, which cannot be wrong."""
    return Judgement("correct", x.shape, 0.0, bound=Certificate(0.0, 0.0))


def _find_all(findings: Mapping[str, Finding]) -> Plan[dict[str, Location]]:
    """Locate the wrong entries of every wrong parameter, in step."""
    names = [name for name, f in findings.items() if f.state == "wrong"]
    places = yield from gather(locate(to_search(findings[name])) for name in names)
    found = dict(zip(names, places, strict=True))
    for name, place in found.items():
        entries = findings[name].entries
        if entries and not place.wrong:  # too small for steps: segments saw them
            pattern = place.pattern or name_entries([e.index for e in entries])
            found[name] = Location(pattern, entries)
    return found


def to_search(finding: Finding) -> Search:
    """Return what the search for the wrong entries of a parameter starts from."""
    scene, block = finding.scene, finding.block
    steps = [p.slope.step for p in block.probes if p.slope.status == "measured"]
    return Search(
        scene.params,
        block.name,
        scene.grads[block.name],
        scene.scale,
        scene.origin,
        scene.noise,
        scene.grad_eps,
        block.size,
        float(np.median(steps)) if steps else 1e-6,
        scene.seed,
        _clearest(block),
    )


def _clearest(block: Block) -> tuple[Direction, float, float] | None:
    """Return the random direction that shows the error most clearly."""
    clear = [
        probe
        for probe in block.probes
        if probe.suspicious and isinstance(probe.direction, Seeded)
    ]
    if not clear:
        return None
    best = max(clear, key=excess)
    return best.direction, best.residual, best.tolerance


def _relative(finding: Finding) -> tuple[float | None, float | None]:
    """Return the largest relative residual of a direction, and what was detectable."""
    block = finding.block
    if not block.size > 0:
        return None, None
    seen = [abs(p.residual) for p in block.probes if p.slope.status == "measured"]
    detectable = finding.detectable / block.size
    return (
        max(seen) / block.size if seen else None,
        detectable if isfinite(detectable) else None,
    )


def _condemn(finding: Finding, place: Location) -> Judgement:
    """Judge a parameter whose gradient is wrong."""
    largest, detectable = _relative(finding)
    entries = tuple(Entry(*astuple(entry)) for entry in place.wrong)
    worst = entries[0] if entries else None
    return Judgement(
        "wrong",
        finding.scene.params[finding.block.name].shape,
        worst.rel_error if worst else largest,
        worst,
        detectable=detectable,
        pattern=place.pattern,
        detail=explain(finding),
        wrong_entries=entries,
    )


def _acquit(finding: Finding, required: float | None) -> Judgement:
    """Judge a parameter against whose gradient nothing speaks."""
    largest, detectable = _relative(finding)
    rel_bound, detail = finding.rel_bound, explain(finding)
    verdict: Ruling = "correct" if finding.settled else "inconclusive"
    if required is not None and verdict == "correct" and rel_bound > required:
        verdict = "inconclusive"
        detail = (
            f"a relative error of {rel_bound:.1e} could have stayed unseen, but none "
            f"above {required:.1e} may"
        )
    return Judgement(
        verdict,
        finding.scene.params[finding.block.name].shape,
        largest,
        bound=Certificate(rel_bound, finding.scene.delta)
        if isfinite(rel_bound)
        else None,
        detectable=detectable,
        detail=detail,
    )
