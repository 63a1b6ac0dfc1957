"""Points at which each term of a backward pass can be read off, built backwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.passes import activate
from gradcheck.problem import Network, Problem
from gradcheck.recall import drawn

_TRIES = 12
_GOOD = 14.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes that the accused dictates; None where they may be chosen.

    Attributes
    ----------
    D, C : int or None
        Inputs and classes.
    hidden : tuple of int or None
        Widths of the hidden layers.
    N : tuple of int or None
        The numbers of examples that it accepts.
    """

    D: int | None = None
    hidden: tuple[int, ...] | None = None
    C: int | None = None
    N: tuple[int, ...] | None = None

    @classmethod
    def of(cls, sizes: Sizes | Mapping[str, Any] | None) -> Sizes:
        """Read sizes from a mapping with any of ``D, hidden, H, C, N``."""
        if isinstance(sizes, Sizes):
            return sizes
        given = dict(sizes or {})
        hidden = given.get("hidden", given.get("H"))
        if hidden is not None:
            hidden = (hidden,) if isinstance(hidden, int) else tuple(hidden)
        N = given.get("N")
        if N is not None:
            N = (N,) if isinstance(N, int) else tuple(N)
        return cls(given.get("D"), hidden, given.get("C"), N)


def make(
    network: Network,
    rng: np.random.Generator,
    *,
    N: int,
    D: int,
    hidden: tuple[int, ...],
    C: int,
    reg: float = 0.0,
    at: int = 0,
    span: tuple[float, float] = (0.2, 1.5),
    reach: float = 1.0,
    tries: int = 1,
) -> Problem:
    """Build a point from its pre-activations, so that they are what we want.

    Every pre-activation Z is chosen, then the weights that produce it: ``W = A^+ (Z -
    b) + (I - A^+ A) R`` with A the inputs of the layer and R random. In hidden layers
    of three or more units the first is dead and the second live for every example, the
    others are mixed. Biases are not zero.

    Parameters
    ----------
    N, D, hidden, C : int, tuple of int
        Sizes. Exact where N does not exceed the width of any input.
    reg : float
        Strength of the penalty.
    at : int
        The layer whose pre-activations have the sizes of `span`; 0 for all of them.
    span : tuple of float
        Smallest and largest size of those pre-activations, drawn logarithmically.
    reach : float
        Scale of X.
    tries : int
        Draws of each layer, of which the best conditioned is taken.
    """
    shapes = network.shapes(D, hidden, C)
    asked = (N, D, C, reg, at, span, reach, tries)
    key = ("built", *network.conventions, *shapes.items(), *asked)
    return drawn(rng, key, lambda: _made(network, rng, shapes, *asked))


def _made(
    network: Network, rng: np.random.Generator, shapes: Mapping[str, tuple[int, ...]],
    N: int, D: int, C: int, reg: float, at: int, span: tuple[float, float],
    reach: float, tries: int,
) -> Problem:  # fmt: skip
    """Build a point; see `make`."""
    X = _best(lambda: reach * _away(rng, (N, D), 0.3, 1.7), None, tries)
    params: dict[str, Array] = {}
    A = X
    for i, name in enumerate(network.weights, start=1):
        width = shapes[name][1] if len(shapes[name]) > 1 else 1
        low, high = span if at in (0, i) else (0.2, 1.5)
        last = i == network.depth

        def draw(
            A: Array = A,
            size: tuple[int, int] = (N, width),
            bounds: tuple[float, float] = (low, high),
            last: bool = last,
            i: int = i,
        ) -> Array:
            Z = _preactivations(rng, size, bounds, hidden=not last)
            bias = _away(rng, (size[1],), 0.2, 0.8) if network.biases else np.zeros(1)
            inverse = np.linalg.pinv(A)
            R = 0.4 * rng.standard_normal((A.shape[1], size[1]))
            W = inverse @ (Z - bias) + R - inverse @ (A @ R)
            return np.vstack([np.broadcast_to(bias, (1, size[1])), W])

        def quality(
            stacked: Array, A: Array = A, last: bool = last, i: int = i
        ) -> Array:
            Z = A @ stacked[1:] + stacked[:1]
            return Z if last else activate(network.activations[i - 1], Z)

        stacked = _best(draw, quality, 1 if last else tries)
        params[name] = stacked[1:].reshape(shapes[name])
        if network.biases:
            bias_name = network.bias_names[i - 1]
            params[bias_name] = stacked[0].reshape(shapes[bias_name])
        A = quality(stacked)
    return Problem(params, X, labels(network, rng, N, C), reg)


def _preactivations(
    rng: np.random.Generator,
    size: tuple[int, int],
    bounds: tuple[float, float],
    *,
    hidden: bool,
) -> Array:
    low, high = np.log(bounds)
    Z = np.exp(rng.uniform(low, high, size)) * rng.choice([-1.0, 1.0], size)
    N, width = size
    if N > 1:  # every unit both on and off
        flip = rng.integers(0, N, width)
        Z[flip, np.arange(width)] *= -np.sign(Z.sum(axis=0)) * np.sign(
            Z[flip, np.arange(width)]
        )
    if hidden and width >= 3:
        Z[:, 0] = -np.abs(Z[:, 0])
        Z[:, 1] = np.abs(Z[:, 1])
    return np.asarray(Z)


def _away(
    rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float
) -> Array:
    return np.asarray(rng.uniform(low, high, shape) * rng.choice([-1.0, 1.0], shape))


def _best(draw: Any, view: Any, tries: int) -> Array:
    """Return the best conditioned of a few draws."""
    best, least = draw(), np.inf
    for _ in range(tries if tries > 1 else 0):
        one = draw()
        values = np.linalg.svd(one if view is None else view(one), compute_uv=False)
        condition = values[0] / max(values[-1], 1e-300)
        if condition < least:
            best, least = one, condition
        if least < _GOOD:
            break
    return np.asarray(best)


def labels(network: Network, rng: np.random.Generator, N: int, C: int) -> Array:
    """Return labels with at least two classes, the first not the last."""
    if network.cost == "logistic" or C == 1:
        y = rng.permutation(np.arange(N) % 2)
    else:
        y = rng.integers(0, C, N)
    if N > 1 and y[0] == y[-1]:
        y[-1] = (y[0] + 1) % (2 if network.cost == "logistic" or C == 1 else C)
    return np.asarray(2 * y - 1 if network.cost == "logistic" else y)


def _widths(network: Network, first: int) -> tuple[int, ...]:
    """Return one width a hidden layer, each two less than the one below."""
    return tuple(max(first - 2 * i, 2) for i in range(network.depth - 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """All the points of a diagnosis, none of them sharing its shapes with another.

    Attributes
    ----------
    reading : tuple of Problem
        Where the deltas of every example can be recovered from the gradients.
    fresh : tuple of Problem
        Where explanations are verified, with a penalty.
    triggers : tuple of Problem
        Large, small and huge pre-activations, with a penalty.
    """

    reading: tuple[Problem, ...]
    fresh: tuple[Problem, ...]
    triggers: tuple[Problem, ...]


def plan(
    network: Network, rng: np.random.Generator, sizes: Sizes, *, reg: float = 0.3
) -> Plan:
    """Choose the points of a diagnosis for the sizes that are free."""

    def point(N: int, D: int, H: int, C: int, **more: Any) -> Problem:
        least = 2 + min(sizes.N) if sizes.N else 0  # or no delta could be read
        H = H + max(0, least + 2 * network.depth - H)
        hidden = _widths(network, H) if sizes.hidden is None else sizes.hidden
        D = max(D, least) if sizes.D is None else sizes.D
        C = C if sizes.C is None else sizes.C
        if network.cost == "logistic":
            C = 1
        N = fitting(N, sizes, more.pop("most", None), D, hidden)
        return make(network, rng, N=N, D=D, hidden=hidden, C=C, **more)

    reading = (
        point(5, 7, 11, 3, most=0, tries=_TRIES),
        point(4, 6, 9, 5, most=-1, tries=_TRIES),
    )
    fresh = (
        point(7, 4, 8, 3, reg=reg),
        point(6, 5, 10, 4, reg=reg / 2),
        point(3, 8, 7, 6, reg=2 * reg),
    )
    triggers = []
    if network.depth == 1:  # nothing but a clipped gradient hides here
        triggers += [
            point(N, D, 0, C, reach=reach, reg=reg)
            for N, D, C, reach in ((5, 10, 3, 30.0), (4, 11, 5, 300.0), (6, 12, 4, 3e3))
        ]
    for i in range(1, network.depth):
        at: dict[str, Any] = {"at": i, "most": 0, "reg": reg}
        triggers += [
            point(5, 9 + i, 12 + i, 3, span=(3.0, 60.0), reach=30.0, **at),
            point(4, 10 + i, 13 + i, 5, span=(1e-9, 1e-1), **at),
            point(6, 11 + i, 14 + i, 4, span=(100.0, 900.0), reach=3000.0, **at),
        ]
    return Plan(reading, fresh, tuple(triggers))


def fitting(
    N: int, sizes: Sizes, most: int | None, D: int, hidden: tuple[int, ...]
) -> int:
    """Return a number of examples that is allowed, and small enough to be undone."""
    if most is not None:
        limit = max(min((D, *hidden)) - 1 + most, 2)
        N = min(N, max(limit, 1))
    if sizes.N is not None and N not in sizes.N:
        below = [n for n in sizes.N if n <= N]
        N = max(below) if below else min(sizes.N)
    return N
