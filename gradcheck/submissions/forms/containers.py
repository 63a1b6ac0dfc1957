"""Parameters in what the file wants them in, and results out of what it returns."""

import ast
import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from . import calls, gradients, layered, names
from .calls import Board
from .fields import Fields
from .gradients import Held
from .refusal import Refused
from .trees import walk

_FILLABLE = (dict, list)
_STRENGTH = (int, float, type(None))


def contain(kind: str, parts: Sequence[str], values: Sequence[Any]) -> Any:
    """Put several parameters into what the file wants them in."""
    match kind:
        case "dict":
            return dict(zip(parts, values, strict=True))
        case "tuple":
            return tuple(values)
        case "list":
            return list(values)
        case "record":
            return Fields(**dict(zip(parts, values, strict=True)))
        case "pairs":
            return list(zip(values[::2], values[1::2], strict=True))
    if kind.startswith(layered.KIND):
        return layered.put_together(kind, values)
    order: Any = "F" if kind == "unrolled F" else "C"
    whole = np.concatenate([np.ravel(np.asarray(v), order) for v in values])
    return whole.reshape(-1, 1) if kind.endswith("column") else whole


def split(
    whole: Any, kind: str, parts: Sequence[str], held: Mapping[str, Held]
) -> dict[str, Any]:
    """Take an unrolled gradient apart again."""
    order: Any = "F" if kind == "unrolled F" else "C"
    flat, found, start = np.asarray(whole, dtype=float).reshape(-1), {}, 0
    for name in parts:
        size = int(np.size(held[name].value))
        found[name] = flat[start : start + size].reshape(held[name].shape, order=order)
        start += size
    return found


def dims_of(params: Mapping[str, Any]) -> tuple[int, ...]:
    """Return inputs, hidden widths and outputs of our parameters."""
    return _dims_of(tuple([v.shape for k, v in params.items() if k[0] in "Ww"]))


@lru_cache(1024)
def _dims_of(shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    last = shapes[-1] if shapes else ()
    return (*[shape[0] if shape else 1 for shape in shapes], math.prod(last[1:]))


def squares(params: Mapping[str, Any], free: str = "") -> float:
    """Return the sum of the squares of all weights, but for a row that is free."""
    weights = [penalised(v, free) for k, v in params.items() if k[0] in "Ww"]
    return float(sum(np.sum(np.square(v)) for v in weights))


def penalised(weight: Any, free: str) -> Any:
    """Return a weight with zeros in its ``"first"`` or ``"last"`` row, if that is free.

    It holds the bias where the inputs have a column of ones.
    """
    if not free:
        return weight
    kept = np.array(weight, dtype=float)
    kept[0 if free == "first" else -1] = 0.0
    return kept


def loss_in(result: Any, function: names.Function, alone: bool) -> float | None:
    """Find the loss in what a call returned.

    Raises
    ------
    Refused
        If the loss is there and is not one number.
    """
    found = find_loss(result, function, alone)
    return None if found is None else calls.number(found)


def find_loss(result: Any, function: names.Function, alone: bool) -> Any:
    """Return the object that is the loss in what a call returned; see `loss_in`."""
    if isinstance(result, tuple | list) and not calls.is_number(result):
        spelled = function.returned()
        if len(spelled) == len(result):
            for name, value in zip(spelled, result, strict=True):
                if calls.is_number(value) and (
                    names.is_cost(name) or name.upper() == "J"
                ):
                    return value
        for value in result:
            if calls.is_number(value) and not isinstance(value, list | tuple):
                return value
        first = result[0] if len(result) > 1 else None
        named = names.is_of_parameter(spelled[0]) if spelled else False
        if alone and isinstance(first, np.ndarray) and first.size > 1 and not named:
            raise _not_scalar(function, first)
        return None
    if isinstance(result, Mapping):
        return next((result[k] for k in ("loss", "cost", "J") if k in result), None)
    if calls.is_number(result) or result is None:
        return result
    if alone or names.is_cost(function.name):
        raise _not_scalar(function, result)
    return None


def _not_scalar(function: names.Function, value: Any) -> Refused:
    return Refused(
        "loss-not-scalar",
        f"{function.label} returns a loss of shape {np.shape(value)}, but a single "
        "number was expected: take the mean over the examples, or their sum",
        function.node.lineno,
    )


def drop_loss(named: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Take the loss out of what a call returned along with gradients."""
    for i, (name, value) in enumerate(named):
        if calls.is_number(value) and (names.is_cost(name) or name in ("J", "")):
            return [*named[:i], *named[i + 1 :]]
    return list(named)


def get(instance: Any, path: Sequence[Any]) -> Any:
    """Follow a path of attributes, keys and indices."""
    for part in path:
        if type(part) is str and not _is_box(instance):
            instance = getattr(instance, part)
        else:
            instance = instance[part]
    return instance


def _is_box(value: Any) -> bool:
    """Whether keys and indices lead into it, not attributes."""
    return isinstance(value, (dict, list, tuple, Mapping))


def put(instance: Any, path: Sequence[Any], value: Any, rebind: bool) -> None:
    """Store an array at a path; into the array that is there if not `rebind`."""
    *way, last = path
    owner = get(instance, way) if way else instance
    if not rebind:
        old = get(owner, path[-1:])
        if (
            isinstance(old, np.ndarray)
            and old.shape == np.shape(value)
            and old.dtype == np.float64
        ):
            old[...] = value
            return
    hang(owner, last, value)


def hang(owner: Any, last: Any, value: Any) -> None:
    """Store a value under a key, an index or the name of an attribute."""
    if type(owner) is dict or isinstance(owner, _FILLABLE):
        owner[last] = value
    else:
        setattr(owner, last, value)


def nested_gradients(
    instance: Any,
    paths: Mapping[str, tuple[Any, ...]],
    held: Sequence[Held],
    found: Mapping[str, Any],
) -> dict[str, Any]:
    """Look for gradients next to the parameters, in the objects that hold them."""
    more: dict[str, Any] = {}
    for item in held:
        name = item.slot.name
        if name in found or len(paths.get(name, ())) < 2:
            continue
        owner = get(instance, paths[name][:-1])
        if isinstance(owner, Mapping | list | tuple):
            continue
        last = str(paths[name][-1])
        single = Held(replace(item.slot, name=last), item.value)
        stored = [(n, v) for n, v in vars(owner).items() if n != last]
        matched = gradients.match(
            [single], [(n, v) for n, v in stored if names.looks_like_gradient(n, last)]
        )
        if matched:
            more[name] = matched[last]
    return more


def pristine(maker: Callable[[Board], Any]) -> Callable[[Board], Any]:
    """Return a maker that builds once and hands out deep copies."""
    made: dict[Any, Any] = {}

    def make(board: Board) -> Any:
        key = (board.setting.dims, len(board.setting.X))
        if key not in made:
            made[key] = maker(board)
        return copy.deepcopy(made[key])

    return make


@lru_cache(64)
def call_sites(tree: ast.AST) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Collect how functions are called and what their results are called."""
    sites: dict[str, list[list[str]]] = {}
    assigned: dict[str, list[list[str]]] = {}
    for node in walk(tree):
        if not isinstance(node, ast.Call):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and not _switched(node.value)
            ):
                name = _called(node.value)
                for target in node.targets:
                    assigned.setdefault(name, []).append(names.element_names(target))
            continue
        arguments = [(names.element_names(a) or [""])[0] for a in node.args]
        sites.setdefault(_called(node), []).append(arguments)
    return sites, assigned


def _switched(node: ast.Call) -> bool:
    """Whether a call asks for something else: ``cost(y, p, derivative=True)``."""
    return any(
        isinstance(k.value, ast.Constant) and k.value.value is True
        for k in node.keywords
    )


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def strengths(made: Any) -> tuple[str, ...]:
    """Names of the attributes of an object that hold the strength of a penalty."""
    return tuple(
        name
        for name, value in getattr(made, "__dict__", {}).items()
        if names.role_of(name) == "reg"
        and isinstance(value, _STRENGTH)
        and not isinstance(value, bool)
    )
