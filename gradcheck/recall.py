"""What was worked out before: the same question at the same point has the same answer.

A class of three hundred is checked at the same points. Drawing them away from every
kink, bounding the rounding there and committing every mistake there cost half of what
the judge does for a wrong submission.
"""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import numpy as np

from gradcheck._typing import Array
from gradcheck.problem import Problem

T = TypeVar("T")

_LARGE = 2000
"""Entries of a point from which on nothing is kept of it."""


class Recall(Generic[T]):
    """Keeps a number of answers; all are forgotten when there are too many.

    Parameters
    ----------
    most : int
        Answers that are kept at once.

    Examples
    --------
    >>> squares = Recall(10)
    >>> [squares.get(n, lambda n=n: print("worked out") or n * n) for n in (2, 3, 2)]
    worked out
    worked out
    [4, 9, 4]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, T] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(
        self,
        key: Hashable,
        make: Callable[[], T],
        worth: Callable[[T], bool] = lambda answer: True,
    ) -> T:
        """Return what was made for `key`, or make it now; nobody may change it.

        It is kept where it is `worth` that.
        """
        kept: T | None = self._kept.get(key)
        if kept is not None:  # looked up once: another thread may forget all
            return kept
        answer = make()
        if worth(answer):
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[key] = answer
        return answer


def is_small(problem: Problem) -> bool:
    """Whether something may be kept of a point."""
    arrays = (problem.X, *problem.params.values())
    return sum(np.size(array) for array in arrays) < _LARGE


def written(problem: Problem) -> tuple[object, ...]:
    """Write a point down to the bit, so that it can be looked up."""
    arrays: dict[str, Array] = {"/X": problem.X, "/y": problem.y, **problem.params}
    found: list[object] = [problem.reg]
    for name, value in arrays.items():
        array = np.asarray(value)
        found.append((name, array.shape, array.dtype.str, array.tobytes()))
    return tuple(found)


_points: Recall[tuple[Problem, Any]] = Recall(512)


def drawn(
    rng: np.random.Generator, key: tuple[object, ...], draw: Callable[[], Problem]
) -> Problem:
    """Return what `draw` gives, from memory where it has been drawn before.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only thing that `draw` draws from; left in the state that it leaves.
    key : tuple
        Hashable: everything else that the point depends on.
    draw : callable
        Makes the point.

    Returns
    -------
    Problem
        The caller's own: its arrays may be written to.

    Examples
    --------
    >>> def draw():
    ...     return Problem({"w": rng.random(2)}, rng.random((1, 2)), np.zeros(1), 0.0)
    >>> rng = np.random.default_rng(0)
    >>> first, next_one = drawn(rng, ("w",), draw), rng.random()
    >>> rng = np.random.default_rng(0)
    >>> again = drawn(rng, ("w",), draw)
    >>> bool(np.all(again.X == first.X)), again.X is first.X, rng.random() == next_one
    (True, False, True)
    """
    generator: Any = rng.bit_generator
    if type(generator) is not np.random.PCG64:
        return draw()

    def make() -> tuple[Problem, Any]:
        return draw(), generator.state

    state = generator.state
    inner = state["state"]
    there = inner["state"], inner["inc"], state["has_uint32"], state["uinteger"]
    problem, after = _points.get((key, there), make, lambda made: is_small(made[0]))
    generator.state = after
    return _copy(problem)


def _copy(problem: Problem) -> Problem:
    params = {name: value.copy() for name, value in problem.params.items()}
    return Problem(params, problem.X.copy(), problem.y.copy(), problem.reg)
