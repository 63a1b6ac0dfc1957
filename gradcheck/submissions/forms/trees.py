"""Syntax trees that are read again and again."""

import ast
from functools import lru_cache


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below `node`, in the order of `ast.iter_child_nodes`.

    Without the contexts of names: they are a third of a tree, and `ctx` tells them.
    """
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and name != "ctx":
            found.append(value)
    return found


@lru_cache(1024)
def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return `node` and everything below it, in the order of `ast.walk`.

    Remembered: not for a tree that is still going to be changed.
    """
    found = [node]
    for each in found:  # which grows: breadth first
        found += children(each)
    return tuple(found)


@lru_cache(256)
def source_of(node: ast.AST) -> str:
    """Write a node as source again, once."""
    return ast.unparse(node)
