"""A layer as a loss and its gradient, for an upstream gradient of our choice."""

import inspect as introspection
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.errors import GradcheckError
from gradcheck.guard import Guarded
from gradcheck.reading import UnusableError, as_array, read_output
from gradcheck.rules import Rule, unchanged


@dataclass(slots=True, init=False)
class Layer:
    """Forward and backward pass, inputs, and the upstream gradient.

    Parameters
    ----------
    forward, backward : callable
        As for `check_vjp`.
    inputs : array, or sequence or mapping of arrays

    Raises
    ------
    GradcheckError
        If the inputs are no arrays, or none of them is one of real numbers.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    names: tuple[str, ...]
    inputs: dict[str, Any]
    by_name: bool
    upstream: Array
    upstream_kept: Rule
    handed: dict[str, Any]

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], inputs: Any
    ) -> None:
        self.forward, self.backward = forward, backward
        self.by_name = isinstance(inputs, Mapping)
        if isinstance(inputs, np.ndarray | float):
            inputs = (inputs,)
        if not isinstance(inputs, Mapping | list | tuple):
            raise GradcheckError(
                f"inputs is of type {type(inputs).__name__}, but should be a list or "
                "dict of arrays"
            )
        self.inputs = (
            dict(inputs)
            if self.by_name
            else dict(zip(_names(forward, len(inputs)), inputs, strict=True))
        )
        self.names = tuple(self.inputs)
        self.upstream, self.handed = np.empty(0), {}
        self.upstream_kept = Rule(
            "mutates-upstream", True, "the upstream gradient is left unchanged", False
        )
        for place, (name, value) in enumerate(self.inputs.items()):
            if as_array(value) is None:
                raise GradcheckError(
                    f"inputs[{name if self.by_name else place!r}] is of type "
                    f"{type(value).__name__} and no array, but should be an array"
                )
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
        if isinstance(returned, tuple):
            raise UnusableError(
                "return-value",
                f"forward returned a tuple of {len(returned)}, but should return "
                "(out, cache): put what backward needs into one cache",
            )
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
            If forward does not run there, or its output is no array of finite real
            numbers.
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
        shape = read_output(out).shape
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
        if self.upstream_kept.ok and not np.array_equal(handed, upstream):
            self.upstream_kept = replace(
                unchanged("mutates-upstream", "", {"dout": upstream}, {"dout": handed}),
                fatal=False,
            )
        grads = self._named(returned)
        for name in self.floats:
            if grads.get(name, ...) is None:
                shape = np.shape(self.inputs[name])
                raise UnusableError(
                    "keys-missing",
                    f"backward returned None for {name!r}, but should return its "
                    f"gradient, of shape {shape}: an input that needs none is one of "
                    f"integers, or is left to forward itself (lambda x: forward(x, w))",
                )
        return grads

    def _named(self, returned: Any) -> dict[str, Any]:
        """Give each gradient the name of its input."""
        if isinstance(returned, Mapping):
            found = {
                name: returned.get(name, returned.get(f"d{name}", ...))
                for name in self.floats
            }
            return {name: g for name, g in found.items() if g is not ...}
        if not isinstance(returned, tuple | list) or self._is_one_array(returned):
            returned = (returned,)
        if len(returned) == len(self.names):
            every = dict(zip(self.names, returned, strict=True))
            return {name: every[name] for name in self.floats}
        if len(returned) != len(self.floats):
            plural = "s" * (len(returned) != 1)
            names = ", ".join(map(repr, self.floats))
            raise UnusableError(
                "keys-missing",
                f"backward returned {len(returned)} gradient{plural}, but should "
                f"return {len(self.floats)}: "
                + (f"those of {names}" if len(self.floats) > 1 else f"that of {names}"),
            )
        return dict(zip(self.floats, returned, strict=True))

    def _is_one_array(self, returned: Any) -> bool:
        """Whether a list holds the numbers of the only gradient."""
        single = isinstance(returned, list) and len(self.floats) == 1
        return single and not any(isinstance(each, np.ndarray) for each in returned)

    def upstream_rules(
        self, guarded: Guarded, params: Params, *, repeatable: bool = True
    ) -> tuple[Rule, ...]:
        """Check what holds of every vector-Jacobian product."""
        if not repeatable:
            return self.upstream_kept, Rule(
                "linear-upstream",
                False,
                "whether backward is linear in its upstream gradient was not looked "
                "at: no two calls agree",
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
            return self.upstream_kept, Rule(
                "zero-upstream", False, f"other upstreams: {problem}"
            )
        finally:
            self.upstream = first
        return self.upstream_kept, *_linearity(*at)

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


def _linearity(
    zero: Array, first: Array, other: Array, both: Array
) -> tuple[Rule, ...]:
    """Compare gradients for upstreams 0, u, v and u + 2 v."""
    scale = max(np.abs(g).max(initial=0.0) for g in (zero, first, other, both)) or 1.0
    left = float(np.abs(zero).max(initial=0.0))
    off = float(np.abs(first + 2.0 * other - both).max(initial=0.0) / scale)
    return (
        Rule(
            "zero-upstream",
            left == 0.0,
            "a zero upstream gradient gives zero"
            if left == 0.0
            else f"a zero upstream gradient gives {left:.3g}, but should give 0: "
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
