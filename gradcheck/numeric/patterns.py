"""Where a gradient is wrong, in words: an entry, a row, a column, everywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gradcheck._typing import Array

_MOST = 0.6  # share of a row's entries that makes it a wrong row
_NAMED = 6  # entries listed by name

Index: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One entry: the gradient's value, the measured one and its half-width."""

    index: Index
    analytic: float
    numeric: float
    error: float

    @property
    def wrong(self) -> bool:
        """Whether the gradient's value lies outside the measured interval."""
        return abs(self.analytic - self.numeric) > self.error

    @property
    def excess(self) -> float:
        """How many half-widths the gradient's value is off."""
        gap = abs(self.analytic - self.numeric)
        return gap / self.error if self.error > 0 else gap * 1e300


@dataclass(frozen=True, slots=True)
class Location:
    """Where a gradient is wrong.

    Attributes
    ----------
    pattern : str
        In words: ``"entry [2, 3]"``, ``"row 3"``, ``"columns 1, 5"``, ``"dense"``;
        empty where no wrong entry was found.
    wrong : tuple of Measured
        Wrong entries, worst first: all of them where the pattern names entries,
        examples otherwise.
    """

    pattern: str
    wrong: tuple[Measured, ...]


def name_lines(lines: set[tuple[str, int]]) -> str:
    """Name rows and columns: ``"row 3"``, ``"columns 1, 5"``."""
    words = []
    for kind in ("row", "column"):
        places = sorted(place for k, place in lines if k == kind)
        if places:
            plural = "s" if len(places) > 1 else ""
            words.append(f"{kind}{plural} {', '.join(map(str, places))}")
    return " and ".join(words)


def name_entries(indices: Sequence[Index]) -> str:
    """Name entries if they are few, else count them."""
    if not indices:
        return ""
    if len(indices) > _NAMED:
        return f"{len(indices)} entries"
    plural = "entry" if len(indices) == 1 else "entries"
    return f"{plural} {', '.join(str(list(index)) for index in sorted(indices))}"


def worst_first(entries: Iterable[Measured]) -> tuple[Measured, ...]:
    """Sort entries by how many half-widths they are off."""
    return tuple(sorted(entries, key=lambda e: -e.excess))


def describe(mask: Array, indices: Sequence[Index], matrix: bool) -> str:
    """Name the pattern of wrong entries.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Which entries are wrong.
    indices : sequence of tuple
        Their indices in the parameter.
    matrix : bool
        Whether the parameter is one, so that rows and columns mean something.

    Examples
    --------
    >>> mask = np.zeros((4, 3), dtype=bool)
    >>> mask[2] = True
    >>> describe(mask, [(2, 0), (2, 1), (2, 2)], matrix=True)
    'row 2'
    """
    if len(indices) >= 0.9 * mask.size:
        return "dense"
    if matrix and len(indices) > 1:
        for axis, kind in ((0, "row"), (1, "column")):
            shares = mask.mean(axis=1 - axis)
            hit = np.flatnonzero(shares)
            few = len(hit) <= max(1, mask.shape[axis] // 2)
            if few and mask.shape[1 - axis] > 1 and (shares[hit] >= _MOST).all():
                return name_lines({(kind, int(place)) for place in hit})
    if len(indices) > _NAMED:
        return f"{len(indices)} of {mask.size} entries"
    return name_entries(indices)
