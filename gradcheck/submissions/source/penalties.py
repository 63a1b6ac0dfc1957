"""Which statement makes a mistake of the penalty."""

import ast
from collections.abc import Sequence

from gradcheck.submissions.forms.names import kind_of
from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case
from gradcheck.submissions.source.patterns import Spot
from gradcheck.submissions.source.rules import (
    Guess,
    guess,
    only_statement,
    rule,
    single,
)
from gradcheck.submissions.source.stores import last, reads


def _terms(case: Case, roots: Sequence[object] | None = None) -> list[Spot]:
    """Return the penalty's terms in the gradients of a finding, in their order."""
    found = patterns.penalties(case.program, case.made(roots))  # type: ignore[arg-type]
    return [
        spot for spot in found
        if spot[0] in {s for r in (roots or case.touched) for s in r.stores}  # type: ignore[attr-defined]
        or not patterns.of_the_loss(spot[1])
    ]  # fmt: skip


def _first_term(case: Case) -> ast.expr | ast.stmt | None:
    """Return the penalty's term of the parameter that comes first in the file."""
    firsts = []
    for root in case.touched:
        terms = [n for _, n in _terms(case, [root])]
        if len(set(terms)) > 1:
            return None
        firsts += terms
    return min(firsts, key=lambda n: n.lineno, default=None)


_PENALTIES = {
    "penalty-halved": "half of what the loss says",
    "penalty-doubled": "twice what the loss says",
    "penalty-sign": "to be added",
    "penalty-constant": "no multiple of the weights",
    "penalty-wrong-matrix": "another matrix",
    "penalty-on-biases": "the loss leaves biases free",
    "penalty-missing-in-loss": "not in the loss",
}


def _named_term(identity: str, remark: str) -> None:
    @rule(identity)
    def named(case: Case) -> Guess | None:
        return guess(_first_term(case), remark)


for _id, _remark in _PENALTIES.items():
    _named_term(_id, _remark)


@rule("penalty-averaged")
def _averaged(case: Case) -> Guess | None:
    term = _first_term(case)
    inner = term is not None and any(
        patterns.is_count(p, case.counts()) for p in walk(term)
    )
    return guess(term, "divided by N" if inner else "divided by N afterwards")


@rule("penalty-row-free")
def _row_free(case: Case) -> Guess | None:
    zeroed = [
        (s, s.node) for s in case.made()
        if s.partial and patterns.number(s.value) == 0.0 and not s.operator
        and not any(isinstance(p, ast.Compare) for p in walk(s.node))
    ]  # fmt: skip
    if zeroed:
        return guess(single(zeroed), "sets a row to zero")
    return guess(_first_term(case), "a row is left out")


@rule("penalty-missing")
def _missing(case: Case) -> Guess | None:
    lacking = case.names[0]
    siblings = [
        spot for root in case.others if root.kind == "W"
        for spot in _terms(case, [root])
    ]  # fmt: skip
    alone = [s for s, n in siblings if s.operator and n is s.value]
    if alone:
        return Guess(alone[0].node, f"{lacking} has no such line")
    if siblings:
        return guess(only_statement(case), f"no reg * {lacking} here")
    losses = [
        (s, n) for b in case.within for s in b.stores
        for _, n in patterns.penalties(case.program, [s]) if patterns.of_the_loss(n)
    ]  # fmt: skip
    if losses:
        return guess(single(losses), f"the gradient lacks reg * {lacking}")
    return guess(only_statement(case), f"no reg * {lacking} here")


@rule("penalty-strength-missing-in-loss")
def _unmultiplied(case: Case) -> Guess | None:
    sums = [
        (s, call) for b in case.within for s in b.stores
        for call in patterns.calls(s.value, ("sum", "square", "norm"))
        if {kind_of(last(p)) for p in reads(call)} - {""} == {"W"}
        and patterns.of_the_loss(call) and not _weighed(case, s, call)
    ]  # fmt: skip
    return guess(single(sums), "not multiplied by reg")


def _weighed(case: Case, store: object, call: ast.expr) -> bool:
    """Whether a sum of squares stands in a product with the penalty's strength."""
    terms = patterns.penalties(case.program, [store])  # type: ignore[list-item]
    return any(call in walk(term) for _, term in terms)


@rule("bias-penalty-missing")
def _biases_free(case: Case) -> Guess | None:
    stacked = [
        (s, s.value) for b in case.within for s in b.stores
        for call in patterns.calls(s.value, ("vstack", "hstack", "concatenate", "r_"))
        if {"W", "b"} <= {kind_of(last(p)) for p in reads(call)}
    ]  # fmt: skip
    losses = [
        (s, n) for b in case.within for s in b.stores
        for _, n in patterns.penalties(case.program, [s])
        if patterns.of_the_loss(n) and any(kind_of(last(p)) == "b" for p in reads(n))
    ]  # fmt: skip
    if losses:
        return guess(single(losses), f"the gradient lacks reg * {case.names[0]}")
    return Guess(stacked[0][1], "the penalty takes the bias in") if stacked else None


@rule("data-part-missing")
def _overwritten(case: Case) -> Guess | None:
    lost = [
        (s, s.value) for root in case.touched for s in root.stores
        if not s.operator and not s.partial and s is not root.stores[0]
        and any(n is s.value for _, n in patterns.penalties(case.program, [s]))
    ]  # fmt: skip
    return guess(single(lost), "overwrites the data's part")
