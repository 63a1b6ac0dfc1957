"""Imports numpy once, then forks a keeper for every submission."""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from . import inside, keeper, places, rehearsal, standby

_IDLE_MS = 25
"""How long nothing is asked for before the next start is made ready."""


def run(forms: Any, settings: dict[str, Any]) -> None:
    """Serve jobs until the judge hangs up; in a child, become the keeper of one."""
    control = socket.socket(fileno=settings["control"])
    sys.path[:] = [os.path.realpath(path) for path in sys.path]
    inside.warm_up()
    shared = keeper.Shared(
        forms, places.of_python(settings["libraries"], settings["hidden"])
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need no waiting for
    control.send(json.dumps({"threads": threads()}).encode())
    with contextlib.suppress(Exception):
        rehearsal.run(forms)
    gc.freeze()
    child = _serve(control, shared, ahead=settings.get("ahead", False))
    if child is not None:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        child()


def threads() -> int:
    """Threads of this process: a fork of more than one is a gamble; 0 if unknown."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def _serve(
    control: socket.socket, shared: keeper.Shared, *, ahead: bool
) -> Callable[[], None] | None:
    """Fork for each job. Returns what the child has to do, and None at the end.

    With `ahead` the fork for the next one is made while there is none.
    """
    ready: socket.socket | None = None
    waiting = 0
    while True:
        if ahead and ready is None and _is_idle(control):
            ready, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            waiting = os.fork()
            if waiting == 0:
                ready.close()
                return partial(standby.wait, shared, theirs)
            theirs.close()
        order = standby.receive(control)
        if order is None:
            if ready is not None:
                ready.close()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(waiting, 0)  # who waits on us must find nobody left
            return None
        data, numbers = order
        job = json.loads(data)
        if ready is not None and job["tier"] == "full":
            with contextlib.suppress(OSError), ready:
                socket.send_fds(ready, [data], numbers)
                job = None
            ready = None
        lines = [socket.socket(fileno=number) for number in numbers]
        if job is not None and os.fork() == 0:
            return partial(keeper.keep, shared, job, lines)
        for line in lines:
            line.close()


def _is_idle(control: socket.socket) -> bool:
    """Whether the judge asks for nothing for a moment."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    return not poll.poll(_IDLE_MS)
