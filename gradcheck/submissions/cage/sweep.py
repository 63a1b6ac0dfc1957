"""Ends whatever an accused has left behind; nothing in the better tiers."""

import contextlib
import os
import signal


def clean() -> None:
    """End whatever the accused has left behind; nothing in the better tiers."""
    for _ in range(10_000):
        for child in _children():
            with contextlib.suppress(OSError):
                _forbid_children(child)
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(number) for number in file.read().split()]
    except OSError:
        return []


def _forbid_children(pid: int) -> None:
    import resource

    with contextlib.suppress(OSError, AttributeError):
        resource.prlimit(pid, resource.RLIMIT_NPROC, (0, 0))
