"""Which statement makes a mistake on the way down, or of a bias."""

import ast
from collections.abc import Sequence

from gradcheck.submissions.forms.names import kind_of
from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case, built
from gradcheck.submissions.source.patterns import Spot
from gradcheck.submissions.source.program import is_step
from gradcheck.submissions.source.roots import Root
from gradcheck.submissions.source.rules import (
    Guess,
    guess,
    only_statement,
    rule,
    single,
    whole,
)
from gradcheck.submissions.source.stores import Store, last, place_of

# The way down


def _inline(case: Case) -> list[Store]:
    """Return the chain, or the gradient itself where the chain is written into it."""
    known = all(name in case.matched for name in case.names)
    ends = [s for r in case.touched[-1:] for s in built(r)] if known else []
    return case.chain() or ends


def _last_of(case: Case) -> ast.expr | ast.stmt | None:
    """Return the last statement of the chain in the function of the gradient."""
    chain = [s for s in case.chain() if not patterns.is_plain(s.value) or s.operator]
    if not chain:
        return None
    for root in case.touched[:1]:
        here = [s for s in chain if root.made.stores.get(s) is root.body]
        away = [s for s in chain if s not in here]
        if len(away) == 1 and not here:
            return whole(away[0])
        if here and not away:
            return whole(here[-1])
    return None


def _layers(case: Case) -> ast.expr | None:
    """Return what the one activation layer of a file passes down."""
    found = [
        s for b in case.program.bodies for s in b.stores
        if b.name == "backward" and s.place == "return"
        and any(w in b.owner.lower() for w in ("relu", "sigmoid", "tanh", "activ"))
    ]  # fmt: skip
    return found[0].value if len(found) == 1 else None


@rule("relu-mask-missing")
def _no_mask(case: Case) -> Guess | None:
    found = patterns.masks(_inline(case))
    if found:
        return guess(single(found), "masks nothing")
    inline = _inline(case) and not case.chain()
    node = _last_of(case) or (only_statement(case) if inline else None)
    return guess(node, "no mask here")


_MASKS = {
    "relu-mask-inverted": "the wrong way round",
    "relu-mask-threshold": "another threshold than 0",
    "relu-mask-wrong-layer": "another layer's",
    "relu-on-gradient": "a mask of the gradient itself",
    "relu-saturates": "drops large ones too",
    "leaky-slope": "another slope than forward",
}
_SWITCHES = ("maximum", "where", "heaviside", "relu", "ReLU", "sign", "clip", "fmax")


def _mask_rule(identity: str, remark: str) -> None:
    @rule(identity)
    def named(case: Case) -> Guess | None:
        chain = _inline(case)
        found = patterns.masks(chain)
        if not found:
            found = [
                (s, c) for s in chain for c in patterns.calls(s.value, _SWITCHES)
            ]  # fmt: skip
        return guess(single(found), remark)


for _id, _remark in _MASKS.items():
    _mask_rule(_id, _remark)


def _factor_rule(identity: str, remark: str) -> None:
    @rule(identity)
    def named(case: Case) -> Guess | None:
        return guess(_last_of(case) or _layers(case), remark)


for _id, _remark in {
    "activation-times-gradient": "the activation, not its derivative",
    "sigmoid-derivative": "not this activation's derivative",
    "derivative-missing": "no derivative of the activation",
    "upstream-missing": "the delta from above is left out",
}.items():
    _factor_rule(_id, _remark)


def _reading(chain: Sequence[Store], places: set[str]) -> list[Spot]:
    """Find where some places are read."""
    found: list[Spot] = []
    for store in chain:
        for part in walk(store.value):
            named = isinstance(part, ast.Name | ast.Attribute | ast.Subscript)
            if named and place_of(part) in places:  # type: ignore[arg-type]
                found.append((store, part))  # type: ignore[arg-type]
    outer = {id(n) for _, n in found}
    inner = {id(c) for _, n in found for c in walk(n) if c is not n and id(c) in outer}
    return [spot for spot in found if id(spot[1]) not in inner]


@rule("gradient-as-weights")
def _gradient_carries(case: Case) -> Guess | None:
    above = [r for r in case.others if r.kind == "W"]
    places = {s.place for r in above for s in r.stores}
    return guess(
        single(_reading(_inline(case), places)), "the gradient, not the weights"
    )


@rule("updated-weights")
def _updated(case: Case) -> Guess | None:
    for root in case.touched[:1]:
        order = {s: i for i, s in enumerate(root.body.stores)}
        steps = {
            s.place: i for s, i in reversed(order.items())
            if is_step(s) and kind_of(last(s.place)) == "W"
        }  # fmt: skip
        chain = [s for s in (*case.own(), *root.stores) if s in order]
        found = [
            (s, n) for s, n in _reading(list(dict.fromkeys(chain)), set(steps))
            if steps[place_of(n)] < order[s] and isinstance(n, ast.expr)  # type: ignore[arg-type]
        ]  # fmt: skip
        node = single(found)
        if isinstance(node, ast.expr):
            line = root.body.stores[steps[place_of(node)]].node.lineno
            return Guess(node, f"updated in line {line} already")
    return None


@rule("weights-magnitude")
def _magnitude(case: Case) -> Guess | None:
    found = [
        (s, c) for s in _inline(case)
        for c in patterns.calls(s.value, ("abs", "absolute", "fabs"))
    ]  # fmt: skip
    return guess(single(found), "their size, without the sign")


@rule("reshaped")
def _reshaped(case: Case) -> Guess | None:
    found = [(s, c) for s in case.own() for c in patterns.calls(s.value, ("reshape",))]
    return guess(single(found), "reshapes, does not transpose")


@rule("preactivation-as-activation")
def _preactivation(case: Case) -> Guess | None:
    return guess(only_statement(case), "not the layer's input")


# The biases


def _bias_rule(identity: str, remark: str) -> None:
    @rule(identity)
    def named(case: Case) -> Guess | None:
        roots = [r for r in case.touched if r.kind == "b"]
        return guess(_bias(roots, identity), remark)


def _bias(roots: Sequence[Root], identity: str) -> ast.expr | ast.stmt | None:
    for root in roots[:1]:
        stores = list(root.stores) if identity == "bias-missing" else built(root)
        if identity == "bias-mean":
            means = patterns.divisions(stores)
            return single(means) if means else None
        if len(stores) == 1:
            return whole(stores[0])
    return None


for _id, _remark in {
    "bias-mean": "a mean, not the sum",
    "bias-scalar": "one number for all",
    "bias-wrong-axis": "over the wrong axis",
    "bias-not-reduced": "not summed over the batch",
    "bias-missing": "stays zero",
    "bias-one-example": "one example only",
    "bias-before-mask": "before the mask",
}.items():
    _bias_rule(_id, _remark)
