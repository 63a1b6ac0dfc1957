"""One line of a report, and texts that are wrapped into several."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report: its text, and the role that decides its look.

    Attributes
    ----------
    role : str
        ``"title"``, ``"verdict"``, ``"right"``, ``"wrong"``, ``"unsure"``,
        ``"finding"``, ``"text"``, ``"code"``, ``"caret"`` or ``"faint"``.
    text : str
        Without a line break.
    """

    role: str
    text: str = ""


def wrapped(role: str, text: str, *, first: str = "") -> Iterator[Line]:
    """Wrap a text at the width of a terminal, hanging under its first word.

    Parameters
    ----------
    role : str
        See `Line`.
    text : str
        Line breaks are kept; a line that begins with four blanks is an example, and
        shown as it is.
    first : str, optional
        What stands before the text in its first line.
    """
    indent = " " * len(first)
    for number, paragraph in enumerate(text.split("\n")):
        start = indent if number else first
        if paragraph.startswith("    "):
            yield Line("code", indent + paragraph)
            continue
        pieces = wrap(
            paragraph,
            WIDTH,
            initial_indent=start,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        for piece in pieces or [""]:
            yield Line(role, piece.replace("\N{NO-BREAK SPACE}", " "))
