"""What may be said of a gradient whose file has no loss: one was supplied for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import networks
from gradcheck._typing import Array, Grads, Params
from gradcheck.numeric.symmetry import Asymmetry, asymmetry
from gradcheck.problem import Network
from gradcheck.reading import UnusableError
from gradcheck.report import Finding, ParameterReport, Report, Verdict

UNKNOWN = (
    "the file has no loss, and no loss that is usual has this gradient: which one is "
    "meant cannot be told; put the loss into the file, or return it with the gradient"
)
NONE = (
    "the gradient is that of no loss at all (the file has none): the derivative of a "
    "gradient is symmetric, and that of this one is not"
)
_UNDECIDED = "not the derivative of the loss that was tried, perhaps not the one meant"
_TOGETHER = "which of the gradients is wrong cannot be told without the loss"

Pair = Callable[[Params, Array, Array, float], tuple[float, Grads]]


def settle(
    report: Report, answers: Pair, network: Network, sizes: Mapping[str, Any], seed: int
) -> Report:
    """Take back what only holds if the loss that was supplied is the one meant.

    A gradient that is wrong for it in part, or by a mistake that is proven, belongs to
    it. One that has nothing in common with it may be the gradient of another loss, if
    it is one at all.

    Parameters
    ----------
    report : Report
        Of a unit without a loss of its own, against the loss supplied.
    answers : callable
        The unit; asked for its gradient up to 24 times more.
    network : Network
        For a point to ask at.
    sizes : mapping
        Sizes that the unit insists on; see `networks.draw_problem`.
    seed : int
        Of the point.
    """
    fatal = any(o.fatal and not o.ok for o in report.hygiene)
    if report.verdict is not Verdict.WRONG or fatal:
        return report
    right = [p.verdict is Verdict.CORRECT for p in report.parameters.values()]
    if right and all(right):  # wrong only where the supplied loss is cut off
        return replace(report, verdict=Verdict.CORRECT, message="", findings=())
    if any(right) or any(f.id and f.verified for f in report.findings):
        return report
    found = _asymmetry(answers, network, sizes, seed)
    if found is None:
        return undecided(report)
    finding = _measured(found, report)
    parameters = {k: _undecided(p, _TOGETHER) for k, p in report.parameters.items()}
    return replace(
        undecided(report), verdict=Verdict.WRONG, message=NONE, findings=(finding,),
        parameters=parameters,
    )  # fmt: skip


def undecided(report: Report) -> Report:
    """Say that the loss that is meant cannot be told, and so not what is wrong."""
    return replace(
        report, verdict=Verdict.INCONCLUSIVE, message=UNKNOWN, findings=(), laws=(),
        loss_verdict="", loss_message="", example="",
        parameters={
            k: _undecided(p, _UNDECIDED) for k, p in report.parameters.items()
        },
    )  # fmt: skip


def _asymmetry(
    answers: Pair, network: Network, sizes: Mapping[str, Any], seed: int
) -> Asymmetry | None:
    rng = np.random.default_rng(seed + 9)
    problem = networks.draw_problem(network, rng, **{**sizes, "reg": 0.0})

    def gradient(params: Params) -> Grads:
        return answers(params, problem.X, problem.y, problem.reg)[1]

    try:
        return asymmetry(gradient, problem.params, rng)
    except UnusableError:
        return None


def _measured(found: Asymmetry, report: Report) -> Finding:
    return Finding(
        "",
        tuple(report.parameters),
        measured=f"{found.there:.6g} there, {found.back:.6g} back",
        expected="the same number",
        statement="moving the parameters along u changes the gradient along v by "
        "another number than the other way round",
    )


def _undecided(p: ParameterReport, detail: str) -> ParameterReport:
    if p.verdict is not Verdict.WRONG:
        return p
    return replace(
        p,
        verdict=Verdict.INCONCLUSIVE,
        worst=None,
        bound=None,
        pattern="",
        detail=detail,
    )
