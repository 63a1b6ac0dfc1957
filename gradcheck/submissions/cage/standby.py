"""A keeper and an accused that are up before their submission comes.

Most of what a start costs does not depend on the file: forks, namespaces, the private
root, and the memory that becomes a process's own when it is first written to. It is
paid while the judge is busy with something else. Only the tier ``full`` is made ready.
"""

import contextlib
import json
import os
import signal
import socket
from typing import Any

from . import kernel, limits, places, rehearsal
from .keeper import FIRST_USER, SCRATCH, Shared, keep, lead, stand

LARGEST_JOB = 64 * 1024


def receive(
    line: socket.socket,
) -> tuple[bytes, list[int]] | None:
    """Receive a job and the descriptors that come with it; None at the end."""
    try:
        data, numbers, _, _ = socket.recv_fds(line, LARGEST_JOB, 4)
    except OSError:  # also how the end looks if the other side dies with unread data
        return None
    return (data, list(numbers)) if data else None


def wait(shared: Shared, line: socket.socket) -> None:
    """Be a keeper in waiting: make everything ready, then keep; never returns."""
    try:
        lead()
        waiting = Waiting(shared)
        order = receive(line)
        if order is None:
            waiting.end()
            return
        data, numbers = order
        lines = [socket.socket(fileno=number) for number in numbers]
        keep(shared, json.loads(data), lines, waiting)
    finally:
        os._exit(0)


class Waiting:
    """An accused that has rehearsed and waits for its job, in a root nearly finished.

    Parameters
    ----------
    shared : Shared
        From the server.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._trouble = ""
        self._pid = 0
        try:
            self._prepare()
        except OSError as error:
            self._trouble = str(error)

    def _prepare(self) -> None:
        kernel.enter_namespaces()
        self._loads = open("/proc/loadavg", encoding="utf-8")  # noqa: SIM115
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if not self._pid:
            try:
                self._line.close()
                _rehearse_and_stand(self._shared, theirs)
            finally:
                os._exit(1)
        theirs.close()
        if not self._line.recv(1):  # from now on it does without /proc
            raise OSError("the process that waited has ended")
        folders, hidden, libraries = self._shared.places
        kernel.build_root(folders, hidden, libraries, SCRATCH)

    def begin(
        self, job: dict[str, Any], theirs: list[socket.socket]
    ) -> tuple[int, int]:
        """Give it its job; its process id, and a pipe as `keep` reads it."""
        if self._trouble:
            raise OSError(self._trouble)
        for root, known in zip(job["roots"], job["known"], strict=True):
            if places.identity(root) != known:  # mounted since
                raise OSError(f"{root} is another folder from here")
        self._loads.seek(0)
        job |= {
            "scratch": SCRATCH,
            "uid": FIRST_USER + os.getpid() % 1000,
            "threads": limits.threads_in(self._loads.read()),
        }
        _, hidden, libraries = self._shared.places
        kernel.enter_root(job["roots"], hidden, libraries, SCRATCH)
        answer, question = os.pipe()
        numbers = [*(line.fileno() for line in theirs), question]
        socket.send_fds(self._line, [json.dumps(job).encode()], numbers)
        os.close(question)
        return self._pid, answer

    def end(self) -> None:
        """End what waits, for nothing will come, and see to it that it is gone."""
        if self._pid:
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)


def _rehearse_and_stand(shared: Shared, line: socket.socket) -> None:
    """Be an accused in waiting: run what is ours, so that memory is its own by then."""
    kernel.control(kernel.PDEATHSIG, 9)
    limits.die_first()
    with contextlib.suppress(Exception):
        rehearsal.run(shared.forms)
    base = limits.address_space()
    line.send(b"!")
    order = receive(line)
    if order is None:
        return
    data, (*lines, question) = order
    stand(shared, json.loads(data), lines, question, base)
