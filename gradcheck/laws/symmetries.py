"""Laws that compare the gradient at two points which a symmetry connects."""

from itertools import pairwise

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.laws.examination import (
    Answer,
    Examination,
    NotApplicableError,
    agree,
)
from gradcheck.laws.law import Asking, bias_of, law, softmax_layer
from gradcheck.networks.conventions import penalty_gradient, penalty_loss
from gradcheck.problem import Problem

_REPEATS = 3
_BLOCKS = 8


@law(
    "batch-mean",
    "Repeating every example leaves a mean and its gradient as they are, and "
    "multiplies a sum and its gradient: a mean divides by N, once.",
)
def _batch_mean(exam: Examination) -> Asking:
    rows = np.tile(np.arange(exam.problem.X.shape[0]), _REPEATS)
    repeated = exam.point(X=exam.problem.X[rows], y=exam.problem.y[rows])
    once, thrice = yield exam.here, repeated
    why, factor = "as with each once", 1
    if exam.network.reduction == "sum":
        why, factor = "three times what it is with each once", _REPEATS
    where = "with every example three times"
    return agree("batch-mean", thrice, once.scaled(factor), where, why)


@law(
    "additivity",
    "The gradient of a batch is the mean (the sum) of the gradients of its parts: "
    "no example changes what another contributes, and none is left out.",
)
def _additivity(exam: Examination) -> Asking:
    N = exam.problem.X.shape[0]
    if N < 2:
        raise NotApplicableError("there is only one example")
    order = exam.rng.permutation(N)
    blocks = np.array_split(order, min(N, _BLOCKS))
    try:
        whole, *answers = yield exam.here, *_parts(exam, blocks)
    except NotApplicableError:
        if N < 4:
            raise
        blocks = np.array_split(order, 2)
        whole, *answers = yield exam.here, *_parts(exam, blocks)
    what = "mean" if exam.network.reduction == "mean" else "sum"
    why = f"the {what} over its parts"
    shares = [len(rows) / N if what == "mean" else 1.0 for rows in blocks]
    parts = _sum_of_parts(answers, shares)
    return agree("additivity", whole, parts, "for the whole batch", why)


def _parts(exam: Examination, blocks: list[Array]) -> list[Problem]:
    """Return a point for each block of examples."""
    return [
        exam.point(X=exam.problem.X[rows], y=exam.problem.y[rows]) for rows in blocks
    ]


def _sum_of_parts(answers: list[Answer], shares: list[float]) -> Answer:
    """Return the answer for the batch, put together from those for its blocks."""
    parts = [a.scaled(share) for a, share in zip(answers, shares, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = total.plus(part)
    return total


@law(
    "penalty",
    "The penalty adds reg*W (2*reg*W in the full convention) to the gradient of each "
    "weight matrix and nothing to that of a bias.",
)
def _penalty(exam: Examination) -> Asking:
    reg = exam.problem.reg or 0.1
    params, kind = exam.problem.params, exam.network.penalty
    slopes = penalty_gradient(params, reg, kind)
    value = float(np.real(penalty_loss(params, reg, kind)))
    added = Answer(
        value,
        slopes,
        64 * exam.eps * abs(value),
        {k: 64 * exam.eps * np.abs(s) for k, s in slopes.items()},
    )
    term = {"half": "reg*W", "full": "2*reg*W", "none": "nothing"}[kind]
    why = f"what it is without penalty plus {term} on weights alone"
    free, got = yield exam.here, exam.point(reg=reg)
    return agree("penalty", got, free.plus(added), f"with reg={reg:g}", why)


@law("permute-examples", "The order of the examples changes nothing.")
def _permute_examples(exam: Examination) -> Asking:
    N = exam.problem.X.shape[0]
    if N < 2:
        raise NotApplicableError("there is only one example")
    order = _shuffle(exam, N)
    shuffled = exam.point(X=exam.problem.X[order], y=exam.problem.y[order])
    here, got = yield exam.here, shuffled
    where, why = "with the examples in another order", "as in the first order"
    return agree("permute-examples", got, here, where, why)


@law("permute-hidden", "Permuting hidden units permutes the gradient.")
def _permute_hidden(exam: Examination) -> Asking:
    weights = exam.network.weights
    orders = {
        name: _shuffle(exam, exam.problem.params[name].shape[1])
        for name in weights[:-1]
    }
    if not any(len(order) > 1 for order in orders.values()):
        raise NotApplicableError("there are no two hidden units to exchange")

    def move(params: Params) -> Grads:
        moved = dict(params)
        for below, above in pairwise(weights):
            moved[below] = moved[below][:, orders[below]]
            moved[above] = moved[above][orders[below]]
            if (bias := bias_of(below)) in moved:
                moved[bias] = moved[bias][orders[below]]
        return moved

    here, got = yield exam.here, exam.point(params=move(exam.problem.params))
    where, why = "with the hidden units permuted", "the same entry permuted"
    return agree("permute-hidden", got, here.moved(move), where, why)


@law(
    "permute-classes",
    "Renaming the classes, outputs and labels alike, permutes the gradient of the last "
    "layer (exchanging the labels -1 and +1 changes its sign).",
)
def _permute_classes(exam: Examination) -> Asking:
    last, y = exam.network.weights[-1], exam.problem.y
    touched = {last, bias_of(last)}
    if exam.network.cost == "logistic":
        order, sign, y = np.empty(0), -1.0, -y
    else:
        C = exam.problem.params[last].shape[1]
        if C < 2:
            raise NotApplicableError("there is only one output")
        order, sign = _shuffle(exam, C), 1.0
        y = y[:, order] if y.ndim == 2 else np.argsort(order)[y]

    def move(params: Params) -> Grads:
        return {
            k: sign * (p[..., order] if sign > 0 else p) if k in touched else p
            for k, p in params.items()
        }

    here, got = yield exam.here, exam.point(params=move(exam.problem.params), y=y)
    where, why = "with the classes renamed", "the same entry renamed"
    return agree("permute-classes", got, here.moved(move), where, why)


@law("score-shift", "Adding a number to all scores of an example changes nothing.")
def _score_shift(exam: Examination) -> Asking:
    last = softmax_layer(exam)
    shift = exam.rng.uniform(1.0, 3.0)
    params = dict(exam.problem.params)
    name = bias_of(last) if exam.network.biases else last
    params[name] = params[name] + shift
    where, why = f"with {shift:.3g} added to {name}", "as without"
    here, got = yield exam.here, exam.point(params=params)
    return agree("score-shift", got, here, where, why)


def _shuffle(exam: Examination, n: int) -> Array:
    """Return an order of n things, another than the first if there is one."""
    order = exam.rng.permutation(n)
    return np.roll(order, 1) if (order == np.arange(n)).all() else order


SYMMETRIES = (
    _batch_mean,
    _additivity,
    _penalty,
    _permute_examples,
    _permute_hidden,
    _permute_classes,
    _score_shift,
)
