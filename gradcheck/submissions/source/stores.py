"""What a function stores where, in the order of its lines."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gradcheck.submissions.forms.trees import children, walk

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
RETURN = "return"
_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "/",
    ast.MatMult: "@", ast.Pow: "**",
}  # fmt: skip
_GROWING = ("append", "insert", "extend", "update", "appendleft")


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """One value put in one place.

    Attributes
    ----------
    place : str
        ``"dW"``, ``"self.dW"``, ``"grads['W1']"``; ``"return"`` for a returned value.
    value : ast.expr
        What is stored.
    node : ast.stmt
        The statement.
    operator : str
        Of an augmented assignment, or empty.
    target : ast.expr or None
        As it is written.
    tests : tuple of ast.expr
        Conditions under which it happens.
    loop : bool
        Whether it is in a loop.
    partial : bool
        Whether some of what was there stays.
    item : tuple of (int, int) or None
        Which element of a value of how many.
    """

    place: str
    value: ast.expr
    node: ast.stmt
    operator: str = ""
    target: ast.expr | None = None
    tests: tuple[ast.expr, ...] = ()
    loop: bool = False
    partial: bool = False
    item: tuple[int, int] | None = None

    @property
    def keeps(self) -> bool:
        """Whether what was stored before still matters."""
        return bool(self.operator or self.partial or self.tests or self.loop)


@dataclass(slots=True, eq=False)
class Body:
    """A function of the file: its name, its class, and what it stores in order."""

    name: str
    owner: str
    node: Function
    stores: list[Store] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The name under which a reader finds it."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


def bodies(tree: ast.Module) -> Iterator[Body]:
    """Yield the functions of a module and the methods of its classes."""
    pending: list[tuple[str, ast.AST]] = [("", node) for node in tree.body]
    for owner, node in pending:  # grows as it goes
        if isinstance(node, ast.ClassDef):
            pending += [(node.name, child) for child in node.body]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Body(node.name, owner, node, list(_flat(node.body, (), False)))
            pending += [
                ("", n) for n in walk(node)
                if isinstance(n, ast.FunctionDef) and n is not node
            ]  # fmt: skip
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    store = Store(RETURN, node.value.body, node)
                    yield Body(target.id, owner, node.value, [store])
        elif isinstance(node, ast.If | ast.Try):
            pending += [(owner, child) for child in node.body]


def _flat(
    body: Sequence[ast.stmt], tests: tuple[ast.expr, ...], loop: bool
) -> Iterator[Store]:
    for node in body:
        if isinstance(node, ast.For | ast.AsyncFor):
            yield from _assign(node.target, node.iter, node, tests, True, partial=True)
            yield from _flat([*node.body, *node.orelse], tests, True)
        elif isinstance(node, ast.While):
            yield from _flat([*node.body, *node.orelse], tests, True)
        elif isinstance(node, ast.If):
            inside = (*tests, node.test)
            yield from _flat([*node.body, *node.orelse], inside, loop)
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from _flat(node.body, tests, loop)
        elif isinstance(node, ast.Try):
            yield from _flat([*node.body, *node.orelse, *node.finalbody], tests, loop)
        else:
            yield from _simple(node, tests, loop)


def _simple(
    node: ast.stmt, tests: tuple[ast.expr, ...], loop: bool
) -> Iterator[Store]:  # fmt: skip
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assign(target, node.value, node, tests, loop)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _assign(node.target, node.value, node, tests, loop)
    elif isinstance(node, ast.AugAssign):
        operator = _OPERATORS.get(type(node.op), "?")
        yield Store(
            place_of(node.target), node.value, node, operator, node.target, tests, loop
        )
    elif isinstance(node, ast.Return) and node.value is not None:
        yield Store(RETURN, node.value, node, "", None, tests, loop, True)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _call(node.value, node, tests, loop)


def _assign(
    target: ast.expr, value: ast.expr, node: ast.stmt, tests: tuple[ast.expr, ...],
    loop: bool, *, partial: bool = False,
) -> Iterator[Store]:  # fmt: skip
    if isinstance(target, ast.Tuple | ast.List):
        count = len(target.elts)
        pairs = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == count
        for i, element in enumerate(target.elts):
            if pairs and not partial:
                part = value.elts[i]  # type: ignore[attr-defined]
                yield from _assign(element, part, node, tests, loop)
            else:
                yield Store(
                    place_of(element), value, node, "", element, tests, loop, partial,
                    (i, count),
                )  # fmt: skip
        return
    some = partial or (isinstance(target, ast.Subscript) and key_of(target) is None)
    yield Store(place_of(target), value, node, "", target, tests, loop, some)


def _call(
    call: ast.Call, node: ast.stmt, tests: tuple[ast.expr, ...], loop: bool
) -> Iterator[Store]:
    """See what ``list.append(x)`` and ``np.add.at(a, i, x)`` store."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return
    if call.func.attr in _GROWING:
        place = place_of(call.func.value)
        yield Store(place, call.args[-1], node, "", None, tests, loop, True)
    elif call.func.attr == "at" and len(call.args) == 3:
        array, index, value = call.args
        target = ast.Subscript(value=array, slice=index, ctx=ast.Load())
        yield Store(place_of(array), value, node, "+", target, tests, loop, True)


def key_of(node: ast.Subscript) -> str | None:
    """Return the literal key of a subscript, if it has one."""
    key = node.slice
    literal = isinstance(key, ast.Constant) and isinstance(key.value, str)
    return str(key.value) if literal else None  # type: ignore[attr-defined]


def place_of(node: ast.expr) -> str:
    """Name what an expression denotes; an empty string if it denotes no place.

    Examples
    --------
    >>> [place_of(ast.parse(e, mode="eval").body) for e in ("x.T", "self.p['W'][0]")]
    ['x', "self.p['W']"]
    """
    trail: list[ast.expr] = []
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        trail.append(node)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    place = node.id
    for part in reversed(trail):
        if isinstance(part, ast.Attribute) and place in ("self", "cls"):
            place += f".{part.attr}"
        elif isinstance(part, ast.Subscript) and key_of(part) is not None:
            place += f"[{key_of(part)!r}]"
        else:
            break
    return place


def reads(node: ast.AST) -> set[str]:
    """Return the places that an expression reads.

    Examples
    --------
    >>> sorted(reads(ast.parse("h.T @ grads['b1'][i] + self.W")))
    ["grads['b1']", 'h', 'i', 'self.W']
    """
    found: set[str] = set()
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Attribute | ast.Subscript | ast.Name):
            place = place_of(part)
            if place:
                found.add(place)
                while not isinstance(part, ast.Name):
                    if isinstance(part, ast.Subscript):
                        pending.append(part.slice)
                    part = part.value  # type: ignore[attr-defined,union-attr]
                continue
        pending.extend(children(part))
    return found


def last(place: str) -> str:
    """Return the last word of a place: ``self.dW``, ``grads['dW']`` -> ``dW``."""
    if place.endswith("']"):
        return place.split("['")[-1][:-2]
    return place.rpartition(".")[2]


def touches(place: str, wanted: str) -> bool:
    """Whether a store in one place changes what is read from another."""
    if place == wanted:
        return True
    longer, shorter = (place, wanted) if len(place) > len(wanted) else (wanted, place)
    return longer.startswith((f"{shorter}[", f"{shorter}."))


def any_touches(place: str, wanted: Iterable[str]) -> bool:
    """Whether a store in a place changes any of those wanted."""
    return any(touches(place, w) for w in wanted)
