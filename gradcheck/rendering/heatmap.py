"""The heat map of the entrywise error: patterns in it read as mistakes."""

from collections.abc import Sequence
from html import escape
from math import inf, isfinite, log10, prod

from gradcheck.rendering import svg

ROWS, COLUMNS = 48, 64
"""Most cells that are drawn; larger arrays are pooled by their worst entry."""

_NAMED = 400  # up to so many cells each carries its numbers
_DECADES = (-8, -6, -4, -3, -2, -1)  # where the class of a cell changes
DEAD, BAD = "dead", "cx"
LEGEND = (
    ("c0", "below 1e-8"),
    ("c1", "1e-8"),
    ("c2", "1e-6"),
    ("c3", "1e-4"),
    ("c4", "1e-3"),
    ("c5", "1e-2"),
    ("c6", "0.1 or more"),
    (DEAD, "both 0"),
    (BAD, "not finite"),
)
"""Class of a cell, and the relative error from which on it is used."""


def heat_map(
    shape: Sequence[int],
    analytic: Sequence[float],
    numeric: Sequence[float],
    error: Sequence[float],
    name: str,
) -> tuple[str, str]:
    """Draw the relative error of each entry, and say in words what is seen.

    Parameters
    ----------
    shape : sequence of int
        Of the parameter; more than two axes are flattened into rows.
    analytic, numeric, error : sequence of float
        Flat, in C order; `error` is the half-width of the interval of `numeric`.
    name : str
        Of the parameter.

    Returns
    -------
    drawing, words : str

    Raises
    ------
    ValueError
        If the lengths do not fit `shape`.
    """
    size = prod(shape)
    if not size == len(analytic) == len(numeric) == len(error):
        raise ValueError(f"{len(analytic)} entries for shape {tuple(shape)}")
    columns = shape[-1] if shape else 1
    rows = size // columns if columns else 0
    if not size:
        raise ValueError("no entries")
    triples = list(zip(analytic, numeric, error, strict=True))
    scale = max((abs(n) for n in numeric if isfinite(n)), default=0.0)
    grid = [
        [relative_error(*triples[r * columns + c], scale) for c in range(columns)]
        for r in range(rows)
    ]
    cells = _pooled(grid)
    titles = {}
    if size <= _NAMED and len(cells) == rows and len(cells[0]) == columns:
        titles = {
            (r, c): _title(name, shape, (r, c), triples[r * columns + c])
            for r in range(rows)
            for c in range(columns)
        }
    wrong = sum(e > 1e-6 for row in grid for e in row)
    words = f"{wrong} of {size} entries off by more than 1e-6"
    label = f"{name}: relative error of each entry; {words}"
    return _draw(cells, titles, label), words


def relative_error(
    analytic: float, numeric: float, error: float, scale: float
) -> float:
    """Return the error beyond the interval, relative; NaN marks an entry that is 0.

    Relative to the larger of the two, but to no less than 1e-3 of the largest entry:
    an entry of rounding's size is not wrong by a hundred percent.
    """
    if not (isfinite(analytic) and isfinite(numeric)):
        return inf
    if analytic == 0 and abs(numeric) <= error:
        return float("nan")
    excess = max(0.0, abs(analytic - numeric) - error)
    return excess / max(abs(analytic), abs(numeric), 1e-3 * scale, 1e-300)


def _pooled(grid: list[list[float]]) -> list[list[float]]:
    """Shrink a grid to what can be drawn, keeping the worst of each block."""
    high, wide = (
        -(-len(grid) // ROWS),
        -(-len(grid[0]) // COLUMNS),
    )
    return [
        [
            max(
                (e for row in grid[r : r + high] for e in row[c : c + wide]),
                key=lambda e: -1.0 if e != e else e,
            )
            for c in range(0, len(grid[0]), wide)
        ]
        for r in range(0, len(grid), high)
    ]


def _class(error: float) -> str:
    if error != error:
        return DEAD
    if error == inf:
        return BAD
    place = log10(error) if error > 0 else -inf
    return f"c{sum(place >= decade for decade in _DECADES)}"


def _draw(
    cells: list[list[float]], titles: dict[tuple[int, int], str], label: str
) -> str:
    """One path a class, so that a large map stays small; a titled cell over each."""
    side = min(26.0, svg.WIDTH / len(cells[0]), (svg.HEIGHT - 20) / len(cells))
    paths: dict[str, list[str]] = {}
    gap = 1.0 if side > 5 else 0.0
    for r, row in enumerate(cells):
        for c, error in enumerate(row):
            cell = (
                f"M{c * side:.1f} {r * side:.1f}h{side - gap:.1f}v{side - gap:.1f}"
                f"h-{side - gap:.1f}z"
            )
            paths.setdefault(_class(error), []).append(cell)
    body = "".join(
        f'<path class="{kind}" d="{"".join(path)}"/>'
        for kind, path in sorted(paths.items())
    )
    body += "".join(
        f'<rect class="cell" x="{c * side:.1f}" y="{r * side:.1f}" '
        f'width="{side:.1f}" height="{side:.1f}"><title>{escape(words)}</title></rect>'
        for (r, c), words in titles.items()
    )
    wide, high = side * len(cells[0]), side * len(cells)
    return svg.figure(body, label, max(wide, svg.WIDTH), high)


def _title(
    name: str,
    shape: Sequence[int],
    place: tuple[int, int],
    triple: tuple[float, float, float],
) -> str:
    index = {0: (), 1: place[1:]}.get(len(shape), place)
    where = f"{name}[{', '.join(map(str, index))}]" if index else name
    analytic, numeric, error = triple
    return f"{where}: yours {analytic:.6g}, measured {numeric:.6g} ± {error:.0e}"
