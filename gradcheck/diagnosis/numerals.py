"""Numbers in words: as short as they can be, and never rounded to what is right."""

from __future__ import annotations

import math

import numpy as np

from gradcheck._typing import Array


def numerals(value: float, spec: str = ".3f") -> str:
    """Write a factor, with as many digits as tell it from 0, 1 and -1.

    Examples
    --------
    >>> numerals(7.0), numerals(1.000001), numerals(-0.99995), numerals(2e-5)
    ('7.000', '1.0000010', '-0.999950', '2e-05')
    """
    text = format(value, spec)
    if not math.isfinite(value) or abs(float(text)) not in (0.0, 1.0):
        return text
    gap = abs(abs(value) - abs(float(text)))
    if gap < 1e-9:  # nothing but the dust of its measurement
        return text
    if float(text) == 0.0:
        return f"{value:.3g}"
    return f"{value:.{1 - math.floor(math.log10(gap) + 1e-9)}f}"


def percent(part: float) -> str:
    """Write a part in per cent, with two digits where it is less than one.

    Examples
    --------
    >>> percent(0.87), percent(1.23e-4), percent(31.0)
    ('87%', '0.012%', '3100%')
    """
    value = 100.0 * part
    return f"{value:.0f}%" if value >= 1.0 else f"{value:.2g}%"


def multiple(factor: float, spec: str = ".3f") -> str:
    """Write how much of something there is: a part of it, or so many times it.

    Examples
    --------
    >>> multiple(0.5), multiple(7.0)
    ('0.500 of', '7.000 times')
    """
    return f"{numerals(factor, spec)} {'of' if 0.0 < factor < 1.0 else 'times'}"


def lines(wrong: Array, idle: Array, *, elsewhere: bool = False) -> str:
    """Say which few columns or rows of a matrix are wrong.

    Parameters
    ----------
    wrong, idle : ndarray of bool
        Entries that are wrong; entries that are zero on both sides, and tell nothing.
    elsewhere : bool, default=False
        Whether the matrix has another shape here than the reader knows.

    Returns
    -------
    str
        Empty where the wrong entries make no pattern of lines.

    Examples
    --------
    >>> wrong = np.zeros((4, 11), dtype=bool)
    >>> wrong[:, [2, 5]] = True
    >>> lines(wrong, np.zeros((4, 11), dtype=bool))
    'columns 2, 5 only'
    >>> lines(wrong.T, np.zeros((11, 4), dtype=bool), elsewhere=True)
    '2 of its rows only: 2, 5 of 11, at a point where its shape is (11, 4)'
    """
    for axis, word in ((0, "column"), (1, "row")):
        bad = np.asarray(wrong.any(axis=axis))
        silent = np.asarray(idle.all(axis=axis))
        few = np.flatnonzero(bad)
        if not 0 < len(few) < int((bad | ~silent).sum()):
            continue
        listed = ", ".join(map(str, few[:6])) + (", ..." if len(few) > 6 else "")
        if not elsewhere:
            return f"{word}{'s' * (len(few) > 1)} {listed} only"
        where = f"at a point where its shape is {wrong.shape}"
        return f"{len(few)} of its {word}s only: {listed} of {len(bad)}, {where}"
    return ""
