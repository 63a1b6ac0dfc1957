"""The conventions of a loss, measured by evaluating it and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.experiments.extremes import data_points, extremes
from gradcheck.experiments.forms import read_data
from gradcheck.experiments.penalty import (
    Evaluate,
    PenaltyPoint,
    overall,
    penalty_points,
    read_penalty,
)
from gradcheck.experiments.points import Sizes
from gradcheck.experiments.sentences import sentences
from gradcheck.faults import Specification, specify
from gradcheck.problem import Network, Problem

_SMALL = 1e-7


@dataclass(frozen=True, slots=True)
class Conventions:
    """What the loss turned out to be.

    Attributes
    ----------
    penalty : mapping of str to float
        The loss holds ``k * reg * sum(p**2)``: k of each parameter that is penalised.
    penalty_form : str
        ``"squares"``, ``"none"``, ``"averaged"`` (divided by N), ``"norm"``,
        ``"absolute"``, ``"fixed"`` (whatever `reg` is) or ``"other"``.
    averaged : tuple of str
        Parameters whose penalty is divided by N.
    fixed : mapping of str to float
        Coefficients of ``sum(p**2)`` that are there whatever `reg` is.
    reduction : str
        ``"mean"`` or ``"sum"``; that of the network where it could not be told.
    data_form : str
        ``"cross-entropy"``, ``"logistic"``, ``"squared"``, another, or ``"unknown"``.
    scale : float
        The data loss is this multiple of the network's own.
    own_data : bool
        Whether the data part is the network's own, up to `scale`.
    specified : bool
        Whether it is the network's loss, up to a convention.
    finite : tuple of str
        Ids of what goes wrong at large scores; empty if nothing does.
    sentences : tuple of str
        What is different, in words.
    evaluations : int
        Of the loss.
    free : mapping of str to str
        Parameters of which the penalty leaves the ``"first"`` or ``"last"`` row free.
    per : str
        What else the data loss is divided by; see `gradcheck.faults.Specification`.
    """

    penalty: Mapping[str, float] = field(default_factory=dict)
    penalty_form: str = "none"
    averaged: tuple[str, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    reduction: str = "mean"
    data_form: str = "unknown"
    scale: float = 1.0
    own_data: bool = False
    specified: bool = False
    finite: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    evaluations: int = 0
    free: Mapping[str, str] = field(default_factory=dict)
    per: str = ""

    def specification(self, network: Network) -> Specification:
        """Return the loss to hold the gradient against."""
        if self.unmodelled:
            return specify(network)
        known = network.variant(
            reduction=self.reduction,
            penalty="half" if self.penalty or self.fixed else network.penalty,
        )
        return Specification(
            known,
            dict(self.penalty),
            averaged=frozenset(self.averaged),
            reduction=self.reduction,
            scale=self.scale if self.own_data else 1.0,
            fixed=dict(self.fixed),
            free=dict(self.free),
            per=self.per if self.own_data else "",
        )

    @property
    def unmodelled(self) -> bool:
        """Whether the penalty is of a form whose gradient no reference has."""
        return self.penalty_form in ("norm", "absolute", "other")

    @property
    def penalty_name(self) -> str:
        """``"half"``, ``"full"``, ``"none"`` or ``"other"``."""
        ks = {round(k, 9) for name, k in self.penalty.items() if name[0] == "W"}
        plain = self.penalty_form in ("squares", "averaged")
        if not self.penalty and self.penalty_form == "none":
            return "none"
        if plain and ks in ({0.5}, {1.0}):
            return "half" if ks == {0.5} else "full"
        return "other"


def measure_conventions(
    loss: Callable[[Params, Array, Array, float], float],
    network: Network,
    *,
    sizes: Sizes | Mapping[str, Any] | None = None,
    rng: np.random.Generator | None = None,
) -> Conventions:
    """Measure what a loss is: its penalty, its reduction and its data part.

    Parameters
    ----------
    loss : callable
        ``loss(params, X, y, reg) -> float``; about 40 evaluations. May raise.
    network : Network
        What it should be; its own penalty and reduction are not assumed.
    sizes : mapping, optional
        Sizes that are dictated: any of ``D``, ``hidden``, ``C``, ``N``.
    rng : numpy.random.Generator, optional
        Seeded with 0 by default.

    Examples
    --------
    >>> from gradcheck import networks
    >>> network = networks.get("linear", penalty="full", reduction="sum")
    >>> found = measure_conventions(network.loss, networks.get("linear"))
    >>> found.penalty_name, found.reduction, found.specified
    ('full', 'sum', True)
    """
    asked = 0

    def evaluate(problem: Problem) -> float:
        nonlocal asked
        asked += 1
        params = {k: np.array(v, dtype=float) for k, v in problem.params.items()}
        try:
            with np.errstate(all="ignore"):
                value = loss(params, problem.X.copy(), problem.y.copy(), problem.reg)
            return float(np.real(np.asarray(value).reshape(-1)[0]))
        except Exception:  # the loss is under examination: failing is an answer
            return float("nan")

    found = read_conventions(
        evaluate, network, Sizes.of(sizes), rng or np.random.default_rng(0)
    )
    return Conventions(**{**_fields(found), "evaluations": asked})


def _fields(found: Conventions) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def read_conventions(
    evaluate: Evaluate,
    network: Network,
    sizes: Sizes,
    rng: np.random.Generator,
    *,
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]] | None = None,
    data: Sequence[Problem] | None = None,
) -> Conventions:
    """Measure the conventions through any door to the loss; see the caller."""
    points = points or penalty_points(network, rng, sizes)
    data = data or data_points(network, rng, sizes)
    penalty, forms, free = read_penalty(evaluate, points)
    averaged = tuple(name for name, form in forms.items() if form == "averaged")
    part = read_data(evaluate, network, data)
    form = "fixed" if part.fixed and not forms else overall(forms)
    finite = extremes(evaluate, network, sizes, rng, part) if part.own else ()
    said = sentences(network, penalty, form, part, free)
    weights = {penalty.get(name, 0.0) for name in network.weights}
    uniform = len(weights) == 1 and any(
        abs(k - min(weights)) < _SMALL for k in (0.0, 0.5, 1.0)
    )
    return Conventions(
        penalty=penalty,
        penalty_form=form,
        averaged=averaged,
        fixed=part.fixed,
        reduction=part.reduction or network.reduction,
        data_form=part.name,
        scale=part.scale,
        own_data=part.own,
        specified=part.own
        and part.scale == 1.0
        and not part.per
        and form in ("squares", "averaged", "none")
        and uniform
        and not part.fixed
        and not free
        and len(averaged) in (0, len(penalty)),
        finite=finite,
        sentences=said,
        free=free,
        per=part.per,
    )
