"""Mistakes in the loss itself, or at scores too large for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import one_place
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network


def _likelihood(network: Network) -> list[tuple[Any, ...]]:
    return one_place(network) if network.cost != "squared" else []


def _true_probability(p: Any) -> Array:
    chosen = p.right_probs * p.t + (1.0 - p.right_probs) * (1.0 - p.t)
    if p.cost == "softmax":
        return np.asarray((p.right_probs * p.t).sum(axis=1))
    return np.asarray(chosen.prod(axis=1))


def _mean(p: Any, each: Array) -> float:
    return float(each.sum() / p.divisor)


def _unshifted_loss(p: Any, site: Any, value: float, m: Mistake) -> float:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if p.cost == "softmax":
            e = np.exp(p.out)
            return _mean(
                p, -np.log((e / e.sum(axis=1, keepdims=True) * p.t).sum(axis=1))
            )
        e = np.exp(p.out)
        q = e / (1.0 + e)
        return _mean(p, -np.log(q * p.t + (1 - q) * (1 - p.t)).sum(axis=1))


def _unshifted_probs(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(p.out)
        total = e.sum(axis=1, keepdims=True) if p.cost == "softmax" else 1.0 + e
        return np.asarray(e / total)


def _plain_log(p: Any, site: Any, value: float, m: Mistake) -> float:
    with np.errstate(divide="ignore"):
        return _mean(p, -np.log(_true_probability(p)))


def _clipped_log(p: Any, site: Any, value: float, m: Mistake) -> float:
    return _mean(p, -np.log(_true_probability(p) + 1e-8))


def _no_log(p: Any, site: Any, value: float, m: Mistake) -> float:
    return _mean(p, 1.0 - _true_probability(p))


def _negative(p: Any, site: Any, value: float, m: Mistake) -> float:
    return -value


FAULTS = (
    Fault(
        id="softmax-unshifted",
        title="overflows for large scores",
        equation="p = exp(s - max s) / sum exp(s - max s), equal and safe",
        wrong="probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)",
        right="e = np.exp(scores - scores.max(axis=1, keepdims=True))",
        advice="subtract each row's largest score before exponentiating",
        unnoticed="exp overflows only beyond 709; small weights never get there",
        see="add 1000 to all the scores: the loss must not change",
        variants=(
            Variant(
                "", "probs", _unshifted_probs, also=(("loss-data", _unshifted_loss),)
            ),
        ),
        sites=_likelihood,
    ),
    Fault(
        id="log-of-zero",
        title="the loss is infinite for a confident mistake",
        equation="-log p_y = log(sum_j exp(s_j)) - s_y, which is finite",
        wrong="loss = -np.log(probs[np.arange(N), y]).mean()",
        right="loss = (np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, y]).mean()",
        advice="take the logarithm of the sum, not of the quotient",
        unnoticed="a probability must be below 1e-308 before it shows",
        see="multiply the scores by 5000: the loss must stay finite",
        variants=(Variant("", "loss-data", _plain_log),),
        sites=_likelihood,
    ),
    Fault(
        id="log-clipped",
        title="the loss is flat for a confident mistake",
        equation="-log p_y grows without bound as p_y falls",
        wrong="loss = -np.log(probs[np.arange(N), y] + 1e-8).mean()",
        right="loss = (np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, y]).mean()",
        advice="use the form log(sum exp) - s_y instead of a small constant",
        unnoticed="it matters only where p is of the size of the constant",
        see="multiply the scores by 5000: the loss stops at 18.4 and the gradient does"
        " not go to 0",
        variants=(Variant("", "loss-data", _clipped_log),),
        sites=_likelihood,
    ),
    Fault(
        id="loss-without-logarithm",
        title="the loss is 1 - p where -log p belongs",
        equation="L_i = -log p_y",
        wrong="loss = (1 - probs[np.arange(N), y]).mean()",
        right="loss = -np.log(probs[np.arange(N), y]).mean()",
        advice="take the logarithm",
        unnoticed="it falls while training, as it should",
        see="with all weights zero the loss must be log(C)",
        variants=(Variant("", "loss-data", _no_log),),
        sites=_likelihood,
    ),
    Fault(
        id="loss-sign",
        title="the loss lacks its minus sign",
        equation="L_i = -log p_y >= 0",
        wrong="loss = np.log(probs[np.arange(N), y]).mean()",
        right="loss = -np.log(probs[np.arange(N), y]).mean()",
        advice="put the minus sign back",
        unnoticed="training uses the gradient only, so it works as intended",
        see="a cross-entropy is never negative",
        variants=(Variant("", "loss-data", _negative),),
        sites=one_place,
    ),
)
