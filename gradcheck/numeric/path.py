"""The path test: a gradient against loss differences over whole segments.

If `g` is the gradient, its integral along a segment is the difference of the loss at
the ends. The loss is never differenced over a tiny step, so its noise is divided by the
length of the segment and not by a step; and the integral holds across kinks, whatever
subgradient is taken there. It is the second opinion before a gradient is called wrong,
and the main method where the loss is noisy.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import TypeAlias

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.numeric.directions import (
    Direction,
    Explicit,
    Ray,
    displace,
    project,
)
from gradcheck.numeric.noise import Noise, ecnoise
from gradcheck.numeric.plans import Plan

GradientAt: TypeAlias = Callable[[Params], Grads]
Rule: TypeAlias = tuple[Array, Array]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
HALVES: Rule = (
    np.concatenate([(_NODES - 1) / 2, (_NODES + 1) / 2]),
    np.concatenate([_WEIGHTS, _WEIGHTS]) / 2,
)
"""Three Gauss-Legendre nodes on each half of [-1, 1]: a kink in the middle is legal."""

WHOLE: Rule = np.polynomial.legendre.leggauss(5)
"""Five Gauss-Legendre nodes on [-1, 1]; the middle one is the point itself."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of half-length `length`, and what the gradient leaves unexplained.

    Attributes
    ----------
    length : float
        Relative half-length.
    residual : float
        Mean slope by the gradient less mean slope of the loss.
    tolerance : float
        What noise and rounding may leave of it.
    secant : float
        The mean slope of the loss.
    spread : float
        By how much two ways of integrating differ, where both were tried.
    """

    length: float
    residual: float
    tolerance: float
    secant: float = nan
    spread: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether a right gradient could leave this residual; false for NaN."""
        return abs(self.residual) <= self.tolerance


def walk(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    length: float,
    noise: Noise,
    rounding: float,
    rule: Rule = HALVES,
    middle: float | None = None,
) -> Plan[Segment]:
    """Compare the gradient with the loss over ``x - L v`` to ``x + L v``.

    Parameters
    ----------
    params, direction
        The middle of the segment, and where it runs.
    gradient : callable
        The gradient under examination at other points.
    length : float
        Half-length `L`, relative.
    noise : Noise
        Of the loss.
    rounding : float
        Half-width of the rounding error of ``g . v``.
    rule : pair of ndarray
        Nodes and weights on [-1, 1].
    middle : float, optional
        ``g . v`` in the middle, where it is known.

    Notes
    -----
    ``R(L) = (L sum_q w_q g(x + L t_q v) . v - f(x + L v) + f(x - L v)) / 2L`` is the
    mean of ``(g - f') . v`` over the segment, but for the error of quadrature.
    """
    above, below = yield Ray(params, direction, [length, -length])
    secant = float((above - below).real) / (2 * length)
    slope = mean_slope(params, direction, gradient, length, rule, middle)
    return Segment(length, slope - secant, noise.level / length + rounding, secant)


def mean_slope(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    length: float,
    rule: Rule,
    middle: float | None = None,
) -> float:
    """Integrate ``g . v`` over a segment; see `walk`."""
    vectors = direction.vectors(params)
    along = Explicit(vectors)
    places = [float(node) for node in rule[0]]
    asked = [place for place in places if place != 0 or middle is None]
    grads = gradients_at(
        gradient, (displace(params, vectors, length * t) for t in asked)
    )
    slope = 0.0
    for place, weight in zip(places, rule[1], strict=True):
        if place == 0 and middle is not None:
            value = middle
        else:
            value, _ = project(along, params, next(grads))
        slope += float(weight) * value / 2
    return slope


def gradients_at(gradient: GradientAt, points: Iterable[Params]) -> Iterator[Grads]:
    """Yield the gradient at each point: in one go where it has an attribute `several`.

    Else one after the other, so that no two of them have to be held at once.
    """
    several = getattr(gradient, "several", None)
    if several is None:
        return (gradient(point) for point in points)
    return iter(several(list(points)))


def contradicts(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    noise: Noise,
    rounding: float,
    residual: float,
    lengths: Sequence[float] = (1e-6, 1e-4, 1e-2),
    side: int = 0,
) -> Plan[bool | None]:
    """Whether segments confirm that the gradient's slope is off by `residual`.

    A right gradient leaves next to nothing on some segment, whatever misled the ladder
    at the point itself; a wrong one leaves about `residual` on all of them. Only
    segments long enough to tell are asked. Where the loss exists on one `side` only, 1
    or -1, they lie there, at a distance of half their length from the point.

    Returns
    -------
    bool or None
        None if no segment can tell: too noisy, or no gradient elsewhere.
    """
    share = abs(residual) / 4
    usable = [L for L in lengths if noise.level / L + rounding < share]
    if not usable and rounding < share:
        usable = [2 * noise.level / (share - rounding)]
    usable = [L for L in usable if L <= 1.0]
    for length in usable:
        here = params
        if side:
            here = displace(params, direction.vectors(params), 2 * side * length)
        found = yield from walk(here, direction, gradient, length, noise, rounding)
        if not isfinite(found.residual):
            return None
        if abs(found.residual) <= share:
            return False
    return True if usable else None


def gradient_rounding(
    params: Params,
    directions: Sequence[Direction],
    line: Direction,
    gradient: GradientAt,
    spacing: float,
) -> list[float]:
    """Measure how far rounding makes ``g . v`` stray, for each of `directions`.

    Parameters
    ----------
    line : Direction
        Moves every parameter.
    spacing : float
        Relative; eight points are taken on one side along `line`.

    Returns
    -------
    list of float
        Half-widths: six standard deviations.
    """
    vectors = line.vectors(params)
    points = (displace(params, vectors, spacing * place) for place in range(1, 9))
    rows = [
        [project(v, params, grads)[0] for v in directions]
        for grads in gradients_at(gradient, points)
    ]
    return [6 * _deviation(column) for column in np.array(rows).T]


def _deviation(values: Array) -> float:
    """Return the noise of `values`; the median second difference if a kink shows."""
    sigma = ecnoise(values)
    if sigma is not None and np.isfinite(sigma):
        return sigma
    bends = np.abs(np.diff(values, 2))
    return float(np.median(bends)) / sqrt(6.0)
