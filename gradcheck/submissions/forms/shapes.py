"""Between our layout and the file's: orientation, biases, labels.

Ours: rows of ``X`` are examples, ``W`` is (inputs, outputs), ``b`` is (outputs,).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_AS_IT_IS = {"in_out": 2, "flat": 1}
"""Forms that are ours, and their number of axes."""


def layer_names(depth: int) -> list[tuple[str, str]]:
    """Return our names of weights and biases, first layer first."""
    if depth == 1:
        return [("W", "b")]
    return [(f"W{k}", f"b{k}") for k in range(1, depth + 1)]


@dataclass(frozen=True, slots=True)
class Slot:
    """How the file holds one array of parameters.

    Attributes
    ----------
    name : str
        What the file calls it.
    form : str
        ``"in_out"``, ``"out_in"`` or ``"vector"`` for weights; ``"flat"``, ``"row"``,
        ``"column"`` or ``"scalar"`` for biases; a weight's form with ``"+first"`` or
        ``"+last"`` where the bias is a column (row, entry) of the same array;
        ``"same"`` where we hold it just as the file does.
    weight, bias : str
        Our names of what it holds; empty where it holds none.
    """

    name: str
    form: str
    weight: str = ""
    bias: str = ""

    @property
    def ours(self) -> tuple[str, ...]:
        """Our names of what it holds."""
        return tuple(n for n in (self.weight, self.bias) if n)

    def express(self, params: Mapping[str, Any]) -> Any:
        """Return the file's array for our `params`."""
        form = self.form
        if form in _AS_IT_IS:
            own = np.array(params[self.weight or self.bias], dtype=float)
            if own.ndim == _AS_IT_IS[form]:
                return own
        if "+" in form:
            weight = np.asarray(params[self.weight])
            weight = weight.reshape(weight.shape[0], -1)
            bias = np.asarray(params[self.bias]).reshape(1, -1)
            first = self.form.endswith("first")
            whole = np.vstack([bias, weight] if first else [weight, bias])
            if self.form.startswith("vector"):
                return whole.reshape(-1)
            return whole.T.copy() if self.form.startswith("out_in") else whole
        array = np.array(params[self.weight or self.bias], dtype=float)
        if self.form in ("in_out", "out_in") and array.ndim == 1:
            array = array.reshape(-1, 1)
        match self.form:
            case "in_out" | "same":
                return array
            case "out_in":
                return array.T.copy()
            case "vector":
                return array.reshape(-1)
            case "flat":
                return array.reshape(-1)
            case "row":
                return array.reshape(1, -1)
            case "column":
                return array.reshape(-1, 1)
            case _:
                return float(array.reshape(-1)[0])

    def express_all(self, stacks: Mapping[str, Any]) -> list[Any]:
        """Return the file's arrays for many points, stacked along one more axis."""
        form, ours = self.form, self.ours
        stack = stacks[ours[0]]
        if form in _AS_IT_IS and stack.ndim == _AS_IT_IS[form] + 1:
            return list(np.array(stack, dtype=float))
        points = range(len(stack))
        return [self.express({k: stacks[k][i] for k in ours}) for i in points]

    def read(self, array: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return our arrays for the file's `array`; may raise ValueError on shapes.

        Integers stay what they are: it is told where they make a gradient wrong.
        """
        array = np.asarray(array)
        if array.dtype.kind not in "iu":
            array = np.asarray(array, dtype=float)
        name = self.weight or self.bias
        if self.form in _AS_IT_IS and array.shape == params[name].shape:
            return {name: array.copy()}
        if "+" in self.form:
            whole = array.T if self.form.startswith("out_in") else array
            first = self.form.endswith("first")
            whole = whole.reshape(-1, 1) if self.form.startswith("vector") else whole
            bias, weight = (whole[0], whole[1:]) if first else (whole[-1], whole[:-1])
            return {
                self.weight: weight.reshape(np.shape(params[self.weight])).copy(),
                self.bias: bias.reshape(np.shape(params[self.bias])).copy(),
            }
        array = array.T if self.form == "out_in" and array.ndim == 2 else array
        return {name: array.reshape(np.shape(params[name])).copy()}


def fits(own: Sequence[int], gradient: Any) -> bool:
    """Whether a gradient has its parameter's shape, axes of length one aside."""
    return fit(own, np.shape(gradient))


def fit(own: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether two shapes are the same, axes of length one aside."""
    return shape == own or [n for n in own if n != 1] == [n for n in shape if n != 1]


def forms_of(shape: Sequence[int], inputs: int, outputs: int) -> str:
    """Name the form of a weight of this shape between two layers, if it has one."""
    table: dict[tuple[int, ...], str] = {
        (inputs, outputs): "in_out",
        (outputs, inputs): "out_in",
        (inputs + 1, outputs): "in_out+first",
        (outputs, inputs + 1): "out_in+first",
    }
    alone = tuple(shape) == (inputs,) and outputs == 1
    return table.get(tuple(shape), "vector" if alone else "")


def bias_form(shape: Sequence[int], outputs: int) -> str:
    """Name the form of a bias of this shape, if it has one."""
    return {(outputs,): "flat", (1, outputs): "row", (outputs, 1): "column"}.get(
        tuple(shape), "scalar" if outputs == 1 and tuple(shape) == () else ""
    )


CODINGS = (
    "onehot", "ints", "ints column", "ints row", "onehot columns", "from one",
    "from one column", "binary", "binary column", "binary row", "signs",
    "signs column", "signs row", "real", "real column", "real row",
)  # fmt: skip


def code_labels(y: Any, coding: str, classes: int) -> Any:
    """Write our labels as the file wants them.

    Parameters
    ----------
    y : ndarray, shape (N,)
        Labels in ``range(classes)``; 0/1 or -1/+1 where `classes` is 1.
    coding : str
        One of `CODINGS`; ``"asis"`` leaves them alone.
    classes : int
        Number of outputs.
    """
    y = np.asarray(y)
    if coding == "ints":
        return y.astype(int).reshape(-1)
    if coding == "asis":
        return y.copy()
    kind, _, shape = coding.partition(" ")
    if coding.startswith("from one"):
        kind, shape = "from one", coding[8:].strip()
    if kind == "onehot":
        labels = y.astype(int).reshape(-1)
        hot = np.eye(max(classes, 1))[labels] if classes > 1 else y.reshape(-1, 1) * 1.0
        return hot.T.copy() if shape == "columns" else hot
    values = _written(y, kind).reshape(-1)
    if shape == "column":
        return values.reshape(-1, 1)
    return values.reshape(1, -1) if shape == "row" else values


def _written(y: Any, kind: str) -> Any:
    """Write one number a label."""
    match kind:
        case "ints":
            return y.astype(int)
        case "from one":
            return y.astype(int) + 1
        case "binary":
            return (y > 0).astype(int)
        case "signs":
            return np.where(y > 0, 1, -1)
    return y.astype(float)
