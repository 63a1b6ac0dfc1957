"""Reading what a function returned: one real number, and named float64 arrays.

Everything else becomes an `UnusableError` that says what was got and what should be.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.errors import GradcheckError, SubmissionError
from gradcheck.structure import SINGLE, Structure, read_leaves


class UnusableError(SubmissionError):
    """What the function returned, or that it did not return, in one sentence.

    Attributes
    ----------
    id : str
        Id of the rule of hygiene that is broken.
    grads : dict of str to ndarray, optional
        The gradients as they came, where their shapes are all that is wrong.
    """

    def __init__(self, id: str, text: str, grads: Mapping[str, Any] | None = None):
        super().__init__(text)
        self.id = id
        self.grads = grads


def read_loss(value: Any, name: str) -> float:
    """Read one real, finite number.

    Raises
    ------
    UnusableError
        With the id of the rule that is broken.
    """
    try:
        array = np.array(value)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "fiubc":
        raise UnusableError(
            "loss-not-scalar",
            f"{name} returned a loss of type {type(value).__name__}, but should return "
            "one real number",
        )
    if array.size != 1:
        raise UnusableError(
            "loss-not-scalar",
            f"{name} returned a loss of shape {array.shape}, but should return one "
            "number: sum or average it over the examples",
        )
    number = complex(array.reshape(())[()])
    if number.imag != 0.0:
        raise UnusableError(
            "loss-not-real",
            f"{name} returned the complex loss {number:.6g}, but should return a real "
            "one",
        )
    if not np.isfinite(number.real):
        raise UnusableError(
            "not-finite",
            f"{name} returned the loss {number.real}, but should be finite",
        )
    return number.real


def as_array(value: Any) -> Array | None:
    """Return `value` as an array, or None if it is none."""
    try:
        return np.asarray(value)
    except ValueError:
        return None


def read_output(out: Any) -> Array:
    """Read the output of a forward pass: an array of finite real numbers.

    Raises
    ------
    UnusableError
        If it is none.
    """
    array = as_array(out)
    if array is None or array.dtype.kind not in "fiubc":
        raise UnusableError(
            "return-value",
            f"forward returned an output of type {type(out).__name__} that is no "
            "array, but should return (out, cache) with an array of real numbers as "
            "out",
        )
    if array.dtype.kind == "c":
        raise UnusableError(
            "return-value",
            f"forward returned an output of type {array.dtype}, but should return real "
            "numbers",
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(map(int, bad[0]))
        raise UnusableError(
            "not-finite",
            f"forward returned out{list(index) if index else ''} = {array[index]}, but "
            "should be finite",
        )
    return array


def read_grads(
    structure: Structure, shapes: Mapping[str, tuple[int, ...]], raw: Any
) -> Grads:
    """Read the gradient of every parameter, strictly by name and by shape.

    Raises
    ------
    UnusableError
        If one is missing, not real numbers, of another shape, or not finite.
    """
    leaves = _by_name(structure, shapes, raw)
    missing = [name for name in shapes if leaves.get(name) is None]
    if missing and missing[0] in leaves:
        name = missing[0]
        raise UnusableError(
            "keys-missing",
            f"grads[{name!r}] is None, but should be an array of shape "
            f"{shapes[name]}, the gradient by {_named(name)}",
        )
    if missing:
        found = ", ".join(map(repr, leaves)) or "nothing"
        raise UnusableError(
            "keys-missing",
            f"grads[{missing[0]!r}] is missing, but there should be a gradient for "
            f"each of {', '.join(map(repr, shapes))}; found {found}",
        )
    grads = {name: _as_real(name, leaves[name]) for name in shapes}
    wrong = [name for name in shapes if grads[name].shape != shapes[name]]
    if wrong:
        name = wrong[0]
        raise UnusableError(
            "shape-mismatch",
            f"grads[{name!r}].shape = {grads[name].shape}, but should be "
            f"{shapes[name]}, the shape of {_named(name)}",
            grads,
        )
    for name, array in grads.items():
        finite = np.isfinite(array)
        if not finite.all():
            bad = np.argwhere(~finite)
            index = tuple(map(int, bad[0]))
            raise UnusableError(
                "not-finite",
                f"grads[{name!r}]{list(index) if index else ''} = {array[index]}, but "
                f"should be finite; so in {len(bad)} of {array.size} entries",
            )
    return grads


def arrays_in(raw: Any) -> dict[str, Array]:
    """Return the arrays of a gradient just as they came, by key or position."""
    if isinstance(raw, Mapping):
        items = [(str(key), value) for key, value in raw.items()]
    elif isinstance(raw, list | tuple):
        items = [(str(key), value) for key, value in enumerate(raw)]
    else:
        items = [("params", raw)]
    return {key: value for key, value in items if isinstance(value, np.ndarray)}


def _named(name: str) -> str:
    return "params" if name == SINGLE else f"params[{name!r}]"


def _by_name(
    structure: Structure, shapes: Mapping[str, tuple[int, ...]], raw: Any
) -> dict[str, Any]:
    """Match gradients to parameters: by name, by ``"d" + name``, else by order."""
    if raw is None:
        return {}
    try:
        leaves = read_leaves(structure, raw)
    except GradcheckError as error:
        raise UnusableError("return-value", str(error)) from None
    if set(shapes) <= set(leaves):
        return leaves
    prefixed = {name: leaves.get(f"d{name}", leaves.get(name)) for name in shapes}
    if all(value is not None for value in prefixed.values()):
        return prefixed
    in_order = isinstance(raw, list | tuple) and len(leaves) == len(shapes)
    if in_order:
        return dict(zip(shapes, leaves.values(), strict=True))
    return leaves


def _as_real(name: str, value: Any) -> Array:
    try:
        array = np.array(value, subok=False)
    except Exception as error:
        raise UnusableError(
            "shape-mismatch", f"grads[{name!r}] is not an array: {error}"
        ) from None
    if array.dtype.kind == "c" and not np.any(array.imag):
        array = array.real
    if array.dtype.kind not in "fiub":
        raise UnusableError(
            "not-real",
            f"grads[{name!r}].dtype = {array.dtype}, but should hold real numbers",
        )
    return array.astype(np.float64, copy=False)
