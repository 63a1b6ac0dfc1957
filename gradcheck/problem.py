"""What is examined, and where: a named reference network, and one point for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import gradcheck

if TYPE_CHECKING:
    from gradcheck._typing import (
        Array,
        Layout,
        Loss,
        LossGrads,
        Params,
        Penalty,
        Reduction,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One point at which a loss and its gradient are evaluated.

    Attributes
    ----------
    params : mapping of str to ndarray
        Parameters by name; shapes as in the network they belong to.
    X : ndarray, shape (N, D)
        Inputs; (D, N) for a network whose layout is ``"columns"``.
    y : ndarray
        Labels or targets, as the network's cost wants them.
    reg : float
        Strength of the penalty, >= 0.
    """

    params: Params
    X: Array
    y: Array
    reg: float = 0.0

    def __repr__(self) -> str:
        shapes = ", ".join(f"{k}{v.shape}" for k, v in self.params.items())
        return f"Problem({shapes}, X{self.X.shape}, reg={self.reg:g})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print the numbers where hypothesis or IPython show a single example."""
        values = {**self.params, "X": self.X, "y": self.y, "reg": self.reg}
        with printer.group(4, "Problem(", ")"):
            for name, value in values.items():
                pad = ""
                for part in f"{name}={value!r},".split("\n"):
                    printer.break_()
                    printer.text(pad + part)
                    pad = " " * (len(name) + 1)


@dataclass(frozen=True, slots=True)
class Network:
    """A named reference: what the loss and its gradient should be.

    A network is a chain of affine layers with an activation after each but the last
    and a cost at the end. Its conventions are fields, because two right submissions
    may differ in them.

    Attributes
    ----------
    name : str
        ``"softmax"``, ``"logistic"``, ``"linear"`` or ``"deep"``.
    activations : tuple of str
        One per hidden layer, first to last; empty for a linear classifier.
    cost : str
        ``"softmax"``, ``"logistic"``, ``"sigmoid"`` or ``"squared"``.
    loss_function, gradient_function : callable
        ``(params, X, y, reg)`` to the loss, and to the pair of loss and gradients.
    shape_function : callable
        ``(D, hidden, C)`` to the shape of each parameter, in order; `hidden` holds
        the widths of the hidden layers.
    penalty : {"half", "full", "none"}
        ``0.5*reg*sum(W**2)``, ``reg*sum(W**2)`` or nothing, over weight matrices.
    reduction : {"mean", "sum"}
        Over the examples.
    layout : {"rows", "columns"}
        Whether an example is a row of `X` or a column.
    biases : bool
        Whether the affine layers have biases.
    build : callable or None
        Makes the same network with other conventions; see `variant`.
    output : str
        Activation of the last layer, between its scores and the cost.
    """

    name: str
    activations: tuple[str, ...]
    cost: str
    loss_function: Callable[[Params, Array, Array, float], Loss]
    gradient_function: Callable[[Params, Array, Array, float], LossGrads]
    shape_function: Callable[[int, tuple[int, ...], int], dict[str, tuple[int, ...]]]
    penalty: Penalty = "half"
    reduction: Reduction = "mean"
    layout: Layout = "rows"
    biases: bool = True
    build: Callable[..., Network] | None = field(default=None, repr=False)
    output: str = "identity"

    @property
    def depth(self) -> int:
        """Number of affine layers."""
        return len(self.activations) + 1

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weight matrices, first layer first."""
        return _weights(self.name, self.depth)

    @property
    def bias_names(self) -> tuple[str, ...]:
        """Names of the biases, first layer first; empty without biases."""
        if not self.biases:
            return ()
        return _biases(self.weights)

    @property
    def conventions(self) -> tuple[object, ...]:
        """All that tells this network from another, in words and numbers."""
        return (
            self.name, self.activations, self.cost, self.output, self.penalty,
            self.reduction, self.layout, self.biases,
        )  # fmt: skip

    def shapes(
        self, D: int, hidden: tuple[int, ...], C: int
    ) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter for `D` inputs, `hidden` widths and `C` classes."""
        return self.shape_function(D, hidden, C)

    def loss(self, params: Params, X: Array, y: Array, reg: float) -> Loss:
        """Evaluate the loss, in nats where it is a likelihood."""
        return self.loss_function(params, X, y, reg)

    def loss_and_grads(
        self, params: Params, X: Array, y: Array, reg: float
    ) -> LossGrads:
        """Evaluate the loss and its analytic gradient."""
        return self.gradient_function(params, X, y, reg)

    def variant(self, **conventions: Any) -> Network:
        """Return the same network with other conventions.

        Parameters
        ----------
        **conventions
            Any of ``penalty``, ``reduction``, ``layout``, ``biases``.
        """
        if self.build is None:
            return replace(self, **conventions)
        current: Mapping[str, Any] = {
            "penalty": self.penalty,
            "reduction": self.reduction,
            "layout": self.layout,
            "biases": self.biases,
        }
        return self.build(**{**current, **conventions})


@lru_cache(256)
def _weights(name: str, depth: int) -> tuple[str, ...]:
    if name == "linear":
        return ("W",)
    return tuple(f"W{layer}" for layer in range(1, depth + 1))


@lru_cache(256)
def _biases(weights: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.replace("W", "b") for name in weights)


for _waiting in gradcheck.when_problem_is_imported:
    _waiting()
