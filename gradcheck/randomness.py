"""The global random generators: looked at, and put back as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class RandomState:
    """The state of Python's and numpy's global generators at one moment."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy = np.random.get_state(legacy=False)  # noqa: NPY002 - not ours

    def changed(self) -> bool:
        """Whether anybody has drawn from them, or seeded them, since."""
        now = np.random.get_state(legacy=False)  # noqa: NPY002
        return repr(now) != repr(self._numpy) or random.getstate() != self._python

    def restore(self) -> None:
        """Put both back as they were."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)  # noqa: NPY002


@contextmanager
def preserved_random_state() -> Iterator[RandomState]:
    """Restore the global generators on leaving, whatever happened between."""
    state = RandomState()
    try:
        yield state
    finally:
        state.restore()
