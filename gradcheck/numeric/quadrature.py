"""The integral of a function that jumps: where the jumps are is found by bisection.

Along a line, ``g . v`` of a gradient is smooth but for jumps at the kinks of its loss.
Gauss-Legendre nodes tell a panel that holds a jump from one that does not; the jump is
cornered between two neighbouring nodes, a call of the gradient a bit, and the panel cut
there.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_HALVINGS = 60
_DISTINCT = 0.25  # of a jump: how close to one of its sides a value must be

CUTS = (-1.0, 0.31, 1.0)
"""Where panels begin and end at first, as shares of the half-length: the middle, where
kinks are likely, lies inside one."""

OTHER_CUTS = (-1.0, -0.61, 0.23, 1.0)
"""Other panels, so that other nodes have to agree."""


class _Recorded:
    """A function and the values it has had: each point is asked for once."""

    def __init__(self, function: Callable[[float], float]) -> None:
        self._function = function
        self.values: dict[float, float] = {}

    def __call__(self, t: float) -> float:
        if t not in self.values:
            self.values[t] = self._function(t)
        return self.values[t]

    def gauss(self, a: float, b: float) -> float:
        """Integrate from `a` to `b` by three nodes."""
        middle, half = (a + b) / 2, (b - a) / 2
        nodes = (float(middle + half * node) for node in _NODES)
        return float(
            half * sum(w * self(t) for w, t in zip(_WEIGHTS, nodes, strict=True))
        )

    def jump(self, a: float, b: float, tolerance: float) -> float:
        """Corner the largest jump between two known points; the middle if none is."""
        known = sorted(t for t in self.values if a <= t <= b)
        low, high = max(pairwise(known), key=lambda p: abs(self(p[1]) - self(p[0])))
        below, above = self(low), self(high)
        for _ in range(_HALVINGS):
            t = (low + high) / 2
            size = abs(above - below)
            if not low < t < high or size * (high - low) <= tolerance:
                break
            value = self(t)
            if abs(value - below) <= _DISTINCT * size:
                low, below = t, value
            elif abs(value - above) <= _DISTINCT * size:
                high, above = t, value
            else:  # neither side: it is a slope, and no jump
                return (a + b) / 2
        return (low + high) / 2


def integrate(
    function: Callable[[float], float],
    length: float,
    tolerance: float,
    cuts: tuple[float, ...] = CUTS,
    most: int = 400,
) -> tuple[float, float]:
    """Return the mean of a function over ``[-length, length]``, and its doubt.

    Parameters
    ----------
    function : callable
        Smooth but for jumps; a call is taken to be dear.
    length : float
        Half-length of the interval, > 0.
    tolerance : float
        Of the mean: panels are cut until two ways of integrating agree to this share.
    cuts : tuple of float
        Where panels begin and end at first, as shares of `length`.
    most : int, default=400
        Calls after which the integral is given up.

    Returns
    -------
    mean, doubt : float
        The doubt is infinite where the integral was given up.

    Examples
    --------
    >>> mean, doubt = integrate(lambda t: t**3 + 2.0 * (t > 0.1), 0.5, 1e-9)
    >>> round(mean, 8), doubt < 1e-8
    (0.8, True)
    """
    recorded, total, doubt = _Recorded(function), 0.0, 0.0
    waiting = [(a * length, b * length) for a, b in pairwise(cuts)]
    while waiting:
        a, b = waiting.pop()
        middle = (a + b) / 2
        whole = recorded.gauss(a, b)
        halves = recorded.gauss(a, middle) + recorded.gauss(middle, b)
        gap = abs(halves - whole)
        if not gap > tolerance * length or b - a < 1e-8 * length:
            total, doubt = total + halves, doubt + gap
            continue
        if len(recorded.values) > most:
            return total / (2 * length), np.inf
        cut = recorded.jump(a, b, tolerance * length)
        waiting += [(a, cut), (cut, b)]
    return total / (2 * length), doubt / (2 * length)
