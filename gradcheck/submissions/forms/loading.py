"""From a file to what it offers."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from . import (
    advice,
    layer_advice,
    plain,
    plans,
    reading,
    search,
    siblings,
    smoothing,
    steps,
)
from .class_units import ClassUnits, is_layer, is_scoring
from .classes import ClassForm
from .offer import Offer, Unit, undefined_names
from .refusal import Refused
from .running import Workspace
from .search import Search
from .usage import counts_classes

_TOO_MANY = 12
_LEFT_OUT = "NotImplementedError|instantiate abstract class"
_IMPORTS = 60.0


def load(source: bytes, path: str, objects: Sequence[str] = ()) -> Offer:
    """Find out what a file offers to check.

    Parameters
    ----------
    source : bytes
        The file.
    path : str
        Where it is, for its neighbours; it need not exist.
    objects : sequence of str
        Names of classes, functions, ``Class.method`` or stems of layers
        (``affine`` for ``affine_forward`` and ``affine_backward``); empty for
        whatever the file offers.

    Raises
    ------
    Refused
        If nothing in it can be checked.
    """
    tree, text, notes = reading.parse(source, path)
    offer = _load(tree, text, path, notes, objects, False)
    if not smoothing.has_offset([tree, *offer.trees]):
        return offer

    def smoothed() -> Offer:
        offer.close()
        again, _, _ = reading.parse(source, path)
        return _load(again, text, path, notes, objects, True)

    offer.smooth(smoothed)
    return offer


def _load(
    tree: Any, text: str, path: str, notes: Any, objects: Sequence[str], smooth: bool
) -> Offer:
    workspace = Workspace(path, smooth=smooth)
    loader = _Loader(tree, text, workspace, notes)
    try:
        module = search.quietly(lambda: workspace.load(tree), seconds=_IMPORTS)
        offer = loader.offer(module, tuple(objects))
    except BaseException:
        workspace.close()
        raise
    offer.close, offer.trees = workspace.close, loader.trees[1:]
    return offer


class _Loader(ClassUnits):
    def offer(self, module: Any, objects: Sequence[str]) -> Offer:
        """Collect the units that are asked for, or that there are."""
        workspace = self.workspace
        self.space = module.__dict__
        self.trees = [self.tree, *(t for _, t in workspace.neighbours)]
        self.undefined = undefined_names(self.trees[:1], self.space)
        self.search = Search(str(workspace.path), workspace.supply, workspace.missing)
        self.search.signs = steps.signs(self.trees[:1])
        self.classes = {
            n: self.space[n] for n in advice.class_names(self.tree)
            if isinstance(self.space.get(n), type)
        }  # fmt: skip
        units = [u for o in objects for u in self._asked(o)] if objects else self._any()
        if not any(u.run is not None or u.hint["interface"] for u in units):
            broken = units[0].hint["broken"]
            raise Refused(broken["code"], broken["text"], broken["line"])
        self._take_stock()
        if counts_classes(self.trees):
            for unit in units:
                unit.hint["counts_classes"] = True
        return Offer(units, self.notes)

    def _take_stock(self) -> None:
        stubs = list(self.workspace.missing)
        if stubs:
            self.notes.append("stood in for: " + ", ".join(dict.fromkeys(stubs)))
        lines = self.workspace.left_out
        if lines:
            self.notes.append(
                f"definitions only: the work at the top level (from line {lines[0]}) "
                "was not run"
            )

    # What is asked for by name

    def _asked(self, name: str) -> list[Unit]:
        units = self._resolve(name)
        if not units:
            raise self._unknown(name)
        return units

    def _unknown(self, name: str) -> Refused:
        there = [*self.classes, *self.functions]
        return Refused(
            "no-such-object",
            f"there is no {name!r} in it; one of {', '.join(there[:12]) or 'nothing'} "
            "was expected: give the name of a class, of a function, or the stem of a "
            "layer (affine for affine_forward and affine_backward)",
        )

    def _resolve(self, name: str) -> list[Unit]:
        failures = self.workspace.failures
        if name in failures:
            text, line = failures[name]
            raise _undefinable(name, text, line)
        if name in self.classes:
            return self._class_units(name, asked=True)
        if f"{name}_forward" in self.functions:
            return [self._guard(name, lambda: self._pair(name))]
        if name in self.functions:
            unit = self._guard(name, lambda: self._function_unit(name))
            found = (
                [u for u in self._every_plain(name) if u.run] if not unit.run else []
            )
            return found or [unit]
        owner, _, method = name.partition(".")
        if owner in self.classes and method:
            return self._class_units(owner, asked=True, only=method)
        return []

    # Whatever there is

    def _any(self) -> list[Unit]:
        units: list[Unit] = []
        tried: list[Unit] = []
        backs = plans.sort_out(self.functions)["back"]
        attempts = [self._every_class, self._every_function, self._every_layer]
        if all(plans.of_layer(f, self.functions) for f in backs):
            attempts = [self._every_class, self._every_layer, self._every_function]
        attempts.append(self._every_plain)
        for attempt in attempts:
            found = attempt()
            tried += found
            units += [u for u in found if u.run is not None]
            if units:
                break
        if not units:
            self._nothing()
        beside = [] if attempt == self._every_plain else self._beside(tried)
        tried += beside
        units = [*units, *(u for u in beside if u.run is not None)][:_TOO_MANY]
        failing = siblings.failing(tried, units, self.functions, self.tree)[:_TOO_MANY]
        skipped = [u for u in tried if u.run is None and u not in failing]
        reasons = [siblings.reason(u) for u in [*failing, *skipped[:3]]]
        if attempt == self._every_class:
            reasons += siblings.untried(self.functions, tried, self.tree)[:3]
        self.notes += [f"not checked: {text}" for text in dict.fromkeys(reasons)]
        return [*units, *failing]  # last: a unit is asked for by its number

    def _nothing(self) -> None:
        methods = {
            n: ClassForm(c, self.trees, self.space, ()).methods
            for n, c in self.classes.items()
        }
        telling = [p for p in self.problems if p.code in
                   ("incomplete", "crashes", "loss-not-scalar", "missing-helper",
                    "shape-mismatch", "ambiguous", "constant-loss", "timeout",
                    "transposed", "no-gradient")]  # fmt: skip
        telling.sort(key=lambda p: bool(re.search(_LEFT_OUT, p.text)))
        stem = self.workspace.path.stem
        layer = layer_advice.found(self.functions, methods)
        first = telling[0] if telling else None
        pointed = layer_advice.instead(layer, first, stem, self.space)
        if pointed is not None:
            raise pointed
        if telling and telling[0].code == "crashes" and not telling[0].interface:
            raise advice.guessed_wrongly(
                str(self.workspace.path), self.functions, methods, telling[0]
            )
        if telling:
            raise telling[0]
        for name, (text, line) in self.workspace.failures.items():
            raise _undefinable(name, text, line)
        for function in siblings.returning_nothing(self.functions):
            raise siblings.unreturned(function)
        raise advice.nothing_fits(
            str(self.workspace.path), self.functions, methods,
            self.workspace.left_out, self.problems[0] if self.problems else None,
        )  # fmt: skip

    def _every_class(self) -> list[Unit]:
        units: list[Unit] = []
        modules = []
        for name in self.classes:
            form = ClassForm(self.classes[name], self.trees, self.space, self.undefined)
            if {"forward", "backward"} <= set(form.methods) and is_layer(form):
                modules.append(name)
                continue
            kinds = plans.sort_out(form.methods)
            found = kinds["both"] or kinds["back"] or kinds["cost"]
            if found or any(map(plans.takes_data, kinds["step"])) or (
                kinds["forward"] and kinds["step"]
            ):  # fmt: skip
                units += self._class_units(name)
        if not any(u.run for u in units):
            units += [u for name in modules for u in self._class_units(name)]
        return units

    def _every_function(self) -> list[Unit]:
        kinds = plans.sort_out(self.functions)
        units = [
            self._guard(f.name, lambda f=f: self._function_unit(f.name))
            for f in plans.losses(self.functions)
        ]
        if any(u.run for u in units):
            units += [
                self._guard(f.name, lambda f=f: self._function_unit(f.name))
                for f in siblings.alike(self.functions, units, self.tree)
            ]
            return siblings.of_batches(units, self.functions)
        backs = [
            f for f in kinds["back"]
            if not (plans.of_layer(f, self.functions) or plans.passes_on(f))
        ]  # fmt: skip
        backs = [f for f in backs if not plans.is_toy(f)] or backs
        units = [self._guard(f.name, lambda f=f: self._trio_unit(f)) for f in backs]
        if any(u.run for u in units):
            return units
        steps = kinds["step"]
        units = [self._guard(f.name, lambda f=f: self._step_unit(f)) for f in steps]
        tried = [*plans.losses(self.functions), *backs, *steps]
        return units if any(u.run for u in units) else self._whatever(tried)

    def _beside(self, tried: Sequence[Unit]) -> list[Unit]:
        """Functions of one vector beside a network: its helpers, if nothing is said."""
        known = {u.hint["object"] for u in tried}
        found = []
        for function in siblings.beside(self.functions, known, self.tree):
            unit = self._plain_unit(function)
            if unit.run is None:
                continue
            if not plain.claims_gradient(function):
                unit = self._guard(function.name, partial(siblings.ask, function))
                self.problems.pop()
            found.append(unit)
        return found

    def _every_layer(self) -> list[Unit]:
        return [
            self._guard(stem, lambda s=stem: self._pair(s))
            for stem in (
                n[: -len("_forward")] for n in self.functions if n.endswith("_forward")
            )
            if f"{stem}_backward" in self.functions
        ] + [
            self._guard(n, lambda n=n: self._function_unit(n))
            for n, f in self.functions.items() if is_scoring(f)
        ]  # fmt: skip


def _undefinable(name: str, text: str, line: int) -> Refused:
    return Refused(
        "crashes",
        f"defining {name} raises {text} at line {line}; a class or function was "
        "expected: mend that line",
        line,
    )
