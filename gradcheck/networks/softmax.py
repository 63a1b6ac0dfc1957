"""The two-layer ReLU net with softmax cross-entropy (sources 000, 001 and 002)."""

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
    relu,
    relu_backward,
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
    hidden, _ = relu(X @ params["W1"] + params.get("b1", 0.0))
    losses, _ = softmax_cross_entropy(hidden @ params["W2"] + params.get("b2", 0.0), y)
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
        ``W1`` (D, H), ``W2`` (H, C) and, unless it goes without, ``b1`` (H,) and
        ``b2`` (C,).
    X : ndarray, shape (N, D)
    y : ndarray, shape (N,) of int or (N, C)
        Labels in ``range(C)``, or target probabilities.
    reg : float
        Strength of the penalty, >= 0.
    penalty, reduction : str
        The conventions; see `gradcheck.problem.Network`.
    """
    W1, W2 = params["W1"], params["W2"]
    hidden_pre = X @ W1 + params.get("b1", 0.0)  # (N, H)
    hidden, live = relu(hidden_pre)
    scores = hidden @ W2 + params.get("b2", 0.0)  # (N, C)
    losses, cache = softmax_cross_entropy(scores, y)  # (N,)
    each = share(X.shape[0], reduction)
    value = each * losses.sum() + penalty_loss(params, reg, penalty)

    dscores = softmax_cross_entropy_backward(each, cache)  # (N, C)
    dhidden = dscores @ W2.T  # (N, H)
    dhidden_pre = relu_backward(dhidden, live)
    grads = {
        "W1": X.T @ dhidden_pre,
        "b1": dhidden_pre.sum(axis=0),
        "W2": hidden.T @ dscores,
        "b2": dscores.sum(axis=0),
    }
    return value, with_penalty(grads, params, reg, penalty)


def shapes(D: int, hidden: tuple[int, ...], C: int) -> Shapes:
    """Return the shapes of the parameters; `hidden` holds one width."""
    (H,) = hidden
    return {"W1": (D, H), "b1": (H,), "W2": (H, C), "b2": (C,)}


def build(**conventions: Unpack[Conventions]) -> Network:
    """Make the network; `conventions` as in `gradcheck.networks.get`."""
    return make_network(
        "softmax",
        ("relu",),
        "softmax",
        loss,
        loss_and_grads,
        shapes,
        build,
        **conventions,
    )
