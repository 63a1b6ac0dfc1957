"""Rules that a loss and its gradient keep before any differencing makes sense."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.guard import LARGE, Guarded
from gradcheck.randomness import RandomState, preserved_random_state
from gradcheck.reading import UnusableError, arrays_in
from gradcheck.rules import Rule, not_aliased, unchanged

__all__ = ["SAME", "Inspection", "Rule", "inspect"]

SAME = 1e-12
"""Two calls agree if they differ by less than this, relative to the largest entry."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """The rules, and the loss and gradient of the first call.

    Attributes
    ----------
    rules : tuple of Rule
    loss : float
        At the point that was inspected.
    grads : mapping of str to ndarray
        The gradient there.
    precision : str
        ``"float64"``, or ``"float32"`` where every gradient came so.
    repeatable : bool
        Whether the gradient is the same at every call.
    """

    rules: tuple[Rule, ...]
    loss: float
    grads: Grads
    precision: str = "float64"
    repeatable: bool = True


def inspect(
    guarded: Guarded,
    params: Params,
    *,
    watched: Mapping[str, Array] | None = None,
    snapshot: Callable[[], Mapping[str, Array]] | None = None,
) -> Inspection:
    """Call the function a few times and look at what it does besides answering.

    Parameters
    ----------
    guarded : Guarded
        The function. Its gradient is called 4 to 8 times, its loss once or twice.
    params : mapping of str to ndarray
        A point; left unchanged.
    watched : mapping of str to ndarray, optional
        Data handed to the function, as they were.
    snapshot : callable, optional
        Returns what was handed to the function last, in the same order.

    Returns
    -------
    Inspection

    Raises
    ------
    UnusableError
        If it does not run, or returns no loss and gradients.
    """
    with preserved_random_state() as state:
        return _inspect(guarded, params, watched or {}, snapshot, state)


def _inspect(
    guarded: Guarded,
    params: Params,
    watched: Mapping[str, Array],
    snapshot: Callable[[], Mapping[str, Array]] | None,
    state: RandomState,
) -> Inspection:
    guarded.watching = True
    loss, grads = guarded.pair(params)
    rules = [
        unchanged("mutates-parameters", "params", params, guarded.given),
        unchanged("mutates-input", "", watched, snapshot() if snapshot else {}),
        not_aliased(guarded.returned, guarded.given),
        _random_state(state),
    ]
    types = {k: a.dtype.name for k, a in arrays_in(guarded.returned).items()}
    dtypes = set(types.values())
    guarded.given, guarded.returned = {}, None
    guarded.watching, guarded.settled = False, True
    guarded.lending = rules[0].ok and guarded.size >= LARGE
    repeats = _repeats(guarded, params, loss, grads)
    rules += repeats
    if guarded.seeded:
        loss, grads = guarded.pair(params)
    rules.append(_precision(types))
    if guarded.has_own_loss and all(rule.ok for rule in repeats):
        rules.append(_alone(guarded, params, loss))
    return Inspection(
        tuple(rules),
        loss=loss,
        grads=grads,
        precision="float32" if dtypes & {"float32", "float16"} else "float64",
        repeatable=guarded.seeded or not any(rule.random for rule in repeats),
    )


def _repeats(guarded: Guarded, params: Params, loss: float, grads: Grads) -> list[Rule]:
    """Call again here, elsewhere, and here once more, and compare."""
    loss_again, again = guarded.pair(params)
    if not _same(grads, again):
        return [_unsteady(guarded, params, grads, again)]
    del again
    if not _close(loss, loss_again):
        return [_noisy(abs(loss - loss_again))]
    try:
        _go_elsewhere(guarded, params)
        back = _same(grads, guarded.pair(params)[1])
        settled = back or _same(grads, guarded.pair(params)[1])
    except UnusableError:  # undefined there: nothing to compare
        return [Rule("nondeterministic", True, "the same call gives the same answer")]
    if not back:
        return [_stale("that of an earlier call" if settled else "not repeatable")]
    return [
        Rule("nondeterministic", True, "the same call gives the same answer"),
        Rule("accumulates", True, "a call does not add to the last one's gradient"),
        Rule("stale-cache", True, "a call elsewhere leaves no trace"),
    ]


def _go_elsewhere(guarded: Guarded, params: Params) -> None:
    """Call it where every sign is another, or nearby where that is not defined."""
    try:
        guarded.pair(params, moved=-0.9)
    except UnusableError:
        guarded.pair(params, moved=1.1)


def _unsteady(guarded: Guarded, params: Params, first: Grads, again: Grads) -> Rule:
    """Tell what grows, and what comes one call late, from what is random."""
    if _same(first, again, factor=2.0):
        return _accumulates("returns twice the gradient of the first")
    third = guarded.pair(params)[1]
    if _same(again, third):
        try:
            _go_elsewhere(guarded, params)
            late = not _same(third, guarded.pair(params)[1])
        except UnusableError:  # undefined there: nothing to compare
            late = False
        return _stale("that of an earlier call") if late else _first_call()
    steps = _less(again, first), _less(third, again)
    size = _largest(third)
    if _largest(_less(*steps)) <= SAME * size < _largest(steps[0]):
        return _accumulates("adds its gradient to that of the first")
    return _nondeterministic(guarded, params, _distance(first, again))


def _less(one: Grads, other: Grads) -> Grads:
    return {name: g - other[name] for name, g in one.items()}


def _largest(grads: Grads) -> float:
    return max(float(np.abs(g).max(initial=0.0)) for g in grads.values())


def _accumulates(how: str) -> Rule:
    return Rule(
        "accumulates",
        False,
        f"the second call at the same point {how}: "
        "it adds to what is there; set the gradient to zero first",
    )


def _stale(what: str) -> Rule:
    return Rule(
        "stale-cache",
        False,
        "after a call at another point, the gradient here differs from before: it is "
        f"{what}; recompute it in every call",
    )


def _first_call() -> Rule:
    return Rule(
        "nondeterministic",
        False,
        "the first call at a point returns another gradient than every later one",
    )


def _nondeterministic(guarded: Guarded, params: Params, difference: float) -> Rule:
    """Tell a global generator, which can be frozen, from other randomness."""
    guarded.seeded = True
    frozen = _same(guarded.pair(params)[1], guarded.pair(params)[1]) and _close(
        guarded.loss(params), guarded.loss(params)
    )
    guarded.seeded = frozen
    text = f"two calls here differ by {difference:.1g} of the largest entry"
    text += (
        "; it was checked with numpy.random and random seeded before every call"
        if frozen
        else ", and seeding the global generators does not help: freeze the randomness"
    )
    return Rule("nondeterministic", False, text, fatal=False, random=True)


def _noisy(difference: float) -> Rule:
    return Rule(
        "nondeterministic",
        False,
        f"two calls at the same point give losses that differ by {difference:.1g}; the "
        "noise was measured and allowed for",
        fatal=False,
    )


def _precision(types: Mapping[str, str]) -> Rule:
    others = sorted({*types.values()} - {"float64"})
    single = [name for name in others if name in ("float32", "float16")]
    whole = [k for k, t in types.items() if t.startswith(("int", "uint", "bool"))]
    if whole:
        listed = f"{', '.join(whole[:-1])} and {whole[-1]}" if whole[1:] else whole[0]
        verb = "gradients of {} are" if whole[1:] else "gradient of {} is"
        return Rule(
            "integer-arithmetic",
            False,
            f"the {verb.format(listed)} of type {types[whole[0]]}, but should be "
            "float64: what follows the point is lost",
            fatal=False,
        )
    if single:
        return Rule(
            "single-precision",
            False,
            f"the gradient is of type {single[0]}, but should be float64; it was "
            "judged at the precision that it has",
            fatal=False,
        )
    return Rule("single-precision", True, "float64 throughout", fatal=False)


def _alone(guarded: Guarded, params: Params, loss: float) -> Rule:
    alone = guarded.loss(params)
    if _close(loss, alone):
        return Rule("loss-differs-alone", True, "one loss, however it is asked for")
    return Rule(
        "loss-differs-alone",
        False,
        f"loss returns {alone:.10g}, but {guarded.name} returns {loss:.10g} at the "
        "same point: the gradient was checked against the first",
    )


def _distance(first: Grads, again: Grads, factor: float = 1.0) -> float:
    """Return the largest difference, relative to the largest entry."""
    scale = _largest(first)
    return max(
        float(np.abs(factor * first[name] - again[name]).max(initial=0.0))
        for name in first
    ) / float(factor * scale or 1.0)


def _same(first: Grads, again: Grads, factor: float = 1.0) -> bool:
    if factor == 1.0 and all(
        np.array_equal(first[name], again[name]) for name in first
    ):
        return True
    return _distance(first, again, factor) <= SAME


def _close(first: float, again: float) -> bool:
    return abs(first - again) <= SAME * max(abs(first), abs(again))


def _random_state(state: RandomState) -> Rule:
    used = state.changed()
    detail = "global random state untouched"
    if used:
        detail = "the call uses the global random generators; put back after it"
    return Rule("global-random-state", not used, detail, fatal=False)
