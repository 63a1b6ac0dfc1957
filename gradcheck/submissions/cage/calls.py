"""Counts what a file's own functions do while one gradient is computed."""

from typing import Any

import numpy as np

_KEPT = 100_000
_NEAR = 0.01
_asarray, _abs, _sum = np.asarray, np.abs, np.sum


class Calls:
    """A profiler, for `sys.setprofile`: calls and returned numbers, by function.

    Parameters
    ----------
    path : str
        Of the file; functions of other files are not looked at.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.counts: dict[Any, int] = {}
        self.returned: dict[Any, list[Any]] = {}
        self._left = _KEPT

    def __call__(self, frame: Any, event: str, value: Any) -> None:
        """Take note of a call, or of what it returned."""
        code = frame.f_code
        if code.co_filename != self.path:
            return
        if event == "call":
            self.counts[code] = self.counts.get(code, 0) + 1
        elif event == "return" and self._left > 0:
            number = _first_number(value)
            if number is not None:
                self._left -= number.size
                self.returned.setdefault(code, []).append(number)

    def told(self, loss: Any) -> dict[str, list[list[Any]]]:
        """Give the functions called most, and those that returned the loss most.

        Parameters
        ----------
        loss : number
            That the gradient came with; a difference of losses evaluates it at points
            so close that it changes by less than a hundredth.

        Returns
        -------
        dict
            ``calls`` and ``evaluations``: rows of name, line and count.
        """
        target = _first_number(loss)
        near = {}
        if target is not None and target.size == 1:
            centre = complex(target.reshape(-1)[0]).real
            for code, numbers in self.returned.items():
                near[code] = sum(_count_near(each, centre) for each in numbers)
        return {"calls": _rows(self.counts), "evaluations": _rows(near)}


def _first_number(value: Any) -> Any:
    """Give a returned loss as an array of numbers; the first of a tuple."""
    if type(value) is tuple and value:
        value = value[0]
    if not isinstance(value, (float, complex, np.generic, np.ndarray)):
        return None
    array = _asarray(value)
    return array if array.dtype.kind in "fc" and array.size <= _KEPT else None


def _count_near(array: Any, centre: float) -> int:
    return int(_sum(_abs(array.real - centre) <= _NEAR * abs(centre)))


def _rows(counts: dict[Any, int]) -> list[list[Any]]:
    most = sorted(counts.items(), key=lambda item: -item[1])[:5]
    return [[code.co_name, code.co_firstlineno, n] for code, n in most if n]
