"""Parameters that are attributes of what is passed: a named tuple, a dataclass."""

import ast
import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from . import names
from .trees import walk


class Fields(SimpleNamespace):
    """Stands for the record that a file passes its parameters in, whatever it is."""

    def __iter__(self) -> Iterator[Any]:
        return iter(vars(self).values())

    def __len__(self) -> int:
        return len(vars(self))

    def __getitem__(self, key: Any) -> Any:
        return vars(self)[key] if isinstance(key, str) else [*self][key]

    def _asdict(self) -> dict[str, Any]:
        return dict(vars(self))

    def _replace(self, **changes: Any) -> "Fields":
        return Fields(**{**vars(self), **changes})


def attributes_of(node: ast.AST, argument: str) -> list[str]:
    """Return the parameters that a function reads as attributes of its argument.

    Nothing where it calls a method of it: that is an object, and does more than hold.
    """
    found: list[str] = []
    called = {id(n.func) for n in walk(node) if isinstance(n, ast.Call)}
    for part in walk(node):
        if (
            isinstance(part, ast.Attribute)
            and isinstance(part.value, ast.Name)
            and part.value.id == argument
        ):
            if id(part) in called and not part.attr.startswith("_"):
                return []
            found += [part.attr] if names.kind_of(part.attr) else []
    return list(dict.fromkeys(found))


def opened(value: Any) -> Any:
    """Return a record as the mapping of its fields; anything else as it is."""
    spelled = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and isinstance(spelled, tuple):
        return dict(zip(spelled, value, strict=False))
    if isinstance(value, Fields):
        return value._asdict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = (field.name for field in dataclasses.fields(value))
        return {name: getattr(value, name, None) for name in named}
    return value
