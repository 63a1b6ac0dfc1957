"""Submissions that nobody should trust: what each tries, and what must come of it.

Every kind is a few lines put into an honest file: before its loss is computed (`call`),
at its import (`top`) or before it returns (`back`). What comes of it is one of

- ``right``: whatever it tried has failed or does no harm, and the answers are right;
- ``wrong``: numbers came, and they are not those of the honest file;
- a code: the judge has said in a sentence why there is no answer.

An attempt that succeeds raises `BrokeOut`, which is none of these.
"""

from dataclasses import dataclass

HONEST = """
import ctypes, gc, mmap, os, resource, signal, socket, stat, struct, subprocess, sys
import threading, time
import numpy as np

class BrokeOut(Exception): pass

def refused(*calls, errors=(OSError,)):
    for call in calls:
        try:
            result = call()
        except errors:
            continue
        raise BrokeOut(f"{call} returned {result!r}")

def syscall(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(number, *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def channel():
    for number in range(3, 400):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=os.dup(number))
        except OSError:
            pass

def asked():
    frame = sys._getframe()
    while "asked" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["asked"]

def header(kind, length, **change):
    h = asked()
    token = change.get("token", h.token)
    return struct.pack("<4sBBHII16s", b"GCF1", kind, 0, 0, h.sequence, length, token)

CALLS = 0
TOP

def loss_and_grads(params, X, y, reg):
    global CALLS
    CALLS += 1
    W, b = params["W"], params["b"]
    CALL
    loss = 0.5 * reg * (W * W).sum() + b * X.sum()
    grads = {"W": reg * W, "b": X.sum()}
    BACK
    return loss, grads
"""


@dataclass(frozen=True)
class Kind:
    """One thing that a submission may try."""

    name: str
    expected: str
    top: str = ""
    call: str = ""
    back: str = ""
    raw: bytes | None = None
    hangs: bool = False
    crude: bool = False
    """Only behind walls: it would harm whoever runs the tests without them."""

    @property
    def source(self) -> bytes:
        """The file."""
        if self.raw is not None:
            return self.raw
        text = HONEST.replace("TOP", self.top.strip("\n"))
        text = text.replace("    CALL\n", indent(self.call) + "\n")
        return text.replace("    BACK\n", indent(self.back) + "\n").encode()


def indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())


KINDS: list[Kind] = []


def kind(name: str, expected: str, **parts) -> None:
    """Add a kind; names are unique."""
    assert name not in {each.name for each in KINDS}
    KINDS.append(Kind(name, expected, **parts))


from . import (  # noqa: E402 - they add to the list
    channels,
    endings,
    files,
    loops,
    processes,
    values,
)

__all__ = [
    "KINDS",
    "Kind",
    "channels",
    "endings",
    "files",
    "loops",
    "processes",
    "values",
]
