"""Asking a function at several points, in one go where it can be.

A function that runs elsewhere may carry an attribute ``many(problems)``, which returns
for each an answer like its own, or the exception that it would have raised: one round
trip instead of one a point.
"""

from collections.abc import Sequence
from typing import Any

from gradcheck._typing import LossAndGrads
from gradcheck.lanes import AbandonedError
from gradcheck.problem import Problem


def ask_all(function: LossAndGrads, problems: Sequence[Problem]) -> list[Any]:
    """Ask for loss and gradient at each of `problems`, in their order.

    Parameters
    ----------
    function : callable
        ``(params, X, y, reg) -> (loss, grads)``.
    problems : sequence of Problem
        Handed over as they are.

    Returns
    -------
    list
        What the function returned, or the exception that it raised, for each.

    Examples
    --------
    >>> import numpy as np
    >>> def ridge(params, X, y, reg):
    ...     return float(params["w"] @ params["w"]), {"w": 2 * params["w"]}
    >>> point = Problem({"w": np.array([3.0])}, np.ones((1, 1)), np.zeros(1), 0.0)
    >>> [loss for loss, _ in ask_all(ridge, [point, point])]
    [9.0, 9.0]
    """
    many = getattr(function, "many", None)
    if many is not None:
        return list(many(problems))
    answers: list[Any] = []
    for problem in problems:
        try:
            answers.append(function(problem.params, problem.X, problem.y, problem.reg))
        except (KeyboardInterrupt, MemoryError, AbandonedError):
            raise
        except BaseException as error:  # an answer too, sys.exit included
            answers.append(error)
    return answers
