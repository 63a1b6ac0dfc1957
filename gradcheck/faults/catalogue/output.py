"""Mistakes at the output: probabilities, targets, and the delta between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import one_place, several_classes
from gradcheck.faults.passes import slope
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network


def _is_softmax(network: Network) -> bool:
    return network.cost == "softmax"


def _is_likelihood(network: Network) -> bool:
    return network.cost != "squared" and network.output == "identity"


def _softmax_only(network: Network) -> list[tuple[Any, ...]]:
    return [()] if _is_softmax(network) else []


def _many_classes_only(network: Network) -> list[tuple[Any, ...]]:
    return [()] if several_classes(network) else []


def _zero(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.zeros_like(value)


def _negative(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return -value


def _early(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.roll(value, -1, axis=1)


def _late(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.roll(value, 1, axis=1)


def _whole_column(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.broadcast_to(value.max(axis=0), value.shape).copy()


def _raw_labels(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    if p.cost == "logistic":
        return 2.0 * value - 1.0
    return np.broadcast_to((value @ np.arange(p.C))[:, None], value.shape).copy()


def _plus_minus(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return 2.0 * value - 1.0


def _twice(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    if p.network.output != "identity":
        return np.asarray(value * slope(p.network.output, p.scores))
    return np.asarray(value * p.right_probs * (1.0 - p.right_probs))


def _twice_own(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(value * p.probs * (1.0 - p.probs))


def _diagonal(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(-p.t * (1.0 - p.right_probs))


def _diagonal_own(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(-(p.probs - value) * (1.0 - p.probs))


def _exponentials(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    if p.cost == "logistic":
        y = 2.0 * p.t - 1.0
        return np.asarray(p.t - y * np.exp(-y * p.out))
    return np.asarray(np.exp(p.out))


def _shifted(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(np.exp(p.out - p.out.max(axis=1, keepdims=True)))


def _scores(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.asarray(p.out)


def _over_batch(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    e = np.exp(p.out - p.out.max(axis=0))
    return np.asarray(e / e.sum(axis=0))


def _over_batch_shifted(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    e = _shifted(p, site, value, m)
    return np.asarray(e / e.sum(axis=0))


def _over_all(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    e = np.exp(p.out - p.out.max())
    return np.asarray(e / e.sum())


def _over_all_shifted(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    e = _shifted(p, site, value, m)
    return np.asarray(e / e.sum())


def _flat(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.ones_like(value)


FAULTS = (
    Fault(
        id="target-missing",
        title="the one-hot is never subtracted",
        equation="dL/dscores = (p - t) / N, with t the one-hot of the true class",
        wrong="dscores = probs / N",
        right="dscores = probs.copy(); dscores[np.arange(N), y] -= 1; dscores /= N",
        advice="subtract 1 at the true class of every example before dividing by N",
        unnoticed="nothing crashes, and the loss itself is right",
        see="each row of dscores must sum to 0; here it sums to 1/N",
        variants=(Variant("", "targets", _zero),),
        sites=one_place,
    ),
    Fault(
        id="target-added",
        title="the one-hot is added instead of subtracted",
        equation="dL/dscores = (p - t) / N",
        wrong="dscores[np.arange(N), y] += 1",
        right="dscores[np.arange(N), y] -= 1",
        advice="subtract the one-hot",
        unnoticed="one character; the shapes agree and nothing crashes",
        see="each row of dscores must sum to 0; here it sums to 2/N",
        variants=(Variant("", "targets", _negative),),
        sites=one_place,
    ),
    Fault(
        id="labels-shifted",
        title="the one-hot stands in the wrong column",
        equation="t_ic = 1 exactly where c = y_i",
        wrong="dscores[np.arange(N), y - 1] -= 1",
        right="dscores[np.arange(N), y] -= 1",
        advice="use the labels as the loss does: classes count from 0",
        unnoticed="index -1 is legal, and made in the loss as well it checks out",
        see="with one example, look where dscores is negative: not at y",
        variants=(
            Variant("", "targets", _early),
            Variant("one column late", "targets", _late),
        ),
        sites=_many_classes_only,
    ),
    Fault(
        id="target-whole-column",
        title="1 is subtracted from whole columns",
        equation="t_ic = 1 exactly where c = y_i",
        wrong="dscores[:, y] -= 1",
        right="dscores[np.arange(N), y] -= 1",
        advice="index with np.arange(N), so that each example gets its own column",
        unnoticed="numpy accepts both, and with one example they are the same",
        see="check with N = 1 and N = 2: the first passes, the second fails",
        variants=(Variant("", "targets", _whole_column),),
        sites=_many_classes_only,
    ),
    Fault(
        id="targets-not-one-hot",
        title="labels of another coding stand where the targets belong",
        equation="t is one-hot (or 0/1 for one output), never the labels themselves",
        wrong="dscores = (probs - y[:, None]) / N",
        right="dscores = (probs - np.eye(C)[y]) / N",
        advice="turn the labels into one-hot rows (-1/+1 labels into 0/1) first",
        unnoticed="broadcasting accepts numbers of any coding",
        see="with one example the sum of dscores should be 0; here it moves with y",
        variants=(
            Variant("", "targets", _raw_labels),
            Variant(
                "one-hot of -1 and +1", "targets", _plus_minus, when=several_classes
            ),
        ),
        sites=one_place,
    ),
    Fault(
        id="softmax-derivative-twice",
        title="multiplied by p*(1-p) once more",
        equation="dL/dscores = p - t: the cross-entropy cancels the derivative",
        wrong="dscores = (probs - onehot) * probs * (1 - probs) / N",
        right="dscores = (probs - onehot) / N",
        advice="leave the factor out; p - t has the output's derivative in it already",
        unnoticed="it is right for a squared error, and still goes downhill",
        see="where p is near 0 or 1 the gradient vanishes though the loss does not",
        variants=(
            Variant("", "delta", _twice),
            Variant(
                "of the gradient's own p", "delta", _twice_own, when=_is_likelihood
            ),
        ),
        sites=lambda n: [] if n.cost == "squared" and n.output == "identity" else [()],
    ),
    Fault(
        id="softmax-jacobian-diagonal",
        title="only the true class gets a gradient: the diagonal of the Jacobian",
        equation="dp_j/ds_k = p_j ([j=k] - p_k): all pairs j, k, not only j = k",
        wrong="dscores = -onehot / probs * probs * (1 - probs) / N",
        right="dscores = (probs - onehot) / N",
        advice="use the whole Jacobian, or its product with the loss: p - t",
        unnoticed="the true class gets the right number; only the others get none",
        see="with one example all entries of dscores but one are 0",
        variants=(
            Variant("", "delta", _diagonal),
            Variant("of the gradient's own p", "delta", _diagonal_own),
        ),
        sites=_softmax_only,
    ),
    Fault(
        id="softmax-not-normalised",
        title="the gradient's probabilities are not normalised",
        equation="p_c = exp(s_c) / sum_j exp(s_j)",
        wrong="dscores = np.exp(scores) - onehot",
        right="dscores = exp_scores / exp_scores.sum(axis=1, keepdims=True) - onehot",
        advice="divide by the sum of each row, as the loss does",
        unnoticed="the loss normalises by itself, so it looks right",
        see="each row of the probabilities must sum to 1",
        variants=(
            Variant("", "probs", _exponentials, when=_is_likelihood),
            Variant(
                "after subtracting the maximum", "probs", _shifted, when=_is_softmax
            ),
            Variant("the scores themselves", "probs", _scores, when=_is_likelihood),
        ),
        sites=lambda network: [()] if _is_likelihood(network) else [],
    ),
    Fault(
        id="softmax-over-batch",
        title="normalised over the examples instead of the classes",
        equation="p_c = exp(s_c) / sum_j exp(s_j), the sum over the classes j",
        wrong="probs = exp_scores / exp_scores.sum(axis=0)",
        right="probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)",
        advice="sum over axis 1 with keepdims=True",
        unnoticed="the shapes fit without keepdims, which axis 1 does not",
        see="each row of probs must sum to 1; here each column does",
        variants=(
            Variant("", "probs", _over_batch),
            Variant("after subtracting the row maximum", "probs", _over_batch_shifted),
        ),
        sites=_softmax_only,
    ),
    Fault(
        id="softmax-over-all",
        title="normalised over the whole batch",
        equation="p_c = exp(s_c) / sum_j exp(s_j), for each example by itself",
        wrong="probs = exp_scores / exp_scores.sum()",
        right="probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)",
        advice="sum over axis 1 with keepdims=True",
        unnoticed="with a single example it is right",
        see="check with N = 1 and N = 2: the first passes, the second fails",
        variants=(
            Variant("", "probs", _over_all),
            Variant("after subtracting the row maximum", "probs", _over_all_shifted),
        ),
        sites=_softmax_only,
    ),
    Fault(
        id="output-derivative-missing",
        title="the derivative of the output's activation is left out",
        equation="dL/dz = dL/da * f'(z), for the output layer too",
        wrong="delta = a - t",
        right="delta = (a - t) * a * (1 - a)",
        advice="multiply by f'(z) of the output layer",
        unnoticed="a - t is right for a cross-entropy, where the derivative cancels",
        see="make an output saturate: the derivative goes to 0, the gradient stays",
        variants=(Variant("", "outer", _flat),),
        sites=lambda network: [] if network.output == "identity" else [()],
    ),
)
