"""Classes with ``forward`` and ``backward``: a layer, or a loss."""

import ast
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from . import chains, gradients, names, search, shortcuts, stacks
from .constructing import bare
from .containers import get, put
from .gradients import Held
from .layers import Layer, demand, scores, settle, shaped
from .names import Function
from .refusal import Refused
from .shapes import Slot
from .unread import unread
from .wear import use

_OUTPUT = re.compile(r"_*(outputs?|out|activations?|result|y_?hat|a|z|y)_*", re.I)
_INPUT_GRADIENT = re.compile(
    r"_*(d_?(inputs?|x|in|a_?prev|prev|values)|grad_?(of_?)?(inputs?|x|in)"
    r"|(inputs?|x)_?grads?|(inputs?|x)_?gradients?|input_?(delta|error))_*",
    re.I,
)


def module(cls: Any, methods: Mapping[str, Function]) -> Layer | None:
    """Make a layer out of a class with ``forward`` and ``backward``; None if it is not.

    Raises
    ------
    Refused
        If it is one and does not run.
    """
    forward, backward = methods.get("forward"), methods.get("backward")
    if forward is None or backward is None:
        return None
    takes = forward.arguments
    labels = [
        n for n in sorted(_attributes_read(methods))
        if names.role_of(n) == "y" and n not in methods and n not in _stored(methods)
    ]  # fmt: skip
    if len(takes) == 1 and labels:
        return _labelled_module(cls, forward, labels)
    required = len(backward.arguments) - len(backward.node.args.defaults)
    if len(takes) == 2 and names.role_of(takes[1]) == "y" and required <= 1:
        two = stacks.of_two(cls, forward, backward)
        return two or _loss_module(cls, forward, backward)
    if is_loss(cls, methods):
        return _loss_module(cls, forward, backward)
    if len(backward.arguments) > 1 and required != 1 and not steps(backward):
        return None
    if len(takes) - len(forward.node.args.defaults) > 1:
        return None
    whole = stacks.stack(cls, methods, forward, backward)
    return whole or _affine_module(cls, methods, forward, backward)


def steps(backward: Function) -> bool:
    """Whether ``backward(dout, learning_rate)`` changes the weights by itself."""
    arguments = backward.arguments
    return len(arguments) == 2 and names.role_of(arguments[1]) == "lr"


def is_loss(cls: Any, methods: Mapping[str, Function]) -> bool:
    """Whether ``forward(outputs, y)`` and ``backward(outputs, y)`` are those of a loss.

    It is made of nothing and holds no weights; a network is not, or does.
    """
    forward, backward = methods.get("forward"), methods.get("backward")
    if forward is None or backward is None:
        return False
    for takes in (forward.arguments, backward.arguments):
        if len(takes) != 2 or names.role_of(takes[1]) != "y":
            return False
    try:
        return not chains.held_by(search.quietly(cls))
    except Exception:
        return False


def _loss_module(cls: Any, forward: Function, backward: Function) -> Layer:
    """Make a layer out of a loss: its inputs are scores, or probabilities."""

    def call(x: Any, y: Any) -> Any:
        made = cls()
        value = made.forward(x, y)
        if value is not None and not np.isfinite(np.asarray(value, dtype=float)).all():
            raise Refused(
                "not-finite",
                f"{forward.label} gives a loss of {np.asarray(value).reshape(-1)[0]}; "
                "a number was expected: look where it divides or takes a logarithm",
                forward.node.lineno,
            )
        if np.size(value) > 1:  # one an example; a base class takes the mean
            value = made.calculate(x, y) if hasattr(made, "calculate") else value.mean()
        dx = made.backward(*_given(made, backward, x, y))
        return value, _kept(made, _INPUT_GRADIENT) if dx is None else dx

    def hot(x: Any, y: Any) -> Any:
        return call(x, np.eye(x.shape[1])[y])

    def squashed(way: Any) -> Any:
        def at_probabilities(x: Any, y: Any) -> Any:
            p = 1.0 / (1.0 + np.exp(-x))
            value, dp = way(p, y)
            return value, dp * p * (1.0 - p)

        return at_probabilities

    first: Layer | None = None
    error: BaseException | None = None
    for way in (hot, call, squashed(hot), squashed(call)):
        try:
            layer = scores(forward, way, cls.__name__)
        except Exception as raised:
            error = error or raised
            continue
        layer.interface = "module"
        if way not in (hot, call):
            layer.notes.append("asked at probabilities: the sigmoid of what is shown")
        if layer.right:
            return layer
        first = first or layer
    if first is None:
        assert error is not None
        raise error
    for way in (hot, call):
        shortcuts.refuse_of_scores(
            way, forward, backward, lambda at: scores(forward, at, cls.__name__)
        )
    return first


def _given(made: Any, backward: Function, x: Any, y: Any) -> list[Any]:
    """Give a loss's backward pass what it wants: its own output, or 1, and labels."""
    arguments = backward.arguments
    wants = len(arguments) - len(backward.node.args.defaults)
    if wants < 2 or names.role_of(arguments[1]) != "y":
        return [1.0] * min(wants, 1)
    output: Any = getattr(made, "output", None)
    return [output if np.shape(output) == np.shape(x) else x, y]


def _attributes_read(methods: Mapping[str, Function]) -> set[str]:
    return {
        n.attr for f in methods.values() for n in ast.walk(f.node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)
        and isinstance(n.value, ast.Name) and n.value.id == "self"
    }  # fmt: skip


def _stored(methods: Mapping[str, Function]) -> set[str]:
    """Attributes that the constructor or the forward pass sets."""
    return {
        n.attr
        for name in ("__init__", "forward") if name in methods
        for n in ast.walk(methods[name].node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    }  # fmt: skip


def _labelled_module(cls: Any, forward: Function, labels: Sequence[str]) -> Layer:
    def call(x: Any, y: Any) -> Any:
        try:
            made = cls(x.shape)
        except TypeError:
            made = cls()
        for name in labels:
            setattr(made, name, y)
        return made.forward(x), made.backward()

    layer = scores(forward, call, cls.__name__)
    layer.interface = "module"
    return layer


def _affine_module(
    cls: Any, methods: Mapping[str, Function], forward: Function, backward: Function
) -> Layer | None:
    made = bare(cls)
    held = chains.held_by(made)
    kinds = [k for _, _, k in held]
    if kinds.count("W") > 1 or kinds.count("b") > 1 or set(kinds) - {"W", "b"}:
        return None
    first = forward.arguments[0]
    spelled = {k: chains.label(p) for p, _, k in held}

    def hold(layer: Any, inputs: Mapping[str, Any]) -> None:
        for path, _value, kind in held:
            put(layer, path, np.array(inputs[spelled[kind]]), True)

    def run_as(
        inputs: Mapping[str, Any], upstream: Any, _: Any, gradient: bool,
        scale: Any = 1, used: bool = False,
    ) -> tuple[float, dict[str, Any]]:  # fmt: skip
        layer = bare(cls)
        hold(layer, inputs)
        if used:
            use(layer, inputs[first], [upstream, 1.0][: len(backward.arguments)])
            hold(layer, inputs)
        out = layer.forward(inputs[first])
        out = _kept(layer, _OUTPUT) if out is None else out
        demand(out, forward, np.shape(upstream))
        loss = float(np.sum(np.asarray(out, dtype=float) * upstream))
        if not gradient:
            return loss, {}
        dx = layer.backward(*[upstream.copy(), 1.0][: len(backward.arguments)])
        if not backward.arguments:  # it returns the derivative of each output
            dx = np.asarray(dx) * upstream
        moved = {
            spelled[kind]: np.subtract(inputs[spelled[kind]], get(layer, path))
            for path, _value, kind in held if steps(backward)
        }  # fmt: skip
        if not any(np.any(v) for v in moved.values()):  # an optimiser makes the step
            moved = {}
        return loss, _module_gradients(
            layer, dx, backward, inputs, first, spelled, scale, moved
        )

    fields = [(first, "x"), *((spelled[k], k) for k in ("W", "b") if k in spelled)]
    upright = all(np.ndim(value) == 2 for _, value, _ in held)
    layer = settle(
        cls.__name__, fields, run_as, forward, backward, (),
        single=steps(backward) and upright,
    )  # fmt: skip
    layer.interface = "module"
    layer.used = partial(layer.run, used=True)
    if not held:
        shortcuts.refuse_passed_on(layer, lambda x: bare(cls).forward(x), backward)
    if layer.notes:
        layer.notes = [layer.notes[0].replace(backward.name, backward.label)]
    missed = unread(methods, backward, spelled.values())
    if missed:
        layer.notes.append(
            f"not checked: the gradient of {', '.join(missed)}, which no name tells to "
            "be weights or biases; gradcheck.check_vjp takes them as inputs"
        )
    return layer


def _kept(layer: Any, wanted: re.Pattern[str]) -> Any:
    """Return what a pass stored under a name of this kind instead of returning it."""
    for name, value in vars(layer).items():
        if wanted.fullmatch(name) and isinstance(value, np.ndarray):
            return value
    return None


def _module_gradients(
    layer: Any, dx: Any, backward: Function, inputs: Mapping[str, Any], first: str,
    spelled: Mapping[str, str], scale: Any, moved: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    grads: dict[str, Any] = dict(moved)
    if isinstance(dx, tuple):
        named = dict(zip([first, *spelled.values()], dx, strict=False))
        dx = named.pop(first, None)
        grads |= {n: v for n, v in named.items() if v is not None}
    dx = _kept(layer, _INPUT_GRADIENT) if dx is None else dx
    if dx is None:
        unfinished = Refused(
            "incomplete",
            f"{backward.label} returns None; the gradient of its input {first!r} was "
            "expected: finish it and return it",
            backward.node.lineno,
        )
        unfinished.begun = True  # its forward pass is there
        raise unfinished
    held = [Held(Slot(n, "same", n), inputs[n]) for n in spelled.values()]
    stored = [
        (n, v) for n, v in gradients.of_instance(layer) if n not in spelled.values()
    ]
    likely = [(n, v) for n, v in stored if re.match(r"d|g", n, re.I)] or stored
    grads |= gradients.match([h for h in held if h.slot.name not in grads], likely)
    gone = [n for n in spelled.values() if n not in grads]
    if gone:
        raise Refused(
            "incomplete",
            f"{backward.label} stores no gradient of {', '.join(map(repr, gone))}; an "
            f"attribute such as self.d{gone[0]} was expected: set it",
            backward.node.lineno,
        )
    grads[first] = dx
    found = {n: shaped(grads[n], inputs[n], n, backward) for n in inputs}
    if scale != 1:
        axis = 1 if scale == "columns" else 0
        factor = np.shape(inputs[first])[axis]
        found = {n: g if n == first else g * factor for n, g in found.items()}
    return found
