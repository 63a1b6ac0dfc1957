"""Which of a file's functions to call, in which order."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from . import names
from .names import Function
from .steps import gives_cost, reports_loss

_UPSTREAM = re.compile(
    r"(d_?(out|[a-z]\d?|l)|(\w*_)?(grad\w*|deltas?|errors?|err|upstream))(_\w+)?", re.I
)
_TOY = re.compile(r"(x|theta)", re.I)


@dataclass(frozen=True, slots=True)
class Plan:
    """Functions in the order of their calls.

    Attributes
    ----------
    steps : tuple of Function
    loss : int or None
        Which of them gives the loss.
    by_step : bool
        Whether the last changes the parameters instead of returning gradients.
    """

    steps: tuple[Function, ...]
    loss: int | None = None
    by_step: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two plans the same."""
        return tuple(f.label for f in self.steps), self.loss, self.by_step


def _tokens(name: str) -> set[str]:
    words = re.findall(r"[a-z]+|\d+|[A-Z][a-z]*", name)
    noise = {
        "forward", "backward", "back", "prop", "propagation", "propagate", "compute",
        "cost", "loss", "pass", "backprop", "feedforward", "feed", "propogation", "get",
        "calculate", "calc", "gradient", "gradients", "grad", "grads", "function", "f",
        "model", "error", "cross", "entropy", "b", "fprop", "bprop",
    }  # fmt: skip
    return {w.lower() for w in words} - noise


def closest(target: Function, options: Sequence[Function]) -> list[Function]:
    """Order functions by how much their names say that they belong to `target`."""
    wanted = _tokens(target.name)

    def distance(option: Function) -> tuple[int, int]:
        has = _tokens(option.name)
        return len(has - wanted) * 2 + len(wanted - has), options.index(option)

    return sorted(options, key=distance)


def returns_loss(function: Function) -> bool:
    """Whether a function returns a loss among several things, by its name or form."""
    spelled = function.returned()
    named = any(names.COST.fullmatch(n) or n in ("J", "L") for n in spelled if n)
    return len(spelled) > 1 and (named or gives_cost(function))


def returns_value(function: Function) -> bool:
    """Whether a function returns anything."""
    return any(
        isinstance(n, ast.Return)
        and n.value is not None
        and not (isinstance(n.value, ast.Constant) and n.value.value is None)
        for n in names.own_nodes(function.node)
    )


def in_place(step: Function, *, own: bool = True) -> Iterator[Plan]:
    """Yield the plans of a step alone: with the loss that it returns, then without."""
    if own and reports_loss(step):
        yield Plan((step,), 0, True)
    yield Plan((step,), None, True)


def losses(functions: Mapping[str, Function]) -> list[Function]:
    """Return the functions that give a loss and a gradient by themselves."""
    found = []
    for function in functions.values():
        spelled = function.returned()
        if len(spelled) < 2 or not function.arguments:
            continue
        roles = {names.role_of(a) for a in function.arguments}
        costs = bool(names.COST.fullmatch(function.name))
        if "epochs" in roles or ("lr" in roles and not costs):
            continue  # it trains
        both = names.BOTH.fullmatch(function.name)
        if names.FORWARD.fullmatch(function.name) and not both:
            continue
        loss = costs or any(_is_loss_name(n) for n in spelled if n)
        if spelled.count("") > 1:  # both are expressions
            kinds = {names.kind_of(a) for a in function.arguments}
            meant = takes_data(function) and "W" in kinds
            loss |= meant
        gradient = any(
            re.match(r"d[a-z_]|grad|g_|nabla|theta\d?_grad", n, re.I) or n in ("g", "")
            for n in spelled
        )
        if (loss and gradient) or both:
            found.append(function)
    return found


def of_everything(
    functions: Mapping[str, Function], tried: Sequence[Function]
) -> list[Function]:
    """Return what takes parameters, inputs and labels, whatever it seems to return.

    Parameters
    ----------
    functions : mapping
        The file's functions.
    tried : sequence of Function
        Those that have been called already.
    """
    helper = re.compile(r"_|test_|check_|plot_|print|numer|predict|accuracy")
    return [
        f for n, f in functions.items()
        if f not in tried and not helper.match(n) and returns_value(f)
        and not names.FORWARD.fullmatch(n)
        and {"X", "y"} <= (roles := {names.role_of(a) for a in f.arguments})
        and not roles & {"lr", "epochs"}
        and ("params" in roles or any(names.kind_of(a) == "W" for a in f.arguments))
    ]  # fmt: skip


def _is_loss_name(name: str) -> bool:
    return bool(names.COST.fullmatch(name)) or name in ("J", "L", "l", "f", "nll")


def of_layer(function: Function, functions: Mapping[str, Function]) -> bool:
    """Whether a backward pass is that of one layer among layers."""
    layer = (
        r"affine|relu|linear|conv|pool|norm|dropout|sigmoid|tanh|fc_|softmax|lstm|rnn"
    )
    return bool(re.search(layer, function.name, re.I)) and any(
        n.endswith("_forward") for n in functions
    )


def passes_on(function: Function) -> bool:
    """Whether a function only takes a gradient on: of weights and a gradient."""
    arguments = function.arguments
    taken = [a for a in arguments if not names.kind_of(a)]
    return 0 < len(taken) < len(arguments) and all(map(_UPSTREAM.fullmatch, taken))


def takes_data(function: Function) -> bool:
    """Whether the inputs are among a function's arguments."""
    return any(names.role_of(a) == "X" for a in function.arguments)


def _derives(name: str, other: str) -> bool:
    """Whether a name is another one and a word for its gradient: ``gradf`` of ``f``."""
    bare = re.sub(r"_?(grad(ient)?|prime|derivative|jac(obian)?)_?", "", name)
    return bare == other != name


def _only_derives(function: Function, others: Sequence[Function]) -> bool:
    """Whether ``loss_gradient`` returns one thing, and `others` have a ``loss``."""
    return len(function.returned()) < 2 and any(
        _derives(function.name, f.name) for f in others
    )


def sort_out(functions: Mapping[str, Function]) -> dict[str, list[Function]]:
    """Sort functions into what they seem to do."""
    usable = [
        f for f in functions.values()
        if not f.name.startswith("__")
        and not re.match(r"test_|check_|plot_|numer", f.name)
    ]  # fmt: skip
    both = [
        f for f in usable
        if names.BOTH.fullmatch(f.name) and returns_value(f)
        and not _only_derives(f, usable)
    ]  # fmt: skip
    back = [f for f in usable if names.BACKWARD.fullmatch(f.name) and f not in both]
    forward = [f for f in usable if names.FORWARD.fullmatch(f.name)]
    helper = re.compile(r".*(_?layer|linear|sigmoid|relu|softmax|activation).*", re.I)
    return {
        "both": both + [
            f for f in usable
            if f not in both and names.COST.fullmatch(f.name) and len(f.returned()) > 1
            and takes_data(f)
        ],
        "back": [f for f in back if not helper.fullmatch(f.name)] or back,
        "forward": forward,
        "predict": [f for f in usable if f.name == "predict" and takes_data(f)],
        "cost": [f for f in usable if names.COST.fullmatch(f.name) and f not in both]
        or [f for f in usable if any(_derives(b.name, f.name) for b in back)],
        "step": [
            f for f in usable
            if names.STEP.fullmatch(f.name) and f not in both
            and not re.search(r"param\w*$|momentum|adam|rms|velocity", f.name, re.I)
        ],
    }  # fmt: skip


def plans(
    functions: Mapping[str, Function], helpers: Mapping[str, Function] | None = None
) -> Iterator[Plan]:
    """Yield what could be called to get a loss and a gradient, likeliest first.

    Parameters
    ----------
    functions : mapping
        The functions, or methods, by name.
    helpers : mapping, optional
        Loss functions outside the class; used where it has none.
    """
    kinds = sort_out(functions)
    kinds["cost"] = kinds["cost"] or list((helpers or {}).values())
    seen = set()
    for plan in _candidates(kinds):
        if plan.key not in seen:
            seen.add(plan.key)
            yield plan


def _candidates(kinds: Mapping[str, list[Function]]) -> Iterator[Plan]:
    for both in kinds["both"]:
        yield Plan((both,), 0)
    for back in kinds["back"]:
        yield from for_backward(back, kinds)
    for back in [*kinds["back"], *kinds["step"]]:
        yield from of_step(back, kinds)
    for cost in kinds["cost"]:
        yield Plan((cost,), 0)


def of_step(back: Function, kinds: Mapping[str, list[Function]]) -> Iterator[Plan]:
    """Yield the plans whose last call changes the parameters, likeliest first."""
    forwards = [f for f in closest(back, kinds["forward"]) if f is not back][:2]
    costs = [c for c in closest(back, kinds["cost"]) if c is not back][:2]
    for cost in costs:
        for forward in forwards:
            yield Plan((forward, cost, back), 1, True)
        yield Plan((cost, back), 0, True)
    for forward in forwards:
        if not costs and reports_loss(back):
            yield Plan((forward, back), 1, True)
        yield Plan((forward, back), None, True)
    for forward in () if forwards else kinds["predict"]:
        yield Plan((forward, back), None, True)
    yield from in_place(back, own=not costs)


def for_backward(back: Function, kinds: Mapping[str, list[Function]]) -> Iterator[Plan]:
    """Yield the plans that end in the backward pass `back`."""
    forwards = [f for f in closest(back, kinds["forward"]) if f is not back][:3]
    costs = [c for c in closest(back, kinds["cost"]) if c is not back][:3]
    if returns_loss(back):
        yield Plan((back,), 0)
    for forward in forwards:
        if returns_loss(forward):
            yield Plan((forward, back), 0)
    for cost in costs:
        for forward in forwards:
            yield Plan((forward, cost, back), 1)
        yield Plan((cost, back), 0)
    for forward in forwards:
        yield Plan((forward, back), None)
    yield Plan((back,), None)


def is_toy(function: Function) -> bool:
    """Whether this is the one-number warm-up ``J = theta * x``."""
    arguments = function.arguments
    return bool(arguments) and all(_TOY.fullmatch(a) for a in arguments)
