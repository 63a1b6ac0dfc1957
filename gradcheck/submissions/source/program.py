"""Backward slices: the statements of a file that build what a place holds."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from gradcheck.submissions.forms.names import kind_of, role_of
from gradcheck.submissions.forms.trees import children, walk
from gradcheck.submissions.source.stores import (
    RETURN,
    Body,
    Store,
    any_touches,
    bodies,
    last,
    place_of,
    reads,
)

_DEEPEST = 6


class Program:
    """The functions of a file, and what each node is a part of.

    Parameters
    ----------
    tree : ast.Module
        Of the file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.bodies = list(bodies(tree))
        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in walk(tree) for child in children(node)
        }
        self.bases: dict[str, list[str]] = {
            node.name: [b.id for b in node.bases if isinstance(b, ast.Name)]
            for node in walk(tree)
            if isinstance(node, ast.ClassDef)
        }

    def classes(self, owner: str) -> list[str]:
        """Return a class and those that it inherits from, as far as they are here."""
        found = [owner]
        for name in found:  # grows as it goes
            found += [b for b in self.bases.get(name, ()) if b not in found]
        return found

    def methods(self, owner: str) -> list[Body]:
        """Return the methods of a class, inherited ones too."""
        found: dict[str, Body] = {}
        for name in self.classes(owner):
            for body in self.bodies:
                if body.owner == name:
                    found.setdefault(body.name, body)
        return list(found.values())

    def entries(self, label: str) -> list[Body]:
        """Return the functions that go by a name: one, or those of a class."""
        exact = [b for b in self.bodies if label in (b.label, b.name)]
        same = [b for b in exact if b.label == label]
        owner, _, name = label.rpartition(".")
        if same or exact or (not owner and label not in self.bases):
            return same or exact
        return self.methods(label) or [b for b in self.methods(owner) if b.name == name]

    def called(self, node: ast.AST, owner: str) -> Iterator[Body]:
        """Yield the functions of the file that an expression calls."""
        for part in walk(node):
            if isinstance(part, ast.Call):
                yield from self.callee(part.func, owner)

    def callee(self, func: ast.expr, owner: str) -> list[Body]:
        """Return what a called expression names, if it is in this file."""
        if isinstance(func, ast.Name):
            return [b for b in self.bodies if b.name == func.id and not b.owner]
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            if func.value.id in ("self", "cls") and owner:
                return [b for b in self.methods(owner) if b.name == func.attr]
            return [b for b in self.bodies if b.label == f"{func.value.id}.{func.attr}"]
        return []

    def reached(self, start: Sequence[Body]) -> list[Body]:
        """Return functions and all those that they call."""
        found = list(start)
        for body in found:  # grows as it goes
            for other in self.called(body.node, body.owner):
                if other not in found:
                    found.append(other)
        return found


def _is_parameter(place: str) -> bool:
    """Whether a place is called like a parameter, or like what holds them."""
    base = last(place.partition("[")[0])
    if base in ("p", "net", "network"):  # probabilities, or an output
        return False
    return bool(kind_of(last(place))) or role_of(base) == "params"


def is_step(store: Store) -> bool:
    """Whether a store changes a parameter by a step: ``W -= lr * dW``."""
    if not _is_parameter(store.place):
        return False
    again = isinstance(store.value, ast.BinOp) and isinstance(
        store.value.op, ast.Sub | ast.Add
    )
    itself = again and place_of(store.value.left) == store.place  # type: ignore[attr-defined]
    return store.operator in ("-", "+") or itself


class Slice:
    """The stores that build what some places hold, found from the last one back.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.stores: dict[Store, Body] = {}
        self._asked: set[tuple[Body, str]] = set()

    def add(self, body: Body, store: Store) -> "Slice":
        """Add one store of a function and everything that it is made of."""
        index = body.stores.index(store)
        self.stores[store] = body
        self._trace(body, set(self._needs(store)), index, 0)
        self._into(body, store, 0)
        if store.keeps:
            self._trace(body, {store.place}, index, 0)
        return self

    def value(self, body: Body, node: ast.expr, before: Store) -> "Slice":
        """Add what an expression is made of, as read in one statement."""
        self._trace(body, reads(node), body.stores.index(before), 0)
        self._calls(body, node, None, 0)
        return self

    def _needs(self, store: Store) -> Iterator[str]:
        yield from reads(store.value)
        if isinstance(store.target, ast.Subscript):
            yield from reads(store.target.slice)
        for test in store.tests:
            yield from reads(test)

    def _trace(self, body: Body, wanted: set[str], upto: int, depth: int) -> None:
        fresh = {w for w in wanted if w and (body, w) not in self._asked}
        looped = self._back(body, set(fresh), upto, depth)
        if looped:  # what a loop reads, it may have stored the round before
            last = max(body.stores.index(s) for s in looped)
            end = last + 1
            while end < len(body.stores) and body.stores[end].loop:
                end += 1
            again = {n for s in looped for n in self._needs(s)}
            inside = {
                w for w in again
                if any(
                    s.loop and any_touches(s.place, {w}) for s in body.stores[:end]
                )
            }  # fmt: skip
            self._back(body, inside, end, depth)

    def _back(self, body: Body, wanted: set[str], upto: int, depth: int) -> list[Store]:
        looped: list[Store] = []
        for store in reversed(body.stores[:upto]):
            if store.place == RETURN or not any_touches(store.place, wanted):
                continue
            if is_step(store) and store not in self.stores:
                continue
            if store not in self.stores:
                self.stores[store] = body
                if store.loop:
                    looped.append(store)
                self._into(body, store, depth)
            if not store.keeps:
                wanted.discard(store.place)
            wanted |= set(self._needs(store))
        for place in wanted:
            if place.startswith("self.") and not _is_parameter(place):
                self._elsewhere(body, place, depth)
        return looped

    def _into(self, body: Body, store: Store, depth: int) -> None:
        self._calls(body, store.value, store.item, depth)

    def _calls(
        self, body: Body, node: ast.AST, item: tuple[int, int] | None, depth: int
    ) -> None:
        if depth > _DEEPEST:
            return
        whole = node.func if isinstance(node, ast.Call) else None
        for part in walk(node):
            if not isinstance(part, ast.Call):
                continue
            chosen = item if part.func is whole else None
            for callee in self.program.callee(part.func, body.owner):
                self._result(callee, chosen, depth + 1)

    def _result(self, body: Body, item: tuple[int, int] | None, depth: int) -> None:
        """Trace what a function returns, or one element of it."""
        key = (body, f"{RETURN} {item}")
        if key in self._asked:
            return
        self._asked.add(key)
        for index, store in enumerate(body.stores):
            if store.place != RETURN:
                continue
            node: ast.expr = store.value
            if item and isinstance(node, ast.Tuple) and len(node.elts) == item[1]:
                node = node.elts[item[0]]
            if not isinstance(node, ast.Name):
                self.stores[store] = body
            wanted = reads(node).union(*(reads(t) for t in store.tests))
            self._trace(body, wanted, index, depth)
            self._calls(body, node, None, depth)

    def _elsewhere(self, body: Body, place: str, depth: int) -> None:
        """Trace an attribute that another method of the class stored."""
        if depth > _DEEPEST:
            return
        for other in self.program.methods(body.owner):
            key = (other, place)
            if other is body or other.name == "__init__" or key in self._asked:
                continue
            self._asked.add(key)
            if any(any_touches(s.place, {place}) for s in other.stores):
                self._back(other, {place}, len(other.stores), depth + 1)


def in_order(stores: Iterable[Store]) -> list[Store]:
    """Sort stores by where they stand in the file."""
    return sorted(stores, key=lambda s: (s.value.lineno, s.value.col_offset))
