"""Limits that every POSIX system knows: time, memory, files, processes."""

import contextlib
import os
from types import ModuleType
from typing import Any

resource: ModuleType | None
try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None

MB = 1024 * 1024
DESCRIPTORS = 64
FILE_MB = 16
THREADS = 64


def address_space() -> int:
    """Bytes of address space that this process occupies now; 0 if unknown."""
    try:
        with open("/proc/self/statm", encoding="utf-8") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def threads_of_machine() -> int:
    """Threads that exist now, whoever they belong to; 4096 if unknown."""
    try:
        with open("/proc/loadavg", encoding="utf-8") as file:
            return threads_in(file.read())
    except OSError:
        return 4096


def threads_in(loads: str) -> int:
    """Read the number of threads in what ``/proc/loadavg`` says; 4096 if unknown."""
    try:
        return int(loads.split()[3].partition("/")[2])
    except (ValueError, IndexError):
        return 4096


def die_first() -> None:
    """Be the first process to go where the machine runs out of memory."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def wanted(
    job: dict[str, Any], *, base: int, threads: int
) -> dict[str, tuple[int, int]]:
    """Table of limits for a job: the name in `resource`, soft and hard.

    Parameters
    ----------
    job : dict
        ``memory_mb`` on top of what the interpreter occupies, ``cpu`` in seconds.
    base : int
        Bytes that it occupies.
    threads : int
        That the user may have already: they are counted by user.
    """
    memory = base + job["memory_mb"] * MB
    cpu = int(job["cpu"]) + 1
    return {
        "RLIMIT_CPU": (cpu, cpu + 1),
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_NPROC": (threads + THREADS, threads + THREADS),
        "RLIMIT_NOFILE": (DESCRIPTORS, DESCRIPTORS),
        "RLIMIT_FSIZE": (FILE_MB * MB, FILE_MB * MB),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_MEMLOCK": (0, 0),
        "RLIMIT_MSGQUEUE": (0, 0),
    }


def impose(table: dict[str, tuple[int, int]]) -> None:
    """Set the limits for this process; one that the system lacks is skipped."""
    if resource is None:  # pragma: no cover - Windows
        return
    for name, (soft, hard) in table.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        old = resource.getrlimit(which)[1]
        if old != resource.RLIM_INFINITY:
            soft, hard = min(soft, old), min(hard, old)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(which, (soft, hard))
    os.umask(0o077)
