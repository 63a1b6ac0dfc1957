"""One backward pass for every network, cut into slots that mistakes can fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.faults.records import Mistake, Setting, Site
from gradcheck.faults.specification import Specification
from gradcheck.networks.layers import ACTIVATIONS, targets
from gradcheck.problem import Problem

Table: TypeAlias = Mapping[tuple[str, Site], Sequence[tuple[Setting, Mistake]]]
"""What fills which slot: ``(slot, site)`` to settings, each with its mistake."""


def sigmoid(z: Array) -> Array:
    """Return ``1 / (1 + exp(-z))`` without overflow."""
    return ACTIVATIONS["sigmoid"].forward(z)[0]


def softmax(scores: Array) -> Array:
    """Return the probabilities of each row of `scores`, shape (N, C)."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def activate(name: str, z: Array) -> Array:
    """Return the activation `name` of `z`, entry by entry."""
    return ACTIVATIONS[name].forward(z)[0]


def slope(name: str, z: Array) -> Array:
    """Return the derivative of the activation `name` at `z`; 0 at a ReLU's kink."""
    return ACTIVATIONS[name].backward(np.ones_like(z), ACTIVATIONS[name].forward(z)[1])


def predict(cost: str, out: Array) -> Array:
    """Return what the cost compares with the targets, shape (N, C)."""
    if cost == "softmax":
        return softmax(out)
    return out if cost == "squared" else sigmoid(out)


def wanted(cost: str, y: Array, N: int, C: int) -> Array:
    """Return the targets, shape (N, C), whatever the labels look like."""
    if cost == "logistic":
        return np.asarray((np.asarray(y).reshape(N, 1) + 1.0) / 2.0)
    return np.asarray(targets(y, C), dtype=float)


class Pass:
    """Forward once, then backward with mistakes in the slots.

    The stages take the quantity of the stage before as an argument, so that a
    measured one can stand in its place.

    Parameters
    ----------
    spec : Specification
        The loss.
    problem : Problem
        The point; rows are examples.
    table : mapping
        What fills which slot wrongly; nothing by default.
    """

    def __init__(
        self, spec: Specification, problem: Problem, table: Table | None = None
    ) -> None:
        network = spec.network
        self.spec, self.network, self.table = spec, network, table or {}
        self.params, self.y = problem.params, problem.y
        self.reg = problem.reg
        self.depth, self.cost = network.depth, network.cost
        self.weights = dict(enumerate(network.weights, start=1))
        self.biases = dict(enumerate(network.bias_names, start=1))
        self.X = np.asarray(problem.X, dtype=float)
        self.N, self.D = self.X.shape
        self.W = {i: _matrix(problem.params[n]) for i, n in self.weights.items()}
        self.C = self.W[self.depth].shape[1]
        self._forward()
        self.t = wanted(self.cost, problem.y, self.N, self.C)
        self.above: dict[int, Array] = {}  # what reached a layer, before its mask
        self.dW: dict[int, Array] = {}  # data gradients of the weights, so far
        self.tapped: dict[str, Array] = {}  # what a bias gradient is summed from

    def wrongly(self, table: Table) -> Pass:
        """Return a pass of its own at the same point, its slots filled by `table`.

        What comes before any slot, the forward pass, is shared with this one.
        """
        other = copy(self)
        other.table, other.probs = table, self.right_probs
        other.above, other.dW, other.tapped = {}, {}, {}
        return other

    def _forward(self) -> None:
        self.a: dict[int, Array] = {0: self.X}
        self.z: dict[int, Array] = {}
        for i in range(1, self.depth + 1):
            b = np.reshape(self.params[self.biases[i]], -1) if self.biases else 0.0
            self.z[i] = self.a[i - 1] @ self.W[i] + b
            if i < self.depth:
                self.a[i] = activate(self.network.activations[i - 1], self.z[i])
        self.scores = self.z[self.depth]
        self.out = activate(self.network.output, self.scores)
        self.right_probs = predict(self.cost, self.out)
        self.probs = self.right_probs

    def slot(self, name: str, site: Site, value: Any) -> Any:
        """Fill a slot: what the mistakes make of the right `value`."""
        for setting, mistake in self.table.get((name, site), ()):
            value = setting(self, site, value, mistake)
        return value

    @property
    def divisor(self) -> float:
        """What the sum over examples is divided by."""
        return float(self.N) if self.spec.reduction == "mean" else 1.0

    def top(self) -> Array:
        """Return the derivative of the summed data loss by the scores, (N, C)."""
        self.probs = self.slot("probs", None, self.right_probs)
        delta = self.probs - self.slot("targets", None, self.t)
        if self.network.output != "identity":
            delta = delta * self.slot(
                "outer", None, slope(self.network.output, self.scores)
            )
        delta = self.slot("delta", None, delta)
        counted = self.slot("examples", None, np.ones(self.N))
        return np.asarray(delta * counted[:, None])

    def scaled(self, delta: Array) -> Array:
        """Divide by the number of examples, and by whatever else divides all."""
        factor = self.slot("factor", None, self.spec.multiple(self.N, self.C))
        self.multiplier = np.float64(factor) / self.slot("batch", None, self.divisor)
        return np.asarray(delta * self.multiplier)

    def down(self, i: int, delta: Array, dW: Array) -> Array:
        """Return the delta of hidden layer `i` from that of layer ``i + 1``.

        Parameters
        ----------
        i : int
            The hidden layer, 1 for the first.
        delta : ndarray, shape (N, width of layer i + 1)
            Derivative of the loss by the pre-activations above.
        dW : ndarray
            Gradient of the weights above, without the penalty.
        """
        self.dW[i + 1] = dW
        carried = self.slot("carried", i, delta)
        carrier = self.slot("carrier", i, self.W[i + 1])
        above = self.slot("incoming", i, carried @ carrier.T)
        self.above[i] = above = above * self.slot("hidden", i, 1.0)
        derivative = slope(self.network.activations[i - 1], self.z[i])
        masked = self.slot("mask", i, above * derivative)
        return np.asarray(masked * self.slot("hidden-after", i, 1.0))

    def weight(self, i: int, delta: Array) -> Array:
        """Return the data gradient of the weights of layer `i`."""
        name = self.weights[i]
        product = self.slot("input", i, self.a[i - 1]).T @ delta
        product = self.slot("layout", name, product)
        return np.asarray(product * self.slot("scale", name, 1.0))

    def bias(self, i: int, delta: Array) -> Array:
        """Return the data gradient of the bias of layer `i`."""
        name = self.biases[i]
        self.tapped[name] = self.slot("tap", i, delta)
        reduced = self.slot("reduce", name, self.tapped[name].sum(axis=0))
        return np.asarray(reduced * self.slot("scale", name, 1.0))

    def strength(self, name: str) -> float:
        """Return what multiplies ``sum(p**2)`` of one parameter in the loss."""
        k = self.slot("loss-penalty", name, self.spec.penalty.get(name, 0.0))
        k = k / self.N if name in self.spec.averaged else k
        return float(k * self.reg + self.spec.fixed.get(name, 0.0))

    def penalised(self, name: str) -> Array:
        """Return the penalty's gradient of one parameter, in its shape."""
        p = self.spec.penalised(name, self.params[name])
        right = 2.0 * self.strength(name) * p
        return np.asarray(self.slot("penalty", name, right))

    def grads(self) -> Grads:
        """Return the gradient of every parameter, in the order of the parameters."""
        out: dict[str, Array] = {}
        delta = self.scaled(self.top())
        for i in range(self.depth, 0, -1):
            out[self.weights[i]] = dW = self.weight(i, delta)
            if self.biases:
                out[self.biases[i]] = self.bias(i, delta)
            if i > 1:
                delta = self.down(i - 1, delta, dW)
        for name, data in out.items():
            data = _shaped(data, np.shape(self.params[name]))
            penalty = self.penalised(name)
            if data.shape != penalty.shape:  # a shape that is wrong in itself
                penalty = penalty.T if data.shape == penalty.T.shape else np.zeros(())
            out[name] = np.asarray((data + penalty) * self.slot("whole", name, 1.0))
        ordered = {name: out[name] for name in self.params if name in out}
        return dict(self.slot("finish", None, ordered))

    def data_losses(self) -> Array:
        """Return the data loss of each example, in nats where it is a likelihood."""
        s = self.out
        if self.cost == "softmax":
            top = s.max(axis=1, keepdims=True)
            log_sum = top + np.log(np.exp(s - top).sum(axis=1, keepdims=True))
            return np.asarray((self.t * (log_sum - s)).sum(axis=1))
        if self.cost == "squared":
            return np.asarray(0.5 * ((s - self.t) ** 2).sum(axis=1))
        return np.asarray((np.logaddexp(0.0, s) - self.t * s).sum(axis=1))

    def loss(self) -> float:
        """Return the loss: data and penalty."""
        mean = self.data_losses().sum() / self.divisor
        mean = mean * self.spec.multiple(self.N, self.C)
        data = self.slot("loss-data", None, mean)
        penalty = sum(
            self.strength(name)
            * np.sum(np.square(self.spec.penalised(name, self.params[name])))
            for name in self.params
        )
        return float(data + penalty)

    def forward_size(self) -> float:
        """Return the size of the terms that cancel in the largest score."""
        size = np.abs(self.X)
        for i in range(1, self.depth + 1):
            b = (
                np.abs(np.reshape(self.params[self.biases[i]], -1))
                if self.biases
                else 0.0
            )
            size = size @ np.abs(self.W[i]) + b
        return float(size.max(initial=0.0))

    def sizes(self) -> dict[str, Array]:
        """Return the size of the terms that cancel in each gradient's entries.

        The pass run with absolute values: what rounding is measured against.
        """
        out: dict[str, Array] = {}
        delta = (np.abs(self.right_probs) + np.abs(self.t)) / self.divisor
        for i in range(self.depth, 0, -1):
            out[self.weights[i]] = np.abs(self.a[i - 1]).T @ delta
            if self.biases:
                out[self.biases[i]] = delta.sum(axis=0)
            if i > 1:
                derivative = slope(self.network.activations[i - 2], self.z[i - 1])
                delta = (delta @ np.abs(self.W[i]).T) * np.abs(derivative)
        return {
            name: size.reshape(np.shape(self.params[name]))
            + np.abs(2.0 * self.reg * np.asarray(self.params[name]))
            for name, size in out.items()
        }


def _shaped(data: Array, shape: tuple[int, ...]) -> Array:
    """Drop or add axes of length one; leave a transpose as it is."""
    if data.ndim != len(shape) and data.size == np.prod(shape):
        return data.reshape(shape)
    return data


def _matrix(p: Array) -> Array:
    """View the weights of one output as a matrix of one column."""
    p = np.asarray(p)
    return p.reshape(-1, 1) if p.ndim == 1 else p
