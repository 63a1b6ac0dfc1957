"""Stands between the judge and one submission: starts it, watches it, sweeps up.

The keeper is trusted and outlives the accused. It tells the judge two lines of JSON,
the process id at the start and the ending at the end; when its end of the line closes,
all is swept. When the judge closes its own end, the keeper ends the accused.
"""

import contextlib
import itertools
import json
import os
import select
import signal
import socket
import time
from typing import Any, Protocol

from . import breakin, inside, kernel, landlock, limits, seccomp, sweep
from .places import Places
from .scratch import clear, measure

breakin.ATTEMPTS  # noqa: B018 - loaded here, because behind the walls it cannot be
SCRATCH = "/gradcheck-scratch"
FIRST_USER = 64100
_TICK = 0.05
_DESCRIPTORS = 1 << 16


class Shared:
    """What every keeper needs and the server prepares once.

    Parameters
    ----------
    forms : module
        For the accused.
    places : Places
        What Python needs to read.
    """

    def __init__(self, forms: Any, places: Places) -> None:
        self.forms = forms
        self.places = places
        self.readable = places.one_by_one()
        self.rules = landlock.reading(self.readable)
        self.filter, self.no_filter = b"", ""
        try:
            self.filter = seccomp.program(seccomp.machine(), seccomp.ANY)
        except OSError as error:
            self.no_filter = str(error)


class Ready(Protocol):
    """An accused that has been forked ahead; see `standby`."""

    def begin(
        self, job: dict[str, Any], theirs: list[socket.socket]
    ) -> tuple[int, int]:
        """Give it its job; its process id, and a pipe as `keep` reads it."""

    def end(self) -> None:
        """End it, for it is of no use."""


def keep(
    shared: Shared,
    job: dict[str, Any],
    lines: list[socket.socket],
    ready: Ready | None = None,
) -> None:
    """Run one submission from its fork to its end; never returns.

    Parameters
    ----------
    shared : Shared
        From the server.
    job : dict
        `tier`, `scratch`, `roots`, `wall`, `memory_mb`, `cpu`, `path`.
    lines : list of socket
        The child's ends of channel, stdout, stderr, and the keeper's of status.
    ready : Ready, optional
        To be taken instead of a fork.
    """
    *theirs, status = lines
    try:
        if ready is None:
            lead()
            pid, walls = _fork(shared, job, theirs)
        else:
            try:
                pid, walls = ready.begin(job, theirs)
            except (
                OSError
            ) as error:  # what waited is of no use: that is no wall's fault
                ready.end()
                _tell(status, {"again": str(error)})
                return
        for line in theirs:
            line.close()
        trouble = _read_all(walls)
        if trouble:
            _tell(status, {"failed": trouble.decode("utf-8", "replace")})
            os.waitpid(pid, 0)
        else:
            _tell(status, {"pid": pid})
            _tell(status, _watch(pid, status, job))
        sweep.clean()
        if job["tier"] != "full":
            clear(job["scratch"])
    except BaseException as error:
        _tell(status, {"failed": str(error)})
    finally:
        status.close()  # all is swept; giving back this process's memory takes longer
        os._exit(0)


def lead() -> None:
    """Begin a session of its own, and become the parent of all that is left in it."""
    os.setsid()
    kernel.control(kernel.SUBREAPER, 1)


def _fork(
    shared: Shared, job: dict[str, Any], theirs: list[socket.socket]
) -> tuple[int, int]:
    """Fork the accused; its process id, and a pipe that says whether the walls hold."""
    base, job["threads"] = limits.address_space(), limits.threads_of_machine()
    if job["tier"] == "full":
        job["scratch"] = SCRATCH
        folders, hidden, libraries = shared.places
        kernel.enter_namespaces()
        kernel.build_root(folders, hidden, libraries, SCRATCH)
        kernel.enter_root(job["roots"], hidden, libraries, SCRATCH)
    elif job["tier"] == "minimal":
        own = shared.places.only(job["roots"]).one_by_one()
        job["readable"] = [*shared.readable, *own]
    job["uid"] = FIRST_USER + os.getpid() % 1000
    if os.geteuid() == 0 and job["tier"] != "full":
        with contextlib.suppress(OSError):
            os.chown(job["scratch"], job["uid"], job["uid"])
    answer, question = os.pipe()
    pid = os.fork()
    if pid:
        os.close(question)
        return pid, answer
    stand(shared, job, [line.detach() for line in theirs], question, base)
    return 0, 0


def stand(
    shared: Shared, job: dict[str, Any], lines: list[int], question: int, base: int
) -> None:
    """Be the accused: put the walls up, say so, answer; never returns.

    Parameters
    ----------
    shared, job
        As in `keep`.
    lines : list of int
        Descriptors of channel, stdout, stderr.
    question : int
        The pipe to say on why the walls do not hold; closed where they do.
    base : int
        Bytes of address space that the interpreter occupies.
    """
    try:
        channel, out, err = lines
        table = limits.wanted(job, base=base, threads=job["threads"])
        inside.streams(out, err)
        raise_walls(shared, job, table, {0, 1, 2, channel, question})
    except BaseException as error:
        os.write(question, str(error).encode()[:500] or b"?")
        os._exit(1)
    if _has_no_reader(question):  # the keeper died before it was asked to be followed
        os._exit(1)
    os.close(question)
    inside.live(shared.forms, job, socket.socket(fileno=channel))


def raise_walls(
    shared: Shared,
    job: dict[str, Any],
    table: dict[str, tuple[int, int]],
    kept: set[int],
) -> None:
    """Put up the walls of a tier around this process; each needs those before it.

    Parameters
    ----------
    shared, job
        As in `keep`.
    table : dict
        Of limits.
    kept : set of int
        Descriptors to stay open.
    """
    limits.die_first()
    tier = job["tier"]
    if tier == "process":
        own = landlock.reading(shared.places.only(job["roots"]).one_by_one())
    other = kernel.drop_user(job["uid"])
    kernel.seal()
    if tier == "process":
        try:
            landlock.restrict([*shared.rules, *own], job["scratch"])
        except OSError:
            if not other:
                raise
            kernel.keep_rights(0)  # reading everything needs a wall that says what
    for before, after in itertools.pairwise([-1, *sorted(kept), _DESCRIPTORS]):
        if before + 1 < after:  # an empty range may close everything
            os.closerange(before + 1, after)
    limits.impose(table)
    if tier != "minimal":
        if shared.no_filter:
            raise OSError(shared.no_filter)
        seccomp.install(shared.filter)


def _watch(pid: int, status: socket.socket, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of the accused, or bring it about."""
    deadline = time.monotonic() + job["wall"]
    ended = _descriptor_of(pid)
    poll = select.poll()
    poll.register(status, select.POLLIN)
    if ended is not None:
        poll.register(ended, select.POLLIN)
    why = None
    while why is None:
        left = deadline - time.monotonic()
        tick = min(_TICK if ended is not None else 0.005, max(left, 0.0))
        ready = [descriptor for descriptor, _ in poll.poll(tick * 1000)]
        if ended in ready or (ended is None and _has_ended(pid)):
            why = "ended"
        elif status.fileno() in ready:
            why = "stopped"  # the judge says nothing: it has hung up
        elif left <= 0:
            why = "time"
        elif job["tier"] != "full" and not measure(job["scratch"]):
            why = "scratch"
    if why != "ended":
        os.kill(pid, signal.SIGKILL)
    _, code, used = os.wait4(pid, 0)
    status_code = os.waitstatus_to_exitcode(code)
    if status_code == -signal.SIGKILL and used.ru_utime + used.ru_stime >= job["cpu"]:
        why = "time"  # the first process of a namespace feels only the hard limit
    return {
        "status": status_code,
        "why": why,
        "cpu_s": used.ru_utime + used.ru_stime,
        "rss_mb": used.ru_maxrss / 1024,
    }


def _descriptor_of(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):  # before Linux 5.3
        return None


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it still has to be waited for."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, flags) is not None


def _has_no_reader(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, 0)
    return bool(poll.poll(0))


def _read_all(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def _tell(status: socket.socket, fact: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the judge may be gone
        status.sendall(json.dumps(fact).encode() + b"\n")
