"""Starts the process that a submission runs in, and sees to its end."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gradcheck.errors import GradcheckError
from gradcheck.submissions.cage.scratch import clear

CAGE = Path(__file__).with_name("cage")
FORMS = Path(__file__).with_name("forms")
"""The two folders of code that run in the child, loaded there by path."""

_THREADS = ("OPENBLAS", "OMP", "MKL", "BLIS", "NUMEXPR", "VECLIB_MAXIMUM")
_KEPT = ("LD_LIBRARY_PATH", "SYSTEMROOT")


class WallError(GradcheckError):
    """The walls that were asked for cannot be put up here."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended, as the operating system tells it.

    Attributes
    ----------
    status : int or None
        Exit status; minus the number of the signal; None if unknown.
    why : str
        ``"ended"`` by itself, or ended for ``"time"``, ``"scratch"``, ``"stopped"``.
    """

    status: int | None
    why: str = "ended"


class Child(Protocol):
    """The judge's end of one child."""

    channel: socket.socket
    out: socket.socket
    err: socket.socket
    pid: int

    def stop(self) -> None:
        """End it now, with everything that it has started."""

    def ending(self) -> Ending:
        """Wait until nothing is left of it; how it ended."""

    def close(self) -> None:
        """Stop it and give everything back."""


def environment() -> dict[str, str]:
    """Everything that a child sees of the environment: nothing of the user's own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
        **{f"{library}_NUM_THREADS": "1" for library in _THREADS},
        **kept,
    }


def libraries() -> dict[str, str]:
    """Find the folders in which the libraries lie that a submission may import."""
    found = {}
    for name in ("numpy", "scipy"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            found[name] = os.path.realpath(Path(spec.origin).parents[1])
    return found


def command(told: dict[str, Any]) -> list[str]:
    """Make a child's command line: no site, no user site, nothing of this folder."""
    flags = ["-s", "-S", "-B", "-P", "-X", "utf8"]
    return [sys.executable, *flags, str(CAGE / "boot.py"), json.dumps(told)]


def start(job: dict[str, Any]) -> Child:
    """Start the process for one submission, behind the best walls there are.

    Parameters
    ----------
    job : dict
        `tier` (None for the best), `path`, `memory_mb`, `cpu`, `wall`, `roots`.

    Raises
    ------
    WallError
        The tier that was asked for cannot be had here.
    """
    from gradcheck.submissions import warm

    if warm.AVAILABLE:
        with contextlib.suppress(warm.ServerError):
            return warm.start(job)
    if job["tier"] not in (None, "minimal"):
        raise WallError(f"the tier {job['tier']!r} needs Linux and a server that forks")
    return Spawned(job)


def hidden() -> list[str]:
    """List the folders that no submission may read: libraries, and gradcheck."""
    sites = [p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")]
    return [os.path.realpath(path) for path in (*sites, str(CAGE.parents[1]))]


def settings(role: str) -> dict[str, Any]:
    """Make what every child is told at its start."""
    return {
        "role": role,
        "forms": str(FORMS),
        "libraries": libraries(),
        "hidden": hidden(),
    }


def cpu_seconds(pid: int) -> float | None:
    """Seconds of the processor that a child has used; None if unknown.

    Read until two readings a millisecond apart agree, because the time of a thread that
    runs is booked late. Works across users; a child can only add to it.
    """
    if sys.platform != "linux":  # pragma: no cover - the clocks are Linux's
        return None
    before = -1.0
    with contextlib.suppress(OSError):
        for _ in range(20):
            now = time.clock_gettime((~pid << 3) | 2)
            if now == before:
                break
            before = now
            time.sleep(0.001)
    return before if before >= 0.0 else None


class Spawned:
    """A child with an interpreter of its own: works everywhere, 40 ms each.

    Parameters
    ----------
    job : dict
        What the child has to know: `path`, `memory_mb`, `cpu`, `roots`.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.scratch = tempfile.mkdtemp(prefix=f"gradcheck-{os.getpid()}-")
        ours, theirs = zip(*(socket.socketpair() for _ in range(3)), strict=True)
        self.channel, self.out, self.err = ours
        told = {
            **settings("inside"),
            "job": {**job, "tier": "minimal", "scratch": self.scratch},
            "descriptors": [line.fileno() for line in theirs],
        }
        try:
            self._process = self._start(told, theirs)
        except OSError:
            self._discard()
            raise
        finally:
            for line in theirs:
                line.close()
        self.pid = self._process.pid

    def _start(
        self, told: dict[str, Any], theirs: tuple[socket.socket, ...]
    ) -> subprocess.Popen[bytes]:
        if os.name == "nt":  # pragma: no cover - Windows
            return _start_on_windows(told, theirs, self.scratch)
        return subprocess.Popen(
            command(told),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs[2].fileno(),
            pass_fds=told["descriptors"],
            start_new_session=True,
            env=environment(),
            cwd=self.scratch,
        )

    def stop(self) -> None:
        """Kill the child and its group."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError, AttributeError):
                os.killpg(self.pid, 9)
            self._process.kill()

    def ending(self) -> Ending:
        """Wait for the child's end, not for long; then end it."""
        deadline = time.monotonic() + 0.5
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        why = "ended" if self._process.poll() is not None else "stopped"
        self.stop()
        return Ending(self._process.wait(), why)

    def close(self) -> None:
        """Stop the child and remove its folder."""
        self.stop()
        self._process.wait()
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self.pid, 9)  # whom it left behind
        self._discard()

    def _discard(self) -> None:
        for line in (self.channel, self.out, self.err):
            line.close()
        if os.name == "nt":  # pragma: no cover - Windows
            shutil.rmtree(self.scratch, ignore_errors=True)
        else:
            clear(self.scratch)


def _start_on_windows(
    told: dict[str, Any],
    theirs: tuple[socket.socket, ...],
    scratch: str,
) -> subprocess.Popen[bytes]:  # pragma: no cover - Windows
    """Share the channel through standard input; what the child prints is dropped."""
    del told["descriptors"]
    process = subprocess.Popen(
        command(told),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        cwd=scratch,
    )
    assert process.stdin is not None
    process.stdin.write(theirs[0].share(process.pid))  # type: ignore[attr-defined,unused-ignore]
    process.stdin.close()
    return process
