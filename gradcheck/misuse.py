"""What was handed over instead of a function or a path, and the call that suits it."""

import inspect
import os
import sys
from types import ModuleType
from typing import Any

from gradcheck.errors import GradcheckError


def refuse_no_function(value: Any, name: str, form: str) -> None:
    """Refuse what is no function, and name the call that checks what it is.

    Parameters
    ----------
    value : object
        What was handed over as a function.
    name : str
        Of the argument.
    form : str
        How the function should be called, and what it returns.

    Raises
    ------
    GradcheckError
    """
    if callable(value) and not isinstance(value, type):
        _refuse_method(value, name, form)
        return
    layer = name in ("forward", "backward")
    hint = _in_a_layer(value) if layer else _to_check(value)
    raise GradcheckError(
        f"{name} is {_described(value)}, but should be a function: {form}{hint}"
    )


def refuse_no_path(value: Any) -> None:
    """Refuse what is no path of a file, and name the call that checks what it is.

    Raises
    ------
    GradcheckError
    """
    if isinstance(value, str | os.PathLike):
        return
    hint = _to_check(value)
    if isinstance(value, bytes):
        hint = f"; give it as text: {os.fsdecode(value)!r}"
    elif isinstance(value, list | tuple):
        hint = "; check one file at a time, or a folder by `gradcheck grade`"
    elif callable(value) and not isinstance(value, type):
        called = getattr(value, "__name__", "loss_and_grads")
        hint = (
            f"{hint}; a function is checked where it is by "
            f"gradcheck.check_network({called}, 'softmax')"
        )
    raise GradcheckError(
        f"path is {_described(value)}, but should be the path of a Python file or a "
        f"notebook{hint}"
    )


def refuse_no_names(value: Any) -> None:
    """Refuse what is no sequence of names: one name alone, a class, a function.

    Raises
    ------
    GradcheckError
    """
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return
    one = value[0] if isinstance(value, list | tuple) else value
    name = one if isinstance(one, str) else getattr(one, "__name__", "TwoLayerNet")
    got = f"objects = {value!r}" if isinstance(value, str) else ""
    raise GradcheckError(
        f"{got or f'one of objects is {_described(one)}'}, but objects should be a "
        f"list of names: objects=[{name!r}]"
    )


def _described(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, ModuleType):
        return f"the module {value.__name__}"
    if inspect.isroutine(value):
        return f"the function {getattr(value, '__name__', '')}".rstrip()
    return f"of type {type(value).__name__}"


def _to_check(value: Any) -> str:
    """Name the call that checks a class, an object, a module, a function or a file."""
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if isinstance(value, str) and not path.endswith((".py", ".ipynb")):
            return ""
        return f"; a file is checked by gradcheck.check_submission({path!r})"
    file = _file_of(value)
    where = f"gradcheck.check_submission({file!r}" if file else ""
    if isinstance(value, ModuleType):
        return f"; give one of its functions, or its file to {where})" if file else ""
    if isinstance(value, type):
        named = value.__name__
        there = f", or from its file by {where}, objects=[{named!r}])" if file else ""
        return f"; a class is checked by gradcheck.testing.examine({named}){there}"
    if hasattr(value, "params") and callable(getattr(value, "loss", None)):
        return (
            "; an object with params and loss is checked by gradcheck.testing.examine"
        )
    if inspect.isfunction(value) and file:
        return f"; give its file: {where}, objects=[{value.__name__!r}])"
    return ""


def _in_a_layer(value: Any) -> str:
    """Say which parts of a class or object make a layer."""
    if isinstance(value, type):
        made = f"layer = {value.__name__}(...)"
    elif callable(getattr(value, "forward", None)):
        made = f"layer being the {type(value).__name__}"
    else:
        return _to_check(value)
    return f"; give the methods of an object: {made}, layer.forward, layer.backward"


def _file_of(value: Any) -> str:
    """Return the file in which something is defined, by its last part; or nothing."""
    module: Any = value
    if not isinstance(value, ModuleType):
        module = sys.modules.get(getattr(value, "__module__", None) or "")
    return os.path.basename(getattr(module, "__file__", None) or "")


def _refuse_method(value: Any, name: str, form: str) -> None:
    """Refuse the method of an object that holds its parameters itself."""
    owner = getattr(value, "__self__", None)
    if name != "loss_and_grads" or not (
        inspect.ismethod(value) and hasattr(owner, "params")
    ):
        return
    wanted = form[form.index("(") + 1 : form.index(")")].split(", ")
    try:
        inspect.signature(value).bind(*wanted)
    except TypeError:
        kind, method = type(owner).__name__, value.__name__
        raise GradcheckError(
            f"{name} is the method {kind}.{method}{inspect.signature(value)}, but "
            f"should be a function: {form}; an object with params and loss is checked "
            "by gradcheck.testing.examine"
        ) from None
