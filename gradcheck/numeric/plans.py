"""Plans: numerical methods that ask for points and combine the losses there.

A plan is a generator. It yields points, receives an array with one loss a point, and
returns its result. Whoever drives it decides where the loss lives: in this process, in
a child process (one round trip a request) or on an accelerator.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.errors import GradcheckError

T = TypeVar("T")


class Points(Protocol):
    """Points whose number is known before they are made."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Params]: ...


Plan: TypeAlias = Generator[Points, Array, T]
"""Yields points, receives their losses (NaN where there is none), returns a result."""


class Batch:
    """Several requests as one, so that they share a round trip."""

    def __init__(self, requests: Sequence[Points]) -> None:
        self._requests = requests

    def __len__(self) -> int:
        return sum(map(len, self._requests))

    def __iter__(self) -> Iterator[Params]:
        return chain.from_iterable(self._requests)


def gather(plans: Iterable[Plan[T]]) -> Plan[list[T]]:
    """Run several plans in step: one request holds what each of them asks next.

    Returns
    -------
    list
        The results, in the order of `plans`.
    """
    waiting = dict(enumerate(plans))
    total = len(waiting)
    results: dict[int, T] = {}
    answers: dict[int, Array | None] = dict.fromkeys(waiting)
    while waiting:
        requests: dict[int, Points] = {}
        for key, plan in list(waiting.items()):
            try:
                answer = answers[key]
                requests[key] = next(plan) if answer is None else plan.send(answer)
            except StopIteration as stop:
                results[key] = stop.value
                del waiting[key]
        if requests:
            values = yield Batch(list(requests.values()))
            answers, start = {}, 0
            for key, request in requests.items():
                end = start + len(request)
                answers[key] = values[start:end]
                start = end
    return [results[key] for key in range(total)]


class Driver:
    """Runs plans through one door to the loss, and keeps count.

    Parameters
    ----------
    evaluate : callable
        Takes an iterable of points, returns one loss a point: shape ``(n,)``.

    Attributes
    ----------
    evaluations : int
        Losses asked for so far.
    complaint : str
        The first exception that the loss raised at a point, in words; or empty.
    """

    def __init__(self, evaluate: Any) -> None:
        self._evaluate = evaluate
        self.evaluations = 0
        self.complaint = ""

    def run(self, plan: Plan[T]) -> T:
        """Run `plan` to its end and return its result.

        A point where the loss raises gets NaN. Exceptions of gradcheck itself, such
        as a child process that does not answer, pass through.
        """
        with np.errstate(all="ignore"):  # steps may leave the domain of the loss
            try:
                request = next(plan)
                while True:
                    request = plan.send(self.values(request))
            except StopIteration as stop:
                result: T = stop.value
                return result

    def values(self, request: Points) -> Array:
        """Return the losses at the points of one request."""
        self.evaluations += len(request)
        if not len(request):
            return np.empty(0)
        try:
            return self._ask(request, len(request))
        except GradcheckError:
            raise
        except Exception as error:
            self.complaint = self.complaint or f"{type(error).__name__}: {error}"
        return np.array([self._ask_one(point) for point in request])

    def _ask(self, points: Iterable[Params], count: int) -> Array:
        values = np.asarray(self._evaluate(points))
        if values.shape != (count,):
            raise GradcheckError(
                f"evaluate(points) returned an array of shape {values.shape}, but "
                f"should return {(count,)}: one loss for each of {count} points"
            )
        return values if values.dtype.kind == "c" else values.astype(np.float64)

    def _ask_one(self, point: Params) -> Any:
        try:
            return self._ask([point], 1)[0]
        except GradcheckError:
            raise
        except Exception:
            return np.nan


def run(plan: Plan[T], evaluate: Any) -> tuple[T, int]:
    """Run `plan` with `evaluate`; return its result and the losses evaluated.

    Parameters
    ----------
    plan : generator
        Yields points, receives losses.
    evaluate : callable
        ``evaluate(points) -> ndarray``, one loss for each point of an iterable.

    Examples
    --------
    >>> def square_at_three():
    ...     (value,) = yield [{"x": np.array(3.0)}]
    ...     return float(value)
    >>> run(square_at_three(), lambda points: np.array([p["x"] ** 2 for p in points]))
    (9.0, 1)
    """
    driver = Driver(evaluate)
    return driver.run(plan), driver.evaluations
