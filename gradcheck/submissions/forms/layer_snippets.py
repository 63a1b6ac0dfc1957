"""The check of a layer with `check_vjp`, as a file to save."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from . import names, search
from .names import Function
from .trees import walk

_BAGS = ("grads", "gradients", "grad", "gradient")
_X = ((7, 5), (2, 7, 5), (2, 3, 6, 6))
_VALUES = ("5", "(5, 5)", "(4, 3, 3, 3)")
"""Shapes that are tried: of the inputs, and of all the parameters."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that goes forwards, and backwards from a gradient from above.

    Attributes
    ----------
    forward, backward : Function
        Functions, or methods of one class.
    cls : str
        The class; empty where there is none.
    init : Function or None
        What makes its objects.
    """

    forward: Function
    backward: Function
    cls: str = ""
    init: Function | None = None

    @property
    def said(self) -> str:
        """Its name, as a message begins."""
        if self.cls:
            return f"{self.cls} seems to be a layer"
        passes = " and ".join(
            f"{f.name}({', '.join(f.arguments)})" for f in (self.forward, self.backward)
        )
        return f"{passes} seem to be a layer"

    def mentions(self, text: str) -> bool:
        """Whether a text begins with what one of its functions does."""
        return text.startswith(
            tuple(f"{f.name} " for f in (self.forward, self.backward))
        )


# Two functions


def of_functions(layer: Found, space: Mapping[str, Any]) -> list[str]:
    """Write the check of two functions; a dict of parameters is taken apart."""
    arguments = _required(layer.forward)
    holder, keys = _dict_of(layer.forward, arguments)
    x, values = _shapes(layer, arguments, holder, keys, space)
    flat = [k for a in arguments for k in (keys if a == holder else (a,))]
    sizes = {n: str(x) if n == arguments[0] else values for n in flat}
    call = f"check_vjp({layer.forward.name}, {layer.backward.name}, inputs)"
    drawn = [f"    {n!r}: rng.normal(size={s})," for n, s in sizes.items()]
    lines = ["inputs = {", *drawn, "}"]
    if holder:
        inside = ", ".join(f"{k!r}: {k}" for k in keys)
        passed = [f"{{{inside}}}" if a == holder else a for a in arguments]
        back = ", ".join(layer.backward.arguments)
        first = [a for a in arguments if a != holder]
        spelled = ", ".join([*(f"d{a}" for a in first), f"d{holder}"])
        named = ", ".join(f"{a!r}: d{a}" for a in first)
        lines += [
            "", f"def ahead({', '.join(flat)}):",
            f"    return {layer.forward.name}({', '.join(passed)})",
            "", f"def back({back}):",
            f"    {spelled} = {layer.backward.name}({back})",
            f"    return {{{named}, **d{holder}}}", "",
        ]  # fmt: skip
        call = "check_vjp(ahead, back, inputs)"
    return [*lines, f"print({call})"]


def _required(function: Function) -> list[str]:
    arguments, defaults, _ = function.wanted
    return [a for a in arguments if a not in defaults]


def _dict_of(
    forward: Function, arguments: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """Find the argument that is a dict, and the keys that are asked of it."""
    for argument in arguments[1:]:
        keys = [
            (n.lineno, n.col_offset, n.slice.value) for n in walk(forward.node)
            if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant)
            and isinstance(n.value, ast.Name) and n.value.id == argument
            and isinstance(n.slice.value, str) and n.slice.value.isidentifier()
        ]  # fmt: skip
        if keys:
            return argument, tuple(dict.fromkeys(key for *_, key in sorted(keys)))
    return "", ()


def _shapes(
    layer: Found, arguments: Sequence[str], holder: str, keys: Sequence[str],
    space: Mapping[str, Any],
) -> tuple[tuple[int, ...], str]:  # fmt: skip
    """Return shapes with which both passes run; the likeliest if none do."""

    def runs(x: tuple[int, ...], values: str) -> bool:
        shape = ast.literal_eval(values)
        given = [
            np.ones(x) if k == 0
            else {key: np.ones(shape) for key in keys} if a == holder
            else np.ones(shape)
            for k, a in enumerate(arguments)
        ]  # fmt: skip
        out, cache = _call(space, layer.forward)(*given)
        _call(space, layer.backward)(np.ones(np.shape(out)), cache)
        return True

    for x in _X:
        for values in _VALUES:
            try:
                search.quietly(partial(runs, x, values))
            except Exception:
                continue
            return x, values
    return _X[0], _VALUES[0]


def _call(space: Mapping[str, Any], function: Function) -> Callable[..., Any]:
    called: Callable[..., Any] = space[function.name]
    return called


# A class


def of_class(layer: Found) -> list[str]:
    """Write the check of a class: its parameters are set, and their gradients read."""
    first, *others = _required(layer.forward) or layer.forward.arguments[:1]
    held = list(_attributes(layer))
    made = ", ".join(f"{a}=5" for a in _required(layer.init)) if layer.init else ""
    lines = [
        f"layer = {layer.cls}({made})  # sizes that fit",
        f"{first} = rng.normal(size={_size(layer.forward, first)})",
        *(f"{a} = rng.normal(size={_size(layer.forward, a)})" for a in others),
        "", f"def ahead({', '.join([first, *others, *held])}):",
        *(f"    layer.{n} = {n}" for n in held),
        f"    return layer.forward({', '.join([first, *others])})",
        "", "def back(dout):",
    ]  # fmt: skip
    returned = [f"layer.backward({', '.join(['dout', *_rest(layer)])})"]
    spelled = "dx" if not others else ", ".join(f"d{n}" for n in (first, *others))
    lines.append(f"    {spelled} = {returned[0]}")
    grads = ", ".join([spelled, *(_gradient(layer, n) for n in held)])
    lines += [f"    return {grads}", ""]
    given = [first, *others, *(f"layer.{n}" for n in held)]
    lines += ["inputs = [", *(f"    {n}," for n in given), "]"]
    return [*lines, "print(check_vjp(ahead, back, inputs))"]


def _size(forward: Function, argument: str) -> str:
    """Return a shape for an input: an image, where its third axis is asked for."""
    text = ast.unparse(forward.node)
    name = re.escape(argument)
    four = re.search(rf"(\w+, ){{3}}\w+\)? = {name}\.shape\b", text)
    image = four or re.search(rf"\b{name}\.shape\[(2|3|-3)", text)
    return "(2, 5, 6, 6)" if image else "(7, 5)"


def _rest(layer: Found) -> list[str]:
    """Spell what a backward pass wants besides the gradient from above."""
    return ["..." for _ in _required(layer.backward)[1:]]


def _attributes(layer: Found) -> Iterator[str]:
    """Name the attributes that the constructor computes and the forward pass reads."""
    read = {n.attr for n in _own(layer.forward, ast.Load)}
    for node in walk(layer.init.node) if layer.init is not None else ():
        if isinstance(node, ast.Assign) and isinstance(
            node.value, ast.Call | ast.BinOp
        ):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in read:
                    yield target.attr


def _gradient(layer: Found, name: str) -> str:
    """Spell where the gradient of an attribute is kept."""
    stored = [n.attr for n in _own(layer.backward, ast.Store)]
    for attribute in stored:
        if names.looks_like_gradient(attribute, name) or attribute == f"d{name}":
            return f"layer.{attribute}"
    read = [n.attr for n in _own(layer.backward, ast.Load)]
    bag = next((b for b in _BAGS if b in (*stored, *read)), "")
    return f"layer.{bag}[{name!r}]" if bag else "..."


def _own(function: Function, context: type[ast.expr_context]) -> list[ast.Attribute]:
    """List the attributes of ``self`` that a method reads, or sets."""
    return [
        n for n in walk(function.node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, context)
        and isinstance(n.value, ast.Name) and n.value.id == "self"
    ]  # fmt: skip
