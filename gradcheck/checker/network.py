"""The check of a network: we choose the points, so every law can be tried."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

from gradcheck.arguments import check_function, check_options
from gradcheck.checker.assemble import (
    SMALL_CONSTANT,
    assemble,
    broken,
    excused,
    outcomes,
)
from gradcheck.checker.diagnosing import with_diagnosis
from gradcheck.checker.inquiry import Inquiry
from gradcheck.checker.run import Run
from gradcheck.checker.scenarios import Scenario, match_loss, resolve, scenarios
from gradcheck.problem import Network
from gradcheck.randomness import preserved_random_state
from gradcheck.reading import UnusableError
from gradcheck.report import Report, Subject, Verdict

__all__ = ["Scenario", "check_network", "scenarios"]


_FORM = "loss_and_grads(params, X, y, reg) -> (loss, grads)"


def check_network(
    loss_and_grads: Callable[..., Any],
    network: str | Network,
    *,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
    regs: tuple[float, ...] = (0.1, 0.0),
    rtol_required: float | None = None,
    entries: bool = False,
) -> Report:
    """Check the gradient of a network at points that leave a mistake no place to hide.

    Parameters
    ----------
    loss_and_grads : callable
        ``loss_and_grads(params, X, y, reg) -> (loss, grads)``. It may carry an
        attribute ``losses(points, X, y, reg)`` that evaluates many at once.
    network : str or Network
        ``"softmax"``, ``"logistic"``, ``"linear"``, ``"deep"``, or a reference with
        its conventions. A name leaves the factor of the penalty open.
    seed : int, default=0
        Of the points and directions; stands in the report.
    sizes : mapping, optional
        Sizes that the code dictates: any of ``N``, ``D``, ``hidden``, ``C``.
    regs : tuple of float, default=(0.1, 0.0)
        Penalties that the code can take.
    rtol_required : float, optional
        See `check_gradients`.
    entries : bool, default=False
        Whether to measure every entry, too, for the heat map of an HTML report.

    Returns
    -------
    Report
        With the laws, and whether the loss is the specified one. Never raises for a
        gradient that is wrong or does not run.

    Raises
    ------
    GradcheckError
        If `network` is not a reference network, or an option means nothing.

    Examples
    --------
    >>> from gradcheck import check_network, networks
    >>> report = check_network(networks.get("softmax").loss_and_grads, "softmax")
    >>> report.verdict.value, report.loss_verdict
    ('correct', 'specified')
    """
    started = perf_counter()
    check_function(loss_and_grads, "loss_and_grads", _FORM)
    check_options(seed=seed, rtol_required=rtol_required)
    specified, admitted = resolve(network)
    points = scenarios(specified, seed=seed, sizes=sizes, regs=regs)
    run = Run(loss_and_grads, points[0].problem)
    inquiry = Inquiry(
        run, _at_its_penalty(loss_and_grads, regs), specified, points,
        seed=seed, sizes=sizes, regs=regs, rtol_required=rtol_required, entries=entries,
    )  # fmt: skip
    with preserved_random_state():
        try:
            inspection = run.inspect()
            matched = match_loss(run.loss_at, admitted, points)
        except UnusableError as problem:
            report = broken(problem, run.guarded, seed=seed)
            return with_diagnosis(report, inquiry.diagnosed(), specified)
        measured, (laws, found) = inquiry.make(inspection, matched)
    if isinstance(measured, UnusableError):
        report = broken(measured, run.guarded, seed=seed)
        return with_diagnosis(report, found, specified)
    where, examination, smoothed = measured
    if smoothed:
        examination = excused(examination, smoothed)
        if examination.verdict == "correct":
            rules = (*inspection.rules, SMALL_CONSTANT)
            inspection = replace(inspection, rules=rules)
    seconds = perf_counter() - started
    report = assemble(inspection, examination, run.guarded, seed=seed, seconds=seconds)
    if where and report.verdict is Verdict.WRONG:
        report = replace(report, message=where)
    report = replace(report, laws=outcomes(laws), subject=_subject(specified, matched))
    if report.verdict is Verdict.WRONG:
        report = replace(report, fingerprint=inquiry.fingerprint(matched))
    report = _with_loss(report, matched, admitted)
    return with_diagnosis(report, found, specified)


def _at_its_penalty(
    function: Callable[..., Any], regs: tuple[float, ...]
) -> Callable[..., Any]:
    """Return a function that has one penalty only as one that ignores `reg`."""
    if len(regs) > 1:
        return function
    return lambda params, X, y, reg: function(params, X, y, regs[0])


def _subject(specified: Network, matched: Network | None) -> Subject:
    return Subject(
        network=specified.name,
        penalty=matched.penalty if matched else None,
        reduction=matched.reduction if matched else None,
        layout=specified.layout,
        loss=describe_loss(matched) if matched else "",
    )


def describe_loss(network: Network) -> str:
    """Say what a network's loss is, in one line.

    Examples
    --------
    >>> from gradcheck import networks
    >>> describe_loss(networks.get("softmax", penalty="full"))
    'mean softmax cross-entropy + reg * sum(W^2); biases free'
    """
    cost = {
        "softmax": "softmax cross-entropy",
        "logistic": "logistic loss",
        "sigmoid": "sigmoid cross-entropy",
        "squared": "squared error",
    }[network.cost]
    penalty = {
        "half": " + 0.5 * reg * sum(W^2)",
        "full": " + reg * sum(W^2)",
        "none": ", no penalty",
    }[network.penalty]
    free = "; biases free" if network.biases and network.penalty != "none" else ""
    return f"{network.reduction} {cost}{penalty}{free}"


def _with_loss(
    report: Report, matched: Network | None, admitted: tuple[Network, ...]
) -> Report:
    """Answer the second question: is the loss the specified one."""
    wanted = describe_loss(admitted[0])
    if matched in admitted:
        return replace(report, loss_verdict="specified")
    if matched is not None:
        message = f"the loss is {describe_loss(matched)}, but should be {wanted}"
        return replace(report, loss_verdict="other", loss_message=message)
    broken_laws = [law.detail for law in report.laws if not law.ok]
    message = f"the loss is not {wanted}"
    if report.verdict is Verdict.CORRECT and broken_laws:
        message += f": {broken_laws[0]}"
    return replace(report, loss_verdict="other", loss_message=message)
