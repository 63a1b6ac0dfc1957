"""Whether a gradient goes with the slope of its loss, at one point."""

from typing import Any

import numpy as np

from .implied import agreeing
from .recipe import Outcome, Recipe


def consistent(
    recipe: Recipe, outcome: Outcome, params: Any, X: Any, y: Any
) -> tuple[tuple[str, ...], bool]:
    """Return the parameters whose gradient agrees with the loss's slope.

    And whether the loss has a slope at all.
    """

    def loss(moved: Any) -> Any:
        value = recipe.evaluate(moved, X.copy(), y.copy(), 0.0, False).loss
        return np.nan if value is None else value

    found = agreeing(loss, params, outcome.grads or {})
    return (found, True) if found is not None else ((), False)
