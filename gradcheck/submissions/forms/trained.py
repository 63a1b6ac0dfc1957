"""Methods that make the weights and train them, in one go: ``fit`` from scratch.

Such a method leaves no point of ours at which its gradient could be asked for. It is
run as it is once, so that the weights are there, and from then on without the lines
that make them, for a single round of its loop.
"""

import ast
import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import names
from .calls import Board
from .names import Function
from .trees import walk

_CODINGS = ("ints", "binary", "onehot", "binary column")
"""Of labels, tried in turn where a round of training does not run."""


class Trained:
    """A class whose weights are made by the method that trains them.

    Parameters
    ----------
    cls : type
    function : Function
        The method.
    space : dict
        Globals of the file.
    made_here : set of str
        Attributes that hold the weights that it makes.
    """

    def __init__(
        self, cls: Any, function: Function, space: dict[str, Any], made_here: set[str]
    ) -> None:
        self.first = cls
        self.function = function
        self.rounds = _rounds(function.node)
        self.made_here = made_here
        node = _Without(made_here).visit(copy.deepcopy(function.node))
        self.rest = Function(function.name, node, function.owner)
        module = ast.fix_missing_locations(ast.Module([node], []))
        made: dict[str, Any] = {}
        exec(compile(module, str(space.get("__file__", "file")), "exec"), space, made)
        self.cls = type(cls.__name__, (cls,), {function.name: made[function.name]})

    @property
    def words(self) -> str:
        """What is done, in a sentence for the report."""
        return (
            f"{self.function.label} makes the weights that it trains: the lines that "
            "make them were left out, and its loop was run once"
        )

    def methods(self, methods: Mapping[str, Function]) -> dict[str, Function]:
        """Return the methods to choose from: no other one that changes the weights."""
        others = {
            name: method
            for name, method in methods.items()
            if not {a for n in walk(method.node) for a in _set_by(n)} & self.made_here
        }
        return {**others, self.rest.name: self.rest}

    def begin(self, made: Any, board: Board) -> None:
        """Have an object make its weights, by one round of training."""
        for name in list(vars(made)):
            if names.role_of(name) == "epochs" or name in self.rounds:
                setattr(made, name, 1)
        setting, failed = board.setting, None
        for coding in dict.fromkeys((setting.coding, *_CODINGS)):
            fresh = copy.deepcopy(made)
            try:
                with_labels = Board(replace(setting, coding=coding))
                args, named = with_labels.bind(self.function)
                getattr(self.first, self.function.name)(fresh, *args, **named)
            except Exception as error:
                failed = failed or error
                continue
            there = vars(fresh)
            vars(made).update({a: there[a] for a in self.made_here if a in there})
            return
        if failed is not None:
            raise failed


def trained(
    cls: Any, methods: Mapping[str, Function], space: dict[str, Any]
) -> Trained | None:
    """Return how to run a class whose weights are made by a method that trains them."""
    for function in methods.values():
        if function.name != "__init__" and names.STEP.fullmatch(function.name):
            made_here = _made(function.node, methods)
            if made_here:
                try:
                    return Trained(cls, function, space, made_here)
                except (SyntaxError, TypeError, ValueError):
                    return None
    return None


def _rounds(node: ast.AST) -> set[str]:
    """Names of the attributes that say how often a loop is run: ``range(self.n)``."""
    return {
        part.attr
        for loop in walk(node)
        if isinstance(loop, ast.For)
        for part in walk(loop.iter)
        if isinstance(part, ast.Attribute) and getattr(part.value, "id", "") == "self"
    }


def _in_loops(node: ast.AST) -> set[int]:
    loops = [n for n in walk(node) if isinstance(n, ast.For | ast.While)]
    return {id(n) for loop in loops for n in walk(loop)}


def _changed(node: ast.AST, methods: Mapping[str, Function]) -> set[str]:
    """Names of the attributes that a method sets in its loops, or by calls there."""
    inside = _in_loops(node)
    changed: set[str] = set()
    for part in walk(node):
        if id(part) in inside:
            changed |= set(_set_by(part))
            called = getattr(getattr(part, "func", None), "attr", "")
            if isinstance(part, ast.Call) and called in methods:
                below = walk(methods[called].node)
                changed |= {a for n in below for a in _set_by(n)}
    return changed


def _made(node: ast.AST, methods: Mapping[str, Function]) -> set[str]:
    """Names of the weights that a method makes before its loops, and changes there."""
    inside, changed = _in_loops(node), _changed(node, methods)
    return {
        a
        for n in walk(node)
        if id(n) not in inside
        for a in _set_by(n)
        if names.kind_of(a) and a in changed
    }


def _set_by(node: Any) -> list[str]:
    """Name the attributes of ``self`` that a statement sets."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [
        t.attr
        for t in flat
        if isinstance(t, ast.Attribute) and getattr(t.value, "id", "") == "self"
    ]


class _Without(ast.NodeTransformer):
    """Leaves out, before the loops, the statements that make these attributes."""

    def __init__(self, made: set[str]) -> None:
        self.made = made

    def visit_Assign(self, node: ast.Assign) -> Any:
        own = _set_by(node)
        return ast.Pass() if own and set(own) <= self.made else node

    def visit_For(self, node: ast.For) -> Any:
        return node

    def visit_While(self, node: ast.While) -> Any:
        return node
