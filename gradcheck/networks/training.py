"""Training by gradient descent: the settings of the sources, and prediction."""

from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.networks.layers import ACTIVATIONS
from gradcheck.problem import Network

if TYPE_CHECKING:
    from rich.console import Console

_PATIENCE = 1.0  # seconds before a progress bar appears


class Training(NamedTuple):
    """What a training leaves: the parameters, and the loss before each step."""

    params: dict[str, Array]
    losses: Array


def gradient_descent(
    network: Network,
    params: Params,
    X: Array,
    y: Array,
    *,
    reg: float,
    learning_rate: float,
    steps: int,
    console: "Console | None" = None,
) -> Training:
    """Take `steps` steps downhill, each with the gradient over all examples.

    Parameters
    ----------
    network : Network
    params : mapping of str to ndarray
        Where to start; left unchanged.
    X, y : ndarray
        The examples, in the layout of the network.
    reg : float
        Strength of the penalty.
    learning_rate : float
        The step is the gradient times this.
    steps : int
    console : rich.console.Console, optional
        Where a run of more than a second shows its progress, if it is a terminal;
        standard error by default.
    """
    current = {k: np.array(p, dtype=float) for k, p in params.items()}
    losses = np.empty(steps)
    for i in _progress(steps, "steps", console):
        losses[i] = _step(network, current, X, y, reg, learning_rate)
    return Training(current, losses)


def stochastic_gradient_descent(
    network: Network,
    params: Params,
    X: Array,
    y: Array,
    *,
    reg: float,
    learning_rate: float,
    epochs: int,
    rng: np.random.Generator,
    batch_size: int = 1,
    console: "Console | None" = None,
) -> Training:
    """Go `epochs` times through the examples in random order, a few at a time.

    Other parameters are those of `gradient_descent`.

    Parameters
    ----------
    epochs : int
    rng : numpy.random.Generator
        Draws the order of the examples, anew in each epoch.
    batch_size : int, default=1
        Examples a step; the last batch of an epoch may be smaller.
    """
    current = {k: np.array(p, dtype=float) for k, p in params.items()}
    axis = 1 if network.layout == "columns" else 0
    losses = []
    for _ in _progress(epochs, "epochs", console):
        order = rng.permutation(X.shape[axis])
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            X_batch = X.take(batch, axis=axis)
            y_batch = y.take(batch, axis=-1 if axis else 0)
            loss = _step(network, current, X_batch, y_batch, reg, learning_rate)
            losses.append(loss)
    return Training(current, np.array(losses))


def _step(
    network: Network,
    params: dict[str, Array],
    X: Array,
    y: Array,
    reg: float,
    learning_rate: float,
) -> float:
    """Move the parameters one step downhill, and return the loss before it."""
    loss, grads = network.loss_and_grads(params, X, y, reg)
    for name, grad in grads.items():
        params[name] = params[name] - learning_rate * grad
    return float(loss)


def scores(network: Network, params: Params, X: Array) -> Array:
    """Return the outputs of the last layer, before the cost, in the network's layout.

    Shape (N, C); (N,) for the logistic net; (C, N) in the layout ``"columns"``.
    """
    out = X
    for name, activation in zip(
        network.weights, (*network.activations, network.output), strict=True
    ):
        bias = params.get(name.replace("W", "b"), 0.0)
        W = params[name]
        pre = W @ out if network.layout == "columns" else out @ W
        out, _ = ACTIVATIONS[activation].forward(pre + bias)
    return out


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the likeliest label of each example, shape (N,).

    -1 or +1 for the logistic net, 0 or 1 where there is one output, else the class
    with the largest score.
    """
    out = scores(network, params, X)
    if network.cost == "logistic":
        return np.asarray(np.where(out > 0, 1, -1))
    rows = out.T if network.layout == "columns" else out
    if rows.shape[1] == 1:
        even = 0.0 if (network.cost, network.output) == ("sigmoid", "identity") else 0.5
        return np.asarray(rows[:, 0] > even, dtype=np.int64)
    return np.asarray(rows.argmax(axis=1))


def accuracy(network: Network, params: Params, X: Array, y: Array) -> float:
    """Return the share of the labels `y` (N,) that are predicted, 0 to 1."""
    return float(np.mean(predict(network, params, X) == y))


def _progress(total: int, what: str, console: "Console | None") -> Iterator[int]:
    """Count to `total`; on a terminal, show how far after a second."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True) if console is None else console
    if not console.is_terminal:
        yield from range(total)
        return
    started = perf_counter()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=total, visible=False)
        for i in range(total):
            yield i
            if perf_counter() - started > _PATIENCE:
                bar.update(task, completed=i + 1, visible=True)
