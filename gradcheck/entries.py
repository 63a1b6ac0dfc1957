"""The derivative at every entry, for the figures of a report.

It judges nothing: the verdict rests on `gradcheck.comparison`. What it returns goes
into `Report.curves`, beside the curves that every check draws.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck._typing import Evaluate, Grads, Params

MOST = 400
"""Largest total number of entries that are measured."""

_STEP = 6e-6  # eps**(1/3): where rounding and truncation of a difference balance
_EPS = float(np.finfo(np.float64).eps)


def measure_entries(
    evaluate: Evaluate, params: Params, grads: Grads, *, most: int = MOST
) -> dict[str, dict[str, Any]]:
    """Measure the derivative at each entry by central differences.

    Parameters
    ----------
    evaluate : callable
        Takes an iterable of points, returns their losses, shape ``(n,)``. Asked twice
        an entry, in one request.
    params, grads : mapping of str to ndarray
        The point, and the gradient under examination there; same keys and shapes.
    most : int, default=400
        Largest total number of entries; nothing is measured of more.

    Returns
    -------
    dict
        By parameter: ``shape``; ``analytic``, ``numeric`` and ``error``, flat in C
        order, plain numbers.

    Notes
    -----
    The step is ``h = 6e-6`` and the error is taken to be ``4 eps |f| / h``, about
    ``1.5e-10 |f|``.

    Examples
    --------
    >>> point = {"x": np.array([1.0, 2.0])}
    >>> def evaluate(points):
    ...     return np.array([np.sum(p["x"] ** 3) for p in points])
    >>> made = measure_entries(evaluate, point, {"x": 3 * point["x"] ** 2})
    >>> [round(slope, 6) for slope in made["x"]["numeric"]]
    [3.0, 12.0]
    """
    places = [(name, i) for name in params for i in range(params[name].size)]
    if not 0 < len(places) <= most:
        return {}

    def points() -> Iterator[Params]:
        yield params
        for name, i in places:
            for h in (_STEP, -_STEP):
                moved = np.array(params[name], dtype=np.float64)
                moved.flat[i] += h
                yield {**params, name: moved}

    values = np.asarray(evaluate(points()), dtype=np.float64)
    taken = [
        (params[name].flat[i] + _STEP) - (params[name].flat[i] - _STEP)
        for name, i in places
    ]
    slopes = dict(zip(places, (values[1::2] - values[2::2]) / taken, strict=True))
    error = 4 * _EPS * abs(float(values[0])) / _STEP
    return {
        name: {
            "shape": list(params[name].shape),
            "analytic": [float(value) for value in np.ravel(grads[name])],
            "numeric": [float(slopes[name, i]) for i in range(params[name].size)],
            "error": [error] * params[name].size,
        }
        for name in params
        if params[name].size
    }
