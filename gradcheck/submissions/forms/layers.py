"""Layers: a forward pass, and a backward pass for a gradient from above."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from . import calls, implied, search, shapes
from .names import Function
from .refusal import Refused

_SIZES = {"N": 7, "6": 6, "D": 5, "M": 4, "C": 3, "2": 2, "1": 1, "8": 8}


@dataclass(slots=True)
class Layer:
    """A layer that can be run: its inputs, and how to run it.

    Attributes
    ----------
    name : str
        What the report calls it.
    symbols : mapping of str to tuple of str
        Shape of each input, in letters.
    upstream : tuple of str
        Shape of the outputs; empty where the output is the loss.
    labels : bool
        Whether it takes labels.
    run : callable
        ``(inputs, upstream, labels, gradient) -> (loss, grads)``.
    used : callable or None
        The same with an object that has seen another batch before; None where none is
        kept.
    """

    name: str
    symbols: Mapping[str, tuple[str, ...]]
    upstream: tuple[str, ...]
    labels: bool
    run: Callable[..., tuple[float, dict[str, Any]]]
    interface: str = "cs231n-layer"
    notes: list[str] = field(default_factory=list)
    right: bool = True
    used: Callable[..., tuple[float, dict[str, Any]]] | None = None


def sample(symbols: Mapping[str, Sequence[str]], seed: int) -> dict[str, Any]:
    """Draw inputs of these shapes."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(size=[_SIZES[s] for s in letters])
        for name, letters in symbols.items()
    }


def _readings(
    kinds: Sequence[str], single: bool = False
) -> list[tuple[list[tuple[str, ...]], tuple[str, ...]]]:
    """List the shapes that inputs and output may have, likeliest first."""
    if single:
        upright = {"x": ("D", "1"), "W": ("M", "D"), "b": ("M", "1")}
        lying = {"x": ("1", "D"), "W": ("D", "M"), "b": ("1", "M")}
        return [
            ([upright[k] for k in kinds], ("M", "1")),
            ([lying[k] for k in kinds], ("1", "M")),
        ]
    if "W" not in kinds:
        shape: list[tuple[str, ...]] = [
            ("D",) if k in ("gamma", "b") else ("N", "D") for k in kinds
        ]
        return [(shape, ("N", "D"))]
    found: list[tuple[list[tuple[str, ...]], tuple[str, ...]]] = []
    for x, out, weight, bias in (
        (("N", "D"), ("N", "M"), ("D", "M"), ("M",)),
        (("N", "D"), ("N", "M"), ("D", "M"), ("1", "M")),
        (("D", "N"), ("M", "N"), ("M", "D"), ("M", "1")),
        (("N", "D"), ("N", "M"), ("M", "D"), ("M",)),
        (("N", "D"), ("N", "M"), ("M", "D"), ("1", "M")),
        (("N", "D"), ("N", "M"), ("M", "D"), ("M", "1")),
        (("D", "N"), ("M", "N"), ("D", "M"), ("M", "1")),
    ):
        table: dict[str, tuple[str, ...]] = {"x": x, "W": weight, "b": bias}
        found.append(([table[k] for k in kinds], out))
    return found


def demand(out: Any, forward: Function, shape: Sequence[int]) -> None:
    """Raise unless a forward pass gave an array of this shape."""
    if out is None:
        raise Refused(
            "incomplete",
            f"{forward.label} returns None; an array and a cache for the backward pass "
            "were expected: finish it and return them",
            forward.node.lineno,
        )
    if np.shape(out) != tuple(shape):
        raise ValueError(f"output of shape {np.shape(out)}")


def shaped(value: Any, own: Any, name: str, backward: Function) -> Any:
    """Return a gradient in the shape of its input, or say why it has none."""
    value = np.asarray(value, dtype=float)
    if value.size == 1 and np.size(own) > 1:
        return np.full(np.shape(own), value.item())
    if not shapes.fits(np.shape(own), value):
        raise Refused(
            "shape-mismatch",
            f"{backward.label} gives a gradient of {name!r} with shape {value.shape}, "
            f"but it should have {np.shape(own)}, the shape of {name!r}",
            backward.node.lineno,
        )
    return value.reshape(np.shape(own))


def settle(
    stem: str, kinds: Any, run_as: Any, forward: Function, backward: Function,
    calls_: Any, *, single: bool = False,
) -> Layer:  # fmt: skip
    """Find the reading under which the layer runs, a consistent one if there is.

    One that is `single` may take one example at a time, if it takes no batch.
    """
    error: BaseException | None = None
    spare: Layer | None = None
    ways = [k for _, k in kinds]
    alone = _readings(ways, single=True) if single and "W" in ways else []
    for letters, upstream in [*_readings(ways), *alone]:
        if "1" in upstream and (spare is not None or isinstance(error, Refused)):
            break  # a batch runs, or only its gradient is amiss
        symbols = {n: s for (n, _), s in zip(kinds, letters, strict=True)}
        side = "columns" if upstream[0] == "M" else "rows"
        for scale in (1, side):

            def run(
                i: Any, u: Any, y: Any, g: bool, scale: Any = scale, **more: Any
            ) -> Any:
                return run_as(i, u, y, g, scale, **more)

            layer = Layer(stem, symbols, upstream, False, run)
            try:
                layer.right = search.quietly(partial(agrees, layer))
            except Exception as raised:
                if error is None or isinstance(raised, Refused):
                    error = raised
                break
            if layer.right:
                if scale != 1:
                    layer.notes.append(
                        f"the 1/N of the mean stands inside {backward.name}"
                    )
                if "1" in upstream:
                    layer.notes.append(f"{backward.name} takes one example at a time")
                return layer
            spare = spare or layer
    if spare is not None:
        return spare
    assert error is not None
    raise error


def agrees(layer: Layer) -> bool:
    """Whether a layer's backward pass agrees with its forward pass, at one point."""
    return agreeing(layer) == tuple(layer.symbols)


def agreeing(layer: Layer) -> tuple[str, ...]:
    """Return the inputs for which a layer's two passes agree, at one point."""
    inputs = sample(layer.symbols, 3)
    upstream = sample({"u": layer.upstream}, 4)["u"] if layer.upstream else None
    labels = np.arange(7) % 3 if layer.labels else None

    def loss(moved: Any) -> Any:
        return layer.run(moved, upstream, labels, False)[0]

    copied = {n: v.copy() for n, v in inputs.items()}
    _, grads = layer.run(copied, upstream, labels, True)
    found = implied.agreeing(loss, inputs, grads)
    if found is None:  # it is flat, and so has the gradient to be
        return tuple(n for n in inputs if float(np.linalg.norm(grads[n])) <= 1e-7)
    return found


def scores(function: Function, call: Callable[..., Any], stem: str = "") -> Layer:
    """Make a layer out of ``softmax_loss(x, y) -> (loss, dx)``."""
    first = function.arguments[0]

    def run(
        inputs: Mapping[str, Any], _: Any, labels: Any, gradient: bool,
        columns: bool = False,
    ) -> tuple[float, dict[str, Any]]:  # fmt: skip
        x = np.asarray(inputs[first])
        result = call(x.T.copy() if columns else x, labels)
        loss, dx = _loss_and_slope(result, function, x)
        return loss, {first: dx.T.copy() if columns else dx}

    spare: Layer | None = None
    error: BaseException | None = None
    for columns in (False, True):

        def one(i: Any, u: Any, y: Any, g: bool, columns: bool = columns) -> Any:
            return run(i, u, y, g, columns)

        layer = Layer(
            stem or function.label, {first: ("N", "C")}, (), True, one,
            interface="cs231n-layer",
        )  # fmt: skip
        try:
            layer.right = search.quietly(partial(agrees, layer))
        except Exception as raised:
            error = error or raised
            continue
        if layer.right:
            return layer
        spare = spare or layer
    if spare is not None:
        return spare
    assert error is not None
    raise error


def _loss_and_slope(result: Any, function: Function, x: Any) -> tuple[float, Any]:
    """Take what ``softmax_loss(x, y)`` returned apart, or say what is missing in it."""
    first = function.arguments[0]
    if not isinstance(result, tuple | list) or len(result) < 2 or result[0] is None:
        raise Refused(
            "incomplete",
            f"{function.label} returns {_article(result)}; a loss and the gradient "
            f"of {first!r} were expected: finish it and return both",
            function.node.lineno,
        )
    loss, dx = result[0], result[1]
    if calls.is_number(loss) and np.size(dx) == 1 and calls.number(loss) == 0.0:
        raise Refused(
            "incomplete",
            f"{function.label} returns loss 0 and gradient 0 as its template does; "
            "a loss and the gradient of the scores were expected: finish it",
            function.node.lineno,
        )
    if dx is None:
        raise Refused(
            "incomplete",
            f"{function.label} returns None for the gradient of {first!r}; an "
            f"array of shape {x.shape} was expected: return it",
            function.node.lineno,
        )
    dx = np.asarray(dx, dtype=float)
    if dx.size == 1 < x.size:  # a rate of errors, say
        raise Refused(
            "no-form",
            f"{function.label} returns two numbers, and no gradient of {first!r}",
            function.node.lineno,
        )
    return float(np.asarray(loss).item()), dx


def _article(value: Any) -> str:
    if value is None or (isinstance(value, tuple) and all(v is None for v in value)):
        return "None"
    return f"{type(value).__name__}"
