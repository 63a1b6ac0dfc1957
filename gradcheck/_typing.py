"""Names for the types that pass between the layers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""An array of float64, or of complex128 where a complex step passes through."""

Params: TypeAlias = Mapping[str, Array]
"""Parameters by name."""

Grads: TypeAlias = dict[str, Array]
"""Gradients, with the keys and shapes of the parameters."""

Loss: TypeAlias = Any
"""A scalar: float, or complex under a complex step."""

LossGrads: TypeAlias = tuple[Loss, Grads]
LossAndGrads: TypeAlias = Callable[[Params, Array, Array, float], LossGrads]
"""``loss_and_grads(params, X, y, reg) -> (loss, grads)``, the form of a network."""

Evaluate: TypeAlias = Callable[[Iterable[Params]], NDArray[np.float64]]
"""The only door to a loss: points in, one loss a point out."""

Penalty: TypeAlias = Literal["half", "full", "none"]
Reduction: TypeAlias = Literal["mean", "sum"]
Layout: TypeAlias = Literal["rows", "columns"]
