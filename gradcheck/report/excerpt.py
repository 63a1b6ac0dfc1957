"""Lines of a source file, with a caret and a remark under what is wrong in them."""

from collections.abc import Iterator
from textwrap import wrap

from gradcheck.report.lines import Line
from gradcheck.report.parts import Finding

_MARGIN = 9
_LEAST = 11
"""Columns before the source, and at least for it."""

_CUT = "\N{HORIZONTAL ELLIPSIS}"


def excerpt(finding: Finding, width: int) -> Iterator[Line]:
    """Show the line of a mistake as good compilers do, and its neighbours.

    A line that is wider than the page is shifted, so that what is marked is seen.

    Parameters
    ----------
    finding : Finding
        One without a line has nothing to show.
    width : int
        Columns of the page.
    """
    if finding.line is None:
        return
    room = max(width - _MARGIN, _LEAST)
    yield Line("text")
    yield Line("faint", f"   --> {finding.file}:{finding.line}")
    for number, source in finding.snippet:
        marked = number == finding.line and finding.column is not None
        first, last = _span(finding) if marked else (0, 0)
        needed = last + (last < len(source))  # one more to show that it goes on
        start = max(0, min(needed - room, first - 2))
        yield Line("code", f"  {number:>4} | {_window(source, start, room)}")
        if marked:
            end = min(last - start, room)
            yield from _carets(first - start, end, finding.remark, room)


def _span(finding: Finding) -> tuple[int, int]:
    """Return the columns where the mark begins and ends, at least one wide."""
    first = finding.column or 0
    return first, max(first + 1, finding.end_column or 0)


def _window(source: str, start: int, room: int) -> str:
    """Cut a line out, and show on either side that something is left out."""
    shown = source[start : start + room]
    shown = _CUT + shown[1:] if start else shown
    return shown[:-1] + _CUT if len(source) > start + room else shown


def _carets(first: int, last: int, remark: str, room: int) -> Iterator[Line]:
    """Mark columns; the remark stands beside the carets, or below where it fits."""
    margin = f"{'|':>{_MARGIN - 1}} "
    carets = " " * first + "^" * (last - first)
    if len(carets) + 1 + len(remark) <= room:
        yield Line("caret", f"{margin}{carets} {remark}".rstrip())
        return
    yield Line("caret", margin + carets)
    indent = " " * max(0, min(first, room - len(remark)))
    for piece in wrap(remark, room):
        yield Line("caret", margin + indent + piece)
