"""Where inputs cannot be chosen: least squares over the entries that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.diagnosis.numerals import lines, multiple, numerals, percent
from gradcheck.diagnosis.records import Diagnosis, Finding
from gradcheck.faults.catalogue import CATALOGUE

_RELATIVE = 1e-7


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """One point of a black box.

    Attributes
    ----------
    params, analytic, numeric : mapping of str to ndarray
        The point, the submitted gradient, and the measured derivative.
    errors : mapping of str to ndarray or float
        Half-widths of the intervals that hold the derivative.
    """

    params: Params
    analytic: Params
    numeric: Params
    errors: Mapping[str, Any]


def diagnose_fixed(
    params: Params,
    analytic: Params,
    numeric: Params,
    errors: Mapping[str, Any] | None = None,
    *,
    more: Sequence[tuple[Params, Params, Params, Mapping[str, Any] | None]] = (),
    elsewhere: bool = False,
) -> Diagnosis:
    """Describe how a gradient differs from the derivative measured at given points.

    Tries, for each parameter and with as few terms as possible: zero, all entries
    equal, a transpose, another parameter's gradient, a common factor, a multiple of
    the parameter added (a penalty), a constant added, a factor and a penalty.

    Parameters
    ----------
    params, analytic, numeric : mapping of str to ndarray
        The point, the submitted gradient and the measured derivative, by name.
    errors : mapping of str to ndarray or float, optional
        Half-widths of the derivative's intervals; 1e-7 of its size by default.
    more : sequence of tuples
        The same four for further points. Coefficients must then agree at all of them,
        which is what makes a factor a finding and not a coincidence.
    elsewhere : bool, default=False
        Whether the points have other shapes than the reader knows.

    Examples
    --------
    >>> p, n = {"w": np.array([3.0, 4.0, 5.0])}, {"w": np.array([1.0, 2.0, 7.0])}
    >>> found = diagnose_fixed(p, {"w": 0.5 * n["w"]}, n)
    >>> found.findings[0].statement
    "w's gradient is 0.500 of the derivative, at this point"
    """
    first = (params, analytic, numeric, errors)
    points = [
        FixedPoint(p, a, n, {} if e is None else e) for p, a, n, e in (first, *more)
    ]
    found: list[Finding] = []
    done: set[str] = set()
    for pair in _swapped(points):
        found.append(_named("keys-swapped", pair, "each has the other's numbers"))
        done |= set(pair)
    for name in params:
        if name not in done:
            finding = _describe(points, name, elsewhere)
            found += [finding] if finding else []
    right = not found
    return Diagnosis(findings=tuple(found), right=right, explained=False)


def _array(values: Params, name: str) -> Array:
    return np.asarray(values.get(name, np.nan), dtype=float)


def _tolerance(point: FixedPoint, name: str) -> float:
    error = np.asarray(point.errors.get(name, 0.0), dtype=float)
    finite = error[np.isfinite(error)]
    numeric = _array(point.numeric, name)
    size = float(np.abs(numeric[np.isfinite(numeric)]).max(initial=0.0))
    largest = float(np.abs(finite).max(initial=0.0))
    return max(3.0 * largest, _RELATIVE * size, 1e-12)


def _close(one: Array, other: Array, tolerance: float) -> bool:
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= tolerance))


def _everywhere(points: Sequence[FixedPoint], name: str, test: Any) -> bool:
    return all(
        test(
            _array(p.analytic, name),
            _array(p.numeric, name),
            np.asarray(p.params[name], dtype=float),
            _tolerance(p, name),
        )
        for p in points
    )


def _swapped(points: Sequence[FixedPoint]) -> list[tuple[str, str]]:
    """Find pairs of parameters that have each other's gradient."""
    names = list(points[0].params)
    pairs = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if all(
                _close(
                    _array(p.analytic, one),
                    _array(p.numeric, other),
                    _tolerance(p, other),
                )
                and _close(
                    _array(p.analytic, other),
                    _array(p.numeric, one),
                    _tolerance(p, one),
                )
                and not _close(
                    _array(p.analytic, one), _array(p.numeric, one), _tolerance(p, one)
                )
                for p in points
            ):
                pairs.append((one, other))
    return pairs


def _named(name: str, parameters: tuple[str, ...], measured: str) -> Finding:
    fault = CATALOGUE[name]
    return Finding(name, parameters, measured, "", fault.title, fault.advice)


def _describe(
    points: Sequence[FixedPoint], name: str, elsewhere: bool
) -> Finding | None:
    """Describe one gradient; None if it is right at every point."""
    if _everywhere(points, name, lambda a, n, p, t: _close(a, n, t)):
        return None
    if name not in points[0].analytic:
        return _named("keys-missing", (name,), "it is absent")
    a, n = _array(points[0].analytic, name), _array(points[0].numeric, name)
    if not np.isfinite(a).all():
        bad = int((~np.isfinite(a)).sum())
        return _named("not-finite", (name,), f"{bad} of {a.size} entries")
    if _everywhere(points, name, lambda a, n, p, t: a.ndim == 2 and _close(a.T, n, t)):
        return _named("transposed", (name,), f"shape {a.shape}")
    odd = [p for p in points if _gap(p, name) == np.inf]
    if odd:
        a, n = _array(odd[0].analytic, name), _array(odd[0].numeric, name)
        detail = f"got shape {a.shape}, but should be {n.shape}"
        return _named("shape-mismatch", (name,), detail)
    if _everywhere(points, name, lambda a, n, p, t: _reshaped(a, n, t)):
        return _named("reshaped", (name,), "the numbers stand in other places")
    if not any(np.any(_array(p.analytic, name)) for p in points):
        return _fact(name, "0", "", f"{name}'s gradient is zero, the derivative is not")
    worst = max(points, key=lambda p: _gap(p, name))
    a, n = _array(worst.analytic, name), _array(worst.numeric, name)
    return _fitted(points, name) or _pattern(
        a, n, _tolerance(worst, name), name, elsewhere
    )


def _gap(point: FixedPoint, name: str) -> float:
    a, n = _array(point.analytic, name), _array(point.numeric, name)
    return float(np.abs(a - n).max(initial=0.0)) if a.shape == n.shape else np.inf


def _reshaped(a: Array, n: Array, tolerance: float) -> bool:
    return a.ndim == 2 and _close(a, n.T.reshape(n.shape), tolerance)


def _fact(name: str, measured: str, expected: str, statement: str) -> Finding:
    return Finding("", (name,), measured, expected, statement)


def _fitted(points: Sequence[FixedPoint], name: str) -> Finding | None:
    """Fit a factor, a penalty, a constant, or the first two; fewest terms first."""
    sized = sum(_array(p.analytic, name).size for p in points)
    few = {1: "at this point", 2: "at both points"}
    where = few.get(len(points), f"at all {len(points)} points")
    factor = _solve(points, name, ("n",), ())
    if factor is not None and sized > 2:
        text = f"{name}'s gradient is {multiple(factor[0])} the derivative, {where}"
        return _fact(name, f"{factor[0]:.6g} x", "1 x", text)
    alone = _solve(points, name, ("p",), ())
    if alone is not None and sized > 2:
        text = f"{name}'s gradient is {numerals(alone[0], '.4g')} times {name}, and "
        return _fact(
            name,
            f"{alone[0]:.6g} times {name}",
            "",
            f"{text}nothing of the derivative's own, {where}",
        )
    for terms, words in ((("p",), f"times {name}"), (("1",), "")):
        found = _solve(points, name, terms, ("n",))
        if found is not None and sized > 2:
            text = f"{name}'s gradient is the derivative {_signed(found[0])} {words}"
            return _fact(
                name,
                f"{found[0]:.6g} {words}".strip(),
                "0",
                f"{text.rstrip()}, {where}",
            )
    both = _solve(points, name, ("n", "p"), ())
    if both is not None and sized > 3:
        text = (
            f"{name}'s gradient is {multiple(both[0])} the derivative"
            f" {_signed(both[1])} times {name}, {where}"
        )
        return _fact(name, f"{both[0]:.6g} x, {both[1]:.6g} times {name}", "1 x", text)
    return None


def _signed(value: float) -> str:
    return f"{'plus' if value > 0 else 'minus'} {abs(value):.4g}"


def _solve(
    points: Sequence[FixedPoint],
    name: str,
    terms: tuple[str, ...],
    given: tuple[str, ...],
) -> tuple[float, ...] | None:
    """Return common coefficients if they explain every entry of every point."""
    columns, targets, weights = [], [], []
    for p in points:
        parts = {
            "n": _array(p.numeric, name).reshape(-1),
            "p": np.asarray(p.params[name], dtype=float).reshape(-1),
        }
        parts["1"] = np.ones_like(parts["n"])
        target = _array(p.analytic, name).reshape(-1)
        columns.append(np.array([parts[t] for t in terms]).T)
        targets.append(target - sum((parts[g] for g in given), np.zeros_like(target)))
        weights.append(np.full(target.size, _tolerance(p, name)))
    matrix, target, tolerance = map(np.concatenate, (columns, targets, weights))
    if matrix.shape[0] <= len(terms) or not np.isfinite(matrix).all():
        return None
    scaled = matrix / tolerance[:, None]
    solution, _, rank, _ = np.linalg.lstsq(scaled, target / tolerance, rcond=1e-9)
    if rank < len(terms):
        return None
    allowed = tolerance * max(1.0, float(np.abs(solution).max()))
    if np.any(np.abs(matrix @ solution - target) > allowed):
        return None
    return tuple(map(float, solution))


def _pattern(
    a: Array, n: Array, tolerance: float, name: str, elsewhere: bool
) -> Finding:
    """Say which entries are wrong, if it is not all of them."""
    flat = a.reshape(-1)
    if a.ndim == 1 and a.size > 1 and np.all(flat == flat[0]):
        text = f"all the entries of {name}'s gradient are equal"
        return _fact(name, f"{flat[0]:.6g}", "", text)
    wrong = np.abs(a - n) > tolerance
    idle = (np.abs(a) <= tolerance) & (np.abs(n) <= tolerance)
    some = lines(wrong, idle, elsewhere=elsewhere) if a.ndim == 2 else ""
    if some:
        return _fact(name, "", "", f"{name}'s gradient is wrong in {some}")
    gap = float(np.linalg.norm(a - n) / (np.linalg.norm(n) or 1.0))
    text = f"{name}'s gradient is no multiple of the derivative; it is off by "
    return _fact(name, "", "", f"{text}{percent(gap)} of its size")
