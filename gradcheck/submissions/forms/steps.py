"""What a function that changes the parameters says of the loss before the change."""

import ast
from collections.abc import Iterator, Sequence

from . import names
from .names import Function
from .trees import walk

_NO_VALUES = frozenset({"self", "np", "numpy", "math"})


def reports_loss(function: Function) -> bool:
    """Whether a step returns one loss, of the parameters as they were before it.

    A loss that is computed after the step, or in a loop of several, is not the one
    whose gradient the step takes. One without a name is a loss if it has the form of
    a cross-entropy or of a sum of squares.
    """
    returns = [
        n.value for n in names.own_nodes(function.node)
        if isinstance(n, ast.Return) and n.value is not None
    ]  # fmt: skip
    spelled = function.returned()
    if len(spelled) != 1:
        return False
    if names.COST.fullmatch(spelled[0]) or spelled[0] in ("J", "L"):
        return _before(function, {spelled[0]})
    if spelled[0] or len(returns) != 1 or not _is_cost(returns[0]):
        return False
    read = set(_read(returns[0]))
    return "" not in read and _before(function, read - set(function.arguments))


def _before(function: Function, read: set[str]) -> bool:
    """Whether these names are all assigned before a parameter is changed.

    A call of another method may assign any attribute.
    """
    written: dict[str, int] = {}
    moved: list[int] = []
    called = 0
    for node in names.own_nodes(function.node):
        if isinstance(node, ast.For | ast.While) and updates(node):
            inside = {n.id for n in walk(node) if isinstance(n, ast.Name)}
            if read & inside:
                return False
        if isinstance(node, ast.Call) and _of_self(node.func):
            called = max(called, node.lineno)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (n for t in targets for n in _stored(t)):
                written[name] = max(node.lineno, written.get(name, 0))
            if any(map(is_parameter, targets)):
                moved.append(node.lineno)
    last = [
        max(written.get(name, 0), called if name.startswith("self.") else 0)
        for name in read
    ]
    return bool(moved) and 0 not in last and max(last, default=0) < min(moved)


def _stored(target: ast.AST) -> Iterator[str]:
    """Yield what an assignment writes to: names, and attributes of ``self``."""
    for node in ast.walk(target):
        if isinstance(node, ast.Subscript | ast.Starred):
            continue
        if isinstance(node, ast.Name) and node.id != "self":
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield f"self.{node.attr}"


def _of_self(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _read(value: ast.AST) -> Iterator[str]:
    """Yield the variables of an expression; ``""`` for what is a parameter."""
    called = {id(n.func) for n in walk(value) if isinstance(n, ast.Call)}
    for node in walk(value):
        if isinstance(node, ast.Attribute) and _of_self(node):
            method = id(node) in called or names.kind_of(node.attr)
            yield "" if method else f"self.{node.attr}"
        elif isinstance(node, ast.Name) and (
            id(node) not in called and node.id not in _NO_VALUES
        ):
            yield "" if names.kind_of(node.id) else node.id


def _is_cost(value: ast.AST) -> bool:
    """Whether an expression has the form of a cross-entropy or a sum of squares."""
    if any(isinstance(n, ast.Compare) for n in walk(value)):
        return False
    for node in walk(value):
        if isinstance(node, ast.Call):
            name = (names.element_names(node.func) or [""])[0]
            if name.startswith("log") or name == "square" or names.COST.fullmatch(name):
                return True
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return True
    return False


def gives_cost(function: Function) -> bool:
    """Whether the first of what is returned is reduced to one cost, whatever its name.

    A name is followed to what was last assigned to it.
    """
    nodes = list(names.own_nodes(function.node))
    for node in nodes:
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first = node.value.elts[0]
            if isinstance(first, ast.Name):
                made = [
                    n.value for n in nodes
                    if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
                    and n.targets[0].id == first.id
                ]  # fmt: skip
                return bool(made) and _is_cost(made[-1]) and _is_reduced(made[-1])
            return _is_cost(first) and _is_reduced(first)
    return False


def _is_reduced(value: ast.AST) -> bool:
    """Whether an expression sums over everything."""
    return any(
        isinstance(n, ast.Call)
        and (names.element_names(n.func) or [""])[0] in ("sum", "mean", "average")
        and not any(k.arg == "axis" for k in n.keywords)
        for n in walk(value)
    )


def updates(node: ast.AST) -> bool:
    """Whether something below `node` changes a weight."""
    return any(
        (isinstance(n, ast.AugAssign) and is_parameter(n.target))
        or (isinstance(n, ast.Assign) and any(map(is_parameter, n.targets)))
        for n in walk(node)
    )


def is_parameter(target: ast.AST) -> bool:
    """Whether an assignment to `target` changes a weight."""
    while isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Constant) and isinstance(
            target.slice.value, str
        ):
            return names.kind_of(target.slice.value) == "W"
        target = target.value
    spelled = names.element_names(target)[0]
    return names.kind_of(spelled) == "W"


def signs(trees: Sequence[ast.AST]) -> tuple[float, ...]:
    """Return the signs that a gradient without a loss may have.

    What is added to the parameters, or to nothing that we see, may be the negative
    gradient; what is subtracted from them may not.
    """
    adds = subtracts = False
    for node in (n for tree in trees for n in walk(tree)):
        if isinstance(node, ast.AugAssign) and is_parameter(node.target):
            adds |= isinstance(node.op, ast.Add)
            subtracts |= isinstance(node.op, ast.Sub)
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.BinOp)
            and is_parameter(node.targets[0])
            and ast.unparse(node.value.left) == ast.unparse(node.targets[0])
        ):
            adds |= isinstance(node.value.op, ast.Add)
            subtracts |= isinstance(node.value.op, ast.Sub)
    return (1.0,) if subtracts else (1.0, -1.0) if not adds else (-1.0, 1.0)
