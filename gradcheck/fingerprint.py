"""Numbers that two submissions share when their gradients are wrong in the same way.

A grader meets the same wrong gradient many times and wants to answer it once. The names
of mistakes group most of them; the rest are grouped by what was measured at one fixed
point, which does not depend on the seed of the check, on the spelling of the code, or
on the size of the gradient.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck._typing import Array, LossAndGrads, Params
from gradcheck.problem import Network, Problem

SEED = 20110207
"""Of the fixed point and directions; changing it splits old groups from new."""

_DIRECTIONS = 2
_RIGHT = 1e-7  # a relative error below this is rounding and no trait of the mistake


def compare(analytic: Params, reference: Params) -> dict[str, tuple[float, ...]]:
    """Return four numbers a parameter that describe how `analytic` is wrong.

    Parameters
    ----------
    analytic, reference : mapping of str to ndarray
        The gradient under examination and the right one, same keys and shapes.

    Returns
    -------
    dict of str to tuple of float
        With ``e = analytic - reference``, all relative to the norm of `reference`:
        ``|e|``, ``e . reference`` and ``e . v`` for two fixed unit directions ``v``.
        Zeros where the parameter is right; empty where it is missing, of another
        shape or not finite.

    Examples
    --------
    >>> g = {"b": np.array([3.0, 4.0])}
    >>> compare({"b": 2 * g["b"]}, g)["b"][:2]
    (1.0, 1.0)
    >>> compare(g, g)
    {'b': (0.0, 0.0, 0.0, 0.0)}
    """
    return {name: _traits(analytic.get(name), reference[name]) for name in reference}


def measure(
    loss_and_grads: LossAndGrads, network: Network, problem: Problem
) -> dict[str, tuple[float, ...]]:
    """Return the fingerprint of a gradient at the fixed `problem`; empty if it raises.

    Parameters
    ----------
    loss_and_grads : callable
        ``(params, X, y, reg) -> (loss, grads)``; called once.
    network : Network
        The reference, with the conventions that the submission follows.
    problem : Problem
        The same for every submission: drawn from `SEED`.
    """
    _, reference = network.loss_and_grads(
        problem.params, problem.X, problem.y, problem.reg
    )
    params = {name: np.array(value) for name, value in problem.params.items()}
    X, y = problem.X.copy(), problem.y.copy()
    try:
        _, grads = loss_and_grads(params, X, y, problem.reg)
        return compare(grads, reference)
    except Exception:  # whatever the accused raises; the check itself has reported it
        return {}


def similar(
    one: Mapping[str, Any], other: Mapping[str, Any], *, rtol: float = 1e-4
) -> bool:
    """Return whether two fingerprints show the same wrong gradient.

    Parameters
    ----------
    one, other : mapping of str to sequence of float
        As `measure` returns them, or as read back from JSON.
    rtol : float, default=1e-4
        Of the larger number; wide enough for another order of summation at float32.
    """
    return list(one) == list(other) and all(
        len(one[name]) == len(other[name])
        and bool(np.allclose(one[name], other[name], rtol=rtol, atol=rtol * 1e-2))
        for name in one
    )


def _traits(analytic: Array | None, reference: Array) -> tuple[float, ...]:
    """Four numbers for one parameter."""
    right = np.asarray(reference, dtype=np.float64)
    if analytic is None or np.shape(analytic) != right.shape:
        return ()
    error = np.asarray(analytic, dtype=np.float64) - right
    if not np.isfinite(error).all():
        return ()
    scale = float(np.linalg.norm(right)) or 1.0
    size = float(np.linalg.norm(error)) / scale
    if size < _RIGHT:
        return (0.0,) * (2 + _DIRECTIONS)
    traits = [size, float(np.vdot(error, right)) / scale**2]
    rng = np.random.default_rng(SEED)
    for _ in range(_DIRECTIONS):
        v = rng.standard_normal(right.shape)
        traits.append(float(np.vdot(error, v) / np.linalg.norm(v)) / scale)
    return tuple(float(f"{trait:.6g}") for trait in traits)
