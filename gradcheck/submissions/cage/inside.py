"""The last steps before the submission's own code: streams, limits, then answers."""

import os
import socket
import sys
from typing import Any

import numpy as np

from . import accused, limits, places, watch


def run(forms: Any, settings: dict[str, Any]) -> None:
    """Be the accused of one job in a process of its own; the role ``inside``.

    Used where processes cannot be forked, and by `gradcheck doctor`.
    """
    job = settings["job"]
    warm_up()
    seen = places.of_python(settings["libraries"], settings["hidden"])
    own = seen.only(job["roots"])
    job["readable"] = seen.one_by_one() + own.one_by_one()
    if "descriptors" in settings:
        channel, out, err = settings["descriptors"]
        streams(out, err)
        line = socket.socket(fileno=channel)
    else:  # pragma: no cover - Windows
        line = _from_windows()
    base, threads = limits.address_space(), limits.threads_of_machine()
    limits.impose(limits.wanted(job, base=base, threads=threads))
    live(forms, job, line)


def warm_up() -> None:
    """Let the linear algebra allocate what it allocates once."""
    square = np.ones((300, 300))
    np.dot(square, square)


def streams(out: int, err: int) -> None:
    """Make the descriptors 0, 1 and 2, and Python's streams on them."""
    null = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((null, 0), (out, 1), (err, 2)):
        os.dup2(old, new)
        os.close(old)
    for name, stream in (
        ("stdin", os.fdopen(0, encoding="utf-8", closefd=False)),
        ("stdout", _writer(1)),
        ("stderr", _writer(2)),
    ):
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def live(forms: Any, job: dict[str, Any], channel: socket.socket) -> None:
    """Answer for the submission, in the scratch folder, until the judge hangs up."""
    notes: dict[str, Any] = {}
    os.chdir(job["scratch"])
    os.environ.update(HOME=job["scratch"], TMPDIR=job["scratch"])
    sys.argv = [job["path"]]
    sys.addaudithook(watch.importing(notes))
    if job["tier"] == "minimal":
        sys.addaudithook(watch.leaving(job["readable"], job["scratch"]))
    try:
        accused.serve(channel, accused.Accused(forms, job["memory_mb"], notes))
        os._exit(0)  # nothing that the submission registered for the end is run
    finally:
        os._exit(70)


def _writer(descriptor: int) -> Any:
    return os.fdopen(
        descriptor,
        "w",
        buffering=1,
        encoding="utf-8",
        errors="backslashreplace",
        closefd=False,
    )


def _from_windows() -> socket.socket:  # pragma: no cover - Windows
    """Take over the channel that the judge has shared through standard input."""
    share = sys.stdin.buffer.read()
    return socket.fromshare(share)  # type: ignore[attr-defined,no-any-return,unused-ignore]
