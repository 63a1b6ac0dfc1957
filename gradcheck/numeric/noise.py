"""The noise floor of a loss: how far its values stray from a smooth function."""

from dataclasses import dataclass
from math import comb, sqrt
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.numeric.directions import Direction, Ray
from gradcheck.numeric.plans import Plan

_COUNT = 8  # values on each side
_SAFETY = 3.0  # standard deviations in the half-width
_COARSEN = 1000.0
_SMALLEST = 1e-3  # of sqrt(eps): the least relative spacing


@dataclass(frozen=True, slots=True)
class Noise:
    """How exactly a loss is computed.

    Attributes
    ----------
    level : float
        Half-width of the error of one value, absolute, in the units of the loss.
    eps : float
        Relative spacing of the numbers it is computed in: 2**-52, or 2**-23 for a
        loss in single precision.
    """

    level: float
    eps: float


def ecnoise(values: Array) -> float | None:
    """Estimate the standard deviation of the noise in equispaced function values.

    Parameters
    ----------
    values : ndarray, shape (m,)
        Values of the function at equispaced points on a line, m >= 5.

    Returns
    -------
    float or None
        0 where the values hardly differ; None where the spacing is so large that the
        function itself, or a kink, shows in the differences of every order.

    Notes
    -----
    The k-th differences of a smooth function vanish with the spacing, while those of
    white noise of deviation sigma have the mean square ``sigma**2 (2k)!/(k!)**2``. The
    first order whose estimate agrees within a factor of 4 with the next two, and whose
    differences change sign, is taken [1]_.

    References
    ----------
    .. [1] J. Moré & S. Wild, "Estimating computational noise", SIAM J. Sci. Comput.
       33(3), 2011.
    """
    levels: list[float] = []
    changes: list[bool] = []
    row = np.asarray(values, dtype=np.float64)
    if np.count_nonzero(np.diff(row) == 0) > len(row) // 2:
        return 0.0
    spread = float(row.max() - row.min())  # scaled: no overflow of squares
    row = (row - row[0]) / spread
    for order in range(1, len(values)):
        row = np.diff(row)
        levels.append(sqrt(float(np.mean(row**2)) / comb(2 * order, order)))
        changes.append(bool(row.min() < 0 < row.max()))
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if max(three) <= 4 * min(three) and changes[k]:
            return levels[k] * spread
    return None


def is_single(values: Array) -> bool:
    """Whether every value is one that single precision can hold."""
    with np.errstate(over="ignore"):  # beyond single precision: not single precision
        return bool((values == values.astype(np.float32)).all())


def measure_noise(
    params: Params,
    direction: Direction,
    *,
    slope: float,
    origin: float,
    dtype: Any = None,
) -> Plan[Noise]:
    """Measure the noise of the loss near `params`.

    Eight equispaced values on each side of the point, the sides apart and the smaller
    estimate taken, because a kink at the point looks like noise from both sides; the
    smallest useful spacing first, because kinks further away do too.

    Parameters
    ----------
    params : mapping of str to ndarray
        The point.
    direction : Direction
        Moves every parameter.
    slope : float
        Rough size of the derivative along a direction.
    origin : float
        The loss at the point.
    dtype : dtype, optional
        Precision of the loss, where it is known; else single precision is recognised
        by values that it can hold.
    """
    single = dtype is not None and np.finfo(dtype).eps > 1e-12
    eps = float(np.finfo(np.float32 if single else np.float64).eps)
    least = _SMALLEST * sqrt(eps)
    ulps = 4 * eps * abs(origin) / slope if slope > 0 else 0.0
    spacing = min(max(least, ulps), 1e-4)
    estimates: list[float] = []
    for _attempt in range(4):
        steps = [spacing * k for k in range(1, _COUNT + 1)]
        values = yield Ray(params, direction, [*steps, *(-step for step in steps)])
        known = values[np.isfinite(values)]
        if dtype is None and not single and known.size and np.ptp(known) > 0:
            single = is_single(known)
            if single:
                eps = float(np.finfo(np.float32).eps)
                least = _SMALLEST * sqrt(eps)
            if single and spacing < least:
                spacing = least
                continue
        sides = [side for side in np.split(values, 2) if np.isfinite(side).all()]
        found = [ecnoise(side) for side in sides]
        estimates = [sigma for sigma in found if sigma is not None]
        if estimates and max(estimates) > 0:
            break
        if estimates and spacing * _COARSEN < 1e-2:
            spacing *= _COARSEN
        elif not estimates and spacing > 64 * eps:
            spacing /= 100
        else:
            break
    sigma = min((s for s in estimates if s > 0), default=0.0)
    largest = max(float(np.abs(known).max(initial=0.0)), abs(origin))
    return Noise(max(_SAFETY * sigma, eps * (largest + slope)), eps)
