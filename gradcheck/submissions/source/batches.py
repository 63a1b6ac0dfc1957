"""Which statement divides by the wrong number, or rounds."""

import ast
from collections.abc import Iterable

from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case, built
from gradcheck.submissions.source.patterns import Spot
from gradcheck.submissions.source.rules import (
    RULES,
    Guess,
    Rule,
    guess,
    only_statement,
    rule,
    single,
    whole,
)
from gradcheck.submissions.source.stores import reads

# The batch


def _final(case: Case) -> ast.expr | ast.stmt | None:
    """Return the last statement that builds the first gradient from the data."""
    for root in case.touched[:1]:
        data = [
            s for s in built(root) if not patterns.penalties(case.program, [s])
        ] or built(root)
        if data:
            return whole(data[-1])
    return None


@rule("batch-sum")
def _batch_sum(case: Case) -> Guess | None:
    if case.others:
        return guess(_final(case), "not divided by N")
    made = case.made()
    deltas = list(patterns.one_hots(made))
    away = {
        p
        for b in case.within
        for s in b.stores
        if s not in made
        for p in reads(s.value)
    }
    # A residual that the loss reads too must not be divided.
    shared = any(n is not s.node and s.place in away for s, n in deltas)
    node = single(deltas) if deltas and not shared else _final(case)
    return guess(node, "not divided by N")


@rule("batch-mean-of-sum")
def _averaged_sum(case: Case) -> Guess | None:
    found = patterns.divisions(case.made(), case.counts())
    ends = {s for r in case.touched for s in r.stores}
    apart = all(s in ends for s, _ in found)
    node = found[0][1] if found and apart else single(found)
    return guess(node, "the loss is a sum")


@rule("batch-mean-twice")
def _twice(case: Case) -> Guess | None:
    for root in case.touched[:1]:
        found = patterns.divisions(case.made([root]), case.counts())
        if len(found) == 2:
            return Guess(found[-1][1], "divided by N already")
    return None


@rule("batch-mean-hidden-twice")
def _hidden_twice(case: Case) -> Guess | None:
    chain = patterns.divisions(case.chain(), case.counts())
    ends = patterns.divisions(
        (s for r in case.touched for s in r.stores), case.counts()
    )
    node = single(chain) if chain else ends[0][1] if ends else None
    return guess(node, "divided by N already")


@rule("batch-mean-partial")
def _partial(case: Case) -> Guess | None:
    own, names = case.own(), case.counts()
    found = patterns.divisions(own, names)
    if found:
        inside = {s for r in case.touched[:1] for s in r.stores}
        mine = [spot for spot in found if spot[0] in inside] or found
        return guess(single(mine), "divided by N, unlike the others")
    times = [
        (s, part) for s in own for part in walk(s.value)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)
        and patterns.is_count(part.right, names)
    ]  # fmt: skip
    if times:
        return guess(single(times), "times N")
    return guess(_final(case), "not divided by N")


@rule("divided-by-classes", "divided-by-features", "divided-by-n-minus-one")
def _other_count(case: Case) -> Guess | None:
    sums = {node for _, node in patterns.normalisations(case.made())}
    found: list[Spot] = []
    for store in case.made():
        if store.operator == "/" and store.node not in sums:
            found.append((store, store.node))
        found += [
            (store, part) for part in walk(store.value)
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
            and part not in sums and number_free(part.right)
        ]  # fmt: skip
    return guess(single(found), "another count than N")


def number_free(node: ast.expr) -> bool:
    """Whether an expression is more than a literal number."""
    return patterns.number(node) is None


@rule("constant-factor")
def _constant(case: Case) -> Guess | None:
    found: list[Spot] = []
    for store in case.own():
        if store.operator in ("*", "/") and not number_free(store.value):
            found.append((store, store.node))
        for part in walk(store.value):
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
                sides = [patterns.number(part.left), patterns.number(part.right)]
                over = isinstance(part.op, ast.Div)
                odd = sides[1] not in (None, 1.0, -1.0)
                if odd or (sides[0] not in (None, 1.0, -1.0, 0.0) and not over):
                    found.append((store, part))
    if found:
        return guess(single(found), "a factor too many")
    return guess(only_statement(case), "a factor off") if case.others else None


@rule("example-dropped")
def _dropped(case: Case) -> Guess | None:
    found: list[Spot] = []
    for store in case.made():
        for part in walk(store.value):
            if isinstance(part, ast.Subscript):
                cut = part.slice
                first = cut.elts[0] if isinstance(cut, ast.Tuple) and cut.elts else cut
                if isinstance(first, ast.Slice) and _shortened(first):
                    found.append((store, part))
            elif isinstance(part, ast.Call) and _short_range(part, case.counts()):
                found.append((store, part))
    return guess(single(found), "not every example")


def _shortened(cut: ast.Slice) -> bool:
    lower = patterns.number(cut.lower) if cut.lower else 0.0
    upper = patterns.number(cut.upper) if cut.upper else None
    return (lower == 1.0 and cut.upper is None) or (upper == -1.0 and not lower)


def _short_range(call: ast.Call, names: Iterable[str]) -> bool:
    if patterns.word_of(call) != "range" or not call.args:
        return False
    stop = call.args[-1]
    less = isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Sub)
    if less and patterns.is_count(stop.left, names):  # type: ignore[attr-defined]
        return True
    late = len(call.args) == 2 and patterns.number(call.args[0]) == 1.0
    return late and patterns.is_count(stop, names)


# The finish


def _called(names: tuple[str, ...], remark: str) -> Rule:
    def found(case: Case) -> Guess | None:
        spots = [(s, c) for s in case.made() for c in patterns.calls(s.value, names)]
        return guess(single(spots), remark)

    return found


RULES["rounded"] = _called(("round", "around", "rint", "round_"), "rounded")
RULES["clipped"] = _called(("clip",), "clipped")


@rule("single-precision")
def _single_precision(case: Case) -> Guess | None:
    found = [
        (s, part) for s in case.made() for part in walk(s.value)
        if (isinstance(part, ast.Attribute) and part.attr in ("float32", "single"))
        or (isinstance(part, ast.Constant) and part.value in ("float32", "f4"))
    ]  # fmt: skip
    return guess(single(found), "single precision")
