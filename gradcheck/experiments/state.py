"""Whether the accused remembers, changes its arguments, or answers at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Grads
from gradcheck.experiments.accused import Accused, Answer
from gradcheck.problem import Problem


@dataclass(frozen=True, slots=True)
class State:
    """What repeated calls showed.

    Attributes
    ----------
    ids : tuple of (str, str)
        Mistakes of state: id and variant.
    changed : tuple of str
        Arguments changed in place.
    repeatable : bool
        Whether the other experiments can go on.
    """

    ids: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    repeatable: bool = True


def examine_state(
    accused: Accused, a: Problem, b: Problem, first: Answer | None = None
) -> State:
    """Call at A, A, B, A; find how to go on measuring cleanly, and set that mode.

    Parameters
    ----------
    a, b : Problem
        Two points of the same shapes.
    first : Answer, optional
        Of the very first call, if it was made at `a` already.
    """
    first = first or accused.raw(a)
    second, other, again = (accused.raw(p) for p in (a, b, a))
    found: list[tuple[str, str]] = []
    changed = sorted({*first.changed, *second.changed, *other.changed})
    if set(changed) & {"X", "y"}:
        found.append(("mutates-input", "X" if "X" in changed else "y"))
    if set(changed) - {"X", "y"}:
        found.append(("mutates-parameters", ""))
    remembered = _memory(accused, a, b, (first, second, other, again))
    if remembered:
        found.insert(0, remembered)
    repeatable = (
        not remembered
        or remembered[0] != "nondeterministic"
        or (accused.mode == "seeded")
    )
    return State(tuple(found), tuple(changed), repeatable)


def _memory(
    accused: Accused,
    a: Problem,
    b: Problem,
    answers: tuple[Answer, Answer, Answer, Answer],
) -> tuple[str, str] | None:
    """Return the mistake of memory, and set the mode that undoes it."""
    first, second, other, again = answers
    if not all(_finite(answer.grads) for answer in answers):
        return None
    accused.steady_loss = first.loss == again.loss and first.loss == second.loss
    if not same(first.grads, second.grads):
        return _unsteady(accused, a, b, answers)
    if same(first.grads, other.grads):  # B answered as if it were A
        if not same(first.grads, again.grads):
            accused.mode = "second"
            return "stale-cache", "one call behind"
        if all(np.ptp(g) == 0.0 for g in first.grads.values()):
            return None  # the same number everywhere is nothing that was kept
        accused.mode = "plain" if accused.factory is None else "fresh"
        return "stale-cache", "the first is kept"
    if not same(first.grads, again.grads):
        accused.mode = "second"
        return "stale-cache", "one call behind"
    if accused.factory is not None:
        fresh = accused.raw(b, accused.factory())
        if fresh.grads and not same(fresh.grads, other.grads):
            accused.mode = "fresh"
            return "stale-cache", "the first is kept"
    return None


def _unsteady(
    accused: Accused,
    a: Problem,
    b: Problem,
    answers: tuple[Answer, Answer, Answer, Answer],
) -> tuple[str, str]:
    """Tell what grows, and what comes one call late, from what is random."""
    first, second, other, again = answers
    last = accused.raw(a)
    growing = _growing((first, second), (again, last))
    if growing:
        accused.mode, accused.adding = "difference", growing
        return "accumulates", ""
    if same(second.grads, other.grads) and same(second.grads, last.grads):
        accused.mode = "second"  # it was asked elsewhere before
        return "stale-cache", "one call behind"
    accused.mode = "seeded"
    one, two = accused.ask(b), accused.ask(b)
    if not same(one.grads, two.grads):
        accused.mode = "plain"
    return "nondeterministic", ""


def _growing(
    one: tuple[Answer, Answer], other: tuple[Answer, Answer]
) -> frozenset[str]:
    """Name the gradients that two calls at one point make larger by the same amount.

    Empty unless all the others stay as they are.
    """
    growing = set()
    for name, g in one[0].grads.items():
        parts = [pair[i].grads.get(name) for pair in (one, other) for i in (0, 1)]
        if any(part is None or part.shape != g.shape for part in parts):
            return frozenset()
        first, second, again, last = (np.asarray(part) for part in parts)
        size = max(float(np.abs(part).max(initial=0.0)) for part in (second, last))
        steps = second - first, last - again
        if np.abs(steps[0] - steps[1]).max(initial=0.0) > 1e-12 * size:
            return frozenset()
        if np.abs(steps[0]).max(initial=0.0) > 1e-9 * size:
            growing.add(name)
    return frozenset(growing)


def same(one: Grads, other: Grads, tolerance: float = 1e-12) -> bool:
    """Whether two answers agree, bitwise or but for rounding."""
    if set(one) != set(other):
        return False
    for key, g in one.items():
        h = other[key]
        if g.shape != h.shape:
            return False
        if not np.array_equal(g, h, equal_nan=True):
            scale = float(np.max(np.abs(g), initial=0.0))
            if not np.all(np.abs(g - h) <= tolerance * scale):
                return False
    return True


def _finite(grads: Grads) -> bool:
    return bool(grads) and all(np.isfinite(g).all() for g in grads.values())
