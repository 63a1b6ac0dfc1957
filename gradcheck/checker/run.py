"""A network under examination, called at one problem and at others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck._typing import Array, Params
from gradcheck.asking import ask_all
from gradcheck.checker.assemble import with_entries
from gradcheck.checker.scenarios import Scenario, apart, differences
from gradcheck.comparison import Examination, examine
from gradcheck.guard import GradientOf, Guarded, copied
from gradcheck.hygiene import Inspection, inspect
from gradcheck.problem import Network, Problem
from gradcheck.reading import UnusableError
from gradcheck.structure import name_leaves

Measured = tuple[str, Examination, tuple[str, ...]]

_HARMLESS = (
    *("single-precision", "integer-arithmetic"),
    *("global-random-state", "loss-differs-alone"),
)
"""Rules whose breach says nothing of a memory."""

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
        many = getattr(self.function, "many", None)
        pairs = many and (
            lambda points: many([Problem(p, X.copy(), y.copy(), reg) for p in points])
        )
        _, structure = name_leaves(problem.params)
        return Guarded(pair, problem.params, structure, batch=batch, pairs=pairs)

    def inspect(self) -> Inspection:
        """Look at its hygiene at the first problem."""
        return inspect(
            self.guarded,
            self.problem.params,
            watched={"X": self.problem.X, "y": self.problem.y},
            snapshot=lambda: self.handed,
        )

    def measure(
        self,
        inspection: Inspection,
        matched: Network | None,
        points: tuple[Scenario, ...],
        *,
        seed: int,
        rtol_required: float | None,
        entries: bool,
    ) -> Measured:
        """Measure by its own loss, here and elsewhere, how right the gradient is.

        Returns
        -------
        where : str
            Where it is wrong, if it is right at the first problem.
        examination : Examination
        smoothed : tuple of str
            Parameters that only a small constant in the loss makes wrong.
        """
        first = self.examine(inspection, seed=seed, rtol_required=rtol_required)
        where, examination = self.elsewhere(first, matched, points[1:], seed=seed)
        if entries and not where:
            examination = self.with_entries(examination, inspection)
        return where, examination, self.smoothed(examination, matched, points)

    def examine(
        self, inspection: Inspection, *, seed: int, rtol_required: float | None
    ) -> Examination:
        """Measure the derivative of its loss at the first problem."""
        return examine(
            self.guarded.evaluate,
            GradientOf(self.guarded),
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
        problems = (self._again(), *(scenario.problem for scenario in others))
        answers = self.pairs_at(problems) if matched else []
        for number, problem in enumerate(problems):
            if matched and not apart(answers[number], matched, problem):
                continue
            guarded = self.at(problem)
            try:
                _, grads = guarded.pair(problem.params)
            except UnusableError:
                continue
            found = examine(
                guarded.evaluate, GradientOf(guarded), problem.params, grads, seed=seed
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

    def pairs_at(self, problems: Sequence[Problem]) -> list[Any]:
        """Call the function at several points; a pair for each, or what was raised."""
        many = getattr(self.function, "many", None)
        if many is None or self.guarded.seeded:
            return ask_all(self.pair_at, problems)
        self.guarded.gradient_calls += len(problems)
        copies = [
            Problem(copied(p.params), p.X.copy(), p.y.copy(), p.reg) for p in problems
        ]
        answers = list(many(copies))
        return [
            self._read(answer, p) for answer, p in zip(answers, problems, strict=True)
        ]

    def _read(self, answer: Any, problem: Problem) -> Any:
        try:
            if isinstance(answer, BaseException):
                raise answer
            return self.at(problem).read(answer)
        except UnusableError as error:
            return error

    def only_at(self, regs: tuple[float, ...]) -> "OnlyAt":
        """Return `pair_at`, refusing other penalties where only one can be had."""
        return OnlyAt(self, regs)

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


def is_steady(inspection: Inspection) -> bool:
    """Whether nothing speaks for a memory: an answer depends on its question alone."""
    return all(rule.ok or rule.id in _HARMLESS for rule in inspection.rules)


@dataclass(frozen=True, slots=True)
class OnlyAt:
    """A run as a function, refusing penalties other than the only one, if it is one."""

    run: Run
    regs: tuple[float, ...]

    def __call__(self, params: Params, X: Array, y: Array, reg: float) -> Any:
        """Call it at one point."""
        self._refuse(reg)
        return self.run.pair_at(params, X, y, reg)

    def many(self, problems: Sequence[Problem]) -> list[Any]:
        """Call it at several points; see `gradcheck.asking`."""
        found: dict[int, Any] = {}
        allowed = []
        for number, problem in enumerate(problems):
            try:
                self._refuse(problem.reg)
            except UnusableError as error:
                found[number] = error
            else:
                allowed.append(number)
        answers = self.run.pairs_at([problems[number] for number in allowed])
        found |= dict(zip(allowed, answers, strict=True))
        return [found[number] for number in range(len(problems))]

    def _refuse(self, reg: float) -> None:
        if len(self.regs) == 1 and reg != self.regs[0]:
            raise UnusableError("fixed-penalty", f"reg is fixed at {self.regs[0]:g}")
