"""The check of a layer: forward and backward, with random upstream gradients."""

import inspect as introspection
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.checker.assemble import assemble, broken
from gradcheck.comparison import Examination, examine
from gradcheck.errors import GradcheckError
from gradcheck.guard import Guarded
from gradcheck.hygiene import Rule, inspect
from gradcheck.randomness import preserved_random_state
from gradcheck.reading import UnusableError
from gradcheck.report import Report
from gradcheck.structure import name_leaves


def check_vjp(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Any,
    *,
    seed: int = 0,
    rtol_required: float | None = None,
) -> Report:
    """Check a layer's backward pass against the derivative of its forward pass.

    The loss is the sum of the outputs times a random upstream gradient, so that every
    output matters. Beyond the derivative: a zero upstream must give zero, and the
    backward pass must be linear in its upstream.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs) -> (out, cache)``, or ``out`` alone.
    backward : callable
        ``backward(dout, cache) -> gradients of the inputs``, in their order or under
        their names; ``backward(dout)`` where `forward` returns no cache. None stands
        for an input that has no gradient.
    inputs : sequence or mapping of arrays
        Arguments of `forward`, by order or by name. Integer arrays (labels, indices)
        are handed on and not differentiated.
    seed : int, default=0
        Of the upstream gradients and the directions.
    rtol_required : float, optional
        See `check_gradients`.

    Returns
    -------
    Report

    Raises
    ------
    GradcheckError
        If no input is an array of real numbers.

    Examples
    --------
    >>> from gradcheck import check_vjp
    >>> from gradcheck.networks import layers
    >>> x = np.array([[1.0, -2.0, 3.0]])
    >>> check_vjp(layers.relu, layers.relu_backward, [x]).verdict.value
    'correct'
    """
    started = perf_counter()
    layer = _Layer(forward, backward, inputs)
    named, structure = name_leaves(layer.floats)
    guarded = Guarded(layer.pair, named, structure, loss=layer.loss, name="backward")
    with preserved_random_state():
        try:
            layer.draw_upstream(named, seed)
            inspection = inspect(
                guarded, named, watched=layer.arrays, snapshot=lambda: layer.handed
            )
            examination = examine(
                guarded.evaluate,
                guarded.gradient,
                named,
                inspection.grads,
                seed=seed,
                rtol_required=rtol_required,
                dtype=inspection.precision,
            )
        except UnusableError as problem:
            return broken(problem, guarded, seed=seed)
        if examination.verdict == "correct":
            examination = _elsewhere(guarded, named, seed) or examination
        rules = inspection.rules + layer.upstream_rules(guarded, named)
    return assemble(
        replace(inspection, rules=rules),
        examination,
        guarded,
        seed=seed,
        seconds=perf_counter() - started,
    )


def _elsewhere(guarded: Guarded, params: Params, seed: int) -> Examination | None:
    """Look at other inputs, where what was kept of the first is wrong."""
    there = {name: -0.9 * value for name, value in params.items()}
    try:
        grads = guarded.pair(there)[1]
        found = examine(guarded.evaluate, guarded.gradient, there, grads, seed=seed)
    except UnusableError:  # not defined there
        return None
    if found.verdict != "wrong":
        return None
    return replace(found, message="right at the given inputs, wrong at others")


@dataclass(slots=True, init=False)
class _Layer:
    """A layer as a loss and its gradient, for an upstream gradient of our choice."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    names: tuple[str, ...]
    inputs: dict[str, Any]
    by_name: bool
    upstream: Array
    upstream_changed: bool
    handed: dict[str, Any]

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any
    ) -> None:
        self.forward, self.backward = forward, backward
        self.by_name = isinstance(inputs, Mapping)
        if isinstance(inputs, np.ndarray | float):
            inputs = (inputs,)
        self.inputs = (
            dict(inputs)
            if self.by_name
            else dict(zip(_names(forward, len(inputs)), inputs, strict=True))
        )
        self.names = tuple(self.inputs)
        self.upstream, self.upstream_changed, self.handed = np.empty(0), False, {}
        if not self.floats:
            raise GradcheckError(
                "inputs holds no array of real numbers, but should hold at least one "
                "whose gradient can be checked"
            )

    @property
    def arrays(self) -> dict[str, Array]:
        """The inputs as arrays, to be compared with what is left of them."""
        return {name: np.asarray(value) for name, value in self.inputs.items()}

    @property
    def floats(self) -> dict[str, Any]:
        """The inputs that have a gradient."""
        return {
            name: value
            for name, value in self.inputs.items()
            if np.asarray(value).dtype.kind in "fc"
        }

    def out(self, params: Params) -> tuple[Any, tuple[Any, ...]]:
        """Run forward; return its output and what backward wants besides."""
        arguments = {**self.inputs, **params}
        arguments = {
            name: value.copy() if isinstance(value, np.ndarray) else value
            for name, value in arguments.items()
        }
        self.handed = arguments
        returned = (
            self.forward(**arguments)
            if self.by_name
            else self.forward(*arguments.values())
        )
        if isinstance(returned, tuple) and len(returned) == 2:
            return returned[0], (returned[1],)
        if returned is None:
            raise UnusableError(
                "return-value", "forward returned None, but should return (out, cache)"
            )
        return returned, ()

    def draw_upstream(self, params: Params, seed: int) -> None:
        """Draw an upstream gradient with the shape of the output.

        Raises
        ------
        UnusableError
            If forward does not run there.
        """
        try:
            out, _ = self.out(params)
        except Exception as error:
            if isinstance(error, UnusableError):
                raise
            raise UnusableError(
                "does-not-run", f"forward raised {type(error).__name__}: {error}"
            ) from error
        rng = np.random.default_rng(seed)
        shape = np.shape(out)
        self.upstream = np.asarray(
            rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)
        )

    def loss(self, params: Params) -> Any:
        """Return the sum of the outputs times the upstream gradient."""
        out, _ = self.out(params)
        return np.sum(np.asarray(out) * self.upstream)

    def pair(self, params: Params) -> tuple[Any, dict[str, Any]]:
        """Return the loss, and what backward says of its gradient."""
        out, cache = self.out(params)
        loss = np.sum(np.asarray(out) * self.upstream)
        return loss, self.grads(self.upstream, cache)

    def grads(self, upstream: Array, cache: tuple[Any, ...]) -> dict[str, Any]:
        """Run backward, and give each gradient the name of its input."""
        handed = upstream.copy()
        returned = self.backward(handed, *cache)
        self.upstream_changed |= not np.array_equal(handed, upstream)
        if isinstance(returned, Mapping):
            return {
                name: returned.get(name, returned.get(f"d{name}"))
                for name in self.floats
            }
        if not isinstance(returned, tuple | list):
            returned = (returned,)
        if len(returned) == len(self.names):
            every = dict(zip(self.names, returned, strict=True))
            return {name: every[name] for name in self.floats}
        return dict(zip(self.floats, returned, strict=False))

    def upstream_rules(self, guarded: Guarded, params: Params) -> tuple[Rule, ...]:
        """Check what holds of every vector-Jacobian product."""
        kept = Rule(
            "mutates-upstream",
            not self.upstream_changed,
            "backward changes its upstream gradient in place; work on a copy"
            if self.upstream_changed
            else "the upstream gradient is left unchanged",
            fatal=False,
        )
        rng = np.random.default_rng(1)
        first, other = self.upstream, rng.uniform(0.5, 1.5, self.upstream.shape)
        try:
            at = [
                _flat(self._with(guarded, params, upstream))
                for upstream in (0.0 * first, first, other, first + 2.0 * other)
            ]
        except UnusableError as problem:
            return kept, Rule("zero-upstream", False, f"other upstreams: {problem}")
        finally:
            self.upstream = first
        scale = max(np.abs(g).max(initial=0.0) for g in at) or 1.0
        zero = float(np.abs(at[0]).max(initial=0.0))
        off = float(np.abs(at[1] + 2.0 * at[2] - at[3]).max(initial=0.0) / scale)
        return (
            kept,
            Rule(
                "zero-upstream",
                zero == 0.0,
                "a zero upstream gradient gives zero"
                if zero == 0.0
                else f"a zero upstream gradient gives {zero:.3g}, but should give 0: "
                "something is not multiplied by it",
            ),
            Rule(
                "linear-upstream",
                off <= 1e-6,
                "backward is linear in its upstream gradient"
                if off <= 1e-6
                else "backward is not linear in its upstream gradient: off by "
                f"{off:.2g} of the largest entry",
            ),
        )

    def _with(self, guarded: Guarded, params: Params, upstream: Array) -> Params:
        self.upstream = upstream
        return guarded.pair(params)[1]


def _names(forward: Callable[..., Any], count: int) -> Sequence[str]:
    """Return the names of the arguments of `forward`, or numbers if it hides them."""
    try:
        parameters = introspection.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return [str(i) for i in range(count)]
    positional = [
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(positional) < count:
        return [str(i) for i in range(count)]
    return positional[:count]


def _flat(grads: Params) -> Array:
    return np.concatenate([np.ravel(array) for array in grads.values()])
