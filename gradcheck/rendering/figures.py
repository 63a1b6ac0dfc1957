"""The figures of a report, drawn from the data in `Report.curves`.

For every parameter ``curves[name]`` may hold, each part for itself:

``"entries"``
    ``shape``, ``analytic``, ``numeric`` and ``error`` (half-width of the interval that
    holds the derivative; may be absent), flat in C order: the heat map of the entrywise
    error, and the scatter of analytic against numeric.
``"steps"``
    ``h``, ``error`` (absolute, of the numeric derivative against the analytic one),
    ``noise`` and ``truncation`` (what rounding and the step contribute; may be absent),
    ``index`` and ``chosen``: the V-curve.
``"taylor"``
    ``h``, ``remainder`` and ``slope``: the Taylor remainder, which falls with the
    square of the step for a right gradient and only with the step for a wrong one.

A figure whose data is absent or unusable is left out.
"""

from collections.abc import Callable, Mapping, Sequence
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
    drawers: tuple[tuple[str, Callable[[Mapping[str, Any], str], Figure]], ...] = (
        ("entries", heat_map_figure),
        ("entries", scatter),
        ("steps", v_curve),
        ("taylor", taylor),
    )
    made = []
    for key, draw in drawers:
        data = mine.get(key) if isinstance(mine, Mapping) else None
        if data:
            try:
                made.append(draw(data, name))
            except (KeyError, TypeError, ValueError):  # data of another version
                continue
    return made


def heat_map_figure(data: Mapping[str, Any], name: str) -> Figure:
    """Draw the relative error of each entry."""
    drawing, words = heat_map(
        data["shape"],
        numbers(data["analytic"]),
        numbers(data["numeric"]),
        numbers(data.get("error") or [0.0] * len(data["analytic"])),
        name,
    )
    return Figure("Error of each entry", words, drawing)


def scatter(data: Mapping[str, Any], name: str) -> Figure:
    """Draw analytic against numeric, entry by entry, with the fitted slope."""
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
    if low < high:
        body += svg.line([(low, low), (high, high)], x, y, "ideal")
    body += svg.dots(_thinned(points), x, y, "dot")
    slope, spread = _slope(points)
    words = f"fitted slope {slope:.4g}"
    words += ", should be 1" if abs(slope - 1) > 1e-6 else ""
    if spread > 1e-6:
        words += f"; off that line by {spread:.0%} of the gradient"
    label = f"{name}: analytic against numeric gradient, {words}"
    return Figure("Yours against measured", words, svg.figure(body, label))


def v_curve(data: Mapping[str, Any], name: str) -> Figure:
    """Draw the error against the step, with what rounding and truncation explain."""
    h, error = numbers(data["h"]), numbers(data["error"])
    noise, truncation = (
        numbers(data.get(key) or []) for key in ("noise", "truncation")
    )
    best = [n + t for n, t in zip(noise, truncation, strict=False)]
    floor = 0.1 * min((e for e in (*error, *best) if _positive((e, 1.0))), default=0.0)
    x, y = _log_axes(h, [e for e in (*error, *noise, *truncation) if e >= floor])
    body = svg.frame(x, y, "step h", "error")
    body += svg.line(list(zip(h, noise, strict=False)), x, y, "noise")
    body += svg.line(list(zip(h, truncation, strict=False)), x, y, "truncation")
    points = list(zip(h, error, strict=True))
    body += svg.line(points, x, y, "main") + svg.dots(points, x, y, "dot")
    least = min((e for e in error if isfinite(e)), default=float("nan"))
    words = f"|numeric \N{MINUS SIGN} yours| falls to {_brief(least)}"
    if data.get("index"):
        words += f" at [{', '.join(map(str, data['index']))}]"
    if data.get("chosen"):
        place = x(float(data["chosen"]))
        bottom = svg.HEIGHT - svg.BOTTOM
        body += f'<path class="chosen" d="M{place:.1f} {svg.TOP}V{bottom}"/>'
        words += f"; vertical: the step used, {_brief(float(data['chosen']), 0)}"
    if noise or truncation:
        words += "; dotted: rounding; dashed: truncation"
    label = f"{name}: error against step, {words}"
    return Figure("Error against step", words, svg.figure(body, label))


def taylor(data: Mapping[str, Any], name: str) -> Figure:
    """Draw the Taylor remainder against the step beside slopes 1 and 2."""
    h, remainder = numbers(data["h"]), numbers(data["remainder"])
    points = list(zip(h, remainder, strict=True))
    x, y = _log_axes(h, remainder)
    body = svg.frame(x, y, "step h", "remainder")
    top = max((p for p in points if _positive(p)), default=None)
    if top is None:
        raise ValueError("no positive remainder")
    for power, kind in ((1, "truncation"), (2, "noise")):
        guide = [
            (step, top[1] * (step / top[0]) ** power)
            for step in sorted(step for step in h if step > 0)
        ]
        body += svg.line(guide, x, y, kind)
    body += svg.line(points, x, y, "main") + svg.dots(points, x, y, "dot")
    slope = data.get("slope")
    words = f"slope {float(slope):.2f}; " if slope is not None else ""
    words += "2 (dotted) for a right gradient, 1 (dashed) for a wrong one"
    label = f"{name}: Taylor remainder against step, {words}"
    return Figure("Taylor remainder", words, svg.figure(body, label))


def numbers(values: Sequence[Any]) -> list[float]:
    """Return floats from JSON-safe numbers, where ``"nan"`` and ``"inf"`` are words."""
    return [float(value) for value in values]


def _log_axes(h: Sequence[float], values: Sequence[float]) -> tuple[svg.Axis, svg.Axis]:
    x = svg.log_axis(h, svg.LEFT, svg.WIDTH - svg.RIGHT)
    return x, svg.log_axis(values, svg.HEIGHT - svg.BOTTOM, svg.TOP)


def _brief(value: float, digits: int = 1) -> str:
    """Return a number that no line break can tear apart."""
    return f"{value:.{digits}e}".replace("-", "\N{MINUS SIGN}")


def _positive(point: tuple[float, float]) -> bool:
    return all(isfinite(value) and value > 0 for value in point)


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
