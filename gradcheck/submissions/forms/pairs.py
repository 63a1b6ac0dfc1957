"""Layers written as two functions, ``f_forward`` and ``f_backward``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import calls, gradients, names
from .gradients import Held
from .layers import Layer, demand, settle, shaped
from .names import Function
from .refusal import Refused
from .shapes import Slot

_KNOWN = re.compile(r".*_(param|params|config|cfg)$|mode|bn_\w+|conv_\w+")


def _kinds_of(forward: Function) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Read input, weights and biases off the arguments, and the settings beside them.

    Raises
    ------
    Refused
        If an argument is none of them, or there is not one input.
    """
    arguments = forward.arguments
    spec = forward.node.args
    kinds: list[tuple[str, str]] = []
    extras: dict[str, Any] = {}
    for position, name in enumerate(arguments):
        kind = names.kind_of(name)
        if name in ("gamma", "beta"):
            kind = "gamma"
        elif position == 0 or (not kind and names.role_of(name) == "X"):
            kind = "x"
        if not kind or names.plain(name) in ("activation",):
            if position >= len(arguments) - len(spec.defaults):
                continue
            if _KNOWN.fullmatch(name):
                extras[name] = {"mode": "train", "p": 0.5, "seed": 1, "eps": 1e-5}
                continue
            raise Refused(
                "unknown-layer",
                f"{forward.name}({', '.join(arguments)}) wants {name!r}, which is "
                "neither input, weight nor bias; a layer f_forward(x, w, b) was "
                "expected: check it from a test with gradcheck.check_vjp",
                forward.node.lineno,
            )
        kinds.append((name, kind))
    if sum(k == "x" for _, k in kinds) != 1:
        raise Refused(
            "unknown-layer",
            f"{forward.name}({', '.join(arguments)}) takes more than one input; a "
            "layer f_forward(x, w, b) was expected",
            forward.node.lineno,
        )
    return kinds, extras


def pair(forward: Function, backward: Function, space: Mapping[str, Any]) -> Layer:
    """Make a layer out of ``f_forward`` and ``f_backward``.

    Raises
    ------
    Refused
        If it is not a layer of arrays, or does not run.
    """
    stem = re.sub(r"_?forward", "", forward.name).strip("_")
    arguments = forward.arguments
    kinds, extras = _kinds_of(forward)
    parts = [n for n, _ in kinds]
    calls_ = space[forward.name], space[backward.name]

    def run_as(
        inputs: Mapping[str, Any], upstream: Any, _: Any, gradient: bool, scale: Any = 1
    ) -> tuple[float, dict[str, Any]]:
        given = {n: _fresh(v) for n, v in extras.items()}
        result = calls_[0](*[inputs.get(n, given.get(n)) for n in arguments
                             if n in inputs or n in given])  # fmt: skip
        out, cache = _parted(result, inputs[parts[0]])
        demand(out, forward, np.shape(upstream))
        loss = float(np.sum(np.asarray(out, dtype=float) * upstream))
        if not gradient:
            return loss, {}
        back = calls_[1](*_backward_args(backward, upstream.copy(), cache, inputs))
        grads = _layer_gradients(backward, back, inputs, parts)
        factor = len(parts) and upstream.shape[0 if scale != "columns" else 1]
        if scale != 1:
            grads = {n: g if n == parts[0] else g * factor for n, g in grads.items()}
        return loss, grads

    return settle(stem, kinds, run_as, forward, backward, calls_)


def _parted(result: Any, first: Any) -> tuple[Any, Any]:
    """Part what a forward pass returns: its output, and what it keeps."""
    if not isinstance(result, tuple | list) or not result:
        return result, first
    kept = result[1:]
    return result[0], kept[0] if len(kept) == 1 else kept or first


def _fresh(value: Any) -> Any:
    return dict(value)


def _backward_args(
    backward: Function, upstream: Any, cache: Any, inputs: Mapping[str, Any]
) -> list[Any]:
    wanted = backward.arguments
    required = len(wanted) - len(backward.node.args.defaults)
    given: list[Any] = []
    for position, name in enumerate(wanted):
        if position == 0:
            given.append(upstream)
        elif position == 1 and (calls.CACHE.fullmatch(name) or name not in inputs):
            given.append(cache)
        elif name in inputs:
            given.append(inputs[name])
        elif position < required:
            raise Refused(
                "unbound",
                f"{backward.label}({', '.join(wanted)}) wants {name!r}, and nothing "
                "says what that is; f_backward(dout, cache) was expected",
                backward.node.lineno,
            )
    return given


def _layer_gradients(
    backward: Function, back: Any, inputs: Mapping[str, Any], parts: Sequence[str]
) -> dict[str, Any]:
    if back is None or (isinstance(back, tuple) and all(b is None for b in back)):
        raise Refused(
            "incomplete",
            f"{backward.label} returns None; the gradients of "
            f"{', '.join(parts)} were expected: finish it and return them",
            backward.node.lineno,
        )
    held = [Held(Slot(n, "same", n), inputs[n]) for n in parts]
    spelled = backward.returned()
    values = list(back) if isinstance(back, tuple | list) else [back]
    if isinstance(back, tuple | list) and len(values) == len(parts) and not all(
        any(names.looks_like_gradient(s, n) for s in spelled) for n in parts
    ):  # fmt: skip
        found = {n: v for n, v in zip(parts, values, strict=True) if v is not None}
    else:
        found = gradients.match(held, gradients.arrays_in(back, spelled))
    gone = [n for n in parts if n not in found or found[n] is None]
    if gone:
        raise Refused(
            "incomplete",
            f"{backward.label} gives no gradient of {', '.join(map(repr, gone))}; one "
            f"for each of {', '.join(parts)} was expected",
            backward.node.lineno,
        )
    return {n: shaped(found[n], inputs[n], n, backward) for n in parts}
