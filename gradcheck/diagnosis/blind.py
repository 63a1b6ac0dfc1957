"""Pairs of mistakes where no delta can be read: more examples than inputs, say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnosis.explain import merge
from gradcheck.diagnosis.penalties import Measured
from gradcheck.diagnosis.search import Found, Search
from gradcheck.experiments.sections import project
from gradcheck.faults import CATALOGUE, Mistake, compatible, singles, table

_PLUMBING = frozenset({"call", "finish", "loss-data"})
_LEAST, _SETS = 24, 6000
"""Mistakes that are completed, and sets that are tried where there are few of them."""


def unreadable(measured: Measured) -> bool:
    """Whether some layer has fewer inputs than there are examples."""
    return any(
        inputs.shape[1] < reader.right.N
        for reader in measured.readers
        for inputs in reader.right.a.values()
    )


def pairs(hunt: Search, found: Found) -> Found:
    """Try to complete every mistake that makes a gradient right, up to a factor.

    The stages of the pass cannot be measured one by one; but a mistake of a set makes
    some gradients proportional to those observed, and few other mistakes do.
    """
    network, measured = hunt.network, hunt.measured
    listed = [
        m
        for m in singles(network)
        if CATALOGUE[m.id].variant(m.variant).slot not in _PLUMBING
        and not CATALOGUE[m.id].needs_equal_sizes
    ]
    scores = {m: _score(measured, [m]) for m in listed}
    best = sorted(listed, key=lambda m: -scores[m])[: max(_LEAST, _SETS // len(listed))]
    known = [m for m in found.nearest if m.id.startswith(("penalty", "bias-penalty"))]
    verified = []
    for one in best:
        for other in listed:
            for base in ([], known) if known else ([],):
                chosen = merge([*base, one, other])
                if len(chosen) < len(base) + 2 or not compatible(network, chosen):
                    continue
                if hunt.evidence.verify(chosen):
                    verified.append(chosen)
    return hunt.conclude(found, verified)


def _score(measured: Measured, mistakes: Sequence[Mistake]) -> float:
    """Count the gradients that these mistakes make right, or right but for a factor."""
    score = 0.0
    for reader, grads in zip(measured.readers, measured.grads, strict=True):
        slots = table(reader.network, mistakes)
        with np.errstate(all="ignore"):
            try:
                made = reader.right.wrongly(slots).grads()
            except ValueError:  # needs sizes that are equal, and here they are not
                return 0.0
        for name, g in made.items():
            if name not in grads or grads[name].shape != g.shape:
                continue
            factor, residual = project(grads[name], g)
            if residual <= 1e-9:
                score += 1.0 if abs(factor - 1.0) <= 1e-9 else 0.6
    return score
