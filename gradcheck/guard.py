"""Calling a function that nobody has checked yet.

Whatever it does to its arguments happens to copies; whatever it raises becomes an
`UnusableError` that says where.
"""

import math
import random
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.errors import GradcheckError
from gradcheck.reading import UnusableError, read_grads, read_loss
from gradcheck.structure import Structure

LARGE = 1_000_000
"""From so many parameters on, copies of them are saved where that is safe."""


class Guarded:
    """A loss and its gradient behind one door, with counts of the calls.

    Parameters
    ----------
    pair : callable
        Parameters in the caller's structure to ``(loss, grads)``.
    params : mapping of str to ndarray
        The point at which shapes are fixed.
    structure : Structure
        Of the caller's parameters.
    loss : callable, optional
        Parameters in the caller's structure to the loss alone.
    batch : callable, optional
        Many points, as mappings, to an array of losses, in one go.
    pairs : callable, optional
        A few points, as mappings, to what `pair` returns for each, or raises.
    name : str
        What to call the function in messages.

    Attributes
    ----------
    loss_calls, gradient_calls : int
        Evaluations so far.
    seeded : bool
        Whether the global generators are seeded before every call.
    watching : bool
        Whether what was handed over and what came back last is kept, as `given` and
        `returned`.
    settled : bool
        Whether the function is known to run at its point, so that an exception at
        another one means that it is not defined there.
    lending : bool
        Whether the loss gets read-only views of its points instead of copies: for
        large parameters, once the function is known to leave them alone.
    """

    def __init__(
        self,
        pair: Callable[[Any], Any],
        params: Params,
        structure: Structure,
        *,
        loss: Callable[[Any], Any] | None = None,
        batch: Callable[[Iterable[Params]], Any] | None = None,
        pairs: Callable[[Sequence[Params]], Sequence[Any]] | None = None,
        name: str = "loss_and_grads",
    ) -> None:
        self._pair, self._loss, self._batch = pair, loss, batch
        self._pairs = pairs
        self._structure, self.name = structure, name
        self.shapes = {key: np.shape(value) for key, value in params.items()}
        self.loss_calls = self.gradient_calls = 0
        self.seeded = self.watching = self.settled = self.lending = False
        self.returned: Any = None
        self.given: Params = {}

    @property
    def size(self) -> int:
        """Number of parameters, entries counted."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def has_own_loss(self) -> bool:
        """Whether the loss comes from another function than the gradient."""
        return self._loss is not None or self._batch is not None

    @property
    def loss_name(self) -> str:
        """What to call the function that gives the loss."""
        return "loss" if self._loss is not None else self.name

    def evaluate(self, points: Iterable[Params]) -> Array:
        """Return the loss at each point; NaN where it cannot be computed there."""
        if self._batch is not None:
            points = list(points)
            self.loss_calls += len(points)
            return np.asarray(self._batch(points))
        values = [self._value(point) for point in points]
        return np.array(values) if values else np.empty(0)

    def loss(self, params: Params) -> float:
        """Return the loss at one point.

        Raises
        ------
        UnusableError
            If it cannot be computed there, or is not one finite real number.
        """
        if self._batch is not None:
            return float(self.evaluate([params])[0])
        self.loss_calls += 1
        return read_loss(self._call(params), self.loss_name)

    def gradient(self, params: Params) -> Grads:
        """Return the submitted gradient at one point, named and as float64.

        NaN throughout where the loss is not defined.
        """
        try:
            return self.pair(params)[1]
        except UnusableError as problem:
            return self._undefined(problem)

    @property
    def several(self) -> Callable[[Sequence[Params]], list[Grads]] | None:
        """As `gradient`, at a few points in one go; None where that is no gain."""
        dear = self._pairs is None or self.seeded or self.size >= LARGE
        return None if dear else self._at_several

    def _at_several(self, points: Sequence[Params]) -> list[Grads]:
        self.gradient_calls += len(points)
        answers = self._pairs([copied(p) for p in points]) if self._pairs else ()
        found = []
        for answer in answers:
            try:
                if isinstance(answer, BaseException):
                    raise answer
                found.append(self.read(answer)[1])
            except UnusableError as problem:
                found.append(self._undefined(problem))
        return found

    def _undefined(self, problem: UnusableError) -> Grads:
        """Return NaN throughout where the loss is not defined; else raise."""
        if not self._outside(problem) and problem.id != "not-finite":
            raise problem
        return {name: np.full(shape, np.nan) for name, shape in self.shapes.items()}

    def pair(self, params: Params, *, moved: float = 0.0) -> tuple[float, Grads]:
        """Return the loss and the gradient at one point, or at another one near it.

        Raises
        ------
        UnusableError
            If the function raises, or what it returns is not a loss and gradients.
        """
        self.gradient_calls += 1
        copies = copied(params)
        if moved:
            for array in copies.values():
                array *= moved
                array += 0.01
        returned = self._run(self._pair, self.name, copies)
        pair = self.read(returned)
        if self.watching:
            self.given, self.returned = copies, returned[1]
        return pair

    def read(self, returned: Any) -> tuple[float, Grads]:
        """Read what the function returned for a loss and its gradient."""
        if not isinstance(returned, Sequence) or len(returned) < 2:
            raise UnusableError("return-value", self._not_a_pair(returned))
        loss = read_loss(returned[0], self.name)
        return loss, read_grads(self._structure, self.shapes, returned[1])

    def _value(self, point: Params) -> Any:
        """Return the loss at a point that the caller may not be defined at."""
        self.loss_calls += 1
        try:
            value = self._call(point)
        except UnusableError as problem:
            if self._outside(problem) or any(map(np.iscomplexobj, point.values())):
                return np.nan  # outside the loss's domain, or not made for complex
            raise
        array = np.asarray(value)
        return array.reshape(-1)[0] if _is_number(array) else np.nan

    def _outside(self, problem: UnusableError) -> bool:
        """Whether a point lies where the function is not defined."""
        cause = problem.__cause__
        if self.settled and problem.id == "does-not-run":
            return True
        return isinstance(cause, ArithmeticError | ValueError)

    def _call(self, point: Params) -> Any:
        if self.lending:
            try:
                return self._loss_at(
                    {key: _view(value) for key, value in point.items()}
                )
            except UnusableError as problem:
                if "read-only" not in str(problem):
                    raise
                self.lending = False  # it writes to them, and puts them back
        return self._loss_at({key: np.array(value) for key, value in point.items()})

    def _loss_at(self, point: Params) -> Any:
        if self._loss is not None:
            return self._run(self._loss, "loss", point)
        returned = self._run(self._pair, self.name, point)
        if not isinstance(returned, Sequence) or len(returned) < 2:
            raise UnusableError("return-value", self._not_a_pair(returned))
        return returned[0]

    def _run(self, function: Callable[[Any], Any], name: str, point: Params) -> Any:
        if self.seeded:
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002 - what a submission may draw from
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return function(self._structure.rebuild(point))
        except GradcheckError:
            raise
        except (Exception, SystemExit) as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            raise UnusableError(
                "does-not-run",
                f"{name} raised {type(error).__name__}: {error}  "
                f"[{where.filename}:{where.lineno}, in {where.name}]",
            ) from error

    def _not_a_pair(self, returned: Any) -> str:
        got = "None" if returned is None else f"a {type(returned).__name__}"
        hint = ": is a `return loss, grads` missing?" if returned is None else ""
        return f"{self.name} returned {got}, but should return (loss, grads){hint}"


def copied(params: Params) -> dict[str, Array]:
    """Copy every array of a point."""
    return {key: np.array(value) for key, value in params.items()}


def _view(array: Array) -> Array:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _is_number(array: Array) -> bool:
    return array.dtype.kind in "fiubc" and array.size == 1


class GradientOf:
    """The gradient behind a guard as a function, with `several` where it has that."""

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded

    def __call__(self, params: Params) -> Grads:
        """Return the gradient at one point; see `Guarded.gradient`."""
        return self._guarded.gradient(params)

    @property
    def several(self) -> Callable[[Sequence[Params]], list[Grads]] | None:
        """See `Guarded.several`."""
        return self._guarded.several
