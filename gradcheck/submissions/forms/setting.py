"""A problem written down as a file wants it: its layout, its labels, its sizes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from . import shapes


@dataclass(slots=True)
class Setting:
    """One way of writing a problem down, and the problem.

    Attributes
    ----------
    params, X, y, reg
        The problem, in our layout.
    dims : tuple of int
        Inputs, hidden widths, outputs.
    layout : str
        ``"rows"`` or ``"columns"``: what the file means by ``X``.
    coding : str
        What it means by ``y``; see `shapes.code_labels`.
    intercept : bool
        Whether the first of its inputs is one for every example.
    """

    params: Mapping[str, Any]
    X: Any
    y: Any
    reg: float
    dims: tuple[int, ...]
    layout: str = "rows"
    coding: str = "onehot"
    values: dict[str, Any] = field(default_factory=dict)
    containers: dict[str, Any] = field(default_factory=dict)
    keep: float = 0.8
    matrix: bool = False
    intercept: bool = False
    ours: dict[int, Any] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The inputs as the file wants them."""
        if self.layout == "vector":
            return self.X[0]
        array = self.X
        if self.intercept:
            array = np.hstack([np.ones((len(array), 1)), array])
        array = array if self.layout == "rows" else np.ascontiguousarray(array.T)
        return np.asmatrix(array) if self.matrix else array

    def labels(self, name: str) -> Any:
        """Return the labels as an argument of this name wants them."""
        several = self.dims[-1] > 1
        coding = _coding_of(name, self.coding, self.layout == "rows", several)
        coded = shapes.code_labels(self.y, coding, self.dims[-1])
        if self.layout == "vector":
            coded = coded.reshape(-1)
            return coded if coded.size > 1 else coded[0]
        return np.asmatrix(coded) if self.matrix else coded


@lru_cache(1024)
def _coding_of(name: str, coding: str, rows: bool, several: bool) -> str:
    """Return the coding that an argument of this name wants its labels in."""
    if several and re.search(r"hot|_enc|mat", name, re.I):
        return "onehot" if rows else "onehot columns"
    if coding == "data" and re.search(r"label|class", name, re.I):
        return "ints"
    return coding
