"""The check of a network: we choose the points, so every law can be tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from gradcheck._typing import Array, LossAndGrads, Params
from gradcheck.checker.assemble import assemble, broken, outcomes
from gradcheck.checker.scenarios import (
    Scenario,
    differing,
    match_loss,
    resolve,
    scenarios,
)
from gradcheck.comparison import Examination, examine
from gradcheck.guard import Guarded
from gradcheck.hygiene import Inspection, inspect
from gradcheck.laws import check_laws
from gradcheck.problem import Network, Problem
from gradcheck.randomness import preserved_random_state
from gradcheck.reading import UnusableError
from gradcheck.report import Report, Subject, Verdict
from gradcheck.structure import name_leaves

__all__ = ["Scenario", "check_network", "scenarios"]


def check_network(
    loss_and_grads: Callable[..., Any],
    network: str | Network,
    *,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
    regs: tuple[float, ...] = (0.1, 0.0),
    rtol_required: float | None = None,
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

    Returns
    -------
    Report
        With the laws, and whether the loss is the specified one. Never raises for a
        gradient that is wrong or does not run.

    Raises
    ------
    GradcheckError
        If `network` is not a reference network.

    Examples
    --------
    >>> from gradcheck import check_network, networks
    >>> report = check_network(networks.get("softmax").loss_and_grads, "softmax")
    >>> report.verdict.value, report.loss_verdict
    ('correct', 'specified')
    """
    started = perf_counter()
    specified, admitted = resolve(network)
    points = scenarios(specified, seed=seed, sizes=sizes, regs=regs)
    run = _Run(loss_and_grads, points[0].problem)
    with preserved_random_state():
        try:
            inspection = run.inspect()
            matched = match_loss(run.loss_at, admitted, points)
            first = run.examine(inspection, seed=seed, rtol_required=rtol_required)
            where, examination = run.elsewhere(first, matched, points[1:], seed=seed)
            laws = check_laws(
                run.only_at(regs),
                matched or specified,
                points[0].problem,
                rng=np.random.default_rng(seed),
            )
        except UnusableError as problem:
            return broken(problem, run.guarded, seed=seed)
    report = assemble(
        inspection,
        examination,
        run.guarded,
        seed=seed,
        seconds=perf_counter() - started,
    )
    if where and report.verdict is Verdict.WRONG:
        report = replace(report, message=where)
    report = replace(report, laws=outcomes(laws), subject=_subject(specified, matched))
    return _with_loss(report, matched, admitted)


@dataclass(slots=True, init=False)
class _Run:
    """The function under examination, at one problem and at others."""

    function: Callable[..., Any]
    problem: Problem
    guarded: Guarded
    handed: dict[str, Array]

    def __init__(self, function: Callable[..., Any], problem: Problem) -> None:
        self.function, self.problem = function, problem
        self.handed = {}
        self.guarded = self.at(problem)

    def at(self, problem: Problem) -> Guarded:
        """Guard the function at the data of a problem."""
        X, y, reg = problem.X, problem.y, problem.reg

        def pair(params: Params) -> Any:
            self.handed = {"X": X.copy(), "y": y.copy()}
            return self.function(params, self.handed["X"], self.handed["y"], reg)

        losses = getattr(self.function, "losses", None)
        batch = losses and (lambda points: losses(points, X.copy(), y.copy(), reg))
        _, structure = name_leaves(problem.params)
        return Guarded(pair, problem.params, structure, batch=batch)

    def inspect(self) -> Inspection:
        """Look at its hygiene at the first problem."""
        return inspect(
            self.guarded,
            self.problem.params,
            watched={"X": self.problem.X, "y": self.problem.y},
            snapshot=lambda: self.handed,
        )

    def examine(
        self, inspection: Inspection, *, seed: int, rtol_required: float | None
    ) -> Examination:
        """Measure the derivative of its loss at the first problem."""
        return examine(
            self.guarded.evaluate,
            self.guarded.gradient,
            self.problem.params,
            inspection.grads,
            seed=seed,
            rtol_required=rtol_required,
            dtype=inspection.precision,
        )

    def elsewhere(
        self,
        examination: Examination,
        matched: Network | None,
        others: tuple[Scenario, ...],
        *,
        seed: int,
    ) -> tuple[str, Examination]:
        """Look at other batch sizes and penalties, where the first point is right."""
        if examination.verdict != "correct":
            return "", examination
        for scenario in others:
            problem = scenario.problem
            if matched and not differing(self.pair_at, matched, problem):
                continue
            guarded = self.at(problem)
            try:
                _, grads = guarded.pair(problem.params)
            except UnusableError:
                continue
            found = examine(
                guarded.evaluate, guarded.gradient, problem.params, grads, seed=seed
            )
            self.guarded.loss_calls += guarded.loss_calls
            self.guarded.gradient_calls += guarded.gradient_calls
            if found.verdict == "wrong":
                N = problem.X.shape[0]
                text = f"right at N = {self.problem.X.shape[0]}, reg = "
                text += f"{self.problem.reg:g}; wrong at N = {N}, reg = {problem.reg:g}"
                return text, found
        return "", examination

    def pair_at(self, params: Params, X: Array, y: Array, reg: float) -> Any:
        """Call the function anywhere, with everything it returns read and checked."""
        guarded = self.at(Problem(params, X, y, reg))
        guarded.seeded = self.guarded.seeded
        try:
            return guarded.pair(params)
        finally:
            self.guarded.gradient_calls += guarded.gradient_calls

    def only_at(self, regs: tuple[float, ...]) -> LossAndGrads:
        """Return `pair_at`, refusing other penalties where only one can be had."""

        def pair(params: Params, X: Array, y: Array, reg: float) -> Any:
            if len(regs) == 1 and reg != regs[0]:
                raise UnusableError("fixed-penalty", f"reg is fixed at {regs[0]:g}")
            return self.pair_at(params, X, y, reg)

        return pair

    def loss_at(self, problem: Problem) -> float:
        """Return the loss at a problem, NaN where it does not run."""
        guarded = self.at(problem)
        guarded.seeded = self.guarded.seeded
        try:
            return guarded.loss(problem.params)
        except UnusableError:
            return float("nan")
        finally:
            self.guarded.loss_calls += guarded.loss_calls


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
