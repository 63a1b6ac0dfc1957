"""Mistakes in the penalty, in the gradient or in the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import biases, each_and_all, matrices
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network

BIAS_ROW = "the row of weights that the loss leaves free"
"""A variant that needs a loss with such a row, which no reference has."""


def _none(p: Any, name: str, value: Any, m: Mistake) -> Any:
    return value * 0.0


def _double(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return value * 2.0


def _half(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return value * 0.5


def _negative(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return -value


def _averaged(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(value / p.N)


def _usual(p: Any) -> float:
    """Return what multiplies reg*W in the gradient of a penalised weight."""
    return float(2.0 * max([*p.spec.penalty.values(), 0.0]) or 1.0)


def _added(p: Any, name: str, value: Array, m: Mistake) -> Array:
    c = _usual(p) if m.constant is None else m.constant
    return np.asarray(c * p.reg * np.asarray(p.params[name]))


def _whole(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(2.0 * p.strength(name) * np.asarray(p.params[name]))


def _ones(p: Any, name: str, value: Array, m: Mistake) -> Array:
    c = _usual(p) if m.constant is None else m.constant
    return np.full_like(value, c * p.reg)


def _sum(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.full_like(value, value.sum())


def _wrong(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return value * (2.0 if name == m.sites[0] else 0.0)


def _last_row_free(p: Any, name: str, value: Array, m: Mistake) -> Array:
    free = value.copy()
    free[-1] = 0.0
    return free


def _first_row_free(p: Any, name: str, value: Array, m: Mistake) -> Array:
    free = value.copy()
    free[0] = 0.0
    return free


def _in_loss(p: Any, name: str, value: float, m: Mistake) -> float:
    return float(max([*p.spec.penalty.values(), 0.0]) or 0.5)


def _over_n(p: Any, name: str, value: float, m: Mistake) -> float:
    return float(value / p.N)


def _kept(p: Any, name: str, value: Array, m: Mistake) -> Array:
    k = p.spec.penalty.get(name, 0.0)
    c = (2.0 * k or 1.0) if m.constant is None else m.constant
    return np.asarray(c * p.reg * np.asarray(p.params[name]))


def _without_reg(p: Any, site: Any, value: float, m: Mistake) -> float:
    return value + sum(0.5 * float(np.sum(np.square(p.params[n]))) for n in m.sites)


def _penalised(network: Network) -> list[tuple[Any, ...]]:
    return matrices(network) if network.penalty != "none" else []


def _any_matrix(network: Network) -> list[tuple[Any, ...]]:
    return each_and_all(network.weights)


_EQUATION = "d/dW (0.5 reg sum W^2) = reg W"
_N0 = "with reg = 0 nothing differs, and with the usual 1e-3 next to nothing"

FAULTS = (
    Fault(
        id="penalty-missing",
        title="the gradient lacks the penalty's term",
        equation=_EQUATION,
        wrong="dW2 = hidden.T @ dscores",
        right="dW2 = hidden.T @ dscores + reg * W2",
        advice="add reg*W to the gradient of every weight matrix in the loss's penalty",
        unnoticed=_N0,
        see="the gradient is the same for reg = 0 and reg = 1",
        variants=(Variant("", "penalty", _none),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-doubled",
        title="the penalty's gradient is twice what the loss says",
        equation=_EQUATION,
        wrong="dW2 += 2 * reg * W2",
        right="dW2 += reg * W2",
        advice="the 0.5 of the loss cancels the 2 of the square: reg*W",
        unnoticed=_N0,
        see="(gradient at reg=1 minus gradient at reg=0) / W is 2",
        variants=(Variant("", "penalty", _double),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-halved",
        title="the penalty's gradient is half of what the loss says",
        equation="d/dW (reg sum W^2) = 2 reg W",
        wrong="dW2 += reg * W2",
        right="dW2 += 2 * reg * W2",
        advice="the loss has no 0.5, so the gradient keeps the 2 of the square",
        unnoticed=_N0,
        see="(gradient at reg=1 minus gradient at reg=0) / W is half of the loss's",
        variants=(Variant("", "penalty", _half),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-sign",
        title="the penalty's term is subtracted",
        equation=_EQUATION,
        wrong="dW2 -= reg * W2",
        right="dW2 += reg * W2",
        advice="add it; the update then subtracts both terms",
        unnoticed=_N0,
        see="the weights grow with reg instead of shrinking",
        variants=(Variant("", "penalty", _negative),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-averaged",
        title="the penalty's gradient is divided by N, the loss's penalty is not",
        equation=_EQUATION + ": no 1/N, the penalty is not a sum over examples",
        wrong="dW = (X.T @ dscores + reg * W) / N",
        right="dW = X.T @ dscores / N + reg * W",
        advice="divide the data part only, then add reg*W",
        unnoticed=_N0 + "; with one example it is right",
        see="repeat every example twice: the penalty's part must stay",
        variants=(Variant("", "penalty", _averaged),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-constant",
        title="a constant where reg*W belongs",
        equation=_EQUATION + ", entry by entry",
        wrong="dW2 += reg * np.sum(W2)",
        right="dW2 += reg * W2",
        advice="add reg*W itself, without a sum",
        unnoticed=_N0 + "; broadcasting adds a number to every entry",
        see="(gradient at reg=1 minus gradient at reg=0) is the same in every entry",
        variants=(
            Variant("", "penalty", _ones),
            Variant("the sum of the entries", "penalty", _sum),
        ),
        sites=_penalised,
        constant="affine",
        example=1.0,
    ),
    Fault(
        id="penalty-wrong-matrix",
        title="one matrix gets its penalty twice, another none",
        equation="each weight matrix gets reg times itself, once",
        wrong='grads["W1"] += reg * W1; grads["W1"] += reg * W1',
        right='grads["W1"] += reg * W1; grads["W2"] += reg * W2',
        advice="read the names: the second line belongs to the other matrix",
        unnoticed=_N0 + "; a copied line looks right",
        see="(gradient at reg=1 minus gradient at reg=0) / W is 2 in one, 0 in another",
        variants=(Variant("", "penalty", _wrong),),
        sites=lambda n: (
            [(w,) for w in n.weights] if n.depth > 1 and n.penalty != "none" else []
        ),
    ),
    Fault(
        id="penalty-row-free",
        title="a row of weights is left out of the penalty",
        equation=_EQUATION + ", every row of W",
        wrong="dW_reg = W.copy(); dW_reg[-1] = 0; dW += reg * dW_reg",
        right="dW += reg * W",
        advice="leave a row out of the loss's penalty too, or out of neither",
        unnoticed=_N0 + "; right where that row is the bias, in the loss as well",
        see="(gradient at reg=1 minus gradient at reg=0) / W is 0 in that row",
        variants=(
            Variant("the last row", "penalty", _last_row_free),
            Variant("the first row", "penalty", _first_row_free),
        ),
        sites=_penalised,
    ),
    Fault(
        id="penalty-on-biases",
        title="the biases are penalised in the gradient, free in the loss",
        equation="dL/db = sum_i delta_i: the loss has no reg*b^2",
        wrong="db2 = dscores.sum(axis=0) + reg * b2",
        right="db2 = dscores.sum(axis=0)",
        advice="leave the biases out of the penalty, as the loss does",
        unnoticed=_N0 + "; zero biases hide it altogether",
        see="(gradient at reg=1 minus gradient at reg=0) of a bias must be 0",
        variants=(
            Variant("", "penalty", _added),
            Variant(BIAS_ROW, "penalty", _whole, when=lambda network: False),
        ),
        sites=biases,
        constant="affine",
    ),
    Fault(
        id="bias-penalty-missing",
        title="the biases are penalised in the loss, not in the gradient",
        equation="d/db (0.5 reg sum b^2) = reg b",
        wrong="loss += 0.5 * reg * np.sum(b2**2); db2 = dscores.sum(axis=0)",
        right="loss += 0.5 * reg * np.sum(W2**2); db2 = dscores.sum(axis=0)",
        advice="leave the biases out of the loss's penalty, or add reg*b to their"
        " gradient",
        unnoticed=_N0 + "; biases that start at zero hide it altogether",
        see="check at biases that are not zero",
        variants=(Variant("", "penalty", _none, also=(("loss-penalty", _in_loss),)),),
        sites=biases,
    ),
    Fault(
        id="penalty-missing-in-loss",
        title="the gradient has the penalty, the loss has not",
        equation="L = data + 0.5 reg sum W^2, whose gradient is reg W",
        wrong="loss = data_loss",
        right="loss = data_loss + 0.5 * reg * np.sum(W2**2)",
        advice="add the penalty to the loss, or drop reg*W from the gradient",
        unnoticed="training uses the gradient only, so it works as intended",
        see="the loss is the same for reg = 0 and reg = 1, the gradient is not",
        variants=(Variant("", "penalty", _kept, also=(("loss-penalty", _none),)),),
        sites=_any_matrix,
        constant="affine",
    ),
    Fault(
        id="penalty-averaged-in-loss",
        title="the loss's penalty is divided by N, the gradient's is not",
        equation="L = data + 0.5 reg sum W^2: no 1/N",
        wrong="loss = (data_loss + 0.5 * reg * np.sum(W**2)) / N",
        right="loss = data_loss / N + 0.5 * reg * np.sum(W**2)",
        advice="divide the data part of the loss only",
        unnoticed=_N0 + "; with one example it is right",
        see="repeat every example twice: the penalty's part of the loss must stay",
        variants=(Variant("", "penalty", _kept, also=(("loss-penalty", _over_n),)),),
        sites=_penalised,
    ),
    Fault(
        id="penalty-strength-missing-in-loss",
        title="the loss's penalty is not multiplied by reg, the gradient's is",
        equation="L = data + 0.5 reg sum W^2",
        wrong="loss = data_loss + np.sum(W**2)",
        right="loss = data_loss + 0.5 * reg * np.sum(W**2)",
        advice="multiply the penalty in the loss by reg",
        unnoticed="training uses the gradient only, so it works as intended",
        see="the loss is the same for reg = 0 and reg = 1",
        variants=(
            Variant(
                "",
                "penalty",
                _kept,
                also=(("loss-penalty", _none), ("loss-data", _without_reg)),
            ),
        ),
        sites=_penalised,
        constant="affine",
        rare=True,
    ),
)
