"""Laws that a right gradient obeys, checked without differencing anything.

A law compares a gradient with another gradient, or with a number known beforehand, at
points that a symmetry connects. Each has an id and a sentence in `LAWS`. Two numbers
differ only if they differ by more than rounding can explain, see
`gradcheck.laws.rounding`.
"""

from dataclasses import replace

import numpy as np

from gradcheck._typing import LossAndGrads
from gradcheck.laws.examination import Examination, LawResult
from gradcheck.laws.identities import IDENTITIES
from gradcheck.laws.rounds import conclude
from gradcheck.laws.symmetries import SYMMETRIES
from gradcheck.networks.conventions import in_rows, rows_point
from gradcheck.networks.layers import COSTS
from gradcheck.problem import Network, Problem

__all__ = ["LAWS", "LawResult", "check_laws"]

_ALL = (*SYMMETRIES, *IDENTITIES)

LAWS = {law.id: law.sentence for law in _ALL}
"""The sentence of each law, by id."""


def check_laws(
    loss_and_grads: LossAndGrads,
    network: Network,
    problem: Problem,
    *,
    rng: np.random.Generator,
) -> tuple[LawResult, ...]:
    """Check every law that a right gradient obeys.

    Parameters
    ----------
    loss_and_grads : callable
        ``(params, X, y, reg) -> (loss, grads)`` in the layout of `network`. Called at
        most 20 times, on copies of its arguments.
    network : Network
        What it should be; only its conventions, sizes and rounding errors are used.
    problem : Problem
        Where to look, as `gradcheck.networks.draw_problem` draws it.
    rng : numpy.random.Generator
        Picks permutations and units.

    Returns
    -------
    tuple of LawResult
        In the order of `LAWS`. Where the function raises or is not finite, the law is
        marked as not applicable and not as broken.

    Examples
    --------
    >>> from gradcheck import networks
    >>> network = networks.get("softmax")
    >>> problem = networks.draw_problem(network, np.random.default_rng(0))
    >>> def wrong(params, X, y, reg):
    ...     loss, grads = network.loss_and_grads(params, X, y, reg)
    ...     return loss, {k: len(X) * g for k, g in grads.items()}
    >>> rng = np.random.default_rng(0)
    >>> [law.id for law in check_laws(wrong, network, problem, rng=rng) if not law.ok]
    ['batch-mean', 'additivity', 'penalty', 'zero-weights-loss']
    """
    loss_and_grads = in_rows(loss_and_grads, network)
    network, problem = rows_point(network, problem)
    if network.cost not in COSTS:
        unknown = "not tested: the rounding errors of this cost are not known"
        return tuple(LawResult(i, True, unknown, applicable=False) for i in LAWS)
    exam = Examination(loss_and_grads, network, problem, rng, replace(problem, reg=0.0))
    return conclude(_ALL, exam)
