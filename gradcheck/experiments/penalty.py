"""The penalty, read off where one parameter alone is not zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gradcheck._typing import Array
from gradcheck.experiments.points import Sizes, make
from gradcheck.problem import Network, Problem

Evaluate: TypeAlias = Callable[[Problem], float]

_STRENGTH = 0.7
_SMALL, _SINGLE = 1e-7, 1e-5


@dataclass(frozen=True, slots=True)
class PenaltyPoint:
    """One parameter alone is not zero: with a penalty, and without."""

    name: str
    on: Problem
    off: Problem


def penalty_points(
    network: Network, rng: np.random.Generator, sizes: Sizes, *, scale: float = 1.0
) -> dict[str, tuple[PenaltyPoint, PenaltyPoint]]:
    """Return two points a parameter at which nothing but its penalty moves with reg."""
    one, other = (_base(network, rng, sizes, s) for s in ((8, 6, 5, 3), (5, 3, 4, 6)))
    return {
        name: (_alone(one, rng, name, scale), _alone(other, rng, name, 2.0 * scale))
        for name in (*network.weights, *network.bias_names)
    }


def _base(
    network: Network,
    rng: np.random.Generator,
    sizes: Sizes,
    chosen: tuple[int, int, int, int],
) -> Problem:
    N, D, H, C = chosen
    hidden = sizes.hidden or tuple(H + i for i in range(network.depth - 1))
    N = N if sizes.N is None or N in sizes.N else sizes.N[len(sizes.N) // 2]
    return make(network, rng, N=N, D=sizes.D or D, hidden=hidden, C=sizes.C or C)


def _alone(
    full: Problem, rng: np.random.Generator, name: str, scale: float
) -> PenaltyPoint:
    params = {k: np.zeros(np.shape(v)) for k, v in full.params.items()}
    shape = np.shape(params[name])
    sign = rng.choice([-1.0, 1.0], shape)
    params[name] = np.asarray(scale * rng.uniform(0.3, 1.0, shape) * sign)
    return PenaltyPoint(
        name,
        Problem(params, full.X, full.y, _STRENGTH),
        Problem(params, full.X, full.y, 0.0),
    )


def read_penalty(
    evaluate: Evaluate, points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]]
) -> tuple[dict[str, float], dict[str, str], dict[str, str]]:
    """Return k by parameter, the form of each penalty, and which row it leaves free."""
    penalty: dict[str, float] = {}
    forms: dict[str, str] = {}
    free: dict[str, str] = {}
    losses = {
        name: [(evaluate(p.on), evaluate(p.off)) for p in pair]
        for name, pair in points.items()
    }
    small = _small(np.ravel(list(losses.values())))
    for name, pair in points.items():
        values = [
            (on - off) / p.on.reg
            for (on, off), p in zip(losses[name], pair, strict=True)
        ]
        arrays = [np.asarray(p.on.params[name]) for p in pair]
        counts = [p.on.X.shape[0] for p in pair]
        if not np.isfinite(values).all():
            forms[name] = "other"
            continue
        if max(map(abs, values)) < small / 100:
            continue
        forms[name], penalty[name] = _form(values, arrays, counts, small)
        rows = (("first", slice(1, None)), ("last", slice(None, -1)))
        for row, rest in rows if forms[name] == "other" else ():
            if min(len(a) for a in arrays) < 2 or name[0] != "W":
                continue
            form, k = _form(values, [a[rest] for a in arrays], counts, small)
            if form in ("squares", "averaged"):
                forms[name], penalty[name], free[name] = form, k, row
    return penalty, forms, free


def _small(losses: Array) -> float:
    """Return how exactly a penalty can be read off these losses, relatively.

    What was computed in single precision is known by its values, all of which single
    precision can hold.
    """
    with np.errstate(all="ignore"):
        held = losses == losses.astype(np.float32)
    return _SINGLE if bool(held.all() and np.any(losses % 1.0)) else _SMALL


def overall(forms: Mapping[str, str]) -> str:
    """Return one word for the penalties of all parameters."""
    if set(forms.values()) == {"squares", "averaged"}:
        return "squares"
    return (
        "other" if len(set(forms.values())) > 1 else min(forms.values(), default="none")
    )


def _form(
    values: list[float], arrays: list[Array], counts: list[int], small: float
) -> tuple[str, float]:
    candidates = {
        "squares": [float(np.sum(a * a)) for a in arrays],
        "averaged": [
            float(np.sum(a * a)) / n for a, n in zip(arrays, counts, strict=True)
        ],
        "norm": [float(np.linalg.norm(a)) for a in arrays],
        "absolute": [float(np.abs(a).sum()) for a in arrays],
    }
    for form, sums in candidates.items():
        one, other = (v / s for v, s in zip(values, sums, strict=True))
        if abs(one - other) <= small * abs(one):
            averaged = candidates["averaged"][0] / sums[0]
            if form == "squares" and _one_count_hides(one, counts, small):
                return "averaged", _round(one / averaged, small)
            return form, _round(one, small)
    return "other", values[0] / candidates["squares"][0]


def _one_count_hides(k: float, counts: list[int], small: float) -> bool:
    """Whether a penalty is divided by N, where every point has the same N."""
    N = counts[0]
    usual = min(abs(k - c) for c in (0.5, 1.0)) <= small
    divided = min(abs(k * N - c) for c in (0.5, 1.0)) <= small
    return N > 1 and counts[0] == counts[1] and divided and not usual


def _round(k: float, small: float) -> float:
    """Return the plain number within the error of measurement, if there is one."""
    for digits in (1, 2, 3, 4):
        if abs(round(k, digits) - k) <= small * max(abs(k), 1e-3):
            return round(k, digits)
    return k
