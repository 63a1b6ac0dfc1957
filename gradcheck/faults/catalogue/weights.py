"""Mistakes with matrices: which weights carry the delta, which input meets it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import (
    each_and_all,
    hidden,
    matrices,
    upper_matrices,
)
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network


def _again(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value - p.t * p.multiplier)


def _again_undivided(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value - p.t)


def _probs_down(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.probs * p.multiplier)


def _gradient(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.dW[i + 1])


def _full(p: Any, i: int) -> Array:
    name = p.weights[i + 1]
    return np.asarray(p.dW[i + 1] + p.penalised(name).reshape(p.W[i + 1].shape))


def _gradient_full(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return _full(p, i)


def _rate(m: Mistake) -> float:
    return 0.1 if m.constant is None else m.constant


def _updated(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value - _rate(m) * p.dW[i + 1])


def _updated_full(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value - _rate(m) * _full(p, i))


def _magnitude(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.abs(value)


def _transpose(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(value.T)


def _reshape(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(value.T.reshape(value.shape))


def _reshaped_carrier(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value.reshape(value.shape[::-1]).T)


def _preactivation(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.z[i - 1])


def _overwritten(network: Network) -> list[tuple[Any, ...]]:
    plain = network.cost != "squared" and network.output == "identity"
    return [(network.depth - 1,)] if plain and network.depth > 1 else []


def _true_matrices(network: Network) -> list[tuple[Any, ...]]:
    """Leave out a column, whose transpose is the same numbers."""
    column = network.cost == "logistic"
    return each_and_all(network.weights[:-1] if column else network.weights)


FAULTS = (
    Fault(
        id="probabilities-overwritten",
        title="the probabilities are changed in place and read again",
        equation="every use of dL/dscores sees the same (p - t) / N",
        wrong="dscores = probs; dscores[np.arange(N), y] -= 1; ... probs used again",
        right="dscores = probs.copy(); dscores[np.arange(N), y] -= 1",
        advice="copy before changing in place: dscores = probs.copy()",
        unnoticed="harmless as long as nothing reads probs afterwards",
        see="the output layer is exact, and the delta below has another target in it",
        variants=(
            Variant("", "carried", _again),
            Variant("after the division by N", "carried", _again_undivided),
            Variant("probs in place of dscores", "carried", _probs_down),
        ),
        sites=_overwritten,
    ),
    Fault(
        id="gradient-as-weights",
        title="dW2 is used where W2 belongs",
        equation="dL/dh = dL/dscores W2^T, with the weights, not their gradient",
        wrong="dhidden = dscores @ dW2.T",
        right="dhidden = dscores @ W2.T",
        advice="send the delta back through W2",
        unnoticed="dW2 has the same shape as W2, so nothing crashes",
        see="the output layer is exact; scale W2 and the gradient below hardly moves",
        variants=(
            Variant("", "carrier", _gradient),
            Variant("with the penalty", "carrier", _gradient_full),
        ),
        sites=hidden(),
    ),
    Fault(
        id="updated-weights",
        title="the weights are updated before the delta passes through them",
        equation="dL/dh = dL/dscores W2^T, with the W2 of the forward pass",
        wrong="W2 -= lr * dW2; dhidden = dscores @ W2.T",
        right="dhidden = dscores @ W2.T; W2 -= lr * dW2",
        advice="compute all the gradients first, then update",
        unnoticed="the error is proportional to the learning rate, so it is small",
        see="the error of the first layer's gradient shrinks with the learning rate",
        variants=(
            Variant("", "carrier", _updated),
            Variant("with the penalty", "carrier", _updated_full),
        ),
        sites=hidden(),
        constant="affine",
        example=0.1,
    ),
    Fault(
        id="weights-magnitude",
        title="the delta passes through the absolute values of the weights",
        equation="dL/dh = dL/dscores W2^T, signs included",
        wrong="dhidden = dscores @ np.abs(W2).T",
        right="dhidden = dscores @ W2.T",
        advice="use W2 itself",
        unnoticed="where all weights are positive nothing differs",
        see="turn the sign of one weight round",
        variants=(Variant("", "carrier", _magnitude),),
        sites=hidden(),
    ),
    Fault(
        id="transposed",
        title="a transpose is missing, or one too many",
        equation="dL/dW = X^T delta and dL/dX = delta W^T",
        wrong="dW2 = dscores.T @ hidden",
        right="dW2 = hidden.T @ dscores",
        advice="let every gradient have the shape of what it belongs to",
        unnoticed="with square matrices both run",
        see="choose a different width for every layer",
        variants=(
            Variant("", "layout", _transpose),
            Variant("on the way down", "carrier", _transpose),
        ),
        sites=_true_matrices,
        needs_equal_sizes=True,
    ),
    Fault(
        id="reshaped",
        title="reshape stands where a transpose belongs",
        equation="dL/dW = X^T delta; reshape keeps the numbers in order, .T does not",
        wrong="dW1 = (dz1.T @ X).reshape(D, H)",
        right="dW1 = X.T @ dz1",
        advice="use .T",
        unnoticed="the shape is right",
        see="all the numbers are there, in other places",
        variants=(
            Variant("", "layout", _reshape),
            Variant("on the way down", "carrier", _reshaped_carrier),
            Variant("of the input", "input", _reshaped_carrier),
        ),
        sites=matrices,
    ),
    Fault(
        id="preactivation-as-activation",
        title="the pre-activation stands where the activation belongs",
        equation="dL/dW2 = h^T dL/dscores, with h = f(z1)",
        wrong="dW2 = z1.T @ dscores",
        right="dW2 = hidden.T @ dscores",
        advice="use the activation, which is what met W2 in the forward pass",
        unnoticed="where every unit is live, a ReLU's h and z1 are the same",
        see="a unit that is dead for all examples must have gradient 0 in W2",
        variants=(Variant("", "input", _preactivation),),
        sites=upper_matrices,
    ),
)
