"""Logarithms without the small constant that guards them: ``log(p + 1e-7)``.

The constant makes the loss differ from the one that the gradient belongs to by a part
in a million. It is no mistake in the gradient, so a file whose gradient disagrees with
its loss is asked once more with the constant left out. A tiny one is left out of
denominators, too: the gradient of such a logarithm divides by ``p + 1e-9``.
"""

import ast
import copy
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .trees import walk

_SMALL = 1e-4
_TINY = 1e-6
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip


def _small_names(nodes: Iterable[ast.AST]) -> dict[str, float]:
    """Names that a file gives to small constants, as in ``delta = 1e-7``."""
    found: dict[str, float] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and _size(node.value):
            for target in node.targets:
                name = str(getattr(target, "id", getattr(target, "attr", "")))
                found[name] = _size(node.value)
        elif isinstance(node, ast.arguments):
            pairs = zip(node.args[::-1], node.defaults[::-1], strict=False)
            found |= {a.arg: _size(d) for a, d in pairs if _size(d)}
    return found


def _size(node: ast.AST) -> float:
    """Return a small constant, however it is written; 0 where it is none."""
    try:
        value = float(_value(node))
    except (TypeError, ValueError, ArithmeticError):
        return 0.0
    return value if 0.0 < value <= _SMALL else 0.0


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _value(node.left), _value(node.right)
        if abs(left) <= 1e12 and abs(right) <= 1e12 and not (
            isinstance(node.op, ast.Pow) and abs(right) > 40
        ):  # fmt: skip
            return _ARITHMETIC[type(node.op)](left, right)
    raise ValueError("no constant")


def _is_logarithm(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    return name in ("log", "log2", "log10")


def _is_division(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", "") in ("divide", "true_divide")
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


class _Remover(ast.NodeTransformer):
    def __init__(self, small: dict[str, float]) -> None:
        self.small, self.found = small, 0
        self.limit = 0.0  # of what may go in the place that is visited

    def _inside(self, node: ast.AST, limit: float) -> Any:
        was, self.limit = self.limit, limit
        try:
            return self.visit(node)
        finally:
            self.limit = was

    def visit_Call(self, node: ast.Call) -> ast.AST:
        limit = _SMALL if _is_logarithm(node) or self.limit == _SMALL else 0.0
        node.func = self._inside(node.func, limit)
        node.args = [
            self._inside(a, _TINY if i == 1 and _is_division(node) else limit)
            for i, a in enumerate(node.args)
        ]
        node.keywords = [self._inside(k, limit) for k in node.keywords]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node.left = self._inside(node.left, self.limit)
        under = max(self.limit, _TINY) if _is_division(node) else self.limit
        node.right = self._inside(node.right, under)
        if self.limit and isinstance(node.op, ast.Add):
            for constant, kept in ((node.right, node.left), (node.left, node.right)):
                if 0.0 < self._of(constant) <= self.limit:
                    self.found += 1
                    return kept
        return node

    def _of(self, node: ast.AST) -> float:
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        return self.small.get(name, 0.0) if name is not None else _size(node)


def without_offsets(tree: ast.Module) -> ast.Module:
    """Return `tree` with small constants taken out of logarithms and divisors."""
    changed: ast.Module = _Remover(_small_names(ast.walk(tree))).visit(tree)
    return ast.fix_missing_locations(changed)


def has_offset(trees: Iterable[ast.AST]) -> bool:
    """Whether any logarithm or divisor in `trees` is guarded by a small constant."""
    for tree in trees:
        nodes = walk(tree)
        guarded = [n for n in nodes if _is_logarithm(n) or _is_division(n)]
        remover = _Remover(_small_names(nodes) if guarded else {})
        for part in guarded:
            remover.visit(copy.deepcopy(part))
        if remover.found:
            return True
    return False
