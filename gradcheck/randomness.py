"""The global random generators: looked at, and put back as they were."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np


class RandomState:
    """The state of Python's and numpy's global generators at one moment."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy = np.random.get_state(legacy=False)  # noqa: NPY002 - not ours

    def changed(self) -> bool:
        """Whether anybody has drawn from them, or seeded them, since."""
        now = np.random.get_state(legacy=False)  # noqa: NPY002
        return not _same(now, self._numpy) or random.getstate() != self._python

    def restore(self) -> None:
        """Put both back as they were."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)  # noqa: NPY002


def _same(one: Any, other: Any) -> bool:
    """Whether two states hold the same, whatever generator they are of."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return np.array_equal(one, other)


@contextmanager
def preserved_random_state() -> Iterator[RandomState]:
    """Restore the global generators on leaving, whatever happened between."""
    state = RandomState()
    try:
        yield state
    finally:
        state.restore()
