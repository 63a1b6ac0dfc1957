"""Softmax and cross-entropy whose derivatives are taken together, in one of the two.

A layer of probabilities then passes the gradient on, and the loss gives that of the
scores. Each by itself is the derivative of nothing, and both together are right.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import search
from .layers import Layer, agrees, sample
from .names import Function
from .refusal import Refused


def refuse_passed_on(
    layer: Layer, forward: Callable[[Any], Any], backward: Function
) -> None:
    """Refuse a softmax that gives back the gradient that it is given.

    Raises
    ------
    Refused
        If its outputs are probabilities, and its backward pass changes nothing.
    """
    if layer.right or len(layer.symbols) != 1:
        return
    (x,) = sample(layer.symbols, 3).values()
    u = sample({"u": layer.upstream}, 4)["u"]
    try:
        out = np.asarray(search.quietly(partial(forward, x.copy())), dtype=float)
        _, grads = search.quietly(
            partial(layer.run, {**_named(layer, x)}, u, None, True)
        )
    except Exception:
        return
    same = all(np.shape(g) == u.shape and np.array_equal(g, u) for g in grads.values())
    sums = out.ndim == 2 and any(
        np.allclose(out.sum(axis=a), 1.0) or np.isclose(out.sum(), 1.0) for a in (0, 1)
    )
    if same and sums:
        raise Refused(
            "combined",
            f"{backward.label} passes the gradient on as it is, and the derivative of "
            "a softmax was expected; where the loss gives that of the scores, both are "
            "right together only: check the network that has both",
            backward.node.lineno,
        )


def refuse_of_scores(
    way: Callable[[Any, Any], Any], forward: Function, backward: Function,
    make: Callable[[Any], Layer],
) -> None:  # fmt: skip
    """Refuse a loss of probabilities that gives the derivative of the scores.

    Raises
    ------
    Refused
        If it is that of the loss after a softmax, or a sigmoid, of what it is given.
    """
    for name, squash in (("softmax", _softmax), ("sigmoid", _sigmoid)):

        def at_scores(x: Any, y: Any, squash: Any = squash) -> Any:
            return way(squash(x), y)

        try:
            together = search.quietly(partial(agrees, make(at_scores)))
        except Exception:
            continue
        if together:
            raise Refused(
                "combined",
                f"{backward.label} gives the derivative with regard to the scores "
                f"before a {name}, and {forward.label} takes what comes after it; both "
                "are right together only: check the network that has both",
                backward.node.lineno,
            )


def _named(layer: Layer, x: Any) -> dict[str, Any]:
    return {next(iter(layer.symbols)): x.copy()}


def _softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _sigmoid(x: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-x))
