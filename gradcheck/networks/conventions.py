"""The conventions in which two right networks may differ, written once."""

from collections.abc import Callable, Mapping
from typing import TypedDict

import numpy as np

from gradcheck._typing import (
    Array,
    Grads,
    Layout,
    Loss,
    LossAndGrads,
    LossGrads,
    Params,
    Penalty,
    Reduction,
)
from gradcheck.problem import Network, Problem

Shapes = dict[str, tuple[int, ...]]

_PENALTY = {"none": 0.0, "half": 1.0, "full": 2.0}


class Conventions(TypedDict, total=False):
    """What `gradcheck.networks.get` takes for every network."""

    penalty: Penalty
    reduction: Reduction
    layout: Layout
    biases: bool


def penalty_loss(params: Params, reg: float, penalty: Penalty) -> Loss:
    """Return the penalty: a multiple of `reg` times the sum of squared weights.

    The multiple is 0.5 for ``"half"``, 1 for ``"full"``, 0 for ``"none"``. Names that
    begin with ``W`` are weights; biases are free.
    """
    squares = sum(np.sum(p * p) for name, p in params.items() if name[0] == "W")
    return 0.5 * _PENALTY[penalty] * reg * squares


def penalty_gradient(params: Params, reg: float, penalty: Penalty) -> Grads:
    """Return the gradient of `penalty_loss`, 0 for biases."""
    factor = _PENALTY[penalty] * reg
    return {
        name: np.asarray(factor * p if name[0] == "W" else np.zeros(np.shape(p)))
        for name, p in params.items()
    }


def with_penalty(
    grads: Mapping[str, Array], params: Params, reg: float, penalty: Penalty
) -> Grads:
    """Add the penalty's gradient (``reg * W`` for ``"half"``), in order of `params`."""
    slopes = penalty_gradient(params, reg, penalty)
    return {name: np.asarray(grads[name] + slopes[name]) for name in params}


def share(N: int, reduction: Reduction) -> float:
    """Return what one example's loss counts for in the whole: 1/N or 1."""
    return 1.0 / N if reduction == "mean" else 1.0


def make_network(
    name: str,
    activations: tuple[str, ...],
    cost: str,
    loss: Callable[..., Loss],
    loss_and_grads: Callable[..., LossGrads],
    shapes: Callable[[int, tuple[int, ...], int], Shapes],
    build: Callable[..., Network],
    *,
    penalty: Penalty = "half",
    reduction: Reduction = "mean",
    layout: Layout = "rows",
    biases: bool = True,
) -> Network:
    """Make the record of a network that follows the conventions given.

    Raises
    ------
    ValueError
        If a convention is none of those listed in `gradcheck._typing`.
    """
    _require("penalty", penalty, tuple(_PENALTY))
    _require("reduction", reduction, ("mean", "sum"))
    _require("layout", layout, ("rows", "columns"))

    def loss_function(params: Params, X: Array, y: Array, reg: float) -> Loss:
        if layout == "columns":
            params, X, y = _transposed(params), X.T, y.T
        return loss(params, X, y, reg, penalty=penalty, reduction=reduction)

    def gradient_function(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        if layout == "rows":
            return loss_and_grads(
                params, X, y, reg, penalty=penalty, reduction=reduction
            )
        value, grads = loss_and_grads(
            _transposed(params), X.T, y.T, reg, penalty=penalty, reduction=reduction
        )
        return value, {k: grads[k].T.reshape(p.shape) for k, p in params.items()}

    def shape_function(D: int, hidden: tuple[int, ...], C: int) -> Shapes:
        rows = {k: s for k, s in shapes(D, hidden, C).items() if biases or k[0] == "W"}
        if layout == "rows":
            return rows
        return {
            k: (*s, 1) if len(s) == 1 and k[0] == "b" else s[::-1]
            for k, s in rows.items()
        }

    return Network(
        name=name,
        activations=activations,
        cost=cost,
        loss_function=loss_function,
        gradient_function=gradient_function,
        shape_function=shape_function,
        penalty=penalty,
        reduction=reduction,
        layout=layout,
        biases=biases,
        build=build,
    )


def rows_point(network: Network, problem: Problem) -> tuple[Network, Problem]:
    """Return a network and a point of it in the layout ``"rows"``."""
    if network.layout == "rows":
        return network, problem
    params = _transposed(problem.params)
    point = Problem(params, problem.X.T, problem.y.T, problem.reg)
    return network.variant(layout="rows"), point


def in_rows(function: LossAndGrads, network: Network) -> LossAndGrads:
    """Return a function of the network's layout as one of the layout ``"rows"``.

    Whatever it returns is turned with it; what is no array stays as it is.
    """
    if network.layout == "rows":
        return function

    def turned(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        columns = {
            name: p.reshape(-1, 1) if name[0] == "b" and p.ndim == 1 else p.T
            for name, p in params.items()
        }
        returned = function(columns, X.T, y.T, reg)
        try:
            loss, grads = returned
            back = {
                name: _turned_back(g, columns.get(name), params.get(name))
                for name, g in grads.items()
            }
        except (TypeError, ValueError, AttributeError):
            return returned
        return loss, back

    return turned


def _turned_back(grad: Array, column: Array | None, row: Array | None) -> Array:
    if column is not None and row is not None and np.shape(grad) == column.shape:
        return np.asarray(grad).T.reshape(row.shape)
    return np.asarray(grad).T


def _transposed(params: Params) -> dict[str, Array]:
    """Return parameters of the column layout as those of the row layout."""
    return {
        name: p.reshape(-1) if name[0] == "b" and p.ndim == 2 else p.T
        for name, p in params.items()
    }


def _require(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ValueError(f"{what}={value!r}, but should be one of {names}")
