"""Which loss a gradient is held against: a network and its conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gradcheck._typing import Array
from gradcheck.problem import Network


@dataclass(frozen=True, slots=True)
class Specification:
    """The loss whose gradient is asked for: a network and its conventions.

    Attributes
    ----------
    network : Network
        The chain of layers.
    penalty : mapping of str to float
        The loss holds ``k * reg * sum(p**2)``: k by parameter; missing means 0.
    averaged : frozenset of str
        Parameters whose penalty is divided by N as well.
    reduction : {"mean", "sum"}
        Over the examples.
    scale : float
        The data loss is this multiple of the network's own.
    fixed : mapping of str to float
        Coefficients of ``sum(p**2)`` that are there whatever `reg` is.
    free : mapping of str to str
        Parameters of which a row is not penalised: ``"first"`` or ``"last"``.
    per : str
        ``"classes"`` where the data loss is a mean over all N * C numbers, and
        ``"n-minus-one"`` where the sum over examples is divided by N - 1.
    """

    network: Network
    penalty: Mapping[str, float] = field(default_factory=dict)
    averaged: frozenset[str] = frozenset()
    reduction: str = "mean"
    scale: float = 1.0
    fixed: Mapping[str, float] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)
    per: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """All that tells this loss from another, hashable."""
        tables = (self.penalty, self.fixed, self.free)
        return (
            self.network.conventions, *(tuple(t.items()) for t in tables),
            self.averaged, self.reduction, self.scale, self.per,
        )  # fmt: skip

    def multiple(self, examples: int, classes: int) -> float:
        """Return what multiplies the network's own data loss at these sizes."""
        if self.per == "classes":
            return self.scale / classes
        if self.per == "n-minus-one" and examples > 1:
            return self.scale * examples / (examples - 1)
        return self.scale

    def penalised(self, name: str, p: Array) -> Array:
        """Return a parameter with zeros where the penalty leaves it free."""
        p = np.asarray(p, dtype=float)
        if name not in self.free:
            return p
        kept = p.copy()
        kept[{"first": 0, "last": -1}[self.free[name]]] = 0.0
        return kept


def specify(network: Network) -> Specification:
    """Return the loss that a network's own fields describe."""
    k = {"half": 0.5, "full": 1.0, "none": 0.0}[network.penalty]
    penalty = dict.fromkeys(network.weights, k)
    return Specification(network, penalty, reduction=network.reduction)
