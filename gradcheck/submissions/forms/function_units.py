"""Units made of functions: one that gives all, or several called in order."""

from collections.abc import Sequence
from typing import Any

from . import layers, names, pairs, plain, plans, search, usage
from .functions import FunctionForm, functions_of
from .global_weights import reached
from .names import Function
from .offer import Unit, layer_unit, recipe_unit
from .refusal import Refused
from .search import Sizes, Trial
from .surroundings import Surroundings, better
from .wording import interface_of, refuse_guess, refuse_rounds, refuse_stub, unfinished


class FunctionUnits(Surroundings):
    """Turns functions of the file into units."""

    def _pair(self, stem: str) -> Unit:
        forward = self.functions[f"{stem}_forward"]
        backward = self.functions.get(f"{stem}_backward")
        if backward is None:
            raise Refused(
                "incomplete",
                f"there is {stem}_forward but no {stem}_backward; "
                f"def {stem}_backward(dout, cache) was expected: write it",
                forward.node.lineno,
            )
        return layer_unit(pairs.pair(forward, backward, self.space), stem)

    def _every_plain(self, only: str = "") -> list[Unit]:
        """Functions of one vector; a problem of what may be none is not the file's."""
        units: list[Unit] = []
        if not only and (self.classes or plain.helpers_only(self.functions)):
            return units
        for function, slope in plain.candidates(self.functions):
            given = [u.hint["object"] for u in units if u.run is not None]
            if function.name in given or only not in ("", function.name):
                continue
            units.append(self._plain_unit(function, slope))
        running = {u.hint["object"] for u in units if u.run is not None}
        return [
            u for u in units
            if u.run is not None or u.hint["object"] not in running
        ]  # fmt: skip

    def _plain_unit(self, function: Any, slope: Any = None) -> Unit:
        known = len(self.problems)
        unit = self._guard(
            function.name,
            lambda: layer_unit(
                plain.plain(function, slope, self.space), function.label
            ),
        )
        del self.problems[known:]
        return unit

    def _function_unit(self, name: str) -> Unit:
        function = self.functions[name]
        alone = self._of_one_vector(function)
        if alone is not None:
            return alone
        arguments = function.arguments
        if (
            len(arguments) == 2
            and names.role_of(arguments[1]) == "y"
            and not names.kind_of(arguments[0])
            and not self._form().global_weights((function,))
        ):
            return layer_unit(layers.scores(function, self.space[name]), name)
        options = [plans.Plan((function,), 0)]
        kinds = plans.sort_out(self.functions)
        if len(function.returned()) < 2 and not names.PROMISED.fullmatch(name):
            others = [b for b in kinds["back"] if b is not function]
            if names.COST.fullmatch(name):
                options = [
                    plans.Plan((function, b), 0)
                    for b in plans.closest(function, others)
                ] + options
            else:
                options = [*plans.for_backward(function, kinds)]
                options += plans.in_place(function, own=not kinds["cost"])
        trial, sizes = self._try_functions(options)
        return self._finish(trial, sizes, name, interface_of(function, trial))

    def _of_one_vector(self, function: Function) -> Unit | None:
        """Take what needs no data and holds one array as the function that it is."""
        if not plain.needs_nothing_else(function, self.functions, self.space):
            return None
        held = self._form().held((function,))
        if held is not None and held.keys != tuple(function.arguments):
            return None
        try:
            return layer_unit(plain.plain(function, None, self.space), function.name)
        except Refused:
            return None

    def _trio_unit(self, back: Function) -> Unit:
        kinds = plans.sort_out({**self._neighbourly(), **self.functions})
        trial, sizes = self._try_functions(plans.for_backward(back, kinds))
        return self._finish(trial, sizes, back.name, interface_of(back, trial))

    def _neighbourly(self) -> dict[str, Function]:
        """Functions of neighbouring modules that the file can see."""
        return {n: f for t in self.trees[1:] for n, f in functions_of(t).items()}

    def _callables(self) -> dict[str, Any]:
        found = {}
        for module, tree in self.workspace.neighbours:
            for name in functions_of(tree):
                if callable(module.__dict__.get(name)):
                    found[name] = module.__dict__[name]
        return {**found, **{n: self.space.get(n) for n in self.functions}}

    def _step_unit(self, step: Function) -> Unit:
        there = {**self._neighbourly(), **self.functions}
        if usage.solves(reached([step], there)):
            raise Refused(
                "no-form",
                f"{step.label} leaves its work to a solver, which makes no step from "
                "which a gradient could be told",
                step.node.lineno,
            )
        options = plans.of_step(step, plans.sort_out(there))
        trial, sizes = self._try_functions(options)
        return self._finish(trial, sizes, step.name, "in-place-step")

    def _whatever(self, tried: Sequence[Function]) -> list[Unit]:
        """Call what takes all that is needed, under whatever name.

        Its problem is told only where its name says what is meant.
        """
        units = []
        alone = not self.classes and not any(
            plans.sort_out(self.functions)[kind] for kind in ("back", "step")
        )
        for function in plans.of_everything(self.functions, tried):
            known = len(self.problems)
            unit = self._guard(
                function.name, lambda f=function: self._function_unit(f.name)
            )
            name = function.name
            kinds = names.PROMISED, *((names.COST,) if alone else ())
            if not any(kind.fullmatch(name) for kind in kinds):
                del self.problems[known:]
            units.append(unit)
        return units

    def _form(self, maker: Any = None) -> FunctionForm:
        return FunctionForm(
            self.space, self.trees, self.undefined, self._callables(), maker
        )

    def _try_functions(
        self, options: Any, maker: Any = None
    ) -> tuple[Trial | None, Sizes | None]:
        form = self._form(maker)
        best: Trial | None = None
        sizes: Sizes | None = None
        self.whole: Trial | None = None
        first = 0
        for plan in options:
            if plan.loss is None and best is not None and best.settled:
                continue
            for wanted, recipe in form.ways(plan):
                settled = best is not None and best.stands
                if (recipe.each and settled) or (best and self.search.exhausted):
                    break
                trial = self.search.attempt(recipe, wanted)
                if best is None or better(trial, best):
                    best, sizes = trial, wanted
                first = first or wanted.dims[-1]
                if not recipe.each and wanted.dims[-1] == first and (
                    self.whole is None or better(trial, self.whole)
                ):  # fmt: skip
                    self.whole = trial
                if trial.rank == 3:
                    return trial, wanted
        return best, sizes

    def _finish(
        self, trial: Trial | None, sizes: Sizes | None, label: str, interface: str
    ) -> Unit:
        if trial is None or sizes is None:
            raise Refused(
                "no-form",
                f"{label} takes no weights that can be told by their names",
                None,
            )
        if trial.rank < 2:
            raise unfinished(trial, interface)
        trial = self.search.with_biases_as_returned(trial, sizes)
        refuse_rounds(trial)
        refuse_guess(trial, label)
        refuse_stub(trial, interface)
        unit = recipe_unit(trial, label, interface, sizes.dims, search.N, sizes.fixed)
        if trial.recipe.each and self.whole is not None:
            unit.single = unfinished(self.whole, interface)
        return unit
