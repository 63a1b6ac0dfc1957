"""Mistakes of arithmetic: integers, float32, rounding, clipping, differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads, LossGrads, Params
from gradcheck.faults.catalogue.places import one_place
from gradcheck.faults.records import Fault, Mistake, Variant


def _integers(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        whole = {k: np.trunc(v) for k, v in params.items()}
        return f(whole, np.trunc(X), y, reg)

    return call


def _numerical(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    h = 1e-5 if m.constant is None else m.constant

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        grads = {}
        for name, value in params.items():
            moved = {k: np.array(v, dtype=float) for k, v in params.items()}
            grads[name] = np.zeros(np.shape(value))
            for at in np.ndindex(np.shape(value)):
                x = moved[name][at]
                moved[name][at] = x + h
                above = f(moved, X, y, reg)[0]
                moved[name][at] = x - h if m.variant == "" else x
                below = f(moved, X, y, reg)[0]
                moved[name][at] = x
                grads[name][at] = (above - below) / (2 * h if m.variant == "" else h)
        return f(params, X, y, reg)[0], grads

    return call


def _not_a_number(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, {k: g * np.nan for k, g in grads.items()}

    return call


def _float32(p: Any, site: Any, grads: Grads, m: Mistake) -> Grads:
    return {
        k: np.float64(np.float32(g)) + np.zeros(np.shape(g)) for k, g in grads.items()
    }


def _rounded(p: Any, site: Any, grads: Grads, m: Mistake) -> Grads:
    decimals = 4 if m.constant is None else int(m.constant)
    return {k: np.round(g, decimals) for k, g in grads.items()}


def _bound(m: Mistake) -> float:
    return 1.0 if m.constant is None else m.constant


def _clipped(p: Any, site: Any, grads: Grads, m: Mistake) -> Grads:
    return {k: np.clip(g, -_bound(m), _bound(m)) for k, g in grads.items()}


def _norms(p: Any, site: Any, grads: Grads, m: Mistake) -> Grads:
    return {
        k: g * min(1.0, _bound(m) / max(float(np.linalg.norm(g)), 1e-300))
        for k, g in grads.items()
    }


def _norm(p: Any, site: Any, grads: Grads, m: Mistake) -> Grads:
    total = float(np.sqrt(sum(np.sum(np.square(g)) for g in grads.values())))
    return {k: g * min(1.0, _bound(m) / max(total, 1e-300)) for k, g in grads.items()}


FAULTS = (
    Fault(
        id="integer-arithmetic",
        title="computed in integers",
        equation="weights and inputs are real numbers",
        wrong="W = np.array([[1, 2], [3, 4]]); X = X.astype(int)",
        right="W = np.array([[1.0, 2.0], [3.0, 4.0]])",
        advice="use float64 throughout",
        unnoticed="with whole numbers as inputs nothing differs",
        see="add 0.3 to an input: the answer stays",
        variants=(Variant("", "call", _integers),),
        sites=one_place,
    ),
    Fault(
        id="single-precision",
        title="computed in float32",
        equation="float64 keeps 16 digits, float32 keeps 7",
        wrong="dW1 = (X.T @ dz1).astype(np.float32)",
        right="dW1 = X.T @ dz1",
        advice="use float64 while checking; float32 is fine for training",
        unnoticed="seven digits are enough to train",
        see="every number returned is unchanged by np.float32",
        variants=(Variant("", "finish", _float32),),
        sites=one_place,
    ),
    Fault(
        id="not-finite",
        title="NaN or infinity",
        equation="loss and gradient are finite wherever the loss is defined",
        wrong="probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)",
        right="shifted = scores - scores.max(axis=1, keepdims=True)",
        advice="look for an overflow (exp), a division by 0 or a log of 0",
        unnoticed="small scores never get there",
        see="np.isfinite(grads[name]).all()",
        variants=(Variant("", "call", _not_a_number),),
        sites=one_place,
    ),
    Fault(
        id="numerical-gradient",
        title="computed by finite differences, not by backpropagation",
        equation="(L(w + h) - L(w - h)) / 2h is not dL/dw, only near it",
        wrong="grad[i] = (f(w + h) - f(w - h)) / (2 * h)",
        right="grad = X.T @ dscores",
        advice="derive the gradient; differences are for checking it",
        unnoticed="it agrees with every numerical check",
        see="near a kink it is between the two slopes; and it is slow",
        variants=(
            Variant("", "call", _numerical),
            Variant("forward", "call", _numerical),
        ),
        sites=one_place,
        constant="nonlinear",
        example=1e-5,
    ),
    Fault(
        id="rounded",
        title="the gradient is rounded",
        equation="dL/dW is not a decimal fraction",
        wrong="dW1 = np.round(X.T @ dz1, 4)",
        right="dW1 = X.T @ dz1",
        advice="round for printing only",
        unnoticed="four decimals are enough to train for a while",
        see="every entry times 10^4 is a whole number",
        variants=(Variant("", "finish", _rounded),),
        sites=one_place,
        constant="nonlinear",
        example=4.0,
        rare=True,
    ),
    Fault(
        id="clipped",
        title="the gradient is clipped",
        equation="dL/dW has no upper bound",
        wrong="dW1 = np.clip(X.T @ dz1, -1, 1)",
        right="dW1 = X.T @ dz1",
        advice="clip in the update, not in the function that is checked",
        unnoticed="small gradients pass unchanged",
        see="no entry (or no norm) exceeds the bound, and several equal it",
        variants=(
            Variant("", "finish", _clipped),
            Variant("each norm", "finish", _norms),
            Variant("the norm of all together", "finish", _norm),
        ),
        sites=one_place,
        constant="nonlinear",
        example=1.0,
        rare=True,
    ),
)
