"""Which submissions there are, and which file of each is to be checked."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from glob import glob
from itertools import chain
from pathlib import Path

from gradcheck.errors import GradcheckError
from gradcheck.grading.archive import extract

SUFFIXES = (".py", ".ipynb")
_SKIPPED = {"__MACOSX", "__pycache__", "node_modules", "venv", "site-packages"}
_NOT_HOMEWORK = ("__init__.py", "setup.py", "conftest.py", "test_*.py", "*_test.py")
_DEPTH, _ENTRIES = 6, 5_000  # how far into a submission's folder is looked


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission as it was found.

    Attributes
    ----------
    name : str
        File or folder, as it was handed in.
    path : Path or None
        The file to check; None where there is none.
    problem : str
        Why there is none, in a sentence; or empty.
    shown : str
        The file as reports call it: the name, and where in the folder it lies.
    """

    name: str
    path: Path | None
    problem: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """The submissions of a class, and notes on what was left out."""

    submissions: tuple[Submission, ...]
    notes: tuple[str, ...] = ()


def collect(
    source: str, *, workspace: Path, pattern: str = "", single: bool = False
) -> Collection:
    """Find the submissions in a folder, a zip file or a glob.

    Parameters
    ----------
    source : str
        A folder or zip file with one file or folder a submission; a glob that matches
        the submissions; or one file.
    workspace : Path
        An empty folder, where archives are unpacked.
    pattern : str, optional
        Name or glob of the file to check where a submission is a folder. By default
        the file name that most folders share and whose content differs.
    single : bool, default=False
        Whether `source` as a whole is one submission.

    Raises
    ------
    GradcheckError
        If there is no such source, or nothing to check in it.
    """
    notes: list[str] = []
    path = Path(source)
    if path.is_dir() or (path.is_file() and path.suffix.lower() == ".zip"):
        root = _unpacked(path, workspace / "class", notes) if path.is_file() else path
        entries = [root] if single else _children(_inner(root))
        base = root if single else _inner(root)
    elif path.is_file():
        entries, base = [path], path.parent
    else:
        entries = [Path(match) for match in sorted(glob(source, recursive=True))]
        base = (
            Path(os.path.commonpath([e.parent for e in entries])) if entries else path
        )
    if not entries:
        raise GradcheckError(
            f"{source}: nothing to check there; there should be a folder or zip file "
            "with one .py or .ipynb file, or one folder, a submission"
        )
    found = list(_submissions(entries, base, workspace, pattern, notes))
    if not found:
        raise GradcheckError(f"{source}: {len(entries)} files, but none .py or .ipynb")
    return Collection(tuple(found), tuple(notes))


def _submissions(
    entries: Iterable[Path], base: Path, workspace: Path, pattern: str, notes: list[str]
) -> Iterator[Submission]:
    """Yield the entries that are submissions, in order."""
    folders: dict[str, tuple[Path, list[Path]]] = {}
    made: list[Submission | str] = []
    for entry in entries:
        name = _display(entry, base)
        if not _within(entry, base):
            problem = "is a link that leads out of the folder; it was not followed"
            made.append(Submission(name, None, f"{name} {problem}"))
        elif entry.is_dir() or entry.suffix.lower() == ".zip":
            folder, problem = entry, ""
            if entry.is_file():
                folder, problem = _nested(entry, workspace / f"{len(made)}", notes)
            if problem:
                made.append(Submission(name, None, problem))
                continue
            folders[name] = folder, sorted(_candidates(folder))
            made.append(name)
        elif entry.suffix.lower() in SUFFIXES:
            made.append(Submission(name, entry, shown=name))
        else:
            notes.append(f"{name} is neither .py nor .ipynb and is left out")
    varied = _varied_names(files for _, files in folders.values())
    for item in made:
        if isinstance(item, Submission):
            yield item
        else:
            folder, files = folders[item]
            chosen = _choose(item, files, pattern, varied)
            if chosen.path is not None:
                inside = _display(chosen.path, folder)
                chosen = replace(chosen, shown=f"{item}/{inside}")
            yield chosen


def _choose(
    name: str, files: Sequence[Path], pattern: str, varied: Counter[str]
) -> Submission:
    """Pick the file to check from a submission's folder, or say why none."""
    if not files:
        return Submission(name, None, f"{name}: no .py or .ipynb file in it")
    wanted = [f for f in files if not pattern or _matches(f, pattern)]
    if not wanted:
        there = ", ".join(sorted({f.name for f in files})[:5])
        return Submission(name, None, f"{name}: no file {pattern} in it; found {there}")
    if len(wanted) > 1:
        depth = min(len(f.parts) for f in wanted) if pattern else 0
        most = max(varied[f.name] for f in wanted)
        wanted = [
            f
            for f in wanted
            if (len(f.parts) == depth if pattern else varied[f.name] == most)
        ]
    if len(wanted) > 1:
        there = ", ".join(sorted({f.name for f in wanted})[:5])
        text = f"{name}: {len(wanted)} files could be it ({there}); say which: --file"
        return Submission(name, None, text)
    return Submission(name, wanted[0])


def _varied_names(folders: Iterable[Sequence[Path]]) -> Counter[str]:
    """Count, by file name, how many different contents the class handed in.

    What a course hands out is the same in every folder; homework differs.
    """
    contents: dict[str, set[bytes]] = defaultdict(set)
    folders = list(folders)
    if any(len(files) > 1 for files in folders):
        for file in chain.from_iterable(folders):
            contents[file.name].add(digest(file))
    return Counter({name: len(different) for name, different in contents.items()})


def digest(path: Path, *, limit: int = 64 << 20) -> bytes:
    """Return a hash of a file's first `limit` bytes and its size; or of nothing."""
    hashed = hashlib.sha256()
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashed.update(str(size).encode())
            while limit > 0 and (chunk := file.read(min(1 << 20, limit))):
                hashed.update(chunk)
                limit -= len(chunk)
    except OSError as error:
        hashed.update(str(error.errno).encode())
    return hashed.digest()


def _candidates(folder: Path) -> Iterator[Path]:
    """Yield the files of a submission's folder that may be its homework."""
    left, top = _ENTRIES, len(folder.parts)
    for here, folders, files in os.walk(folder):
        at = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if not _skipped(name) and len(at.parts) - top < _DEPTH
        )
        left -= len(files)
        if left < 0:
            return
        for name in files:
            path = at / name
            if (
                path.suffix.lower() in SUFFIXES
                and not _skipped(name)
                and not any(fnmatch(name, never) for never in _NOT_HOMEWORK)
                and _within(path, folder)
                and path.is_file()
            ):
                yield path


def _matches(path: Path, pattern: str) -> bool:
    return fnmatch(path.name, pattern) or path.match(pattern)


def _children(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not _skipped(p.name))


def _inner(folder: Path) -> Path:
    """Go down through folders that hold one folder and nothing else."""
    for _ in range(_DEPTH):
        children = _children(folder)
        if len(children) != 1 or not children[0].is_dir() or children[0].is_symlink():
            break
        folder = children[0]
    return folder


def _skipped(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED


def _within(path: Path, folder: Path) -> bool:
    """Return whether a path, its links followed, stays within a folder."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False


def _display(path: Path, base: Path) -> str:
    """Return a name that can be written anywhere, whatever bytes the file's has."""
    name = path.relative_to(base) if path != base else Path(path.resolve().name)
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _unpacked(archive: Path, folder: Path, notes: list[str]) -> Path:
    folder.mkdir(parents=True)
    notes += extract(archive, folder)
    return folder


def _nested(archive: Path, folder: Path, notes: list[str]) -> tuple[Path, str]:
    """Unpack the archive of one student, whose fault stays the student's."""
    try:
        return _unpacked(archive, folder, notes), ""
    except GradcheckError as error:
        return folder, str(error)
