"""Parameters in lists: of weights, of biases, of pairs of both."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import gradients, names, shapes
from .gradients import Held
from .trees import walk

LISTS = ("list", "pairs", "tuple")
"""Kinds of containers whose order says what is what."""

_OVER = frozenset({"zip", "enumerate", "reversed", "len", "range", "list", "tuple"})
_PLURAL = re.compile(r"(weights|biases|thetas|[wb]s|.*_(ws|bs|weights|biases))", re.I)


def kind_of(key: str) -> str:
    """Return the kind of a parameter: of ``weights[0]``, of all in one array."""
    kind = names.kind_of(re.sub(r"\[\d+\]$", "", key))
    return kind or ("W" if names.role_of(key) == "params" else "")


def listed(node: ast.AST, argument: str, depth: int) -> tuple[str, ...]:
    """Name the items of an argument that is a list of weights or of biases.

    Empty if it is none: one array is indexed, too, but not paired with another in
    ``zip``, and arithmetic is done on it as a whole.
    """
    if not names.kind_of(argument) or _as_a_whole(node, argument):
        return ()
    several = bool(_PLURAL.fullmatch(argument))
    strong, last = False, -1
    for part in walk(node):
        if isinstance(part, ast.Call) and _name(part.func) in _OVER:
            inside = [_name(a) for a in part.args]
            paired = _name(part.func) == "zip" and any(
                a != argument and names.kind_of(a) for a in inside
            )
            strong |= argument in inside and (several or paired)
        elif isinstance(part, ast.For | ast.comprehension):
            strong |= several and _name(part.iter) == argument
        elif isinstance(part, ast.Subscript) and _name(part.value) == argument:
            if isinstance(getattr(part.slice, "value", None), str):
                return ()  # a dict, whatever it is called
            strong |= several and not isinstance(part.slice, ast.Tuple | ast.Slice)
            if isinstance(part.slice, ast.Constant) and type(part.slice.value) is int:
                last = max(last, part.slice.value)
    if not strong:
        return ()
    return tuple(f"{argument}[{k}]" for k in range(last + 1 if last > 0 else depth))


def _as_a_whole(node: ast.AST, argument: str) -> bool:
    """Whether arithmetic is done with all of an argument, or its shape is asked."""
    for part in walk(node):
        if isinstance(part, ast.BinOp):
            used: list[ast.AST] = [part.left, part.right]
        elif isinstance(part, ast.Attribute):
            used = [part.value] if part.attr not in ("copy", "append") else []
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            used = list(part.args) if part.func.attr == "dot" else []
        elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Tuple):
            used = [part.value]
        else:
            continue
        if any(_name(n) == argument for n in used):
            return True
    return False


def paired(node: ast.AST, argument: str, depth: int) -> tuple[str, ...]:
    """Name what an argument holds that is a list of pairs of a weight and a bias."""
    for part in walk(node):
        if isinstance(part, ast.Assign) and _name(part.value) == argument:
            target = part.targets[0]
            if isinstance(target, ast.Tuple | ast.List) and target.elts:
                inner = [names.element_names(t) for t in target.elts]
                flat = tuple(n for pair in inner for n in pair)
                if all(map(_is_pair, inner)):
                    return flat
        elif isinstance(part, ast.For | ast.comprehension) and (
            argument in _iterated(part.iter)
        ):
            inner = [names.element_names(t) for t in walk(part.target)]
            if any(map(_is_pair, inner)):
                layers = range(1, depth + 1)
                return tuple(f"{kind}{k}" for k in layers for kind in "Wb")
    return ()


def _is_pair(spelled: Sequence[str]) -> bool:
    return len(spelled) == 2 and [names.kind_of(n) for n in spelled] == ["W", "b"]


def _iterated(value: ast.AST) -> list[str]:
    if isinstance(value, ast.Call) and _name(value.func) in _OVER:
        return [name for a in value.args for name in _iterated(a)]
    return [_name(value)]


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def in_order(
    result: Any,
    containers: Mapping[str, tuple[str, tuple[str, ...]]],
    held: Mapping[str, Held],
) -> dict[str, Any]:
    """Read gradients that come in lists just as the parameters went in."""
    for kind, parts in containers.values():
        if kind not in LISTS or not all(p in held for p in parts):
            continue
        for value in _sequences(result):
            flat = list(_flat(value))
            if len(flat) == len(parts) and all(
                gradients.is_array(v) and shapes.fits(held[p].shape, v)
                for p, v in zip(parts, flat, strict=True)
            ):
                found = dict(zip(parts, flat, strict=True))
                if len(found) == len(held):
                    return found
    return {}


def _sequences(result: Any) -> Iterator[Any]:
    if isinstance(result, list | tuple):
        yield result
        for item in result:
            if isinstance(item, list | tuple):
                yield item


def _flat(value: Any) -> Iterator[Any]:
    for item in value:
        if isinstance(item, list | tuple) and not gradients.is_flat(item):
            yield from _flat(item)
        else:
            yield item if isinstance(item, np.ndarray) else np.asarray(item)
