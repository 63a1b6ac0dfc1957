"""Mistakes of the call as a whole: memory, side effects, names and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads, LossGrads, Params
from gradcheck.faults.catalogue.places import biases, one_place, parameters
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network


def _shapes(params: Params, X: Array) -> tuple[Any, ...]:
    return (np.shape(X), *((k, np.shape(v)) for k, v in params.items()))


def _accumulates(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    kept: dict[Any, Grads] = {}

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        key = _shapes(params, X)
        before = kept.get(key, dict.fromkeys(grads, 0.0))
        kept[key] = {k: before[k] + g for k, g in grads.items()}
        return loss, dict(kept[key])

    return call


def _one_behind(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    kept: dict[Any, Grads] = {}

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        key = _shapes(params, X)
        before = kept.get(key, grads)
        kept[key] = grads
        return loss, dict(before)

    return call


def _first_kept(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    kept: dict[Any, Grads] = {}

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, dict(kept.setdefault(_shapes(params, X), grads))

    return call


def _centres(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        result = f(params, X, y, reg)
        X -= X.mean(axis=0)
        return result

    return call


def _relabels(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        result = f(params, X, y, reg)
        y[:] = y[0]
        return result

    return call


def _steps(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        for name, g in grads.items():
            if np.shape(params[name]) == np.shape(g):
                params[name][...] -= 0.1 * g
        return loss, grads

    return call


def _dropout(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    rng = np.random.default_rng(0)

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, {k: g * rng.uniform(0.5, 1.5) for k, g in grads.items()}

    return call


def _swapped(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    one, other = m.sites

    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, {**grads, one: grads[other], other: grads[one]}

    return call


def _dropped(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, {k: g for k, g in grads.items() if k not in m.sites}

    return call


def _as_row(p: Any, site: Any, f: LossAndGrads, m: Mistake) -> LossAndGrads:
    def call(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        loss, grads = f(params, X, y, reg)
        return loss, {
            k: np.reshape(g, (1, -1)) if k in m.sites else g for k, g in grads.items()
        }

    return call


def _pairs(network: Network) -> list[tuple[Any, ...]]:
    return [
        (names[i], names[j])
        for names in (network.weights, network.bias_names)
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]


def _each(network: Network) -> list[tuple[Any, ...]]:
    return [(name,) for name in parameters(network)]


_SAME = "the same arguments give the same answer, whatever was called before"

FAULTS = (
    Fault(
        id="accumulates",
        title="adds to the gradient of the last call",
        equation=_SAME,
        wrong='self.grads["W1"] += X.T @ dz1',
        right='self.grads["W1"] = X.T @ dz1',
        advice="start every call from zero",
        unnoticed="the first call is right, and most checks make one call",
        see="call twice with the same arguments: the second answer is twice the first",
        variants=(Variant("", "call", _accumulates),),
        sites=one_place,
    ),
    Fault(
        id="stale-cache",
        title="uses the forward pass of an earlier call",
        equation=_SAME,
        wrong="if self.cache is None: self.cache = self.forward(X)",
        right="self.cache = self.forward(X)",
        advice="compute the forward pass anew in every call",
        unnoticed="the first call is right, and so is every call at the same point",
        see="call at A, then at B: B's answer must be that of a fresh object",
        variants=(
            Variant("one call behind", "call", _one_behind),
            Variant("the first is kept", "call", _first_kept),
        ),
        sites=one_place,
    ),
    Fault(
        id="mutates-input",
        title="changes X or y",
        equation="the arguments are the caller's",
        wrong="X -= X.mean(axis=0)",
        right="X = X - X.mean(axis=0)",
        advice="work on a copy",
        unnoticed="the first call is right",
        see="compare X and y before and after the call",
        variants=(Variant("X", "call", _centres), Variant("y", "call", _relabels)),
        sites=one_place,
    ),
    Fault(
        id="mutates-parameters",
        title="changes the parameters",
        equation="the arguments are the caller's",
        wrong="W2 -= lr * dW2  # inside the function that computes the gradient",
        right="return loss, grads  # and let the caller update",
        advice="update outside, or work on a copy",
        unnoticed="the answer is right; it is the next one that is at another point",
        see="compare the parameters before and after the call",
        variants=(Variant("", "call", _steps),),
        sites=one_place,
    ),
    Fault(
        id="nondeterministic",
        title="differs from call to call",
        equation=_SAME,
        wrong="mask = np.random.rand(*hidden.shape) < 0.5  # in every call",
        right="mask = np.random.default_rng(seed).random(hidden.shape) < 0.5",
        advice="fix the random numbers, or switch dropout off while checking",
        unnoticed="training with noise works; a numerical derivative of it does not",
        see="call twice with the same arguments",
        variants=(Variant("", "call", _dropout),),
        sites=one_place,
    ),
    Fault(
        id="keys-swapped",
        title="gradients under each other's name",
        equation='grads["W1"] is dL/dW1',
        wrong='grads = {"W1": dW2, "W2": dW1}',
        right='grads = {"W1": dW1, "W2": dW2}',
        advice="swap the names back",
        unnoticed="with equal shapes nothing crashes",
        see="compare shapes: the gradient of W1 has W1's",
        variants=(Variant("", "call", _swapped),),
        sites=_pairs,
    ),
    Fault(
        id="keys-missing",
        title="a parameter has no gradient",
        equation="every parameter has a gradient of its own shape",
        wrong='grads = {"W1": dW1, "W2": dW2}',
        right='grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}',
        advice="return a gradient for every parameter",
        unnoticed="an update that loops over the gradients skips it without a word",
        see="compare the keys of the gradients with those of the parameters",
        variants=(Variant("", "call", _dropped),),
        sites=_each,
    ),
    Fault(
        id="shape-mismatch",
        title="a gradient does not have the shape of its parameter",
        equation="dL/dp has the shape of p",
        wrong="db1 = dz1.sum(axis=0, keepdims=True)  # with b1 of shape (H,)",
        right="db1 = dz1.sum(axis=0)",
        advice="return each gradient in the shape of its parameter",
        unnoticed="broadcasting: after one update the parameter has another shape",
        see="compare the shapes",
        variants=(Variant("", "call", _as_row),),
        sites=biases,
    ),
)
