"""The parameters that an object holds, as the layers of a network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from . import names, shapes
from .shapes import Slot

_NOT = re.compile(
    r"(prev|old|last|best|d|v|m|s|vel\w*|mom\w*|cache\w*|grad\w*|delta\w*|init)_?", re.I
)


def walk(instance: Any, depth: int = 0) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the arrays that an object holds, each with its path."""
    if depth > 3:
        return
    if isinstance(instance, Mapping):
        items: Any = list(instance.items())
    elif isinstance(instance, list | tuple):
        items = list(enumerate(instance))
    elif hasattr(instance, "__dict__") and not isinstance(instance, type):
        items = list(vars(instance).items())
    else:
        return
    for key, value in items:
        if isinstance(value, np.ndarray | float | np.floating):
            yield (key,), value
        elif isinstance(value, list | tuple | dict) or _is_own(value):
            for path, array in walk(value, depth + 1):
                yield (key, *path), array


def _is_own(value: Any) -> bool:
    module = type(value).__module__ or ""
    return hasattr(value, "__dict__") and not isinstance(value, type) and (
        module.split(".")[0] not in ("numpy", "builtins", "scipy", "random", "logging")
        and type(value).__name__ != "_Placeholder"
    )  # fmt: skip


def held_by(instance: Any) -> list[tuple[tuple[Any, ...], Any, str]]:
    """List an object's parameters: path, array, ``"W"`` or ``"b"``."""
    found: list[tuple[tuple[Any, ...], Any, str]] = []
    seen: set[int] = set()
    for path, value in walk(instance):
        named = [str(p) for p in path if isinstance(p, str)]
        if not named or any(_is_gradient_bag(n) for n in named):
            continue
        kind = names.kind_of(named[-1])
        if kind == "" and len(path) > len(named):  # a list called weights or biases
            kind = names.kind_of(named[-1].rstrip("s"))
        if kind == "" and named[-1] in path[-2:-1]:
            kind = _kind_by_shape(named[-1], value)
        if not kind or id(value) in seen:
            continue
        if kind == "W" and np.ndim(value) == 0:
            continue
        if not isinstance(value, float | np.floating):
            seen.add(id(value))
        found.append((path, value, kind))
    return found


def _kind_by_shape(name: str, value: Any) -> str:
    """Tell weights from biases in a plain list of parameters: ``[W1, b1, W2, b2]``."""
    if names.role_of(name) != "params" or np.ndim(value) not in (1, 2):
        return ""
    return "W" if np.ndim(value) == 2 and min(np.shape(value)) > 1 else "b"


def _is_gradient_bag(name: str) -> bool:
    return bool(_NOT.match(name)) and not names.kind_of(name) and bool(
        re.match(r"(d_?[wb]|grad|delta|prev|v_?d|vel|mom|s_?d|cache|[vms]_?[wb]\d*$|init)",
                 name, re.I)
    )  # fmt: skip


def label(path: Sequence[Any]) -> str:
    """Spell a path as Python would: ``layers[0].W``."""
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        else:
            spelled += f".{part}" if spelled else str(part)
    return spelled


def labels(paths: Sequence[Sequence[Any]]) -> list[str]:
    """Name each path by its last part, or in full where that is not unique."""
    last = [str(p[-1]) for p in paths]
    return [
        name if isinstance(path[-1], str) and last.count(name) == 1 else label(path)
        for name, path in zip(last, paths, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Chain:
    """An object's parameters as the layers of a network."""

    slots: tuple[Slot, ...]
    paths: Mapping[str, tuple[Any, ...]]
    dims: tuple[int, ...]
    biases: bool


def chain_of(
    instance: Any, dims: Sequence[int] | None, ends: tuple[int, int] = (0, 0)
) -> Chain | None:
    """Read an object's parameters as a chain of layers, if they are one.

    Parameters
    ----------
    instance : object
        Whose attributes to read.
    dims : sequence of int or None
        Inputs, widths and outputs that it was made with, where known.
    ends : tuple of int
        Inputs and outputs, where only those are known.
    """
    held = held_by(instance)
    weights = [(p, v) for p, v, k in held if k == "W" and np.size(v) > 1]
    biases = [(p, v) for p, v, k in held if k == "b"]
    if not weights or len(weights) > 6:
        return None
    order = sorted(
        range(len(weights)), key=lambda i: (names.index_of(label(weights[i][0])), i)
    )
    orders = [order, *(list(o) for o in permutations(order) if len(order) <= 4)]
    for arranged in orders:
        chain = [weights[i] for i in arranged]
        guesses = sorted(_guesses(chain), key=lambda g: (g[0], g[-1]) != ends)
        for sizes in [tuple(dims)] if dims else guesses:
            forms = [
                shapes.forms_of(np.shape(v), a, b)
                for (_, v), a, b in zip(chain, sizes[:-1], sizes[1:], strict=False)
            ]
            if len(sizes) == len(chain) + 1 and all(forms):
                made = _assemble(chain, forms, biases, sizes)
                if made is not None:
                    return made
    return None


def _guesses(chain: Sequence[tuple[Any, Any]]) -> Iterator[tuple[int, ...]]:
    """Yield the sizes that would make a chain of these weights."""
    shapes_ = [np.shape(v) for _, v in chain]
    if any(len(s) not in (1, 2) for s in shapes_):
        return
    two = [s if len(s) == 2 else (s[0], 1) for s in shapes_]
    options = (
        [two[0][0], *(s[1] for s in two)],
        [two[0][1], *(s[0] for s in two)],
        [two[0][0] - 1, *(s[1] for s in two)],
        [two[0][1] - 1, *(s[0] for s in two)],
    )
    for sizes in options:
        if all(s > 0 for s in sizes):
            yield tuple(sizes)


def _assemble(
    chain: Sequence[tuple[Any, Any]],
    forms: Sequence[str],
    biases: Sequence[tuple[Any, Any]],
    sizes: Sequence[int],
) -> Chain | None:
    ours = shapes.layer_names(len(chain))
    entries: list[tuple[Any, str, str, str]] = []
    for layer, ((path, _), form) in enumerate(zip(chain, forms, strict=True)):
        bias = ours[layer][1] if "+" in form else ""
        entries.append((path, form, ours[layer][0], bias))
    left = list(range(len(chain)))
    for path, value in sorted(biases, key=lambda b: names.index_of(label(b[0]))):
        fitting = [k for k in left if shapes.bias_form(np.shape(value), sizes[k + 1])]
        if fitting:
            left.remove(fitting[0])
            form = shapes.bias_form(np.shape(value), sizes[fitting[0] + 1])
            entries.append((path, form, "", ours[fitting[0]][1]))
    spelled = labels([e[0] for e in entries])
    slots = [
        Slot(name, form, weight, bias)
        for name, (_, form, weight, bias) in zip(spelled, entries, strict=True)
    ]
    paths = {n: tuple(e[0]) for n, e in zip(spelled, entries, strict=True)}
    whole = any("+" in f for f in forms)
    return Chain(tuple(slots), paths, tuple(sizes), whole or len(slots) > len(chain))
