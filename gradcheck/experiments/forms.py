"""Which data loss is this: per-example candidates, and how they are summed up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults import Pass, specify
from gradcheck.problem import Network, Problem

_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class DataForm:
    """The data part of a loss.

    Attributes
    ----------
    name : str
        Of the form, or ``"unknown"``.
    words : str
        The form in words.
    own : bool
        Whether it is the network's own.
    reduction : str
        ``"mean"``, ``"sum"``, or empty where it is unknown.
    scale : float
        What multiplies the sum or mean over examples.
    fixed : mapping of str to float
        Coefficients of ``sum(p**2)`` that are there whatever `reg` is.
    per : str
        What else the sum is divided by; see `gradcheck.faults.Specification`.
    """

    name: str = "unknown"
    words: str = ""
    own: bool = False
    reduction: str = ""
    scale: float = 1.0
    fixed: Mapping[str, float] = field(default_factory=dict)
    per: str = ""

    @property
    def shares(self) -> str:
        """By what the sum over examples is divided, in words; see `per`."""
        if self.per == "n-minus-one":
            return "divided by N - 1"
        over = "N * C" if self.reduction == "mean" else "C"
        return f"divided by {over}: it is a mean over classes, too"


def _softmax_loss(p: Pass, t: Array) -> Array:
    top = p.out.max(axis=1, keepdims=True)
    log_sum = top + np.log(np.exp(p.out - top).sum(axis=1, keepdims=True))
    return np.asarray((t * (log_sum - p.out)).sum(axis=1))


def _true(p: Pass) -> Array:
    return np.asarray(
        (p.right_probs * p.t + (p.C == 1) * (1 - p.right_probs) * (1 - p.t)).sum(axis=1)
    )


def _binary(p: Pass) -> Array:
    return np.asarray((np.logaddexp(0.0, p.out) - p.t * p.out).sum(axis=1))


def _binary_of_probabilities(p: Pass) -> Array:
    q = p.right_probs
    return np.asarray(-(p.t * np.log(q) + (1 - p.t) * np.log1p(-q)).sum(axis=1))


def _hinge(p: Pass) -> Array:
    if p.C == 1:
        return np.asarray(np.maximum(0.0, 1.0 - (2 * p.t - 1) * p.out).sum(axis=1))
    own = (p.out * p.t).sum(axis=1, keepdims=True)
    return np.asarray((np.maximum(0.0, p.out - own + 1.0) * (1 - p.t)).sum(axis=1))


_NAMES = {
    "softmax": ("cross-entropy", "the cross-entropy"),
    "logistic": ("logistic", "the logistic loss"),
    "sigmoid": ("binary cross-entropy", "the binary cross-entropy"),
    "squared": ("squared", "half the squared error"),
}

_OTHERS: dict[str, tuple[str, Callable[[Pass], Array]]] = {
    "shifted labels": (
        "the cross-entropy of the class before the true one: labels shifted",
        lambda p: _softmax_loss(p, np.roll(p.t, -1, axis=1)),
    ),
    "labels shifted up": (
        "the cross-entropy of the class after the true one: labels shifted",
        lambda p: _softmax_loss(p, np.roll(p.t, 1, axis=1)),
    ),
    "without logarithm": ("1 - p: the logarithm is missing", lambda p: 1.0 - _true(p)),
    "minus probability": ("-p: the logarithm is missing", lambda p: -_true(p)),
    "squared probabilities": (
        "half the squared error of the probabilities",
        lambda p: 0.5 * np.square(p.right_probs - p.t).sum(axis=1),
    ),
    "squared scores": (
        "half the squared error of the scores",
        lambda p: 0.5 * np.square(p.out - p.t).sum(axis=1),
    ),
    "binary cross-entropy": (
        "the binary cross-entropy of the scores, class by class",
        _binary,
    ),
    "binary cross-entropy of probabilities": (
        "the binary cross-entropy of the probabilities, class by class",
        _binary_of_probabilities,
    ),
    "cross-entropy": ("the softmax cross-entropy", lambda p: _softmax_loss(p, p.t)),
    "score": (
        "minus the score of the true class",
        lambda p: -(p.out * p.t).sum(axis=1),
    ),
    "hinge": ("the hinge loss", _hinge),
}


def read_data(
    evaluate: Callable[[Problem], float], network: Network, points: Sequence[Problem]
) -> DataForm:
    """Find the data loss whose values these are.

    Parameters
    ----------
    evaluate : callable
        The loss at a point.
    network : Network
        Its own loss is tried first.
    points : sequence of Problem
        Of different sizes.
    """
    values = np.array([evaluate(point) for point in points])
    good = np.isfinite(values)
    if good.sum() < min(3, len(points)):
        return DataForm()
    values = values[good]
    if len(values) > 1 and np.ptp(values) == 0.0:
        return DataForm("constant", f"the number {values[0]:.6g}, whatever it is given")
    passes = [
        Pass(specify(network), point)
        for point, ok in zip(points, good, strict=True)
        if ok
    ]
    name, words = _NAMES.get(network.cost, ("unknown", ""))
    own = np.array([p.data_losses().sum() for p in passes])
    found = _reduced(values, own, passes, _TOLERANCE)
    if found:
        return DataForm(
            name, words, True, found[0], plain(found[1], 1e-6), per=found[2]
        )
    found = _reduced(values, own, passes, 1e-6)  # the logarithm of p + 1e-8, say
    if found:
        return DataForm(
            name, words, True, found[0], plain(found[1], 1e-6), per=found[2]
        )
    with np.errstate(all="ignore"):
        for other, (said, form) in _OTHERS.items():
            if network.cost == "softmax" and other == "cross-entropy":
                continue
            found = _reduced(
                values, np.array([form(p).sum() for p in passes]), passes, _TOLERANCE
            )
            if found:
                return DataForm(other, said, False, found[0], found[1], per=found[2])
    return _with_fixed_penalty(values, own, passes, (name, words)) or DataForm()


def _reduced(
    values: Array, sums: Array, passes: Sequence[Pass], tolerance: float
) -> tuple[str, float, str] | None:
    """Return reduction, scale and `per` if the values are a reduction of the sums."""
    if not np.isfinite(sums).all() or not (np.abs(sums) > 1e-12).all():
        return None
    ratio = values / sums
    N = np.array([p.N for p in passes], dtype=float)
    C = np.array([p.C for p in passes], dtype=float)
    for reduction, weight in (("mean", 1 / N), ("sum", np.ones_like(N))):
        scale = ratio / weight
        if np.ptp(scale) <= tolerance * abs(scale[0]):
            return reduction, plain(float(scale[0])), ""
    for reduction, weight, per in (
        ("mean", 1 / (N * C), "classes"),
        ("sum", 1 / C, "classes"),
        ("mean", 1 / np.maximum(N - 1, 1), "n-minus-one"),
    ):
        scale = ratio / weight
        if np.ptp(scale) <= tolerance * abs(scale[0]):
            return reduction, plain(float(scale[0])), per
    return None


def plain(value: float, tolerance: float = 1e-9) -> float:
    """Return a number without the dust of its measurement."""
    for digits in (2, 4):
        if abs(round(value, digits) - value) <= tolerance * abs(value):
            return round(value, digits)
    return value


def _with_fixed_penalty(
    values: Array, own: Array, passes: Sequence[Pass], name: tuple[str, str]
) -> DataForm | None:
    """Try a penalty that is there whatever reg is: least squares."""
    names = list(passes[0].network.weights)
    squares = np.array(
        [[np.sum(np.square(p.params[n])) for n in names] for p in passes]
    )
    N = np.array([p.N for p in passes], dtype=float)
    for reduction, sums in (("mean", own / N), ("sum", own)):
        if len(values) <= len(names):
            continue
        fitted, *_ = np.linalg.lstsq(squares, values - sums, rcond=None)
        if (
            np.abs(squares @ fitted - values + sums).max()
            <= 1e-9 * np.abs(values).max()
        ):
            pairs = zip(names, fitted, strict=True)
            fixed = {n: plain(float(q)) for n, q in pairs if abs(q) > 1e-9}
            return DataForm(*name, True, reduction, 1.0, fixed)
    return None
