"""The judgement of a gradient: numbers against numbers and their measured errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from gradcheck._typing import Array, Evaluate, Grads, Params
from gradcheck.numeric.gradient import table
from gradcheck.numeric.plans import Driver
from gradcheck.numeric.stencils import EPS

Ruling: TypeAlias = Literal["correct", "wrong", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient, measured by itself.

    Attributes
    ----------
    index : tuple of int
        Place in the parameter.
    analytic, numeric : float
        The gradient under examination and the measured derivative.
    error : float
        Half-width of the interval that holds the derivative.
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """Relative error of a gradient, exceeded only with the probability given."""

    rel_error: float
    probability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about the gradient of one parameter.

    Attributes
    ----------
    verdict : {"correct", "wrong", "inconclusive"}
        Of this parameter alone.
    shape : tuple of int
        Of the parameter.
    max_rel_error : float or None
        Largest relative error seen.
    worst : Entry or None
        The entry furthest outside its measured error.
    bound : Certificate or None
        None where nothing could be certified.
    detectable : float or None
        Smallest relative error that would have been seen.
    pattern : str
        Which entries are wrong, in words.
    detail : str
        Why, where the numbers do not say it.
    wrong_entries : tuple of Entry
        All of them, where they are few.
    """

    verdict: Ruling
    shape: tuple[int, ...] = ()
    max_rel_error: float | None = None
    worst: Entry | None = None
    bound: Certificate | None = None
    detectable: float | None = None
    pattern: str = ""
    detail: str = ""
    wrong_entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found about a gradient.

    Attributes
    ----------
    parameters : mapping of str to Judgement
        In the order of the parameters.
    verdict : {"correct", "wrong", "inconclusive"}
        Of them all.
    message : str
        Why, in a sentence, where the verdict is not plain; or empty.
    evaluations, gradient_calls : int
        What it cost.
    curves : mapping
        By parameter, errors against steps; JSON-safe.
    """

    parameters: Mapping[str, Judgement]
    verdict: Ruling
    message: str = ""
    evaluations: int = 0
    gradient_calls: int = 0
    curves: Mapping[str, Any] = field(default_factory=dict)


def examine(
    evaluate: Evaluate,
    gradient: Callable[[Params], Grads],
    params: Params,
    grads: Grads,
    *,
    seed: int = 0,
    rtol_required: float | None = None,
    noise: float | None = None,
    delta: float = 1e-6,
    loss_only: bool = True,
    dtype: Any = None,
) -> Examination:
    """Judge whether `grads` is the gradient, at `params`, of what `evaluate` computes.

    Parameters
    ----------
    evaluate : callable
        Takes an iterable of points, returns their losses, shape ``(n,)``.
    gradient : callable
        The gradient under examination at other points.
    params, grads : mapping of str to ndarray
        The point, and the gradient under examination there; same keys and shapes.
    seed : int, default=0
        Of the random directions.
    rtol_required : float, optional
        A relative error above it that could have stayed unseen makes a right-looking
        gradient inconclusive.
    noise : float, optional
        Absolute error of the loss, where it is known to be larger than it looks.
    delta : float, default=1e-6
        Probability with which the certified bounds may fail.
    loss_only : bool, default=True
        Whether an evaluation of the loss is cheaper than one of the gradient.
    dtype : dtype, optional
        Precision of the loss, where it is not to be measured.
    """
    driver = Driver(evaluate)
    origin = {name: np.asarray(x, dtype=np.float64) for name, x in params.items()}
    values, errors = driver.run(table(origin, "richardson"))
    judged = {
        name: _judge(x, np.asarray(grads[name]), values[name], errors[name])
        for name, x in origin.items()
    }
    found = {judgement.verdict for judgement in judged.values()}
    order: tuple[Ruling, ...] = ("wrong", "inconclusive", "correct")
    verdict = next(ruling for ruling in order if ruling in found)
    return Examination(judged, verdict, evaluations=driver.evaluations)


def _judge(x: Array, analytic: Array, numeric: Array, error: Array) -> Judgement:
    scale = np.maximum(np.abs(analytic), np.abs(numeric))
    gap = np.abs(analytic - numeric)
    excess = gap - (4 * error + 8 * EPS * scale)
    excess = np.where(np.isfinite(excess), excess, np.inf)
    place = np.unravel_index(int(excess.argmax()), excess.shape)
    index = tuple(int(i) for i in place)
    worst = Entry(
        index, float(analytic[index]), float(numeric[index]), float(error[index])
    )
    size = float(np.linalg.norm(numeric)) or 1.0
    relative = float(gap[index] / (scale[index] or 1.0))
    seen = float(np.linalg.norm(4 * error)) / size
    verdict: Ruling = "wrong" if excess[index] > 0 else "correct"
    if verdict == "correct" and (seen > 1e-3 or not numeric.any()):
        verdict = "inconclusive"
    return Judgement(verdict, x.shape, relative, worst, Certificate(seen, 0.0), seen)
