"""A recipe: which calls, in which order and notation, give a loss and its gradient."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import names
from .calls import Board, Setting
from .collecting import ONE_NUMBER, Collecting
from .containers import (
    contain,
    dims_of,
    loss_in,
    put,
    squares,
    strengths,
)
from .gradients import Held
from .groove import SIZES, Groove, can_run
from .shapes import Slot

Step = tuple[names.Function, Callable[..., Any] | None]


@dataclass(slots=True)
class Outcome:
    """What one run of a recipe gave."""

    loss: float | None
    grads: dict[str, Any] | None
    output: Any = None
    returned: Any = None
    steps: int = 0
    adjusted: tuple[str, ...] = ()

    @property
    def scalars(self) -> bool:
        """Whether a gradient is one number where several belong."""
        return any(ONE_NUMBER in text for text in self.adjusted)


@dataclass(slots=True)
class Recipe(Collecting):
    """How to get a loss and its gradient out of a file.

    Attributes
    ----------
    space : dict
        The globals of the file.
    steps : tuple of (Function, callable or None)
        What is called, in order; methods have no callable of their own.
    slots : tuple of Slot
        How the file holds its parameters.
    layout, coding : str
        What it means by ``X`` and ``y``.
    maker : callable or None
        Makes the object whose methods are called.
    paths : mapping of str to tuple
        For each slot, where in the object it is.
    containers : mapping of str to (kind, names)
        Arguments that hold several parameters.
    loss_step : int or None
        Which step gives the loss.
    own_loss : bool
        Whether the file has a loss.
    implied : callable or None
        ``(output, y) -> loss`` where it has none.
    free : str
        The row of the weights, ``"first"`` or ``"last"``, that its penalty spares.
    intercept : bool
        Whether the first of its inputs is one for every example.
    defaults : tuple of str
        Arguments that are left to their defaults.
    """

    space: dict[str, Any]
    steps: tuple[Step, ...]
    slots: tuple[Slot, ...]
    layout: str = "rows"
    coding: str = "onehot"
    maker: Callable[[Board], Any] | None = None
    paths: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    containers: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    loss_step: int | None = None
    implied: Callable[[Any, Any], float] | None = None
    sign: float = 1.0
    by_step: bool = False
    reg_power: int = 0
    penalty: float = 0.0
    free: str = ""
    reg_attributes: tuple[str, ...] = ()
    data_attributes: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()
    sites: Mapping[str, Sequence[list[str]]] = field(default_factory=dict)
    assigned: Mapping[str, Sequence[list[str]]] = field(default_factory=dict)
    matrix: bool = False
    fresh: bool = False
    keep: float = 0.8
    rebind: bool = True
    each: bool = False
    intercept: bool = False
    defaults: tuple[str, ...] = ()
    kept: dict[Any, Any] = field(default_factory=dict)
    bound: dict[Any, Any] = field(default_factory=dict)
    groove: list[Groove] = field(default_factory=list)

    def evaluate(
        self, params: Mapping[str, Any], X: Any, y: Any, reg: float, gradient: bool
    ) -> Outcome:
        """Run the recipe at one point; one example at a time where it is made so."""
        if not self.each:
            return self._once(params, X, y, reg, gradient)
        parts = [
            self._once(params, X[i : i + 1], y[i : i + 1], reg, gradient)
            for i in range(len(X))
        ]
        whole = parts[0]
        losses = [p.loss for p in parts if p.loss is not None]
        whole.loss = sum(losses) / len(X) if len(losses) == len(X) else None
        if gradient:
            every = [p.grads or {} for p in parts]
            whole.grads = {k: sum(g[k] for g in every) / len(X) for k in every[0]}
        outputs = [p.output for p in parts if p.output is not None]
        if len(outputs) == len(X):
            whole.output = np.concatenate([self._rows(o) for o in outputs])
        return whole

    def _once(
        self, params: Mapping[str, Any], X: Any, y: Any, reg: float, gradient: bool
    ) -> Outcome:
        if self.groove:
            outcome = Outcome(None, {} if gradient else None)
            return self.groove[0].run(params, X, y, reg, outcome)
        setting = self.setting_of(params, X, y, reg)
        board = Board(setting, self.bound, self.defaults)
        if self.globals:
            self._supply_globals(board)
        board.forward = len(self.steps) - 1 if len(self.steps) > 1 else None
        held = [Held(s, self._wrap(s.express(params))) for s in self.slots]
        for item in held:
            setting.values[item.slot.name] = item.value
        instance = self._instance(board, held) if self.maker is not None else None
        for name, (kind, parts) in self.containers.items():
            values = [setting.values[p] for p in parts]
            setting.containers[name] = contain(kind, parts, values)
        before: dict[str, Any] = {}
        if gradient and self.by_step:
            before = {h.slot.name: np.array(h.value, dtype=float) for h in held}
        loss = self._follow(board, instance, gradient)
        if loss is None and self.implied is not None:
            loss = self._implied_loss(board, params)
            if loss is not None:
                loss += self.penalty * reg * squares(params, self.free)
        outcome = Outcome(loss, None, steps=len(board.results))
        outcome.returned = board.results[-1] if board.results else None
        if gradient:
            if self.loss_step is None:  # it is asked what loss that may belong to
                outcome.output = board.output(turned=True)
            outcome.grads, outcome.adjusted = self.gradients_of(
                board, instance, held, before, params
            )
            if can_run(self):
                self.groove.append(Groove(self, board))
        return outcome

    def losses(
        self, stacks: Mapping[str, Any], X: Any, y: Any, reg: float,
        prepare: Callable[[], None],
    ) -> list[float | None] | None:  # fmt: skip
        """Return the losses at many points; None where that has to be asked singly."""
        if self.each or not self.groove:
            return None
        return self.groove[0].losses(stacks, X, y, reg, prepare)

    def setting_of(self, params: Any, X: Any, y: Any, reg: float) -> Setting:
        """Write a problem down as the file wants it."""
        reg = self.scaled(reg, len(X))
        return Setting(
            params, X, y, reg, dims_of(params), self.layout, self.coding,
            keep=self.keep, matrix=self.matrix, intercept=self.intercept,
        )  # fmt: skip

    def scaled(self, reg: float, examples: int) -> float:
        """Return the strength of the penalty as the file counts it."""
        return reg * float(examples) ** self.reg_power if self.reg_power else reg

    def fill(self, setting: Setting) -> None:
        """Write the parameters down, each alone and all in what the file wants."""
        values = setting.values
        for slot in self.slots:
            values[slot.name] = slot.express(setting.params)
        for name, (kind, parts) in self.containers.items():
            setting.containers[name] = contain(kind, parts, [values[p] for p in parts])

    def _wrap(self, value: Any) -> Any:
        return np.asmatrix(value) if self.matrix and np.ndim(value) == 2 else value

    def _rows(self, output: Any) -> Any:
        output = np.asarray(output, dtype=float)
        if self.each:
            return (
                output.reshape(1, -1)
                if output.ndim < 2 or 1 in output.shape[:1] or (output.shape[1] == 1)
                else output
            )
        output = output.T if self.layout == "columns" else output
        return output.reshape(len(output), -1)

    def _instance(self, board: Board, held: Sequence[Held]) -> Any:
        made, setting = self.object_at(board), board.setting
        paths = self.paths
        for item in held:
            path = paths.get(item.slot.name)
            if path is not None:
                put(made, path, item.value, self.rebind)
        self.set_strengths(made, setting.reg)
        for name in self.data_attributes:
            found, value = board.look_up(name, has_default=False)
            if found:
                setattr(made, name, value)
        return made

    def object_at(self, board: Board) -> Any:
        """Return the object that is called at problems of these sizes."""
        assert self.maker is not None
        if self.fresh:
            return self.maker(board)
        key = (board.setting.dims, len(board.setting.X))
        if key not in self.kept:
            if len(self.kept) >= SIZES:
                self.kept.clear()
            self.kept[key] = self.maker(board)
        return self.kept[key]

    def sites_of(self, function: names.Function) -> Sequence[list[str]]:
        """Return how a function is called elsewhere in the file."""
        return self.sites.get(function.name, ())

    def set_strengths(self, made: Any, reg: float) -> None:
        """Give an object the strength of the penalty, where it keeps one."""
        for name in self.strengths_of(made):
            setattr(made, name, reg)

    def strengths_of(self, made: Any) -> tuple[str, ...]:
        """Names of the attributes in which an object keeps that strength."""
        return self.reg_attributes or strengths(made)

    def _follow(self, board: Board, instance: Any, gradient: bool) -> float | None:
        """Make the calls; return the loss, if one of them gives it."""
        loss = None
        last = len(self.steps) - 1
        for index, (function, own) in enumerate(self.steps):
            if not gradient and index > self._needed():
                break
            if self.globals:
                self._supply_globals(board)
            args, named = board.bind(function, self.sites_of(function))
            call = own if own is not None else getattr(instance, function.name)
            result = call(*args, **named)
            board.record(function, result, self.assigned.get(function.name, ()))
            board.instance = instance
            if index == self.loss_step:
                loss = loss_in(result, function, last == index and len(self.steps) == 1)
        return loss

    def _implied_loss(self, board: Board, params: Mapping[str, Any]) -> float | None:
        assert self.implied is not None
        setting = board.setting
        if getattr(self.implied, "activation", ""):
            output = self.implied.forward(params, setting.X)  # type: ignore[attr-defined]
            return self.implied(output, setting.y)
        output = board.output(turned=True)
        return None if output is None else self.implied(self._rows(output), setting.y)

    def _supply_globals(self, board: Board) -> None:
        for name in self.globals:
            found, value = board.look_up(name, has_default=False)
            if found:
                self.space[name] = value

    def _needed(self) -> int:
        if self.loss_step is not None:
            return self.loss_step
        return max(0, len(self.steps) - 2) if self.implied else len(self.steps)

    def with_(self, **changes: Any) -> "Recipe":
        """Return the same recipe with other choices."""
        return replace(self, kept={}, bound={}, groove=[], **changes)
