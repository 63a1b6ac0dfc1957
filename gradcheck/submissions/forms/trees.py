"""Syntax trees that are read again and again."""

import ast
from functools import lru_cache


@lru_cache(1024)
def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return `node` and everything below it, in the order of `ast.walk`.

    Remembered: not for a tree that is still going to be changed.
    """
    return tuple(ast.walk(node))
