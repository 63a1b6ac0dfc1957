"""The text of a submission: parsed where that is safe, quoted as a reader sees it."""

import ast
import json
import os
import warnings
from bisect import bisect_right
from dataclasses import dataclass

from gradcheck.errors import GradcheckError
from gradcheck.submissions.forms.reading import decode
from gradcheck.submissions.forms.refusal import Refused
from gradcheck.submissions.problems import printable
from gradcheck.submissions.sources import read_source, shown

LARGEST = 100_000
"""Most characters of code that are parsed: the parser takes 700 times as many bytes."""

WIDTH = 71
"""Characters of a quoted line that fit on a screen, beside its number."""

_AROUND = 2
_TAB = 4


@dataclass(frozen=True, slots=True)
class Text:
    """A file's code.

    Attributes
    ----------
    name : str
        Of the file.
    lines : tuple of str
        As they stand, without their ends.
    tree : ast.Module
        Whose line numbers count `lines` from 1.
    cells : tuple of (int, int)
        For a notebook: first line of each code cell in `lines`, and its number.
    """

    name: str
    lines: tuple[str, ...]
    tree: ast.Module
    cells: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """A place in a submission, and the lines around it.

    Attributes
    ----------
    file : str
        Its name; the cell, too, of a notebook.
    line, column, end_column : int
        Lines count from 1, columns from 0 in the characters of `snippet`.
    snippet : tuple of (int, str)
        Numbered lines.
    """

    file: str
    line: int
    column: int
    end_column: int
    snippet: tuple[tuple[int, str], ...]


def read_text(path: str | os.PathLike[str]) -> Text | None:
    """Read and parse a file; None if it cannot be done, or not safely."""
    try:
        source = read_source(path)
        cells: tuple[tuple[int, int], ...] = ()
        text = decode(source.data).lstrip("\ufeff")
        if shown(source.path).lower().endswith(".ipynb"):
            text, cells = _cells(text)
        if len(text) > LARGEST:
            return None
        lines = tuple(line.replace("\f", " ") for line in text.split("\n"))
        return Text(source.name, lines, _parse(text), cells)
    except (GradcheckError, Refused, SyntaxError, ValueError, TypeError):
        return None
    except (AttributeError, KeyError, RecursionError, MemoryError):
        return None


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _cells(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Join the code cells of a notebook that parse as they are."""
    kept: list[str] = []
    starts: list[tuple[int, int]] = []
    line, number = 1, 0
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] != "code":
            continue
        number += 1
        code = "".join(cell["source"])
        if len(code) > LARGEST:
            continue
        try:
            _parse(code)
        except SyntaxError:
            continue
        starts.append((line, number))
        kept.append(code)
        line += code.count("\n") + 1
    return "\n".join(kept), tuple(starts)


def quote(text: Text, node: ast.expr | ast.stmt) -> Quote | None:
    """Quote the line where a node begins, and up to two on either side."""
    line, first, last, file = node.lineno, 1, len(text.lines), text.name
    if text.cells:
        index = bisect_right(text.cells, (line, 1 << 30)) - 1
        first, number = text.cells[index]
        file = f"{text.name}, cell {number}"
        if index + 1 < len(text.cells):
            last = text.cells[index + 1][0] - 1
    raw = text.lines[line - 1]
    start = _characters(raw, node.col_offset)
    same = node.end_lineno == line and node.end_col_offset is not None
    end = _characters(raw, node.end_col_offset or 0) if same else len(raw.rstrip())
    column, end_column = len(_clean(raw[:start])), len(_clean(raw[:end].rstrip()))
    if not column < end_column <= 4 * WIDTH:
        return None
    width = max(WIDTH, end_column + 1)
    snippet = tuple(
        (n - first + 1, _cut(_clean(text.lines[n - 1]), width if n == line else WIDTH))
        for n in range(max(first, line - _AROUND), min(last, line + _AROUND) + 1)
    )
    return Quote(file, line - first + 1, column, end_column, _trim(snippet))


def _trim(snippet: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    """Leave out empty lines at the edges."""
    first, last = 0, len(snippet)
    while not snippet[first][1]:
        first += 1
    while not snippet[last - 1][1]:
        last -= 1
    return snippet[first:last]


def _characters(line: str, offset: int) -> int:
    """Turn an offset in bytes, as the parser counts, into one in characters."""
    return len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore"))


def _clean(line: str) -> str:
    shown = printable(line.replace("\r", "").expandtabs(_TAB), limit=100_000)
    return shown.replace("\n", "")


def _cut(line: str, width: int) -> str:
    line = line.rstrip()
    return line if len(line) <= width else line[: width - 1] + "…"
