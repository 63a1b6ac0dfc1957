"""Measurements for the figures of a report: entries, steps, the Taylor remainder.

They judge nothing. What they return goes into `Report.curves`, whose form is described
there; every number is measured by evaluating the loss, in three round trips.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck._typing import Array, Evaluate, Grads, Params

MOST = 400
"""Largest total number of entries that are measured one by one."""

_STEPS = 10.0 ** np.arange(-12, 0)
_TAYLOR = 10.0 ** np.arange(-6, -0.5, 0.5)
_STEP = 6e-6  # eps**(1/3): where rounding and truncation of a difference balance
_FAR, _NEAR = 1e-2, 1e-3  # steps from which the truncation is read
_EPS = float(np.finfo(np.float64).eps)


def measure_curves(
    evaluate: Evaluate, params: Params, grads: Grads, *, seed: int = 0, most: int = MOST
) -> dict[str, Any]:
    """Measure what the figures of each parameter need.

    Parameters
    ----------
    evaluate : callable
        Takes an iterable of points, returns their losses, shape ``(n,)``.
    params, grads : mapping of str to ndarray
        The point, and the gradient under examination there; same keys and shapes.
    seed : int, default=0
        Of the directions along which the Taylor remainder is taken.
    most : int, default=400
        Largest total number of entries that are measured one by one; of larger ones the
        steps are taken at the largest entry of the gradient.

    Returns
    -------
    dict
        By parameter: ``"entries"`` (up to `most`), ``"steps"``, ``"taylor"``.

    Notes
    -----
    An entry is a central difference with ``h = 6e-6``, whose error is taken to be
    ``4 eps |f| / h``. In the V-curve, rounding contributes ``eps |f| / h`` and
    truncation ``h**2 |f'''| / 6``, with ``f'''`` from two larger steps.

    Examples
    --------
    >>> point = {"x": np.array([1.0, 2.0])}
    >>> def evaluate(points):
    ...     return np.array([np.sum(p["x"] ** 3) for p in points])
    >>> made = measure_curves(evaluate, point, {"x": 3 * point["x"] ** 2})
    >>> sorted(made["x"]), round(made["x"]["taylor"]["slope"], 1)
    (['entries', 'steps', 'taylor'], 2.0)
    """
    names = [name for name in params if params[name].size]
    base = abs(float(evaluate([params])[0]))
    curves: dict[str, Any] = {name: {} for name in names}
    if sum(params[name].size for name in names) <= most:
        entries = [(name, index) for name in names for index in _indices(params[name])]
        slopes = _slopes(evaluate, params, [(*entry, _STEP) for entry in entries])
        for name in names:
            here = [
                slope
                for slope, at in zip(slopes, entries, strict=True)
                if at[0] == name
            ]
            curves[name]["entries"] = _entries(grads[name], here, base)
    worst = {name: _worst(curves[name].get("entries"), grads[name]) for name in names}
    tried = [(name, worst[name], h) for name in names for h in _STEPS]
    slopes = _slopes(evaluate, params, tried)
    rng = np.random.default_rng(seed)
    for name, row in zip(names, slopes.reshape(len(names), -1), strict=True):
        curves[name]["steps"] = _v_curve(row, grads[name], worst[name], base)
        v = rng.standard_normal(params[name].shape)
        v /= np.linalg.norm(v)
        points = [{**params, name: params[name] + h * v} for h in (0.0, *_TAYLOR)]
        curves[name]["taylor"] = _taylor(evaluate(points), grads[name], v)
    return curves


def _indices(array: Array) -> Iterator[tuple[int, ...]]:
    return iter(np.ndindex(array.shape))


def _slopes(
    evaluate: Evaluate,
    params: Params,
    tried: list[tuple[str, tuple[int, ...], float]],
) -> Array:
    """Central differences at entries with steps, in one round trip."""

    def points() -> Iterator[Params]:
        for name, index, h in tried:
            for sign in (1.0, -1.0):
                moved = np.array(params[name], dtype=np.float64)
                moved[index] += sign * h
                yield {**params, name: moved}

    values = np.asarray(evaluate(points()), dtype=np.float64).reshape(-1, 2)
    taken = np.array(
        [
            (params[name][index] + h) - (params[name][index] - h)
            for name, index, h in tried
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((values[:, 0] - values[:, 1]) / taken)


def _entries(grad: Array, slopes: list[float], base: float) -> dict[str, Any]:
    error = 4 * _EPS * max(base, _EPS) / _STEP
    return {
        "shape": list(grad.shape),
        "analytic": _plain(grad.ravel()),
        "numeric": _plain(slopes),
        "error": [error] * grad.size,
    }


def _worst(entries: dict[str, Any] | None, grad: Array) -> tuple[int, ...]:
    """Return the entry that is furthest off; of a right gradient, the largest."""
    sizes = np.abs(grad).ravel()
    if entries is not None:
        numeric = np.array(entries["numeric"])
        off = np.abs(grad.ravel() - numeric)
        if np.nanmax(off, initial=0.0) > 1e-6 * np.nanmax(np.abs(numeric), initial=0.0):
            sizes = off
    place = int(np.nan_to_num(sizes).argmax())
    return tuple(map(int, np.unravel_index(place, grad.shape)))


def _v_curve(
    slopes: Array, grad: Array, index: tuple[int, ...], base: float
) -> dict[str, Any]:
    far, near = (slopes[int(np.abs(_STEPS - h).argmin())] for h in (_FAR, _NEAR))
    bend = abs(far - near) / (_FAR**2 - _NEAR**2)
    return {
        "h": _plain(_STEPS),
        "error": _plain(np.abs(slopes - grad[index])),
        "noise": _plain(_EPS * base / _STEPS),
        "truncation": _plain(bend * _STEPS**2),
        "index": list(index),
        "chosen": _STEP,
    }


def _taylor(values: Array, grad: Array, v: Array) -> dict[str, Any]:
    values = np.asarray(values, dtype=np.float64)
    remainder = np.abs(values[1:] - values[0] - _TAYLOR * float(np.vdot(grad, v)))
    clear = remainder > 100 * _EPS * abs(values[0])
    slope = None
    if clear.sum() >= 2:
        h, r = np.log(_TAYLOR[clear]), np.log(remainder[clear])
        slope = float(np.polyfit(h, r, 1)[0])
    return {"h": _plain(_TAYLOR), "remainder": _plain(remainder), "slope": slope}


def _plain(values: Any) -> list[float]:
    return [float(value) for value in values]
