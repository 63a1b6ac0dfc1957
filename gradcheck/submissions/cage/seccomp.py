"""Seccomp: which system calls a process may make. A table, and the program for it.

A submission can make threads and no processes, which is what makes limits that are
counted by process complete, and what makes leftovers impossible.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from typing import NamedTuple

from . import kernel

_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _GREATER = 0x15, 0x25
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
_X32 = 0x3FFFFFFF
LAST_KNOWN, CLONE3 = 470, 435
ANY = 0x7E57AB1E
"""Stands for the process's own number in a program made before it exists."""

_COLUMN = {"x86_64": 0, "aarch64": 1}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def _table(text: str) -> dict[str, tuple[int | None, int | None]]:
    """Read ``name x86_64 aarch64`` entries; a dash where the machine lacks the call."""
    found = {}
    for line in text.strip().splitlines():
        for entry in line.split(", ") if not line.startswith("#") else ():
            name, *numbers = entry.split()
            first, second = (None if n == "-" else int(n) for n in numbers)
            found[name] = (first, second)
    return found


REFUSED = _table("""
# programs and processes; clone and clone3 are looked at below
fork 57 -, vfork 58 -
execve 59 221, execveat 322 281
# the network, and handing descriptors to others
socket 41 198, socketpair 53 199, connect 42 203
bind 49 200, listen 50 201, accept 43 202
accept4 288 242, sendmsg 46 211, sendmmsg 307 269
# signals to others, and into other processes
tkill 200 130, rt_sigqueueinfo 129 138
rt_tgsigqueueinfo 297 240, pidfd_send_signal 424 424
pidfd_open 434 434, pidfd_getfd 438 438
ptrace 101 117, process_vm_readv 310 270
process_vm_writev 311 271, process_madvise 440 440
process_mrelease 448 448, kcmp 312 272
migrate_pages 256 238, move_pages 279 239
setpriority 141 140, ioprio_set 251 30
sched_setparam 142 118, sched_setscheduler 144 119
sched_setaffinity 203 122, sched_setattr 314 274
setpgid 109 154, setsid 112 157
# namespaces and mounts
unshare 272 97, setns 308 268, mount 165 40
umount2 166 39, pivot_root 155 41, chroot 161 51
open_tree 428 428, move_mount 429 429, fsopen 430 430
fsconfig 431 431, fsmount 432 432, fspick 433 433
mount_setattr 442 442, open_tree_attr 467 467
# what Landlock does not see
chmod 90 -, fchmod 91 52, fchmodat 268 53
fchmodat2 452 452, chown 92 -, fchown 93 55
lchown 94 -, fchownat 260 54, utime 132 -
utimes 235 -, futimesat 261 -, utimensat 280 88
setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7
removexattr 197 14, lremovexattr 198 15
fremovexattr 199 16, setxattrat 463 463
removexattrat 466 466, file_setattr 469 469
truncate 76 45, open_by_handle_at 304 265
# what outlives a process, or hides memory from its limit
shmget 29 194, shmat 30 196, shmctl 31 195
semget 64 190, semop 65 193, semctl 66 191
msgget 68 186, msgsnd 69 189, msgrcv 70 188
msgctl 71 187, semtimedop 220 192
mq_open 240 180, mq_unlink 241 181
memfd_create 319 279, memfd_secret 447 447
add_key 248 217, request_key 249 218, keyctl 250 219
# wide doors of the kernel
io_uring_setup 425 425, io_uring_enter 426 426
io_uring_register 427 427, bpf 321 280
perf_event_open 298 241, userfaultfd 323 282
personality 135 92, syslog 103 116, uselib 134 -
""")
"""By name, the numbers on x86_64 and on aarch64 of what is refused altogether."""

WATCHED = _table("""
clone 56 220, kill 62 129
tgkill 234 131, fcntl 72 25, ioctl 16 29
prctl 157 167, prlimit64 302 261
open 2 -, openat 257 56
""")
"""Numbers of what is refused for some of its arguments."""


class Rule(NamedTuple):
    """Refuse a call if an argument, masked, is among the values; or if it is not."""

    name: str
    argument: int
    mask: int
    values: tuple[int, ...]
    among: bool = True


def rules(pid: int) -> tuple[Rule, ...]:
    """Rules on arguments for the process `pid`, as it sees its own number."""
    every = 0xFFFFFFFF
    truncating = 0o1003, (0o1000,)  # O_TRUNC without the right to write
    return (
        Rule("clone", 0, 0x10000, (0,)),  # threads only
        Rule("kill", 0, every, (pid,), among=False),
        Rule("tgkill", 0, every, (pid,), among=False),
        Rule("fcntl", 1, every, (8, 10, 15)),  # signals to the owner of a file
        Rule("ioctl", 1, every, (0x8901, 0x8902, 0x5412)),  # likewise; typing
        Rule("prctl", 0, every, (1, 4, 36)),  # what `kernel.seal` has set
        Rule("prlimit64", 0, every, (0,), among=False),
        Rule("open", 1, *truncating),
        Rule("openat", 2, *truncating),
    )


def program(machine: str, pid: int) -> bytes:
    """Write the filter for a machine, 8 bytes an instruction.

    Raises
    ------
    OSError
        The machine's numbers are not known.
    """
    if machine not in _COLUMN:
        raise OSError(f"seccomp: no table for {machine}")
    column = _COLUMN[machine]
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),  # a foreign way to call has other numbers
        (_LOAD, 0, 0, _NR),
        (_GREATER, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
        *_if(_GREATER, LAST_KNOWN, errno.ENOSYS),
        *_if(_EQUAL, CLONE3, errno.ENOSYS),  # the C library takes clone then
    ]
    for numbers in REFUSED.values():
        if (number := numbers[column]) is not None:
            code += _if(_EQUAL, number, errno.EPERM)
    for rule in rules(pid):
        number = WATCHED[rule.name][column]
        if number is not None:
            code += _look_at(number, rule)
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def install(prepared: bytes) -> None:  # pragma: no cover - for good, so in a child
    """Put a filter over the calling process; it cannot be taken off again.

    Parameters
    ----------
    prepared : bytes
        `program` for the process `ANY`.
    """
    code = prepared.replace(struct.pack("<I", ANY), struct.pack("<I", os.getpid()))
    instructions = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    pointer = ctypes.create_string_buffer(header, len(header))
    kernel.control(kernel.NO_NEW_PRIVS, 1)
    kernel.call("prctl", kernel.SECCOMP, 2, pointer, 0, 0)


def machine() -> str:
    """Name of this machine; of none where Python itself is a 32-bit program."""
    return platform.machine() if struct.calcsize("P") == 8 else "32 bit"


def _if(test: int, value: int, number: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, _REFUSE | number)]


def _look_at(number: int, rule: Rule) -> Sequence[tuple[int, int, int, int]]:
    """Decide on a call by one argument; the number is loaded before and stays so."""
    count = len(rule.values)
    tests = [(_EQUAL, count - i, 0, value) for i, value in enumerate(rule.values)]
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    no_match, match = (allow, refuse) if rule.among else (refuse, allow)
    body = [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * rule.argument),
        (_AND, 0, 0, rule.mask),
        *tests,
        no_match,
        match,
    ]
    return [(_EQUAL, 0, len(body), number), *body]
