"""Make an object, its sizes taken from the names of its constructor's arguments."""

import inspect
import re
from functools import lru_cache
from typing import Any

import numpy as np

from . import names
from .calls import Board, Setting
from .refusal import Refused

_RATE = re.compile(r"p|(drop(out)?_?)?(rate|prob|probability|ratio)|drop(out)?", re.I)


def construct(cls: Any, board: Board) -> Any:
    """Make an instance, its sizes taken from the names of the arguments.

    ``hidden_nodes`` may be a list of sizes or a number: the list is tried first.
    """
    try:
        signature = _signature(cls) if _is_hashable(cls) else inspect.signature(cls)
    except (TypeError, ValueError):
        return cls()
    try:
        return _construct(cls, signature, board)
    except Exception:
        if not any(_may_be_listed(n) for n in signature.parameters):
            raise
    return _construct(cls, signature, board, listed=False)


@lru_cache(256)
def _signature(cls: Any) -> inspect.Signature:
    """Read a signature once: an object is made for every size of problem."""
    return inspect.signature(cls)


def _is_hashable(cls: Any) -> bool:
    """Whether a class can be remembered: its own class may say otherwise."""
    try:
        hash(cls)
    except TypeError:
        return False
    return True


def _may_be_listed(name: str) -> bool:
    bare = name.lower().strip("_")
    return names.role_of(name) == "H" and bool(_LISTS.fullmatch(bare))


def _construct(
    cls: Any, signature: inspect.Signature, board: Board, *, listed: bool = True
) -> Any:
    values: dict[str, Any] = {}
    args: list[Any] = []
    guessed = by_position(signature, board.setting)
    sizes = sizes_named_like_data(cls)
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value, found = constructor_value(
            sizes.get(name, name), parameter, board.setting, listed=listed
        )
        if not found and name in guessed:
            value, found = guessed[name], True
        if not found:
            if parameter.default is not parameter.empty:
                continue
            raise Refused(
                "unbound",
                f"{cls.__name__}({', '.join(signature.parameters)}) wants {name!r}, "
                "and nothing in the file says what that is",
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            args.append(value)
        else:
            values[name] = value
    return cls(*args, **values)


def sizes_named_like_data(cls: Any) -> dict[str, str]:
    """Return which arguments of a constructor are sizes, though data are called so.

    ``Net(inputs, hidden, outputs)`` beside ``Net(x, y)``: there is a width among them,
    and the constructor asks none of its arguments for a shape.

    Returns
    -------
    dict
        From such a name to one that sizes have.
    """
    try:
        code = cls.__init__.__code__
    except AttributeError:
        return {}
    count = code.co_argcount + code.co_kwonlyargcount
    parameters = code.co_varnames[1:count]
    roles = {name: names.role_of(name) for name in parameters}
    if "H" not in roles.values() or _OF_ARRAYS.intersection(code.co_names):
        return {}
    meant = {"X": "n_inputs", "y": "n_outputs"}
    words = [n for n in parameters if len(n.strip("_")) > 2 and roles[n] in meant]
    return {n: meant[roles[n]] for n in words}


def by_position(signature: inspect.Signature, setting: Setting) -> dict[str, Any]:
    """Give an unknown size the one that is left: (inputs, hidden, ?) -> outputs."""
    dims = setting.dims
    left = {"D": dims[0], "H": dims[1] if len(dims) > 2 else dims[-1], "C": dims[-1]}
    if len(dims) == 2:
        left.pop("H")
    unknown = []
    for name, parameter in signature.parameters.items():
        role = names.role_of(name)
        if role in left:
            left.pop(role)
        elif not role and parameter.default is parameter.empty:
            unknown.append(name)
    return dict(zip(unknown, left.values(), strict=False))


_OF_ARRAYS = frozenset({"shape", "T", "len", "ndim", "dot", "matmul", "asarray"})
"""What a constructor asks of data, or does with them, and not of a size."""

_LISTS = re.compile(r".*(dims|sizes|layers|units|list|nodes)", re.I)


def constructor_value(
    name: str, parameter: Any, setting: Setting, *, listed: bool = True
) -> tuple[Any, bool]:
    """Return a value for an argument of a constructor, and whether there is one."""
    dims = setting.dims
    role = names.role_of(name)
    bare = name.lower().strip("_")
    default = parameter.default
    if role == "N" and bare in ("n", "m", "size"):
        role = "D" if bare == "n" else "C" if bare == "m" else role
    known = isinstance(default, list | tuple)
    counted = bool(re.search(r"^num|^n_|_num|^n[a-z]*$", bare)) or not listed
    if role == "H" and (known or (_LISTS.fullmatch(bare) and not counted)):
        return list(dims[1:-1]), True
    if bare in ("n_layers", "num_layers", "hidden_layers", "n_hidden_layers"):
        return len(dims) - 2, True
    table: dict[str, Any] = {
        "D": dims[0],
        "H": dims[1] if len(dims) > 2 else dims[-1],
        "C": dims[-1],
        "dims": list(dims),
        "dtype": np.float64,
        "reg": setting.reg,
    }
    if role in table and (role != "dims" or default is parameter.empty
                          or isinstance(default, list | tuple)):  # fmt: skip
        return table[role], True
    if role == "X":
        return setting.data, True
    if role == "y" and default is parameter.empty:
        return setting.labels(name), True
    if default is not parameter.empty:
        return None, False
    rest: dict[str, Any] = {
        "lr": 1.0, "N": len(setting.X), "keep": 1.0, "epochs": 1, "scale": 0.1,
        "seed": 0, "flag": False,
    }  # fmt: skip
    if bare in ("scores_shape", "shape", "input_shape"):
        n, c = len(setting.X), dims[-1]
        return ((n, c) if setting.layout == "rows" else (c, n)), True
    if "activation" in bare or bare in ("act", "act_fn"):
        return "sigmoid", True
    return rest.get(role), role in rest


def bare(cls: Any) -> Any:
    """Make an object of small sizes from what its constructor takes."""
    parameters = inspect.signature(cls).parameters
    sizes = iter((5, 4))
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        role = names.role_of(name)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if role in ("D", "X") or (role == "N" and parameter.default is parameter.empty):
            values[name] = next(sizes, 5)
        elif role in ("C", "H"):
            values[name] = next(sizes, 4)
        elif names.kind_of(name) == "W":
            values[name] = np.zeros((5, 4))
        elif names.kind_of(name) == "b":
            values[name] = np.zeros(4)
        elif role == "keep" or _RATE.fullmatch(name):
            values[name] = 0.5
        elif parameter.default is parameter.empty:
            values[name] = next(sizes, 1)
    return cls(**values)
