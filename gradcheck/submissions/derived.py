"""Refuses a right gradient that nobody derived, or that is right now and then."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from gradcheck import networks
from gradcheck._typing import Array, Grads, Params
from gradcheck.problem import Network, Problem
from gradcheck.reading import UnusableError
from gradcheck.report import Outcome, Report, Verdict
from gradcheck.submissions import numerical, problems
from gradcheck.submissions.session import Session

_NEARLY = 0.01
_REPEATS = 6
_ROUNDING = 1e-12


class Answers(Protocol):
    """A unit of a submission as a callable, and where it runs."""

    session: Session
    unit: int
    seed: int
    rename: dict[str, str]

    def __call__(
        self, params: Params, X: Array, y: Array, reg: float
    ) -> tuple[float, Grads]:
        """Ask for the loss and the gradient at one point."""


def look(
    report: Report,
    answers: Answers,
    network: str | Network,
    sizes: Mapping[str, Any],
    seed: int,
) -> Report:
    """Add to a report of a gradient that is right, or nearly, where it came from.

    Parameters
    ----------
    report : Report
        Of the unit. One that is far off came from no difference of losses.
    answers : callable
        The unit.
    network : str or Network
        The reference that it follows.
    sizes : mapping
        Sizes that the unit insists on; see `networks.draw_problem`.
    seed : int
        Of the points.

    Returns
    -------
    Report
        The same, or one whose verdict is `wrong` and says what betrayed it.
    """
    errors = [p.max_rel_error or 0.0 for p in report.parameters.values()]
    if report.verdict is Verdict.BROKEN or max(errors, default=0.0) > _NEARLY:
        return report
    reference = networks.get(network) if isinstance(network, str) else network
    rng = np.random.default_rng(seed + 5)

    def draw(**more: Any) -> Problem:
        return networks.draw_problem(reference, rng, **{**sizes, **more})

    def scaled() -> tuple[Problem, Problem, Problem]:
        layers = reference.depth - 1
        small, wide = ({"D": D, "hidden": (H,) * layers} for D, H in ((6, 6), (18, 12)))
        return draw(N=6, **small), draw(N=6, **wide), draw(N=24, **small)

    free = not sizes
    try:
        outcome = numerical.look(
            answers,
            draw(),
            count=partial(_count, answers),
            clock=answers.session.cpu_seconds if free else None,
            network=reference if free else None,
            scaled=scaled if free else None,
        )
    except (UnusableError, problems.FailedCallError):
        return report  # it does not stand these points; the check was done at others
    if outcome.ok and report.verdict is Verdict.CORRECT:
        outcome = steady(answers, (draw(), draw()))
    if outcome.ok:
        return report
    return replace(
        report,
        verdict=Verdict.WRONG,
        message=f"{outcome.id}: {outcome.detail}",
        hygiene=(*report.hygiene, outcome),
    )


def _count(answers: Answers, problem: Problem) -> Sequence[Sequence[Any]]:
    """Ask once more at a point, and return which losses the file evaluated for it."""
    params = {
        answers.rename.get(name, name): np.asarray(array)
        for name, array in problem.params.items()
    }
    session = answers.session
    session.loss_and_grads(
        answers.unit, params, problem.X, problem.y, problem.reg,
        seed=answers.seed, count=True,
    )  # fmt: skip
    return numerical.evaluations(session.notes())


def steady(answers: Answers, points: tuple[Problem, Problem]) -> Outcome:
    """Ask at two points again and again, in an order that nobody can foresee.

    Parameters
    ----------
    answers : callable
        The unit.
    points : tuple of two Problem
        Away from kinks.

    Returns
    -------
    Outcome
        Id ``"unsteady"``; fatal where the gradients of one point differ by more than
        rounding.
    """
    first = numerical.gradients_at(answers, points)
    order = [secrets.randbelow(2) for _ in range(_REPEATS)]
    asked = numerical.gradients_at(answers, [points[which] for which in order])
    for number, (which, again) in enumerate(zip(order, asked, strict=True), start=1):
        for name, gradient in first[which].items():
            difference = np.max(np.abs(again[name] - gradient), initial=0.0)
            if not difference <= _ROUNDING * np.max(np.abs(gradient), initial=0.0):
                return Outcome(
                    "unsteady",
                    False,
                    f"asked again and again at two points, the gradient of {name} was "
                    f"another by {difference:.2g} at question {number}: it depends on "
                    "something else than the parameters and the data",
                )
    return Outcome("unsteady", True, "the same point has the same gradient")
