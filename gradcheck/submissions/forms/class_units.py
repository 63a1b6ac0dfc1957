"""Units made of classes: a network, a layer, a loss of scores."""

import re
from dataclasses import replace
from typing import Any

from . import layers, modules, names, plans, search
from .classes import ClassForm, empty_of
from .function_units import FunctionUnits
from .names import Function
from .offer import Unit, layer_unit, recipe_unit
from .refusal import Refused
from .search import Sizes, Trial
from .surroundings import better
from .wording import (
    class_interface,
    refuse_guess,
    refuse_rounds,
    refuse_stub,
    unfinished,
)

_BEGUN = re.compile(r"\bbackward (?!raises TypeError: .* required )(raises|gives) ")
_DEEPEST = 2
"""Hidden layers of a net of any depth: a mistake between two of them shows."""

_ANY_DEPTH = "it makes nets of any depth; checked with two hidden layers"


class ClassUnits(FunctionUnits):
    """Turns classes of the file into units."""

    def _class_units(
        self, name: str, *, asked: bool = False, only: str = ""
    ) -> list[Unit]:
        form = ClassForm(self.classes[name], self.trees, self.space, self.undefined)
        if only and only not in form.methods:
            return []
        if only:
            kept = {only, "__init__"}
            form.methods = {n: f for n, f in form.methods.items() if n in kept}
        if is_layer(form):
            unit = self._guard(name, lambda: self._module_unit(form, name))
            broken = unit.hint.get("broken")
            if broken is not None and _BEGUN.search(str(broken["text"])):
                unit.hint["begun"] = True  # it got as far as its backward pass
            if unit.run is not None or broken is None or (
                broken["code"] != "not-a-layer"
            ):  # fmt: skip
                return [unit]
        scoring = [f for f in form.methods.values() if is_scoring(f)]
        if scoring:
            return [
                self._guard(f.label, lambda f=f: self._scores_unit(form, f))
                for f in scoring
            ]
        return [self._guard(name, lambda: self._network_unit(form, name))]

    def _module_unit(self, form: ClassForm, name: str) -> Unit:
        layer = modules.module(self.classes[name], form.methods)
        if layer is None:
            raise Refused("not-a-layer", f"{name} is not a layer")
        return layer_unit(layer, name)

    def _scores_unit(self, form: ClassForm, function: Function) -> Unit:
        cls = form.cls

        def call(x: Any, y: Any) -> Any:
            try:
                made = cls(x.shape)
            except TypeError:
                made = cls()
            return getattr(made, function.name)(x, y)

        return layer_unit(layers.scores(function, call), function.label)

    def _network_unit(self, form: ClassForm, name: str) -> Unit:
        best: Trial | None = None
        failed: Trial | None = None
        chosen: tuple[Any, bool] = ((), False)
        helpers = {
            n: f for n, f in {**self._neighbourly(), **self.functions}.items()
            if names.COST.fullmatch(n) and n not in form.methods
        }  # fmt: skip
        form.helpers = self._callables()
        options = list(plans.plans(form.methods, helpers))
        for resized, made, chain in self._chains(form):
            if best is not None and best.rank >= 2 and not _same_depth(resized, best):
                continue
            biases = chain.biases
            for plan in options:
                if plan.loss is None and best is not None and best.settled:
                    continue
                recipes = form.recipes(
                    plan, resized, made, chain, self.search.ran,
                    another=best is not None and best.settled,
                )  # fmt: skip
                trial = self.search.best(recipes, Sizes(resized, biases))
                if len(resized) == _DEEPEST + 2 and trial is not None:
                    failed = trial if failed is None else failed
                if trial is not None and (best is None or better(trial, best)):
                    best, chosen = trial, (resized, resized in form.dictated)
                if trial is not None and trial.rank == 3:
                    break
            if best is not None and best.rank == 3:
                break
        if best is None or best.rank < 2:
            other, sizes = self._try_functions(options, form.make)
            if other is not None and (best is None or better(other, best)):
                best, chosen = other, (sizes.dims if sizes else (), False)
        if best is None:
            raise self._no_parameters(form, name)
        interface = class_interface(form, best)
        if best.rank < 2:
            raise unfinished(best, interface)
        self._demand_scalar(form, best, chosen[0])
        refuse_rounds(best)
        refuse_guess(best, name)
        refuse_stub(best, interface)
        unit = recipe_unit(best, name, interface, chosen[0], search.N, chosen[1])
        self._note_depth(form, best, failed, unit)
        if form.trained is not None:
            unit.hint["notes"].append(form.trained.words)
        return unit

    def _note_depth(
        self, form: ClassForm, best: Trial, failed: Trial | None, unit: Unit
    ) -> None:
        """Offer a net of any depth with one hidden layer, too; judge it with two."""
        hidden, outputs, notes = unit.hint["hidden"], best.dims[-1], unit.hint["notes"]
        if failed is not None and failed.error is not None and hidden < _DEEPEST:
            notes.append(f"two hidden layers: {failed.error.text}")
        if hidden != _DEEPEST or not best.recipe.paths:
            return
        for dims, _, chain in form.instances(1, outputs):
            if len(chain.slots) < len(best.recipe.slots) and chain.dims == dims:
                recipe = best.recipe.with_(slots=chain.slots, paths=chain.paths)
                small = replace(best, recipe=recipe, dims=dims, outcome=None)
                given = unit.hint["object"], unit.hint["interface"]
                unit.shallow = recipe_unit(small, *given, dims, search.N, False)
                notes.append(_ANY_DEPTH)

    def _demand_scalar(self, form: ClassForm, best: Trial, dims: Any) -> None:
        """Refuse one loss an example, where the gradient is that of the batch."""
        found = self.search.not_scalar
        if found is None or not (best.recipe.each or best.recipe.implied):
            return
        if best.recipe.each and len(best.recipe.steps) == 1:
            raise found
        if best.recipe.each:
            whole = best.recipe.with_(each=False, loss_step=None)
            steps = [s for i, s in enumerate(whole.steps) if i != best.recipe.loss_step]
            sizes = Sizes(tuple(dims))
            trial = self.search.attempt(whole.with_(steps=tuple(steps)), sizes)
            if trial.rank < 2:
                return
        raise found

    def _chains(self, form: ClassForm) -> Any:
        seen: set[tuple[int, int]] = set()
        tried = [(h, c) for c in (search.C, 1) for h in (_DEEPEST, 1, 0)]
        for hidden, outputs in [*tried, (1, 10), (0, 10)]:
            for dims, made, chain in form.instances(hidden, outputs):
                layers_ = len(chain.dims) - 1
                small = (search.D, *search.H[: layers_ - 1], dims[-1])
                key = (len(chain.dims), dims[-1])
                if key in seen or (layers_ == 1 and any(n > 2 for n, _ in seen)):
                    continue  # without a hidden layer a net that has them is no net
                seen.add(key)
                yield small, made, chain
                if chain.dims == small:
                    continue
                if len(set(chain.dims[1:-1])) == 1 and len(small) > 3:
                    even = (small[0], *(small[1] for _ in small[1:-1]), small[-1])
                    form.dictated.append(even)
                    yield even, made, chain
                form.dictated.append(chain.dims)
                yield chain.dims, made, chain

    def _no_parameters(self, form: ClassForm, name: str) -> Refused:
        if form.failure is not None:
            return search.refusal_of(
                form.failure, str(self.workspace.path), self.workspace.missing
            )
        try:
            params, X, y = search.problem((5, 8, 3))
            setting = search.setting(params, X, y)
            made = search.quietly(lambda: form.make(search.board(setting)))
            empty = empty_of(made)
        except Exception:
            empty = []
        init = form.methods.get("__init__")
        line = init.node.lineno if init else None
        if empty:
            return Refused(
                "incomplete",
                f"{name}() leaves self.{empty[0]} empty; weights and biases were "
                "expected in it: finish the constructor",
                line,
            )
        return Refused(
            "no-form",
            f"{name} has no attributes that can be told to be weights by their names "
            "(W1, b1, weights, biases, params)",
            line,
        )


def is_layer(form: ClassForm) -> bool:
    """Whether a class is one layer, or one loss, and not a network."""
    methods = form.methods
    forward, backward = methods.get("forward"), methods.get("backward")
    if forward is None or backward is None:
        return False
    required = len(backward.arguments) - len(backward.node.args.defaults)
    ahead = len(forward.arguments) - len(forward.node.args.defaults)
    takes_labels = any(names.role_of(a) == "y" for a in backward.arguments)
    steps = modules.steps(backward)
    if (required <= 1 or steps) and 1 <= ahead <= 2 and not takes_labels:
        return True
    return modules.is_loss(form.cls, methods)


def is_scoring(function: Function) -> bool:
    """Whether a function takes scores and labels to a loss and a gradient."""
    arguments = function.arguments
    return (
        len(arguments) == 2
        and names.role_of(arguments[1]) == "y"
        and arguments[0] in ("scores", "logits", "z", "Z", "x", "X")
        and bool(re.search(r"softmax|svm|cross|hinge", function.name, re.I))
        and len(function.returned()) == 2
    )


def _same_depth(dims: tuple[int, ...], best: Trial) -> bool:
    """Whether sizes may still teach something about a reading that runs.

    Another number of outputs may; another depth would only hide a mistake.
    """
    return len(dims) == len(best.dims) and dims[-1] in (best.dims[-1], 1)
