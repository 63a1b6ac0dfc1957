"""A class as a table: in the terminal, and as CSV for a gradebook."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from textwrap import shorten

from rich import box
from rich.markup import escape
from rich.table import Table

from gradcheck.rendering.marks import Row
from gradcheck.report import Verdict

COLUMNS = ("submission", "verdict", "score", "mistakes", "message", "seconds")

_WHY = 200  # characters of a message in the terminal; the rest is in the report
_STYLES = {
    Verdict.CORRECT: "green",
    Verdict.WRONG: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.BROKEN: "magenta",
}


def csv_text(rows: Sequence[Row]) -> str:
    """Return the rows as CSV: `COLUMNS`, then the verdict of each parameter.

    Text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.parameters))
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *names])
    for row in rows:
        cells = (
            row.submission,
            str(row.verdict),
            f"{row.score:.6g}",
            "; ".join(row.mistakes),
            " ".join(row.message.split()),
            f"{row.seconds:.3f}",
        )
        verdicts = (row.parameters.get(name, "") for name in names)
        writer.writerow([_inert(cell) for cell in (*cells, *verdicts)])
    return out.getvalue()


def class_table(rows: Iterable[Row], *, title: str = "") -> Table:
    """Return the rows as a table for the terminal."""
    table = Table(title=title or None, box=box.SIMPLE, pad_edge=False)
    table.add_column("submission", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("mistakes, or why", overflow="fold", ratio=1)
    for row in rows:
        why = ", ".join(row.mistakes) or shorten(_first_line(row), _WHY)
        table.add_row(
            escape(row.submission),
            f"[{_STYLES[row.verdict]}]{row.verdict}[/]",
            f"{row.score:.4g} / {row.max_points:.4g}",
            escape(why),
        )
    return table


def summary(rows: Sequence[Row]) -> str:
    """Return the class in a sentence: how many of each verdict."""
    counts = Counter(row.verdict for row in rows)
    parts = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]]
    return f"{len(rows)} submissions: {', '.join(parts) or 'none'}"


def _first_line(row: Row) -> str:
    return next(iter(row.message.splitlines()), "")


def _inert(cell: str) -> str:
    """Keep a spreadsheet from running text that a student chose."""
    number = cell.replace(".", "", 1).replace("e-", "", 1).lstrip("-").isdigit()
    risky = cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if risky and not number else cell
