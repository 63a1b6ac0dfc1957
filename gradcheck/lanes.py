"""Two lines of questions to something that runs elsewhere, in turn.

While one waits for an answer, the other thinks about its last one and asks the next:
the judge and what it judges work at the same time. One line alone would have them wait
for each other. Only one line runs at any moment, and it gives way where it waits, so
that the order of the questions is the same every time.
"""

import contextvars
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")

_current = threading.local()
_A_MOMENT = 0.2


def _set_filters(filters: Any) -> None:
    """Put a list of warnings' filters in force, which all threads share."""
    warnings.filters = filters
    with warnings.catch_warnings():  # makes them known to the interpreter
        pass


class AbandonedError(BaseException):
    """The other line has failed, and nobody wants to know how this one ends."""


class _Lane:
    """One of two lines: whose turn it is, and what is its own of what threads share."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.ended = self.abandoned = False
        self.filters: Any = warnings.filters
        self.other = self

    def give_way(self) -> None:
        """Let the other line go on, and come back when it gives way in its turn."""
        if self.abandoned:
            raise AbandonedError
        if not self.other.ended:
            self.filters = warnings.filters
            self.other.go.release()
            self.resume()

    def resume(self) -> None:
        """Wait for the turn, and put back what this line has set."""
        self.go.acquire()
        _set_filters(self.filters)
        if self.abandoned:
            raise AbandonedError

    def end(self) -> None:
        """Leave the other line to itself."""
        self.ended = True
        self.other.go.release()


def give_way() -> None:
    """Say that this line waits now; without another one, nothing happens."""
    lane = getattr(_current, "lane", None)
    if lane is not None:
        lane.give_way()


def is_shared() -> bool:
    """Whether there is another line that could go on while this one waits."""
    lane = getattr(_current, "lane", None)
    return lane is not None and not lane.other.ended


def side_by_side(
    first: Callable[[], First], second: Callable[[], Second]
) -> tuple[First, Second]:
    """Run two lines in turn, each until it gives way; see the module.

    Where nothing gives way, `second` runs after `first`.

    Parameters
    ----------
    first, second : callable
        Called without arguments; `second` in a thread of its own.

    Returns
    -------
    tuple
        What each returned. What one raises is raised; the other is given up if it was
        the first, and ends before if it was the second.

    Examples
    --------
    >>> said = []
    >>> def line(word):
    ...     for _ in range(2):
    ...         said.append(word)
    ...         give_way()
    ...     return word
    >>> side_by_side(lambda: line("a"), lambda: line("b"))
    ('a', 'b')
    >>> said
    ['a', 'b', 'a', 'b']
    """
    if getattr(_current, "lane", None) is not None:  # no more than two
        return first(), second()
    own, one, two = warnings.filters, _Lane(), _Lane()
    one.other, two.other = two, one
    found: list[Second] = []
    failed: list[BaseException] = []

    def work() -> None:
        _current.lane = two
        try:
            two.resume()
            found.append(second())
        except AbandonedError:
            pass
        except BaseException as error:  # raised where it is waited for
            failed.append(error)
        finally:
            two.end()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), daemon=True)
    thread.start()
    _current.lane = one
    try:
        result = first()
    except BaseException:
        two.abandoned = True
        raise
    finally:
        _current.lane = None
        one.end()
        # who is given up may wait for an answer, until the channel is closed
        thread.join(_A_MOMENT if two.abandoned else None)
        _set_filters(own)
    if failed:
        raise failed[0]
    return result, found[0]
