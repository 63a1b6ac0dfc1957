"""Try the ways in which a file may be meant, on a small problem, and keep the best.

Each way is called with sizes that are all distinct, so that a wrong reading of the
layout raises instead of giving numbers. Where several readings run, one under which
the gradient is the derivative of the loss is preferred: an author is not accused for
a reading that we chose.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from . import calls, clashes, shapes
from .agreement import consistent
from .containers import dims_of
from .guarding import quietly, refusal_of
from .implied import imply
from .patience import EndlessError
from .recipe import Outcome, Recipe
from .refusal import Refused
from .trials import Sizes, Trial

_DUST = 1e-9
PATIENCE = 4.0
"""Seconds of the processor after which no further reading of a file is tried."""

_AFTER = (
    "transposed", "shape-mismatch", "incomplete", "ambiguous", "loss-not-scalar",
)  # fmt: skip
"""Codes of what is found wrong once every call has returned."""

N, D, H, C = 7, 5, (8, 10, 12), 3


def problem(
    dims: Sequence[int], *, biases: bool = True, examples: int = N, seed: int = 0
) -> tuple[dict[str, Any], Any, Any]:
    """Draw parameters, inputs and labels with non-zero biases.

    Parameters
    ----------
    dims : sequence of int
        Inputs, hidden widths, outputs.
    biases : bool
        Whether there are any.
    examples : int
        Number of rows of ``X``.
    seed : int
        Of the draw.
    """
    params, X, y = _drawn(tuple(dims), biases, examples, seed)
    return {name: value.copy() for name, value in params.items()}, X.copy(), y.copy()


@lru_cache(64)
def _drawn(
    dims: tuple[int, ...], biases: bool, examples: int, seed: int
) -> tuple[dict[str, Any], Any, Any]:
    rng = np.random.default_rng(seed)
    params: dict[str, Any] = {}
    for (weight, bias), fan_in, fan_out in zip(
        shapes.layer_names(len(dims) - 1), dims[:-1], dims[1:], strict=True
    ):
        scale = min(0.5, 2.0 / np.sqrt(fan_in))
        params[weight] = rng.normal(0.0, scale, (fan_in, fan_out))
        if biases:
            params[bias] = rng.normal(0.0, 0.4, fan_out)
    X = rng.normal(0.0, 1.0, (examples, dims[0]))
    classes = max(dims[-1], 2)
    y = rng.permutation(np.arange(examples) % classes)
    return params, X, y


class Search:
    """Runs recipes and remembers the best.

    Parameters
    ----------
    path : str
        Of the submission, for the lines of what it raises.
    supply : callable
        Runs a left-out assignment that defines a missing name; says whether it could.
    missing : sequence of str
        Modules that are not there.
    """

    def __init__(
        self, path: str, supply: Callable[[str], bool], missing: Sequence[str]
    ) -> None:
        self.path, self.supply, self.missing = path, supply, missing
        self.not_scalar: Refused | None = None
        self.signs: tuple[float, ...] = (1.0,)
        self.ran: set[tuple[str, str]] = set()
        self._until = time.process_time() + PATIENCE

    @property
    def exhausted(self) -> bool:
        """Whether enough time has gone into finding out what the file means."""
        return time.process_time() > self._until

    def best(
        self, recipes: Iterable[Recipe], sizes: Sizes, *, examples: int = N
    ) -> Trial | None:
        """Return the best of `recipes`, the first among equals.

        Meanwhile `ran` holds the layouts and codings under which one has run.
        """
        best: Trial | None = None
        self.ran.clear()
        for recipe in recipes:
            settled = best is not None and best.stands
            if (recipe.each and settled) or (best is not None and self.exhausted):
                break
            trial = self.attempt(recipe, sizes, examples=examples)
            if best is None or trial.merit > best.merit:
                best = trial
            if trial.rank >= 2:
                self.ran.add((recipe.layout, recipe.coding))
            if trial.rank == 3:
                break
        return best

    def with_biases_as_returned(self, trial: Trial, sizes: Sizes) -> Trial:
        """Return a reading whose biases have the shape of their gradients, if it runs.

        A function that takes ``(H,)`` as well as ``(1, H)`` says by its gradient which
        of the two it is written for.
        """
        if trial.outcome is None or not trial.outcome.adjusted:
            return trial
        other = {"row": "flat", "flat": "row"}
        slots = tuple(
            replace(s, form=other.get(s.form, s.form)) if s.bias and not s.weight else s
            for s in trial.recipe.slots
        )
        turned = self.attempt(trial.recipe.with_(slots=slots), sizes)
        fits = turned.outcome is not None and not turned.outcome.adjusted
        return turned if fits and turned.merit >= trial.merit else trial

    def attempt(self, recipe: Recipe, sizes: Sizes, *, examples: int = N) -> Trial:
        """Run one recipe at one point, guarded."""
        params, X, y = problem(sizes.dims, biases=sizes.biases, examples=examples)
        params = {
            k: v for k, v in params.items() if any(k in s.ours for s in recipe.slots)
        }
        started = time.process_time()
        for _ in range(4):
            try:
                trial: Trial = quietly(lambda: self._judge(recipe, params, X, y))
                trial.dims = tuple(sizes.dims)
                return trial
            except NameError as error:
                if not (error.name and self.supply(error.name)):
                    return self._failed(recipe, error, sizes.dims)
            except EndlessError:  # of no reading is more to be expected
                self._until += time.process_time() - started
                raise
            except (Exception, SystemExit) as error:
                return self._failed(recipe, error, sizes.dims, examples)
        return self._failed(recipe, NameError("names"), sizes.dims)

    def _failed(
        self, recipe: Recipe, error: BaseException, dims: Sequence[int],
        examples: int = N,
    ) -> Trial:  # fmt: skip
        per_example = isinstance(error, Refused) and error.code == "loss-not-scalar"
        if per_example and not recipe.each and f"({N}" in str(error):
            self.not_scalar = self.not_scalar or error  # type: ignore[assignment]
        progress, line = 0, 0
        tb = error.__traceback__
        while tb is not None:
            if tb.tb_frame.f_code.co_name == "_follow":
                progress = tb.tb_frame.f_locals.get("index", 0)
            elif not line and tb.tb_frame.f_code.co_filename == self.path:
                line = tb.tb_lineno
            tb = tb.tb_next
        progress = 100_000 * progress + line  # how far it got
        if isinstance(error, Refused) and error.code in _AFTER:
            progress = 100_000 * len(recipe.steps)
        told = None if recipe.each else clashes.explain(error, dims, examples)
        why = refusal_of(error, self.path, self.missing, told)
        return Trial(recipe, 0, error=why, progress=progress)

    def _judge(self, recipe: Recipe, params: Any, X: Any, y: Any) -> Trial:
        copied = {k: v.copy() for k, v in params.items()}
        outcome = recipe.evaluate(copied, X.copy(), y.copy(), 0.0, True)
        wanted = [n for slot in recipe.slots for n in slot.ours]
        missing = tuple(n for n in wanted if n not in (outcome.grads or {}))
        if missing:
            return Trial(
                recipe, 1, outcome, missing=missing, progress=100_000 * outcome.steps
            )
        if recipe.loss_step is None and recipe.implied is None and not missing:
            _refuse_one_number(recipe, outcome)
            recipe, outcome = imply(
                recipe, outcome, params, X, y,
                (1.0,) if recipe.by_step else self.signs,
            )  # fmt: skip
        if outcome.loss is None or not np.isfinite(outcome.loss):
            return Trial(recipe, 1, outcome, progress=100_000 * outcome.steps)
        right, moves = consistent(recipe, outcome, params, X, y)
        if self.signs[0] < 0 and not recipe.by_step and not right:
            recipe, outcome, right = _uphill(recipe, outcome, params, X, y)
        told = recipe.by_step and recipe.loss_step == len(recipe.steps) - 1
        if told and not moves:  # a rate of errors
            return Trial(recipe, 1, outcome, progress=outcome.steps)
        rank = 3 if len(right) == len(wanted) else 2
        # of those that run, the first is the likeliest; more calls are no merit
        return Trial(recipe, rank, outcome, right=right, moves=moves)


def _uphill(
    recipe: Recipe, outcome: Outcome, params: Any, X: Any, y: Any
) -> tuple[Recipe, Outcome, tuple[str, ...]]:
    """Turn a gradient round that the file adds, where all of it points uphill."""
    grads = {n: -g for n, g in (outcome.grads or {}).items()}
    turned = replace(outcome, grads=grads)
    right, _ = consistent(recipe, turned, params, X, y)
    if len(right) < len(grads):
        return recipe, outcome, ()
    return recipe.with_(sign=-recipe.sign), turned, right


def _refuse_one_number(recipe: Recipe, outcome: Outcome) -> None:
    """Refuse to find a loss for weights whose gradient is one number: read wrongly."""
    for slot in recipe.slots:
        grad = np.asarray((outcome.grads or {}).get(slot.weight, 0.0))
        if grad.size > 1 and np.abs(grad).max() > 0 and np.ptp(grad) <= (
            _DUST * np.abs(grad).max()
        ):  # fmt: skip
            raise Refused(
                "shape-mismatch",
                f"the gradient of {slot.name!r} is one number, but should have the "
                f"shape {grad.shape} of the parameter; the file has no loss to tell "
                "what is meant",
            )


def setting(params: Any, X: Any, y: Any) -> calls.Setting:
    """Write a problem down in our own way."""
    return calls.Setting(params, X, y, 0.0, dims_of(params))


def board(written: calls.Setting) -> calls.Board:
    """Lay a problem out for calls."""
    return calls.Board(written)


__all__ = [
    "Search", "Sizes", "Trial", "consistent", "dims_of", "problem", "quietly",
    "refusal_of",
]  # fmt: skip
