"""A report in a terminal: its own words, with colour where the terminal has it."""

from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.text import Text

from gradcheck.report import Line, Report, Verdict, lines
from gradcheck.report.lines import WIDTH

STYLES = {
    "title": "bold",
    "right": "green",
    "wrong": "red",
    "unsure": "yellow",
    "finding": "bold red",
    "caret": "bold red",
    "code": "",
    "text": "",
    "faint": "dim",
}
_NARROWEST = 40
"""Columns below which nothing is squeezed any more."""

_VERDICTS = {
    Verdict.CORRECT: "bold green",
    Verdict.WRONG: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.BROKEN: "bold magenta",
}


def print_report(
    report: Report, *, file: IO[str], verbose: bool = False, color: bool = True
) -> None:
    """Write a report to a stream.

    Parameters
    ----------
    report : Report
    file : text stream
        Colour is used only if it is a terminal.
    verbose : bool, default=False
        Whether to add the measurements.
    color : bool, default=True
        False never uses colour; neither does a set ``NO_COLOR``.
    """
    print_lines(
        lines(report, verbose=verbose, width=_width(file)),
        file=file,
        color=color,
        verdict=_VERDICTS[report.verdict],
    )


def print_lines(
    content: Iterable[Line], *, file: IO[str], color: bool = True, verdict: str = "bold"
) -> None:
    """Write lines to a stream, each in the style of its role."""
    console = Console(
        file=file, no_color=not color or None, highlight=False, soft_wrap=True
    )
    for line in content:
        style = verdict if line.role == "verdict" else STYLES[line.role]
        console.print(Text(line.text, style=style), soft_wrap=True)


def _width(file: IO[str]) -> int:
    """Return the columns of a terminal that a report may use."""
    return max(_NARROWEST, min(WIDTH, Console(file=file).width))


def one_line(report: Report) -> str:
    """Return the verdict of a report in one line, for ``--quiet``."""
    name = report.subject.path or ""
    named = ", ".join(finding.id for finding in report.findings if finding.id)
    reason = named or (report.message if not report.ok else "")
    parts = [part for part in (name, report.verdict.value, reason) if part]
    return ": ".join(parts).split("\n")[0]
