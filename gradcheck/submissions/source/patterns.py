"""What an expression looks like: a penalty, a division by N, a one-hot, a mask."""

import ast
from collections.abc import Iterable, Iterator

from gradcheck.submissions.forms.names import role_of
from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source.program import Program
from gradcheck.submissions.source.stores import Store, last, place_of, reads

Spot = tuple[Store, ast.expr | ast.stmt]
_PRODUCT = (ast.BinOp, ast.UnaryOp)
_SUMS = ("sum", "mean", "average", "trace", "norm", "square", "dot", "vdot", "einsum")
_HOT = ("hot", "ind", "indicator", "eye", "target", "truth", "y_true")


def word_of(node: ast.AST) -> str:
    """Return the last word of the place or function that a node names."""
    if isinstance(node, ast.Call):
        return word_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return last(place_of(node)) if isinstance(node, ast.Name | ast.Subscript) else ""


def calls(node: ast.AST, names: Iterable[str]) -> Iterator[ast.Call]:
    """Yield the calls of functions of some names."""
    wanted = tuple(names)
    for part in walk(node):
        if isinstance(part, ast.Call) and word_of(part) in wanted:
            yield part


def number(node: ast.AST) -> float | None:
    """Return the value of a literal number, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    return None


def _is_reg(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript) and not place_of(node).endswith("]"):
        return False
    return (
        isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        and role_of(word_of(node)) == "reg"
    )


def penalties(program: Program, stores: Iterable[Store]) -> list[Spot]:
    """Find the terms that the strength of the penalty multiplies."""
    found: list[Spot] = []
    for store in stores:
        for part in walk(store.value):
            if not _is_reg(part):
                continue
            term = _term(program, part)
            if (isinstance(term, ast.BinOp) and _weighs(store, term)) or (
                term is store.value and store.operator == "*"
            ):
                found.append((store, term))
    return list({spot[1]: spot for spot in found}.values())


def _weighs(store: Store, term: ast.expr) -> bool:
    return any(role_of(last(p)) != "reg" for p in reads(term)) or bool(store.operator)


def _term(program: Program, node: ast.AST) -> ast.expr:
    """Climb from a factor to the whole product."""
    while True:
        above = program.parents.get(node)
        product = isinstance(above, ast.BinOp) and not isinstance(
            above.op, ast.Add | ast.Sub
        )
        if not product and not isinstance(above, ast.UnaryOp):
            return node  # type: ignore[return-value]
        node = above  # type: ignore[assignment]


def of_the_loss(node: ast.AST) -> bool:
    """Whether a penalty is that of a loss: it sums squares."""
    powers = any(
        isinstance(p, ast.BinOp) and isinstance(p.op, ast.Pow) for p in walk(node)
    )
    return powers or any(True for _ in calls(node, _SUMS))


def is_count(node: ast.AST, names: Iterable[str] = ()) -> bool:
    """Whether a node is a number of examples, as far as its looks go."""
    if isinstance(node, ast.UnaryOp):
        return is_count(node.operand, names)
    if isinstance(node, ast.Call):
        inner = word_of(node) in ("float", "int", "float64") and node.args
        return word_of(node) == "len" or (bool(inner) and is_count(node.args[0], names))
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    word = word_of(node)
    return role_of(word) == "N" or (bool(word) and word in names)


def counts(stores: Iterable[Store]) -> set[str]:
    """Return names that hold a number of examples, whatever they are called."""
    found = set()
    for store in stores:
        shape = isinstance(store.value, ast.Attribute) and store.value.attr == "shape"
        if (is_count(store.value) and not isinstance(store.value, ast.Name)) or (
            shape and store.item is not None and store.item[0] == 0
        ):
            found.add(last(store.place))
    return found - {""}


def divisions(stores: Iterable[Store], names: Iterable[str] = ()) -> list[Spot]:
    """Find what is divided by the number of examples, or averaged."""
    found: list[Spot] = []
    names = set(names)
    for store in stores:
        if store.operator == "/" and is_count(store.value, names):
            found.append((store, store.node))
        for part in walk(store.value):
            over = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
            if over and is_count(part.right, names):  # type: ignore[attr-defined]
                found.append((store, part))  # type: ignore[arg-type]
            elif isinstance(part, ast.Call) and word_of(part) in ("mean", "average"):
                found.append((store, part))
    return found


def normalisations(stores: Iterable[Store]) -> list[Spot]:
    """Find what is divided by a sum."""
    stores = list(stores)
    sums = {
        s.place for s in stores
        if not s.operator and any(True for _ in calls(s.value, ("sum",)))
        and not any(
            isinstance(p, ast.BinOp) and isinstance(p.op, ast.Div)
            for p in walk(s.value)
        )
    }  # fmt: skip

    def is_sum(node: ast.expr) -> bool:
        return place_of(node) in sums or any(True for _ in calls(node, ("sum",)))

    found: list[Spot] = []
    for store in stores:
        if store.operator == "/" and is_sum(store.value):
            found.append((store, store.node))
        for part in walk(store.value):
            over = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
            if over and is_sum(part.right):  # type: ignore[attr-defined]
                found.append((store, part))  # type: ignore[arg-type]
    return found


def is_target(node: ast.AST) -> bool:
    """Whether a node is the targets, or a one-hot of the labels."""
    if isinstance(node, ast.Call):
        return any(h in word_of(node).lower() for h in ("hot", "target"))
    if isinstance(node, ast.Subscript) and any(True for _ in calls(node, ("eye",))):
        return True
    word = word_of(node).lower()
    bare = word != "d" and role_of(word) == "y"
    return bare or "hot" in word or word in _HOT


def by_label(store: Store) -> bool:
    """Whether a store goes to places that the labels choose: ``p[rows, y] -= 1``."""
    target = store.target
    while isinstance(target, ast.Subscript):
        if any(is_target(part) for part in walk(target.slice)):
            return True
        target = target.value
    return False


def one_hots(stores: Iterable[Store]) -> list[Spot]:
    """Find where the one-hot is subtracted from, or added to, what is there."""
    found: list[Spot] = []
    for store in stores:
        if store.operator in ("+", "-") and number(store.value) is not None:
            if by_label(store):
                found.append((store, store.node))
            continue
        if store.operator in ("+", "-") and is_target(store.value):
            found.append((store, store.node))
        for part in walk(store.value):
            pair = isinstance(part, ast.BinOp) and isinstance(
                part.op, ast.Sub | ast.Add
            )
            sides = [part.left, part.right] if pair else []  # type: ignore[attr-defined]
            literal = any(number(side) is not None for side in sides)
            if any(is_target(side) for side in sides) and not literal:
                found.append((store, part))  # type: ignore[arg-type]
    return found


def lost(stores: Iterable[Store]) -> list[Spot]:
    """Find changes of a copy: ``d[rows, y][:5] -= 1`` leaves ``d`` as it is."""
    return [
        (s, s.node) for s in stores
        if s.operator and isinstance(s.target, ast.Subscript)
        and isinstance(s.target.value, ast.Subscript)
        and isinstance(s.target.value.slice, ast.Tuple) and by_label(s)
    ]  # fmt: skip


def masks(stores: Iterable[Store]) -> list[Spot]:
    """Find comparisons with a number: what a derivative of ReLU looks like."""
    found: list[Spot] = []
    for store in stores:
        parts = [store.value]
        if isinstance(store.target, ast.Subscript):
            parts.append(store.target.slice)
        for tree in (*parts, *store.tests):
            found += [
                (store, part) for part in walk(tree)
                if isinstance(part, ast.Compare) and len(part.ops) == 1
                and isinstance(part.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE)
                and (number(part.left), number(part.comparators[0])) != (None, None)
            ]  # fmt: skip
    return list({spot[1]: spot for spot in found}.values())


def logistic_products(stores: Iterable[Store]) -> list[Spot]:
    """Find products ``p * (1 - p)``."""
    found: list[Spot] = []
    for store in stores:
        for part in walk(store.value):
            ones = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub)
            if ones and number(part.left) == 1.0:  # type: ignore[attr-defined]
                found.append((store, part))  # type: ignore[arg-type]
    return found


def is_plain(node: ast.AST) -> bool:
    """Whether a value is only another name, or a copy, or zeros to begin with."""
    if isinstance(node, ast.Call) and word_of(node) in ("copy", "array", "deepcopy"):
        return True
    empty = ("zeros", "zeros_like", "empty", "empty_like", "dict", "full")
    if isinstance(node, ast.Call) and word_of(node) in empty:
        return True
    if isinstance(node, ast.Constant | ast.Dict) or number(node) is not None:
        return True
    if isinstance(node, ast.List | ast.Tuple):
        return all(is_plain(e) for e in node.elts)
    return isinstance(node, ast.Name | ast.Attribute) or (
        isinstance(node, ast.Subscript) and place_of(node).endswith("]")
    )


def negations(stores: Iterable[Store]) -> list[Spot]:
    """Find divisions by, and products with, what bears a minus."""
    found: list[Spot] = []
    for store in stores:
        minus = isinstance(store.value, ast.UnaryOp) and isinstance(
            store.value.op, ast.USub
        )
        if store.operator in ("/", "*") and minus:
            found.append((store, store.node))
            continue
        for part in walk(store.value):
            negated = isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub)
            if negated and number(part) in (None, -1.0):
                found.append((store, part))  # type: ignore[arg-type]
    return found
