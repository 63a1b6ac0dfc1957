"""Numbers that print short and have no accidental symmetry.

An array is a fixed pattern plus shifts of its rows and columns that hypothesis draws,
modulo the values allowed. No shift leaves the pattern, which is therefore what every
example shrinks to; uniform shifts give uniform entries.
"""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from gradcheck._typing import Array

_SHIFTS = 5
_GOLDEN = (5**0.5 - 1) / 2
MARGIN = 0.05
"""Least distance of a generic point's pre-activations from a kink."""

MIXED, LIVE, DEAD = "mixed", "live", "dead"
KINDS = (MIXED, LIVE, DEAD)


def grid(draw: st.DrawFn, shape: tuple[int, ...], *, salt: int, reach: int) -> Array:
    """Draw non-zero integers from -reach to reach; the simplest draw is a pattern.

    Parameters
    ----------
    draw : callable
        Of the composite strategy.
    shape : tuple of int
        Of the array.
    salt : int
        Distinguishes the patterns of different arrays.
    reach : int
        Largest absolute value, >= 1.
    """
    places = np.arange(1, np.prod(shape, dtype=int) + 1) * _GOLDEN + 0.137 * salt
    values = np.floor((places % 1.0) * 2 * reach).astype(int).reshape(shape)
    for axis in range(max(1, len(shape))):
        shifts = np.array([draw(st.integers(0, 2 * reach - 1)) for _ in range(_SHIFTS)])
        along = np.arange(shape[axis] if shape else 1)
        shift = shifts[np.minimum(along, _SHIFTS - 1)]
        values = values + np.expand_dims(shift, tuple(range(1, len(shape) - axis)))
    values = (values % (2 * reach) - reach).reshape(shape)
    return np.where(values >= 0, values + 1, values).astype(float)


def short(values: Array, unit: float = 0.01) -> Array:
    """Round to multiples of `unit`, away from zero where the multiple would be 0."""
    steps = np.rint(np.asarray(values) / unit)
    steps = np.where(steps == 0, np.where(np.asarray(values) < 0, -1, 1), steps)
    return steps / round(1 / unit)


def widest_gaps(projections: Array) -> tuple[Array, Array]:
    """Return the widest gap between neighbours in each column, and its middle.

    Parameters
    ----------
    projections : ndarray, shape (N, H)
        Pre-activations without their bias.
    """
    ordered = np.sort(projections, axis=0)
    if len(ordered) < 2:
        nothing = np.zeros(projections.shape[1])
        return nothing, nothing
    gaps = np.diff(ordered, axis=0)
    row, column = gaps.argmax(axis=0), np.arange(gaps.shape[1])
    return gaps[row, column], ordered[row, column] + gaps[row, column] / 2


def kinked_biases(
    draw: st.DrawFn, projections: Array, turns: int, *, mixed: bool
) -> Array:
    """Draw biases of ReLU units: dead, live and mixed, clear of the kinks.

    The unit whose examples lie furthest apart is mixed (live for some examples and
    dead for others), the next live, the third dead; further ones are drawn. Where
    the examples of a unit coincide it is live or dead instead.

    Parameters
    ----------
    draw : callable
        Of the composite strategy.
    projections : ndarray, shape (N, H)
        ``inputs @ W``, multiples of 0.01 or finer.
    turns : int
        Turns the kinds of the units that are free; 0 the simplest.
    mixed : bool
        Whether to reject points at which no unit can be mixed, because all examples
        are all but the same: one or two in a hundred.

    Returns
    -------
    ndarray, shape (H,)
        Non-zero multiples of 0.01; ``abs(projections + biases) >= MARGIN``.
    """
    gaps, middles = widest_gaps(projections)
    enough = 2 * MARGIN + 0.03
    assume(not mixed or gaps.max() >= enough)
    extra = draw(st.integers(0, 20)) / 10 + 4 * MARGIN
    biases = np.empty(len(gaps))
    for place, unit in enumerate(np.argsort(-gaps, kind="stable")):
        free = turns // 3 ** (place % 4) if place > 2 else 0
        kind = KINDS[(place + free) % 3]
        if kind == MIXED and gaps[unit] < enough:
            kind = DEAD if turns % 3 else LIVE
        if kind == MIXED:
            biases[unit] = -middles[unit]
        elif kind == DEAD:
            biases[unit] = -projections[:, unit].max() - extra
        else:
            biases[unit] = -projections[:, unit].min() + extra
    return short(biases)


def on_a_kink(draw: st.DrawFn, projections: Array, biases: Array) -> Array:
    """Move one unit, or more, so that a drawn example lies on its kink exactly.

    Exact because every factor is a multiple of 1/4 and small.
    """
    N, H = projections.shape
    moved = biases.copy()
    first = draw(st.integers(0, N - 1))
    for unit in range(draw(st.integers(1, H))):
        moved[unit] = -projections[(first + unit) % N, unit]
    return moved
