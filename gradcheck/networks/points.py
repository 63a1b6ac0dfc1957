"""Points at which a mistake in a gradient cannot hide."""

from collections.abc import Mapping

import numpy as np

from gradcheck._typing import Array
from gradcheck.networks.layers import ACTIVATIONS
from gradcheck.problem import Network, Problem
from gradcheck.recall import drawn

Shapes = Mapping[str, tuple[int, ...]]
_TRIES = 30


def draw_problem(
    network: Network,
    rng: np.random.Generator,
    *,
    N: int = 7,
    D: int = 4,
    hidden: tuple[int, ...] = (6,),
    C: int = 3,
    reg: float = 0.1,
) -> Problem:
    """Draw a generic point of a network.

    No parameter is near zero and all are of order one (weights about 0.5, smaller for
    more than six inputs, so that scores stay of order one). Among three or more ReLU
    units of a layer one is dead and one live for every example, and the others are
    mixed; no pre-activation is near its kink. Every class occurs if there is room, and
    the first label is not the last.

    Parameters
    ----------
    network : Network
    rng : numpy.random.Generator
    N, D, C : int
        Examples, inputs, classes. The defaults differ from each other, so that a
        swapped axis changes a shape. The logistic net makes nothing of `C`.
    hidden : tuple of int, default=(6,)
        Widths. A single one stands for as many as are needed: 6, 8, 10, ...
    reg : float, default=0.1
        Strength of the penalty.

    Examples
    --------
    >>> from gradcheck import networks
    >>> network = networks.get("softmax")
    >>> draw_problem(network, np.random.default_rng(0))
    Problem(W1(4, 6), b1(6,), W2(6, 3), b2(3,), X(7, 4), reg=0.1)
    """
    rows = network.variant(layout="rows") if network.layout == "columns" else network
    shapes = rows.shapes(D, widths(network, hidden), C)
    turned = (
        network.shapes(D, widths(network, hidden), C) if rows is not network else {}
    )
    key = (*network.conventions, N, D, C, reg, *shapes.items(), *turned.items())

    def draw() -> Problem:
        return _drawn(network, rng, shapes, turned, N, D, C, reg)

    return drawn(rng, key, draw)


def _drawn(
    network: Network, rng: np.random.Generator, shapes: Shapes, turned: Shapes,
    N: int, D: int, C: int, reg: float,
) -> Problem:  # fmt: skip
    """Draw a generic point; `turned` has the shapes where examples are columns."""
    X = away_from_zero(rng, (N, D), 1.0)
    params: dict[str, Array] = {}
    inputs = X
    for W, activation in zip(
        network.weights, (*network.activations, "identity"), strict=True
    ):
        b = W.replace("W", "b")
        params[W], bias = _layer(
            rng, inputs, shapes[W], relu=activation == "relu", biases=network.biases
        )
        if network.biases:
            params[b] = bias.reshape(shapes[b])
        inputs, _ = ACTIVATIONS[activation].forward(inputs @ params[W] + bias)
    y = _labels(network, rng, N, C)
    if turned:
        params = {k: p.T.reshape(turned[k]).copy() for k, p in params.items()}
        X = X.T.copy()
    return Problem(params, X, y, reg)


def widths(network: Network, hidden: tuple[int, ...]) -> tuple[int, ...]:
    """Return one width for each hidden layer, made from a single one if need be.

    Raises
    ------
    ValueError
        If `hidden` has neither one width nor one for each hidden layer.
    """
    wanted = len(network.activations)
    if len(hidden) == wanted or wanted == 0:
        return tuple(hidden[:wanted])
    if len(hidden) != 1:
        raise ValueError(f"hidden={hidden}, but should hold {wanted} widths")
    return tuple(hidden[0] + 2 * i for i in range(wanted))


def away_from_zero(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float
) -> Array:
    """Draw signed numbers of size 0.3 to 1.7 times `scale`."""
    sign = rng.choice([-1.0, 1.0], size=shape)
    return np.asarray(scale * sign * rng.uniform(0.3, 1.7, size=shape))


def initialise(
    network: Network,
    rng: np.random.Generator,
    *,
    D: int,
    hidden: tuple[int, ...],
    C: int,
    std: float | None = None,
) -> dict[str, Array]:
    """Draw parameters to start a training from: He's, as in source 002.

    Weights are normal with variance 2 over the number of inputs, or with the standard
    deviation `std`; biases are zero. He's start makes scores about as large as the
    inputs, so that the first loss lies above ln C by some half of their variance.

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, *Delving Deep into Rectifiers*, 2015, equation 10.
    """
    rows = network.variant(layout="rows") if network.layout == "columns" else network
    turned = network.shapes(D, hidden, C)
    params = {}
    for name, shape in rows.shapes(D, hidden, C).items():
        p = np.zeros(shape)
        if name[0] == "W":
            p = rng.standard_normal(shape) * (std or np.sqrt(2.0 / shape[0]))
        params[name] = p.T.reshape(turned[name]).copy()
    return params


def _layer(
    rng: np.random.Generator,
    inputs: Array,
    shape: tuple[int, ...],
    *,
    relu: bool,
    biases: bool,
) -> tuple[Array, Array]:
    """Draw weights and biases; of several draws the one furthest from its kinks."""
    units = shape[1:]
    scale = 0.5 * min(1.0, np.sqrt(6.0 / shape[0]))
    best: tuple[Array, Array] = (np.empty(0), np.empty(0))
    widest = -1.0
    for _ in range(_TRIES):
        W = away_from_zero(rng, shape, scale)
        bias = away_from_zero(rng, units, 0.5) if biases else np.zeros(units)
        if not relu:
            return W, bias
        pre = inputs @ W
        if biases:
            bias = _thresholds(rng, pre)
        margin = float(np.abs(pre + bias).min())
        if biases:
            margin = min(margin, float(np.abs(bias).min()))
        if margin > widest:
            best, widest = (W, bias), margin
        if margin > 0.35 / inputs.shape[0]:
            break
    return best


def _thresholds(rng: np.random.Generator, pre: Array) -> Array:
    """Return biases that make units mixed, live or dead over the examples.

    A mixed unit switches in the widest gap among the middle half of the examples.
    """
    N, H = pre.shape
    few = ["live", "dead"] * H
    roles = rng.permutation((["mixed", "live", "dead"] + ["mixed"] * H)[:H])
    if N == 1:
        roles = rng.permutation(few[:H])
    margin = rng.uniform(0.3, 0.6, size=H)
    ordered = np.sort(pre, axis=0)
    live = np.maximum(-ordered[0], 0.0) + margin
    dead = -np.maximum(ordered[-1], 0.0) - margin
    mixed = live
    if N > 1:
        low, high = ordered[N // 4 : N - 1 - N // 4], ordered[N // 4 + 1 : N - N // 4]
        middle = (low + high) / 2
        room = np.minimum((high - low) / 2, np.abs(middle))
        mixed = -middle[room.argmax(axis=0), np.arange(H)]
    return np.select([roles == "live", roles == "dead"], [live, dead], mixed)


def _labels(network: Network, rng: np.random.Generator, N: int, C: int) -> Array:
    """Return labels in which all classes occur if there is room, shuffled."""
    if network.cost == "logistic":
        return 2 * _shuffled(rng, N, 2) - 1
    return _shuffled(rng, N, 2 if C == 1 else C)


def _shuffled(rng: np.random.Generator, N: int, C: int) -> Array:
    y = rng.permutation(np.arange(N) % C)
    if N > 1 and y[0] == y[-1]:
        other = int(np.flatnonzero(y != y[0])[0])
        y[-1], y[other] = y[other], y[-1]
    return y
