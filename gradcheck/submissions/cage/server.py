"""Imports numpy once, then forks a keeper for every submission."""

import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from . import inside, keeper, places

LARGEST_JOB = 64 * 1024


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
    gc.freeze()
    control.send(json.dumps({"threads": threads()}).encode())
    order = _serve(control)
    if order is not None:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        keeper.keep(shared, *order)


def threads() -> int:
    """Threads of this process: a fork of more than one is a gamble; 0 if unknown."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def _serve(control: socket.socket) -> tuple[dict[str, Any], list[socket.socket]] | None:
    """Fork for each job. Returns the job in the child, and None at the end."""
    while True:
        try:
            data, numbers, _, _ = socket.recv_fds(control, LARGEST_JOB, 4)
        except OSError:  # also how the end looks if the judge dies with unread data
            return None
        if not data:
            return None
        lines = [socket.socket(fileno=number) for number in numbers]
        if os.fork() == 0:
            return json.loads(data), lines
        for line in lines:
            line.close()
