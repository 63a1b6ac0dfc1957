"""Mistakes in the gradients of the biases."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import biases, wide_biases
from gradcheck.faults.records import Fault, Mistake, Variant


def _mean(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(value / p.N)


def _scalar(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.full_like(value, p.tapped[name].sum())


def _zero(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.zeros_like(value)


def _other_axis(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(p.tapped[name].sum(axis=1))


def _whole(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(p.tapped[name])


def _last(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(p.tapped[name][-1])


def _first(p: Any, name: str, value: Array, m: Mistake) -> Array:
    return np.asarray(p.tapped[name][0])


_EQUATION = "dL/db = sum over the examples of delta_i"

FAULTS = (
    Fault(
        id="bias-mean",
        title="a mean over the examples where the sum belongs",
        equation=_EQUATION + " (the 1/N is in delta already)",
        wrong="dscores /= N; db2 = dscores.mean(axis=0)",
        right="dscores /= N; db2 = dscores.sum(axis=0)",
        advice="sum over axis 0; the 1/N is in dscores already",
        unnoticed="biases matter least, and with one example it is right",
        see="the ratio of the bias's gradient to the derivative is 1/N",
        variants=(Variant("", "reduce", _mean),),
        sites=biases,
    ),
    Fault(
        id="bias-scalar",
        title="summed over everything: one number for all the biases",
        equation=_EQUATION + ", one number a unit",
        wrong="db1 = dz1.sum()",
        right="db1 = dz1.sum(axis=0)",
        advice="give sum an axis: the one that counts the examples",
        unnoticed="broadcasting adds a scalar to every bias without complaint",
        see="all the entries of the gradient are equal",
        variants=(Variant("", "reduce", _scalar),),
        sites=wide_biases,
    ),
    Fault(
        id="bias-wrong-axis",
        title="summed over the units instead of the examples",
        equation=_EQUATION,
        wrong="db1 = dz1.sum(axis=1)",
        right="db1 = dz1.sum(axis=0)",
        advice="sum over axis 0, the examples",
        unnoticed="it has the right shape where N equals the number of units",
        see="choose N other than the number of units",
        variants=(Variant("", "reduce", _other_axis),),
        sites=wide_biases,
        needs_equal_sizes=True,
        rare=True,
    ),
    Fault(
        id="bias-not-reduced",
        title="the bias's gradient is not summed over the examples",
        equation=_EQUATION,
        wrong="db1 = dz1",
        right="db1 = dz1.sum(axis=0)",
        advice="sum over axis 0",
        unnoticed="an update b1 -= lr * db1 quietly gives every example its own bias",
        see="the gradient has N rows, the bias has one",
        variants=(Variant("", "reduce", _whole),),
        sites=biases,
    ),
    Fault(
        id="bias-missing",
        title="the bias's gradient is zero",
        equation=_EQUATION,
        wrong="db1 = np.zeros_like(b1)",
        right="db1 = dz1.sum(axis=0)",
        advice="fill it in",
        unnoticed="a net often learns nearly as well without its biases",
        see="the gradient is exactly 0 at every point",
        variants=(Variant("", "reduce", _zero),),
        sites=biases,
    ),
    Fault(
        id="bias-one-example",
        title="one example's delta instead of the sum",
        equation=_EQUATION,
        wrong="for i in range(N): db1 = dz1[i]",
        right="for i in range(N): db1 += dz1[i]",
        advice="add up, instead of keeping the last",
        unnoticed="with one example it is right",
        see="change another example: the bias's gradient stays",
        variants=(
            Variant("the last", "reduce", _last),
            Variant("the first", "reduce", _first),
        ),
        sites=biases,
    ),
)
