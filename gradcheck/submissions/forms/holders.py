"""Where a file keeps its parameters: in arguments, in containers, in an object."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from . import fields, layered, listed, names, shapes
from .dict_keys import keys_beside, unpacked
from .names import Function
from .shapes import Slot
from .trees import walk


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parameters that are passed to functions.

    Attributes
    ----------
    single : tuple of str
        Arguments that are one array each, in order.
    containers : mapping of str to (kind, keys)
        Arguments that hold several: ``"dict"``, ``"tuple"``, ``"list"`` (of weights,
        or of biases), ``"pairs"``, ``"record"`` (of attributes), or ``"layers W b"``:
        one dict a layer with these keys.
    """

    single: tuple[str, ...] = ()
    containers: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The file's names of all parameters, each once."""
        held = [k for _, keys in self.containers.values() for k in keys]
        return tuple(dict.fromkeys([*self.single, *held]))


def arguments_of(
    steps: Sequence[Function], depth: int = 3,
    helpers: Mapping[str, Function] | None = None,
) -> Arguments:  # fmt: skip
    """Find out how parameters are passed to these functions.

    What a function passes on is looked for in its `helpers`, too.
    """
    single: list[str] = []
    containers: dict[str, tuple[str, tuple[str, ...]]] = {}
    for function in steps:
        before = {name.lower() for name in single}
        for argument in function.arguments:
            nodes = [f.node for f in steps if argument in f.arguments]
            inside = layered.layered(nodes, argument, depth)
            inside = inside or _contents_below(function, argument, depth, helpers or {})
            if inside is not None:
                old = containers.get(argument)
                merged = tuple(dict.fromkeys([*(old[1] if old else ()), *inside[1]]))
                containers[argument] = (inside[0], merged)
            elif (
                argument not in single
                and argument.lower() not in before
                and (names.kind_of(argument) or _one_array(function.node, argument))
            ):
                single.append(argument)
    lists = {n: c for n, c in containers.items() if c[0] == "list"}
    containers = {n: c for n, c in containers.items() if n not in lists}
    order = [k for f in steps for a in f.arguments for k in unpacked(f.node, a)]
    held = [k for _, keys in containers.values() for k in keys]
    every = tuple(dict.fromkeys([*(k for k in order if k in held), *held]))
    if every and len({kind for kind, _ in containers.values()}) == 1:
        kind = next(iter(containers.values()))[0]
        containers = dict.fromkeys(containers, (kind, every))
    for function in steps:  # the same dict, in a function that only passes it on
        for argument in function.arguments:
            if every and argument not in containers and (
                names.role_of(argument) == "params" and argument not in single
            ):  # fmt: skip
                containers[argument] = (next(iter(containers.values()))[0], every)
    containers |= lists
    if containers:
        single = [s for s in single if s not in containers]
    return Arguments(tuple(single), containers)


_MERGED = ("dict", "record")


def _contents_below(
    function: Function, argument: str, depth: int, helpers: Mapping[str, Function],
    levels: int = 3,
) -> tuple[str, tuple[str, ...]] | None:  # fmt: skip
    """Read what an argument holds from a function and from those it passes it on to."""
    found = contents(function.node, argument, depth)
    if found is not None and found[0] not in _MERGED:
        return found
    for helper, own in _passed_on(function, argument, helpers) if levels else ():
        below = _contents_below(helper, own, depth, helpers, levels - 1)
        if below is None or below[0] not in _MERGED:
            continue
        keys = [*(found[1] if found else ()), *below[1]]
        kind = found[0] if found else below[0]
        found = kind, tuple(sorted(dict.fromkeys(keys), key=_dict_order))
    return found


def _passed_on(
    function: Function, argument: str, helpers: Mapping[str, Function]
) -> Iterator[tuple[Function, str]]:
    """Yield the helpers that get an argument from a function, and its name there."""
    for call in walk(function.node):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        helper = helpers.get(call.func.id)
        if helper is None or helper.node is function.node:
            continue
        named = {k.arg: k.value for k in call.keywords if k.arg}
        given = {**dict(zip(helper.arguments, call.args, strict=False)), **named}
        for name, value in given.items():
            if isinstance(value, ast.Name) and value.id == argument:
                yield helper, name


def _one_array(node: ast.AST, argument: str) -> bool:
    """Whether an argument for parameters is one array of weights by another name."""
    return names.role_of(argument) == "params" and any(
        isinstance(n, ast.Assign)
        and isinstance(n.targets[0], ast.Name)
        and names.kind_of(n.targets[0].id) == "W"
        and ast.unparse(n.value).startswith(f"{argument}.reshape(")
        for n in ast.walk(node)
    )


def contents(
    node: ast.AST, argument: str, depth: int
) -> tuple[str, tuple[str, ...]] | None:
    """Read from a function's body what its argument holds, if several parameters."""
    for kind, reading in (("list", listed.listed), ("pairs", listed.paired)):
        items = reading(node, argument, depth)
        if items:
            return kind, items
    keys: list[str] = []
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Subscript)
            and isinstance(part.value, ast.Name)
            and part.value.id == argument
        ):
            keys += _keys(part.slice, depth)
        elif isinstance(part, ast.Assign) and isinstance(part.value, ast.Name):
            target = part.targets[0]
            if part.value.id == argument and isinstance(target, ast.Tuple | ast.List):
                spelled = names.element_names(target)
                if len(spelled) > 1 and all(names.kind_of(n) for n in spelled):
                    return "tuple", tuple(spelled)
    keys += [*keys_beside(node, argument), *unpacked(node, argument)]
    keys = [k for k in dict.fromkeys(keys) if names.kind_of(k)]
    kind = "dict" if keys else "record"
    keys = keys or fields.attributes_of(node, argument)
    if not keys:
        return None
    return kind, tuple(sorted(keys, key=_dict_order))


def _dict_order(key: str) -> tuple[float, int]:
    return names.index_of(key), names.kind_of(key) == "b"


def _keys(index: ast.expr, depth: int) -> list[str]:
    if isinstance(index, ast.Constant):
        return [index.value] if isinstance(index.value, str) else []
    stem = None
    if isinstance(index, ast.BinOp) and isinstance(index.left, ast.Constant):
        stem = index.left.value
    elif isinstance(index, ast.JoinedStr) and index.values:
        first = index.values[0]
        stem = first.value if isinstance(first, ast.Constant) else None
    elif (
        isinstance(index, ast.Call)
        and isinstance(index.func, ast.Attribute)
        and isinstance(index.func.value, ast.Constant)
    ):
        stem = index.func.value.value
    if not isinstance(stem, str):
        return []
    stem = re.sub(r"%[a-z0-9]+|\{.*?\}", "", stem)
    return [f"{stem}{k}" for k in range(1, depth + 1)] if names.kind_of(stem) else []


def in_order(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split names into weights and biases, each first layer first."""
    weights = [k for k in keys if listed.kind_of(k) == "W"]
    biases = [k for k in keys if listed.kind_of(k) == "b"]
    return (
        sorted(weights, key=lambda k: (names.index_of(k), weights.index(k))),
        sorted(biases, key=lambda k: (names.index_of(k), biases.index(k))),
    )


def slots_for(
    weights: Sequence[str], biases: Sequence[str], weight: str, bias: str
) -> tuple[Slot, ...]:
    """Give each of the file's parameters its form and our name."""
    ours = shapes.layer_names(len(weights))
    slots = []
    for layer, name in enumerate(weights):
        form = weight
        if weight.startswith("last "):
            form = weight[5:] if layer == len(weights) - 1 else "in_out"
        slots.append(
            Slot(name, form, ours[layer][0], ours[layer][1] if "+" in form else "")
        )
    for layer, name in enumerate(biases):
        form = bias
        if bias.startswith("last "):
            form = bias[5:] if layer == len(biases) - 1 else "flat"
        slots.append(Slot(name, form, "", ours[layer][1]))
    return tuple(slots)
