"""The cost that a gradient belongs to, where a file has no loss of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .recipe import Outcome, Recipe

_STEP = 1e-5
_STEPS = ((_STEP, 1e-4), (3e-4, 1e-2), (3e-3, 1e-2))
"""Steps, and the error that is allowed with each."""
_QUIET = 1e-4
"""By how much of its size a slope may change with the step, if no noise is in it."""


def slopes(
    loss: Callable[[Any], Any],
    params: Mapping[str, Any],
    seed: int = 1,
    step: float = _STEP,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure a loss's slope along one random direction for each parameter.

    Returns
    -------
    slopes, directions : dict
        By parameter. `loss` may return an array: one slope an entry.
    """
    rng = np.random.default_rng(seed)
    found, directions = {}, {}
    for name, value in params.items():
        v = rng.normal(size=np.shape(value))
        ends = []
        for side in (1.0, -1.0):
            moved = {k: np.array(p, dtype=float) for k, p in params.items()}
            moved[name] = moved[name] + side * step * v
            ends.append(np.asarray(loss(moved), dtype=float))
        found[name] = (ends[0] - ends[1]) / (2 * step)
        directions[name] = v
    return found, directions


def agreeing(
    loss: Callable[[Any], Any], params: Mapping[str, Any], grads: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """Return the parameters whose gradient agrees with the loss's slope.

    None where the loss has no slope at all. Code in float32 is too noisy for a short
    step: what does not agree is tried with longer ones, until two steps tell the same.
    """
    found: dict[str, bool] = {}
    last: dict[str, float] = {}
    settled: set[str] = set()
    for step, tolerance in _STEPS:
        left = {
            n: v for n, v in params.items() if not (found.get(n) or n in settled)
        }  # fmt: skip
        if not left:
            break
        measured, directions = slopes(
            lambda moved: loss({**params, **moved}), left, step=step
        )
        if not found and not any(abs(float(s)) > 1e-7 for s in measured.values()):
            return None
        for name, slope in measured.items():
            claimed = float(np.sum(grads[name] * directions[name]))
            size = float(np.linalg.norm(grads[name])) + abs(float(slope))
            if abs(last.get(name, np.inf) - float(slope)) <= _QUIET * size:
                settled.add(name)  # no noise: it did not agree, and does not
            else:
                found[name] = abs(claimed - float(slope)) <= tolerance * size + 1e-7
            last[name] = float(slope)
    return tuple(n for n in params if found[n])


def _one_hot(y: Any, outputs: int) -> Any:
    if outputs == 1:
        return (np.asarray(y).reshape(-1, 1) > 0).astype(float)
    return np.eye(outputs)[np.asarray(y, dtype=int).reshape(-1)]


def _costs(output: Any, y: Any) -> Any:
    """Return every usual cost of these outputs."""
    T = _one_hot(y, output.shape[1])
    n, c = output.shape
    safe = np.clip(output, 1e-300, None)
    ce = -np.sum(T * np.log(safe))
    bce = ce - np.sum((1 - T) * np.log(np.clip(1 - output, 1e-300, None)))
    square = np.sum((output - T) ** 2)
    half = 0.5 * square
    margin = np.sum(np.logaddexp(0.0, -(2 * T - 1) * output))
    shifted = output - output.max(axis=1, keepdims=True)
    scores = np.sum(np.log(np.exp(shifted).sum(axis=1)) - np.sum(T * shifted, axis=1))
    return np.array([
        ce / n, ce, bce / n, bce, half, half / n, square, square / n, square / (n * c),
        half / (n * c), margin, margin / n, scores / n, scores, bce / (n * c),
    ])  # fmt: skip


COSTS = (
    ("softmax", "mean"), ("softmax", "sum"), ("sigmoid", "mean"), ("sigmoid", "sum"),
    ("squared", "sum"), ("squared", "mean"), ("squared x 2", "sum"),
    ("squared x 2", "mean"), ("squared x 2", "mean over entries"),
    ("squared", "mean over entries"), ("logistic", "sum"), ("logistic", "mean"),
    ("softmax of scores", "mean"), ("softmax of scores", "sum"),
    ("sigmoid", "mean over entries"),
)  # fmt: skip


def imply(
    recipe: Recipe, outcome: Outcome, params: Any, X: Any, y: Any,
    signs: Sequence[float],
) -> tuple[Recipe, Outcome]:  # fmt: skip
    """Find the cost that a gradient without a loss is the gradient of."""
    grads = outcome.grads or {}
    if outcome.output is None:
        found: tuple[int, Any, float] = (-1, None, 1.0)
        for activation in ACTIVATIONS if len(recipe.slots) > 1 else ("identity",):
            reference = Implied(12, activation)
            found = _matching(
                partial(reference.forward, X=X), grads, params, y,
                (12, 13, 10, 11, 4, 5, 6, 7), activation, signs, found,
            )  # fmt: skip
        _, best, sign = found
        outcome.loss = best(best.forward(params, X), y)
        return _signed(recipe, outcome, best, sign)

    def outputs(moved: Any) -> Any:
        made = recipe.evaluate(moved, X.copy(), y.copy(), 0.0, True)
        return made.output if recipe.each else recipe._rows(made.output)

    rows = outputs(params)
    _, best, sign = _matching(
        outputs, grads, params, y, _plausible(rows), "", signs, (-1, None, 1.0)
    )
    outcome.loss = best(rows, y)
    return _signed(recipe, outcome, best, sign)


def _signed(
    recipe: Recipe, outcome: Outcome, implied: "Implied", sign: float
) -> tuple[Recipe, Outcome]:
    grads = outcome.grads or {}
    outcome.grads = {k: sign * g for k, g in grads.items()}
    return recipe.with_(implied=implied, sign=sign), outcome


def _matching(
    outputs: Callable[[Any], Any], grads: Any, params: Any, y: Any,
    order: Sequence[int], activation: str, signs: Sequence[float], best: Any,
) -> Any:  # fmt: skip
    """Return with which cost, and sign, most parameters agree."""
    measured, directions = slopes(lambda moved: _costs(outputs(moved), y), params)
    last = [n for n in params if n[0] == "W"][-1]  # what is nearest to the cost
    for sign, index in ((s, i) for s in signs for i in order):
        agreeing = 0.0
        for name, slope in measured.items():
            claimed = sign * float(np.sum(grads[name] * directions[name]))
            size = float(np.linalg.norm(grads[name])) + abs(float(slope[index]))
            same = abs(claimed - float(slope[index])) <= 1e-4 * size + 1e-9
            agreeing += same * (1.5 if name == last else 1.0)
        if agreeing > best[0]:
            best = agreeing, Implied(index, activation), sign
    return best


def _plausible(rows: Any) -> list[int]:
    """Order the costs by how well they go with outputs like these."""
    inside = bool(np.all((rows > 0) & (rows < 1)))
    sums = np.allclose(rows.sum(axis=1), 1.0) and rows.shape[1] > 1
    if sums:
        return [0, 1, 4, 5, 6, 7, 8, 9]
    if inside:
        return [2, 3, 4, 5, 6, 7, 8, 9, 14, 0, 1]
    return [5, 4, 7, 6, 8, 9, 12, 13, 10, 11]


ACTIVATIONS = ("relu", "sigmoid", "tanh")


@dataclass(frozen=True, slots=True)
class Implied:
    """The usual cost that a file's gradient belongs to, where it has no loss.

    Attributes
    ----------
    index : int
        Into `COSTS`.
    activation : str
        Of the hidden layers, where the file has no forward pass either; else empty.
    """

    index: int
    activation: str = ""

    def __call__(self, output: Any, y: Any) -> float:
        """Return the cost of `output`, shape (N, C), for our labels `y`."""
        return float(_costs(output, y)[self.index])

    def forward(self, params: Mapping[str, Any], X: Any) -> Any:
        """Return the outputs of the usual network with these parameters."""
        hidden = np.asarray(X, dtype=float)
        weights = [k for k in params if k[0] == "W"]
        for layer, name in enumerate(weights):
            weight = np.asarray(params[name])
            hidden = hidden @ weight.reshape(len(weight), -1)
            bias = params.get(name.replace("W", "b"))
            hidden = hidden if bias is None else hidden + np.reshape(bias, (1, -1))
            if layer < len(weights) - 1:
                hidden = _activate(self.activation, hidden)
        return hidden

    @property
    def words(self) -> str:
        """Name it."""
        cost, reduction = COSTS[self.index]
        return f"{cost}, {reduction}"


def _activate(name: str, z: Any) -> Any:
    if name == "relu":
        return np.maximum(z, 0.0)
    return np.tanh(z) if name == "tanh" else 1.0 / (1.0 + np.exp(-z))
