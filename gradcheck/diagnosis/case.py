"""One case: everything that is asked of the accused, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.penalties import Measured
from gradcheck.experiments.accused import Accused, Answer
from gradcheck.experiments.conventions import Conventions, read_conventions
from gradcheck.experiments.extremes import data_points
from gradcheck.experiments.finish import read_finish
from gradcheck.experiments.penalty import PenaltyPoint, penalty_points
from gradcheck.experiments.plumbing import Oddity, examine_plumbing
from gradcheck.experiments.points import Plan, Sizes, make, plan
from gradcheck.experiments.running import where_it_runs
from gradcheck.experiments.sections import Reader, data_part
from gradcheck.experiments.state import State, examine_state
from gradcheck.faults import Mistake, Specification
from gradcheck.problem import Network, Problem


@dataclass(slots=True)
class Case:
    """Everything that one diagnosis knows so far."""

    accused: Accused
    network: Network
    sizes: Sizes
    rng: np.random.Generator
    state: State
    oddities: tuple[Oddity, ...]
    plan: Plan
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]]
    conventions: Conventions
    spec: Specification
    finish: Mistake | None
    evidence: Evidence
    measured: Measured
    failed: str = ""
    runs_where: str = ""
    whole_numbers: bool = False
    differences: tuple[str, float] | None = None
    undefined: tuple[str, ...] = ()
    own_data: bool = True
    nominal: bool = False
    own_derivative: bool = False
    opening: Problem | None = None


def open_case(
    loss_and_grads: LossAndGrads,
    network: Network,
    seed: int,
    sizes: Sizes,
    factory: Callable[[], LossAndGrads] | None,
) -> Case:
    """Ask the accused at every point that each diagnosis needs."""
    rng = np.random.default_rng(seed)
    accused = Accused(loss_and_grads, factory)
    a, b = (_generic(network, rng, sizes) for _ in range(2))
    runs_where = ""
    opening: Answer | None = accused.raw(a)
    if opening is not None and opening.error:
        sizes, runs_where = where_it_runs(accused, network, rng, sizes)
        a, b = (_generic(network, rng, sizes) for _ in range(2))
        opening = None
    state = examine_state(accused, a, b, opening)
    first = accused.at(a)
    oddities, repairs = (
        ((), ()) if first.error else examine_plumbing(first.grads, a, network)
    )
    accused.repairs = list(repairs)
    accused.forget()
    places = plan(network, rng, sizes)
    points = penalty_points(network, rng, sizes)
    data = data_points(network, rng, sizes)
    alone = [p for pair in points.values() for q in pair for p in (q.on, q.off)]
    if accused.mode == "plain":  # all that is going to be asked, in one go
        fresh = (*places.fresh, *places.triggers, *places.reading)
        accused.gather((*alone, *data, *fresh))
    accused.gather(alone)
    conventions = read_conventions(
        accused.loss, network, sizes, rng, points=points, data=data
    )
    spec = conventions.specification(network)
    seen = [accused.at(p).grads for p in (*places.fresh, *places.triggers)]
    finish = _finish([g for g in seen if g])
    evidence = Evidence(spec, finish)
    for problem in (*places.fresh, *places.triggers):
        evidence.add(problem, accused.at(problem).grads)
    measured = measure(accused, spec, places, points, finish)
    return Case(
        accused, network, sizes, rng, state, oddities, places, points, conventions,
        spec, finish, evidence, measured, first.error,
        own_data=conventions.own_data, runs_where=runs_where, opening=a,
        undefined=_undefined([accused.at(p).grads for p in places.fresh]),
    )  # fmt: skip


def _generic(network: Network, rng: np.random.Generator, sizes: Sizes) -> Problem:
    hidden = sizes.hidden or tuple(7 + i for i in range(network.depth - 1))
    C = 1 if network.cost == "logistic" else sizes.C or 4
    N = 6 if sizes.N is None or 6 in sizes.N else max(sizes.N)
    return make(network, rng, N=N, D=sizes.D or 5, hidden=hidden, C=C, reg=0.2)


def _undefined(answers: list[dict[str, Array]]) -> tuple[str, ...]:
    """Name the parameters whose gradient is not finite at plain points."""
    return tuple(
        dict.fromkeys(
            k for a in answers for k, g in a.items() if not np.isfinite(g).all()
        )
    )


def _finish(answers: list[dict[str, Array]]) -> Mistake | None:
    found = read_finish(answers) if answers else None
    return Mistake(found[0], (), found[1], found[2]) if found else None


def _readable(grads: Grads, problem: Problem, network: Network) -> bool:
    """Whether every gradient is finite and of a shape that can be taken apart."""
    for name in (*network.weights, *network.bias_names):
        g = grads.get(name)
        if g is None or not np.isfinite(g).all():
            return False
        summed_otherwise = name in network.bias_names and g.shape == problem.X.shape[:1]
        if g.shape != np.shape(problem.params[name]) and not summed_otherwise:
            return False
    return True


def measure(
    accused: Accused,
    spec: Specification,
    places: Plan,
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]],
    finish: Mistake | None,
    subtract: bool = True,
) -> Measured:
    """Read the reading points and the penalties of the gradient."""
    readers, grads = [], []
    for problem in places.reading:
        answer = accused.at(problem)
        if _readable(answer.grads, problem, spec.network):
            reader = Reader(spec, problem)
            readers.append(reader)
            grads.append(answer.grads)
    penalties: dict[str, tuple[Array, Array]] = {}
    for name, pair in points.items():
        parts = []
        for point in pair:
            on, off = accused.at(point.on).grads, accused.at(point.off).grads
            shape = np.shape(point.on.params[name])
            if all(name in g and g[name].shape == shape for g in (on, off)):
                parts.append((on[name] - off[name]) / point.on.reg)
        if len(parts) == 2:
            penalties[name] = (parts[0], parts[1])
    for i, reader in enumerate(readers):
        moving = [
            n for n, p in penalties.items() if np.abs(p[0]).max(initial=0.0) > 1e-8
        ]
        if subtract:
            grads[i] = data_part(grads[i], reader.right, moving)
    exact = 1e-9
    if finish and finish.id == "single-precision":
        exact = 1e-5
    elif finish and finish.id == "rounded":
        exact = 10.0 ** -(finish.constant or 0.0)
    return Measured(readers, grads, points, penalties, exact)
