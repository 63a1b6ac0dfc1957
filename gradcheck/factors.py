"""Which few factors multiply to what was measured: a small exact search.

Each mistake of scale multiplies some cells of a table of measured factors. Given the
table and the rows of multipliers, the smallest products that equal the table are
enumerated, free constants included. Nothing is evaluated here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gradcheck._typing import Array


@dataclass(frozen=True, slots=True)
class Row:
    """The multipliers of one mistake.

    Attributes
    ----------
    name : int
        Index of the mistake in the caller's list.
    values : ndarray
        What it multiplies each cell by; for a free row, at the constant `unit`.
    free : bool
        Whether it has a free constant c: it multiplies cell j by ``c**e_j`` where
        ``values_j = unit**e_j``.
    """

    name: int
    values: Array
    free: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One product of rows that equals the table: ``(name, constant)`` of each row."""

    terms: tuple[tuple[int, float | None], ...]

    @property
    def cost(self) -> float:
        """Number of rows, and 0.3 for each free constant."""
        return sum(1.3 if c is not None else 1.0 for _, c in self.terms)


UNIT = 2.0
"""The constant at which the multipliers of a free row are given."""


def solve(
    table: Array,
    rows: Sequence[Row],
    *,
    rtol: float = 1e-8,
    largest: int = 3,
    accept: Callable[[tuple[int, ...]], bool] = lambda names: True,
) -> list[Product]:
    """Enumerate the smallest products of rows that equal a table.

    Parameters
    ----------
    table : ndarray, shape (cells,)
        Measured factors; NaN where a cell could not be read.
    rows : sequence of Row
        Multipliers, of the same length; NaN counts as unknown too.
    rtol : float, default=1e-8
        Relative error of the measurement.
    largest : int, default=3
        Largest number of rows in a product.
    accept : callable
        Whether rows of these names may stand together.

    Returns
    -------
    list of Product
        Cheapest first; those of more rows than the smallest found are left out,
        unless a free constant makes the smallest dearer.

    Examples
    --------
    >>> rows = [Row(0, np.array([5.0, 4.0])), Row(1, np.array([1.0, 4.0]))]
    >>> [p.terms for p in solve(np.array([5.0, 16.0]), rows)]
    [((0, None), (1, None))]
    """
    known = np.isfinite(table) & (table != 0.0)
    target = np.asarray(table, dtype=float)[known]
    logs, signs = np.log(np.abs(target)), np.sign(target)
    fixed, free = _prepared(rows, known)
    if target.size == 0 or _is_one(logs, signs, rtol):
        return [Product(())]
    found: list[Product] = []
    for size in range(1, largest + 1):
        if found and size > min(p.cost for p in found):
            break
        found += [
            one
            for one in _of_size(size, logs, signs, fixed, free, rtol)
            if accept(tuple(name for name, _ in one.terms))
        ]
    return sorted(found, key=lambda p: p.cost)


_Prepared = tuple[int, Array, Array]


def _prepared(
    rows: Sequence[Row], known: Array
) -> tuple[list[_Prepared], list[_Prepared]]:
    """Split rows into fixed ones (logs, signs) and free ones (exponents, parities)."""
    fixed, free = [], []
    for row in rows:
        values = np.asarray(row.values, dtype=float)[known]
        values = np.where(np.isfinite(values) & (values != 0.0), values, 1.0)
        logs = np.log(np.abs(values))
        if row.free:
            exponents = np.round(logs / np.log(UNIT))
            if exponents.any():
                free.append((row.name, exponents, np.mod(exponents, 2)))
        elif np.any(np.abs(values - 1.0) > 1e-12):
            fixed.append((row.name, logs, np.sign(values)))
    return fixed, free


def _is_one(logs: Array, signs: Array, rtol: float) -> bool:
    return bool(np.all(np.abs(logs) <= rtol) and np.all(signs > 0))


def _of_size(
    size: int,
    logs: Array,
    signs: Array,
    fixed: Sequence[_Prepared],
    free: Sequence[_Prepared],
    rtol: float,
) -> Iterator[Product]:
    """Yield the products of exactly `size` rows."""
    for count in range(min(size, 2) + 1):
        sets, rest, sign = _rests(size - count, logs, signs, fixed)
        plain = (np.abs(rest) <= rtol) & (sign > 0)
        for chosen in combinations(free, count):
            touched = np.zeros(logs.shape, dtype=bool)
            for _, exponents, _ in chosen:
                touched |= exponents != 0
            for i in np.flatnonzero(plain[:, ~touched].all(axis=1)):
                constants = _constants(chosen, rest[i], sign[i], rtol)
                if constants is None:
                    continue
                terms = [(fixed[j][0], None) for j in sets[i]]
                pairs = zip(chosen, constants, strict=True)
                yield Product((*terms, *((row[0], c) for row, c in pairs)))


def _rests(
    count: int, logs: Array, signs: Array, fixed: Sequence[_Prepared]
) -> tuple[Array, Array, Array]:
    """Return all sets of `count` fixed rows, and what each leaves of the table."""
    listed = list(combinations(range(len(fixed)), count))
    sets = np.array(listed, dtype=int).reshape(len(listed), count)
    all_logs = np.array([row[1] for row in fixed]).reshape(len(fixed), logs.size)
    all_signs = np.array([row[2] for row in fixed]).reshape(len(fixed), logs.size)
    rest = logs - all_logs[sets].sum(axis=1)
    sign = signs * all_signs[sets].prod(axis=1)
    return sets, rest, sign


def _constants(
    chosen: Sequence[_Prepared], logs: Array, signs: Array, rtol: float
) -> tuple[float, ...] | None:
    """Solve for the free constants; None if they do not explain what is left."""
    if not chosen:
        return ()
    exponents = np.array([row[1] for row in chosen]).T
    solution, _, rank, _ = np.linalg.lstsq(exponents, logs, rcond=None)
    if rank < len(chosen) or np.abs(exponents @ solution - logs).max() > rtol:
        return None
    parities = np.array([row[2] for row in chosen]).T
    for flips in np.ndindex(*(2,) * len(chosen)):
        if np.all((-1.0) ** (parities @ np.array(flips)) == signs):
            constants = np.exp(solution) * (-1.0) ** np.array(flips)
            if np.any(np.abs(constants - 1.0) <= 10 * rtol):
                return None
            return tuple(map(float, constants))
    return None
