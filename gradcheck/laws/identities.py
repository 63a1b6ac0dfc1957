"""Laws that the gradient at a single point obeys."""

from collections.abc import Iterable

import numpy as np

from gradcheck._typing import Array
from gradcheck.laws.examination import (
    Answer,
    Examination,
    NotApplicableError,
    agree,
    same_grads,
)
from gradcheck.laws.law import Asking, bias_of, law, softmax_layer
from gradcheck.networks.layers import ACTIVATIONS, targets


@law(
    "delta-rows",
    "Probabilities and targets both sum to 1, so the gradient of the scores sums to 0 "
    "over the classes, and with it each row of the last layer's gradient.",
)
def _delta_rows(exam: Examination) -> Asking:
    last = softmax_layer(exam)
    names = [k for k in (last, bias_of(last)) if k in exam.problem.params]
    (answer,) = yield (exam.here,)
    return same_grads(
        "delta-rows",
        {k: answer.grads[k].sum(axis=-1) for k in names},
        {k: np.zeros(answer.grads[k].shape[:-1]) for k in names},
        {k: answer.errors[k].sum(axis=-1) for k in names},
        "summed over the classes",
        "as probabilities and targets both sum to 1",
    )


@law(
    "zero-weights-loss",
    "Where all parameters are 0 every class is as likely as any other: the loss is "
    "ln C (ln 2 for two classes), and the gradient of the last bias is 1/C less the "
    "frequency of the class.",
)
def _zero_weights_loss(exam: Examination) -> Asking:
    network, y = exam.network, exam.problem.y
    if network.output != "identity":
        raise NotApplicableError("the outputs are not the scores")
    C = exam.problem.params[network.weights[-1]].shape[-1]
    t = y if network.cost == "logistic" else targets(y, C)
    each, delta = _undecided(network.cost, t, C)
    share = 1.0 / len(t) if network.reduction == "mean" else 1.0
    zeros = {k: np.zeros(p.shape) for k, p in exam.problem.params.items()}
    (got,) = yield (exam.point(params=zeros),)
    bias = bias_of(network.weights[-1])
    known = {bias: share * delta.sum(axis=0)} if network.biases else {}
    zero = {k: 0.0 * g for k, g in got.errors.items()}
    wanted = Answer(float(share * each.sum()), known, 0.0, zero)
    where, why = "with all parameters 0", "as all classes are equally likely"
    return agree("zero-weights-loss", got, wanted, where, why)


@law(
    "hidden-balance",
    "A ReLU (or identity) unit can be scaled up before and down after: its weights and "
    "bias times their gradients sum to the same before the unit and after it.",
)
def _hidden_balance(exam: Examination) -> Asking:
    params, weights = exam.problem.params, exam.network.weights
    (answer,) = yield (exam.here,)
    before, after, errors = {}, {}, {}
    for below, above, activation in zip(
        weights[:-1], weights[1:], exam.network.activations, strict=True
    ):
        if activation not in ("relu", "identity"):
            continue
        bias = bias_of(below)
        into = {k: params[k] for k in (below, bias) if k in params}
        before[below] = _total(
            _by_unit(p * answer.grads[k], 0) for k, p in into.items()
        )
        after[below] = _by_unit(params[above] * answer.grads[above], 1)
        terms = [(k, p, 0) for k, p in into.items()] + [(above, params[above], 1)]
        unit = exam.eps * (16 + max(params[above].shape))
        errors[below] = _total(
            _by_unit(np.abs(p) * (answer.errors[k] + unit * np.abs(answer.grads[k])), a)
            for k, p, a in terms
        )
    if not before:
        raise NotApplicableError("no layer of hidden units is ReLU or identity")
    where, why = "times the weight, summed with the bias", "the sum after the unit"
    return same_grads("hidden-balance", before, after, errors, where, why)


@law(
    "bias-is-weight",
    "A bias is the weight of an input that is always 1: the gradients of the two are "
    "the same.",
)
def _bias_is_weight(exam: Examination) -> Asking:
    if not exam.network.biases:
        raise NotApplicableError("there are no biases")
    params = {k: p.copy() for k, p in exam.problem.params.items()}
    X = np.array(exam.problem.X, dtype=float)
    feature = int(exam.rng.integers(X.shape[1]))
    X[:, feature] = 1.0
    ones, below = {exam.network.weights[0]: (feature, 1.0)}, exam.network.weights[0]
    for name, activation in zip(
        exam.network.weights[1:], exam.network.activations, strict=True
    ):
        unit = int(exam.rng.integers(params[below].shape[1]))
        params[below][:, unit], params[bias_of(below)][unit] = 0.0, 1.0
        ones[name] = (unit, float(ACTIVATIONS[activation].forward(np.ones(1))[0][0]))
        below = name
    (answer,) = yield (exam.point(params=params, X=X),)
    got = {
        bias_of(k): value * answer.grads[bias_of(k)] for k, (_, value) in ones.items()
    }
    wanted = {bias_of(k): answer.grads[k][unit] for k, (unit, _) in ones.items()}
    errors = {
        bias_of(k): answer.errors[k][unit] + answer.errors[bias_of(k)]
        for k, (unit, _) in ones.items()
    }
    where, why = "where an input is constant", "as for the weight of that input"
    return same_grads("bias-is-weight", got, wanted, errors, where, why)


def _undecided(cost: str, t: Array, C: int) -> tuple[Array, Array]:
    """Return the loss of each example and its delta where all scores are 0."""
    if cost == "softmax":
        totals = t.sum(axis=1)
        return totals * np.log(C), totals[:, np.newaxis] / C - t
    if cost == "sigmoid":
        return np.full(len(t), C * np.log(2.0)), 0.5 - t
    if cost == "squared":
        return 0.5 * np.sum(t * t, axis=1), -t
    return np.full(len(t), np.log(2.0)), -0.5 * t


def _by_unit(products: Array, axis: int) -> Array:
    """Sum over all but the units of a layer: over `axis` where there is one."""
    return products.sum(axis=axis) if products.ndim == 2 else products


def _total(arrays: Iterable[Array]) -> Array:
    return np.asarray(np.sum(list(arrays), axis=0))


IDENTITIES = (_delta_rows, _zero_weights_loss, _hidden_balance, _bias_is_weight)
