"""What a file offers to check, and the file's answers."""

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .layers import Layer
from .penalties import mentions_penalty, settle_penalty
from .recipe import Recipe
from .refusal import Refused
from .search import Trial
from .trees import walk

SMOOTH = 1000
USED = 2000
"""Added to a unit's number to ask for it without constants in its logarithms, and to
ask for an object that has seen another batch before."""


@dataclass(slots=True)
class Unit:
    """One thing that can be checked: a hint for the judge, and how to run it.

    `shallow` is the same with fewer layers, where the file makes nets of any depth;
    `single` why it does not take a batch, where it takes one example at a time. `many`
    gives the losses at many points, or None where each has to be asked for. `used` runs
    an object that has seen another batch before.
    """

    hint: dict[str, Any]
    run: Callable[..., tuple[Any, Any]] | None = None
    many: Callable[..., list[Any] | None] | None = None
    used: Callable[..., tuple[Any, Any]] | None = None
    shallow: "Unit | None" = None
    single: Refused | None = None


@dataclass(slots=True)
class Offer:
    """Everything that a file offers.

    Attributes
    ----------
    units : list of Unit
        In the order of the file, or as asked for.
    notes : list of str
        What was stood in for, left out or not understood.
    """

    units: list[Unit]
    notes: list[str] = field(default_factory=list)
    close: Callable[[], None] = lambda: None
    trees: list[Any] = field(default_factory=list)
    _again: Callable[[], "Offer"] | None = None
    _smoothed: "Offer | None" = None

    def __post_init__(self) -> None:
        """List the shallow ones last: a unit is asked for by its number."""
        for index, unit in enumerate(tuple(self.units)):
            if unit.shallow is not None:
                unit.shallow.hint["instead_of"] = index
                self.units.append(unit.shallow)

    def smooth(self, again: Callable[[], "Offer"]) -> None:
        """Offer every unit once more, without constants in its logarithms."""
        self._again = again
        for unit in self.units:
            unit.hint["smooth"] = True

    def describe(self) -> dict[str, Any]:
        """Return a hint that JSON can hold."""
        return {"units": [u.hint for u in self.units], "notes": self.notes}

    def evaluate(
        self, unit: int, params: Mapping[str, Any], X: Any, y: Any, reg: float,
        gradients: bool,
    ) -> tuple[Any, Any]:  # fmt: skip
        """Ask the file for a loss and its gradient.

        Parameters
        ----------
        unit : int
            Which unit; from `SMOOTH` on, the same without constants in logarithms, and
            from `USED` on with an object that has been used.
        params : mapping of str to ndarray
            Our names and layout; for a layer its inputs.
        X, y : ndarray
            Inputs and labels, rows are examples; for a layer `X` is the gradient
            from above.
        reg : float
            Strength of the penalty.
        gradients : bool
            Whether to compute them.

        Returns
        -------
        loss : float or None
        grads : dict or None
        """
        used = self.units[unit - USED].used if unit >= USED else None
        if used is not None:
            return used(params, X, y, reg, gradients)
        if unit >= SMOOTH and self._again is not None:
            self._smoothed = self._smoothed or self._again()
            return self._smoothed.evaluate(unit - SMOOTH, params, X, y, reg, gradients)
        run = self.units[unit].run
        if run is None:
            broken = self.units[unit].hint["broken"]
            raise Refused(broken["code"], broken["text"], broken["line"])
        return run(params, X, y, reg, gradients)

    def losses(
        self, unit: int, stacks: Mapping[str, Any], X: Any, y: Any, reg: float,
        prepare: Callable[[], None],
    ) -> list[Any] | None:  # fmt: skip
        """Ask the file for the losses at many points of one problem, in one go.

        Parameters
        ----------
        unit, X, y, reg
            As for `evaluate`.
        stacks : mapping of str to ndarray
            Parameters, with one more axis in front.
        prepare : callable
            Called before each call.

        Returns
        -------
        list or None
            None where they have to be asked for one by one.
        """
        if unit >= SMOOTH and self._again is not None:
            if self._smoothed is None:
                return None
            return self._smoothed.losses(unit - SMOOTH, stacks, X, y, reg, prepare)
        many = self.units[unit].many
        return None if many is None else many(stacks, X, y, reg, prepare)


def layer_unit(layer: Layer, label: str) -> Unit:
    """Offer a layer."""

    def ways(of: Callable[..., Any]) -> Callable[..., Any]:
        def run(params: Any, X: Any, y: Any, _: float, gradients: bool) -> Any:
            loss, grads = of(params, X, y, gradients)
            return loss, grads if gradients else None

        return run

    kind = "plain" if layer.interface == "plain" else "vjp"
    kind = "scores" if layer.labels else kind
    hint = {
        "interface": layer.interface,
        "object": label,
        "network": kind,
        "kind": kind,
        "params": {n: list(s) for n, s in layer.symbols.items()},
        "data": list(layer.upstream),
        "labels": "ints" if layer.labels else "",
        "reg": "none",
        "own_loss": True,
        "layout": "rows",
        "notes": list(layer.notes),
        "fixed": {},
        "used": layer.used is not None,
    }
    used = ways(layer.used) if layer.used is not None else None
    return Unit(hint, ways(layer.run), used=used)


def _notes(trial: Trial, recipe: Recipe) -> list[str]:
    """Say how a recipe reads its file, where a reader would not expect it."""
    adjusted = trial.outcome.adjusted if trial.outcome else ()
    notes = [f"the gradient of {words}" for words in adjusted]
    if recipe.each:
        notes.append("called with one example at a time, and averaged")
    if recipe.sign < 0 and recipe.implied is None:
        notes.append(
            "the file adds its gradient: it was read as that of minus the loss"
        )
    if recipe.intercept:
        notes.append(
            "read with a first input that is one for every example, so that the "
            "first weight is the bias: elsewhere its gradient is another"
        )
    return notes


def recipe_unit(
    trial: Trial, label: str, interface: str, dims: Sequence[int], examples: int,
    fixed: bool,
) -> Unit:  # fmt: skip
    """Offer a recipe that was found to run."""
    recipe, reg = settle_penalty(trial.recipe, dims, examples)
    names_ = [n for s in recipe.slots for n in s.ours]

    def run(params: Any, X: Any, y: Any, strength: float, gradients: bool) -> Any:
        outcome = recipe.evaluate(params, X, y, strength, gradients)
        if gradients and outcome.grads is not None:
            gone = [n for n in names_ if n not in outcome.grads]
            if gone:
                raise Refused(
                    "missing-gradient",
                    f"there is no gradient for {', '.join(map(repr, gone))}; return "
                    "one for every parameter",
                )
        return outcome.loss, outcome.grads

    outputs = dims[-1]
    if reg == "none" and mentions_penalty(recipe):
        reg = "ignored"
    signs = recipe.coding.startswith("signs")
    hint = {
        "interface": interface,
        "object": label,
        "network": "",
        "kind": "network",
        "names": names_,
        "forms": {s.ours[0]: s.form for s in recipe.slots if len(s.ours) == 1},
        "hidden": len(dims) - 2,
        "dims": list(dims) if fixed else [],
        "outputs": outputs,
        "labels": recipe.coding,
        "signs": signs,
        "layout": "columns" if recipe.layout == "columns" else "rows",
        "reg": reg,
        "own_loss": recipe.implied is None,
        "implied": getattr(recipe.implied, "words", ""),
        "notes": _notes(trial, recipe),
        "each": recipe.each,
    }
    return Unit(hint, run, recipe.losses)


def undefined_names(trees: Iterable[Any], space: Mapping[str, Any]) -> tuple[str, ...]:
    """Return globals that the file's functions read and that nothing defines."""
    from .usage import globals_read

    read: set[str] = set()
    made: set[str] = set()
    for node in (n for tree in trees for n in walk(tree)):
        if isinstance(node, ast.FunctionDef):
            read |= globals_read(node)
        elif isinstance(node, ast.Global):
            made |= set(node.names)  # one function leaves them for another
    known = {n for n in read | made if n in space or hasattr(builtins, n)}
    return tuple(sorted(read - made - known))
