"""The complex step: a derivative without subtraction, where the loss carries it.

It serves `numeric_gradient`, inside the intervals of other methods. Verdicts do without
it. Where steps see little, their interval may hide a small term of the loss, such as a
penalty on ``abs(w)``; complex arithmetic drops the slope of just such a term in
silence, and so may a gradient that forgot it: the two would agree, and both be wrong.
Segments reach the digits that a verdict needs, and are real.
"""

import warnings
from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.numeric.plans import Plan, Points

STEP = 1e-30  # relative; its square vanishes beside any real part


def complex_slope(request: Points, step: float) -> Plan[Array]:
    """Return ``Im f(x + i h v) / h`` for requested points that hold ``x + i h v``.

    The error is ``O(h**2)``, nothing at all with a step of 1e-30, for a loss that is
    analytic and whose code lets imaginary parts through [1]_. Code with ``abs``,
    ``norm``, ``std``, ``conj`` or real buffers does not, some of it silently: the
    result is a witness, to be believed only where another method agrees.

    Parameters
    ----------
    request : Points
        Complex points.
    step : float
        The step `h`.

    Returns
    -------
    ndarray
        One derivative a point; NaN where the loss was not complex.

    References
    ----------
    .. [1] W. Squire & G. Trapp, "Using complex variables to estimate derivatives of
       real functions", SIAM Review 40(1), 1998.
    """
    values = yield request
    if values.dtype.kind != "c":
        return np.full(len(values), np.nan)
    return np.asarray(values.imag / step)


def strict(evaluate: Any) -> Any:
    """Return `evaluate` refusing to drop an imaginary part in silence."""

    def evaluate_strictly(points: Points) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            return evaluate(points)

    return evaluate_strictly
