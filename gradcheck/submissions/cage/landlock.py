"""Landlock: which files a process may touch, whatever its user may do."""

import contextlib
import ctypes
import os
import stat
import struct

from . import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every machine
_PATH_BENEATH = 1
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE = 1 << 4 | 1 << 5
_MAKE = 1 << 7 | 1 << 8 | 1 << 12  # folders, files, links; no devices, pipes, sockets
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL


def version() -> int:
    """Version of Landlock that this kernel offers; 0 without it."""
    try:
        return kernel.call("syscall", _CREATE, None, 0, 1)
    except OSError:
        return 0


def handled(abi: int) -> tuple[int, int, int]:
    """Rights that a version can refuse: on files, on the network, on others."""
    files = (1 << 13) - 1
    for since, right in ((2, 13), (3, 14), (5, 15)):
        files |= (1 << right) if abi >= since else 0
    return files, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0


class Rule:
    """What may be done below one place; made once, used in many processes.

    Parameters
    ----------
    path : str
        A file or folder.
    rights : int
        For a folder; a file takes those of them that files have.
    """

    def __init__(self, path: str, rights: int) -> None:
        self.place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(self.place).st_mode):
            rights &= _ON_FILES
        packed = struct.pack("<Qi", rights, self.place)
        self.attributes = ctypes.create_string_buffer(packed, len(packed))


def reading(paths: list[str]) -> list[Rule]:
    """Make the rules for what may be read; a path that does not exist has none."""
    rules = []
    for path in paths:
        with contextlib.suppress(OSError):
            rules.append(Rule(path, _READ | _LIST))
    return rules


def restrict(readable: list[Rule], scratch: str) -> None:
    """Let this process read what is named and write to `scratch`; nothing else.

    Parameters
    ----------
    readable : list of Rule
        See `reading`.
    scratch : str
        The folder for everything else.
    """
    abi = version()
    if not abi:
        raise OSError("landlock: not offered by this kernel")
    _restrict(abi, readable, scratch)


def _restrict(  # pragma: no cover - for good, so in a child
    abi: int, readable: list[Rule], scratch: str
) -> None:
    files, network, scope = handled(abi)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    packed = struct.pack("<3Q", files, network, scope)[:size]
    attributes = ctypes.create_string_buffer(packed, size)
    ruleset = kernel.call("syscall", _CREATE, attributes, size, 0)
    devices = [Rule(path, _READ | _WRITE) for path in ("/dev/null", "/dev/urandom")]
    everything = _READ | _WRITE | _LIST | _REMOVE | _MAKE | _TRUNCATE
    for rule in (*readable, *devices, Rule(scratch, everything & files)):
        _add(ruleset, rule.attributes)
    kernel.control(kernel.NO_NEW_PRIVS, 1)
    kernel.call("syscall", _RESTRICT, ruleset, 0)


def _add(  # pragma: no cover - in a child
    ruleset: int, attributes: ctypes.Array[ctypes.c_char]
) -> None:
    """Add a rule: two hundred times a submission, so without ceremony."""
    if kernel.LIBC.syscall(_ADD, ruleset, _PATH_BENEATH, attributes, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"landlock: {os.strerror(number)}")
