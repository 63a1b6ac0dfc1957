"""Names of the parameters that a dict holds, where no subscript spells them out."""

import ast
from collections.abc import Iterator

from . import names
from .trees import walk

_GETTERS = ("get", "itemgetter", "map")


def keys_beside(node: ast.AST, argument: str) -> list[str]:
    """Return the strings with which a function asks its argument for parameters.

    ``(parameters[k] for k in ["W1", "b1"])`` asks for two; so do a loop,
    ``itemgetter("W1", "b1")(parameters)`` and ``map(parameters.get, ["W1", "b1"])``.
    """
    found: list[str] = []
    for part in walk(node):
        if isinstance(part, ast.For) and _asked_with(part, part.target, argument):
            found += _strings(part.iter)
        elif isinstance(part, ast.GeneratorExp | ast.ListComp | ast.DictComp):
            for loop in part.generators:
                if _asked_with(part, loop.target, argument):
                    found += _strings(loop.iter)
        elif isinstance(part, ast.Call) and _mentions(part, argument):
            called = {
                name for n in ast.walk(part.func) for name in names.element_names(n)
            }
            found += _strings(part) if called & set(_GETTERS) else []
    return list(dict.fromkeys(found))


def unpacked(node: ast.AST, argument: str) -> list[str]:
    """Return what the values of a dict are called, in their order.

    ``W1, b1, W2, b2 = parameters.values()`` tells the order in which they lie there.
    """
    for part in walk(node):
        if isinstance(part, ast.Assign) and any(
            isinstance(n, ast.Attribute) and n.attr == "values"
            and isinstance(n.value, ast.Name) and n.value.id == argument
            for n in _unwrapped(part.value)
        ):  # fmt: skip
            spelled = names.element_names(part.targets[0])
            if len(spelled) > 1 and all(map(names.kind_of, spelled)):
                return spelled
    return []


def _unwrapped(value: ast.expr) -> Iterator[ast.expr]:
    """Yield what is called, through ``list(...)`` and ``tuple(...)``."""
    while isinstance(value, ast.Call):
        yield value.func
        if not value.args:
            return
        value = value.args[0]


def _asked_with(node: ast.AST, target: ast.AST, argument: str) -> bool:
    """Whether an argument is subscripted with the variable of a loop, or gets it."""
    key = target.id if isinstance(target, ast.Name) else ""
    spelled = (f"{argument}[{key}]", f"{argument}.get({key})")
    return bool(key) and any(
        isinstance(n, ast.Subscript | ast.Call) and ast.unparse(n) in spelled
        for n in ast.walk(node)
    )


def _strings(node: ast.AST) -> list[str]:
    return [
        n.value for n in ast.walk(node)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
        and names.kind_of(n.value)
    ]  # fmt: skip


def _mentions(node: ast.AST, argument: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == argument for n in ast.walk(node))
