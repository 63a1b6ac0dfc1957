"""Whether a gradient goes with the slope of its loss, at one point."""

from typing import Any

import numpy as np

from .implied import slopes
from .recipe import Outcome, Recipe


def consistent(
    recipe: Recipe, outcome: Outcome, params: Any, X: Any, y: Any
) -> tuple[tuple[str, ...], bool]:
    """Return the parameters whose gradient agrees with the loss's slope.

    And whether the loss has a slope at all.
    """
    measured, directions = _measured(recipe, params, X, y)
    grads = outcome.grads or {}
    sizes = {n: float(np.linalg.norm(g)) for n, g in grads.items()}
    if not any(abs(float(s)) > 1e-7 for s in measured.values()):
        return (), False
    agreeing = (
        name
        for name, slope in measured.items()
        if abs(float(np.sum(grads[name] * directions[name])) - float(slope))
        <= 1e-4 * (sizes[name] + abs(float(slope))) + 1e-7
    )
    return tuple(agreeing), True


def _measured(recipe: Recipe, params: Any, X: Any, y: Any) -> Any:
    def loss(moved: Any) -> Any:
        value = recipe.evaluate(moved, X.copy(), y.copy(), 0.0, False).loss
        return np.nan if value is None else value

    return slopes(loss, params)
