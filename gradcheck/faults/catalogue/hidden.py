"""Mistakes at the activation of a hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import hidden
from gradcheck.faults.passes import sigmoid, slope
from gradcheck.faults.records import Fault, Mistake, Variant
from gradcheck.problem import Network


def _kind(p: Any, i: int) -> str:
    return str(p.network.activations[i - 1])


def _unmasked(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i])


def _inverted(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i] * (p.z[i] <= 0))


def _positive_only(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(np.maximum(p.above[i], 0.0))


def _positive_too(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.maximum(value, 0.0)


def _mask_above(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i] * slope(_kind(p, i), p.z[i + 1]))


def _mask_below(p: Any, i: int, value: Array, m: Mistake) -> Array:
    below = p.z[i - 1] if i > 1 else p.X
    return np.asarray(p.above[i] * slope(_kind(p, i), below))


def _threshold(p: Any, i: int, value: Array, m: Mistake) -> Array:
    c = 0.1 if m.constant is None else m.constant
    return np.asarray(p.above[i] * (p.z[i] > c))


def _ceiling(p: Any, i: int, value: Array, m: Mistake) -> Array:
    c = 6.0 if m.constant is None else m.constant
    return np.asarray(value * (p.z[i] < c))


def _leaky(p: Any, i: int, value: Array, m: Mistake) -> Array:
    c = 0.01 if m.constant is None else m.constant
    return np.asarray(p.above[i] * np.where(p.z[i] > 0, 1.0, c))


def _leaky_alone(p: Any, i: int, value: Array, m: Mistake) -> Array:
    c = 0.01 if m.constant is None else m.constant
    return np.asarray(np.where(p.z[i] > 0, p.above[i], c))


def _activation(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i] * p.a[i])


def _activation_masked(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(value * p.a[i])


def _at_activation(p: Any, i: int, value: Array, m: Mistake) -> Array:
    a, kind = p.a[i], _kind(p, i)
    return np.asarray(
        p.above[i] * (a * (1.0 - a) if kind == "relu" else slope(kind, a))
    )


def _at_preactivation(p: Any, i: int, value: Array, m: Mistake) -> Array:
    z, kind = p.z[i], _kind(p, i)
    if kind == "relu":
        return np.asarray(p.above[i] * sigmoid(z) * sigmoid(-z))
    return np.asarray(
        p.above[i] * (z * (1.0 - z) if kind == "sigmoid" else 1.0 - z * z)
    )


def _of_another(p: Any, i: int, value: Array, m: Mistake) -> Array:
    a, kind = p.a[i], _kind(p, i)
    if kind == "relu":
        return np.asarray(p.above[i] * sigmoid(a) * sigmoid(-a))
    return np.asarray(
        p.above[i] * (1.0 - a * a if kind == "sigmoid" else a * (1.0 - a))
    )


def _one_less(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i] * (1.0 - p.a[i]))


def _smooth(network: Network) -> bool:
    return not set(network.activations) - {"tanh", "sigmoid"}


def _slope_alone(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return slope(_kind(p, i), p.z[i])


def _slope_averaged(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(slope(_kind(p, i), p.z[i]) * p.multiplier)


def _before_mask(p: Any, i: int, value: Array, m: Mistake) -> Array:
    return np.asarray(p.above[i])


_CURVED = hidden("relu", "sigmoid", "tanh")
_EQUATION = "dL/dz1 = (dL/dscores W2^T) * [z1 > 0]"

FAULTS = (
    Fault(
        id="relu-mask-missing",
        title="the ReLU's mask is missing",
        equation=_EQUATION,
        wrong="dz1 = dscores @ W2.T",
        right="dz1 = (dscores @ W2.T) * (z1 > 0)",
        advice="zero dz1 wherever z1 is not positive; test z1 > 0 or hidden > 0, for"
        " hidden >= 0 is always true",
        unnoticed="where every unit is live the mask is all ones and nothing differs",
        see="a unit that is dead for all examples must have gradient 0",
        variants=(Variant("", "mask", _unmasked),),
        sites=hidden("relu"),
    ),
    Fault(
        id="derivative-missing",
        title="the derivative of the hidden activation is left out",
        equation="dL/dz1 = (dL/dscores W2^T) * f'(z1)",
        wrong="dz1 = dscores @ W2.T",
        right="dz1 = (dscores @ W2.T) * hidden * (1 - hidden)",
        advice="multiply by f'(z1): h*(1-h) for a sigmoid, 1-h^2 for a tanh",
        unnoticed="the signs are right, so the net still learns, only worse",
        see="saturate a unit: the derivative goes to 0, the gradient does not",
        variants=(Variant("", "mask", _unmasked),),
        sites=hidden("sigmoid", "tanh"),
    ),
    Fault(
        id="relu-mask-inverted",
        title="the ReLU's mask is inverted",
        equation=_EQUATION,
        wrong="dz1[z1 > 0] = 0",
        right="dz1[z1 <= 0] = 0",
        advice="zero the entries where z1 is not positive, and keep the others",
        unnoticed="the output layer is exact and still learns",
        see="dead units get a gradient, live ones get none",
        variants=(Variant("", "mask", _inverted),),
        sites=hidden("relu"),
    ),
    Fault(
        id="relu-on-gradient",
        title="negative gradients are zeroed, as if the ReLU applied to them",
        equation=_EQUATION,
        wrong="dz1 = np.maximum(0, dscores @ W2.T)",
        right="dz1 = (dscores @ W2.T) * (z1 > 0)",
        advice="mask by the sign of z1, not by the sign of the gradient",
        unnoticed="about half of the entries are right",
        see="dz1 has no negative entry anywhere",
        variants=(
            Variant("", "mask", _positive_only),
            Variant("after the right mask", "mask", _positive_too),
        ),
        sites=hidden("relu"),
    ),
    Fault(
        id="relu-mask-wrong-layer",
        title="the derivative is taken at another layer",
        equation="dL/dz_l = (delta_(l+1) W_(l+1)^T) * f'(z_l), with the same l",
        wrong="dz1 = (dscores @ W2.T) * (scores > 0)",
        right="dz1 = (dscores @ W2.T) * (z1 > 0)",
        advice="use the pre-activation of the layer whose delta is being computed",
        unnoticed="runs where two layers are equally wide, as in many examples",
        see="choose a different width for every layer: it no longer runs",
        variants=(
            Variant("", "mask", _mask_above),
            Variant("the layer below", "mask", _mask_below),
        ),
        sites=_CURVED,
        needs_equal_sizes=True,
        rare=True,
    ),
    Fault(
        id="relu-mask-threshold",
        title="the ReLU's mask switches at a value other than 0",
        equation=_EQUATION,
        wrong="dz1[z1 < 0.1] = 0",
        right="dz1[z1 <= 0] = 0",
        advice="compare with 0",
        unnoticed="few units lie between 0 and the threshold",
        see="place a pre-activation between 0 and the threshold",
        variants=(Variant("", "mask", _threshold),),
        sites=hidden("relu"),
        constant="nonlinear",
        example=0.1,
    ),
    Fault(
        id="relu-saturates",
        title="the mask drops large activations as well",
        equation=_EQUATION,
        wrong="dz1 = dhidden * (z1 > 0) * (z1 < 6)",
        right="dz1 = dhidden * (z1 > 0)",
        advice="a ReLU has slope 1 for every positive z1; drop the upper limit",
        unnoticed="small networks seldom reach the limit",
        see="make a pre-activation large",
        variants=(Variant("", "mask", _ceiling),),
        sites=hidden("relu"),
        constant="nonlinear",
        example=6.0,
    ),
    Fault(
        id="leaky-slope",
        title="a slope below 0 that the forward pass does not have",
        equation=_EQUATION,
        wrong="dz1 = dhidden * np.where(z1 > 0, 1, 0.01)",
        right="dz1 = dhidden * (z1 > 0)",
        advice="use the slope of the forward pass: 0 below 0 for a ReLU",
        unnoticed="a slope of 0.01 changes the norm of the gradient by a per cent",
        see="a unit that is dead for all examples must have gradient 0",
        variants=(
            Variant("", "mask", _leaky),
            Variant("not times the gradient above", "mask", _leaky_alone),
        ),
        sites=hidden("relu"),
        constant="affine",
        example=0.01,
    ),
    Fault(
        id="activation-times-gradient",
        title="multiplied by the activation instead of its derivative",
        equation="dL/dz1 = (dL/dscores W2^T) * f'(z1)",
        wrong="dz1 = dhidden * hidden",
        right="dz1 = dhidden * (z1 > 0)",
        advice="multiply by the derivative f'(z1), not by f(z1)",
        unnoticed="dead units get 0, as they should",
        see="double the scale of X: the ratio to the derivative doubles",
        variants=(
            Variant("", "mask", _activation),
            Variant("as well as the derivative", "mask", _activation_masked),
        ),
        sites=hidden(),
    ),
    Fault(
        id="sigmoid-derivative",
        title="the derivative of another function, or taken at the wrong place",
        equation="dL/dz1 = (dL/dscores W2^T) * f'(z1); for a sigmoid f' = h*(1-h)",
        wrong="dz1 = dhidden * sigmoid(hidden) * (1 - sigmoid(hidden))",
        right="dz1 = dhidden * hidden * (1 - hidden)",
        advice="use the derivative of the forward pass's function, and h or z as its"
        " formula wants it",
        unnoticed="all the factors are positive, so the net learns all the same",
        see="look at one unit at z = 0, where a sigmoid's slope is exactly 1/4",
        variants=(
            Variant("", "mask", _at_activation),
            Variant("of the pre-activation", "mask", _at_preactivation),
            Variant("of another function", "mask", _of_another),
            Variant("1 - h, no more", "mask", _one_less, when=_smooth),
        ),
        sites=_CURVED,
    ),
    Fault(
        id="upstream-missing",
        title="the gradient from above is left out",
        equation="dL/dz1 = (dL/dscores W2^T) * f'(z1): a product, not f'(z1) alone",
        wrong="dz1 = (z1 > 0) * 1.0",
        right="dz1 = (dscores @ W2.T) * (z1 > 0)",
        advice="multiply the derivative by what comes from the layer above",
        unnoticed="the shapes are right",
        see="the first layer's gradient does not depend on the labels",
        variants=(
            Variant("", "mask", _slope_alone),
            Variant("divided by N", "mask", _slope_averaged),
        ),
        sites=hidden(),
    ),
    Fault(
        id="bias-before-mask",
        title="the hidden bias's gradient is taken before the mask",
        equation="dL/db1 = sum_i dL/dz1_i, not sum_i dL/dh_i",
        wrong="db1 = dhidden.sum(axis=0); dz1 = dhidden * (z1 > 0)",
        right="dz1 = dhidden * (z1 > 0); db1 = dz1.sum(axis=0)",
        advice="apply the mask first, then sum",
        unnoticed="W1 is exact; only a unit that is dead for some example shows it",
        see="compare db1 with the derivative at units that are dead for some examples",
        variants=(Variant("", "tap", _before_mask),),
        sites=lambda network: _CURVED(network) if network.biases else [],
    ),
)
