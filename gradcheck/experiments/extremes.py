"""Where a loss breaks down: points without a penalty, and scores made large."""

from __future__ import annotations

import numpy as np

from gradcheck.experiments.forms import DataForm
from gradcheck.experiments.penalty import Evaluate
from gradcheck.experiments.points import Sizes, make
from gradcheck.faults import Pass, specify
from gradcheck.problem import Network, Problem

_SIZES = ((6, 4, 5, 3), (3, 5, 6, 4), (9, 3, 7, 5), (4, 7, 8, 6), (7, 6, 9, 2))


def data_points(
    network: Network, rng: np.random.Generator, sizes: Sizes, count: int = 5
) -> tuple[Problem, ...]:
    """Return points of different sizes, without a penalty, to read the data loss at."""
    points: list[Problem] = []
    for N, D, H, C in _SIZES[:count]:
        hidden = sizes.hidden or tuple(H + i for i in range(network.depth - 1))
        if sizes.N is not None and N not in sizes.N:
            N = sizes.N[len(points) % len(sizes.N)]
        C = 1 if network.cost == "logistic" else sizes.C or C
        points.append(make(network, rng, N=N, D=sizes.D or D, hidden=hidden, C=C))
    return tuple(points)


def extremes(
    evaluate: Evaluate,
    network: Network,
    sizes: Sizes,
    rng: np.random.Generator,
    data: DataForm,
) -> tuple[str, ...]:
    """Return what goes wrong where the scores are large."""
    if network.cost == "squared" or network.output != "identity":
        return ()
    base = data_points(network, rng, sizes, 1)[0]
    top = network.weights[-1]

    def scaled(factor: float, shift: float = 0.0) -> tuple[float, float]:
        params = dict(base.params)
        params[top] = np.asarray(params[top]) * factor
        if network.biases:
            bias = network.bias_names[-1]
            params[bias] = np.asarray(params[bias]) * factor + shift
        problem = Problem(params, base.X, base.y, 0.0)
        right = Pass(specify(network), problem).data_losses().mean()
        fixed = sum(q * np.sum(np.square(params[n])) for n, q in data.fixed.items())
        return evaluate(problem) - float(fixed), float(right)

    small, plain = scaled(1.0)
    unit = small / plain if plain else 1.0
    shifted = (
        scaled(1.0, 1000.0)[0]
        if network.biases and network.cost == "softmax"
        else small
    )
    largest = float(Pass(specify(network), base).scores.max())
    first = 60.0 / largest if network.cost != "softmax" else 40.0
    huge = [scaled(factor) for factor in (first, 800.0, 5000.0)]
    early = network.cost != "softmax" and not np.isfinite(huge[0][0])
    if not early and (not np.isfinite(shifted) or any(np.isnan(v) for v, _ in huge)):
        return ("softmax-unshifted",)
    if any(not np.isfinite(v) for v, _ in huge):
        return ("log-of-zero",)
    if any(
        abs(v - unit * right) > 1e-3 * max(abs(unit * right), 1.0) for v, right in huge
    ):
        return ("log-clipped",)
    return ()
