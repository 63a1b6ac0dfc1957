"""The one folder that a submission may write to: measured while it runs, then removed.

Neither function recurses: three thousand folders in each other are a short script.
"""

import contextlib
import os

LIMIT_BYTES, ENTRIES, DEPTH = 64 << 20, 2048, 32


def measure(folder: str) -> bool:
    """Whether the folder holds no more than it may: bytes, entries, depth."""
    size = entries = 0
    waiting = [(folder, 0)]
    while waiting:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as found:
                for entry in found:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
                    else:
                        with contextlib.suppress(OSError):
                            facts = entry.stat(follow_symlinks=False)
                            size += facts.st_blocks * 512
                    if entries > ENTRIES or size > LIMIT_BYTES:
                        return False
        except OSError:
            continue
        if depth > DEPTH:
            return False
    return True


def clear(folder: str) -> None:
    """Remove a folder and all that is in it, however deep; links are not followed."""
    try:
        here = _open(folder)
    except OSError:
        return
    inside: list[str] = []
    try:
        while True:
            child = _empty(here)
            if child is not None:
                inside.append(child)
                here = _move(here, child)
                continue
            if not inside:
                break
            here = _move(here, "..")
            os.rmdir(inside.pop(), dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(folder)


def _empty(here: int) -> str | None:
    """Remove the files of a folder; the name of a folder in it, or None."""
    for name in os.listdir(here):
        try:
            os.unlink(name, dir_fd=here)
        except (IsADirectoryError, PermissionError):
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=here)
                continue
            os.chmod(name, 0o700, dir_fd=here)
            return name
    return None


def _move(here: int, name: str) -> int:
    try:
        return _open(name, here)
    finally:
        os.close(here)


def _open(name: str, here: int | None = None) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
