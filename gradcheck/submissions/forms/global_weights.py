"""Parameters that functions read as globals, themselves or by what they call."""

import ast
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from . import holders, names
from .names import Function
from .trees import walk
from .usage import globals_read


def reached(
    steps: Iterable[Function], helpers: Mapping[str, Function]
) -> list[Function]:
    """Return functions, and those of `helpers` that they call, in that order."""
    found = list(steps)
    for function in found:  # which grows
        called = [
            n.func.id for n in walk(function.node)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]  # fmt: skip
        found += [helpers[n] for n in dict.fromkeys(called) if n in helpers
                  and helpers[n] not in found]  # fmt: skip
    return found


def weights_read(
    steps: Iterable[Function],
    helpers: Mapping[str, Function],
    space: Mapping[str, Any],
    assigned: Collection[str],
) -> tuple[str, ...]:
    """Return the parameters among the globals that a file assigns at its top.

    Parameters
    ----------
    steps : iterable of Function
        What is called.
    helpers : mapping of str to Function
        What that may call in turn.
    space : mapping
        The file's globals, as far as they are there.
    assigned : collection of str
        What the file assigns at its top level.

    Returns
    -------
    tuple of str
        Empty where there are no weights among them.
    """
    read: list[str] = []
    for function in reached(steps, helpers):
        read += sorted(globals_read(function.node), key=holders._dict_order)
    found = tuple(
        n for n in dict.fromkeys(read)
        if names.kind_of(n) and not callable(space.get(n)) and n in assigned
    )  # fmt: skip
    return found if any(names.kind_of(n) == "W" for n in found) else ()
