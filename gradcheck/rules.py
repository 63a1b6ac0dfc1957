"""Rules of hygiene as records, and those that compare memory before and after."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.reading import arrays_in


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and whether it is kept.

    Attributes
    ----------
    id : str
        Names what breaks the rule: ``"mutates-input"``.
    ok : bool
        Whether it is kept.
    detail : str
        What was found, in a sentence.
    fatal : bool
        Whether a gradient that breaks it is wrong, or only worth a remark.
    random : bool
        Whether it is the gradient that differs from call to call.
    """

    id: str
    ok: bool
    detail: str
    fatal: bool = True
    random: bool = False


def unchanged(id: str, prefix: str, before: Params, after: Params) -> Rule:
    """Compare what was handed over with what is left of it, bit for bit."""
    for name, array in before.items():
        now = after.get(name)
        if now is not None and not _identical(array, now):
            where = f"{prefix}[{name!r}]" if prefix else name
            index = tuple(map(int, np.argwhere(np.asarray(array != now))[0]))
            return Rule(
                id,
                False,
                f"the call changed {where} in place: {where}{_place(index)} was "
                f"{array[index]:.6g} and is {now[index]:.6g}; work on a copy",
            )
    what = "parameters" if prefix else "inputs"
    return Rule(id, True, f"{what} unchanged")


def _identical(before: Array, after: Array) -> bool:
    if np.array_equal(before, after):  # comparing NaN as well copies both
        return True
    return bool(np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"))


def _place(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def not_aliased(raw: Any, given: Params) -> Rule:
    """See that no gradient shares memory with a parameter or another gradient."""
    arrays = arrays_in(raw)
    for name, grad in arrays.items():
        for other, array in given.items():
            if np.shares_memory(grad, array):
                text = f"grads[{name!r}] shares memory with params[{other!r}]"
                return Rule(
                    "aliased-gradients",
                    False,
                    f"{text}: an update in place changes both; return a copy",
                    fatal=False,
                )
    return Rule("aliased-gradients", True, "gradients share no memory", fatal=False)
