"""How far rounding can move the loss and the gradient of a network at a point.

The bounds follow the computation itself, with absolute values in place of signs: each
product and sum of n terms may err by ``n * eps`` of the sum of their magnitudes, and
what is computed from it carries that error on (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., section 3.1). A pre-activation that cannot be told from
0 may fall on either side of a kink, so there the whole derivative counts as error.
Cancellation, offsets and scales of any size are thus allowed for, and a law that fails
by more than these bounds fails for another reason.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.networks.layers import ACTIVATIONS, COSTS, targets
from gradcheck.problem import Network

_EXTRA_TERMS = 16


class Known(NamedTuple):
    """Numbers, and how far rounding may have moved them."""

    value: Array
    error: Array


@dataclass(frozen=True, slots=True)
class Bounds:
    """Largest errors of the loss and of each entry of the gradient."""

    loss: float
    grads: dict[str, Array]


def rounding_bounds(
    network: Network, params: Params, X: Array, y: Array, *, eps: float
) -> Bounds:
    """Bound what rounding does to the loss and gradient, without the penalty.

    Parameters
    ----------
    network : Network
        With the layout ``"rows"`` and a cost of `gradcheck.networks.layers`.
    params, X, y
        The point.
    eps : float
        Spacing of the numbers that the computation uses, relative.
    """
    longest = max(*X.shape, *(max(p.shape, default=1) for p in params.values()))
    unit = eps * (longest + _EXTRA_TERMS)
    chain = (*network.activations, network.output)
    inputs = Known(np.abs(X), np.zeros(X.shape))
    signed = X
    passed = []
    for name, activation in zip(network.weights, chain, strict=True):
        W = _matrix(params[name])
        b = params.get(name.replace("W", "b"), np.zeros(()))
        size = inputs.value @ np.abs(W) + np.abs(b)
        pre = Known(signed @ W + b, inputs.error @ np.abs(W) + unit * size)
        passed.append((inputs, pre, np.abs(W)))
        signed, _ = ACTIVATIONS[activation].forward(pre.value)
        inputs = Known(np.abs(signed), pre.error + unit * np.abs(signed))
    share = 1.0 / X.shape[0] if network.reduction == "mean" else 1.0
    loss, delta = _cost_bounds(network.cost, Known(signed, inputs.error), y, unit)
    grads = {}
    delta = Known(share * delta.value, share * delta.error)
    for name, activation, (below, pre, W) in reversed(
        list(zip(network.weights, chain, passed, strict=True))
    ):
        delta = _through(activation, pre, delta, unit)
        total = delta.error + unit * delta.value
        grads[name] = (
            below.value.T @ total + below.error.T @ (delta.value + delta.error)
        ).reshape(params[name].shape)
        b_name = name.replace("W", "b")
        if b_name in params:
            grads[b_name] = total.sum(axis=0).reshape(params[b_name].shape)
        delta = Known(delta.value @ W.T, total @ W.T)
    return Bounds(float(share * loss.sum()), grads)


def _matrix(W: Array) -> Array:
    return W[:, np.newaxis] if W.ndim == 1 else W


def _through(activation: str, pre: Known, delta: Known, unit: float) -> Known:
    """Carry the size and error of a delta back through an activation."""
    forward, backward = ACTIVATIONS[activation][1:]
    slope = np.abs(backward(np.ones(pre.value.shape), forward(pre.value)[1]))
    if activation == "relu":
        slope_error = (np.abs(pre.value) <= pre.error).astype(float)
    elif activation == "identity":
        slope_error = np.zeros(slope.shape)
    else:  # |act''| < 1 for both, and 1 - h**2 errs by a unit of 1
        slope_error = np.minimum(1.0, pre.error + unit)
    return Known(
        delta.value * slope,
        delta.error * (slope + slope_error) + delta.value * slope_error,
    )


def _cost_bounds(
    cost: str, scores: Known, y: Array, unit: float
) -> tuple[Array, Known]:
    """Return the error of each example's loss, and the delta at the outputs."""
    if cost == "logistic":
        y = np.reshape(y, (-1, 1))
        each, cache = COSTS[cost].forward(scores.value, y)
        losses, delta = each.sum(axis=1), np.abs(COSTS[cost].backward(1.0, cache))
    else:
        losses, cache = COSTS[cost].forward(scores.value, y)
        delta = np.abs(COSTS[cost].backward(1.0, cache))
    size = np.abs(scores.value).max(axis=1, keepdims=True)
    worst = scores.error.max(axis=1, keepdims=True) + unit * size
    C = scores.value.shape[1]
    if cost == "squared":
        t = np.abs(targets(y, C))
        error = scores.error + unit * (np.abs(scores.value) + t)
        return np.sum(delta * error + error**2, axis=1) + unit * losses, Known(
            delta, error
        )
    # Probabilities move by the error of the scores, relatively, and p - 1 errs by a
    # unit of 1; beyond an error of 1/4 nothing is known of them.
    lost = np.where(worst > 0.25, 1.0, 0.0)
    others = np.abs(1.0 - delta)
    moved = 4.0 * np.minimum(delta, others) * worst
    totals = 1.0
    if cost == "softmax":
        totals = np.maximum(1.0, targets(y, C).sum(axis=1, keepdims=True))
        moved = 4.0 * np.exp(cache[0]) * totals * worst
    error = moved + (lost + unit) * totals
    loss_error = C * totals * (2.0 * worst + unit) + unit * losses[:, np.newaxis]
    return loss_error.sum(axis=1), Known(delta, error)
