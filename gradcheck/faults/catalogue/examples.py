"""Mistakes in which examples count, and how they meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.faults.catalogue.places import one_place
from gradcheck.faults.records import Fault, Mistake, Variant


def _summed(p: Any, site: Any, value: Array, m: Mistake) -> Array:
    return np.broadcast_to(value.sum(axis=0), value.shape).copy()


def _without(rows: slice) -> Any:
    def setting(p: Any, site: Any, value: Array, m: Mistake) -> Array:
        kept = value.copy()
        kept[rows] = 0.0
        return kept

    return setting


FAULTS = (
    Fault(
        id="examples-mixed",
        title="the deltas of all examples are summed before they meet the inputs",
        equation="dW = sum_i x_i delta_i^T: a sum of products, not a product of sums",
        wrong="dW = np.outer(X.sum(axis=0), dscores.sum(axis=0))",
        right="dW = X.T @ dscores",
        advice="multiply each example's input with its own delta, then sum",
        unnoticed="with a single example it is right, and so are the shapes",
        see="check with N = 1 and N = 2: the first passes, the second fails",
        variants=(Variant("", "delta", _summed),),
        sites=one_place,
        rare=True,
    ),
    Fault(
        id="example-dropped",
        title="only some of the examples count",
        equation="dL/dW = (1/N) sum over all N examples",
        wrong="for i in range(N - 1): dW += ...",
        right="for i in range(N): dW += ...",
        advice="let the loop, or the slice, reach every example",
        unnoticed="one of many examples hardly changes the sum",
        see="change one example: if the gradient stays, it was never read",
        variants=(
            Variant("the last is left out", "examples", _without(slice(-1, None))),
            Variant("the first is left out", "examples", _without(slice(0, 1))),
            Variant("only the last counts", "examples", _without(slice(None, -1))),
            Variant("only the first counts", "examples", _without(slice(1, None))),
        ),
        sites=one_place,
    ),
)
