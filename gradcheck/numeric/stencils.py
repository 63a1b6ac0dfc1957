"""Fixed-step differences and Richardson extrapolation, entry by entry."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.numeric.plans import Plan

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Shifts:
    """Points that differ from `params` in one entry, which takes each of `values`."""

    params: Params
    name: str
    index: tuple[int, ...]
    values: tuple[complex, ...]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Params]:
        x = self.params[self.name]
        for value in self.values:
            moved = x.astype(np.result_type(x, type(value)))
            moved[self.index] = value
            yield {**self.params, self.name: moved}


def central(
    params: Params, name: str, index: tuple[int, ...], h: float
) -> Plan[tuple[float, float]]:
    """Estimate one partial derivative by central differences with steps h and 2h.

    Parameters
    ----------
    params : mapping of str to ndarray of float64
        Point of evaluation; left unchanged.
    name, index : str, tuple of int
        The entry.
    h : float
        Step, absolute, in the units of the entry; the step actually taken, which
        rounding makes a little different, is what the difference is divided by.

    Returns
    -------
    value, error : float
        The difference of step h, and an estimate of its error: truncation
        ``h**2 |f'''| / 6`` from the two steps, plus rounding ``eps |f| / h`` [1]_.

    References
    ----------
    .. [1] Nocedal & Wright, *Numerical Optimization*, 2nd ed., section 8.1.
    """
    slopes, rounding = yield from _slopes(params, name, index, (h, 2 * h))
    # D(2h) - D(h) is 3 times the truncation of D(h); doubled, as it is an estimate
    return float(slopes[0]), float(abs(slopes[1] - slopes[0]) * 2 / 3 + rounding[0])


def richardson(
    params: Params, name: str, index: tuple[int, ...], h: float, levels: int = 4
) -> Plan[tuple[float, float]]:
    """Estimate one partial derivative by Richardson extrapolation.

    Central differences with steps ``h, h/2, h/4, ...`` have errors in even powers of
    the step; Romberg's table removes one power a column [1]_. Legal where the loss is
    smooth within `h`: a kink inside spoils the table and its error estimate alike.

    Parameters
    ----------
    params, name, index
        As in `central`.
    h : float
        Largest step, absolute.
    levels : int, default=4
        Number of steps, >= 2; two evaluations each.

    Returns
    -------
    value, error : float
        The entry of the table that agrees best with its neighbours, and that
        disagreement plus the rounding error carried along.

    References
    ----------
    .. [1] C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
       Engineering Software 4(2), 1982.
    """
    steps = tuple(h / 2**level for level in range(levels))
    slopes, rounding = yield from _slopes(params, name, index, steps)
    best, error = float(slopes[-1]), np.inf
    row, carried = slopes, rounding
    for power in range(1, levels):
        factor = 4.0**power
        refined = (factor * row[1:] - row[:-1]) / (factor - 1)
        carried = (factor * carried[1:] + carried[:-1]) / (factor - 1)
        spread = np.maximum(np.abs(refined - row[1:]), np.abs(refined - row[:-1]))
        total = spread + carried
        if np.isfinite(total).any() and np.nanmin(total) < error:
            place = int(np.nanargmin(total))
            best, error = float(refined[place]), float(total[place])
        row = refined
    return best, float(error)


def _slopes(
    params: Params, name: str, index: tuple[int, ...], steps: tuple[float, ...]
) -> Plan[tuple[Array, Array]]:
    """Return the central difference of each step and its rounding error."""
    x = float(params[name][index])
    upper, lower = [x + h for h in steps], [x - h for h in steps]
    values = yield Shifts(params, name, index, (*upper, *lower))
    above, below = np.split(values.real, 2)
    taken = np.array(upper) - np.array(lower)  # not 2*h: the step actually taken
    return (above - below) / taken, EPS * (np.abs(above) + np.abs(below)) / taken
