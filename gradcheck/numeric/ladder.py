"""A slope and its measured error: central differences up a ladder of steps.

The smallest step comes first. Each difference gives an interval, its half-width the
noise of the loss over the step; the steps grow fourfold while all intervals so far have
a point in common. The first step that leaves it has met curvature or a kink, so the
slope is read one rung below the last that agreed. Rounding bounds the interval from
below and agreement bounds the truncation, so no constant has to be guessed.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.numeric.directions import Direction, Ray
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.plans import Plan

RATIO = 4.0
CAP = 0.3  # largest relative step
_FIRST = 1e-7  # share of the slope that the noise may be on the first rung
_RUNGS = 15
_WIDE = 4.0  # guard over noise that sends the ladder to smaller steps

Status: TypeAlias = Literal["measured", "kink", "blind"]


@dataclass(frozen=True, slots=True, eq=False)
class Rungs:
    """Losses at ``x + h v`` and ``x - h v`` for growing steps `h`."""

    steps: Array
    plus: Array
    minus: Array

    @property
    def slopes(self) -> Array:
        """Central differences, one a step."""
        return np.asarray((self.plus - self.minus) / (2 * self.steps))

    def joined(self, other: "Rungs") -> "Rungs":
        """Return these rungs with those of `other`, in order of their steps."""
        order = np.argsort(np.concatenate([self.steps, other.steps]))
        return Rungs(
            *(
                np.concatenate([a, b])[order]
                for a, b in (
                    (self.steps, other.steps),
                    (self.plus, other.plus),
                    (self.minus, other.minus),
                )
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """A directional derivative, measured.

    Attributes
    ----------
    value, error : float
        Centre and half-width of the interval that holds it; NaN and infinity where
        nothing could be measured.
    step : float
        The relative step on which it was read.
    status : {"measured", "kink", "blind"}
        ``"kink"``: the loss bends at the very point; ``"blind"``: no three steps agree.
    sides : str
        ``"both"``, or the one side on which the loss exists.
    rungs : Rungs
        What it was read from.
    exhausted : bool
        Whether the largest step still agreed, so larger ones might sharpen it.
    """

    value: float
    error: float
    step: float
    status: Status
    sides: str = "both"
    rungs: Rungs | None = field(default=None, repr=False)
    exhausted: bool = False


def accepted(slopes: Array, widths: Array) -> int:
    """Count the intervals, from the first, that all have a point in common."""
    low = np.maximum.accumulate(slopes - widths)
    high = np.minimum.accumulate(slopes + widths)
    bad = ~(low <= high)  # true for NaN
    return int(bad.argmax()) if bad.any() else len(slopes)


def is_kink(rungs: Rungs, origin: float, noise: float) -> bool:
    """Whether second differences say that the loss bends at the point itself.

    ``(f(h) + f(-h) - 2 f(0)) / h`` shrinks like `h` where the loss is smooth, and tends
    to the jump of the slope at a kink.
    """
    bends = np.abs(rungs.plus + rungs.minus - 2 * origin) / rungs.steps
    floor = 60 * noise / rungs.steps
    clear = bends > floor
    start = int(clear.argmax())
    first = bends[start : start + 3]
    if len(first) < 3 or not clear[start : start + 3].all():
        return False
    if start > 0 and floor[start - 1] < first[0] / 2:
        return False  # a smaller step would have shown it: it lies further away
    return bool(first[0] > 0.6 * first[1] and first[0] > 0.5 * first[2])


def read(rungs: Rungs, origin: float, noise: float) -> Slope:
    """Read the slope off a ladder.

    Parameters
    ----------
    rungs : Rungs
        Growing steps.
    origin : float
        The loss at the point itself.
    noise : float
        Half-width of the error of a loss.

    Notes
    -----
    With `m` the last rung accepted, the value is the difference of a rung ``k < m``:
    acceptance of ``k + 1`` bounds its truncation by 1.25 half-widths. A kink below
    every rung would shift all alike; it shows in the second differences
    ``S = J + c h``, so their extrapolated jump `J` is added to the error. The rung with
    the least error is taken.
    """
    both = np.isfinite(rungs.plus) & np.isfinite(rungs.minus)
    if not both[0] and np.isfinite(rungs.plus[0]) != np.isfinite(rungs.minus[0]):
        return _read_one_side(rungs, origin, noise)
    widths = 2 * noise / rungs.steps
    slopes = rungs.slopes
    count = accepted(slopes, widths)
    if is_kink(rungs, origin, noise):
        return Slope(np.nan, np.inf, rungs.steps[0], "kink", rungs=rungs)
    if count < 3:
        return Slope(np.nan, np.inf, rungs.steps[0], "blind", rungs=rungs)
    bends = (rungs.plus + rungs.minus - 2 * origin) / rungs.steps
    choices = [
        (float(2.5 * widths[k] + _jump(bends, widths, k)), k)
        for k in range(1, count - 1)
    ]
    error, place = min(choices)
    return Slope(
        float(slopes[place]),
        error,
        float(rungs.steps[place]),
        "measured",
        rungs=rungs,
        exhausted=count == len(slopes),
    )


def _jump(bends: Array, widths: Array, place: int) -> float:
    """Extrapolate second differences to the jump of a kink below the rung `place`."""
    upper = abs(RATIO * bends[place] - bends[place + 1]) / (RATIO - 1)
    lower = abs(RATIO * bends[place - 1] - bends[place]) / (RATIO - 1)
    clear = lower > 2 * RATIO * widths[place - 1]
    return float(max(upper, lower) if clear else upper)


def _read_one_side(rungs: Rungs, origin: float, noise: float) -> Slope:
    """Read the slope from the only side on which the loss exists.

    ``(16 (f(h) - f(0)) - (f(4h) - f(0))) / 12 h`` has an error in the square of `h`.
    """
    forward = bool(np.isfinite(rungs.plus[0]))
    sign = 1.0 if forward else -1.0
    rises = (rungs.plus if forward else rungs.minus) - origin
    steps = rungs.steps[:-1]
    slopes = sign * (16 * rises[:-1] - rises[1:]) / (12 * steps)
    widths = 6 * noise / steps
    count = accepted(slopes, widths)
    side = "forward" if forward else "backward"
    if count < 3:
        return Slope(np.nan, np.inf, rungs.steps[0], "blind", side, rungs)
    place = count - 2
    spread = abs(slopes[place] - slopes[place - 1])
    return Slope(
        float(slopes[place]),
        float(2.5 * widths[place] + spread),
        float(steps[place]),
        "measured",
        side,
        rungs,
    )


def climb(
    params: Params,
    direction: Direction,
    origin: float,
    noise: Noise,
    size: float,
    *,
    start: float | None = None,
    rungs: int = 5,
    grow: bool = True,
    cap: float = CAP,
) -> Plan[Slope]:
    """Measure the slope of the loss along `direction`.

    Parameters
    ----------
    params, direction
        The point, and where to go from it.
    origin : float
        The loss at the point.
    noise : Noise
        Of the loss.
    size : float
        Rough size of the slope, >= 0.
    start : float, optional
        Smallest step to try first; chosen from the noise and `size` by default.
    rungs : int, default=5
        Steps in the first request, two evaluations each.
    grow : bool, default=True
        Whether to add larger steps while all agree.
    cap : float, default=0.3
        Largest step.

    Returns
    -------
    Slope
        Smaller steps have been tried where the first ones did not agree.
    """
    least, highest = 64 * noise.eps, cap / RATIO ** (rungs - 1)
    scale = max(_FIRST * (size or abs(origin) or 1.0), np.finfo(float).tiny)
    first = noise.level / scale
    first = min(max(start or first, least), highest)
    done = yield from _ask(params, direction, first * RATIO ** np.arange(rungs))
    slope = read(done, origin, noise.level)
    while grow and slope.exhausted and len(done.steps) < _RUNGS:
        more = done.steps[-1] * RATIO ** np.arange(1, 3)
        more = more[more <= cap]
        if not more.size:
            break
        done = done.joined((yield from _ask(params, direction, more)))
        slope = read(done, origin, noise.level)
    for attempt in range(4):
        if _is_sharp(slope, noise.level) or done.steps[0] < RATIO * least:
            break
        more = 3 if attempt or rungs > 3 else 1
        lower = done.steps[0] / RATIO ** np.arange(more, 0, -1)
        done = done.joined((yield from _ask(params, direction, lower)))
        slope = read(done, origin, noise.level)
    return slope


def _is_sharp(slope: Slope, noise: float) -> bool:
    """Whether smaller steps could not sharpen the slope."""
    return slope.status == "measured" and (
        slope.error <= (2.5 + _WIDE) * 2 * noise / slope.step or slope.sides != "both"
    )


def _ask(params: Params, direction: Direction, steps: Array) -> Plan[Rungs]:
    values = yield Ray(params, direction, [*steps, *(-steps)])
    plus, minus = np.split(values.real, 2)
    return Rungs(steps, plus, minus)
