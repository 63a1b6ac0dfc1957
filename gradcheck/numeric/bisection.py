"""Which entries are wrong: halving rows, columns and entries until they are found.

The residual ``g . v - D_v`` is linear in the part of a parameter that `v` moves, so one
test of a half tells about the other too. Where all of a residual comes from one row or
column, a second direction that grows from line to line points it out: a single wrong
entry takes two tests of four evaluations, and others as many halvings as part them.
Found entries are put right in a copy of the gradient and the search repeated along a
fresh direction, until nothing is left: errors that happened to cancel show then.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from gradcheck._typing import Array
from gradcheck.numeric.directions import Seeded
from gradcheck.numeric.parts import Part, Round, Search
from gradcheck.numeric.patterns import (
    Index,
    Location,
    Measured,
    describe,
    name_entries,
    name_lines,
    worst_first,
)
from gradcheck.numeric.plans import Plan, gather

SMALL = 300
"""Parameters up to this size are measured entry by entry."""

_CAP = 20  # failing parts at once, beyond which the search is given up
_ROUNDS = 6
_SAMPLE = 12

Suspect: TypeAlias = tuple[Part, float, float]


def _split(
    now: Round, root: Part, residual: float, tolerance: float, axis: int
) -> Plan[list[Suspect] | None]:
    """Find the rows (columns) of `root` that fail; None if there are too many."""
    waiting: list[Suspect] = [(root, residual, tolerance)]
    found: list[Suspect] = []
    most = 1
    while waiting:
        found += [s for s in waiting if s[0].thickness(axis) == 1]
        waiting = [s for s in waiting if s[0].thickness(axis) > 1]
        if len(found) + len(waiting) > _CAP:
            return None
        if now.jump and len(waiting) <= most:  # parted, it seems
            lines = yield from gather(now.point_out(*s, axis) for s in waiting)
            pointed = list(zip(waiting, lines, strict=True))
            found += [(line, r, tol) for (_, r, tol), line in pointed if line]
            waiting = [suspect for suspect, line in pointed if not line]
        most = len(waiting)
        pairs = [part.halves(axis) for part, _, _ in waiting]
        tests = yield from gather(now.test(first) for first, _ in pairs)
        doubtful: list[Part] = []
        nxt: list[Suspect] = []
        for (_, whole, wide), (first, second), (r, tol) in zip(
            waiting, pairs, tests, strict=True
        ):
            if not abs(r) <= tol:
                nxt.append((first, r, tol))
            rest, spread = whole - r, wide + tol
            if not abs(rest) <= spread:
                if abs(rest) > 8 * spread:
                    nxt.append((second, rest, spread))
                else:
                    doubtful.append(second)
            elif spread > 4 * tol:
                doubtful.append(second)
        again = yield from gather(now.test(part) for part in doubtful)
        for part, (r, tol) in zip(doubtful, again, strict=True):
            if not abs(r) <= tol:
                nxt.append((part, r, tol))
        waiting = nxt
    return found


def locate(search: Search) -> Plan[Location]:
    """Find the wrong entries of one parameter's gradient.

    Returns
    -------
    Location
        Every wrong entry of a parameter of up to 300 entries; of larger ones the
        entries if they are few, else the rows or columns, else ``"dense"``.
    """
    x = search.params[search.name]
    undefined = ~np.isfinite(search.analytic)
    if undefined.any():
        return (yield from _list_undefined(search, undefined))
    if x.size <= SMALL:
        everything = yield from search.measure(list(np.ndindex(x.shape)))
        return _describe_all(search, everything)
    return (yield from _search_large(search))


def _list_undefined(search: Search, undefined: Array) -> Plan[Location]:
    """Name the entries that are NaN or infinite, and measure a few of them."""
    indices = [tuple(int(i) for i in place) for place in np.argwhere(undefined)]
    examples = yield from search.measure(indices[:_SAMPLE])
    mask = undefined.reshape(search.shape)
    pattern = describe(mask, indices, search.params[search.name].ndim == 2)
    return Location(pattern, tuple(examples))


def _search_large(search: Search) -> Plan[Location]:
    found: dict[Index, Measured] = {}
    lines: set[tuple[str, int]] = set()
    rows, columns = search.shape
    corrected = search.analytic.reshape(search.shape).astype(np.float64)
    whole = Part(0, rows, 0, columns)
    jump, known = True, search.known
    for attempt in range(_ROUNDS):
        direction = Seeded((search.name,), search.scale, (*search.seed, 5, attempt))
        v = (known[0] if known else direction).vectors(search.params)[search.name]
        now = Round(search, v.reshape(search.shape), corrected, jump)
        residual, tolerance = known[1:] if known else (yield from now.test(whole))
        known = None
        if abs(residual) <= tolerance:
            break
        parts = yield from _narrow(now, whole, residual, tolerance)
        if parts is None:
            return (yield from _sample(search, whole, "dense"))
        entries, new_lines = parts
        lines |= new_lines
        fresh = yield from search.measure(
            [search.index(part.top, part.left) for part in entries]
        )
        wrong = [entry for entry in fresh if entry.wrong]
        for entry in wrong:
            found[entry.index] = entry
            corrected.reshape(search.analytic.shape)[entry.index] = entry.numeric
        if lines or not (wrong or jump):
            break
        jump = bool(wrong)  # nothing where it was pointed to: halve instead
    if lines:
        return (yield from _describe_lines(search, lines))
    return Location(name_entries(list(found)), worst_first(found.values()))


def _narrow(
    now: Round, whole: Part, residual: float, tolerance: float
) -> Plan[tuple[list[Part], set[tuple[str, int]]] | None]:
    """Find wrong entries, rows or columns; None if it is everywhere."""
    rows = yield from _split(now, whole, residual, tolerance, 0)
    if rows is None:
        columns = yield from _split(now, whole, residual, tolerance, 1)
        if columns is None:
            return None
        return [], {("column", part.left) for part, _, _ in columns}
    cells: list[Part] = []
    lines: set[tuple[str, int]] = set()
    for part, r, tol in rows:
        entries = yield from _split(now, part, r, tol, 1)
        if entries is not None:
            cells += [cell for cell, _, _ in entries]
        elif whole.thickness(0) == 1:
            return None
        else:
            lines.add(("row", part.top))
    return cells, lines


def _sample(search: Search, part: Part, pattern: str) -> Plan[Location]:
    """Measure entries here and there in a part that is wrong throughout."""
    rng = np.random.default_rng([*search.seed, 6])
    rows = rng.integers(part.top, part.bottom, _SAMPLE)
    columns = rng.integers(part.left, part.right, _SAMPLE)
    indices = {search.index(int(r), int(c)) for r, c in zip(rows, columns, strict=True)}
    measured = yield from search.measure(sorted(indices))
    return Location(pattern, worst_first(entry for entry in measured if entry.wrong))


def _describe_lines(search: Search, lines: set[tuple[str, int]]) -> Plan[Location]:
    rows, columns = search.shape
    examples: list[Measured] = []
    for kind, place in sorted(lines)[:4]:
        part = (
            Part(place, place + 1, 0, columns)
            if kind == "row"
            else Part(0, rows, place, place + 1)
        )
        location = yield from _sample(search, part, "")
        examples += location.wrong
    if len(search.params[search.name].shape) != 2:
        return Location("many entries", worst_first(examples))
    return Location(name_lines(lines), worst_first(examples))


def _describe_all(search: Search, entries: Sequence[Measured]) -> Location:
    """Describe the wrong ones of all entries of a parameter."""
    wrong = [entry for entry in entries if entry.wrong]
    mask = np.array([entry.wrong for entry in entries]).reshape(search.shape)
    matrix = len(search.params[search.name].shape) == 2
    return Location(
        describe(mask, [e.index for e in wrong], matrix), worst_first(wrong)
    )
