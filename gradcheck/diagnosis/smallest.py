"""The smallest example that still shows a mistake, in round numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck._typing import Array
from gradcheck.diagnosis.records import Example
from gradcheck.experiments.points import labels
from gradcheck.faults import Mistake, Pass, Specification, table
from gradcheck.problem import Network, Problem

_Size = tuple[int, int, int, int]


def smallest_example(
    spec: Specification, mistakes: Sequence[Mistake], C: int | None = None
) -> Example | None:
    """Shrink the sizes until the gradient comes out right, and stop one before.

    The accused is not asked: the mistakes are verified, so the reference that commits
    them answers in its place.
    """
    if not mistakes:
        return None
    network = spec.network
    for size in _sizes(network, C == 1):
        if _shows(spec, mistakes, size):
            N, D, H, C = size
            hidden = (H,) * (network.depth - 1)
            sentence = _sentence(spec, mistakes, size, C == 1)
            return Example(N, D, hidden, C, sentence)
    return None


def _sizes(network: Network, one_output: bool = False) -> Iterator[_Size]:
    """Yield sizes, the smallest first; every class count makes sense."""
    one_output = one_output or network.cost == "logistic"
    least = 1 if one_output or network.cost == "squared" else 2
    most = 1 if one_output else 3
    every = [
        (N, D, H, C)
        for N in (1, 2, 3, 4)
        for D in (1, 2, 3)
        for H in ((1, 2, 3) if network.depth > 1 else (1,))
        for C in range(least, most + 1)
    ]
    yield from sorted(every, key=lambda s: (sum(s), s))


def _shows(
    spec: Specification, mistakes: Sequence[Mistake], size: _Size, reg: float = 0.5
) -> bool:
    slots = table(spec.network, mistakes)
    for seed in range(2):
        problem = _round_problem(spec.network, np.random.default_rng(seed), size, reg)
        with np.errstate(all="ignore"):
            here = Pass(spec, problem)
            right = here.grads()
            try:
                wrong = here.wrongly(slots).grads()
            except ValueError:
                continue
        for name, g in right.items():
            if wrong[name].shape != g.shape or not np.allclose(
                wrong[name], g, rtol=1e-6, atol=1e-9
            ):
                return True
    return False


def _round_problem(
    network: Network, rng: np.random.Generator, size: _Size, reg: float
) -> Problem:
    """Draw a point of numbers with one decimal; every hidden unit lives somewhere."""
    N, D, H, C = size

    def numbers(shape: tuple[int, ...]) -> Array:
        sign = rng.choice([-1.0, 1.0], shape)
        return np.asarray(rng.integers(2, 16, shape) / 10.0 * sign)

    shapes = network.shapes(D, (H,) * (network.depth - 1), C)
    params = {name: numbers(shape) for name, shape in shapes.items()}
    return Problem(params, numbers((N, D)), labels(network, rng, N, C), reg)


def _sentence(
    spec: Specification, mistakes: Sequence[Mistake], size: _Size, one_output: bool
) -> str:
    N, D, H, C = size
    hidden = f", H={H}" if spec.network.depth > 1 else ""
    text = f"N={N}, D={D}{hidden}, C={C}"
    reasons = []
    others = [s for s in _sizes(spec.network, one_output) if s[0] == 1]
    if N > 1 and not any(_shows(spec, mistakes, s) for s in others[-4:]):
        reasons.append("N=1 cannot show it")
    if not _shows(spec, mistakes, size, reg=0.0) and not any(
        _shows(spec, mistakes, s, reg=0.0) for s in [(4, 3, 3, size[3])]
    ):
        reasons.append("reg=0 cannot show it")
    return text + (f" ({'; '.join(reasons)})" if reasons else "")
