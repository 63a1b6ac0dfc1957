"""By how much a value changes, computed without subtracting two values.

Addition theorems take the place of the subtraction, so that a change of 1e-12 is known
to as many digits as one of 1. No derivative is used.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradcheck._typing import Array
from gradcheck.networks.layers import sigmoid, softmax_cross_entropy, targets

_TINY = 2.0**-26  # below it expm1(x) is x + x**2 / 2 to the last bit


def activation_change(name: str, pre: Array, shift: Array) -> Array:
    """Return ``act(pre + shift) - act(pre)``.

    With s the sigmoid and e = expm1(d):
    ``s(z + d) - s(z) = s(z) s(-z) e / (1 + s(z) e)``;
    tanh(z) is ``2 s(2z) - 1``. A ReLU moves by the part of the shift that lies above 0.

    Examples
    --------
    >>> activation_change("relu", np.array([1.0, -1.0, 0.5]), np.array([0.1, 0.1, -1]))
    array([ 0.1,  0. , -0.5])
    """
    if name == "identity":
        return shift
    if name == "relu":
        return np.where(pre > 0, np.maximum(shift, -pre), np.maximum(pre + shift, 0.0))
    twice = 2.0 if name == "tanh" else 1.0
    high, low = sigmoid(twice * pre)[0], sigmoid(-twice * pre)[0]
    factor = np.expm1(twice * shift)
    return np.asarray(twice * high * low * factor / (1.0 + high * factor))


class CostChange(Protocol):
    """A cost at some outputs, and how it changes with them."""

    def rows(self, rows: Array) -> "CostChange":
        """Keep some examples only."""
        ...

    def relative(self, change: Array) -> Array:
        """Return a change of the outputs, (n, C) or (n, C, i), as `of` wants it."""
        ...

    def of(self, change: Array, bound: float = np.inf) -> Array:
        """Return the change of each example's cost, (n, i).

        `change` (n, C, i) is `relative`, may be overwritten, and exceeds `bound`
        nowhere.
        """
        ...


def cost_change(name: str, out: Array, y: Array) -> CostChange:
    """Return the cost `name` at the outputs `out` (N, C) and labels or targets `y`.

    Raises
    ------
    KeyError
        If the cost is not one of `gradcheck.networks.layers.COSTS`.
    """
    if name == "logistic":
        sign = np.reshape(y, (-1, 1)).astype(float)
        return _Binary(sigmoid(out)[0], sigmoid(-out)[0], (1.0 + sign) / 2.0)
    t = targets(y, out.shape[1]).astype(float)
    if name == "softmax":
        _, (log_probs, _) = softmax_cross_entropy(out, t)
        return _Softmax(np.exp(log_probs), t)
    if name == "sigmoid":
        return _Binary(sigmoid(out)[0], sigmoid(-out)[0], t)
    return {"squared": _Squared}[name](out - t)


@dataclass(frozen=True, slots=True)
class _Softmax:
    """``T log1p(sum p expm1(d))`` with d counted from its mean under the targets."""

    probs: Array
    targets: Array

    def rows(self, rows: Array) -> "_Softmax":
        return _Softmax(self.probs[rows], self.targets[rows])

    def relative(self, change: Array) -> Array:
        totals = self.targets.sum(axis=1, keepdims=True)
        weights = self.targets / np.where(totals == 0.0, 1.0, totals)
        if change.ndim == 2:
            return np.asarray(change - np.sum(weights * change, axis=1, keepdims=True))
        return np.asarray(change - weights[:, np.newaxis, :] @ change)

    def of(self, change: Array, bound: float = np.inf) -> Array:
        if bound < _TINY:
            change += 0.5 * change * change
        else:
            np.expm1(change, out=change)
        moved = np.log1p((self.probs[:, np.newaxis, :] @ change)[:, 0])
        return np.asarray(self.targets.sum(axis=1, keepdims=True) * moved)


@dataclass(frozen=True, slots=True)
class _Binary:
    """``log1p(s(-x) expm1(-d))`` for a yes and ``log1p(s(x) expm1(d))`` for a no."""

    high: Array
    low: Array
    targets: Array

    def rows(self, rows: Array) -> "_Binary":
        return _Binary(self.high[rows], self.low[rows], self.targets[rows])

    def relative(self, change: Array) -> Array:
        return change

    def of(self, change: Array, bound: float = np.inf) -> Array:
        high, low, yes = (
            a[:, :, np.newaxis] for a in (self.high, self.low, self.targets)
        )
        total = yes * np.log1p(low * np.expm1(-change))
        total += (1.0 - yes) * np.log1p(high * np.expm1(change))
        return np.asarray(total.sum(axis=1))


@dataclass(frozen=True, slots=True)
class _Squared:
    """``d (r + d/2)`` with r the residual."""

    residual: Array

    def rows(self, rows: Array) -> "_Squared":
        return _Squared(self.residual[rows])

    def relative(self, change: Array) -> Array:
        return change

    def of(self, change: Array, bound: float = np.inf) -> Array:
        residual = self.residual[:, :, np.newaxis]
        return np.asarray(np.sum(change * (residual + change / 2.0), axis=1))
