"""The adapter that is printed where a file's form is not understood."""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from . import plans
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
    owner = _owner(classes)
    if owner is not None:
        lines += [f"    net = {owner}()  # the sizes are X.shape[1], y.max() + 1"]
        called = _called(classes[owner])
        prefix = "net."
    else:
        called = _called(functions)
        prefix = ""
    for function in called:
        passed = ", ".join(function.arguments)
        lines.append(f"    ... = {prefix}{function.name}({passed})")
    lines += [
        "    # params['W1'] is (inputs, hidden), params['b1'] (hidden,), W2, b2 alike",
        "    return loss, {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}",
    ]
    return "\n".join(lines)


def _owner(classes: Mapping[str, Any]) -> str | None:
    """Choose the class that a gradient may be asked of: one that goes back."""
    having = [name for name, methods in classes.items() if methods]
    goes_back = [n for n in having if plans.sort_out(classes[n])["back"]]
    return next(iter([*reversed(goes_back), *having]), None)


def _called(functions: Mapping[str, Function]) -> list[Function]:
    """Choose what is called: forwards, the loss, and backwards, where there are any."""
    public = {n: f for n, f in functions.items() if not n.startswith("_")}
    kinds = plans.sort_out(public)
    likely = [
        f for kind in ("both", "forward", "cost", "back") for f in kinds[kind][:1]
    ]
    return list(dict.fromkeys(likely)) if likely else list(public.values())[:3]


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


def guessed_wrongly(
    name: str,
    functions: Mapping[str, Function],
    classes: Mapping[str, Any],
    why: Refused,
) -> Refused:
    """Say what raised when it was called as it seemed to want, and print an adapter."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    what = why.text.split("; a loss and its gradient were expected")[0]
    return Refused(
        "no-form",
        f"{what}, called as the names of its arguments say; a loss and its gradient "
        "were expected. If that is how it is called, mend that line; if it is not, "
        f"save this adapter as {stem}_adapter.py, fill in its dots, and run `gradcheck "
        f"check {stem}_adapter.py`:\n\n" + adapter(stem, functions, classes),
        why.line,
    )


def class_names(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Collect the classes of a module by name."""
    return {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
