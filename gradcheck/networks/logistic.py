"""The two-layer ReLU net with one output and the logistic loss (source 003)."""

from typing import Unpack

import numpy as np

from gradcheck._typing import (
    Array,
    Grads,
    Loss,
    LossGrads,
    Params,
    Penalty,
    Reduction,
)
from gradcheck.networks import layers
from gradcheck.networks.conventions import (
    Conventions,
    Shapes,
    make_network,
    penalty_loss,
    share,
    with_penalty,
)
from gradcheck.networks.layers import relu, relu_backward
from gradcheck.problem import Network


def loss(
    params: Params,
    X: Array,
    y: Array,
    reg: float,
    *,
    penalty: Penalty = "half",
    reduction: Reduction = "mean",
) -> Loss:
    """Return the loss alone; see `loss_and_grads`."""
    X, y = np.atleast_2d(X), np.atleast_1d(y)
    hidden, _ = relu(X @ params["W1"] + params.get("b1", 0.0))
    losses, _ = layers.logistic(hidden @ params["W2"] + params.get("b2", 0.0), y)
    data = share(X.shape[0], reduction) * losses.sum()
    return data + penalty_loss(params, reg, penalty)


def loss_and_grads(
    params: Params,
    X: Array,
    y: Array,
    reg: float,
    *,
    penalty: Penalty = "half",
    reduction: Reduction = "mean",
) -> LossGrads:
    """Return the logistic loss (nats) plus the penalty, with gradients.

    Parameters
    ----------
    params : mapping
        ``W1`` (D, H), ``W2`` (H,) and, unless it goes without, ``b1`` (H,) and
        ``b2`` (), a scalar.
    X : ndarray, shape (N, D) or (D,)
        Examples, or a single one.
    y : ndarray, shape (N,) or ()
        Labels, -1 or +1.
    reg : float
        Strength of the penalty, >= 0.
    penalty, reduction : str
        The conventions; see `gradcheck.problem.Network`. The source has
        ``reduction="sum"`` and ``penalty="none"``.
    """
    X, y = np.atleast_2d(X), np.atleast_1d(y)
    W1, W2 = params["W1"], params["W2"]
    hidden, live = relu(X @ W1 + params.get("b1", 0.0))  # (N, H)
    scores = hidden @ W2 + params.get("b2", 0.0)  # (N,)
    losses, cache = layers.logistic(scores, y)  # (N,)
    each = share(X.shape[0], reduction)
    value = each * losses.sum() + penalty_loss(params, reg, penalty)

    dscores = layers.logistic_backward(np.asarray(each), cache)  # (N,)
    dhidden_pre = relu_backward(np.outer(dscores, W2), live)  # (N, H)
    grads = {
        "W1": X.T @ dhidden_pre,
        "b1": dhidden_pre.sum(axis=0),
        "W2": hidden.T @ dscores,
        "b2": dscores.sum(),
    }
    return value, with_penalty(grads, params, reg, penalty)


def kronecker_grads(params: Params, x: Array, y: float) -> Grads:
    """Return the gradient for one example as source 003 derives it.

    The Jacobian of ``W1.T @ x`` by the columns of ``W1.T``, stacked, is the row ``x``
    Kronecker the identity, (H, D*H). Exact, and H times dearer than the outer product
    that it amounts to; `loss_and_grads` is its vectorised equal.

    Parameters
    ----------
    params : mapping
        ``W1`` (D, H), ``b1`` (H,), ``W2`` (H,), ``b2`` ().
    x : ndarray, shape (D,)
    y : float
        Label, -1 or +1.
    """
    W1, W2 = params["W1"], params["W2"]
    D, H = W1.shape
    hidden, live = relu(W1.T @ x + params["b1"])
    _, cache = layers.logistic(W2 @ hidden + params["b2"], np.asarray(y))
    dscore = layers.logistic_backward(np.asarray(1.0), cache)
    mask = np.diag(live.astype(float))  # (H, H)
    dhidden_dW1 = mask @ np.kron(x, np.eye(H))  # (H, D*H)
    return {
        "W1": dscore * (W2 @ dhidden_dW1).reshape(D, H),
        "b1": dscore * W2 @ mask,
        "W2": dscore * hidden,
        "b2": dscore,
    }


def shapes(D: int, hidden: tuple[int, ...], C: int) -> Shapes:
    """Return the shapes of the parameters; `hidden` holds one width, `C` is 1."""
    (H,) = hidden
    return {"W1": (D, H), "b1": (H,), "W2": (H,), "b2": ()}


def build(**conventions: Unpack[Conventions]) -> Network:
    """Make the network; `conventions` as in `gradcheck.networks.get`."""
    return make_network(
        "logistic",
        ("relu",),
        "logistic",
        loss,
        loss_and_grads,
        shapes,
        build,
        **conventions,
    )
