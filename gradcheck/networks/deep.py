"""Nets of any depth, activation and cost, by the delta recursion (source 004)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

from gradcheck._typing import Array, Loss, LossGrads, Params, Penalty, Reduction
from gradcheck.networks.conventions import (
    Conventions,
    Shapes,
    make_network,
    penalty_loss,
    share,
    with_penalty,
)
from gradcheck.networks.layers import ACTIVATIONS, COSTS, Layer
from gradcheck.problem import Network


def loss(
    params: Params,
    X: Array,
    y: Array,
    reg: float,
    *,
    activations: Sequence[str],
    cost: str | Layer,
    penalty: Penalty = "half",
    reduction: Reduction = "mean",
) -> Loss:
    """Return the loss alone; see `loss_and_grads`."""
    hidden, _ = _forward(params, X, activations)
    losses, _ = _cost(cost).forward(hidden[-1], y)
    data = share(X.shape[0], reduction) * losses.sum()
    return data + penalty_loss(params, reg, penalty)


def loss_and_grads(
    params: Params,
    X: Array,
    y: Array,
    reg: float,
    *,
    activations: Sequence[str],
    cost: str | Layer,
    penalty: Penalty = "half",
    reduction: Reduction = "mean",
) -> LossGrads:
    """Return the cost plus the penalty, with gradients.

    Parameters
    ----------
    params : mapping
        ``W1`` .. ``WL`` and, unless it goes without, ``b1`` .. ``bL``.
    X : ndarray, shape (N, D)
    y : ndarray, shape (N,) of int or (N, C)
        Labels in ``range(C)``, taken as one-hot targets; or targets.
    reg : float
        Strength of the penalty, >= 0.
    activations : sequence of str
        One for each affine layer, the output's included.
    cost : str or Layer
        A name in `gradcheck.networks.layers.COSTS`; or a layer that takes the outputs
        and `y` to one loss an example.
    penalty, reduction : str
        The conventions; see `gradcheck.problem.Network`.

    Notes
    -----
    With ``delta = dC/dh_L``, for l = L .. 1: ``delta = delta * act'(z_l)``, which is
    the gradient of z_l; ``dW_l = h_(l-1).T @ delta``; ``delta = delta @ W_l.T``, with
    the weights that the forward pass used.
    """
    hidden, caches = _forward(params, X, activations)
    losses, cache = _cost(cost).forward(hidden[-1], y)
    each = share(X.shape[0], reduction)
    value = each * losses.sum() + penalty_loss(params, reg, penalty)

    grads = {}
    delta = _cost(cost).backward(each, cache)  # (N, C)
    for layer in range(len(activations), 0, -1):
        delta = ACTIVATIONS[activations[layer - 1]].backward(delta, caches[layer - 1])
        grads[f"W{layer}"] = hidden[layer - 1].T @ delta
        grads[f"b{layer}"] = delta.sum(axis=0)
        delta = delta @ params[f"W{layer}"].T
    return value, with_penalty(grads, params, reg, penalty)


def build(
    *,
    depth: int | None = None,
    activations: str | Sequence[str] = "sigmoid",
    cost: str | Layer = "squared",
    output: str = "identity",
    **conventions: Unpack[Conventions],
) -> Network:
    """Make the network.

    Parameters
    ----------
    depth : int, optional
        Number of affine layers, >= 1; 3 unless `activations` says otherwise.
    activations : str or sequence of str, default="sigmoid"
        Of the hidden layers: one for all of them, or one for each.
    cost : str or Layer, default="squared"
        ``"squared"``, ``"softmax"``, ``"sigmoid"``, or a layer of one's own.
    output : str, default="identity"
        Activation of the last layer, before the cost.
    **conventions
        As in `gradcheck.networks.get`.

    Raises
    ------
    ValueError
        If a name is unknown, or `depth` contradicts `activations`.
    """
    if isinstance(activations, str):
        activations = (activations,) * ((3 if depth is None else depth) - 1)
    hidden = tuple(activations)
    if depth is not None and depth != len(hidden) + 1:
        raise ValueError(
            f"depth={depth}, but should be {len(hidden) + 1}: one more than activations"
        )
    for name in (*hidden, output):
        if name not in ACTIVATIONS:
            raise ValueError(
                f"activation {name!r}, but should be one of {', '.join(ACTIVATIONS)}"
            )
    known = [name for name in COSTS if name != "logistic"]
    if isinstance(cost, str) and cost not in known:
        raise ValueError(f"cost={cost!r}, but should be one of {', '.join(known)}")
    chain: dict[str, Any] = {"activations": (*hidden, output), "cost": cost}
    network = make_network(
        "deep",
        hidden,
        _cost(cost).name,
        partial(loss, **chain),
        partial(loss_and_grads, **chain),
        partial(shapes, len(hidden) + 1),
        partial(build, activations=hidden, cost=cost, output=output),
        **conventions,
    )
    return replace(network, output=output)


def shapes(depth: int, D: int, hidden: tuple[int, ...], C: int) -> Shapes:
    """Return the shapes of the parameters of `depth` affine layers.

    Raises
    ------
    ValueError
        Unless `hidden` holds the width of every layer but the last.
    """
    if len(hidden) != depth - 1:
        raise ValueError(f"hidden={hidden}, but should hold {depth - 1} widths")
    widths = (D, *hidden, C)
    all_shapes: Shapes = {}
    for layer in range(1, depth + 1):
        all_shapes[f"W{layer}"] = (widths[layer - 1], widths[layer])
        all_shapes[f"b{layer}"] = (widths[layer],)
    return all_shapes


def _forward(
    params: Params, X: Array, activations: Sequence[str]
) -> tuple[list[Array], list[Any]]:
    """Return the outputs of all layers, the input first, and the caches."""
    hidden, caches = [X], []
    for layer, name in enumerate(activations, start=1):
        pre = hidden[-1] @ params[f"W{layer}"] + params.get(f"b{layer}", 0.0)
        out, cache = ACTIVATIONS[name].forward(pre)
        hidden.append(out)
        caches.append(cache)
    return hidden, caches


def _cost(cost: str | Layer) -> Layer:
    return COSTS[cost] if isinstance(cost, str) else cost
