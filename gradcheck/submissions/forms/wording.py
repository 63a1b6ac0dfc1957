"""What is said of a form, and of a reading that did not work."""

import numpy as np

from . import names, search, usage
from .classes import ClassForm
from .lacking import half_returned
from .names import Function
from .refusal import Refused
from .search import Trial

_ONE_OUTPUT = {
    "signs": "labels-pm1", "binary": "labels-01", "real": "labels-real",
}  # fmt: skip


def interface_of(function: Function, trial: Trial | None) -> str:
    """Name the form of a function."""
    arguments = function.arguments
    if trial is None:
        return "plain"
    recipe = trial.recipe
    kinds = {kind for kind, _ in recipe.containers.values()}
    if any(k.startswith("unrolled") for k in kinds):
        has_dims = any(names.role_of(a) == "dims" for a in arguments)
        return "cs224n" if has_dims else "octave-cost-function"
    if recipe.by_step:
        return "in-place-step"
    if recipe.loss_step is None:
        three = recipe.each and len(recipe.slots) == 4
        return "source-003-gradient" if three else "backward-prop"
    if recipe.layout == "columns" and kinds:
        return "coursera"
    if len(recipe.slots) == 1:
        coding = recipe.coding.partition(" ")[0]
        return _ONE_OUTPUT.get(coding, "cs231n-softmax")
    return "plain" if len(recipe.steps) == 1 else "backward-prop"


def class_interface(form: ClassForm, trial: Trial) -> str:
    """Name the form of a class."""
    recipe = trial.recipe
    called = {f.name for f, _ in recipe.steps}
    if recipe.by_step:
        return "in-place-step"
    if not recipe.paths:
        return "source-002-class"
    if called == {"loss", "gradient"}:
        return "dlfs"
    if any("[" in s.name for s in recipe.slots) and recipe.each:
        return "nielsen"
    return "cs231n-two-layer" if called == {"loss"} else "own-class"


def unfinished(trial: Trial, interface: str) -> Refused:
    """Say what a reading that did not work was missing."""
    refuse_rounds(trial)
    refused = trial.error or _missing(trial)
    if refused.line is None and refused.code in ("shape-mismatch", "transposed"):
        refused.line = trial.recipe.steps[-1][0].node.lineno
    if trial.progress or trial.error is None or trial.error.code != "unbound":
        refused.interface = interface
    return refused


def refuse_rounds(trial: Trial) -> None:
    """Refuse to read a gradient off what many steps have led to.

    Raises
    ------
    Refused
        Unless the gradient is right, or told by what is returned.
    """
    function = trial.recipe.steps[-1][0]
    line = usage.many_rounds(function)
    if line is not None and not trial.right and (
        trial.recipe.by_step or trial.rank < 2
    ):  # fmt: skip
        raise Refused(
            "ambiguous",
            f"{function.label} makes many steps at once, in a loop of its own; one "
            "step was expected, from which the gradient is told: let the number of "
            "steps be an argument, or move the gradient into a function",
            line,
        )


def _missing(trial: Trial) -> Refused:
    outcome, recipe = trial.outcome, trial.recipe
    last = recipe.steps[-1][0]
    line = last.node.lineno
    value = len(recipe.steps) == 1 and outcome is not None and outcome.loss is not None
    parts = [s.name for s in recipe.slots]
    wanted = ", ".join(parts)
    if outcome is not None and len(recipe.steps) == 1 and not recipe.by_step:
        half = half_returned(last, outcome, parts)
        if half is not None:
            return half
    if trial.missing and not (outcome and outcome.grads):
        what = "no gradient of anything"
        if (
            outcome is not None
            and outcome.loss is None
            and recipe.loss_step is not None
        ):
            what = "neither a loss nor a gradient"
        alone = value and len(last.returned()) == 1
        return Refused(
            "no-gradient" if alone else "incomplete",
            f"{last.label} gives {what}; a loss and the gradients of {wanted} were "
            "expected: finish it and return both",
            line,
        )
    if trial.missing:
        return Refused(
            "incomplete",
            f"{last.label} gives no gradient of {', '.join(trial.missing)}; one for "
            f"each of {wanted} was expected: finish it",
            line,
        )
    loss = outcome.loss if outcome is not None else None
    said = "None" if loss is None else f"{loss}"
    where = recipe.steps[recipe.loss_step or 0][0]
    return Refused(
        "incomplete",
        f"{where.label} gives the loss {said}; a finite number was expected: finish it "
        "and return it",
        where.node.lineno,
    )


def refuse_guess(trial: Trial, label: str) -> None:
    """Refuse a reading that nothing speaks for: no loss, and no agreement at all.

    Raises
    ------
    Refused
        Because calling such a gradient wrong would be a guess.
    """
    recipe = trial.recipe
    supplied = recipe.loss_step is None and not trial.right
    if supplied and (recipe.each or (recipe.maker is not None and not recipe.paths)):
        line = recipe.steps[-1][0].node.lineno
        supposed = bool(getattr(recipe.implied, "activation", ""))
        if len(recipe.steps) == 1 and supposed:
            raise Refused(
                "incomplete",
                f"{recipe.steps[0][0].label} has neither a loss nor a forward pass "
                "beside it, so that there is nothing to hold its gradient to; a method "
                "such as feedforward(a) that returns the outputs was expected: add it",
                line,
            )
        raise Refused(
            "no-form",
            f"{label} has no loss, and its gradient is that of no usual loss of its "
            "outputs; a loss of its own was expected",
            line,
        )


def refuse_stub(trial: Trial, interface: str) -> None:
    """Refuse a loss that is constant together with a gradient that is zero.

    Raises
    ------
    Refused
        Because comparing 0 with 0 would call a template right.
    """
    recipe = trial.recipe
    dims = trial.dims
    biases = any(n.startswith("b") for s in recipe.slots for n in s.ours)
    params, X, y = search.problem(dims, biases=biases, seed=9)
    wanted = {n for s in recipe.slots for n in s.ours}
    params = {k: v for k, v in params.items() if k in wanted}
    outcome = search.quietly(lambda: recipe.evaluate(params, X, y, 0.3, True))
    if any(np.any(g) for g in (outcome.grads or {}).values()):
        return
    function = recipe.steps[-1][0]
    loss = 0.0 if outcome.loss is None else outcome.loss
    refused = Refused(
        "constant-loss",
        f"{function.label} returns a gradient that is zero everywhere, and the loss "
        f"{loss:g}, as an unfinished template does; the gradient of a loss that "
        "depends on the parameters was expected: finish it",
        function.node.lineno,
    )
    refused.interface = interface
    raise refused
