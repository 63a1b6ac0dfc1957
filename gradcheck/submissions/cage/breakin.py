"""A submission that tries to get out, for `gradcheck doctor`: what gives way, is open.

The attempts go through the C library: what only stops Python stops nobody.
"""

import ctypes
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernel

_AF_UNIX, _AF_INET, _STREAM, _DATAGRAM = 1, 2, 1, 2
Targets = dict[str, Any]

for _name in ("open", "socket", "fork", "execve", "kill", "chmod"):
    getattr(kernel.LIBC, _name)  # looked up now: Python's audit would see it later


def _opens(path: str, flags: int = os.O_RDONLY) -> bool:
    os.close(kernel.call("open", path.encode(), flags, 0o600))
    return True


def _network(_: Targets) -> bool:
    for family in (_AF_INET, _AF_UNIX):
        for kind in (_STREAM, _DATAGRAM):
            os.close(kernel.call("socket", family, kind, 0))
    return True


def _processes(_: Targets) -> bool:
    if kernel.call("fork") == 0:
        os._exit(0)
    os.wait()
    return True


def _programs(_: Targets) -> bool:
    return bool(kernel.call("execve", b"/nonexistent", None, None))


def _signals(targets: Targets) -> bool:
    kernel.call("kill", targets["judge"], 0)
    return True


def _memory(targets: Targets) -> bool:
    return _opens(f"/proc/{targets['judge']}/mem") or _opens("/proc/1/mem")


def _environment(targets: Targets) -> bool:
    return _opens(f"/proc/{targets['judge']}/environ")


def _reading(targets: Targets) -> bool:
    return _opens(targets["secret"])


def _writing(targets: Targets) -> bool:
    return _opens(targets["outside"], os.O_WRONLY | os.O_CREAT)


def _shared_memory(targets: Targets) -> bool:
    path = f"/dev/shm/gradcheck-doctor-{targets['judge']}"
    _opens(path, os.O_WRONLY | os.O_CREAT)
    os.unlink(path)
    return True


def _permissions(targets: Targets) -> bool:
    kernel.call("chmod", targets["secret"].encode(), 0o644)
    return True


def _limits(targets: Targets) -> bool:
    return np.ones((2 * targets["memory_mb"], 131072)).size > 0  # doubles: 1 MB a row


def _reference(targets: Targets) -> bool:
    return _opens(targets["reference"])


ATTEMPTS: dict[str, Callable[[Targets], bool]] = {
    "network": _network,
    "processes": _processes,
    "programs": _programs,
    "signals": _signals,
    "the judge's memory": _memory,
    "the judge's environment": _environment,
    "other files": _reading,
    "the reference": _reference,
    "writing": _writing,
    "shared memory": _shared_memory,
    "permissions": _permissions,
    "memory": _limits,
}
"""By what it is after, each attempt; it returns True, or raises where a wall holds."""


def attempt(targets: Targets) -> dict[str, bool]:
    """Try everything; which walls hold.

    Parameters
    ----------
    targets : dict
        ``judge``, a process id; ``secret``, ``outside``, ``reference``, paths of a file
        to read, of one to make and of one of gradcheck's; ``memory_mb``, the limit.
    """
    held = {}
    for name, break_in in ATTEMPTS.items():
        try:
            held[name] = not break_in(targets)
        except (OSError, MemoryError, ctypes.ArgumentError) as error:
            # only a program that is looked for, and not found, was let through
            held[name] = not (
                name == "programs" and isinstance(error, FileNotFoundError)
            )
    return held
