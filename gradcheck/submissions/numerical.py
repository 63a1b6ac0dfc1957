"""Finds gradients that are right and were not derived: computed from losses.

Differences of losses give numbers that pass every comparison. Three things betray
them, none of which an honest gradient, right or wrong, shows:

- *digits*: a gradient is a smooth function of the strength of the penalty. A
  difference of losses of size 1e8 has lost eight digits, and its second difference in
  the strength is noise. No clock is needed;
- *evaluations*: a function of the file returns the loss, or almost, as often as there
  are parameters. Counted in the child, so a hint; an honest file cannot give it;
- *cost*: each parameter costs an evaluation, so that the cost grows with the parameters
  and not with the examples. By the processor's clock, not by the wall's.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck._typing import Grads, LossAndGrads
from gradcheck.asking import ask_all
from gradcheck.problem import Network, Problem
from gradcheck.report import Outcome

ID = "numerical-gradient"
HUGE = 1e8
"""Strength of the penalty at which a difference of losses has no digits left."""

_STEP = 2.0**-12
_DIGITS = 1e-5
_ROUNDING = 1e3 * float(np.finfo(np.float64).eps)
_SINGLE = 5e-9
_FEW = 8
_GROWTH = 0.6
_EVALUATION = 0.5
_OVERHEAD = 5e-4


def look(
    answers: LossAndGrads,
    problem: Problem,
    *,
    count: Callable[[Problem], Sequence[Sequence[Any]]] | None = None,
    clock: Callable[[], float | None] | None = None,
    network: Network | None = None,
    scaled: Callable[[], tuple[Problem, Problem, Problem]] | None = None,
) -> Outcome:
    """Say whether a gradient was computed from losses.

    Parameters
    ----------
    answers : callable
        The submission: ``(params, X, y, reg) -> (loss, grads)``.
    problem : Problem
        A point away from kinks.
    count : callable, optional
        Counts, for one gradient, how often each function of the file returned the
        loss: rows of name, line and count; see `Session.evaluations`.
    clock : callable, optional
        Seconds of the processor that the submission has used; None if unknown.
    network : Network, optional
        The reference, for the cost of one evaluation.
    scaled : callable, optional
        Draws three problems: one, one with four times its parameters, and one with
        four times its examples.

    Returns
    -------
    Outcome
        Id ``"numerical-gradient"``, fatal where it is not ``ok``.
    """
    started = time.perf_counter()
    name = lost_digits(answers, problem)
    each = (time.perf_counter() - started) / 5
    if name is not None:
        return _found(
            f"at a penalty of {HUGE:g} the gradient of {name} is noise, as only a "
            "difference of losses is"
        )
    entries = sum(np.size(array) for array in problem.params.values())
    rows = count(problem) if count is not None else ()
    for function, line, times in rows:
        if times >= max(_FEW, _smallest(problem)):
            return _found(
                f"{function} (line {line}) gave the loss {times} times for one "
                f"gradient of {entries} entries"
            )
    if clock is not None and scaled is not None and network is not None:
        if each < _OVERHEAD:
            return _clean()
        evaluation = _EVALUATION * _reference_seconds(network, problem)
        if each < _OVERHEAD + evaluation * entries:
            return _clean()
        growth = cost_law(answers, scaled(), clock, network)
        if growth is not None and growth > _GROWTH:
            return _found(
                f"its cost grows with the parameters (exponent {growth:.2f} more than "
                "with the examples), one evaluation of the loss for each"
            )
    return _clean()


def lost_digits(answers: LossAndGrads, problem: Problem) -> str | None:
    """Name a parameter whose gradient is noise where the penalty is huge.

    A penalty enters every gradient that is computed from a formula linearly or at least
    smoothly, so that the second difference over a relative step of 2**-12 vanishes to
    rounding. Gradients in single precision, which round more, and those that are not
    repeatable, are not judged.

    Parameters
    ----------
    answers, problem
        As in `look`.

    Returns
    -------
    str or None
        The first such parameter.
    """
    regs = (0.0, HUGE, *(HUGE * (1.0 + k * _STEP) for k in range(3)))
    small, again, *huge = gradients_at(answers, [replace(problem, reg=r) for r in regs])
    for name, g in small.items():
        first, second, third = (np.asarray(each[name]) for each in huge)
        if not np.array_equal(first, np.asarray(again[name])):
            return None
        if not all(np.all(np.isfinite(a)) for a in (g, first, second, third)):
            return None
        noise = _largest(third - 2.0 * second + first)
        own, large = _largest(g), _largest(first)
        free = large <= 1e3 * own
        if noise > _DIGITS * own + _ROUNDING * large and (
            free or noise < _SINGLE * large
        ):
            return name
    return None


def gradients_at(answers: LossAndGrads, problems: Sequence[Problem]) -> list[Grads]:
    """Ask for gradients; the first failure is raised."""
    found = []
    for answer in ask_all(answers, problems):
        if isinstance(answer, BaseException):
            raise answer
        found.append(answer[1])
    return found


def cost_law(
    answers: LossAndGrads,
    scaled: tuple[Problem, Problem, Problem],
    clock: Callable[[], float | None],
    network: Network,
) -> float | None:
    """Measure how much faster the cost grows with parameters than with examples.

    Parameters
    ----------
    answers, clock, network
        As in `look`.
    scaled : tuple of three Problem
        One, one with more parameters, one with more examples.

    Returns
    -------
    float or None
        Difference of the exponents of the number of parameters and of examples; None
        where it cannot be measured, or where an entry more costs less than half an
        evaluation of the loss: loops over the entries are honest.
    """
    base, wider, longer = scaled
    costs = [_seconds(answers, problem, clock) for problem in scaled]
    if any(cost is None or cost <= 0.0 for cost in costs):
        return None
    one, more_parameters, more_examples = (cost or 0.0 for cost in costs)
    entry = (more_parameters - one) / (_entries(wider) - _entries(base))
    if entry < _EVALUATION * _reference_seconds(network, base):
        return None
    by_parameters = math.log(more_parameters / one) / math.log(
        _entries(wider) / _entries(base)
    )
    by_examples = math.log(more_examples / one) / math.log(
        np.shape(longer.y)[-1] / np.shape(base.y)[-1]
    )
    return by_parameters - by_examples


def _seconds(
    answers: LossAndGrads, problem: Problem, clock: Callable[[], float | None]
) -> float | None:
    """Processor time of one gradient, the least of three measurements of 3 ms."""
    least = math.inf
    for _ in range(3):
        before, calls = clock(), 0
        started = time.perf_counter()
        while time.perf_counter() - started < 3e-3 or calls < 2:
            answers(problem.params, problem.X, problem.y, problem.reg)
            calls += 1
        after = clock()
        if before is None or after is None:
            return None
        least = min(least, (after - before) / calls)
    return least


def _reference_seconds(network: Network, problem: Problem) -> float:
    least = math.inf
    for _ in range(5):
        started = time.process_time()
        for _ in range(5):
            network.loss(problem.params, problem.X, problem.y, problem.reg)
        least = min(least, (time.process_time() - started) / 5)
    return least


def _entries(problem: Problem) -> int:
    return sum(int(np.size(array)) for array in problem.params.values())


def _smallest(problem: Problem) -> int:
    """Entries of the smallest weight matrix."""
    sizes = [np.size(a) for a in problem.params.values() if np.ndim(a) == 2]
    return min(sizes, default=_entries(problem))


def _largest(array: Any) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def _found(detail: str) -> Outcome:
    return Outcome(ID, False, f"the gradient is computed from losses: {detail}")


def _clean() -> Outcome:
    return Outcome(ID, True, "the gradient is computed by a formula")


def evaluations(notes: Mapping[str, Any]) -> list[list[Any]]:
    """Read the rows of `Session.notes` that say how often the loss was returned."""
    rows = notes.get("evaluations")
    return [
        row
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, list) and len(row) == 3 and isinstance(row[2], int)
    ]
