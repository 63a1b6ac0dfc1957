"""Softmax regression: one affine layer and the cross-entropy (source 000)."""

from typing import Unpack

from gradcheck._typing import Array, Loss, LossGrads, Params, Penalty, Reduction
from gradcheck.networks.conventions import (
    Conventions,
    Shapes,
    make_network,
    penalty_loss,
    share,
    with_penalty,
)
from gradcheck.networks.layers import (
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
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
    scores = X @ params["W"] + params.get("b", 0.0)
    losses, _ = softmax_cross_entropy(scores, y)
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
    """Return the softmax cross-entropy (nats) plus the penalty, with gradients.

    Parameters
    ----------
    params : mapping
        ``W`` (D, C) and, unless it goes without, ``b`` (C,).
    X : ndarray, shape (N, D)
    y : ndarray, shape (N,) of int or (N, C)
        Labels in ``range(C)``, or target probabilities.
    reg : float
        Strength of the penalty, >= 0.
    penalty, reduction : str
        The conventions; see `gradcheck.problem.Network`.
    """
    scores = X @ params["W"] + params.get("b", 0.0)  # (N, C)
    losses, cache = softmax_cross_entropy(scores, y)  # (N,)
    each = share(X.shape[0], reduction)
    value = each * losses.sum() + penalty_loss(params, reg, penalty)

    dscores = softmax_cross_entropy_backward(each, cache)  # (N, C)
    grads = {"W": X.T @ dscores, "b": dscores.sum(axis=0)}
    return value, with_penalty(grads, params, reg, penalty)


def shapes(D: int, hidden: tuple[int, ...], C: int) -> Shapes:
    """Return the shapes of the parameters; `hidden` plays no part."""
    return {"W": (D, C), "b": (C,)}


def build(**conventions: Unpack[Conventions]) -> Network:
    """Make the network; `conventions` as in `gradcheck.networks.get`."""
    return make_network(
        "linear", (), "softmax", loss, loss_and_grads, shapes, build, **conventions
    )
