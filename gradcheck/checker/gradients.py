"""The check of a black box: a loss, its gradient, and one point."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from gradcheck.arguments import check_function, check_options
from gradcheck.checker.assemble import assemble, broken, with_entries
from gradcheck.checker.facts import with_facts
from gradcheck.comparison import examine
from gradcheck.guard import Guarded
from gradcheck.hygiene import inspect
from gradcheck.randomness import preserved_random_state
from gradcheck.reading import UnusableError
from gradcheck.report import Report
from gradcheck.structure import name_leaves


def check_gradients(
    loss_and_grads: Callable[[Any], Any],
    params: Any,
    *,
    loss: Callable[[Any], Any] | None = None,
    seed: int = 0,
    rtol_required: float | None = None,
    noise: float | None = None,
    entries: bool = False,
    known: Mapping[str, float] | None = None,
) -> Report:
    """Check a gradient against the measured derivative of its own loss.

    Parameters
    ----------
    loss_and_grads : callable
        ``loss_and_grads(params) -> (loss, grads)``; `grads` has the structure of
        `params`, or the same keys.
    params : array, mapping, list or tuple
        The point of the check, in any nesting; left unchanged. Converted to float64.
    loss : callable, optional
        ``loss(params) -> float``, where that is cheaper than the pair.
    seed : int, default=0
        Of the random directions; stands in the report.
    rtol_required : float, optional
        A gradient that could be off by more than this, relative to its size, without
        being seen is called inconclusive. No tolerance is asked for otherwise.
    noise : float, optional
        Absolute error of a loss evaluation, where it is known; measured otherwise.
    entries : bool, default=False
        Whether to measure every entry, too, for the heat map of an HTML report.
    known : mapping of str to float, optional
        Numbers with a name, such as ``{"N": 7}``: where a wrong gradient is off by one
        of them, the report says so.

    Returns
    -------
    Report
        Never raises for a gradient that is wrong or does not run.

    Raises
    ------
    GradcheckError
        If `params` holds no finite real numbers, or an option means nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck import check_gradients
    >>> report = check_gradients(lambda x: (x @ x, 2 * x), np.array([1.0, -2.0]))
    >>> report.verdict.value
    'correct'
    >>> check_gradients(lambda x: (x @ x, x), np.array([1.0, -2.0])).ok
    False
    """
    started = perf_counter()
    check_function(
        loss_and_grads, "loss_and_grads", "loss_and_grads(params) -> (loss, grads)"
    )
    if loss is not None:
        check_function(loss, "loss", "loss(params) -> float")
    check_options(seed=seed, rtol_required=rtol_required, noise=noise, known=known)
    named, structure = name_leaves(params)
    guarded = Guarded(loss_and_grads, named, structure, loss=loss)
    with preserved_random_state():
        try:
            inspection = inspect(guarded, named)
            examination = examine(
                guarded.evaluate,
                guarded.gradient,
                named,
                inspection.grads,
                seed=seed,
                rtol_required=rtol_required,
                noise=noise,
                dtype=inspection.precision,
            )
            if entries:
                examination = with_entries(
                    examination, guarded, named, inspection.grads
                )
        except UnusableError as problem:
            return broken(problem, guarded, seed=seed)
        report = assemble(
            inspection,
            examination,
            guarded,
            seed=seed,
            seconds=perf_counter() - started,
        )
        return with_facts(
            report, guarded, named, inspection.grads, seed=seed, known=known or {}
        )
