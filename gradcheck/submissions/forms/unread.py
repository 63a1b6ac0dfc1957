"""Gradients that a layer stores, of attributes that nothing tells to be parameters."""

import ast
from collections.abc import Iterable, Mapping

from . import names
from .names import Function


def unread(
    methods: Mapping[str, Function], backward: Function, read: Iterable[str]
) -> list[str]:
    """Name the attributes whose gradients are stored, but for those that were read.

    Parameters
    ----------
    methods : mapping of str to Function
        Of the layer.
    backward : Function
        Its backward pass.
    read : iterable of str
        The parameters that were found.
    """
    init = methods.get("__init__")
    made = _stored(init) if init is not None else set()
    stored = _stored(backward)
    return sorted(
        a for a in made - {*read}
        if any(s == f"d{a}" or names.looks_like_gradient(s, a) for s in stored - made)
    )  # fmt: skip


def _stored(function: Function) -> set[str]:
    """Names of the attributes of ``self`` that a method sets."""
    return {
        n.attr for n in ast.walk(function.node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
        and isinstance(n.value, ast.Name) and n.value.id == "self"
    }  # fmt: skip
