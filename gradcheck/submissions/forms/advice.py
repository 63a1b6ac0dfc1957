"""The adapter that is printed where a file's form is not understood."""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from .names import Function
from .refusal import Refused


def adapter(
    stem: str, functions: Mapping[str, Function], classes: Mapping[str, Any]
) -> str:
    """Write a ready adapter, filled with the file's own names.

    Parameters
    ----------
    stem : str
        The file's name without ``.py``.
    functions : mapping
        Its functions.
    classes : mapping
        Its classes, with their methods by name.
    """
    lines = [f"from {stem} import *", "", "def loss_and_grads(params, X, y, reg):"]
    owner = next((c for c, methods in classes.items() if methods), None)
    if owner is not None:
        lines += [f"    net = {owner}()  # the sizes are X.shape[1], y.max() + 1"]
        called = [f for n, f in classes[owner].items() if not n.startswith("_")][:3]
        prefix = "net."
    else:
        called = list(functions.values())[:3]
        prefix = ""
    for function in called:
        passed = ", ".join(function.arguments)
        lines.append(f"    ... = {prefix}{function.name}({passed})")
    lines += [
        "    # params['W1'] is (inputs, hidden), params['b1'] (hidden,), W2, b2 alike",
        "    return loss, {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}",
    ]
    return "\n".join(lines)


def nothing_fits(
    name: str,
    functions: Mapping[str, Function],
    classes: Mapping[str, Any],
    trains: Iterable[int],
    why: Refused | None,
) -> Refused:
    """Say what was found, what was expected, and print an adapter."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    spelled = [f"{f.name}({', '.join(f.arguments)})" for f in functions.values()]
    spelled += [f"class {c}" for c in classes]
    found = ", ".join(spelled[:8]) + (" and more" if len(spelled) > 8 else "")
    lines = list(trains)
    if not spelled:
        trained = (
            f"all of its work stands at the top level (from line {lines[0]}), where it "
            "trains when it is imported; "
            if lines
            else "it defines no function and no class; "
        )
        return Refused(
            "no-gradient",
            f"{trained}a function or class that returns a loss and its gradient was "
            "expected: move the forward and the backward pass into functions, for "
            "instance def loss_and_grads(params, X, y, reg): ... return loss, grads",
            lines[0] if lines else None,
        )
    reason = f" ({why.text})" if why is not None else ""
    return Refused(
        "no-form",
        f"found {found}, but nothing that gives a loss and its gradient in a form that "
        f"is known{reason}. Save this adapter as {stem}_adapter.py, fill in its dots, "
        f"and run `gradcheck check {stem}_adapter.py`:\n\n"
        + adapter(stem, functions, classes),
        why.line if why is not None else None,
    )


def class_names(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Collect the classes of a module by name."""
    return {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
