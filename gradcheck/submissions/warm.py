"""The judge's end of the warm server, which forks a child in a few milliseconds."""

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from gradcheck.submissions import launch
from gradcheck.submissions.cage.places import identity
from gradcheck.submissions.cage.scratch import clear
from gradcheck.submissions.launch import Ending, WallError

AVAILABLE = sys.platform == "linux"
AHEAD = True
"""Whether a server makes the next start ready while there is nothing to start. Where
every processor is busy anyway, that costs more than it gives."""

TIERS = ("full", "process", "minimal")
"""From the best downwards; see `tiers`."""

_OF_THE_KERNEL = ("not permitted", "not offered", "no table", "not implemented")
_PATIENCE = 20.0
_A_MOMENT = 0.5


class ServerError(Exception):
    """The server cannot be used; a failure of ours, not of a submission."""


class Server:
    """One process that has numpy imported, and forks for each job.

    Attributes
    ----------
    pid : int
        Of the judge that started it; a fork of that judge starts its own.
    forms : Path
        The package of forms that it has loaded.
    best : int
        Index of the best tier that could be put up, as far as is known.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.forms = launch.FORMS
        self.best = 0
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        told = {**launch.settings("server"), "control": theirs.fileno(), "ahead": AHEAD}
        with theirs:
            self._process = subprocess.Popen(
                launch.command(told),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=launch.environment(),
                cwd="/",
            )
        greeting = self._greeting()
        if greeting.get("threads") != 1:
            self.close()
            raise ServerError(f"the server greeted with {greeting}, not with 1 thread")

    def _greeting(self) -> dict[str, Any]:
        self._control.settimeout(_PATIENCE)
        try:
            found: dict[str, Any] = json.loads(self._control.recv(4096) or b"{}")
        except (OSError, ValueError):
            return {}
        return found

    def submit(self, job: dict[str, Any], lines: list[socket.socket]) -> None:
        """Hand over a job and the child's ends of its lines."""
        data = json.dumps(job).encode()
        numbers = [line.fileno() for line in lines]
        try:
            with self._lock:
                socket.send_fds(self._control, [data], numbers)
        except OSError as error:
            raise ServerError(str(error)) from None

    def forget(self) -> None:
        """Let go of the server in a fork of the judge, without ending it."""
        self._control.close()
        self._process.returncode = 0  # it is not this process's child

    def close(self) -> None:
        """Hang up; the server ends by that, its keepers when their judges do."""
        if os.getpid() != self.pid:
            return
        self._control.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Forked:
    """A child that the server has forked, with its keeper.

    Raises
    ------
    ServerError
        The keeper did not come up.
    WallError
        It did, and says which wall cannot be put up.
    """

    def __init__(self, server: Server, job: dict[str, Any]) -> None:
        ours, theirs = zip(*(socket.socketpair() for _ in range(4)), strict=True)
        self.channel, self.out, self.err, self._status = ours
        self.scratch: str | None = None
        self._told = b""
        if job["tier"] != "full":
            self.scratch = tempfile.mkdtemp(prefix=f"gradcheck-{os.getpid()}-")
        try:
            try:
                known = [identity(root) for root in job["roots"]]
                told = {**job, "scratch": self.scratch, "known": known}
                server.submit(told, list(theirs))
            finally:
                for line in theirs:
                    line.close()
            first = self._fact()
            if "failed" in first:
                raise WallError(str(first["failed"]))
            if "pid" not in first:
                raise ServerError(str(first.get("again", "no keeper came up")))
            self.pid = int(first["pid"])
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Tell the keeper, by hanging up, to end the accused."""
        with contextlib.suppress(OSError):
            self._status.shutdown(socket.SHUT_WR)

    def ending(self) -> Ending:
        """Wait for the keeper's last word, not for long; then end the accused."""
        fact = self._fact(_A_MOMENT)
        if not fact:
            self.stop()
            fact = self._fact()
        return Ending(fact.get("status"), str(fact.get("why", "stopped")))

    def close(self) -> None:
        """End the accused, wait until all is swept, and close the lines."""
        self.stop()
        with contextlib.suppress(OSError):
            self._status.settimeout(_PATIENCE)
            while self._status.recv(4096):
                pass
        for line in (self.channel, self.out, self.err, self._status):
            line.close()
        if self.scratch is not None and os.path.exists(self.scratch):
            clear(self.scratch)  # the keeper was killed

    def _fact(self, seconds: float = _PATIENCE) -> dict[str, Any]:
        """Read one line that the keeper writes; empty if there is none in time."""
        self._status.settimeout(seconds)
        with contextlib.suppress(OSError):
            while b"\n" not in self._told:
                data = self._status.recv(4096)
                if not data:
                    break
                self._told += data
        line, end, rest = self._told.partition(b"\n")
        if not end:
            return {}
        self._told = rest
        found: dict[str, Any] = json.loads(line)
        return found


_server: Server | None = None
_starting = threading.Lock()


def server() -> Server:
    """Give this process's server, started when first asked for."""
    global _server
    with _starting:
        if _server is not None and _server.forms != launch.FORMS:
            stop()
        if _server is None:
            _server = Server()
            remove_stale()
        return _server


def stop() -> None:
    """End this process's server, if there is one."""
    global _server
    if _server is not None:
        _server.close()
        _server = None


def start(job: dict[str, Any]) -> Forked:
    """Fork a child for a job, in the tier that it names or in the best there is."""
    try:
        return _start(server(), job)
    except ServerError:
        stop()  # it died: that is ours to mend, once
        return _start(server(), job)


def _start(on: Server, job: dict[str, Any]) -> Forked:
    if job["tier"] is not None:
        return Forked(on, job)
    index = on.best
    while True:
        try:
            return Forked(on, {**job, "tier": TIERS[index]})
        except WallError as error:
            if index == len(TIERS) - 1:
                raise
            index += 1
            if any(words in str(error) for words in _OF_THE_KERNEL):
                on.best = index  # for all that follow; else it was this one's folder


def remove_stale() -> None:
    """Remove scratch folders of judges that were killed: the name holds their pid."""
    for folder in Path(tempfile.gettempdir()).glob("gradcheck-*-*"):
        number = folder.name.split("-")[1]
        if number.isdigit() and not os.path.exists(f"/proc/{number}"):
            with contextlib.suppress(OSError):  # another user's, or another judge at it
                clear(str(folder))


def _forget() -> None:
    global _server
    if _server is not None:
        _server.forget()
        _server = None


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
