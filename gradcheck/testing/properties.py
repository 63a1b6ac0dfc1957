"""A network as a property: for every problem, its gradient is right."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gradcheck import networks
from gradcheck._typing import Array, Params
from gradcheck.checker import check_gradients, check_network
from gradcheck.comparison import looks_wrong
from gradcheck.experiments import measure_conventions
from gradcheck.laws import check_laws
from gradcheck.problem import Network, Problem
from gradcheck.report import Report, Verdict
from gradcheck.strategies import Sizes, climb, problems, shapes
from gradcheck.testing.subjects import Adapted, adapt, guess_network, require

_REGIMES = ("no-penalty", "repeated-examples", "missing-classes")
"""The edges at which every right network has a derivative that can be measured."""


class _FailedError(Exception):
    """The property does not hold here; hypothesis looks for the smallest such place."""


def assert_network(
    subject: Any,
    network: str | Network | None = None,
    *,
    max_examples: int | None = None,
    seed: int = 0,
    sizes: st.SearchStrategy[Sizes] | None = None,
) -> None:
    """Assert that a gradient is right wherever hypothesis looks, and lawful.

    Generic points and edges (no penalty, repeated examples, missing classes) of all
    small sizes, one example included: the gradient against the derivative of its own
    loss, and where that is right everywhere, every law. Where it fails, the example is
    made as small as it goes.

    Parameters
    ----------
    subject : callable, class or object
        ``loss_and_grads(params, X, y, reg)``, or with ``params`` and ``loss(X, y,
        reg)``.
    network : str or Network, optional
        The reference; found by its loss where not given.
    max_examples : int, optional
        Of hypothesis; its profile's by default.
    seed : int, default=0
        Of the directions in which each example is checked.
    sizes : strategy of Sizes, optional
        Where the code dictates some: ``strategies.shapes(D=2, C=3)``.

    Raises
    ------
    GradientMismatchError
        With the report on the network, and the smallest example in it.

    Examples
    --------
    >>> from gradcheck import networks
    >>> assert_network(networks.get("linear").loss_and_grads, max_examples=5)
    """
    __tracebackhide__ = True
    adapted = adapt(subject)
    reference = guess_network(adapted) if network is None else network
    network = _followed(adapted, reference)
    if sizes is None:
        sizes = shapes(distinct=False, depth=network.depth, **_fixed(adapted.sizes))
    smallest = _search(adapted.function, network, sizes, max_examples, seed)
    if smallest is None:
        return
    problem, found = smallest
    whole = check_network(adapted.function, reference, seed=seed, sizes=adapted.sizes)
    report = found if whole.ok else whole
    require(replace(report, example=describe(problem)))


def describe(problem: Problem) -> str:
    """Return a problem in one line: its sizes, and what is special about it.

    Examples
    --------
    >>> from gradcheck import networks
    >>> rng = np.random.default_rng(0)
    >>> describe(networks.draw_problem(networks.get("softmax"), rng))
    'N=7, D=4, W1 (4, 6), b1 (6,), W2 (6, 3), b2 (3,), reg=0.1'
    """
    N, D = problem.X.shape
    shapes = ", ".join(f"{name} {p.shape}" for name, p in problem.params.items())
    return f"N={N}, D={D}, {shapes}, reg={problem.reg:g}"


def _followed(adapted: Adapted, reference: str | Network) -> Network:
    """Return a reference with the penalty and the reduction that the loss follows."""
    if isinstance(reference, Network):
        return reference
    network = networks.get(reference)

    def loss(params: Params, X: Array, y: Array, reg: float) -> float:
        return float(adapted.function(params, X, y, reg)[0])

    found = measure_conventions(loss, network, sizes=_fixed(adapted.sizes))
    if not found.own_data or found.penalty_name == "other":
        return network
    return network.variant(penalty=found.penalty_name, reduction=found.reduction)


def _fixed(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sizes[name] for name in ("N", "D", "hidden", "C") if name in sizes}


def _search(
    function: Callable[..., Any],
    network: Network,
    sizes: st.SearchStrategy[Sizes],
    max_examples: int | None,
    seed: int,
) -> tuple[Problem, Report] | None:
    """Let hypothesis look for a wrong gradient, then for a broken law."""
    drawn = st.one_of(
        problems(network, sizes=sizes),
        *(problems(network, sizes=sizes, regimes=(regime,)) for regime in _REGIMES),
    )

    def wrong(problem: Problem) -> Report | None:
        report = _gradient_at(function, problem, seed)
        climb(max((_error(p) for p in report.parameters.values()), default=0.0))
        bad = report.verdict in (Verdict.WRONG, Verdict.BROKEN)
        return report if bad else None

    def lawless(problem: Problem) -> Report | None:
        broken = _broken_law(function, network, problem, seed)
        return Report(Verdict.WRONG, message=broken, seed=seed) if broken else None

    def still(problem: Problem, first: Report) -> bool:
        named = [k for k, p in first.parameters.items() if p.verdict is Verdict.WRONG]
        return bool(named) and _looks_wrong(function, problem, named, seed)

    return _smallest(drawn, wrong, max_examples, still) or _smallest(
        drawn, lawless, max_examples
    )


def _smallest(
    drawn: st.SearchStrategy[Problem],
    failure: Callable[[Problem], Report | None],
    max_examples: int | None,
    still: Callable[[Problem, Report], bool] | None = None,
) -> tuple[Problem, Report] | None:
    """Return the smallest problem that fails, with the report on it; or nothing.

    Once `failure` has found one, `still` is asked in its place while hypothesis looks
    for smaller ones, if it sees the first; the smallest is then reported on in full.
    """
    last: list[tuple[Problem, Report]] = []
    quick: list[Report] = []

    @settings(
        max_examples=max_examples or settings().max_examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(drawn)
    def holds(problem: Problem) -> None:
        if quick and still is not None:
            report = quick[0] if still(problem, quick[0]) else None
        else:
            report = failure(problem)
        if report is None:
            return
        if not last and still is not None and still(problem, report):
            quick.append(report)
        last[:] = [(problem, report)]  # the smallest is run last
        raise _FailedError

    try:
        holds()
    except _FailedError:
        problem, found = last[0]
        report = failure(problem) if quick else found
        if report is None:  # what misled the quick look is there at smaller sizes only
            return _smallest(drawn, failure, max_examples)
        return problem, report
    return None


def _looks_wrong(
    function: Callable[..., Any], problem: Problem, names: list[str], seed: int
) -> bool:
    """Whether the gradient of one of some parameters is glaringly wrong here."""

    def answer(params: Mapping[str, Any]) -> Any:
        copies = {name: p.copy() for name, p in params.items()}
        return function(copies, problem.X.copy(), problem.y.copy(), problem.reg)

    def evaluate(points: Iterable[Mapping[str, Any]]) -> Array:
        return np.array([float(answer(point)[0]) for point in points])

    try:
        grads = answer(problem.params)[1]
        params = dict(problem.params)
        return looks_wrong(evaluate, params, grads, names=names, seed=seed)
    except Exception:  # whatever foreign code does: not what was found
        return False


def _error(parameter: Any) -> float:
    return float(parameter.max_rel_error or 0.0)


def _gradient_at(function: Callable[..., Any], problem: Problem, seed: int) -> Report:
    """Check the gradient at one problem."""

    def loss_and_grads(params: Any) -> Any:
        return function(params, problem.X.copy(), problem.y.copy(), problem.reg)

    return check_gradients(loss_and_grads, dict(problem.params), seed=seed)


def _broken_law(
    function: Callable[..., Any], network: Network, problem: Problem, seed: int
) -> str:
    """Return the first law broken at one problem, in a sentence; or nothing."""
    rng = np.random.default_rng(seed)
    laws = check_laws(function, network, problem, rng=rng)
    return next((f"{law.id}: {law.detail}" for law in laws if not law.ok), "")
