"""Stops what never returns, so that what stands beside it can still be read."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

SECONDS = 2.0
"""Of processor time that one reading of a file may take."""


class EndlessError(BaseException):
    """The file's code was stopped. No `Exception`: it may catch those."""


@contextlib.contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raise `EndlessError` in what runs inside after `seconds` of processor time.

    The clock stands still while the machine does something else. Outside the main
    thread, and where there are no such timers, nothing is stopped.
    """
    timer = getattr(signal, "ITIMER_PROF", None)
    if timer is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise EndlessError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(timer, seconds, seconds / 8)  # once more where it is swallowed
    try:
        yield
    finally:
        signal.setitimer(timer, 0.0)
        signal.signal(signal.SIGPROF, before)
