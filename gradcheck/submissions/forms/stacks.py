"""Classes with ``forward`` and ``backward`` that are more than one layer.

A stack of layers passes a gradient through objects that keep their own; a layer of two
inputs (``MulLayer``) returns a gradient for each.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from . import chains, plans, search
from .constructing import bare
from .containers import get, nested_gradients, put
from .gradients import Held
from .layers import Layer, agreeing, agrees, demand, shaped
from .names import Function
from .refusal import Refused
from .shapes import Slot

_LETTERS = {1: "1", 2: "2", 3: "C", 4: "M", 5: "D", 6: "6", 8: "8"}
_N = 7


def of_two(cls: Any, forward: Function, backward: Function) -> Layer | None:
    """Make a layer out of ``forward(x, y)`` whose backward pass returns two gradients.

    None if it does not: then its second input is a label.
    """
    first, second = forward.arguments[:2]

    def run(
        inputs: Mapping[str, Any], upstream: Any, _: Any, gradient: bool
    ) -> tuple[float, dict[str, Any]]:
        made = cls()
        out = made.forward(inputs[first], inputs[second])
        demand(out, forward, np.shape(upstream))
        loss = float(np.sum(np.asarray(out, dtype=float) * upstream))
        if not gradient:
            return loss, {}
        both = made.backward(upstream.copy())
        named = zip((first, second), both, strict=True)
        return loss, {n: shaped(d, inputs[n], n, backward) for n, d in named}

    def probe() -> Any:
        made, some = cls(), np.arange(6.0).reshape(3, 2) + 1.0
        made.forward(some, 2.0 * some)
        return made.backward(some)

    try:
        both = search.quietly(probe)
    except Exception:
        return None
    if not isinstance(both, tuple | list) or len(both) != 2:
        return None
    shape = ("N", "D")
    layer = Layer(cls.__name__, {first: shape, second: shape}, shape, False, run)
    layer.interface = "module"
    layer.right = search.quietly(partial(agrees, layer))
    return layer


def stack(
    cls: Any, methods: Mapping[str, Function], forward: Function, backward: Function
) -> Layer | None:
    """Make a layer out of a class whose parameters lie in the layers that it holds."""
    others = {n: f for n, f in methods.items() if f not in (forward, backward)}
    kinds = plans.sort_out(others)
    made = bare(cls)
    chain = chains.chain_of(made, None)
    if chain is None or kinds["cost"] or kinds["step"] or kinds["both"]:
        return None
    owners = [get(made, path[:-1]) for path in chain.paths.values() if len(path) > 1]
    if len(owners) < len(chain.paths) or not all(
        hasattr(o, "__dict__") for o in owners
    ):
        return None
    shapes = {n: np.shape(get(made, path)) for n, path in chain.paths.items()}
    if any(size not in _LETTERS for shape in shapes.values() for size in shape):
        return None
    return _settle(cls, forward, backward, chain, shapes)


def _settle(
    cls: Any, forward: Function, backward: Function, chain: chains.Chain,
    shapes: Mapping[str, tuple[int, ...]],
) -> Layer:  # fmt: skip
    """Find the reading under which a stack is consistent, or the first that runs."""
    symbols = {n: tuple(_LETTERS[s] for s in shape) for n, shape in shapes.items()}
    best: tuple[int, Layer | None] = (-1, None)
    told: tuple[bool, BaseException] | None = None
    for x, out in _ends(chain, shapes):
        for scale, own in ((1, False), (_N, False), (1, True), (_N, True)):
            way = _Stack(cls, forward, backward, chain, scale, x if own else None)
            inputs = symbols if own else {way.first: x, **symbols}
            layer = Layer(cls.__name__, inputs, out, False, way.run)
            layer.interface = "module"
            try:
                agreed = search.quietly(partial(agreeing, layer))
            except Exception as raised:
                if told is None or way.went_forward > told[0]:
                    told = way.went_forward, raised
                if isinstance(raised, _NoInputGradientError):
                    continue
                break
            if scale != 1:
                layer.notes.append("the 1/N of the mean stands inside its layers")
            layer.right = len(agreed) == len(inputs)
            if len(agreed) > best[0]:
                best = len(agreed), layer
            if layer.right:
                return layer
    if best[1] is not None:
        return best[1]
    assert told is not None
    raise told[1]


def _ends(
    chain: chains.Chain, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the shapes that input and output may have: either way round, likeliest."""
    weights = [shapes[s.name] for s in chain.slots if s.weight]
    for layout in (1, -1):
        for inputs, outputs in product(weights[0][::-1], weights[-1]):
            x, out = ("N", _LETTERS[inputs]), ("N", _LETTERS[outputs])
            yield x[::layout], out[::layout]


class _NoInputGradientError(Refused):
    """The backward pass returns no gradient of its input: those inside may be there."""


class _Stack:
    """One way of running a stack.

    Parameters
    ----------
    scale : int
        What the gradients of the parameters are to be multiplied by.
    x : tuple of str or None
        Shape of an input that stays as it is, where it has no gradient.
    """

    def __init__(
        self, cls: Any, forward: Function, backward: Function, chain: chains.Chain,
        scale: int, x: tuple[str, ...] | None,
    ) -> None:  # fmt: skip
        self.cls, self.forward, self.backward = cls, forward, backward
        self.chain, self.scale = chain, scale
        self.first = forward.arguments[0]
        sizes = [{v: k for k, v in _LETTERS.items()}.get(s, _N) for s in x or ()]
        self.x = np.random.default_rng(5).normal(size=sizes) if x else None
        self.went_forward = False

    def run(
        self, inputs: Mapping[str, Any], upstream: Any, _: Any, gradient: bool
    ) -> tuple[float, dict[str, Any]]:
        """Run it forwards, and back for the gradients."""
        made = bare(self.cls)
        for name, path in self.chain.paths.items():
            put(made, path, np.array(inputs[name]), True)
        x = self.x if self.x is not None else inputs[self.first]
        out = made.forward(x.copy())
        demand(out, self.forward, np.shape(upstream))
        self.went_forward = True
        loss = float(np.sum(np.asarray(out, dtype=float) * upstream))
        if not gradient:
            return loss, {}
        dx = made.backward(upstream.copy())
        return loss, self._gradients(made, inputs, dx)

    def _gradients(
        self, made: Any, inputs: Mapping[str, Any], dx: Any
    ) -> dict[str, Any]:
        paths = self.chain.paths
        held = [Held(Slot(n, "same", n), inputs[n]) for n in paths]
        found = nested_gradients(made, paths, held, {})
        gone = [chains.label(p) for n, p in paths.items() if n not in found]
        if gone:
            raise Refused(
                "incomplete",
                f"{self.backward.label} leaves no gradient of {', '.join(gone)} in the "
                "layers that hold them; an attribute such as dW beside W was expected: "
                "call the backward pass of every layer, and set it there",
                self.backward.node.lineno,
            )
        grads = {
            n: self.scale * shaped(found[n], inputs[n], n, self.backward) for n in paths
        }
        if self.x is not None:
            return grads
        if dx is None or dx is NotImplemented:
            raise _NoInputGradientError(
                "incomplete",
                f"{self.backward.label} returns None; the gradient of its input "
                f"{self.first!r} was expected: finish it and return it",
                self.backward.node.lineno,
            )
        return {
            self.first: shaped(dx, inputs[self.first], self.first, self.backward),
            **grads,
        }
