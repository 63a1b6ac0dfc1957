"""Where does it run: equal sizes, or numbers of examples, that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.experiments.accused import Accused
from gradcheck.experiments.points import Sizes, make
from gradcheck.problem import Network, Problem

_EQUAL = (  # what is equal, and N, D, H, C
    ("H == C", (4, 7, 5, 5)),
    ("D == H", (4, 6, 6, 3)),
    ("D == C", (4, 5, 8, 5)),
    ("N == C", (4, 7, 9, 4)),
    ("N == H", (5, 7, 5, 3)),
    ("N == D", (6, 6, 8, 3)),
    ("D == H == C", (4, 5, 5, 5)),
    ("N == D == H == C", (4, 4, 4, 4)),
)
_COUNTS = (5, 10, 4, 3, 2, 1, 7, 8, 16, 32, 50, 100)


def where_it_runs(
    accused: Accused, network: Network, rng: np.random.Generator, sizes: Sizes
) -> tuple[Sizes, str]:
    """Find sizes at which a function runs that does not run at distinct ones.

    Returns
    -------
    sizes : Sizes
        Dictated so that it runs; as given if nothing helped.
    words : str
        What has to be equal, or what N has to be; empty if nothing helped.
    """
    for words, chosen, problem in _trials(network, rng, sizes):
        if not accused.raw(problem).error:
            return chosen, words
    return sizes, ""


def _trials(
    network: Network, rng: np.random.Generator, sizes: Sizes
) -> Iterator[tuple[str, Sizes, Problem]]:
    widths = network.depth - 1
    if sizes == Sizes():
        for words, (N, D, H, C) in _EQUAL:
            if (widths == 0 and "H" in words) or (
                network.cost == "logistic" and "C" in words
            ):
                continue
            only = (N,) if "N" in words else None
            if only:  # perhaps it is the number alone
                alone = Sizes(N=only)
                yield f"N = {N}", alone, _point(network, rng, alone, N)
            chosen = Sizes(D, (H,) * widths, C, only)
            yield words, chosen, _point(network, rng, chosen, N)
    elif sizes.N is None:
        for N in _COUNTS:
            chosen = replace(sizes, N=(N,))
            yield f"N = {N}", chosen, _point(network, rng, chosen, N)


def _point(network: Network, rng: np.random.Generator, sizes: Sizes, N: int) -> Problem:
    hidden = sizes.hidden or tuple(7 + i for i in range(network.depth - 1))
    C = 1 if network.cost == "logistic" else sizes.C or 4
    return make(network, rng, N=N, D=sizes.D or 5, hidden=hidden, C=C, reg=0.2)
