"""One callable under examination: calls it, and compares what it returned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads, Params
from gradcheck.asking import ask_all
from gradcheck.laws.rounding import Bounds, rounding_bounds
from gradcheck.networks.conventions import penalty_gradient
from gradcheck.problem import Network, Problem
from gradcheck.recall import Recall, is_small, written

_BOUNDS: Recall[Bounds] = Recall(512)


@dataclass(frozen=True, slots=True)
class LawResult:
    """What one law says.

    Attributes
    ----------
    id : str
        A key of `LAWS`.
    ok : bool
        False only if the law was tested and broken.
    detail : str
        What was seen, in a sentence; or why the law could not be tested.
    applicable : bool
        Whether the law could be tested.
    part : str
        ``"loss"`` or ``"gradient"``, whichever broke it; or empty.
    """

    id: str
    ok: bool
    detail: str = ""
    applicable: bool = True
    part: str = ""


class NotApplicableError(Exception):
    """The law says nothing here; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A loss and gradient, and how far rounding may have moved each number."""

    loss: float
    grads: Grads
    loss_error: float
    errors: Grads

    def scaled(self, factor: float) -> "Answer":
        """Multiply everything by `factor`."""
        return Answer(
            factor * self.loss,
            {k: factor * g for k, g in self.grads.items()},
            abs(factor) * self.loss_error,
            {k: abs(factor) * e for k, e in self.errors.items()},
        )

    def plus(self, other: "Answer") -> "Answer":
        """Add `other`, errors and all."""
        return Answer(
            self.loss + other.loss,
            {k: g + other.grads[k] for k, g in self.grads.items()},
            self.loss_error + other.loss_error,
            {k: e + other.errors[k] for k, e in self.errors.items()},
        )

    def moved(self, move: Callable[[Grads], Grads]) -> "Answer":
        """Permute entries of the gradient, or flip their signs."""
        errors = {k: np.abs(e) for k, e in move(self.errors).items()}
        return replace(self, grads=move(self.grads), errors=errors)


@dataclass(frozen=True, slots=True)
class Examination:
    """The callable, what it should be, where, and the precision it computes in.

    `here` is the problem without its penalty.
    """

    function: LossAndGrads
    network: Network
    problem: Problem
    rng: np.random.Generator
    here: Problem
    eps: float = float(np.finfo(np.float64).eps)

    def point(
        self,
        params: Params | None = None,
        X: Array | None = None,
        y: Array | None = None,
        reg: float = 0.0,
    ) -> Problem:
        """Return a point, by default the problem's without penalty."""
        return Problem(
            self.problem.params if params is None else params,
            self.problem.X if X is None else X,
            self.problem.y if y is None else y,
            reg,
        )

    def ask(
        self, points: Sequence[Problem]
    ) -> list[tuple[float, Grads] | NotApplicableError]:
        """Call the function at several points, on copies.

        Returns
        -------
        list
            Loss and gradient; or why there are none: it raised, or they are not finite.
        """
        copies = [
            Problem(
                {k: np.array(p) for k, p in point.params.items()},
                point.X.copy(), point.y.copy(), point.reg,
            )
            for point in points
        ]  # fmt: skip
        with np.errstate(all="ignore"):
            answers = ask_all(self.function, copies)
            pairs = zip(answers, points, strict=True)
            return [_finite(answer, point) for answer, point in pairs]

    def answer(self, point: Problem, loss: float, grads: Grads) -> Answer:
        """Say how far rounding may have moved what the function returned."""
        eps = max(self.eps, epsilon(loss, grads))
        bounds = self._bounds(point, eps)
        unit = 64 * eps
        slopes = penalty_gradient(point.params, point.reg, self.network.penalty)
        errors = {
            k: bounds.grads[k] + unit * (np.abs(g) + np.abs(slopes[k]))
            for k, g in grads.items()
        }
        return Answer(loss, grads, bounds.loss + unit * abs(loss), errors)

    def _bounds(self, point: Problem, eps: float) -> Bounds:
        """Bound the rounding at a point, without its penalty."""

        def make() -> Bounds:
            with np.errstate(all="ignore"):
                return rounding_bounds(
                    self.network, point.params, point.X, point.y, eps=eps
                )

        if not is_small(point):
            return make()
        where = written(replace(point, reg=0.0))
        return _BOUNDS.get((self.network.conventions, eps, where), make)


def _finite(answer: Any, point: Problem) -> tuple[float, Grads] | NotApplicableError:
    """Read what the function returned, or raised, at a point."""
    N = point.X.shape[0]
    try:
        if isinstance(answer, BaseException):
            raise answer
        loss, grads = answer
        value = float(loss)
        shaped = {k: _shaped(grads[k], p.shape) for k, p in point.params.items()}
    except Exception as error:
        return NotApplicableError(
            f"the function raised {type(error).__name__} for N={N}"
        )
    total = value + sum(float(np.abs(g).sum()) for g in shaped.values())
    if not np.isfinite(total):
        return NotApplicableError(f"loss or gradient is not finite for N={N}")
    return value, shaped


def epsilon(loss: float, grads: Grads) -> float:
    """Return the machine epsilon of the numbers given.

    What was computed in single precision and returned in double is known by its
    values, all of which single precision can hold.
    """
    values = np.concatenate([[loss], *(np.ravel(g) for g in grads.values())])
    with np.errstate(all="ignore"):
        single = values.any() and np.array_equal(values, values.astype(np.float32))
    return float(np.finfo(np.float32 if single else np.float64).eps)


def agree(law: str, got: Answer, wanted: Answer, where: str, why: str) -> LawResult:
    """Compare two answers; `where` and `why` complete the sentence of a failure."""
    if abs(got.loss - wanted.loss) > got.loss_error + wanted.loss_error:
        seen, known = _apart(got.loss, wanted.loss)
        detail = f"the loss is {seen} {where}, but should be {known}, {why}"
        return LawResult(law, False, detail, part="loss")
    return same_grads(law, got.grads, wanted.grads, _sum(got, wanted), where, why)


def same_grads(
    law: str,
    got: Mapping[str, Array],
    wanted: Mapping[str, Array],
    errors: Mapping[str, Array],
    where: str,
    why: str,
) -> LawResult:
    """Compare gradients within `errors`; the furthest entry gives the detail."""
    furthest, text = 0.0, ""
    for name, w in wanted.items():
        distance = np.abs(got[name] - w)
        distance = np.where(distance > errors[name], distance, 0.0)
        if distance.size and distance.max() > furthest:
            furthest = float(distance.max())
            index = np.unravel_index(int(distance.argmax()), distance.shape)
            at = f"[{', '.join(map(str, index))}]" if index else ""
            seen, known = _apart(got[name][index], w[index])
            text = (
                f"grads[{name!r}]{at} is {seen} {where}, but should be {known}, {why}"
            )
    return LawResult(law, not text, text, part="gradient" if text else "")


def _apart(a: float, b: float) -> tuple[str, str]:
    """Write two numbers with as many digits as it takes to tell them apart."""
    digits = next((n for n in range(6, 17) if f"{a:.{n}g}" != f"{b:.{n}g}"), 17)
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def _sum(a: Answer, b: Answer) -> Grads:
    return {k: e + b.errors[k] for k, e in a.errors.items()}


def _shaped(grad: Array, shape: tuple[int, ...]) -> Array:
    """Return a gradient in the shape of its parameter, axes of length 1 aside."""
    g = np.asarray(grad)
    if np.squeeze(g).shape != np.squeeze(np.empty(shape)).shape:
        raise ValueError(f"shape {g.shape}, but should be {shape}")
    return g.reshape(shape)
