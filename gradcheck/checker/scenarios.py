"""The points at which a network is checked, and what its loss turns out to be."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradcheck import networks
from gradcheck._typing import LossAndGrads
from gradcheck.asking import ask_all
from gradcheck.errors import GradcheckError
from gradcheck.problem import Network, Problem

LOSS_RTOL = 1e-4
"""Two losses are the same within this: room for ``log(p + 1e-7)`` and the like."""

LOOK_RTOL = 1e-7
"""Two gradients look the same within this, relative to the largest entry."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One point, by name.

    Attributes
    ----------
    name : str
        ``"N7-reg0.1"``: batch size and penalty, as in the names of tests.
    problem : Problem
        Parameters, data and penalty.
    """

    name: str
    problem: Problem


def scenarios(
    network: Network,
    *,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
    regs: tuple[float, ...] = (0.1, 0.0),
) -> tuple[Scenario, ...]:
    """Draw the points of a check: a generic one first, then others to compare with.

    Parameters
    ----------
    network : Network
    seed : int, default=0
    sizes : mapping, optional
        Sizes dictated by the code under examination: any of ``N``, ``D``, ``hidden``
        and ``C``. The first point has N = 7, the others 1, 5 and 11 unless ``N`` is
        dictated.
    regs : tuple of float, default=(0.1, 0.0)
        Penalties that the code can take, the usual one first.

    Examples
    --------
    >>> from gradcheck import networks
    >>> [s.name for s in scenarios(networks.get("linear"))]
    ['N7-reg0.1', 'N1-reg0.1', 'N5-reg0', 'N11-reg0.1']
    """
    given = _checked(sizes, regs, seed)
    rng = np.random.default_rng(seed)
    shapes = [
        {"N": 7, "D": 4, "hidden": (6,), "C": 3},
        {"N": 1, "D": 5, "hidden": (8,), "C": 4},
        {"N": 5, "D": 3, "hidden": (7,), "C": 2},
        {"N": 11, "D": 6, "hidden": (5,), "C": 4},
    ]
    penalties = (regs[0], regs[0], regs[-1], regs[0])
    drawn = []
    for shape, reg in zip(shapes, penalties, strict=True):
        problem = networks.draw_problem(network, rng, reg=reg, **{**shape, **given})
        N = {**shape, **given}["N"]
        drawn.append(Scenario(f"N{N}-reg{reg:g}", problem))
    return tuple({s.name: s for s in reversed(drawn)}.values())[::-1]


def _checked(
    sizes: Mapping[str, Any] | None, regs: tuple[float, ...], seed: int
) -> dict[str, Any]:
    """Return the sizes, or say what is wrong with what was asked for.

    Raises
    ------
    GradcheckError
        If a size, a penalty or the seed is none.
    """
    given = dict(sizes or {})
    unknown = [name for name in given if name not in ("N", "D", "hidden", "C")]
    if unknown:
        raise GradcheckError(
            f"sizes[{unknown[0]!r}], but sizes has N, D, hidden and C only"
        )
    for name, value in given.items():
        each = (
            value if name == "hidden" and isinstance(value, tuple | list) else [value]
        )
        if not each or not all(isinstance(n, int) and n > 0 for n in each):
            raise GradcheckError(
                f"sizes[{name!r}] = {value!r}, but should be a positive whole number"
                + (", or several" if name == "hidden" else "")
            )
    if "hidden" in given and isinstance(given["hidden"], int):
        given["hidden"] = (given["hidden"],)
    if not regs or not all(np.isfinite(reg) and reg >= 0 for reg in regs):
        raise GradcheckError(f"regs = {regs!r}, but should hold numbers >= 0")
    if seed < 0:
        raise GradcheckError(f"seed = {seed!r}, but should be a whole number >= 0")
    return given


def resolve(network: str | Network) -> tuple[Network, tuple[Network, ...]]:
    """Return the specified network, and every one that the specification admits.

    A name leaves the factor of the penalty open, half or full, and for the logistic
    net the reduction; a `Network` leaves nothing open.

    Raises
    ------
    GradcheckError
        If the name is not one of a reference network.
    """
    if isinstance(network, Network):
        return network, (network,)
    if network not in networks.NAMES:
        raise GradcheckError(
            f"network={network!r}, but should be a Network or one of "
            f"{', '.join(map(repr, networks.NAMES))}"
        )
    specified = networks.get(network)
    admitted = [specified, specified.variant(penalty="full")]
    if network == "logistic":
        admitted += [n.variant(reduction="sum") for n in admitted]
    return specified, tuple(admitted)


def match_loss(
    loss: Callable[[Problem], float],
    admitted: Iterable[Network],
    points: Iterable[Scenario],
) -> Network | None:
    """Find the network, in one of its conventions, whose loss this is at every point.

    Parameters
    ----------
    loss : callable
        The loss at a problem; NaN where it does not run.
    admitted : iterable of Network
        Tried first, in order; then their other conventions.
    points : iterable of Scenario

    Returns
    -------
    Network or None
        None where the loss is none of these.
    """
    measured = [(s.problem, loss(s.problem)) for s in points]
    measured = [(problem, value) for problem, value in measured if np.isfinite(value)]
    first = tuple(admitted)
    others = [
        network.variant(penalty=penalty, reduction=reduction)
        for network in first[:1]
        for penalty, reduction in product(("half", "full", "none"), ("mean", "sum"))
    ]
    for network in (*first, *others):
        if measured and all(_same(network, p, value) for p, value in measured):
            return network
    return None


def _same(network: Network, problem: Problem, value: float) -> bool:
    reference = float(network.loss(problem.params, problem.X, problem.y, problem.reg))
    return abs(value - reference) <= LOSS_RTOL * max(abs(reference), abs(value))


def differences(
    loss_and_grads: LossAndGrads,
    network: Network,
    problem: Problem,
    *,
    rtol: float = LOOK_RTOL,
) -> tuple[str, ...] | None:
    """Name the gradients that are not the reference's; None if it does not run."""
    return apart(ask_all(loss_and_grads, [problem])[0], network, problem, rtol=rtol)


def apart(
    answer: Any, network: Network, problem: Problem, *, rtol: float = LOOK_RTOL
) -> tuple[str, ...] | None:
    """Name the gradients in an answer that are not the reference's.

    None if it is an exception: it does not run there.
    """
    if isinstance(answer, GradcheckError):
        return None
    if isinstance(answer, BaseException):
        raise answer
    _, grads = answer
    _, reference = network.loss_and_grads(
        problem.params, problem.X, problem.y, problem.reg
    )
    return tuple(
        name
        for name, numbers in reference.items()
        if numbers.size
        and np.abs(grads[name] - numbers).max() > rtol * (np.abs(numbers).max() + rtol)
    )
