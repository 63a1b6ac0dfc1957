"""Cutting a backward pass open: every delta of a batch, from one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.faults import Mistake, Pass, Specification, singles, table
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem import Network, Problem

EXACT = 1e-9
"""Residual, relative, below which a stage counts as explained."""


@dataclass(frozen=True, slots=True)
class Section:
    """One cut through an observed backward pass.

    Attributes
    ----------
    delta : dict of int to ndarray
        Of each layer, (N, width), as the gradient of its weights shows it.
    inputs : dict of int to Mistake or None
        What stood where the input belongs.
    unread : tuple of int
        Layers whose gradient is no product of any known input with a delta.
    """

    delta: dict[int, Array] = field(default_factory=dict)
    inputs: dict[int, Mistake | None] = field(default_factory=dict)
    unread: tuple[int, ...] = ()


class Reader:
    """Undoes the products of a reading point.

    Parameters
    ----------
    spec : Specification
        What the loss is.
    problem : Problem
        With N at most the width of any input, and without a penalty.
    """

    def __init__(self, spec: Specification, problem: Problem) -> None:
        self.spec, self.problem = spec, problem
        self.network = spec.network
        self.right = Pass(spec, problem)

        self._passes: dict[int, Pass] = {}

    def at(self, problem: Problem) -> Pass:
        """Return the right pass at another point, made once."""
        if id(problem) not in self._passes:
            self._passes[id(problem)] = Pass(self.spec, problem)
        return self._passes[id(problem)]

    @cached_property
    def _inverses(self) -> dict[int, list[tuple[Mistake | None, Array, Array]]]:
        """By layer: a mistake of the input, the matrix that it makes, its inverse."""
        found: dict[int, list[tuple[Mistake | None, Array, Array]]] = {}
        options: dict[int, list[Mistake | None]] = {
            i: [None] for i in self.right.weights
        }
        for mistake in singles(self.network, "preactivation-as-activation", "reshaped"):
            variant = CATALOGUE[mistake.id].variant(mistake.variant)
            if variant.slot == "input" and len(mistake.sites) == 1:
                layer = next(iter(table(self.network, [mistake])))[1]
                options[int(str(layer))].append(mistake)
        for i, mistakes in options.items():
            found[i] = []
            for mistake_ in mistakes:
                self.right.table = table(self.network, [mistake_] if mistake_ else [])
                A = np.asarray(self.right.slot("input", i, self.right.a[i - 1]))
                found[i].append((mistake_, A, np.linalg.pinv(A.T)))
        self.right.table = {}
        return found

    def cut(self, data: Mapping[str, Array]) -> Section:
        """Recover every delta from the data gradients of the weights."""
        delta: dict[int, Array] = {}
        inputs: dict[int, Mistake | None] = {}
        unread = []
        for i, name in self.right.weights.items():
            dW = np.asarray(data[name]).reshape(self.right.W[i].shape)
            read = self._undo(i, dW)
            if read is None:
                unread.append(i)
                delta[i] = self._inverses[i][0][2] @ dW
                inputs[i] = None
            else:
                inputs[i], delta[i] = read
        return Section(delta, inputs, tuple(unread))

    def _undo(self, i: int, dW: Array) -> tuple[Mistake | None, Array] | None:
        size = float(np.linalg.norm(dW))
        if size == 0.0:
            return None, np.zeros((self.right.N, dW.shape[1]))
        for mistake, A, inverse in self._inverses[i]:
            delta = inverse @ dW
            if np.linalg.norm(A.T @ delta - dW) <= EXACT * size:
                return mistake, delta
        _, A, inverse = self._inverses[i][0]
        turns = (
            [("reshaped", dW.reshape(dW.shape[::-1]).T)] if min(dW.shape) > 1 else []
        )
        if dW.shape[0] == dW.shape[1]:
            turns.insert(0, ("transposed", dW.T))
        for name, turned in turns:
            delta = inverse @ turned
            if np.linalg.norm(A.T @ delta - turned) <= EXACT * size:
                return Mistake(name, (self.right.weights[i],)), delta
        return None


@dataclass(frozen=True, slots=True)
class Fit:
    """Mistakes that explain one stage, and the factors that are left at each point."""

    mistakes: tuple[Mistake, ...]
    factors: tuple[float, ...]


def project(observed: Array, predicted: Array) -> tuple[float, float]:
    """Return the factor of `predicted` nearest `observed`, and what is left over."""
    size = float(np.vdot(predicted, predicted))
    scale = float(np.linalg.norm(observed))
    if size == 0.0 or scale == 0.0 or not np.isfinite(size):
        return np.nan, 0.0 if size == scale == 0.0 else np.inf
    factor = float(np.vdot(predicted, observed)) / size
    return factor, float(np.linalg.norm(observed - factor * predicted)) / scale


_COMBINED: dict[object, list[tuple[Mistake, ...]]] = {}
_MANY = 1024


def combinations_of(
    network: Network, slots: Sequence[str], site: int | None
) -> list[tuple[Mistake, ...]]:
    """List what can fill these slots at one site, at most three at once."""
    key = (*slots, site, *network.conventions)
    if key not in _COMBINED:
        if len(_COMBINED) >= _MANY:
            _COMBINED.clear()
        choices = [_fillings(network, slot, site) for slot in slots]
        sets = [sum(chosen, ()) for chosen in product(*choices)]
        _COMBINED[key] = sorted((s for s in sets if len(s) <= 3), key=cost)
    return list(_COMBINED[key])


def _fillings(
    network: Network, slot: str, site: int | None
) -> list[tuple[Mistake, ...]]:
    """List what can fill one slot at a site: nothing, or one mistake."""
    options: list[tuple[Mistake, ...]] = [()]
    for mistake in singles(network):
        fault = CATALOGUE[mistake.id]
        variant = fault.variant(mistake.variant)
        if variant.slot != slot or fault.constant == "nonlinear" or variant.also:
            continue
        if list(table(network, [mistake])) == [(slot, site)]:
            options.append((mistake,))
    return options


def cost(mistakes: Sequence[Mistake]) -> float:
    """Price of an explanation: few mistakes, no free constants, usual forms."""
    total = 0.0
    for m in mistakes:
        fault = CATALOGUE[m.id]
        total += 1.0 + 0.1 * fault.rare + 0.005 * len(m.sites)
        total += 0.3 * (m.constant is not None and fault.constant is not None)
        total += 0.06 * (m.variant != fault.variants[0].label)
    return total


def data_part(grads: Grads, right: Pass, moving: Sequence[str] = ()) -> Grads:
    """Return the gradients less a penalty that is there whatever reg is.

    Those named in `moving` have a penalty that does depend on reg, and none without.
    """
    fixed = [k for k in right.spec.fixed if k not in moving]
    return {k: g - right.penalised(k) if k in fixed else g for k, g in grads.items()}
