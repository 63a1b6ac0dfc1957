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
    remembered = _memory(accused, b, first, second, other, again)
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
    b: Problem,
    first: Answer,
    second: Answer,
    other: Answer,
    again: Answer,
) -> tuple[str, str] | None:
    """Return the mistake of memory, and set the mode that undoes it."""
    if not all(_finite(answer.grads) for answer in (first, second, other, again)):
        return None
    if not same(first.grads, second.grads):
        if _multiple(first.grads, second.grads, 2.0):
            accused.mode = "difference"
            return "accumulates", ""
        accused.mode = "seeded"
        one, two = accused._ask(b), accused._ask(b)
        if not same(one.grads, two.grads):
            accused.mode = "plain"
        return "nondeterministic", ""
    if same(first.grads, other.grads):  # B answered as if it were A
        if not same(first.grads, again.grads):
            accused.mode = "second"
            return "stale-cache", "one call behind"
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


def _multiple(one: Grads, other: Grads, factor: float) -> bool:
    """Whether every tensor is `factor` times, or some are and the others equal."""
    doubled = [
        k
        for k, g in one.items()
        if g.shape == other[k].shape and np.allclose(other[k], factor * g, rtol=1e-9)
    ]
    rest = [k for k in one if k not in doubled]
    return bool(doubled) and same(
        {k: one[k] for k in rest}, {k: other.get(k, one[k]) for k in rest}
    )
