"""What an argument is, as the body of its function tells: by use, not by name."""

import ast
import re
from collections.abc import Iterable
from functools import cache

from . import names
from .names import Function
from .steps import updates
from .trees import walk

_COUNTING = ("max", "amax", "unique", "set", "bincount", "get_dummies", "fit_transform")
_SQUARED = re.compile(r"\*\* ?2\b|square|power|pow\(|norm\(|sqr")


@cache
def words_for(function: Function, argument: str) -> tuple[str, ...]:
    """Return the strings that an argument is compared with, in the order of the text.

    ``activation == "relu"`` wants a word, whatever else may be called so.
    """
    found: list[tuple[int, int, str]] = []
    for node in walk(function.node):
        if not isinstance(node, ast.Compare):
            continue
        parts = [node.left, *node.comparators]
        if any(isinstance(p, ast.Name) and p.id == argument for p in parts):
            found += [
                (c.lineno, c.col_offset, c.value) for p in parts for c in ast.walk(p)
                if isinstance(c, ast.Constant) and isinstance(c.value, str)
            ]  # fmt: skip
    words = [word for *_, word in sorted(found)]
    default = function.wanted[1].get(argument)
    if words and isinstance(default, ast.Constant) and isinstance(default.value, str):
        words.insert(0, default.value)
    return tuple(dict.fromkeys(words))


@cache
def is_strength(function: Function, argument: str) -> bool:
    """Whether an argument is used as the strength of a penalty, whatever its name.

    It stands bare in a product with something squared, or with weights.
    """
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mult | ast.Div)
        and argument in (factors := _factors(node))
        and (
            _SQUARED.search(ast.unparse(node)) is not None
            or any(names.kind_of(n) == "W" for n in factors - {argument})
        )
        for node in walk(function.node)
    )


def is_no_rate(function: Function, argument: str) -> bool:
    """Whether what is called a learning rate is none: nothing is learnt there."""
    return names.role_of(argument) == "lr" and not updates(function.node)


def _factors(node: ast.expr) -> set[str]:
    """Names that stand in a product or quotient, above the line: ``theta[1:].T``."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        right = _factors(node.right) if isinstance(node.op, ast.Mult) else set[str]()
        return _factors(node.left) | right
    while isinstance(node, ast.Subscript) or (
        isinstance(node, ast.Attribute) and node.attr == "T"
    ):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


@cache
def entries_of(function: Function, argument: str) -> set[int]:
    """Return the entries of an argument that stand in the text, if only such do."""
    found: set[int] = set()
    for node in walk(function.node):
        if isinstance(node, ast.Subscript) and (
            isinstance(node.value, ast.Name) and node.value.id == argument
        ):  # fmt: skip
            first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else None
            index = first or node.slice
            if not (isinstance(index, ast.Constant) and type(index.value) is int):
                return set()
            found.add(index.value)
    return found


@cache
def is_example(function: Function, argument: str) -> str:
    """Say ``"X"`` or ``"y"`` for the arguments of a backward pass that takes two.

    ``backprop(self, first_activations, expected)`` takes an example and its label,
    whatever they are called.
    """
    arguments = function.arguments
    if len(arguments) != 2 or not function.owner or function.wanted[1]:
        return ""
    if names.BACKWARD.fullmatch(function.name) is None:
        return ""
    return "X" if argument == arguments[0] else "y"


@cache
def goes_through_examples(function: Function) -> bool:
    """Whether a function has a loop over the examples, or their number."""
    return any(
        names.role_of(name) in ("X", "y", "N")
        for node in walk(function.node) if isinstance(node, ast.For)
        for part in ast.walk(node.iter)
        for name in names.element_names(part)
        if name
    )  # fmt: skip


def counts_classes(trees: Iterable[ast.AST]) -> bool:
    """Whether the file takes the number of classes from the labels that it is given.

    It then needs batches in which the last class occurs.
    """
    for node in (n for tree in trees for n in walk(tree)):
        if not isinstance(node, ast.Call):
            continue
        func = node.func
        name = getattr(func, "attr", None) or getattr(func, "id", "")
        if name not in _COUNTING:
            continue
        asked = [*node.args[:1], getattr(func, "value", None)]
        named = (n for a in asked if a for n in names.element_names(_bare(a)))
        if any(names.role_of(n) == "y" for n in named):
            return True
    return False


def _bare(value: ast.expr) -> ast.expr:
    """Return what is reshaped: ``y`` of ``y.ravel()``."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        value = value.func.value
    return value


def globals_read(node: ast.AST) -> set[str]:
    """Names that a function reads and does not define itself."""
    nodes = walk(node)
    stored = {n.arg for n in nodes if isinstance(n, ast.arg)}
    loaded: set[str] = set()
    declared: set[str] = set()
    for n in nodes:
        if isinstance(n, ast.Global):
            declared.update(n.names)
        elif isinstance(n, ast.Name):
            (stored if not isinstance(n.ctx, ast.Load) else loaded).add(n.id)
    return (loaded - stored) | (declared - stored)
