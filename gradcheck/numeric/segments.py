"""Segments of several lengths: what they prove of a gradient, and what of a mistake.

A right gradient agrees with the loss on a segment that is short enough for its
curvature and kinks, and the longer that is, the less noise matters. A wrong one leaves
the same residual on all of them, while what quadrature over a kink leaves depends on
the length and on the nodes.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from math import hypot, inf

from gradcheck._typing import Params
from gradcheck.numeric.directions import Axis, Direction, Explicit, displace, project
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.path import (
    HALVES,
    WHOLE,
    GradientAt,
    Segment,
    mean_slope,
    walk,
)
from gradcheck.numeric.plans import Plan
from gradcheck.numeric.quadrature import CUTS, OTHER_CUTS, integrate

LENGTHS = (0.3, 0.1, 0.03, 0.012, 6e-3, 3e-3, 1.2e-3, 1e-4)
"""Half-lengths of the segments on which a gradient is tested, longest first."""

ALONE = (0.1, 0.03, 0.012, 6e-3, 1.2e-3, 1e-4)
"""Half-lengths along a single entry, whose kinks are few."""

_STEADY = 1.3  # how much the residual of a wrong gradient may vary, beside noise


def sharpen(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    noise: Noise,
    rounding: float,
    middle: float,
    ceiling: float,
    lengths: Sequence[float] = LENGTHS,
    longer: Sequence[float] = (),
) -> Plan[tuple[Segment, ...]]:
    """Test the gradient on shorter and shorter segments, until two tell the same.

    One on which it agrees is enough; of those on which it does not, two lengths that
    leave the same residual.

    Parameters
    ----------
    middle : float
        ``g . v`` at the point.
    ceiling : float
        Segments whose tolerance exceeds it are not asked.
    lengths : sequence of float
        Half-lengths, longest first.
    longer : sequence of float
        Half-lengths to try next where the first shows an error, and no kink.

    Returns
    -------
    tuple of Segment
        Those tried, longest first.
    """
    tried: list[Segment] = []
    waiting = list(lengths)
    while waiting and noise.level / waiting[0] + rounding <= ceiling:
        length = waiting.pop(0)
        found = yield from walk(
            params, direction, gradient, length, noise, rounding, WHOLE, middle
        )
        if not found.agrees:
            found = _closer(params, direction, gradient, found)
        tried.append(found)
        tried.sort(key=lambda s: -s.length)
        if found.agrees or accusing(tried):
            break
        if len(tried) == 1 and _is_clear(found):
            waiting = [*longer, *waiting]
    return tuple(tried)


def _closer(
    params: Params, direction: Direction, gradient: GradientAt, segment: Segment
) -> Segment:
    """Integrate again, where five nodes do not agree with the loss.

    Along an entry by itself kinks are few and found; else six nodes have to do.
    """
    if isinstance(direction, Axis):
        return integrated(params, direction, gradient, segment)
    slope = mean_slope(params, direction, gradient, segment.length, HALVES)
    residual = slope - segment.secant
    spread = abs(residual - segment.residual)
    return replace(segment, residual=residual, spread=spread)


def integrated(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    segment: Segment,
    cuts: tuple[float, ...] = CUTS,
) -> Segment:
    """Return a segment with its kinks found and integrated around."""
    vectors = direction.vectors(params)
    along = Explicit(vectors)

    def slope(t: float) -> float:
        return project(along, params, gradient(displace(params, vectors, t)))[0]

    mean, doubt = integrate(slope, segment.length, segment.tolerance / 4, cuts)
    return replace(segment, residual=mean - segment.secant, spread=doubt)


def allowance(tried: Sequence[Segment]) -> float:
    """Return how far the gradient's slope may be off, going by the segments tried.

    Where none agrees, kinks have spoilt the quadrature; two lengths are not spoilt
    alike, so twice the larger of two residuals covers what the quadrature may hide.
    """
    proofs = [abs(s.residual) + s.tolerance for s in tried if s.agrees]
    if proofs:
        return min(proofs)
    sums = [
        2 * max(abs(a.residual), abs(b.residual)) + b.tolerance
        for a, b in pairwise(tried)
    ]
    return min(sums, default=inf)


def accusing(tried: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the shortest segments that leave one residual, clear of noise.

    Empty where there are not two such; one of them is clear by a factor of 4 at least.
    """
    clear = [s for s in tried if _is_clear(s) and abs(s.residual) > 2 * s.tolerance]
    for count in (3, 2):
        last = tuple(clear[-count:])
        sure = any(abs(s.residual) > 4 * s.tolerance for s in last)
        if len(last) == count and sure and _alike(last):
            return last
    return ()


def _is_clear(segment: Segment) -> bool:
    """Whether two ways of integrating tell the same of a segment: no kink shows."""
    share = (_STEADY - 1) * abs(segment.residual)
    return segment.spread <= share + segment.tolerance


def _alike(segments: Sequence[Segment]) -> bool:
    """Whether all residuals are the same, but for noise and a share of 30 %."""
    signs = {s.residual > 0 for s in segments}
    return len(signs) == 1 and all(
        abs(a.residual - b.residual)
        <= (_STEADY - 1) * min(abs(a.residual), abs(b.residual))
        + hypot(a.tolerance, b.tolerance)
        for a, b in combinations(segments, 2)
    )


def is_steady(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    tried: Sequence[Segment],
) -> bool:
    """Whether segments leave the same residual, however long and finely integrated.

    What quadrature over kinks leaves changes with the length and with the nodes; what a
    wrong gradient leaves does not. Needs two lengths that are clear of noise; costs no
    further loss.
    """
    accusers = list(accusing(tried))
    seen = []
    for segment in accusers:
        found = integrated(params, direction, gradient, segment, OTHER_CUTS)
        seen.append(found)
        if not (_is_clear(found) and _alike([*accusers, *seen])):
            return False
    return bool(accusers)


def confirm(
    params: Params,
    direction: Direction,
    gradient: GradientAt,
    noise: Noise,
    rounding: float,
    tried: Sequence[Segment],
) -> Plan[bool]:
    """Whether two more lengths leave the same residual as those that accuse."""
    accusers = accusing(tried)
    if len(accusers) < 2:
        return False
    longest, shortest = accusers[0].length, accusers[-1].length
    seen = list(accusers)
    for share in (1 / 3, 2 / 3):
        length = shortest * (longest / shortest) ** share
        found = yield from walk(
            params, direction, gradient, length, noise, rounding, WHOLE
        )
        found = integrated(params, direction, gradient, found)
        seen.append(found)
        if not (_is_clear(found) and _alike(seen)):
            return False
    return True
