"""A recipe of one call, run again.

The first run finds out what each argument is, and where the loss and the gradients are
in what is returned. A later one goes straight there; what it finds is looked at, and
where it is not what it was, it is read as the first was.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Board
from .containers import contain, find_loss, get, hang, loss_in
from .gradients import Held
from .setting import Setting

if TYPE_CHECKING:
    from .recipe import Outcome, Recipe

_FLOATS = frozenset({float, np.float64})

SIZES = 32
"""Sizes of problems for each of which the object that was made is kept."""


class _Bench:
    """What is the same at all problems of one size: the object, and the arguments.

    Parameters
    ----------
    recipe : Recipe
    function : Function
        The one that it calls.
    setting : Setting
        Of a problem of that size, filled anew for each other one.
    """

    __slots__ = "args", "board", "instance", "known", "named", "setting", "strengths"

    def __init__(self, recipe: "Recipe", function: Any, setting: Setting) -> None:
        self.setting = setting
        self.board = Board(setting, recipe.bound)
        self.instance: Any = None
        if recipe.maker is not None:
            self.instance = recipe.object_at(self.board)
        self.known = -1
        self.strengths: tuple[str, ...] = ()
        recipe.fill(setting)
        places = self.board.places(function, recipe.sites_of(function))
        self.args, self.named = places[0], tuple(places[1].items())

    def set_strengths(self, recipe: "Recipe", reg: float) -> None:
        """Give the object the strength, where it keeps one; see `Recipe`."""
        instance = self.instance
        count = len(getattr(instance, "__dict__", ()))
        if count != self.known:  # the first time, and where it has got more attributes
            self.strengths, self.known = recipe.strengths_of(instance), count
        for name in self.strengths:
            setattr(instance, name, reg)


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
        self.benches: dict[Any, _Bench] = {}
        (result,) = board.results
        self.loss_at = _place_of_loss(result, find_loss(result, self.function, True))
        found = board.taken.items()
        self.grads_at = {name: _place_of(result, value) for name, value in found}
        self.owners: dict[Any, list[tuple[Any, str]]] = {}
        for name, path in recipe.paths.items():
            self.owners.setdefault(tuple(path[:-1]), []).append((path[-1], name))

    def run(
        self, params: Any, X: Any, y: Any, reg: float, outcome: "Outcome"
    ) -> "Outcome":
        """Fill `outcome` with the loss; with the gradients too if it has a dict."""
        recipe = self.recipe
        bench = self._bench(params, X, y, reg)
        setting = bench.setting
        recipe.fill(setting)
        result = self._call(bench)
        outcome.steps = 1
        outcome.loss = self._loss(result)
        if outcome.grads is not None and not self._read(result, setting, outcome):
            self._read_anew(result, bench, outcome)
        return outcome

    def losses(
        self, stacks: Mapping[str, Any], X: Any, y: Any, reg: float,
        prepare: Callable[[], None],
    ) -> list[float | None]:  # fmt: skip
        """Return the losses at many points of one problem; `prepare` is called first.

        `stacks` holds the parameters, with one more axis in front.
        """
        recipe = self.recipe
        bench = self._bench({k: v[0] for k, v in stacks.items()}, X, y, reg)
        setting, values = bench.setting, bench.setting.values
        names = [slot.name for slot in recipe.slots]
        boxes = recipe.containers.items()
        found = []
        for row in zip(*[s.express_all(stacks) for s in recipe.slots], strict=True):
            prepare()
            values.update(zip(names, row, strict=True))
            for name, (kind, parts) in boxes:
                wanted = [values[part] for part in parts]
                setting.containers[name] = contain(kind, parts, wanted)
            setting.X, setting.y = X.copy(), y.copy()  # it may change what it is given
            found.append(self._loss(self._call(bench)))
        return found

    def _call(self, bench: _Bench) -> Any:
        """Make the call, with the parameters that have been written down."""
        instance, own, fetch = bench.instance, self.own, bench.board.fetch
        if instance is not None:
            values = bench.setting.values
            for way, parts in self.owners.items():
                owner = get(instance, way)
                for last, name in parts:
                    hang(owner, last, values[name])
            bench.set_strengths(self.recipe, bench.setting.reg)
        call = own if own is not None else getattr(instance, self.function.name)
        args = [fetch(place) for place in bench.args]
        if not bench.named:
            return call(*args)
        return call(*args, **{name: fetch(place) for name, place in bench.named})

    def _bench(self, params: Any, X: Any, y: Any, reg: float) -> _Bench:
        """Put a problem where the last one of its size was."""
        size = (len(X), *[value.shape for value in params.values()])
        bench = self.benches.get(size)
        if bench is None:
            if len(self.benches) >= SIZES:
                self.benches.clear()
            setting = self.recipe.setting_of(params, X, y, reg)
            bench = self.benches[size] = _Bench(self.recipe, self.function, setting)
        setting = bench.setting
        setting.params, setting.X, setting.y = params, X, y
        setting.reg = self.recipe.scaled(reg, len(X))
        return bench

    def _read_anew(self, result: Any, bench: _Bench, outcome: "Outcome") -> None:
        """Look for the gradients as the first run did."""
        recipe, setting = self.recipe, bench.setting
        board = Board(setting, recipe.bound)
        board.record(self.function, result)
        board.instance = bench.instance
        held = [Held(slot, setting.values[slot.name]) for slot in recipe.slots]
        outcome.grads, outcome.adjusted = recipe.gradients_of(
            board, bench.instance, held, {}, setting.params
        )

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
        sign, params = self.recipe.sign, setting.params
        for slot in self.recipe.slots:
            gradient = _at(result, self.grads_at.get(slot.name))
            if (
                type(gradient) is not np.ndarray
                or gradient.dtype != np.float64
                or gradient.shape != np.shape(setting.values[slot.name])
            ):
                return False
            grads.update(
                slot.read(gradient if sign == 1.0 else sign * gradient, params)
            )
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
