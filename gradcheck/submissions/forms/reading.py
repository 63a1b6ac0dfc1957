"""From the bytes of a file to a syntax tree: encodings, notebooks, Python 2."""

import ast
import io
import json
import re
import tokenize
import warnings

from .refusal import Refused

LARGEST = 4_000_000
_PYTHON_2 = re.compile(
    r"^\s*(?:print\s+[^(=\s.,\[]|print\s*$|print\s+\(.*\)\s*%|exec\s+['\"]|raise\s+\w+\s*,"
    r"|except\s+[\w.]+\s*,\s*\w+\s*:)|<>|^\s*print\s*>>|\bur['\"]|`[^`]+`",
    re.MULTILINE,
)


def decode(source: bytes) -> str:
    """Decode a source file as Python would, and as Latin-1 where it would not."""
    if len(source) > LARGEST:
        raise Refused(
            "too-large",
            f"the file has {len(source):,} bytes; a file of at most {LARGEST:,} was "
            "expected: hand in the source alone, without data in it",
        )
    if b"\0" in source[:4096] and not source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(
            "not-text",
            "the file holds binary data, but Python source or a notebook was "
            "expected: hand in the .py or .ipynb file itself",
        )
    try:
        if source.startswith((b"\xff\xfe", b"\xfe\xff")):
            return source.decode("utf-16")
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return source.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def parse(source: bytes, path: str) -> tuple[ast.Module, str, list[str]]:
    """Parse a submission.

    Parameters
    ----------
    source : bytes
        What the file holds.
    path : str
        Its name; ``.ipynb`` marks a notebook.

    Returns
    -------
    tree : ast.Module
    text : str
        The source that the line numbers of the tree refer to.
    notes : list of str
        What was left out.

    Raises
    ------
    Refused
        If it does not parse.
    """
    text = decode(source)
    if path.lower().endswith(".ipynb"):
        text, notes = _code_of_notebook(text)
    else:
        text, notes = text.lstrip("\ufeff"), []
        if re.search(r"^\s*(%\w|!\w)", text, re.MULTILINE):
            text = _without_magics(text)
    if not text.strip():
        raise Refused(
            "empty",
            "the file holds no code; a function or class that computes a loss and "
            "its gradient was expected",
        )
    return _tree(text), text, notes


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError as error:
            raise _syntax_refusal(text, error) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise Refused("syntax", f"the file does not parse: {error}", 1) from None


def _syntax_refusal(text: str, error: SyntaxError) -> Refused:
    line = error.lineno
    message = error.msg or ""
    if (
        "Missing parentheses in call to" in message
        or "multiple exception types must be" in message
        or "leading zeros in decimal" in message
        or isinstance(error, TabError)
        or _PYTHON_2.search((error.text or "").split("#")[0])
    ):
        shown = (error.text or "").strip()[:60]
        return Refused(
            "python-2",
            f"this is Python 2, and Python 3 was expected: line {line} reads "
            f"{shown!r}. Convert the file (`python -m lib2to3 -w FILE`, or `2to3`), "
            "and check it again",
            line,
        )
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:60] if line and line <= len(lines) else ""
    return Refused(
        "syntax",
        f"the file does not parse: {message} at line {line}, {shown!r}. Mend that "
        "line (`python -m py_compile FILE` shows the place) and check it again",
        line,
    )


def _code_of_notebook(text: str) -> tuple[str, list[str]]:
    """Join the code cells that parse; each keeps its lines."""
    try:
        book = json.loads(text)
        cells = book.get("cells")
        if cells is None:
            cells = [c for sheet in book["worksheets"] for c in sheet["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(
            "not-a-notebook",
            "the file is called .ipynb but is not a notebook; JSON with a list of "
            "cells was expected: save it again from Jupyter",
        ) from None
    kept, failed, first = [], 0, None
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        code = cell.get("source", cell.get("input", ""))
        code = "".join(code) if isinstance(code, list) else str(code)
        code = _without_magics(code)
        try:
            _tree(code)
        except Refused as refusal:
            failed, first = failed + 1, first or refusal
            continue
        kept.append(code.rstrip("\n"))
    if not kept and first is not None:
        raise first
    notes = [f"{failed} cells of the notebook do not parse and were left out"]
    return "\n\n".join(kept) + "\n", notes if failed else []


def _without_magics(code: str) -> str:
    """Blank out IPython's magics and shell lines, keeping the number of lines."""
    if re.match(r"\s*%%(?!time|capture|timeit|prun)", code):
        return "\n" * code.count("\n")
    lines = []
    for line in code.split("\n"):
        bare = line.strip()
        magic = bare.startswith(("%", "!", "?")) or re.match(r"[\w.]+\?\??$", bare)
        lines.append(line[: len(line) - len(line.lstrip())] + "pass" if magic else line)
    return "\n".join(lines)
