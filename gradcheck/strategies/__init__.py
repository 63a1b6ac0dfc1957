"""Hypothesis strategies for the points at which a gradient is examined.

Every strategy is *generic* by default: sizes are distinct and greater than one (a
swapped axis changes a shape), no weight and no bias is zero, a ReLU layer has units
that are dead, live and mixed over the batch, at least 0.05 away from every kink, and
the penalty is positive. Nothing that a mistake could hide behind is left to chance,
and the simplest example, which hypothesis tries first and shrinks towards, is such a
point too, with the smallest sizes: numbers of one or two decimals, never all zeros.

Edge regimes are drawn on request: ``regimes=("one-example", "no-penalty")``; see
`REGIMES`. `climb` tells hypothesis which way is worse.

Examples
--------
>>> from hypothesis import find
>>> find(shapes(), lambda sizes: True)
Sizes(N=2, D=4, hidden=(3,), C=5)
>>> find(softmax_problems(), lambda problem: problem.X.shape[0] > 2)
Problem(W1(4, 2), b1(2,), W2(2, 5), b2(5,), X(3, 4), reg=0.1)
"""

from gradcheck.strategies.problems import (
    batches,
    deep_problems,
    linear_problems,
    logistic_problems,
    parameters,
    problems,
    softmax_problems,
)
from gradcheck.strategies.regimes import REGIMES, regimes
from gradcheck.strategies.sizes import Sizes, shapes
from gradcheck.strategies.targets import climb

__all__ = [
    "REGIMES",
    "Sizes",
    "batches",
    "climb",
    "deep_problems",
    "linear_problems",
    "logistic_problems",
    "parameters",
    "problems",
    "regimes",
    "shapes",
    "softmax_problems",
]
