"""Starts the global generators afresh before every call of a submission.

Seeding writes five thousand bytes, and most submissions draw nothing: a generator that
has not been drawn from since it was seeded is left as it is.
"""

import contextlib
import ctypes
import random
from typing import Any

import numpy as np

# Kept by name: a submission may replace them, by mistake or on purpose.
_seed, _numpy_seed = random.seed, np.random.seed
_WORDS = 625
_WORD = 7
"""A word of the 624 that make up a state: it depends on the seed, and on the draws."""


class Generators:
    """The generators of `random` and of ``numpy.random`` that everybody shares.

    Where their states cannot be looked at, they are seeded every time.
    """

    def __init__(self) -> None:
        self._last: Any = None
        self._untouched: tuple[int, ...] = ()
        self._python: Any = None
        self._numpy: Any = None
        with contextlib.suppress(Exception):
            self._python, self._numpy = _python_state(), _numpy_state()
            if not self._is_seen():
                self._python = None

    def start(self, seed: int) -> None:
        """Have both go on as after ``seed(seed)``."""
        if self._last == seed and self._python and self._mark() == self._untouched:
            return
        _seed(seed)
        _numpy_seed(seed)
        self._last = seed
        self._untouched = self._mark() if self._python else ()

    def _mark(self) -> tuple[int, ...]:
        """Return what every draw and every other seed changes."""
        python, numpy = self._python, self._numpy
        return python[0], python[_WORD], numpy[_WORD], numpy[_WORDS - 1]

    def _is_seen(self) -> bool:
        """Try whether a draw shows, of either generator, and the same seed again."""
        marks = []
        for draw in (None, random.random, np.random.random_sample):
            _seed(0)
            _numpy_seed(0)
            before = self._mark()
            if draw is not None:
                draw()
                if self._mark() == before:
                    return False
            marks.append(before)
        return len(set(marks)) == 1


def _python_state() -> Any:
    """Look at the state behind the functions of `random`: an index, then 624 words."""
    shared = getattr(random.seed, "__self__")  # noqa: B009 - mypy knows no methods here
    start = id(shared) + object.__basicsize__
    return (ctypes.c_uint32 * _WORDS).from_address(start)


def _numpy_state() -> Any:
    """Look at the state behind the functions of ``numpy.random``: words, an index."""
    generator = getattr(np.random, "get_bit_generator")()  # noqa: B009 - mypy's stubs lack it
    if type(generator) is not np.random.MT19937:
        raise TypeError("another generator")
    return (ctypes.c_uint32 * _WORDS).from_address(generator.ctypes.state_address)
