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
    """Remove a folder and all that is in it, however deep; links are not followed.

    Changes the working directory of the process.
    """
    try:
        _enter(folder)
    except OSError:
        return
    inside: list[str] = []
    while True:
        child = _empty()
        if child is not None:
            _enter(child)
            inside.append(child)
            continue
        os.chdir("..")
        if not inside:
            break
        os.rmdir(inside.pop())
    os.rmdir(folder)


def _empty() -> str | None:
    """Remove the files of the working directory; a folder in it, or None."""
    for name in os.listdir("."):
        try:
            os.unlink(name)
        except (IsADirectoryError, PermissionError):
            with contextlib.suppress(OSError):
                os.rmdir(name)
                continue
            os.chmod(name, 0o700)
            return name
    return None


def _enter(name: str) -> None:
    place = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchdir(place)
    finally:
        os.close(place)
