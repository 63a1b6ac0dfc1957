"""Which statement makes a mistake that has no name."""

import ast
from collections.abc import Sequence
from itertools import pairwise

from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case, layer
from gradcheck.submissions.source.recursion import turned_weights
from gradcheck.submissions.source.rules import (
    Guess,
    guess,
    single,
    whole,
)
from gradcheck.submissions.source.stores import (
    RETURN,
    Store,
    any_touches,
    key_of,
    last,
    place_of,
    reads,
)

_PRODUCTS = ("dot", "matmul")


def measured(case: Case) -> Guess | None:
    """Point at what builds a wrong gradient and none of the right ones, if one does."""
    copies = patterns.lost(case.made())
    if copies:
        return guess(single(copies), "changes a copy")
    if len(case.names) != 1 or not case.right or not case.touched:
        return None
    innocent = {
        s for n in case.right if n in case.matched
        for s in case.matched[n].made.stores
    }  # fmt: skip
    guilty = [s for s in case.made() if s not in innocent]
    if case.names[0] in case.right or any(n not in case.matched for n in case.right):
        return None
    if len(guilty) == 1:
        return Guess(whole(guilty[0]), "")
    return _unused(case, guilty) or _on_the_way(case)


def _unused(case: Case, guilty: Sequence[Store]) -> Guess | None:
    """Point at the statement after a delta that nothing reads, though it should."""
    read = {p for b in case.program.bodies for s in b.stores for p in _looks(s)}
    ends = {s for root in case.roots for s in root.stores}
    stores = case.touched[0].body.stores
    found = [
        (after, f"{before.place} is not used")
        for before, after in pairwise(stores)
        if after in guilty and before.place.isidentifier() and before.place != RETURN
        and before not in ends and not any_touches(before.place, read)
        and not before.operator and any(map(turned_weights, walk(before.value)))
    ]  # fmt: skip
    return Guess(whole(found[0][0]), found[0][1]) if len(found) == 1 else None


def _on_the_way(case: Case) -> Guess | None:
    """Point at the one statement that a delta owes its mistake to.

    The bias's gradient must be that delta's plain sum: then the delta is wrong where
    that gradient is. What multiplies a right delta by its right weights is innocent.
    """
    bias = case.matched.get(f"b{case.names[0][1:]}")
    names = {n for n in case.matched if layer(n) == layer(case.names[0])}
    if bias is None or names & case.right or len(bias.stores) != 1:
        return None
    delta = _summed(bias.stores[0].value)
    chain = [s for s in case.chain() if s.operator or not patterns.is_plain(s.value)]
    left = [s for s in chain if not _comes_down(case, s)]
    if len(left) != 1 or left[0].place != delta or len(chain) == len(left):
        return None
    return Guess(whole(left[0]), "")


def _summed(node: ast.expr) -> str:
    """Return the place whose sum over one axis a value is, if it is no more."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        node = node.left
    if not isinstance(node, ast.Call) or patterns.word_of(node) != "sum":
        return ""
    if len(node.args) + len(node.keywords) > 2 + isinstance(node.func, ast.Attribute):
        return ""
    inner = place_of(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if inner in ("np", "numpy") and node.args:
        inner = place_of(node.args[0])
    return inner


def _comes_down(case: Case, store: Store) -> bool:
    """Whether a statement is a right layer's delta, times its weights, and no more."""
    name = f"W{layer(case.names[0]) + 1}"
    above = case.matched.get(name)
    if above is None or name not in case.right or store.operator:
        return False
    product = _factors(store.value)
    if product is None:
        return False
    weights = [p for p in product if isinstance(p, ast.Attribute) and p.attr == "T"]
    deltas = [p for p in product if isinstance(p, ast.Name)]
    if len(weights) != 1 or len(deltas) != 1:
        return False
    of_all = not any(
        isinstance(p, ast.Subscript) and key_of(p) is None for p in walk(weights[0])
    )
    ours = last(place_of(weights[0])).lower()
    known = {p for s in above.stores for p in reads(s.value)}
    return of_all and ours == above.label and place_of(deltas[0]) in known


def _factors(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return the two sides of a matrix product, however it is written."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return node.left, node.right
    if not isinstance(node, ast.Call) or patterns.word_of(node) not in _PRODUCTS:
        return None
    if len(node.args) == 2 and not node.keywords:
        return node.args[0], node.args[1]
    method = isinstance(node.func, ast.Attribute) and len(node.args) == 1
    return (node.func.value, node.args[0]) if method else None  # type: ignore[attr-defined]


def _looks(store: Store) -> set[str]:
    """Return what a statement reads; what it stores, only if it reads that too."""
    found = reads(store.value) | {store.place if store.operator else ""}
    target = reads(store.target) - {store.place} if store.target else set()
    return found.union(target, *(reads(t) for t in store.tests))
