"""Which statement makes a mistake in a loop over layers held in lists.

One statement takes the delta from a layer to the one below, whatever the number of
layers: ``delta = np.dot(w[-l + 1].T, delta) * sp``. Where a file has one such, and no
other, a mistake on the way down is made there, or in the factor that it multiplies by.
"""

import ast
from collections.abc import Sequence

from gradcheck.submissions.forms.names import kind_of
from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source.rules import Guess
from gradcheck.submissions.source.stores import Body, Store, last, reads

_REMARKS = {
    "derivative-missing": "no derivative of the activation",
    "gradient-as-weights": "the gradient, not the weights",
    "relu-mask-missing": "no mask here",
    "upstream-missing": "nothing from the layer above",
    "weights-magnitude": "not the weights themselves",
}
_FACTORS = {
    "activation-times-gradient": "the activation, not its derivative",
    "leaky-slope": "another slope than forward",
    "relu-mask-inverted": "the wrong way round",
    "relu-mask-threshold": "another threshold than 0",
    "sigmoid-derivative": "not this activation's derivative",
}


def recurrent(within: Sequence[Body], id: str) -> Guess | None:
    """Guess the statement of the recursion that makes a mistake on the way down.

    Parameters
    ----------
    within : sequence of Body
        The functions that the gradient may come from.
    id : str
        Of the mistake.

    Returns
    -------
    Guess or None
        None where there is no such statement, or more than one.
    """
    if id not in _REMARKS and id not in _FACTORS:
        return None
    steps = [(b, s) for b in within for s in b.stores if _goes_down(s)]
    if len(steps) != 1:
        return None
    (body, step), remark = steps[0], _REMARKS.get(id) or _FACTORS[id]
    if id in _REMARKS:
        return Guess(step.value, remark)
    made = _factors(body, step)
    if len(made) > 1:
        return None
    return Guess(made[0].value if made else step.value, remark)


def _goes_down(store: Store) -> bool:
    """Whether a statement in a loop multiplies its own value by turned weights."""
    if not store.loop or store.operator or store.place not in reads(store.value):
        return False
    return any(turned_weights(part) for part in walk(store.value))


def turned_weights(node: ast.AST) -> bool:
    """Whether a node is a weight matrix, turned: ``W2.T``."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "transpose"):
        inner = node.value
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "transpose":
        if not node.args:
            return False
        inner = node.args[0]
    else:
        return False
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    return any(kind_of(last(place)) == "W" for place in reads(inner))


def _factors(body: Body, step: Store) -> list[Store]:
    """Return what a step multiplies by, where the loop makes it before the step."""
    names = {
        part.id
        for product in walk(step.value)
        if isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult)
        for part in (product.left, product.right)
        if isinstance(part, ast.Name) and part.id != step.place
    }
    return [
        store for store in body.stores
        if store.loop and store.place in names and store.node.lineno < step.node.lineno
    ]  # fmt: skip
