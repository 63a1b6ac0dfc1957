"""Reads a file that nobody should trust, and says in a sentence why it cannot.

Nothing is parsed here: a megabyte of brackets costs the parser seven hundred megabytes,
and that is the child's memory to lose, not the judge's.
"""

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from gradcheck.submissions.problems import UnreadableError, printable

PYTHON_LIMIT = 1024 * 1024
NOTEBOOK_LIMIT = 32 * 1024 * 1024
"""Most bytes of a source; a notebook carries its pictures with it."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_IMPORTS = re.compile(rb"^[ \t\"]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.M)
_DOTS = re.compile(rb"^[ \t\"]*from[ \t]+(\.{2,})", re.M)
_ABOVE = 3
"""Folders above a file's own in which what it imports is looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a submission and where they came from.

    Attributes
    ----------
    path : Path
        As it was given.
    data : bytes
        The whole file.
    """

    path: Path
    data: bytes

    @property
    def name(self) -> str:
        """The file's name, fit for a message."""
        return shown(self.path)

    @property
    def lines(self) -> int:
        """How many lines the file has; an empty last one counts."""
        return self.data.count(b"\n") + 1


def shown(path: Path) -> str:
    """Give a path's last part without what a terminal or a page would obey."""
    return printable(path.name or str(path), limit=100).replace("\n", "")


def read_source(path: str | os.PathLike[str], *, within: Path | None = None) -> Source:
    """Read a file whole, without waiting for it and without running it.

    Parameters
    ----------
    path : path-like
        A Python file or a notebook.
    within : Path, optional
        A folder that links must not lead out of: a submission that is a link to a
        private file would be quoted in its own report.

    Raises
    ------
    UnreadableError
        No regular file, too large, out of `within`, or not text in UTF-8.
    """
    path = Path(path)
    target = path
    if within is not None:
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(within)):
            raise UnreadableError(
                shown(path),
                "link-outside",
                "is a link that leads out of the folder of submissions; "
                "put the file itself there",
            )
    data = _read(path, target, follow=within is None)
    _refuse_other_text(path, data)
    return Source(path, data)


def readable_roots(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Folders that the imports of a submission may need: its own, its package's.

    The package root is the first folder upwards that is not itself a package.
    """
    folder = Path(os.path.realpath(path)).parent
    if folder.parent == folder:
        return ()  # not the whole machine
    root = folder
    while (root / "__init__.py").is_file() and root.parent != root:
        root = root.parent
    return (folder,) if root == folder else (folder, root)


def roots_of(source: Source) -> tuple[Path, ...]:
    """Folders and files that a submission may read: `readable_roots`, and its imports.

    ``from course.layers import *`` in ``course/models/net.py`` means the folder
    ``course``, with or without an ``__init__.py``, and so does ``from ..layers import
    *``. Where it extends `sys.path` by its parent's folder, all of that. Only text is
    looked at.
    """
    head = source.data[:20_000]
    folder = Path(os.path.realpath(source.path)).parent
    found = list(readable_roots(source.path))
    up = max((len(m) - 1 for m in _DOTS.findall(head)), default=0)
    if not up and re.search(rb"sys\.path\.(append|insert)\([^)]*(pardir|\.\.)", head):
        up = 1
    if 0 < up <= _ABOVE and len(folder.parents) > up:  # not the whole machine
        found.append(folder.parents[up - 1])
    named = {m.decode() for m in _IMPORTS.findall(head)} - sys.stdlib_module_names
    for above in folder.parents[:_ABOVE]:
        if above.parent == above:
            break
        for name in sorted(named):
            module = above / f"{name}.py"
            found += [
                p for p in (above / name, module)
                if _holds_python(p) and not any(map(p.is_relative_to, found))
            ]  # fmt: skip
    return tuple(found)


def _holds_python(path: Path) -> bool:
    """Whether a path is a Python file, or a folder with some in it."""
    if path.suffix == ".py":
        return path.is_file()
    return path.is_dir() and any(path.glob("*.py"))


def _read(path: Path, target: Path, *, follow: bool) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    flags |= getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(target, flags)
    except (OSError, ValueError) as error:
        raise UnreadableError(shown(path), *_why_not(target, error)) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(shown(path), "not-a-file", _kind(found.st_mode))
        notebook = path.suffix.lower() == ".ipynb"
        limit = NOTEBOOK_LIMIT if notebook else PYTHON_LIMIT
        data = b""
        if found.st_size <= limit:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise UnreadableError(shown(path), *_unopened(error)) from None
    finally:
        os.close(descriptor)
    if found.st_size > limit or len(data) > limit:
        raise UnreadableError(
            shown(path),
            "too-large",
            f"has {max(found.st_size, len(data)):,} bytes, but a submission has at "
            f"most {limit:,}; hand in the source alone, without data in it",
        )
    return data


def _why_not(target: Path, error: Exception) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return "not-found", "does not exist; check the path"
    if isinstance(error, PermissionError):
        return "not-readable", "may not be read; check its permissions"
    try:
        return "not-a-file", _kind(os.stat(target).st_mode)
    except (OSError, ValueError):
        return _unopened(error)


def _unopened(error: Exception) -> tuple[str, str]:
    words = getattr(error, "strerror", None) or str(error)
    return "not-readable", f"cannot be opened ({words.lower()}); check the path"


def _kind(mode: int) -> str:
    kind = next((words for test, words in _KINDS if test(mode)), "no regular file")
    return f"is {kind}, but should be a Python file or a notebook"


def _refuse_other_text(path: Path, data: bytes) -> None:
    if data.startswith(_UTF16):
        words = "is text in UTF-16, but should be UTF-8; save it again with that"
        raise UnreadableError(shown(path), "encoding", f"{words} encoding")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        words = "holds a NUL byte, which no Python source does; hand in the .py file"
        raise UnreadableError(shown(path), "not-text", words, line)
