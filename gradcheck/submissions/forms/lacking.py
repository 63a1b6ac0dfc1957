"""What a function leaves out of what it returns: its loss, or its gradients."""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from . import names
from .names import Function
from .recipe import Outcome
from .refusal import Refused

_BAGS = ("grads", "gradients", "grad", "gradient", "dparams")
_LOSSES = ("loss", "cost", "J")
_LONGEST = 48


def half_returned(
    function: Function, outcome: Outcome, wanted: Sequence[str]
) -> Refused | None:
    """Say that half of what a function should return is not there, if it is so.

    Parameters
    ----------
    function : Function
        Which gave all that there is.
    outcome : Outcome
        What was found in that.
    wanted : sequence of str
        The file's names of its parameters.

    Returns
    -------
    Refused or None
        None where both halves are there, or neither is, or one is unfinished: None
        or not finite.
    """
    node = _return_of(function)
    if node is None or (outcome.loss is None) is not bool(outcome.grads):
        return None
    value, loss_lacks = outcome.returned, outcome.loss is None
    several = isinstance(value, tuple | list) and len(value) > 1
    if isinstance(value, tuple | list) and any(v is None for v in value):
        return None
    if not loss_lacks and (several or isinstance(value, Mapping)):
        return None  # there is something, and it was not understood
    assert node.value is not None
    half = "the gradients without the loss"
    remedy = _with_loss(function, node.value)
    if not loss_lacks:
        half = "the loss without a gradient"
        remedy = _with_gradients(function, node.value, wanted)
    return Refused(
        "incomplete" if loss_lacks else "no-gradient",
        f"{function.label} returns `{_short(node.value)}`, {half}; a loss and "
        f"the gradients of {', '.join(wanted)} were expected: "
        f"{remedy}",
        node.lineno,
    )


def _return_of(function: Function) -> ast.Return | None:
    """Return the last ``return`` of the most elements; see `Function.returned`."""
    returns = [
        (len(names.element_names(n.value)), n.lineno, n)
        for n in names.own_nodes(function.node)
        if isinstance(n, ast.Return) and n.value is not None
    ]
    return max(returns, key=lambda r: r[:2])[2] if returns else None


def _with_loss(function: Function, value: ast.expr) -> str:
    known = _assigned(function)
    named = [n for n in known if names.is_cost(n) or n in _LOSSES]
    named = [n for n in _LOSSES if n in named] + named
    todo = "" if named else "compute the loss and "
    return f"{todo}write `return {(named or ['loss'])[0]}, {_bare(value)}`"


def _with_gradients(function: Function, value: ast.expr, wanted: Sequence[str]) -> str:
    known = _assigned(function)
    bags = [n for n in _BAGS if n in known]
    each = {
        name: next((n for n in known if names.looks_like_gradient(n, name)), "")
        for name in wanted
    }
    todo = ""
    if bags:
        grads = bags[0]
    elif all(each.values()):
        grads = "{" + ", ".join(f"{k!r}: {v}" for k, v in each.items()) + "}"
    else:
        grads, todo = "grads", "compute the gradients and "
    return f"{todo}write `return {_bare(value)}, {grads}`"


def _assigned(function: Function) -> list[str]:
    """Names that a function gives a value, in the order of the text."""
    stored: list[Any] = [
        n for n in names.own_nodes(function.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]  # fmt: skip
    stored.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in stored))


def _bare(value: ast.expr) -> str:
    """Spell what is returned without the brackets of a tuple."""
    if isinstance(value, ast.Tuple):
        return ", ".join(_short(v) for v in value.elts)
    return _short(value)


def _short(value: ast.expr) -> str:
    """Spell an expression, a long one by its brackets only."""
    text = ast.unparse(value)
    if len(text) <= _LONGEST:
        return text
    ends = text[0] + text[-1]
    return f"{ends[0]}...{ends[1]}" if ends in ("{}", "[]", "()") else "..."
