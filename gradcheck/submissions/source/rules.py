"""Which statement makes which mistake: the rules and what they share.

A rule is asked about one finding. It answers only where one place fits; where several
do, or none, it is silent: a wrong line is worse than none.
"""

import ast
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case, built
from gradcheck.submissions.source.patterns import Spot
from gradcheck.submissions.source.stores import Store


class Guess(NamedTuple):
    """A place, and what is wrong there in a few words."""

    node: ast.expr | ast.stmt
    remark: str


Rule = Callable[[Case], Guess | None]
RULES: dict[str, Rule] = {}


def rule(*ids: str) -> Callable[[Rule], Rule]:
    """Register a function as the rule of some mistakes."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(ids, function))
        return function

    return register


def single(spots: Iterable[Spot]) -> ast.expr | ast.stmt | None:
    """Return the only place, if there is one and no other."""
    nodes = list(dict.fromkeys(node for _, node in spots))
    return nodes[0] if len(nodes) == 1 else None


def guess(node: ast.expr | ast.stmt | None, remark: str) -> Guess | None:
    """Make a guess of a place, if there is one."""
    return None if node is None else Guess(node, remark)


def whole(store: Store) -> ast.expr | ast.stmt:
    """Return what to mark of a statement: the value, or all of ``a -= b``."""
    return store.node if store.operator else store.value


def only_statement(case: Case) -> ast.expr | ast.stmt | None:
    """Return what builds the first gradient of a finding, if it is one statement."""
    for root in case.touched[:1]:
        stores = built(root)
        data = [s for s in stores if not patterns.penalties(case.program, [s])]
        chosen = data or stores
        if len(chosen) == 1:
            return whole(chosen[0])
    return None
