"""Parameters and gradients in one dict a layer: ``[{"W": W1, "b": b1}, ...]``."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from . import names
from .trees import walk

KIND = "layers"
"""How the kind of such a container begins; the keys of its dicts follow."""

_PLACE = re.compile(r"(.*)\[(\d+)\]\.([^.\[\]]+)")
_KEPT = re.compile(r".*(cache|store|memory|history|saved|state).*", re.I)
_OVER = frozenset({"zip", "enumerate", "reversed", "list", "tuple"})


# Parameters


def layered(
    nodes: Sequence[ast.AST], argument: str, depth: int
) -> tuple[str, tuple[str, ...]] | None:
    """Read from functions that an argument holds one dict a layer, and what is in it.

    Parameters
    ----------
    nodes : sequence of ast.AST
        Functions that have the argument.
    argument : str
        Its name.
    depth : int
        Number of layers, where the text does not tell.

    Returns
    -------
    tuple or None
        The kind of the container, such as ``"layers W b"``, and our names of what it
        holds in order; None where it is something else.
    """
    if _KEPT.fullmatch(argument):
        return None
    keys: list[str] = []
    last = -1
    for node in nodes:
        dicts = _dicts(node, argument)
        known = [n for n in dicts.values() if n is not None]
        last = max([last, _unpacked(node, argument) - 1, *known])
        keys += [key for owner, key in _asked(node) if owner in dicts]
        for owner, key in _asked(node, argument):
            index = re.fullmatch(r".*\[(\d+)\]", owner)
            last = max(last, int(index[1]) if index else -1)
            keys.append(key)
    by_kind = {names.kind_of(key): key for key in reversed(keys)}
    if "W" not in by_kind:
        return None
    kept = {kind: by_kind[kind] for kind in "Wb" if kind in by_kind}
    layers = range(1, (last + 1 if last >= 0 else depth) + 1)
    parts = tuple(f"{kind}{k}" for k in layers for kind in kept)
    return " ".join([KIND, *kept.values()]), parts


def put_together(kind: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Put parameters into one dict a layer."""
    keys = kind.split()[1:]
    return [
        dict(zip(keys, values[k : k + len(keys)], strict=True))
        for k in range(0, len(values), len(keys))
    ]


def _asked(node: ast.AST, argument: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is asked for a parameter: a name, or a place of `argument`."""
    for part in walk(node):
        if not (isinstance(part, ast.Subscript) and _is_key(part.slice)):
            continue
        key: str = part.slice.value  # type: ignore[attr-defined]
        if argument and _is_place(part.value, argument):
            yield ast.unparse(part.value), key
        elif not argument and isinstance(part.value, ast.Name):
            yield part.value.id, key


def _dicts(node: ast.AST, argument: str) -> dict[str, int | None]:
    """Name the variables that are one of the dicts, with the place that they tell."""
    found: dict[str, int | None] = {}
    for part in walk(node):
        if isinstance(part, ast.For | ast.comprehension):
            if argument in _iterated(part.iter):
                found |= dict.fromkeys(_variables(part.target), None)
        elif isinstance(part, ast.Assign):
            target = part.targets[0]
            if _is_place(part.value, argument):
                place = _number(part.value.slice)  # type: ignore[attr-defined]
                for name in _variables(target):
                    known = [n for n in (place, found.get(name)) if n is not None]
                    found[name] = max(known, default=None)
            elif _name(part.value) == argument and isinstance(
                target, ast.Tuple | ast.List
            ):
                found |= {n: k for k, n in enumerate(_variables(target))}
    return found


def _unpacked(node: ast.AST, argument: str) -> int:
    """Count what is taken apart: ``first, second = [f(l) for l in params]``."""
    return max(
        (
            len(part.targets[0].elts)
            for part in walk(node)
            if isinstance(part, ast.Assign)
            and isinstance(part.targets[0], ast.Tuple | ast.List)
            and isinstance(part.value, ast.ListComp | ast.GeneratorExp)
            and argument in _iterated(part.value.generators[0].iter)
        ),
        default=0,
    )


def _number(index: ast.AST) -> int | None:
    value = index.value if isinstance(index, ast.Constant) else None
    return value if type(value) is int else None


def _is_key(index: ast.AST) -> bool:
    """Whether an index names a parameter of some layer: ``"W"``, not ``"W1"``."""
    value = index.value if isinstance(index, ast.Constant) else None
    return isinstance(value, str) and _is_bare(value)


def _is_bare(key: str) -> bool:
    return bool(names.kind_of(key)) and not re.search(r"\d", key)


def _is_place(value: ast.AST, argument: str) -> bool:
    """Whether an expression is one item of `argument`, by its number."""
    return (
        isinstance(value, ast.Subscript)
        and _name(value.value) == argument
        and not isinstance(value.slice, ast.Tuple | ast.Slice)
        and not (
            isinstance(value.slice, ast.Constant) and type(value.slice.value) is not int
        )
    )


def _iterated(value: ast.AST) -> list[str]:
    if isinstance(value, ast.Call) and _name(value.func) in _OVER:
        return [name for a in value.args for name in _iterated(a)]
    return [_name(value)]


def _variables(target: ast.AST) -> list[str]:
    return [n.id for n in walk(target) if isinstance(n, ast.Name)] or [_name(target)]


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


# Gradients


def spread(label: str, value: Any) -> list[tuple[str, Any]] | None:
    """Name what a list of one dict a layer holds: ``grads[0].dW``; None if it is none.

    A dict of such dicts counts, if its keys are numbered.
    """
    layers = value
    if isinstance(value, Mapping):
        if not all(re.search(r"\d", str(key)) for key in value):
            return None
        layers = list(value.values())
    if not isinstance(layers, list | tuple) or not _are_layers(layers):
        return None
    return [
        (f"{label}[{k}].{key}", array)
        for k, layer in enumerate(layers)
        for key, array in (layer or {}).items()
    ]


def _are_layers(layers: Sequence[Any]) -> bool:
    """Whether all are dicts, or None, and some hold something of a parameter."""
    return all(v is None or isinstance(v, Mapping) for v in layers) and any(
        _kind_of(key) for v in layers for key in v or () if isinstance(key, str)
    )


@lru_cache(4096)
def _kind_of(key: str) -> str:
    """Return the kind of the parameter that a key of a layer's dict speaks of."""
    plain = names.plain(key)
    return "" if re.search(r"\d", plain) else names.kind_of(plain)


def ranked(wanted: Iterable[str], labels: Sequence[str]) -> dict[str, int]:
    """Pair parameters with the places of gradients that `spread` has named.

    The first dict with a weight's gradient holds that of the first weight.

    Parameters
    ----------
    wanted : iterable of str
        Names of parameters.
    labels : sequence of str
        Names of what may be gradients.

    Returns
    -------
    dict
        From the name of a parameter to the number of a label.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for number, label in enumerate(labels):
        place = _PLACE.fullmatch(label)
        if place is not None and _kind_of(place[3]):
            groups.setdefault((place[1], place[3]), []).append(number)
    found: dict[str, int] = {}
    if not groups:
        return found
    order = sorted(groups, key=lambda g: (bool(_KEPT.fullmatch(g[0])), _is_bare(g[1])))
    every = list(wanted)
    for kind in "Wb":
        own = sorted([n for n in every if _held(n) == kind], key=names.index_of)
        for group in order:
            if _kind_of(group[1]) == kind and len(groups[group]) == len(own):
                found |= dict(zip(own, groups[group], strict=True))
                break
    return found


def _held(name: str) -> str:
    """Return the kind of a parameter, of ``layers[0].W`` too."""
    return names.kind_of(re.sub(r"\[\d+\]$", "", name.split(".")[-1]))
