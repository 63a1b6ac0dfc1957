"""From what was measured to a verdict and a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gradcheck._typing import Grads, Params
from gradcheck.comparison import Examination
from gradcheck.entries import measure_entries
from gradcheck.guard import Guarded
from gradcheck.hygiene import Inspection, Rule
from gradcheck.reading import UnusableError
from gradcheck.report import (
    Bound,
    Cost,
    Finding,
    Outcome,
    ParameterReport,
    Report,
    Verdict,
    Worst,
)


def broken(
    problem: UnusableError,
    guarded: Guarded,
    *,
    seed: int,
    rules: Iterable[Any] = (),
) -> Report:
    """Report that there was nothing to check, and why."""
    return Report(
        Verdict.BROKEN,
        message=str(problem),
        seed=seed,
        hygiene=(*outcomes(rules), Outcome(problem.id, False, str(problem))),
        parameters={
            name: ParameterReport(Verdict.BROKEN, shape)
            for name, shape in guarded.shapes.items()
        },
        cost=cost(guarded, 0.0),
    )


def assemble(
    inspection: Inspection,
    examination: Examination,
    guarded: Guarded,
    *,
    seed: int,
    seconds: float,
    findings: Sequence[Finding] = (),
) -> Report:
    """Put verdict, parameters and rules together.

    Broken rules of hygiene that make a gradient wrong become findings of their own;
    a mismatch that may be mere randomness is called inconclusive.
    """
    verdict, message = Verdict(examination.verdict), examination.message
    if verdict is not Verdict.CORRECT and not inspection.repeatable:
        verdict = Verdict.INCONCLUSIVE
        message = _rule(inspection, "nondeterministic").detail
    fatal = [rule for rule in inspection.rules if rule.fatal and not rule.ok]
    if fatal and verdict is not Verdict.WRONG:
        verdict, message = Verdict.WRONG, f"{fatal[0].id}: {fatal[0].detail}"
    named = {finding.id for finding in findings}
    hygienic = [
        Finding(rule.id, tuple(guarded.shapes), statement=rule.detail, verified=True)
        for rule in fatal
        if rule.id not in named
    ]
    return Report(
        verdict,
        message=message,
        seed=seed,
        parameters=parameters(examination),
        findings=(*hygienic, *findings),
        hygiene=outcomes(inspection.rules),
        cost=cost(guarded, seconds),
        curves=examination.curves,
    )


def _rule(inspection: Inspection, id: str) -> Any:
    return next(rule for rule in inspection.rules if rule.id == id)


def parameters(examination: Examination) -> Mapping[str, ParameterReport]:
    """Copy what was measured of each parameter into the report's record."""
    return {
        name: ParameterReport(
            Verdict(found.verdict),
            tuple(found.shape),
            max_rel_error=found.max_rel_error,
            worst=None if found.worst is None else _worst(found.worst),
            bound=None
            if found.bound is None
            else Bound(found.bound.rel_error, found.bound.probability),
            detectable=found.detectable,
            pattern=found.pattern,
            detail=found.detail,
        )
        for name, found in examination.parameters.items()
    }


def _worst(worst: Any) -> Worst:
    return Worst(tuple(worst.index), worst.analytic, worst.numeric, worst.error)


def excused(examination: Examination, names: Sequence[str]) -> Examination:
    """Call some parameters right, keeping what was measured of them."""
    parameters = {
        name: replace(found, verdict="correct", pattern="", bound=None)
        if name in names
        else found
        for name, found in examination.parameters.items()
    }
    if any(found.verdict != "correct" for found in parameters.values()):
        return replace(examination, parameters=parameters)
    return replace(examination, verdict="correct", message="", parameters=parameters)


SMALL_CONSTANT = Rule(
    "log-clipped",
    False,
    "the gradient is exactly that of the specified loss, and the loss is almost that "
    "loss, as with a small constant inside its logarithm",
    fatal=False,
)
"""Said where nothing else is wrong."""


def outcomes(rules: Iterable[Any]) -> tuple[Outcome, ...]:
    """Copy rules or laws into the report's record."""
    return tuple(
        Outcome(rule.id, rule.ok, rule.detail, getattr(rule, "fatal", True))
        for rule in rules
    )


def cost(guarded: Guarded, seconds: float) -> Cost:
    """Count what a check asked of the function."""
    return Cost(guarded.loss_calls, guarded.gradient_calls, round(seconds, 6))


def with_entries(
    examination: Examination, guarded: Guarded, params: Params, grads: Grads
) -> Examination:
    """Add the derivative at every entry to the curves, for the heat map."""
    curves = {name: dict(curve) for name, curve in examination.curves.items()}
    for name, entries in measure_entries(guarded.evaluate, params, grads).items():
        curves.setdefault(name, {})["entries"] = entries
    return replace(examination, curves=curves)
