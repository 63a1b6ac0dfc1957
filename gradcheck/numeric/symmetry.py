"""Whether a vector field can be a gradient at all, of whatever function.

The derivative of a gradient is symmetric: moving W1 changes dW2 just as moving W2
changes dW1. No loss is needed to see that it is not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array, Grads, Params

_STEPS = (1e-4, 5e-5)
_CLEAR = 1e-3
_STEADY = 0.05
_PAIRS = 3


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """One pair of directions along which the derivative is not symmetric.

    Attributes
    ----------
    there, back : float
        The change of the field along `u` when the parameters move along `v`, and along
        `v` when they move along `u`; equal for every gradient.
    """

    there: float
    back: float


def asymmetry(
    field: Callable[[Params], Grads], params: Params, rng: np.random.Generator
) -> Asymmetry | None:
    """Look for directions that tell a vector field from a gradient.

    Parameters
    ----------
    field : callable
        From parameters to what is said to be a gradient; same names and shapes.
    params : mapping of str to ndarray
        A point around which it is smooth.
    rng : numpy.random.Generator
        For the directions.

    Returns
    -------
    Asymmetry or None
        The first of three pairs; None unless every pair shows the same at two steps.
        8 evaluations a pair.

    Examples
    --------
    >>> def rotation(p):
    ...     x, y = p["x"]
    ...     return {"x": np.array([-y, x])}
    >>> found = asymmetry(rotation, {"x": np.ones(2)}, np.random.default_rng(0))
    >>> abs(found.there + found.back) < 1e-6
    True
    >>> def bowl(p):
    ...     return {"x": 2 * p["x"]}
    >>> asymmetry(bowl, {"x": np.ones(2)}, np.random.default_rng(0)) is None
    True
    """
    first = None
    for _ in range(_PAIRS):
        u, v = _direction(params, rng), _direction(params, rng)
        pairs = [
            (_along(field, params, v, u, h), _along(field, params, u, v, h))
            for h in _STEPS
        ]
        gaps = [there - back for there, back in pairs]
        there, back = pairs[-1]
        size = max(abs(there), abs(back))
        if not np.isfinite(gaps).all() or abs(gaps[1]) <= _CLEAR * size:
            return None
        if abs(gaps[0] - gaps[1]) > _STEADY * abs(gaps[1]):
            return None
        first = first or Asymmetry(there, back)
    return first


def _direction(params: Params, rng: np.random.Generator) -> dict[str, Array]:
    return {
        k: rng.standard_normal(np.shape(p)) * (np.sqrt(np.mean(np.square(p))) or 1.0)
        for k, p in params.items()
    }


def _along(
    field: Callable[[Params], Grads],
    params: Params,
    move: dict[str, Array],
    look: dict[str, Array],
    step: float,
) -> float:
    """Return how the field's component along `look` changes with a move."""
    ahead, behind = (
        field({k: np.asarray(p) + sign * step * move[k] for k, p in params.items()})
        for sign in (1.0, -1.0)
    )
    change = sum(
        float(np.sum((np.asarray(ahead[k]) - np.asarray(behind[k])) * look[k]))
        for k in params
    )
    return change / (2.0 * step)
