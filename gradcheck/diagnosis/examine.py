"""A whole diagnosis: ask, measure, search, and say what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck._typing import LossAndGrads
from gradcheck.diagnosis.apart import penalty_apart
from gradcheck.diagnosis.blind import pairs, unreadable
from gradcheck.diagnosis.case import Case, measure, open_case
from gradcheck.diagnosis.conclude import conclude
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.records import Diagnosis
from gradcheck.diagnosis.search import Found, Search
from gradcheck.experiments.points import Sizes
from gradcheck.experiments.ramp import read_ramp
from gradcheck.experiments.state import same
from gradcheck.faults import Mistake
from gradcheck.networks.conventions import in_rows
from gradcheck.problem import Network, Problem


def diagnose(
    loss_and_grads: LossAndGrads,
    network: Network,
    *,
    seed: int = 0,
    sizes: Sizes | Mapping[str, Any] | None = None,
    factory: Callable[[], LossAndGrads] | None = None,
) -> Diagnosis:
    """Find the mistakes in a gradient whose inputs may be chosen.

    Parameters
    ----------
    loss_and_grads : callable
        ``loss_and_grads(params, X, y, reg) -> (loss, grads)``; called about 40 times,
        on copies. Whatever it does is an answer.
    network : Network
        What it should be. Its penalty and reduction are not assumed but measured.
    seed : int, default=0
        Of the points.
    sizes : mapping, optional
        Sizes that are dictated: any of ``D``, ``hidden``, ``C``, ``N``.
    factory : callable, optional
        Makes a fresh `loss_and_grads`, without memory of earlier calls.

    Examples
    --------
    >>> from gradcheck import networks
    >>> from gradcheck.faults import inject
    >>> network = networks.get("linear")
    >>> [str(m) for m in diagnose(inject(network, ["batch-sum"]), network).mistakes]
    ['batch-sum']
    """
    if network.layout == "columns":
        return diagnose(
            in_rows(loss_and_grads, network),
            network.variant(layout="rows"),
            seed=seed,
            sizes=sizes,
            factory=factory and (lambda: in_rows(factory(), network)),
        )
    with np.errstate(all="ignore"):  # what the accused returns may be anything
        case = open_case(loss_and_grads, network, seed, Sizes.of(sizes), factory)
        found = conclude(case, search(case))
        if case.own_data or case.own_derivative or not case.state.repeatable:
            return found
        return penalty_apart(
            found,
            loss_and_grads,
            network,
            lambda other: diagnose(other, network, seed=seed, sizes=sizes),
        )


def search(case: Case) -> Found:
    """Look for the smallest explanation, with the fallbacks in their order."""
    case.nominal = _nominally_right(case)
    if case.nominal or case.evidence.verify(()):
        plain = case.evidence.without_finish()
        if case.finish is None or plain.verify(()):
            case.finish = None
        return Found(best=())
    if not case.measured.readers or not case.evidence.exhibits:
        return Found()
    if not case.state.repeatable:
        return Found()
    case.own_derivative = not case.own_data and all(
        own_derivative(case, problem) for problem in case.plan.fresh[:2]
    )
    if case.own_derivative:
        return Found()
    equal = "==" in case.runs_where
    hunt = Search(case.evidence, case.measured, equal=equal)
    found = hunt.run()
    if not case.own_data:  # what it is compared with is another loss's gradient
        case.whole_numbers = _in_whole_numbers(case)
        return Found(nearest=found.best or found.nearest)
    if found.best is None and case.spec.fixed:  # perhaps it lacks what is fixed
        case.measured = measure(
            case.accused, case.spec, case.plan, case.points, case.finish, subtract=False
        )
        hunt = Search(case.evidence, case.measured)
        found = hunt.run()
    if found.best and case.conventions.unmodelled and _of_a_penalty(found.best):
        return Found(nearest=found.best)  # compared with a penalty that the loss lacks
    if found.best is None:
        found = hunt.with_masks(case.accused, case.rng, case.sizes, found)
    if found.best is None:
        found = hunt.neighbours(found)
    if found.best is None and unreadable(case.measured):
        found = pairs(hunt, found)
    if found.best is None:
        case.whole_numbers = _in_whole_numbers(case)
        case.differences = read_ramp(case.accused, case.spec, case.rng, case.sizes)
    return found


def _of_a_penalty(mistakes: tuple[Mistake, ...]) -> bool:
    return any(m.id.startswith(("penalty", "bias-penalty")) for m in mistakes)


def _in_whole_numbers(case: Case) -> bool:
    """Whether the answer is that of the truncated arguments."""
    if case.state.ids:  # a memory answers alike, too
        return False
    problem = case.plan.fresh[0]
    whole = {k: np.trunc(p) for k, p in problem.params.items()}
    there = Problem(whole, np.trunc(problem.X), problem.y, problem.reg)
    far = {k: p + 3.0 for k, p in problem.params.items()}
    away = Problem(far, problem.X + 3.0, problem.y, problem.reg)
    one, other, third = (case.accused.at(p).grads for p in (problem, there, away))
    return bool(one) and same(one, other) and not same(one, third)


def _nominally_right(case: Case) -> bool:
    """Whether the gradient is right for the network's data loss, and the loss is not.

    Only asked where the data part of the loss is another one, or has the wrong sign.
    """
    found = case.conventions
    if found.data_form != "unknown" and found.scale != -1.0 and case.own_data:
        return False
    spec = replace(case.spec, scale=1.0)
    trial = Evidence(spec, case.finish)
    for exhibit in case.evidence.exhibits:
        trial.add(exhibit.problem, exhibit.grads)
    return trial.verify(())


def own_derivative(case: Case, problem: Problem) -> bool:
    """Whether the gradient is the derivative of its own loss, along one direction.

    Central differences of two steps, extrapolated: 4 calls.
    """
    grads = case.accused.at(problem).grads
    if not grads or set(grads) != set(problem.params):
        return False
    rng = np.random.default_rng(1)
    v = {k: rng.choice([-1.0, 1.0], np.shape(p)) for k, p in problem.params.items()}
    slopes = []
    for h in (2e-4, 1e-4):
        ends = []
        for sign in (1.0, -1.0):
            params = {k: p + sign * h * v[k] for k, p in problem.params.items()}
            there = Problem(params, problem.X, problem.y, problem.reg)
            ends.append(case.accused.at(there).loss)
        slopes.append((ends[0] - ends[1]) / (2 * h))
    numeric = (4 * slopes[1] - slopes[0]) / 3
    parts = [float(np.sum(grads[k] * v[k])) for k in v if grads[k].shape == v[k].shape]
    if len(parts) < len(v):
        return False
    size = max(float(np.abs(grads[k]).max(initial=0.0)) for k in v)
    return bool(abs(numeric - sum(parts)) <= 1e-6 * max(size, 1e-3))
