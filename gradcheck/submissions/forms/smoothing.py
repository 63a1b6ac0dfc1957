"""Logarithms without the small constant that guards them: ``log(p + 1e-7)``.

The constant makes the loss differ from the one that the gradient belongs to by a part
in a million. It is no mistake in the gradient, so a file whose gradient disagrees with
its loss is asked once more with the constant left out.
"""

import ast
import copy
from collections.abc import Iterable

_SMALL = 1e-4


def _small_names(tree: ast.AST) -> set[str]:
    """Names that a file gives to small constants, as in ``delta = 1e-7``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_small(node.value):
            found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
            found |= {t.attr for t in node.targets if isinstance(t, ast.Attribute)}
        elif isinstance(node, ast.arguments):
            pairs = zip(node.args[::-1], node.defaults[::-1], strict=False)
            found |= {a.arg for a, d in pairs if _is_small(d)}
    return found


def _is_small(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        left, right = node.left, node.right
        if isinstance(left, ast.Constant) and isinstance(right, ast.UnaryOp):
            return left.value == 10
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, float)
        and 0.0 < node.value <= _SMALL
    )


def _is_logarithm(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    return name in ("log", "log2", "log10")


class _Remover(ast.NodeTransformer):
    def __init__(self, small: set[str]) -> None:
        self.small, self.found, self.inside = small, 0, False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        was = self.inside
        self.inside = was or _is_logarithm(node)
        self.generic_visit(node)
        self.inside = was
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if self.inside and isinstance(node.op, ast.Add):
            for constant, kept in ((node.right, node.left), (node.left, node.right)):
                if self._counts(constant):
                    self.found += 1
                    return kept
        return node

    def _counts(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr in self.small
        return _is_small(node) or (isinstance(node, ast.Name) and node.id in self.small)


def without_offsets(tree: ast.Module) -> ast.Module:
    """Return `tree` with small constants taken out of its logarithms."""
    changed: ast.Module = _Remover(_small_names(tree)).visit(tree)
    return ast.fix_missing_locations(changed)


def has_offset(trees: Iterable[ast.AST]) -> bool:
    """Whether any logarithm in `trees` is guarded by a small constant."""
    for tree in trees:
        calls = [n for n in ast.walk(tree) if _is_logarithm(n)]
        remover = _Remover(_small_names(tree) if calls else set())
        for call in calls:
            remover.visit(copy.deepcopy(call))
        if remover.found:
            return True
    return False
