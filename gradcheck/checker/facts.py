"""How a wrong gradient differs from the derivative, where no mistake can be named."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.checker.diagnosing import finding_of
from gradcheck.diagnosis import diagnose_fixed
from gradcheck.entries import MOST, measure_entries
from gradcheck.guard import Guarded
from gradcheck.reading import UnusableError
from gradcheck.report import Finding, Report, Verdict

_POINTS = 2
_FACTOR = re.compile(r"([-+]?[\d.]+(?:e[-+]?\d+)?) x")
_Facts = tuple[Params, Params, Params, Mapping[str, Array]]


def with_facts(
    report: Report,
    guarded: Guarded,
    params: Params,
    grads: Grads,
    *,
    seed: int,
    known: Mapping[str, float],
) -> Report:
    """Add what least squares over the measured entries say of the wrong parameters.

    A factor, a multiple of the parameter, a transpose: at the point of the check and at
    two more, with common coefficients. Nothing is measured of more than 400 entries.

    Parameters
    ----------
    report : Report
        Of the check; returned as it is unless it is wrong and nothing has a name.
    guarded : Guarded
        The function.
    params, grads : mapping of str to ndarray
        The point of the check, and the submitted gradient there.
    seed : int
        Of the further points.
    known : mapping of str to float
        Numbers with a name: a factor that is one of them, or its inverse, is told so.
    """
    wrong = [k for k, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    size = sum(params[name].size for name in wrong)
    if not wrong or size > MOST or any(finding.id for finding in report.findings):
        return report
    rng = np.random.default_rng(seed)
    points = [_measure(guarded, params, grads, wrong)]
    try:
        for _ in range(_POINTS):
            moved = {
                name: p * rng.uniform(0.8, 1.2, np.shape(p))
                for name, p in params.items()
            }
            points.append(_measure(guarded, moved, guarded.pair(moved)[1], wrong))
    except UnusableError:  # not defined there: the first point has to do
        pass
    found = diagnose_fixed(*points[0], more=points[1:])
    findings = [_recognised(finding_of(each), known) for each in found.findings]
    return replace(
        report,
        findings=(*report.findings, *findings),
        cost=replace(
            report.cost,
            loss_evaluations=guarded.loss_calls,
            gradient_evaluations=guarded.gradient_calls,
        ),
    )


def _measure(
    guarded: Guarded, params: Params, grads: Grads, names: list[str]
) -> _Facts:
    """Measure every entry of some parameters; the others stay where they are."""

    def evaluate(points: object) -> Array:
        return guarded.evaluate({**params, **point} for point in points)  # type: ignore[attr-defined]

    chosen = {name: params[name] for name in names}
    entries = measure_entries(evaluate, chosen, grads)
    shaped = {
        part: {
            name: np.reshape(found[part], params[name].shape)
            for name, found in entries.items()
        }
        for part in ("analytic", "numeric", "error")
    }
    return chosen, shaped["analytic"], shaped["numeric"], shaped["error"]


def _recognised(finding: Finding, known: Mapping[str, float]) -> Finding:
    """Say so where a factor is a number with a name, or its inverse."""
    measured = _FACTOR.fullmatch(finding.measured)
    if measured is None:  # "1 times x" is a gradient of x that is x
        return finding
    factor = float(measured[1])
    for name, value in known.items():
        for number, text in ((value, name), (1.0 / value, f"1/{name}")):
            if value != 1.0 and abs(factor - number) <= 1e-5 * number:
                statement = (
                    f"{finding.statement}; that is {text}, for {name} = {value:g}"
                )
                return replace(finding, statement=statement)
    return finding
