"""The strength of a file's penalty: whether it is ours to choose, and how it counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import search
from .containers import penalised, strengths
from .names import role_of
from .recipe import Recipe


def mentions_penalty(recipe: Recipe) -> bool:
    """Whether the file takes a strength of the penalty at all."""
    if recipe.reg_attributes or any(map(strengths, recipe.kept.values())):
        return True
    return any(role_of(a) == "reg" for f, _ in recipe.steps for a in f.arguments)


def settle_penalty(
    recipe: Recipe, dims: Sequence[int], examples: int
) -> tuple[Recipe, str]:
    """Find out whether the strength of the penalty is ours to choose, and its scale."""
    biases = any(n.startswith("b") for s in recipe.slots for n in s.ours)
    params, X, y = search.problem(dims, biases=biases, examples=examples, seed=5)
    wanted = {n for s in recipe.slots for n in s.ours}
    params = {k: v for k, v in params.items() if k in wanted}

    def at(reg: float) -> Any:
        copied = {k: v.copy() for k, v in params.items()}
        return recipe.evaluate(copied, X.copy(), y.copy(), reg, True)

    try:
        free, more = search.quietly(lambda: (at(0.0), at(0.5)))
    except Exception:
        return recipe, "none"
    if free.loss is None or more.loss is None:
        return recipe, "none"
    squares = sum(float(np.sum(v**2)) for k, v in params.items() if k[0] in "Ww")
    coefficient = (more.loss - free.loss) / (0.5 * squares)
    moved = {
        k: float(np.sum((more.grads[k] - free.grads[k]) * params[k]))
        / (0.5 * float(np.sum(params[k] ** 2)))
        for k in params
        if k[0] in "Ww"
    }
    if abs(coefficient) < 1e-12 and all(abs(m) < 1e-12 for m in moved.values()):
        return recipe, "none"
    if recipe.implied is not None:
        added = {k: 2 * (more.grads[k] - free.grads[k]) for k in moved}
        return _imply_penalty(recipe, params, moved, added, examples), "free"
    for value in (0.5, 1.0):
        if examples > 1 and abs(coefficient * examples - value) < 1e-6:
            return recipe.with_(reg_power=1), "free"
    return recipe, "free"


def _imply_penalty(
    recipe: Recipe, params: Mapping[str, Any], moved: Mapping[str, float],
    added: Mapping[str, Any], examples: int,
) -> Recipe:  # fmt: skip
    """Give the loss that was supplied the penalty whose gradient `reg` adds.

    Parameters
    ----------
    recipe : Recipe
        Without a loss of its own.
    params : mapping of str to ndarray
        Where `reg` was changed by 1.
    moved : mapping of str to float
        What that adds to each weight's gradient, in multiples of the weight.
    added : mapping of str to ndarray
        What it adds, entry by entry.
    examples : int
        By which a penalty may be divided.
    """
    for power, half in ((0, 1.0), (0, 2.0), (1, 1.0), (1, 2.0)):
        expected = half / examples**power
        penalty = {"penalty": 0.5 * half, "reg_power": power}
        if all(abs(m - expected) < 1e-6 for m in moved.values()):
            return recipe.with_(**penalty)
        for row in ("first", "last"):
            spared = {k: expected * penalised(params[k], row) for k in moved}
            if all(np.allclose(added[k], spared[k], 1e-9, 1e-12) for k in moved):
                return recipe.with_(**penalty, free=row)
    return recipe
