"""Matching each stage of a backward pass alone, with what was measured above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.experiments.sections import (
    EXACT,
    Fit,
    Reader,
    Section,
    combinations_of,
    cost,
    project,
)
from gradcheck.faults import Mistake, Pass, table
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem import Network

TOP = ("probs", "targets", "outer", "delta", "examples")
DOWN = ("carried", "carrier", "incoming", "mask")
BIAS = ("tap",)

Predict = Callable[[int, tuple[Mistake, ...]], Array]
"""``(number of the point, mistakes) -> what the stage gives``."""


@lru_cache(maxsize=64)
def _sets(
    network: Network, slots: tuple[str, ...], site: int | None
) -> tuple[tuple[Mistake, ...], ...]:
    return tuple(combinations_of(network, slots, site))


def fit_stage(
    observed: Sequence[Array], predict: Predict, sets: Sequence[tuple[Mistake, ...]]
) -> list[Fit]:
    """Return the smallest sets of mistakes that explain a stage up to a factor."""
    found: list[Fit] = []
    for mistakes in sets:
        if found and len(mistakes) > len(found[0].mistakes):
            break
        try:
            fit = _fit(observed, predict, mistakes)
        except ValueError:  # needs sizes that are equal, and here they are not
            continue
        if fit is not None:
            found.append(fit)
    return sorted(found, key=lambda f: cost(f.mistakes))


def _fit(
    observed: Sequence[Array], predict: Predict, mistakes: tuple[Mistake, ...]
) -> Fit | None:
    free = [i for i, m in enumerate(mistakes) if CATALOGUE[m.id].constant == "affine"]
    if free:
        return _fit_affine(observed, predict, mistakes, free[:2])
    factors = []
    for point, target in enumerate(observed):
        factor, residual = project(target, predict(point, mistakes))
        if not residual <= EXACT:
            return None
        factors.append(factor)
    return Fit(mistakes, tuple(factors))


def _with(mistake: Mistake, constant: float) -> Mistake:
    return Mistake(mistake.id, mistake.sites, mistake.variant, constant)


def _fit_affine(
    observed: Sequence[Array],
    predict: Predict,
    mistakes: tuple[Mistake, ...],
    free: Sequence[int],
) -> Fit | None:
    """Fit one or two constants on which the stage depends affinely."""
    factors: list[float] = []
    constants: list[list[float]] = []
    for point, target in enumerate(observed):
        corners = []
        for corner in np.ndindex(*(2,) * len(free)):
            chosen = list(mistakes)
            for i, at in zip(free, corner, strict=True):
                chosen[i] = _with(mistakes[i], float(at))
            corners.append(predict(point, tuple(chosen)).reshape(-1))
        values = np.array(corners).reshape(*(2,) * len(free), -1)
        for axis in range(len(free)):  # from corners to coefficients
            values = np.moveaxis(values, axis, 0)
            values = np.stack([values[0], values[1] - values[0]])
            values = np.moveaxis(values, 0, axis)
        columns = values.reshape(2 ** len(free), -1).T
        if not np.isfinite(columns).all():
            return None
        solution, *_ = np.linalg.lstsq(columns, target.reshape(-1), rcond=1e-10)
        size = float(np.linalg.norm(target))
        missed = float(np.linalg.norm(columns @ solution - target.reshape(-1)))
        if missed > EXACT * size or abs(solution[0]) < 1e-12:
            return None
        if len(free) == 2 and abs(
            solution[3] * solution[0] - solution[1] * solution[2]
        ) > (1e-6 * max(abs(solution[0]) ** 2, abs(solution[1] * solution[2]))):
            return None
        factors.append(float(solution[0]))
        ones = solution[[2, 1]] if len(free) == 2 else solution[1:2]
        constants.append([float(c / solution[0]) for c in ones])
    for i, c in zip(free, constants[0], strict=True):
        one = mistakes[i].id == "leaky-slope" and abs(c - 1.0) < 1e-7  # no mask at all
        if abs(c) < 1e-7 or one:
            return None
    chosen = list(mistakes)
    for i, c in zip(free, constants[0], strict=True):
        chosen[i] = _with(mistakes[i], c)
    return Fit(tuple(chosen), tuple(factors))


def _stage(right: Pass, mistakes: Sequence[Mistake]) -> Pass:
    right.table = table(right.network, mistakes)
    return right


def top_fits(readers: Sequence[Reader], sections: Sequence[Section]) -> list[Fit]:
    """Explain the delta of the output layer."""
    L = readers[0].right.depth

    def predict(point: int, mistakes: tuple[Mistake, ...]) -> Array:
        right = _stage(readers[point].right, mistakes)
        return right.top() / right.divisor * right.spec.multiple(right.N, right.C)

    with np.errstate(all="ignore"):
        sets = _sets(readers[0].network, TOP, None)
        return fit_stage([s.delta[L] for s in sections], predict, sets)


def down_fits(
    readers: Sequence[Reader], sections: Sequence[Section], i: int, top: Fit
) -> list[Fit]:
    """Explain the delta of hidden layer `i` from the measured one above it."""

    def predict(point: int, mistakes: tuple[Mistake, ...]) -> Array:
        right = _stage(readers[point].right, (*top.mistakes, *mistakes))
        if i == right.depth - 1:  # some mistakes read the probabilities again
            right.scaled(right.top())
        return right.down(
            i, sections[point].delta[i + 1], _product(right, sections[point], i + 1)
        )

    with np.errstate(all="ignore"):
        sets = _sets(readers[0].network, DOWN, i)
        return fit_stage([s.delta[i] for s in sections], predict, sets)


def _product(right: Pass, section: Section, i: int) -> Array:
    """Return the data gradient of the weights of a layer as it was observed."""
    wrong = section.inputs[i]
    kept, right.table = right.table, table(right.network, [wrong] if wrong else [])
    out = right.weight(i, section.delta[i])
    right.table = kept
    return out


def bias_fits(
    readers: Sequence[Reader],
    sections: Sequence[Section],
    grads: Sequence[Grads],
    i: int,
    above: Sequence[Mistake],
) -> list[Fit]:
    """Explain the bias gradient of layer `i` from the measured delta."""
    network = readers[0].network
    name = network.bias_names[i - 1]

    def predict(point: int, mistakes: tuple[Mistake, ...]) -> Array:
        right = _stage(readers[point].right, (*above, *mistakes))
        if i < right.depth:
            if i == right.depth - 1:
                right.scaled(right.top())
            right.down(
                i, sections[point].delta[i + 1], _product(right, sections[point], i + 1)
            )
        return right.bias(i, sections[point].delta[i])

    observed = [np.reshape(g[name], -1) for g in grads]
    if vanishes(readers, grads, name):
        factors = tuple(np.nan for _ in observed)
        both = ("bias-missing", "bias-scalar")[: 2 if observed[0].size > 1 else 1]
        return [Fit((Mistake(kind, (name,)),), factors) for kind in both]
    if any(
        np.size(o) != np.size(r.problem.params[name])
        for o, r in zip(observed, readers, strict=True)
    ):
        return [Fit((Mistake("bias-wrong-axis", (name,)),), (np.nan,) * len(observed))]
    with np.errstate(all="ignore"):
        sets = _bias_sets(network, i, name)
        if observed[0].size > 1:
            return fit_stage(observed, predict, sets)
        every = [fit_stage(observed, predict, [one]) for one in sets]
        fits = [fit for one in every for fit in one]  # one number fits any reduction
        plain = [f for f in fits if all(abs(k - 1.0) <= EXACT for k in f.factors)]
        return plain or fits


def vanishes(readers: Sequence[Reader], grads: Sequence[Grads], name: str) -> bool:
    """Whether a gradient is zero but for rounding at every reading point."""
    return all(
        np.abs(g[name]).max(initial=0.0)
        <= 1e-14 * max(r.right.sizes()[name].max(initial=0.0), 1e-3)
        for r, g in zip(readers, grads, strict=True)
    )


@lru_cache(maxsize=64)
def _bias_sets(network: Network, i: int, name: str) -> tuple[tuple[Mistake, ...], ...]:
    taps = combinations_of(network, BIAS, i)
    reductions: list[tuple[Mistake, ...]] = [()]
    if network.cost != "logistic" or i < network.depth:
        reductions.append((Mistake("bias-scalar", (name,)),))
    if i < network.depth or network.cost != "logistic":
        reductions.append((Mistake("bias-wrong-axis", (name,)),))
    reductions += [
        (Mistake("bias-one-example", (name,), variant.label),)
        for variant in CATALOGUE["bias-one-example"].variants
    ]
    sets = [(*tap, *reduction) for tap in taps for reduction in reductions]
    return tuple(sorted(sets, key=cost))
