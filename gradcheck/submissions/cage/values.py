"""Reads what a submission returned: a loss is a number, a gradient has its shape."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .excuses import UnanswerableError, article, words

Array = NDArray[Any]

# Kept by name: a submission may replace numpy's attributes, by mistake or on purpose.
_asarray, _contiguous, _ndarray = np.asarray, np.ascontiguousarray, np.ndarray
_float64 = np.float64


class Values:
    """Brings answers into the form that the judge knows, or says what they are.

    Parameters
    ----------
    notes : dict
        Hints for the judge: ``dtypes`` is filled, by name, where not float64.
    """

    def __init__(self, notes: dict[str, Any]) -> None:
        self.notes = notes

    def number(self, loss: Any) -> float:
        """Read a loss."""
        if type(loss) is float:
            return loss
        array = self._numeric(loss, "the loss", "a single number")
        if array.size != 1:
            raise UnanswerableError(
                "loss-not-scalar",
                f"the loss has shape {array.shape}, but should be a single number; "
                "take the mean over the examples, or their sum",
            )
        return float(array.reshape(-1)[0])

    def gradient(self, grads: Any, name: str, shape: tuple[int, ...]) -> bytes:
        """Read one of several gradients, in C order."""
        what = f"grads[{name!r}]"
        plain = type(grads) is dict and type(grads.get(name)) is _ndarray
        if plain and grads[name].dtype == _float64:
            array: Array = grads[name]
        else:
            array = self._numeric(
                _pick(grads, name), what, f"an array of shape {shape}"
            )
        if array.shape != shape:
            raise UnanswerableError(
                "shape-mismatch",
                f"{what} has shape {array.shape}, but should have {shape}, "
                f"the shape of params[{name!r}]",
                parameter=name,
                got=list(array.shape),
            )
        return _contiguous(array, dtype=_float64).tobytes()

    def _numeric(self, value: Any, what: str, should: str) -> Array:
        """View a value as a plain array of reals, whatever it claims to be."""
        if value is None:
            raise UnanswerableError(
                "none", f"{what} is None, but should be {should}; return it"
            )
        try:
            array = _asarray(value)
        except (TypeError, ValueError) as error:
            raise UnanswerableError(
                "not-an-array",
                f"{what} is {article(value)} that makes no array ({words(error)}), "
                f"but should be {should}",
            ) from None
        if type(array) is not _ndarray or array.dtype.kind not in "fiu":
            raise UnanswerableError(
                "complex" if array.dtype.kind == "c" else "not-numbers",
                f"{what} is {article(value)} of {array.dtype}, but should be "
                f"{should} of real numbers",
            )
        if array.dtype != _float64:
            key = what.replace("the loss", "loss").replace("grads", "")
            self.notes.setdefault("dtypes", {})[key.strip("[]'")] = str(array.dtype)
        return array


def _pick(grads: Any, name: str) -> Any:
    """Take one gradient out of what the submission returned for all of them."""
    try:
        if name in grads:
            return grads[name]
        there = ", ".join(map(repr, list(grads)[:12])) or "nothing"
    except TypeError:
        raise UnanswerableError(
            "no-gradients",
            f"the gradients are {article(grads)}, but should be a dict with an array "
            "for every parameter",
        ) from None
    raise UnanswerableError(
        "missing-gradient",
        f"there is no gradient for {name!r} (there is {there}); return one for every "
        "parameter",
    )
