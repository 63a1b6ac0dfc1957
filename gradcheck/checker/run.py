"""A network under examination, called at one problem and at others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradcheck._typing import Array, LossAndGrads, Params
from gradcheck.checker.assemble import with_entries
from gradcheck.checker.scenarios import Scenario, differences, differing
from gradcheck.comparison import Examination, examine
from gradcheck.guard import Guarded
from gradcheck.hygiene import Inspection, inspect
from gradcheck.problem import Network, Problem
from gradcheck.reading import UnusableError
from gradcheck.structure import name_leaves

SMOOTHED = 1e-2
"""Largest relative error that a small constant in a logarithm is blamed for."""


@dataclass(slots=True, init=False)
class Run:
    """The function under examination, at one problem and at others."""

    function: Callable[..., Any]
    problem: Problem
    guarded: Guarded
    handed: dict[str, Array]

    def __init__(self, function: Callable[..., Any], problem: Problem) -> None:
        self.function, self.problem = function, problem
        self.handed = {}
        self.guarded = self.at(problem)

    def at(self, problem: Problem) -> Guarded:
        """Guard the function at the data of a problem."""
        X, y, reg = problem.X, problem.y, problem.reg

        def pair(params: Params) -> Any:
            self.handed = {"X": X.copy(), "y": y.copy()}
            return self.function(params, self.handed["X"], self.handed["y"], reg)

        losses = getattr(self.function, "losses", None)
        batch = losses and (lambda points: losses(points, X.copy(), y.copy(), reg))
        _, structure = name_leaves(problem.params)
        return Guarded(pair, problem.params, structure, batch=batch)

    def inspect(self) -> Inspection:
        """Look at its hygiene at the first problem."""
        return inspect(
            self.guarded,
            self.problem.params,
            watched={"X": self.problem.X, "y": self.problem.y},
            snapshot=lambda: self.handed,
        )

    def examine(
        self, inspection: Inspection, *, seed: int, rtol_required: float | None
    ) -> Examination:
        """Measure the derivative of its loss at the first problem."""
        return examine(
            self.guarded.evaluate,
            self.guarded.gradient,
            self.problem.params,
            inspection.grads,
            seed=seed,
            rtol_required=rtol_required,
            dtype=inspection.precision,
        )

    def with_entries(
        self, examination: Examination, inspection: Inspection
    ) -> Examination:
        """Add the derivative at every entry of the first problem to the curves."""
        return with_entries(
            examination, self.guarded, self.problem.params, inspection.grads
        )

    def elsewhere(
        self,
        examination: Examination,
        matched: Network | None,
        others: tuple[Scenario, ...],
        *,
        seed: int,
    ) -> tuple[str, Examination]:
        """Look at other batch sizes and penalties, where the first point is right."""
        if examination.verdict != "correct":
            return "", examination
        for problem in (self._again(), *(scenario.problem for scenario in others)):
            if matched and not differing(self.pair_at, matched, problem):
                continue
            guarded = self.at(problem)
            try:
                _, grads = guarded.pair(problem.params)
            except UnusableError:
                continue
            found = examine(
                guarded.evaluate, guarded.gradient, problem.params, grads, seed=seed
            )
            self.guarded.loss_calls += guarded.loss_calls
            self.guarded.gradient_calls += guarded.gradient_calls
            if found.verdict == "wrong":
                N = problem.X.shape[0]
                if self.problem.X.shape[0] == N and problem.reg == self.problem.reg:
                    return "right at the first point, wrong at the next", found
                text = f"right at N = {self.problem.X.shape[0]}, reg = "
                text += f"{self.problem.reg:g}; wrong at N = {N}, reg = {problem.reg:g}"
                return text, found
        return "", examination

    def _again(self) -> Problem:
        """Return another point of the same sizes, where what was kept is wrong."""
        first = self.problem
        params = {name: -0.9 * p for name, p in first.params.items()}
        return Problem(params, first.X[::-1].copy(), first.y[::-1].copy(), first.reg)

    def smoothed(
        self,
        examination: Examination,
        matched: Network | None,
        points: tuple[Scenario, ...],
    ) -> tuple[str, ...]:
        """Name the parameters that only a small constant in the loss makes wrong.

        The loss is then the specified one to six digits, and their gradient exactly
        that of the specified loss: ``-log(p + 1e-8)`` beside ``p - t``.
        """
        if examination.verdict != "wrong" or matched is None:
            return ()
        nearly = {
            name
            for name, found in examination.parameters.items()
            if found.verdict == "wrong" and (found.max_rel_error or 1.0) <= SMOOTHED
        }
        if not nearly or not self._almost(matched, points):
            return ()
        looks = [
            differences(self.pair_at, matched, point.problem, rtol=1e-11)
            for point in points
        ]
        seen = [look for look in looks if look is not None]
        nearly -= {name for look in seen for name in look}
        return tuple(sorted(nearly)) if seen else ()

    def _almost(self, network: Network, points: tuple[Scenario, ...]) -> bool:
        """Whether the loss is another than the network's, at any of the points."""
        for problem in (point.problem for point in points):
            own = self.loss_at(problem)
            there = network.loss(problem.params, problem.X, problem.y, problem.reg)
            if abs(own - there) > 1e-12 * abs(there):
                return True
        return False

    def pair_at(self, params: Params, X: Array, y: Array, reg: float) -> Any:
        """Call the function anywhere, with everything it returns read and checked."""
        guarded = self.at(Problem(params, X, y, reg))
        guarded.seeded = self.guarded.seeded
        try:
            return guarded.pair(params)
        finally:
            self.guarded.gradient_calls += guarded.gradient_calls

    def only_at(self, regs: tuple[float, ...]) -> LossAndGrads:
        """Return `pair_at`, refusing other penalties where only one can be had."""

        def pair(params: Params, X: Array, y: Array, reg: float) -> Any:
            if len(regs) == 1 and reg != regs[0]:
                raise UnusableError("fixed-penalty", f"reg is fixed at {regs[0]:g}")
            return self.pair_at(params, X, y, reg)

        return pair

    def loss_at(self, problem: Problem) -> float:
        """Return the loss at a problem, NaN where it does not run."""
        guarded = self.at(problem)
        guarded.seeded = self.guarded.seeded
        try:
            return guarded.loss(problem.params)
        except UnusableError:
            return float("nan")
        finally:
            self.guarded.loss_calls += guarded.loss_calls
