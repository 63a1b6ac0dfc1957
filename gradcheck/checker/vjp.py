"""The check of a layer: forward and backward, with random upstream gradients."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

from gradcheck._typing import Params
from gradcheck.arguments import check_function, check_options
from gradcheck.checker.assemble import assemble, broken
from gradcheck.checker.layer import Layer
from gradcheck.comparison import Examination, examine
from gradcheck.guard import Guarded
from gradcheck.hygiene import inspect
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
        their names; ``backward(dout)`` where `forward` returns no cache. None may
        stand for the gradient of an integer input.
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
        If no input is an array of real numbers, or an option means nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck import check_vjp
    >>> from gradcheck.networks import layers
    >>> x = np.array([[1.0, -2.0, 3.0]])
    >>> check_vjp(layers.relu, layers.relu_backward, [x]).verdict.value
    'correct'
    """
    started = perf_counter()
    check_function(forward, "forward", "forward(*inputs) -> (out, cache)")
    check_function(
        backward, "backward", "backward(dout, cache) -> gradients of the inputs"
    )
    check_options(seed=seed, rtol_required=rtol_required)
    layer = Layer(forward, backward, inputs)
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
        rules = inspection.rules + layer.upstream_rules(
            guarded, named, repeatable=inspection.repeatable
        )
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
