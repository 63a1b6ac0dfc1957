"""A ready check of a layer whose inputs cannot be told by their names."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from . import names
from .layer_snippets import Found, of_class, of_functions
from .names import Function
from .refusal import Refused

_UPSTREAM = re.compile(
    r"d[a-zA-Z_]\w*|g|ct|(grad|upstream|delta|cotangent|top_?diff|err)\w*", re.I
)
_KEPT = re.compile(
    r".*(cache|store|memory|saved|state|ctx|context|residual|tape|intermediate).*", re.I
)


def found(
    functions: Mapping[str, Function], classes: Mapping[str, Mapping[str, Function]]
) -> Found | None:
    """Find a layer among functions, or among classes with their methods."""
    backs = [f for f in functions.values() if _goes_back(f)]
    for back in backs:
        others = [
            f for f in functions.values()
            if f not in backs and f.arguments and len(f.returned()) == 2
            and not _takes_labels(f)
        ]  # fmt: skip
        others.sort(key=partial(_unlike, back.name))
        if others:
            return Found(others[0], back)
    for name, methods in classes.items():
        forward, backward = methods.get("forward"), methods.get("backward")
        if forward is None or backward is None or not forward.arguments:
            continue
        if not (_takes_labels(forward) or _takes_labels(backward)):
            return Found(forward, backward, name, methods.get("__init__"))
    return None


def _unlike(name: str, function: Function) -> int:
    """Count, below zero, the letters with which two names begin alike."""
    same = [a == b for a, b in zip(name, function.name, strict=False)]
    return -(same.index(False) if False in same else len(same))


def _goes_back(function: Function) -> bool:
    """Whether a function takes a gradient from above, and what was kept."""
    arguments = function.arguments
    return (
        len(arguments) == 2
        and _UPSTREAM.fullmatch(arguments[0]) is not None
        and _KEPT.fullmatch(arguments[1]) is not None
    )


def _takes_labels(function: Function) -> bool:
    return any(names.role_of(a) == "y" for a in function.arguments)


def instead(
    layer: Found | None, problem: Refused | None, stem: str, space: Mapping[str, Any]
) -> Refused | None:
    """Point to `check_vjp`, where what was found wrong is that a layer was misread.

    Parameters
    ----------
    layer : Found or None
        What was `found`.
    problem : Refused or None
        What would be said without it.
    stem : str
        Name of the file, without its ending.
    space : mapping
        Its globals.
    """
    if layer is None:
        return None
    if problem is not None and not (
        problem.code == "crashes"
        and (not problem.interface or (not layer.cls and layer.mentions(problem.text)))
    ):
        return None
    why = ""
    if problem is not None:
        why = f" ({problem.text.split('; a loss and its gradient were expected')[0]})"
    text = (
        f"{layer.said}, and its inputs could not be told by their names{why}; "
        "f_forward(x, w, b) and f_backward(dout, cache), or a class that holds W and "
        "b, were expected. gradcheck.check_vjp takes any layer: save this as "
        f"check_{stem}.py, put in the shapes that it takes, and run `python "
        f"check_{stem}.py`:\n\n"
    )
    lines = of_class(layer) if layer.cls else of_functions(layer, space)
    head = layer.cls or f"{layer.forward.name}, {layer.backward.name}"
    body = "\n".join([
        "import numpy as np", "from gradcheck import check_vjp",
        f"from {stem} import {head}", "", "rng = np.random.default_rng(0)", *lines,
    ])  # fmt: skip
    line = problem.line if problem is not None else layer.forward.node.lineno
    return Refused("no-form", text + body, line)
