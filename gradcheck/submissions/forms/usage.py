"""What an argument is, as the body of its function tells: by use, not by name."""

import ast
import re
from collections.abc import Iterable, Sequence
from functools import cache

from . import names
from .names import Function
from .steps import updates
from .trees import walk

_COUNTING = ("max", "amax", "unique", "set", "bincount", "get_dummies", "fit_transform")
_SOLVER = re.compile(
    r"minimi[sz]e\w*|fmin\w*|least_squares|leastsq|lstsq|\w*solve|p?inv|curve_fit", re.I
)
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
    squared = {
        n for node in walk(function.node)
        if isinstance(node, ast.Assign) and _SQUARED.search(ast.unparse(node.value))
        for n in names.element_names(node.targets[0])
    }  # fmt: skip
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mult | ast.Div)
        and argument in (factors := _factors(node))
        and (
            _SQUARED.search(ast.unparse(node)) is not None
            or _sums(node) & squared - {""}
            or any(names.kind_of(n) == "W" for n in factors - {argument})
        )
        for node in walk(function.node)
    )


@cache
def features_in(function: Function, argument: str) -> str:
    """Say what ``n`` is beside ``m`` examples: how many features there are.

    One less than inputs where the text adds one for those that are always 1.
    """
    if argument != "n" or "m" not in function.arguments:
        return ""
    added = re.search(r"\bn \+ 1\b", ast.unparse(function.node))
    return "features" if added else "D"


@cache
def is_rounds(function: Function, argument: str) -> bool:
    """Whether an argument is how often a function changes the parameters, by its use.

    The counter of the loop picks out no example, and no layer.
    """
    return any(_rounds(n) == argument for n in walk(function.node))


@cache
def many_rounds(function: Function) -> int | None:
    """Return the line of a loop over steps that cannot be told to make only one."""
    for node in walk(function.node):
        if not isinstance(node, ast.For | ast.While):
            continue
        fixed = _rounds(node)
        endless = isinstance(node, ast.While) and updates(node)
        if endless or (fixed.isdigit() and int(fixed) > 1):
            return node.lineno
    return None


def _rounds(node: ast.AST) -> str:
    """Name or spell what a loop counts up to that repeats the same step."""
    if not (isinstance(node, ast.For) and isinstance(node.iter, ast.Call)):
        return ""
    call = node.iter
    repeats = getattr(call.func, "id", "") in ("range", "trange", "xrange")
    if not repeats or not call.args or not updates(node):
        return ""
    counters = set(names.element_names(node.target))
    for part in (p for s in node.body for p in walk(s)):
        if isinstance(part, ast.Subscript) and counters & {
            n.id for n in ast.walk(part.slice) if isinstance(n, ast.Name)
        }:
            return ""
    end = call.args[min(1, len(call.args) - 1)]
    if isinstance(end, ast.Constant):
        return str(end.value)
    return end.id if isinstance(end, ast.Name) else ""


@cache
def left_to_default(function: Function, name: str) -> bool:
    """Whether an argument is the strength of a penalty, and 0 where not given."""
    default = function.wanted[1].get(name)
    off = isinstance(default, ast.Constant) and not default.value
    return off and names.role_of(name) == "reg"


def unpenalised(steps: Sequence[Function], trees: Sequence[ast.AST]) -> tuple[str, ...]:
    """Name the strength that only the loss can be given, and that nothing gives.

    ``compute_cost(AL, Y, parameters={}, lambd=0)`` beside a backward pass without
    ``lambd`` has no penalty, unless a call of it asks for one.
    """
    spared = {a for f in steps for a in f.arguments if left_to_default(f, a)}
    wanted = {a for f in steps for a in f.arguments if names.role_of(a) == "reg"}
    alone = len(steps) > 1 and not wanted & set(steps[-1].arguments)
    if not alone or spared != wanted:
        return ()
    return () if any(_is_given(trees, f) for f in steps) else tuple(spared)


def _is_given(trees: Iterable[ast.AST], function: Function) -> bool:
    """Whether a call of a function gives the strength of its penalty."""
    arguments = function.arguments
    for node in (n for tree in trees for n in walk(tree)):
        if not isinstance(node, ast.Call):
            continue
        if (getattr(node.func, "attr", None) or getattr(node.func, "id", "")) != (
            function.name
        ):
            continue
        given = [*arguments[: len(node.args)], *(k.arg or "" for k in node.keywords)]
        if any(names.role_of(g) == "reg" for g in given):
            return True
    return False


def is_no_rate(function: Function, argument: str) -> bool:
    """Whether what is called a learning rate is none: nothing is learnt there."""
    return names.role_of(argument) == "lr" and not updates(function.node)


def _sums(node: ast.AST) -> set[str]:
    """Names that stand in the sums that are factors of a product."""
    return {
        leaf.id for part in ast.walk(node)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add)
        for leaf in (part.left, part.right) if isinstance(leaf, ast.Name)
    }  # fmt: skip


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


def solves(functions: Iterable[Function]) -> bool:
    """Whether functions leave their work to a solver: what it returns is no step."""
    return any(
        isinstance(node, ast.Call)
        and _SOLVER.fullmatch(names.element_names(node.func)[0])
        for function in functions for node in walk(function.node)
    )  # fmt: skip


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
