"""How a problem is drawn: sizes, the batch, and then the layers that suit it.

The number of draws does not depend on the sizes, so that hypothesis shrinks the sizes
first: the batch, then the hidden widths, the inputs, the classes.
"""

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st

from gradcheck._typing import Array
from gradcheck.problem import Network, Problem
from gradcheck.strategies.points import grid, kinked_biases, on_a_kink, short
from gradcheck.strategies.sizes import Sizes

_REGS = (0.1, 0.01, 0.5, 1.0, 0.3, 0.002, 0.07)
_SATURATING = ("sigmoid", "tanh")
_X_SALT, _Y_SALT = 1, 2


def _labels(draw: st.DrawFn, N: int, C: int, regimes: frozenset[str]) -> Array:
    """Draw labels in ``range(C)``, as many different ones as fit."""
    if "missing-classes" in regimes:
        absent = draw(st.integers(0, C - 1))
        present = [c for c in range(C) if c != absent]
    else:
        present = list(range(C))
    turn, roll, extra = (draw(st.integers(0, top)) for top in (len(present), N, 99))
    places = np.arange(N) + turn
    places[len(present) :] += np.arange(extra, extra + N - len(present)) ** 2
    return np.array(present)[np.roll(places % len(present), roll)]


def _targets(
    draw: st.DrawFn, cost: str, N: int, C: int, regimes: frozenset[str]
) -> Array:
    """Draw what a cost wants: classes, signs, bits or real targets."""
    if cost == "squared":
        return grid(draw, (N, C), salt=_Y_SALT, reach=10) / 10
    if cost == "softmax":
        return _labels(draw, N, C, regimes)
    if cost == "logistic":
        return 2 * _labels(draw, N, 2, regimes) - 1
    return np.eye(C)[_labels(draw, N, C, regimes)]


def _batch(
    draw: st.DrawFn, cost: str, sizes: Sizes, regimes: frozenset[str]
) -> tuple[Array, Array]:
    """Draw inputs, rows as examples, in multiples of 0.1 (1/4 on a kink)."""
    N, D, _, C = sizes
    unit = 4 if "on-a-kink" in regimes else 10
    X = grid(draw, (N, D), salt=_X_SALT, reach=15 if unit == 10 else 6) / unit
    y = _targets(draw, cost, N, C, regimes)
    if "repeated-examples" in regimes:
        copies = draw(st.integers(1, N - 1))
        X[-copies:], y[-copies:] = X[:copies].copy(), y[:copies].copy()
    return X, y


_SCALES = {"tiny": (1e-4, 1e-2), "huge": (1e4, 1.0)}
"""By how much a regime scales the inputs, and every weight matrix."""


def _reach(regimes: frozenset[str]) -> float:
    """Return by how much the inputs are scaled in the regimes."""
    return next((_SCALES[r][0] for r in regimes if r in _SCALES), 1.0)


def _layer_scales(network: Network, regimes: frozenset[str]) -> list[float]:
    """Return the factor of each layer's weights in the regimes."""
    factor = next((_SCALES[r][1] for r in regimes if r in _SCALES), 1.0)
    scales = [factor] * network.depth
    if "saturated" in regimes:
        for layer, activation in enumerate(network.activations):
            scales[layer] *= 20.0 if activation in _SATURATING else 1.0
        scales[-1] *= 50.0
    return scales


def _forward(hidden: Array, activation: str) -> Array:
    """Apply an activation, for the pre-activations of the layer after it."""
    if activation == "relu":
        return np.maximum(hidden, 0.0)
    return np.tanh(hidden) if activation in _SATURATING else hidden


def _layers(
    draw: st.DrawFn,
    network: Network,
    X: Array,
    widths: tuple[int, ...],
    turns: int,
    regimes: frozenset[str],
) -> list[tuple[Array, Array]]:
    """Draw weights and biases layer by layer, in rows layout, before any scaling."""
    mixed = len(X) > 1 and "repeated-examples" not in regimes
    unit, layers, inputs = (4 if "on-a-kink" in regimes else 10), [], X
    for layer, width in enumerate(widths[1:]):
        W = grid(draw, (widths[layer], width), salt=3 + 2 * layer, reach=unit) / unit
        b = grid(draw, (width,), salt=4 + 2 * layer, reach=10) / 10
        activation = (*network.activations, "identity")[layer]
        pre = inputs @ W
        if activation == "relu" and network.biases:
            b = kinked_biases(draw, pre, turns, mixed=mixed)
            if unit == 4:
                b = on_a_kink(draw, pre, short(b, 0.25))
        inputs = _forward(pre + (b if network.biases else 0.0), activation)
        layers.append((W, b))
    return layers


def _params(
    network: Network,
    layers: list[tuple[Array, Array]],
    sizes: Sizes,
    regimes: frozenset[str],
) -> dict[str, Array]:
    """Scale the layers and bring them into the network's names and shapes."""
    wanted = network.shapes(sizes.D, sizes.hidden, sizes.C)
    reach = _reach(regimes)
    params: dict[str, Array] = {}
    scales = _layer_scales(network, regimes)
    for layer, ((W, b), scale) in enumerate(zip(layers, scales, strict=True)):
        reach *= scale
        turned = network.layout == "columns"
        name = network.weights[layer]
        params[name] = _rescaled(W.T if turned else W, scale).reshape(wanted[name])
        if network.biases:
            name = network.bias_names[layer]
            params[name] = _rescaled(b, reach).reshape(wanted[name])
    return {name: params[name] for name in wanted}


def _rescaled(values: Array, factor: float) -> Array:
    """Multiply decimals by a power of ten (or 20, or 50) so that they stay short."""
    if factor >= 1.0:
        return np.asarray(values * factor)
    return np.asarray(np.rint(values * 10_000) / round(10_000 / factor))


def _suited(sizes: Sizes, regimes: frozenset[str]) -> Sizes:
    """Return the sizes with a number of examples that suits the regimes."""
    if "one-example" in regimes:
        return sizes._replace(N=1)
    least = 2 if "repeated-examples" in regimes else 1
    return sizes._replace(N=max(sizes.N, least))


@st.composite
def drawn_problems(
    draw: st.DrawFn,
    network: Network,
    sizes: st.SearchStrategy[Sizes],
    reg: st.SearchStrategy[float] | float | None,
    regimes: frozenset[str],
) -> Problem:
    """Draw sizes, then the batch, then the layers that suit it."""
    drawn = _suited(draw(sizes), regimes)
    turns = draw(st.integers(0, 80))  # here, for the shrinker to trade it for a unit
    X, y = _batch(draw, network.cost, drawn, regimes)
    width = 1 if network.cost == "logistic" else drawn.C
    widths = (drawn.D, *drawn.hidden, width)
    layers = _layers(draw, network, X, widths, turns, regimes)
    params = _params(network, layers, drawn, regimes)
    X = _rescaled(X, _reach(regimes))
    if network.layout == "columns":
        X, y = X.T.copy(), (y.T.copy() if y.ndim > 1 else y)
    if "no-penalty" in regimes:
        return Problem(params, X, y, 0.0)
    if isinstance(reg, int | float):
        return Problem(params, X, y, float(reg))
    return Problem(params, X, y, draw(st.sampled_from(_REGS) if reg is None else reg))


@st.composite
def drawn_batches(
    draw: st.DrawFn,
    cost: str,
    sizes: st.SearchStrategy[Sizes],
    regimes: frozenset[str],
) -> tuple[Array, Array]:
    """Draw sizes, then the batch."""
    X, y = _batch(draw, cost, _suited(draw(sizes), regimes), regimes)
    return _rescaled(X, _reach(regimes)), y


@st.composite
def drawn_arrays(
    draw: st.DrawFn, of: Mapping[str, tuple[int, ...]], scale: float
) -> dict[str, Array]:
    """Draw one array for each name."""
    return {
        name: _rescaled(grid(draw, shape, salt=3 + place, reach=10) / 10, scale)
        for place, (name, shape) in enumerate(of.items())
    }
