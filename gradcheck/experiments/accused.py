"""The function under examination: called on copies, counted, and repaired."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads
from gradcheck.asking import ask_all
from gradcheck.problem import Network, Problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave.

    Attributes
    ----------
    loss : float
        NaN where there was none.
    grads : dict of ndarray
        As returned, in float64; empty if the call failed.
    error : str
        Type and text of what it raised, or empty.
    changed : tuple of str
        Arguments that it changed in place: ``"X"``, ``"y"``, names of parameters.
    """

    loss: float = np.nan
    grads: Grads = field(default_factory=dict)
    error: str = ""
    changed: tuple[str, ...] = ()


Repair = Callable[[Grads, Problem], Grads]
"""Undoes a mistake of the call, so that the rest can still be measured."""


class Accused:
    """A ``loss_and_grads`` with everything around it that an experiment needs.

    Parameters
    ----------
    function : callable
        ``loss_and_grads(params, X, y, reg) -> (loss, grads)``.
    factory : callable or None
        Makes a fresh one, without memory.

    Attributes
    ----------
    calls : int
        Of the function, so far.
    fickle : str
        What it raised at a point where it ran when it was asked again.
    mode : str
        How to get round what it remembers: ``"plain"``, ``"difference"`` of two calls,
        the answer of the ``"second"`` call, a ``"fresh"`` function for each, or
        ``"seeded"``.
    adding : frozenset of str
        Parameters whose gradient is added up from call to call.
    steady_loss : bool
        Whether the loss is right at every call.
    """

    def __init__(
        self, function: LossAndGrads, factory: Callable[[], LossAndGrads] | None = None
    ) -> None:
        self.function, self.factory = function, factory
        self.calls = 0
        self.fickle = ""
        self.mode = "plain"
        self.adding: frozenset[str] = frozenset()
        self.steady_loss = True
        self.repairs: list[Repair] = []
        self._ran, self._patience = False, 8
        self._seen: dict[int, tuple[Problem, Answer]] = {}

    def forget(self) -> None:
        """Drop remembered answers: the mode or the repairs have changed."""
        self._seen.clear()

    def at(self, problem: Problem) -> Answer:
        """Return the answer at a point, repaired; asked once and remembered."""
        self.gather((problem,))
        return self._seen[id(problem)][1]

    def loss(self, problem: Problem) -> float:
        """Return the loss alone: one call, wherever no memory reaches it."""
        if id(problem) in self._seen or self.mode not in ("difference", "second"):
            return self.at(problem).loss
        return self.raw(problem).loss if self.steady_loss else self.at(problem).loss

    def gather(self, problems: Iterable[Problem]) -> None:
        """Ask at many points; those of the same shapes in one row.

        What a function adds up, or is one call behind with, then costs one more call
        a row and not one more a point.
        """
        rows: dict[object, list[Problem]] = {}
        for problem in problems:
            if id(problem) not in self._seen:
                shapes = _shapes(problem) if self.mode != "plain" else None
                rows.setdefault(shapes, []).append(problem)
        for row in rows.values():
            unique = list({id(problem): problem for problem in row}.values())
            for problem, answer in zip(unique, self._row(unique), strict=True):
                self._seen[id(problem)] = problem, self._repaired(answer, problem)

    def _repaired(self, answer: Answer, problem: Problem) -> Answer:
        for repair in self.repairs:
            if not answer.error:
                answer = replace(answer, grads=repair(answer.grads, problem))
        return answer

    def _row(self, row: list[Problem]) -> list[Answer]:
        """Ask at points, one after the other; see `gather` for their shapes."""
        if self.mode == "plain" and len(row) > 1:
            return self._several(row)
        if self.mode == "difference":
            answers = [self.raw(row[0]), *(self.raw(problem) for problem in row)]
            return [self._added(*pair) for pair in pairwise(answers)]
        if self.mode == "second":
            answers = [self.raw(problem) for problem in (*row, row[-1])]
            return [self._late(*pair) for pair in pairwise(answers)]
        return [self.ask(problem) for problem in row]

    def _added(self, before: Answer, after: Answer) -> Answer:
        """Return what one call added to the gradients that are added up."""
        grads = {
            k: g - before.grads[k]
            if k in self.adding and np.shape(before.grads.get(k, 0.0)) == g.shape
            else g
            for k, g in after.grads.items()
        }
        return replace(after, grads=grads)

    def _late(self, own: Answer, next_: Answer) -> Answer:
        """Return the answer that the next call gives."""
        loss = own.loss if self.steady_loss else next_.loss
        return Answer(loss, next_.grads, own.error or next_.error, own.changed)

    def ask(self, problem: Problem) -> Answer:
        """Ask once, of a fresh function or with fixed random numbers in those modes."""
        if self.mode == "fresh" and self.factory is not None:
            return self.raw(problem, self.factory())
        if self.mode == "seeded":
            np.random.seed(0)  # noqa: NPY002 the accused uses the global generator
        return self.raw(problem)

    def raw(self, problem: Problem, function: LossAndGrads | None = None) -> Answer:
        """Call once, on copies, whatever happens; again where it ran before.

        An exception is an answer, unless the same call runs the next time.
        """
        return self._patient(self._call([problem], function)[0], problem, function)

    def _several(self, row: list[Problem]) -> list[Answer]:
        """Call at several points in one go, as `raw` does at one."""
        return [
            self._patient(answer, problem, None)
            for answer, problem in zip(self._call(row, None), row, strict=True)
        ]

    def _patient(
        self, answer: Answer, problem: Problem, function: LossAndGrads | None
    ) -> Answer:
        if answer.error and self._ran and self._patience:
            self._patience -= 1
            again = self._call([problem], function)[0]
            if not again.error:
                self.fickle = answer.error
                return again
        self._ran = self._ran or not answer.error
        return answer

    def _call(
        self, problems: list[Problem], function: LossAndGrads | None
    ) -> list[Answer]:
        self.calls += len(problems)
        copies = [
            Problem(
                {k: np.array(v, dtype=float) for k, v in problem.params.items()},
                np.array(problem.X, dtype=float), np.array(problem.y), problem.reg,
            )
            for problem in problems
        ]  # fmt: skip
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            returned = ask_all(function or self.function, copies)
            return [
                _read(answer, problem, copy)
                for answer, problem, copy in zip(
                    returned, problems, copies, strict=True
                )
            ]


def _read(returned: Any, problem: Problem, copy: Problem) -> Answer:
    """Read what a call returned, or raised, at a copy of a problem."""
    try:
        if isinstance(returned, BaseException):
            raise returned
        loss, grads = returned
        grads = {str(k): _numbers(g) for k, g in dict(grads).items()}
        loss = float(np.real(np.asarray(loss).reshape(-1)[0]))
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # an answer too, sys.exit included
        text = " ".join(str(error).split())[:200]
        return Answer(error=f"{type(error).__name__}: {text}".rstrip(": "))
    return Answer(loss, grads, "", _changed(problem, copy))


def _shapes(problem: Problem) -> object:
    parts = [(k, np.shape(v)) for k, v in problem.params.items()]
    return np.shape(problem.X), tuple(parts)


def _numbers(g: Any) -> Array:
    array = np.asarray(g)
    if array.dtype == object or array.dtype.kind not in "fiub":
        array = array.astype(float)
    return np.array(array, dtype=float)


def _changed(problem: Problem, copy: Problem) -> tuple[str, ...]:
    names = [k for k, v in copy.params.items() if not _same(v, problem.params[k])]
    names += [] if _same(copy.X, problem.X) else ["X"]
    names += [] if _same(copy.y, problem.y) else ["y"]
    return tuple(names)


def _same(a: Array, b: Array) -> bool:
    if a.shape == np.shape(b) and (a == b).all():  # nearly always
        return True
    return bool(
        np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True)
    )


def proper(grads: Mapping[str, Array], problem: Problem, network: Network) -> bool:
    """Whether there is a finite gradient of the right shape for every parameter."""
    return all(
        name in grads
        and np.shape(grads[name]) == np.shape(problem.params[name])
        and bool(np.isfinite(grads[name]).all())
        for name in (*network.weights, *network.bias_names)
    )
