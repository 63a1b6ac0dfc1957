"""The little drawing that the figures need: axes with ticks, lines, dots, as SVG text.

Colours are classes, not values: the page's style sheet gives them, so that one figure
serves a light page, a dark page and paper. A figure takes about 0.1 ms and 2 kB.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isfinite, log10

WIDTH, HEIGHT = 280, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 36

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear or logarithmic scale from numbers to pixels.

    Attributes
    ----------
    low, high : float
        Ends of the scale, ``low < high``; of their logarithms if `log`.
    start, end : float
        Pixels of `low` and `high`.
    log : bool
        Whether numbers are placed by their decimal logarithm.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of `value`, a positive number if the axis is logarithmic."""
        place = log10(value) if self.log else value
        share = (place - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Return at most seven pixels with their labels, at round numbers."""
        span = self.high - self.low
        step = max(1.0, ceil(span / 6)) if self.log else _round_step(span / 4)
        first = ceil(self.low / step - 1e-9)
        places = [i * step for i in range(first, floor(self.high / step + 1e-9) + 1)]
        scale = (self.end - self.start) / span
        return [
            (
                self.start + (place - self.low) * scale,
                f"1e{round(place)}" if self.log else f"{place:.6g}",
            )
            for place in places
        ]


def log_axis(values: Iterable[float], start: float, end: float) -> Axis:
    """Return an axis in whole decades around the positive numbers among `values`."""
    places = [log10(value) for value in values if isfinite(value) and value > 0]
    low, high = floor(min(places, default=0.0)), ceil(max(places, default=0.0))
    return Axis(low, max(high, low + 1), start, end, log=True)


def linear_axis(values: Iterable[float], start: float, end: float) -> Axis:
    """Return an axis around the finite numbers among `values`, with a small margin."""
    finite = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    margin = 0.06 * (high - low) or 0.5 * abs(low) or 1.0
    return Axis(low - margin, high + margin, start, end)


def frame(x: Axis, y: Axis, x_label: str, y_label: str) -> str:
    """Draw grid, tick labels and axis labels."""
    parts = []
    for place, label in x.ticks():
        parts.append(f'<path class="grid" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(text(place, HEIGHT - BOTTOM + 13, label, "tick mid"))
    for place, label in y.ticks():
        parts.append(f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(text(LEFT - 4, place + 3, label, "tick end"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "axis mid"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis mid" transform="translate(10 {middle:.0f}) rotate(-90)">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def text(x: float, y: float, words: str, classes: str) -> str:
    """Draw words at a place."""
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def line(points: Points, x: Axis, y: Axis, classes: str) -> str:
    """Draw a line through those `points` that the axes can show."""
    shown = [(x(a), y(b)) for a, b in points if _shows(a, x) and _shows(b, y)]
    if len(shown) < 2:
        return ""
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in shown)
    return f'<path class="line {classes}" d="M{path}"/>'


def dots(points: Points, x: Axis, y: Axis, classes: str, radius: float = 2.5) -> str:
    """Draw a dot at each of the `points` that the axes can show."""
    shown = [(x(a), y(b)) for a, b in points if _shows(a, x) and _shows(b, y)]
    return "".join(
        f'<circle class="{classes}" cx="{a:.1f}" cy="{b:.1f}" r="{radius:g}"/>'
        for a, b in shown
    )


def figure(body: str, label: str, width: float = WIDTH, height: float = HEIGHT) -> str:
    """Wrap a drawing, with `label` for those who cannot see it."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


def _shows(value: float, axis: Axis) -> bool:
    if not isfinite(value) or (axis.log and value <= 0):
        return False
    place = log10(value) if axis.log else value
    return axis.low - 1e-9 <= place <= axis.high + 1e-9


def _round_step(step: float) -> float:
    """Return the next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))
