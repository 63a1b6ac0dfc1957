"""Walls that the Linux kernel puts up, through the C library: users, namespaces, root.

Each function does one thing to the calling process, or raises OSError naming it.
"""

import contextlib
import ctypes
import os
import platform
import struct

LIBC = ctypes.CDLL(None, use_errno=True)

PDEATHSIG, DUMPABLE, KEEPCAPS, SECCOMP, SUBREAPER, NO_NEW_PRIVS = 1, 4, 8, 22, 36, 38
_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _REC, _PRIVATE = 32, 4096, 16384, 1 << 18
_LOCKED = _NOSUID | _NODEV | _NOEXEC | 1024 | 2048  # as statvfs numbers them
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_READ_SEARCH = 1 << 2  # CAP_DAC_READ_SEARCH
_CAPS_VERSION = 0x20080522
_ROOT = "/proc"  # exists everywhere, and nothing in it is shown


def call(
    name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None
) -> int:
    """Call a function of the C library; OSError with its name where it returns -1."""
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = getattr(LIBC, name)(*converted)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def control(option: int, value: int) -> None:
    """Set one of the process's own options: ``prctl(option, value)``."""
    call("prctl", option, value, 0, 0, 0)


def enter_namespaces() -> None:
    """Leave the machine's processes, network, mounts, IPC and name behind.

    Children are in the new process namespace, the caller itself is not. An ordinary
    user needs a user namespace for it, and keeps the ids of before in there.
    """
    uid, gid = os.getuid(), os.getgid()
    flags = _NEWPID | _NEWNET | _NEWNS | _NEWIPC | _NEWUTS
    call("unshare", flags | (_NEWUSER if uid else 0))
    if uid:
        for file, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{file}", "w", encoding="utf-8") as stream:
                stream.write(text)


def build_root(
    folders: list[str], hidden: list[str], libraries: list[str], scratch: str
) -> None:
    """Build a root in place of ``/proc``; `enter_root` completes it.

    Parameters
    ----------
    folders, libraries : list of str
        Folders and files to show, read-only, in that order.
    hidden : list of str
        Folders inside of `folders` to show empty; `libraries` come on top of them.
    scratch : str
        Where a writable folder of 64 MB is to be, gone with the last process.
    """
    call("mount", None, b"/", None, _REC | _PRIVATE, None)
    call("mount", b"tmpfs", _ROOT.encode(), b"tmpfs", _NOSUID | _NODEV, b"mode=755")
    _show_all(folders, hidden, libraries)
    for path in ("/dev/null", "/dev/urandom"):
        _show(path)
    os.makedirs(_ROOT + scratch)
    options = b"size=64m,nr_inodes=2048,mode=1777"
    place = os.fsencode(_ROOT + scratch)
    call("mount", b"tmpfs", place, b"tmpfs", _NOSUID | _NODEV, options)


def enter_root(
    roots: list[str], hidden: list[str], libraries: list[str], scratch: str
) -> None:
    """Show `roots` too, make the root that `build_root` built the only one, enter it.

    What is hidden and shown in there holds inside of `roots` as well. Every process
    in the mount namespace is moved.
    """
    own = [root for root in roots if not any(_below(root, path) for path in hidden)]
    inside = [path for path in hidden if any(_below(path, root) for root in own)]
    on_top = [path for path in libraries if any(_below(path, root) for root in own)]
    _show_all(own, inside, on_top)
    os.chdir(_ROOT)
    call("mount", None, b".", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV, None)
    call("syscall", _PIVOT_ROOT[platform.machine()], b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir(scratch)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _show_all(folders: list[str], hidden: list[str], libraries: list[str]) -> None:
    for path in folders:
        _show(path)
    for path in hidden:
        if os.path.isdir(_ROOT + path):
            options, place = b"size=64k,mode=755", os.fsencode(_ROOT + path)
            call("mount", b"tmpfs", place, b"tmpfs", _NODEV, options)
    for path in libraries:
        _show(path)


def _show(path: str) -> None:
    """Bind a file or folder to its place in the new root, read-only."""
    place = _ROOT + path
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    elif os.path.exists(path):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(place, os.O_CREAT | os.O_EXCL, 0o644))
    else:
        return
    call("mount", os.fsencode(path), os.fsencode(place), None, _BIND, None)
    flags = _REMOUNT | _BIND | _RDONLY | (os.statvfs(place).f_flag & _LOCKED)
    call("mount", None, os.fsencode(place), None, flags, None)


def drop_user(uid: int) -> bool:
    """Become a user that owns nothing, if the caller is root, and give rights up.

    Root keeps the right to read: an interpreter below a private home could not be
    imported otherwise. The walls name what may be read.

    Returns
    -------
    bool
        Whether the process has the user id `uid` now.
    """
    changed, rights = False, 0
    if os.geteuid() == 0:
        control(KEEPCAPS, 1)
        with contextlib.suppress(OSError):  # a container may map no such id
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            changed, rights = True, _READ_SEARCH
    keep_rights(rights)
    return changed


def keep_rights(rights: int) -> None:
    """Give up every capability that is not in `rights`."""
    header = ctypes.create_string_buffer(struct.pack("<Ii", _CAPS_VERSION, 0))
    sets = struct.pack("<6I", rights, rights, 0, 0, 0, 0)
    data = ctypes.create_string_buffer(sets)
    try:
        call("capset", header, data)
    except OSError:  # a right that was not there cannot be kept
        call("capset", header, ctypes.create_string_buffer(bytes(len(sets))))


def seal() -> None:
    """Die with the keeper, gain no rights, and be opaque to others of this user."""
    control(PDEATHSIG, 9)
    control(NO_NEW_PRIVS, 1)
    control(DUMPABLE, 0)
