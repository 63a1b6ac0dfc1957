"""The figures of a report, drawn from the data in `Report.curves`.

For every parameter ``curves[name]`` may hold, as `Report` describes it: ``entries``,
for the heat map of the entrywise error and the scatter of analytic against numeric;
``steps``, for the V-curve of error against step; ``taylor``, for the remainder, which
falls with the square of the step for a right gradient, with the step for a wrong one.

A figure whose data is absent or unusable is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any

from gradcheck.rendering import svg
from gradcheck.rendering.heatmap import heat_map


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing with its words.

    Attributes
    ----------
    title, caption : str
        What it shows, and how to read it.
    drawing : str
        SVG, safe to put into a page.
    """

    title: str
    caption: str
    drawing: str


def figures(curves: Mapping[str, Any], name: str) -> list[Figure]:
    """Return the figures of parameter `name` that the data allows."""
    mine = curves.get(name)
    made = []
    for draw in (heat_map_figure, scatter, v_curve, taylor):
        try:
            made.append(draw(mine, name))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):  # not there, or of another version
            continue
    return made


def heat_map_figure(curves: Mapping[str, Any], name: str) -> Figure:
    """Draw the relative error of each entry."""
    data = curves["entries"]
    drawing, words = heat_map(
        data["shape"],
        numbers(data["analytic"]),
        numbers(data["numeric"]),
        numbers(data["error"]),
        name,
    )
    return Figure("Error of each entry", words, drawing)


def scatter(curves: Mapping[str, Any], name: str) -> Figure:
    """Draw analytic against numeric, entry by entry, with the fitted slope."""
    data = curves["entries"]
    analytic, numeric = numbers(data["analytic"]), numbers(data["numeric"])
    points = [
        (n, a)
        for n, a in zip(numeric, analytic, strict=True)
        if isfinite(n) and isfinite(a)
    ]
    if not points:
        raise ValueError("no finite entry")
    x = svg.linear_axis([n for n, _ in points], svg.LEFT, svg.WIDTH - svg.RIGHT)
    y = svg.linear_axis([a for _, a in points], svg.HEIGHT - svg.BOTTOM, svg.TOP)
    low, high = max(x.low, y.low), min(x.high, y.high)
    body = svg.frame(x, y, "measured", "yours")
    body += svg.line([(low, low), (high, high)] if low < high else [], x, y, "ideal")
    body += svg.dots(_thinned(points), x, y, "dot")
    slope, spread = _slope(points)
    words = f"fitted slope {slope:.4g}"
    words += ", should be 1" if abs(slope - 1) > 1e-6 else ""
    if spread > 1e-6:
        words += f"; off that line by {spread:.0%} of the gradient"
    label = f"{name}: analytic against numeric gradient, {words}"
    return Figure("Yours against measured", words, svg.figure(body, label))


def v_curve(curves: Mapping[str, Any], name: str) -> Figure:
    """Draw the error against the step, with what rounding and truncation explain."""
    data = curves["steps"]
    h, error = numbers(data["h"]), numbers(data["error"])
    noise = numbers(data.get("noise") or [0.0] * len(h))
    bend = _bend(h, error, noise)
    truncation = [bend * step * step for step in h]
    best = [n + t for n, t in zip(noise, truncation, strict=True)]
    floor = 0.1 * min((e for e in (*error, *best) if _positive(e)), default=0.0)
    x, y = _log_axes(h, [e for e in (*error, *noise, *truncation) if e >= floor])
    points = list(zip(h, error, strict=True))
    body = svg.frame(x, y, "step h", "error")
    body += svg.line(list(zip(h, noise, strict=True)), x, y, "noise")
    body += svg.line(list(zip(h, truncation, strict=True)), x, y, "truncation")
    body += svg.line(points, x, y, "main") + svg.dots(points, x, y, "dot")
    least = min((e for e in error if isfinite(e)), default=float("nan"))
    words = "|measured \N{MINUS SIGN} yours| along one direction falls to "
    words += f"{_brief(least)}; dotted: rounding; dashed: truncation"
    if data.get("chosen"):
        place, bottom = x(float(data["chosen"])), svg.HEIGHT - svg.BOTTOM
        body += f'<path class="chosen" d="M{place:.1f} {svg.TOP}V{bottom}"/>'
        words += "; upright: the step used"
    label = f"{name}: error against step, {words}"
    return Figure("Error against step", words, svg.figure(body, label))


def taylor(curves: Mapping[str, Any], name: str) -> Figure:
    """Draw the Taylor remainder against the step beside slopes 1 and 2."""
    data = curves["taylor"]
    h, remainder = numbers(data["h"]), numbers(data["remainder"])
    points = list(zip(h, remainder, strict=True))
    top = max(point for point in points if _positive(point[1]))
    x, y = _log_axes(h, remainder)
    body = svg.frame(x, y, "step h", "remainder")
    for power, kind in ((1, "truncation"), (2, "noise")):
        guide = [(step, top[1] * (step / top[0]) ** power) for step in h]
        body += svg.line(guide, x, y, kind)
    body += svg.line(points, x, y, "main") + svg.dots(points, x, y, "dot")
    slope = data.get("slope")
    words = f"slope {float(slope):.2f}; " if slope is not None else ""
    words += "2 (dotted) for a right gradient, 1 (dashed) for a wrong one"
    label = f"{name}: Taylor remainder against step, {words}"
    return Figure("Taylor remainder", words, svg.figure(body, label))


def _bend(h: Sequence[float], error: Sequence[float], noise: Sequence[float]) -> float:
    """Return ``|f'''| / 6``, from the first steps whose errors differ beyond noise."""
    for i in range(2, len(h)):
        change = abs(error[i] - error[i - 2])
        if change > 10 * (noise[i] + noise[i - 2]):
            return change / abs(h[i] ** 2 - h[i - 2] ** 2)
    return 0.0


def numbers(values: Sequence[Any]) -> list[float]:
    """Return floats from JSON-safe numbers: None is NaN, and ``"inf"`` a word."""
    return [float("nan") if value is None else float(value) for value in values]


def _log_axes(h: Sequence[float], values: Sequence[float]) -> tuple[svg.Axis, svg.Axis]:
    x = svg.log_axis(h, svg.LEFT, svg.WIDTH - svg.RIGHT)
    return x, svg.log_axis(values, svg.HEIGHT - svg.BOTTOM, svg.TOP)


def _brief(value: float) -> str:
    """Return a number that no line break can tear apart."""
    return f"{value:.1e}".replace("-", "\N{MINUS SIGN}")


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return at most 400 of the points, evenly taken."""
    return points[:: max(1, -(-len(points) // 400))]


def _slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the least-squares slope through 0, and what it leaves unexplained."""
    square = sum(n * n for n, _ in points)
    slope = sum(n * a for n, a in points) / square if square else float("nan")
    size = hypot(*(a for _, a in points))
    rest = hypot(*(a - slope * n for n, a in points))
    return slope, rest / size if size and isfinite(slope) else 0.0
