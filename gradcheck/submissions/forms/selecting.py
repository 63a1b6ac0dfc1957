"""Which statements of a file define something, and which are its work."""

import ast
from typing import Any

_PURE = frozenset({
    "np", "numpy", "math", "range", "len", "float", "int", "list", "dict", "tuple",
    "set", "zip", "str", "abs", "max", "min", "sum", "collections", "namedtuple",
    "OrderedDict", "defaultdict", "bool", "round", "enumerate", "sorted", "map",
    "frozenset", "type", "slice", "partial", "functools", "Enum", "TypeVar",
})  # fmt: skip


_READS = frozenset({
    "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "save", "savetxt", "savez",
    "DataSource", "fromregex", "recfromcsv", "tofile", "read_csv", "open",
})  # fmt: skip


def targets(statement: ast.stmt) -> list[str]:
    """Return the names that a statement assigns."""
    if isinstance(statement, ast.Assign):
        found = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        found = [statement.target]
    else:
        return []
    return [
        node.id for t in found for node in ast.walk(t) if isinstance(node, ast.Name)
    ]


def is_inert(statement: ast.stmt) -> bool:
    """Whether leaving `statement` out goes without saying."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.If):
        return any(
            isinstance(n, ast.Name) and n.id == "__name__"
            for n in ast.walk(statement.test)
        )
    return isinstance(statement, ast.Pass)


def is_definition(statement: ast.stmt) -> bool:
    """Whether a statement imports, defines, or names a plain value."""
    if isinstance(
        statement,
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        | ast.AsyncFunctionDef,
    ):  # fmt: skip
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        value = statement.value
        return value is not None and (_is_plain(value) or _imports(value))
    if isinstance(statement, ast.Try):
        return all(
            is_definition(s) or isinstance(s, ast.Pass)
            for s in [*statement.body, *(s for h in statement.handlers for s in h.body)]
        )
    if isinstance(statement, ast.If) and not is_inert(statement):
        return _is_plain(statement.test) and all(
            is_definition(s) for s in [*statement.body, *statement.orelse]
        )
    return False


def _imports(value: ast.expr) -> bool:
    """Whether a call imports a module by its name: ``__import__("torch")``."""
    if not isinstance(value, ast.Call) or not value.args:
        return False
    _, last = _root(value.func)
    called = last or getattr(value.func, "id", "")
    return called in ("__import__", "import_module") and isinstance(
        value.args[0], ast.Constant
    )


def _root(node: ast.expr) -> tuple[str, str]:
    last = node.attr if isinstance(node, ast.Attribute) else ""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return (node.id if isinstance(node, ast.Name) else ""), last


def _is_plain(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Lambda):
            return isinstance(value, ast.Lambda)
        if isinstance(node, ast.Call):
            root, last = _root(node.func)
            if root not in _PURE or last in _READS:
                return False
        elif isinstance(node, ast.Await | ast.Yield | ast.YieldFrom):
            return False
    return True


def calls_only_local(statement: ast.stmt, space: dict[str, Any]) -> bool:
    """Whether every call in `statement` goes to a class or function at hand."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            root, last = _root(node.func)
            if last in _READS or (root not in _PURE and not callable(space.get(root))):
                return False
            if root in ("input", "open", "exec", "eval"):
                return False
    return True
