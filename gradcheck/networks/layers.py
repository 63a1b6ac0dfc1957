"""Layers, forward and backward side by side.

Each forward pass returns its output and a cache, each backward pass takes the gradient
of the output and that cache and returns the gradient of every input, in order. All of
it accepts complex inputs (a complex step may pass through: decisions look at the real
part), and stays finite and silent for scores of any size.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gradcheck._typing import Array

Cache: TypeAlias = Any
Forward: TypeAlias = Callable[..., tuple[Array, Cache]]
Backward: TypeAlias = Callable[[Any, Cache], Array]


class Layer(NamedTuple):
    """A forward pass and its backward pass, by name."""

    name: str
    forward: Forward
    backward: Backward


def affine(x: Array, W: Array, b: Array | float = 0.0) -> tuple[Array, Cache]:
    """Map each row of `x` (N, D) to ``x @ W + b``, shape (N, C).

    `W` is (D, C) and `b` (C,); or `W` is (D,) and `b` a scalar, and the output (N,).
    """
    return x @ W + b, (x, W)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Return the gradients of `x`, `W` and `b`.

    Every example adds to the gradients of `W` and `b`, so both are sums over rows.

    Examples
    --------
    >>> x, W = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    >>> out, cache = affine(x, W, np.array([5.0]))
    >>> dx, dW, db = affine_backward(np.ones((1, 1)), cache)
    >>> out, dx, dW.T, db
    (array([[16.]]), array([[3., 4.]]), array([[1., 2.]]), array([1.]))
    """
    x, W = cache
    if W.ndim == 1:
        return np.outer(dout, W), x.T @ dout, np.asarray(dout.sum())
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def identity(x: Array) -> tuple[Array, Cache]:
    """Return `x` itself."""
    return x, None


def identity_backward(dout: Array, cache: Cache) -> Array:
    """Return `dout` itself."""
    return dout


def relu(x: Array) -> tuple[Array, Cache]:
    """Return ``max(x, 0)``, any shape."""
    live = x.real > 0
    return np.where(live, x, 0.0), live


def relu_backward(dout: Array | float, cache: Cache) -> Array:
    """Pass the gradient where the unit was live; at exactly 0 the choice is 0."""
    return np.asarray(dout * cache)


def sigmoid(x: Array) -> tuple[Array, Cache]:
    """Return ``1 / (1 + exp(-x))``, any shape, without overflow."""
    out, complement = _sigmoid_pair(x)
    return out, (out, complement)


def sigmoid_backward(dout: Array | float, cache: Cache) -> Array:
    """Multiply by ``sigmoid(x) * sigmoid(-x)``; no ``1 - h``, which would cancel."""
    out, complement = cache
    return np.asarray(dout * out * complement)


def tanh(x: Array) -> tuple[Array, Cache]:
    """Return ``tanh(x)``, any shape."""
    return np.tanh(x), x


def tanh_backward(dout: Array | float, cache: Cache) -> Array:
    """Multiply by ``1 / cosh(x)**2 = 4 * sigmoid(2x) * sigmoid(-2x)``."""
    out, complement = _sigmoid_pair(2.0 * cache)
    return np.asarray(4.0 * dout * out * complement)


def softmax_cross_entropy(scores: Array, y: Array) -> tuple[Array, Cache]:
    """Return the cross-entropy of each example, in nats, shape (N,).

    Parameters
    ----------
    scores : ndarray, shape (N, C)
        Logarithms of the odds, up to a constant in each row.
    y : ndarray, shape (N,) of int or (N, C)
        Labels in ``range(C)``, or target probabilities.

    Notes
    -----
    With k the largest score of a row, ``log p_c = (s_c - s_k) - log1p(rest)`` where
    `rest` sums ``exp(s_j - s_k)`` over j other than k. Nothing overflows, and a loss
    near 0 keeps all its digits.

    Examples
    --------
    >>> losses, _ = softmax_cross_entropy(np.zeros((1, 3)), np.array([1]))
    >>> float(np.exp(losses[0])).__round__(12)
    3.0
    """
    top = np.expand_dims(scores.real.argmax(axis=1), 1)
    shifted = scores - np.take_along_axis(scores, top, axis=1)
    rest = np.exp(shifted)
    np.put_along_axis(rest, top, 0.0, axis=1)
    log_probs = shifted - np.log1p(rest.sum(axis=1, keepdims=True))
    t = targets(y, scores.shape[1])
    return -np.sum(t * log_probs, axis=1), (log_probs, t)


def softmax_cross_entropy_backward(dout: Array | float, cache: Cache) -> Array:
    """Return the gradient of the scores: ``dout * (p - t)``, shape (N, C).

    Where the targets of a row sum to T and not to 1 it is ``T * p - t``. Written with
    ``expm1(log p)`` for ``p - 1``, so that a confident right answer does not cancel.
    """
    log_probs, t = cache
    others = t.sum(axis=1, keepdims=True) - t
    dscores = t * np.expm1(log_probs) + others * np.exp(log_probs)
    return _each_row(dout, dscores)


def logistic(scores: Array, y: Array) -> tuple[Array, Cache]:
    """Return ``log(1 + exp(-y * scores))`` of each example, in nats, shape (N,).

    Parameters
    ----------
    scores : ndarray, shape (N,)
        Log odds of the label +1.
    y : ndarray, shape (N,)
        Labels, -1 or +1.
    """
    return _softplus(-y * scores), (scores, y)


def logistic_backward(dout: Array | float, cache: Cache) -> Array:
    """Return the gradient of the scores: ``-y * sigmoid(-y * scores)``, shape (N,)."""
    scores, y = cache
    return np.asarray(-dout * y * _sigmoid_pair(-y * scores)[0])


def sigmoid_cross_entropy(scores: Array, y: Array) -> tuple[Array, Cache]:
    """Return the summed binary cross-entropies of each example, in nats, shape (N,).

    Parameters
    ----------
    scores : ndarray, shape (N, C)
        Log odds, one for each of C independent yes-or-no questions.
    y : ndarray, shape (N,) of int or (N, C)
        Labels (one-hot; 0 or 1 where C is 1), or target probabilities.
    """
    t = targets(y, scores.shape[1])
    losses = t * _softplus(-scores) + (1.0 - t) * _softplus(scores)
    return losses.sum(axis=1), (scores, t)


def sigmoid_cross_entropy_backward(dout: Array | float, cache: Cache) -> Array:
    """Return the gradient of the scores: ``sigmoid(scores) - t``, shape (N, C)."""
    scores, t = cache
    p, q = _sigmoid_pair(scores)
    return _each_row(dout, (1.0 - t) * p - t * q)


def squared_error(scores: Array, y: Array) -> tuple[Array, Cache]:
    """Return half the squared distance to the target of each example, shape (N,).

    Parameters
    ----------
    scores : ndarray, shape (N, C)
    y : ndarray, shape (N,) or (N, C)
        Labels (one-hot), or targets; (N,) targets where C is 1.
    """
    residual = scores - targets(y, scores.shape[1])
    return 0.5 * np.sum(residual * residual, axis=1), residual


def squared_error_backward(dout: Array | float, cache: Cache) -> Array:
    """Return the gradient of the scores: ``scores - t``, shape (N, C)."""
    return _each_row(dout, cache)


def targets(y: Array, C: int) -> Array:
    """Return `y` as targets, shape (N, C): labels become one-hot rows.

    Raises
    ------
    ValueError
        If `y` has neither labels in ``range(C)`` nor one target for each output.

    Examples
    --------
    >>> targets(np.array([0, 2]), 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == C:
        return y
    if y.ndim == 1 and C == 1:
        return y[:, np.newaxis]
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise ValueError(
            f"y has shape {y.shape} and dtype {y.dtype}, but should be "
            f"(N,) labels of int or (N, {C}) targets"
        )
    if y.size and not 0 <= int(y.min()) <= int(y.max()) < C:
        raise ValueError(
            f"y holds labels from {y.min()} to {y.max()}, but should "
            f"hold labels from 0 to {C - 1}"
        )
    return np.eye(C)[y]


def _each_row(dout: Array | float, rows: Array) -> Array:
    """Multiply each row by its entry of `dout`, (N,) or one number for all."""
    return np.asarray(np.expand_dims(dout, -1) * rows)


def _softplus(x: Array) -> Array:
    """Return ``log(1 + exp(x))`` without overflow; np.logaddexp refuses complex."""
    positive = x.real > 0
    return np.where(positive, x, 0.0) + np.log1p(np.exp(np.where(positive, -x, x)))


def _sigmoid_pair(x: Array) -> tuple[Array, Array]:
    """Return ``sigmoid(x)`` and ``sigmoid(-x)``, each to full relative precision."""
    positive = x.real > 0
    small = np.exp(np.where(positive, -x, x))  # at most 1
    large_side, small_side = 1.0 / (1.0 + small), small / (1.0 + small)
    return (
        np.where(positive, large_side, small_side),
        np.where(positive, small_side, large_side),
    )


ACTIVATIONS = {
    layer.name: layer
    for layer in (
        Layer("identity", identity, identity_backward),
        Layer("relu", relu, relu_backward),
        Layer("sigmoid", sigmoid, sigmoid_backward),
        Layer("tanh", tanh, tanh_backward),
    )
}
"""The activations by name; each is applied entry by entry."""

COSTS = {
    layer.name: layer
    for layer in (
        Layer("softmax", softmax_cross_entropy, softmax_cross_entropy_backward),
        Layer("sigmoid", sigmoid_cross_entropy, sigmoid_cross_entropy_backward),
        Layer("squared", squared_error, squared_error_backward),
        Layer("logistic", logistic, logistic_backward),
    )
}
"""The costs by name: scores and labels to one loss an example, and back."""
