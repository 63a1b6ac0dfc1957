"""Recipes for functions: what they are passed, and in which notation."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import holders, names, plans, search, usage
from .classes import codings, label_style
from .containers import call_sites
from .global_weights import reached, weights_read
from .names import Function
from .recipe import Recipe
from .search import Sizes
from .selecting import targets

ROWS = (
    ("rows", "in_out", "row"), ("rows", "in_out", "flat"),
    ("columns", "out_in", "column"), ("columns", "in_out", "column"),
    ("rows", "out_in", "flat"), ("rows", "out_in", "row"),
)  # fmt: skip
ALONE = (
    ("rows", "in_out", ""), ("columns", "out_in", ""), ("columns", "in_out", ""),
    ("rows", "out_in", ""), ("rows", "out_in+first", ""), ("rows", "in_out+first", ""),
    ("columns", "out_in+first", ""), ("rows", "in_out+last", ""),
    ("rows", "out_in+last", ""), ("columns", "out_in+last", ""),
)  # fmt: skip
ONE = (
    ("rows", "last vector", "last scalar"), ("rows", "last vector", "last flat"),
    ("columns", "in_out", "scalar"), ("rows", "in_out", "scalar"),
    ("columns", "out_in", "scalar"),
)  # fmt: skip


WITH_ONES = (
    ("rows", "vector+first"), ("rows", "in_out+first"), ("rows", "out_in+first"),
    ("columns", "out_in+first"), ("columns", "in_out+first"),
)  # fmt: skip


def functions_of(tree: ast.AST) -> dict[str, Function]:
    """Collect the functions that a module defines at its top level."""
    found = {}
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = Function(node.name, node)
        elif isinstance(node, ast.If | ast.Try):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    found.setdefault(part.name, Function(part.name, part))
    return found


def notations(
    weights: int, biases: int, outputs: int
) -> Iterator[tuple[str, str, str]]:
    """Yield layout, form of weights, form of biases; likeliest first."""
    if outputs == 1:
        yield from ONE if biases else (("rows", "last vector", ""),)
    yield from ROWS if biases else ALONE


class FunctionForm:
    """Turns functions, or methods of an object without parameters, into recipes.

    Parameters
    ----------
    space : dict
        Globals of the file.
    trees : sequence of ast.AST
        The file's tree and its neighbours'.
    undefined : sequence of str
        Globals that the file reads and does not define.
    callables : mapping of str to callable
        The functions, by name.
    maker : callable or None
        Makes the object, where they are methods.
    """

    def __init__(
        self, space: dict[str, Any], trees: Sequence[ast.AST],
        undefined: Sequence[str], callables: Mapping[str, Callable[..., Any]],
        maker: Callable[[Any], Any] | None = None,
    ) -> None:  # fmt: skip
        self.space, self.undefined = space, tuple(undefined)
        self.callables, self.maker = callables, maker
        self.trees = trees
        self.helpers = functions_of(trees[0])
        self.style = label_style(self.helpers.values())
        self.assigned_at_top = {
            n for s in getattr(trees[0], "body", ()) for n in targets(s)
        }
        self.sites: dict[str, Any] = {}
        self.assigned: dict[str, Any] = {}
        for tree in trees:
            sites, assigned = call_sites(tree)
            for name, found in sites.items():
                self.sites.setdefault(name, []).extend(found)
            for name, found in assigned.items():
                self.assigned.setdefault(name, []).extend(found)

    def ways(self, plan: plans.Plan) -> Iterator[tuple[Sizes, Recipe]]:
        """Yield the ways of running one plan, and the sizes to try them with."""
        held = self.held(plan.steps)
        if held is None:
            return
        weights, biases = holders.in_order(held.keys)
        if not weights or len(biases) > len(weights):
            return
        steps = tuple((f, self.callables.get(f.name)) for f in plan.steps)
        if self.maker is not None:
            steps = tuple((f, None) for f in plan.steps)
        base = Recipe(
            self.space, steps, (), maker=self.maker, loss_step=plan.loss,
            by_step=plan.by_step, globals=self.undefined, sites=self.sites,
            assigned=self.assigned, containers=held.containers,
            defaults=usage.unpenalised(plan.steps, self.trees),
        )  # fmt: skip
        hidden = search.H[: len(weights) - 1]
        style = label_style(plan.steps) or self.style
        for outputs in self._outputs(plan, len(weights), style):
            dims = (search.D, *hidden, outputs)
            for layout, weight, bias in notations(len(weights), len(biases), outputs):
                slots = holders.slots_for(weights, biases, weight, bias)
                whole = bool(biases) or "+" in weight
                for coding in codings(layout, outputs, style):
                    made = base.with_(slots=slots, layout=layout, coding=coding)
                    yield Sizes(dims, whole), made
        if len(weights) == 1 and not biases:
            yield from self._with_ones(base, weights, style)
        yield from self._one_at_a_time(base, weights, biases, hidden, style)

    def _outputs(self, plan: plans.Plan, layers: int, style: str) -> tuple[int, ...]:
        """Return how many outputs to try, likeliest first.

        One layer whose own text counts labels as 0 and 1 has one output, whether or
        not its gradient is right there: entry by entry, several run as well.
        """
        if style == "signs":
            return (1,)
        own = label_style(reached(plan.steps, self.helpers))
        return (1, search.C) if layers == 1 and own == "binary" else (search.C, 1)

    def _with_ones(
        self, base: Recipe, weights: Sequence[str], style: str
    ) -> Iterator[tuple[Sizes, Recipe]]:
        """Yield readings in which the first input is one, and its weight the bias.

        A file may count on it: ``grad[0] = np.sum(error)`` is right only there.
        """
        two = any(usage.entries_of(f, weights[0]) == {0, 1} for f, _ in base.steps)
        for inputs in (search.D, *((1,) if two else ())):
            for outputs in (1,) if style == "signs" or two else (1, search.C):
                for layout, form in WITH_ONES[outputs > 1 :]:
                    slots = holders.slots_for(weights, (), form, "")
                    for coding in codings(layout, outputs, style):
                        made = base.with_(slots=slots, layout=layout, coding=coding)
                        sizes = Sizes((inputs, outputs), fixed=inputs != search.D)
                        yield sizes, made.with_(intercept=True)

    def _one_at_a_time(
        self, base: Recipe, weights: Any, biases: Any, hidden: Any, style: str
    ) -> Iterator[tuple[Sizes, Recipe]]:
        for outputs in (search.C, 1):
            dims = (search.D, *hidden, outputs)
            kinds = [("vector", "in_out", "flat"), ("vector", "out_in", "flat"),
                     ("columns", "out_in", "column"),
                     ("rows", "in_out", "row")]  # fmt: skip
            if outputs == 1:
                kinds = [("vector", "last vector", "last scalar"), *kinds]
            for layout, weight, bias in kinds:
                slots = holders.slots_for(
                    weights, biases, weight, bias if biases else ""
                )
                shape = "rows" if layout == "vector" else layout
                options = codings(shape, outputs)
                if outputs == 1:
                    known = style in ("signs", "binary")
                    options = (style,) if known else ("signs", "binary")
                else:
                    options = options[:2]
                for coding in options:
                    yield (
                        Sizes(dims, bool(biases)),
                        base.with_(
                            slots=slots, layout=layout, coding=coding, each=True
                        ),
                    )

    def held(self, steps: Sequence[Function]) -> holders.Arguments | None:
        """Find out where functions have their parameters; None where nowhere."""
        held = holders.arguments_of(steps, helpers=self.helpers)
        unrolled = unrolled_in(steps, self.helpers)
        if unrolled:
            return unrolled_arguments(steps, unrolled)
        if not held.keys:
            return self._global_parameters(steps) or _by_role(steps)
        return held

    def global_weights(self, steps: Sequence[Function]) -> tuple[str, ...]:
        """Return the parameters that the functions read as globals."""
        return weights_read(steps, self.helpers, self.space, self.assigned_at_top)

    def _global_parameters(self, steps: Sequence[Function]) -> holders.Arguments | None:
        single = self.global_weights(steps)
        if not single:
            return None
        self.undefined = tuple(dict.fromkeys([*self.undefined, *single]))
        return holders.Arguments(single)


def _by_role(steps: Sequence[Function]) -> holders.Arguments | None:
    """Assume our own names where a function only says ``params``."""
    for function in steps:
        for argument in function.arguments:
            if argument in ("params", "parameters"):
                keys = ("W1", "b1", "W2", "b2")
                return holders.Arguments((), {argument: ("dict", keys)})
    return None


def unrolled_in(
    steps: Sequence[Function], helpers: Mapping[str, Function] | None = None
) -> dict[str, tuple[str, ...]]:
    """Find arguments that hold all parameters in one vector, and what is cut out.

    A function of `helpers` may do the cutting.
    """
    found: dict[str, tuple[str, ...]] = {}
    for function in steps:
        for argument in function.arguments:
            parts = [
                name
                for node in ast.walk(function.node)
                if isinstance(node, ast.Assign)
                and (
                    _cuts(node.value, argument)
                    or _passes(node.value, argument, helpers or {})
                )
                for name in names.element_names(node.targets[0])
            ]
            cut = list(dict.fromkeys(p for p in parts if p))
            parts = [p for p in cut if names.kind_of(p)]
            if not parts and names.role_of(argument) == "params":
                parts = [f"Theta{k}" for k in range(1, len(cut) + 1)]
            if parts and not (len(parts) == 1 and names.kind_of(argument) == "W"):
                found.setdefault(argument, tuple(parts))
    return found


def _passes(value: ast.AST, argument: str, helpers: Mapping[str, Function]) -> bool:
    """Whether an expression is a call of a function that cuts `argument` up."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return False
    helper = helpers.get(value.func.id)
    given = [names.element_names(a)[0] for a in value.args]
    if helper is None or argument not in given:
        return False
    own = dict(zip(given, helper.arguments, strict=False)).get(argument, "")
    same = {own} | {
        n.targets[0].id for n in ast.walk(helper.node)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
        and own in ast.unparse(n.value).split(".")[:1]
    }  # fmt: skip
    return bool(own) and any(
        _cuts(n, name) for n in ast.walk(helper.node)
        if isinstance(n, ast.Assign | ast.Return) for name in same
    )  # fmt: skip


def _cuts(value: ast.AST, argument: str) -> bool:
    """Whether an expression takes a slice out of `argument` and reshapes it."""
    slices = any(
        isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Slice)
        and isinstance(n.value, ast.Name) and n.value.id == argument
        for n in ast.walk(value)
    )  # fmt: skip
    return slices and bool(re.search(r"reshape|resize|Slice", ast.dump(value)))


def unrolled_arguments(
    steps: Sequence[Function], unrolled: Mapping[str, tuple[str, ...]]
) -> holders.Arguments:
    """Describe a vector of parameters; the same one under all its names."""
    parts = max(unrolled.values(), key=len)
    order = "F" if re.search(
        r"order'?,? ?value=Constant\(value='F'|Constant\(value='F'\)",
        " ".join(ast.dump(f.node) for f in steps),
    ) else "C"  # fmt: skip
    kind = f"unrolled {order}"
    return holders.Arguments((), dict.fromkeys(unrolled, (kind, parts)))
