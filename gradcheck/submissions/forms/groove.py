"""A recipe of one call, run again.

The first run finds out what each argument is, and where the loss and the gradients are
in what is returned. A later one goes straight there; what it finds is looked at, and
where it is not what it was, it is read as the first was.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Board
from .containers import contain, find_loss, loss_in, put
from .gradients import Held
from .setting import Setting

if TYPE_CHECKING:
    from .recipe import Outcome, Recipe

_FLOATS = frozenset({float, np.float64})


class Groove:
    """How one recipe runs, once it is known how.

    Parameters
    ----------
    recipe : Recipe
        Of one call.
    board : Board
        Of its first run, with the gradient of each slot as it was found in there.
    """

    def __init__(self, recipe: "Recipe", board: Board) -> None:
        ((self.function, self.own),) = recipe.steps
        self.recipe = recipe
        (result,) = board.results
        self.loss_at = _place_of_loss(result, find_loss(result, self.function, True))
        found = board.taken.items()
        self.grads_at = {name: _place_of(result, value) for name, value in found}

    def run(self, setting: Setting, outcome: "Outcome") -> "Outcome":
        """Fill `outcome` with the loss; with the gradients too if it has a dict."""
        recipe, values = self.recipe, setting.values
        for slot in recipe.slots:
            values[slot.name] = slot.express(setting.params)
        board = Board(setting, recipe.bound)
        instance = None
        if recipe.maker is not None:
            instance = recipe.object_at(board)
            for name, path in recipe.paths.items():
                put(instance, path, values[name], rebind=True)
            recipe.set_strengths(instance, setting.reg)
        for name, (kind, parts) in recipe.containers.items():
            setting.containers[name] = contain(kind, parts, [values[p] for p in parts])
        args, named = board.bind(self.function, recipe.sites_of(self.function))
        own = self.own
        call = own if own is not None else getattr(instance, self.function.name)
        result = call(*args, **named)
        outcome.steps = 1
        outcome.loss = self._loss(result)
        if outcome.grads is not None and not self._read(result, setting, outcome):
            board.record(self.function, result)
            board.instance = instance
            held = [Held(slot, values[slot.name]) for slot in recipe.slots]
            outcome.grads, outcome.adjusted = recipe.gradients_of(
                board, instance, held, {}, setting.params
            )
        return outcome

    def _loss(self, result: Any) -> float | None:
        if self.loss_at is not None and type(result) is tuple:
            loss: Any = result[self.loss_at] if self.loss_at < len(result) else None
            if type(loss) in _FLOATS:
                return float(loss)
        return loss_in(result, self.function, True)

    def _read(self, result: Any, setting: Setting, outcome: "Outcome") -> bool:
        """Take the gradients from where they were; whether they are as they were."""
        grads = outcome.grads
        assert grads is not None
        for slot in self.recipe.slots:
            gradient = _at(result, self.grads_at.get(slot.name))
            if (
                type(gradient) is not np.ndarray
                or gradient.dtype != np.float64
                or gradient.shape != np.shape(setting.values[slot.name])
            ):
                return False
            signed = self.recipe.sign * gradient
            grads.update(slot.read(signed, setting.params))
        return True


def can_run(recipe: "Recipe") -> bool:
    """Whether a recipe is simple enough: one call that needs nothing prepared."""
    return (
        len(recipe.steps) == 1
        and recipe.loss_step == 0
        and recipe.rebind
        and not (
            recipe.each or recipe.by_step or recipe.matrix or recipe.fresh
            or recipe.globals or recipe.data_attributes
        )
    )  # fmt: skip


def _place_of_loss(result: Any, loss: Any) -> int | None:
    """Find which element of a tuple the loss is, if it is a plain number."""
    if type(result) is not tuple or type(loss) not in _FLOATS:
        return None
    return next((i for i, value in enumerate(result) if value is loss), None)


def _place_of(result: Any, value: Any) -> tuple[Any, ...] | None:
    """Find where a value is: an element of what was returned, or inside of one."""
    if type(result) is not tuple:
        return None
    for i, element in enumerate(result):
        if element is value:
            return (i,)
        inside: Any = ()
        if type(element) is dict:
            inside = element.items()
        elif type(element) in (list, tuple):
            inside = enumerate(element)
        for key, inner in inside:
            if inner is value:
                return i, key
    return None


def _at(result: Any, place: tuple[Any, ...] | None) -> Any:
    if place is None or type(result) is not tuple:
        return None
    try:
        for key in place:
            result = result[key]
    except (LookupError, TypeError):
        return None
    return result
