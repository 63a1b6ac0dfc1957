"""Functions of one vector: ``f(x) -> (value, gradient)``, or ``f`` and ``grad_f``."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from . import calls, names, plans, search, vectors
from .global_weights import reached
from .layers import Layer, agrees, sample
from .names import Function
from .refusal import Refused
from .usage import globals_read

SIZES: tuple[tuple[str, ...], ...] = (
    ("D",), ("2",), ("C",), ("M",), ("6",), ("1",), (), ("D", "1"), ("2", "1"),
    ("C", "1"), ("1", "D"), ("D", "M"), ("C", "C"),
)  # fmt: skip
"""Shapes to try: vectors, one number, columns, a row, matrices."""

_WORDS = re.compile(
    r"gradients?|grad|derivative|deriv|der|jacobian|jac|prime|nabla|slope|^d_?|_|of|fun"
)
_ACTIVATION = re.compile("sigm|tanh|relu|elu|soft|act|predict|step|logistic")
_VALUE = re.compile(
    r"f\w{0,2}|val\w*|obj\w*|fun\w*|cost\w*|loss\w*|J|L|E|y|z|energy", re.I
)


def candidates(
    functions: Mapping[str, Function],
) -> Iterator[tuple[Function, Function | None]]:
    """Yield functions of one argument that may give a value and its gradient.

    Yields
    ------
    function, gradient : Function
        `gradient` is None where the function itself returns both.
    """
    single = [f for f in functions.values() if _takes_one(f)]
    slopes = [f for f in single if vectors.SLOPE.fullmatch(f.name)]
    for function in single:
        if len(function.returned()) == 2:
            yield function, None
    for slope in slopes:
        for function in single:
            if function not in slopes and _belong(function, slope):
                yield function, slope


def _belong(function: Function, slope: Function) -> bool:
    """Whether the names say that one is the gradient of the other.

    The derivative of an activation is often written in terms of its output.
    """
    if len(function.returned()) != 1 or len(slope.returned()) != 1:
        return False
    name, rest = function.name.lower(), _WORDS.sub("", slope.name.lower())
    if _ACTIVATION.search(name):
        return False
    named = bool(names.COST.fullmatch(name)) or bool(_VALUE.fullmatch(name))
    return rest == name.replace("_", "") or (named and len(rest) < 2)


def needs_nothing_else(
    function: Function, helpers: Mapping[str, Function], space: Mapping[str, Any]
) -> bool:
    """Whether one vector is all that a function needs: no inputs, and no labels."""
    if not _takes_one(function) or len(function.returned()) != 2:
        return False
    read = {n for f in reached([function], helpers) for n in globals_read(f.node)}
    given = {names.role_of(n) for n in read if not callable(space.get(n))}
    return not given & {"X", "y"}


def helpers_only(functions: Mapping[str, Function]) -> bool:
    """Whether functions of one argument are likely parts of a network's work."""
    for function in functions.values():
        kinds = {names.kind_of(a) or names.role_of(a) for a in function.arguments}
        if len(function.arguments) > 1 and kinds & {"W", "b", "params"}:
            return True
        if {"X", "y"} <= kinds:
            return True
    return False


def _takes_one(function: Function) -> bool:
    given = len(function.arguments) - len(function.node.args.defaults)
    return given == 1 and plans.returns_value(function)


def plain(
    function: Function, slope: Function | None, space: Mapping[str, Any]
) -> Layer:
    """Make a unit out of a function of one vector.

    Raises
    ------
    Refused
        If it gives no number and gradient for any vector, or does not do so for
        vectors of any size and its names do not say that it should.
    """
    first = function.arguments[0]
    value: Callable[..., Any] = space[function.name]
    gradient: Callable[..., Any] | None = space[slope.name] if slope else None

    def run(inputs: Mapping[str, Any], _: Any, __: Any, wanted: bool) -> Any:
        x = np.array(inputs[first], dtype=float)
        result = value(x if x.ndim else float(x))
        if gradient is not None:
            pair = result, gradient(x if x.ndim else float(x)) if wanted else None
        elif not isinstance(result, tuple | list) or len(result) != 2:
            raise TypeError("no pair")
        else:
            pair = result[0], result[1]
        if not calls.is_number(pair[0]):
            raise TypeError("no number")
        found = {first: _like(pair[1], x, function)} if wanted else {}
        return calls.number(pair[0]), found

    spare: Layer | None = None
    for letters in SIZES:
        if spare is not None and len(letters) < 2:
            continue  # a shorter vector could hide a mistake
        layer = Layer(
            function.label, {first: letters}, (), False, run, interface="plain"
        )  # fmt: skip
        try:
            layer.right = search.quietly(partial(agrees, layer))
            if not search.quietly(partial(_slopes, layer)):
                continue  # there is nothing in an array like this
        except Exception:
            continue
        if layer.right:
            return layer
        spare = spare or layer
    told = bool(slope) or _says_so(function)
    if spare is None or not (told or vectors.is_value(spare, function)):
        raise Refused(
            "no-form",
            f"{function.label}({first}) gives no number and gradient for a vector",
            function.node.lineno,
        )
    return spare


def _slopes(layer: Layer) -> bool:
    """Whether a function has a gradient that is not zero, or should have one."""
    value, found = layer.run(sample(layer.symbols, 3), None, None, True)
    other, _ = layer.run(sample(layer.symbols, 4), None, None, False)
    return any(np.any(g) for g in found.values()) or value != other


def _like(gradient: Any, x: Any, function: Function) -> Any:
    if isinstance(gradient, Mapping | str | bytes) or gradient is None:
        raise TypeError("no gradient")
    gradient = np.asarray(gradient, dtype=float)
    if gradient.size != x.size:
        raise TypeError("no gradient of this size")
    return gradient.reshape(x.shape)


def claims_gradient(function: Function) -> bool:
    """Whether the name of a function, or what it returns, speaks of a gradient."""
    spelled = [n for n in (function.name, *function.returned()) if n]
    return any(vectors.SLOPE.fullmatch(n) for n in spelled)


def _says_so(function: Function) -> bool:
    value, gradient = function.returned()
    given = bool(vectors.SLOPE.fullmatch(gradient)) or not gradient
    meant = bool(names.COST.fullmatch(value)) or bool(_VALUE.fullmatch(value))
    return given and (meant or (not value and bool(gradient)))
