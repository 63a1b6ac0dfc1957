"""Which statement makes a mistake of the output's delta."""

import ast

from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case, layer
from gradcheck.submissions.source.patterns import Spot
from gradcheck.submissions.source.program import is_step
from gradcheck.submissions.source.rules import (
    RULES,
    Guess,
    Rule,
    guess,
    rule,
    single,
)
from gradcheck.submissions.source.stores import Store, last, place_of, reads


@rule("target-missing")
def _no_target(case: Case) -> Guess | None:
    made = case.made()
    hots = patterns.one_hots(made)
    added = [spot for spot in hots if spot[0].operator == "+"]
    if added:
        return guess(single(added), "undoes the one-hot")
    copies = patterns.lost(made)
    if copies:
        return guess(single(copies), "changes a copy")
    begun = [
        (s, s.value) for s in made
        if patterns.is_plain(s.value) and reads(s.value) and not s.operator
        and last(s.place).lower().startswith(("d", "delta", "grad"))
        and "prob" in " ".join(reads(s.value)).lower() + "".join(_copied(s))
    ]  # fmt: skip
    return None if hots else guess(single(begun), "no one-hot subtracted")


def _copied(store: Store) -> list[str]:
    """Name what a copy is made of, if it is plain that it is probabilities."""
    words = [last(p).lower() for p in reads(store.value)]
    return [
        "prob" for w in words if w in ("p", "a2", "softmax", "yhat", "y_hat", "y_pred")
    ]


@rule("target-added")
def _added(case: Case) -> Guess | None:
    found = [
        (s, n) for s, n in patterns.one_hots(case.made())
        if (s.operator == "+" if n is s.node else isinstance(n.op, ast.Add))  # type: ignore[union-attr]
    ]  # fmt: skip
    return guess(single(found), "added, not subtracted")


def _the_one_hot(remark: str) -> Rule:
    def found(case: Case) -> Guess | None:
        return guess(single(patterns.one_hots(case.made())), remark)

    return found


RULES["target-whole-column"] = _the_one_hot("whole columns")
RULES["targets-not-one-hot"] = _the_one_hot("labels of another coding")
RULES["output-derivative-missing"] = _the_one_hot("no derivative of the activation")


@rule("labels-shifted")
def _shifted(case: Case) -> Guess | None:
    found: list[Spot] = []
    for store in case.made():
        for tree in (store.value, store.target):
            found += [
                (store, part) for part in walk(tree or ast.Pass())
                if isinstance(part, ast.BinOp) and patterns.number(part.right) == 1.0
                and isinstance(part.op, ast.Add | ast.Sub)
                and patterns.is_target(part.left)
            ]  # fmt: skip
    return guess(single(found), "another class")


@rule("sign-flipped")
def _sign(case: Case) -> Guess | None:
    made = case.made()
    ends = {s for r in case.touched for s in r.stores}
    minus = patterns.negations(made)
    over = [(s, n) for s, n in minus if n is s.node]
    reverse = [
        (s, n) for s, n in patterns.one_hots(made)
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)
        and patterns.is_target(n.left) and not patterns.is_target(n.right)
    ]  # fmt: skip
    if over:
        return guess(single(over), "turns the sign")
    if reverse:
        return guess(single(reverse), "the wrong way round")
    odd = _other_way(case)
    if odd:
        return guess(odd[0].node, "stepped the other way than the others")
    own = [spot for spot in minus if spot[0] in ends]
    itself = [
        (s, n) for s, n in minus
        if n is s.value and place_of(n.operand) == s.place  # type: ignore[attr-defined]
    ]  # fmt: skip
    return guess(single(own or ([] if case.others else itself)), "turns the sign")


def _other_way(case: Case) -> list[Store]:
    """Return steps with one sign, where all other parameters step with the other."""
    steps = [s for r in case.touched for s in r.stores]
    others = [s for r in case.others for s in r.stores]
    signs = {s.operator for s in steps}
    against = {s.operator for s in others}
    apart = {*signs, *against} == {"+", "-"} and len(signs) == len(against) == 1
    return steps if apart and all(map(is_step, steps + others)) else []


@rule("softmax-over-batch", "softmax-over-all", "softmax-not-normalised")
def _normalised(case: Case) -> Guess | None:
    made = case.made()
    found = patterns.normalisations(made)
    if found:
        return guess(single(found), "normalised over the wrong axis")
    minus = [
        (s, n) for s, n in patterns.one_hots(made)
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)
        and isinstance(n.left, ast.Name) and patterns.is_target(n.right)
    ]  # fmt: skip
    return guess(single(minus), "not normalised")


@rule("softmax-derivative-twice")
def _derivative_twice(case: Case) -> Guess | None:
    top = max(map(layer, case.names), default=0)
    last_layer = [r for n, r in case.matched.items() if layer(n) == top]
    chain = set(case.chain())
    made = [s for s in case.made(last_layer or None) if s not in chain]
    found = [(s, _product(case, n)) for s, n in patterns.logistic_products(made)]
    return guess(single(found), "already in p - t")


def _product(case: Case, node: ast.AST) -> ast.expr:
    above = case.program.parents.get(node)
    product = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult)
    return above if product else node  # type: ignore[return-value]


@rule("softmax-jacobian-diagonal")
def _diagonal(case: Case) -> Guess | None:
    under = [
        (s, s.node) for r in case.touched for s in r.stores
        if any(patterns.is_target(p) for t in s.tests for p in walk(t))
    ]  # fmt: skip
    if under:
        return guess(single(under), "only for the true class")
    return _derivative_twice(case)
