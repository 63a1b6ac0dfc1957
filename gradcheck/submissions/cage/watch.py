"""What a submission may import, and which libraries it asked for by name.

The kernel's walls withhold; this gives them their words. Where there are no walls (the
tier `minimal`) the audit hook refuses too, which stops what is written in Python.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

AUTODIFF = frozenset(
    {
        *("torch", "tensorflow", "keras", "jax", "jaxlib", "flax", "autograd"),
        *("theano", "pytensor", "aesara", "mxnet", "paddle", "chainer", "tinygrad"),
        *("mindspore", "casadi", "numdifftools", "sympy", "algopy", "gradcheck"),
    }
)
"""Libraries that differentiate by themselves, and the reference solution."""

_REFUSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.kill",
    "os.startfile",
    "pty.",
    "fcntl.",
    "ctypes.dl",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Shelf:
    """Finds the few libraries that a submission may have; all others are absent."""

    def __init__(self, libraries: Mapping[str, str]) -> None:
        self.libraries = dict(libraries)

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a library by its top-level name in the folder named for it."""
        if path is None and name in self.libraries:
            return PathFinder.find_spec(name, [self.libraries[name]], target)
        return None


Hook = Callable[[str, tuple[Any, ...]], None]


def importing(notes: dict[str, Any]) -> Hook:
    """Make the hook that writes into ``notes["autodiff"]`` what is imported by name."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "import":
            root = str(args[0]).partition(".")[0]
            seen = notes.setdefault("autodiff", [])
            if root in AUTODIFF and root not in seen:
                seen.append(root)

    return hook


def leaving(readable: Iterable[str], writable: str) -> Hook:
    """Make the hook that refuses Python code what lies outside of the folders named.

    For `sys.addaudithook`: it cannot be taken off again. Code that is not Python passes
    under it.
    """
    inside = tuple(os.path.join(os.path.realpath(p), "") for p in readable)
    scratch = os.path.join(os.path.realpath(writable), "")
    harmless = ("/dev/null", "/dev/urandom")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if not isinstance(args[0], (str, bytes)):
                return
            path = os.path.realpath(os.fsdecode(args[0]))
            if path.startswith(scratch) or path in harmless:
                return
            writes = bool(int(args[2] or 0) & _WRITING)
            if writes or not path.startswith(inside):
                raise PermissionError(f"a submission may not open {path!r}")
        elif event.startswith(_REFUSED):
            raise PermissionError(f"a submission may not use {event!r}")

    return hook
