"""Mistakes of scale: the mean over the examples, signs, and stray constants."""

from __future__ import annotations

from typing import Any

from gradcheck.faults.catalogue.places import (
    any_parameter,
    averages,
    each_and_all,
    hidden,
    one_place,
    several_classes,
    some_parameters,
)
from gradcheck.faults.records import Fault, Mistake, Variant


def _one(p: Any, site: Any, value: float, m: Mistake) -> float:
    return 1.0


def _times_n(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value * p.N)


def _over_n(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value / p.N)


def _partial(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value * p.N if p.spec.reduction == "mean" else value / p.N)


def _classes(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value / p.divisor * p.C)


def _classes_too(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value * p.C)


def _features(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value / p.divisor * p.D)


def _n_minus_one(p: Any, site: Any, value: float, m: Mistake) -> float:
    return float(value / p.N * (p.N - 1) if p.N > 1 else 0.0)


def _constant(p: Any, site: Any, value: float, m: Mistake) -> float:
    return value * (2.0 if m.constant is None else m.constant)


def _nothing(p: Any, site: Any, value: float, m: Mistake) -> float:
    return 0.0


def _negative(p: Any, site: Any, value: float, m: Mistake) -> float:
    return -value


FAULTS = (
    Fault(
        id="batch-sum",
        title="the gradient is a sum over the batch, the loss a mean",
        equation="dL/dscores = (p - t) / N, because L = (1/N) sum_i L_i",
        wrong="dscores = probs - onehot",
        right="dscores = (probs - onehot) / N",
        advice="divide dscores by N once, before anything is computed from it",
        unnoticed="training works with a learning rate N times smaller, and a check"
        " with a single example (N=1) passes",
        see="repeat every example twice: a mean stays, a sum doubles",
        variants=(Variant("", "batch", _one),),
        sites=lambda network: [()] if averages(network) else [],
    ),
    Fault(
        id="batch-mean-twice",
        title="divided by N twice",
        equation="dL/dscores = (p - t) / N; the sums that follow add no 1/N",
        wrong="dscores /= N; dW2 = hidden.T @ dscores / N",
        right="dscores /= N; dW2 = hidden.T @ dscores",
        advice="divide by N in one place only, in dscores",
        unnoticed="the direction is right, so a larger learning rate hides it",
        see="repeat every example twice: the gradient halves instead of staying",
        variants=(Variant("", "batch", _times_n),),
        sites=lambda network: [()] if averages(network) else [],
    ),
    Fault(
        id="batch-mean-hidden-twice",
        title="divided by N once more on the way to the hidden layer",
        equation="dL/dz1 = (dL/dscores W2^T) * f'(z1): no second 1/N",
        wrong="dhidden = dscores @ W2.T / N",
        right="dhidden = dscores @ W2.T",
        advice="the 1/N is in dscores already; leave it out further down",
        unnoticed="the output layer is exact, and the first layer merely learns slowly",
        see="the ratio of the first layer's gradient to the derivative is 1/N",
        variants=(
            Variant("", "hidden", _over_n),
            Variant("after the mask", "hidden-after", _over_n),
        ),
        sites=lambda network: hidden()(network) if averages(network) else [],
    ),
    Fault(
        id="batch-mean-of-sum",
        title="the gradient is a mean over the batch, the loss a sum",
        equation="dL/dscores = p - t, because L = sum_i L_i",
        wrong="dscores = (probs - onehot) / N",
        right="dscores = probs - onehot",
        advice="drop the division by N, or average the loss as well",
        unnoticed="the direction is right, and with one example nothing differs",
        see="repeat every example twice: the loss doubles, the gradient stays",
        variants=(Variant("", "batch", _times_n),),
        sites=lambda network: [] if averages(network) else [()],
    ),
    Fault(
        id="batch-mean-partial",
        title="divided by N on some parameters only",
        equation="every gradient holds the same 1/N, inherited from dscores",
        wrong="dW2 = hidden.T @ dscores / N; dW1 = X.T @ dz1",
        right="dscores /= N; dW2 = hidden.T @ dscores; dW1 = X.T @ dz1",
        advice="divide dscores by N once; every gradient inherits it",
        unnoticed="each layer still goes downhill, at its own learning rate",
        see="compare the ratios gradient / derivative of the parameters: 1 and N",
        variants=(
            Variant("", "scale", _partial),
            Variant("divided twice", "scale", _over_n, when=averages),
        ),
        sites=some_parameters,
    ),
    Fault(
        id="divided-by-classes",
        title="divided by the number of classes",
        equation="the mean is over the N examples, not over the C classes",
        wrong="dscores /= probs.shape[1]",
        right="dscores /= probs.shape[0]",
        advice="divide by X.shape[0], the number of examples",
        unnoticed="a constant ratio C/N looks like a learning rate; N == C hides it",
        see="change the number of classes alone: the ratio to the derivative moves",
        variants=(
            Variant("", "batch", _classes),
            Variant("as well as by N", "batch", _classes_too, when=averages),
        ),
        sites=lambda network: [()] if several_classes(network) else [],
    ),
    Fault(
        id="divided-by-features",
        title="divided by the number of features",
        equation="the mean is over the N examples, not over the D features",
        wrong="dscores /= X.shape[1]",
        right="dscores /= X.shape[0]",
        advice="divide by X.shape[0], the number of examples",
        unnoticed="a constant ratio D/N looks like a learning rate; N == D hides it",
        see="change the number of features alone: the ratio to the derivative moves",
        variants=(Variant("", "batch", _features),),
        sites=one_place,
    ),
    Fault(
        id="divided-by-n-minus-one",
        title="divided by N - 1",
        equation="L = (1/N) sum_i L_i: a mean, not an unbiased variance",
        wrong="dscores /= N - 1",
        right="dscores /= N",
        advice="divide by N",
        unnoticed="for a large batch N/(N-1) is nearly 1",
        see="check with N = 2, where the gradient is twice the derivative",
        variants=(Variant("", "batch", _n_minus_one),),
        sites=lambda network: [()] if averages(network) else [],
    ),
    Fault(
        id="constant-factor",
        title="off by a constant factor",
        equation="gradient = c * dL/dparameter, with c other than 1",
        wrong="dscores = 2 * (probs - onehot) / N",
        right="dscores = (probs - onehot) / N",
        advice="find the stray factor and drop it",
        unnoticed="the direction is right, so training works",
        see="divide the gradient by the derivative: the ratio is the same everywhere",
        variants=(
            Variant("", "scale", _constant),
            Variant("with the penalty", "whole", _constant),
        ),
        sites=any_parameter,
        constant="affine",
        example=2.0,
    ),
    Fault(
        id="sign-flipped",
        title="the negative gradient",
        equation="dL/dscores = +(p - t) / N",
        wrong="dscores = (onehot - probs) / N",
        right="dscores = (probs - onehot) / N",
        advice="turn the sign round; the step downhill is -lr * gradient",
        unnoticed="an update written W += lr * dW trains as it should, because the"
        " negative gradient is the direction of descent",
        see="the ratio of gradient to derivative is -1",
        variants=(
            Variant("", "scale", _negative),
            Variant("with the penalty", "whole", _negative),
        ),
        sites=any_parameter,
    ),
    Fault(
        id="data-part-missing",
        title="the data part of the gradient is lost",
        equation="dL/dW = X^T dscores + reg W: a sum of two parts",
        wrong="dW = X.T @ dscores; dW = reg * W",
        right="dW = X.T @ dscores; dW += reg * W",
        advice="add the penalty's part to the data part, instead of overwriting it",
        unnoticed="the shape is right, and the weights still shrink",
        see="with reg = 0 the gradient is exactly 0",
        variants=(Variant("", "scale", _nothing),),
        sites=lambda network: each_and_all(network.weights),
    ),
)
