"""The numerical gradient of a function of named arrays."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal, TypeAlias

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.errors import GradcheckError
from gradcheck.numeric.certificate import certify
from gradcheck.numeric.complex_step import STEP, complex_slope, strict
from gradcheck.numeric.directions import Axis, Seeded, measure_scale, project
from gradcheck.numeric.ladder import RATIO, Slope, climb
from gradcheck.numeric.noise import measure_noise
from gradcheck.numeric.plans import Driver, Plan, gather
from gradcheck.numeric.stencils import EPS, Shifts, central, richardson
from gradcheck.structure import name_leaves

Method: TypeAlias = Literal["auto", "central", "richardson", "complex"]
METHODS = ("auto", "central", "richardson", "complex")

_WITNESSED = 6  # directions in which complex steps must agree with ladders


@dataclass(frozen=True, slots=True, eq=False)
class NumericGradient:
    """A gradient found by evaluating the function alone.

    Attributes
    ----------
    values : same structure as the parameters
        The derivative by each entry.
    errors : same structure as the parameters
        Half-width, entry by entry, of the interval that holds the derivative.
    method : str
        The method that was used.
    evaluations : int
        How often the function was evaluated.
    """

    values: Any
    errors: Any
    method: str
    evaluations: int


def numeric_gradient(
    f: Callable[[Any], Any], params: Any, *, method: Method = "auto"
) -> NumericGradient:
    """Differentiate `f` at `params` by evaluating it, and say how exactly.

    Parameters
    ----------
    f : callable
        Maps parameters, in the structure of `params`, to a scalar.
    params : dict, list, tuple or one array
        Point of evaluation, float64 or converted to it; left unchanged.
    method : {"auto", "central", "richardson", "complex"}, default="auto"
        ``"auto"``: a ladder of steps, 8 evaluations an entry or more, complex steps for
        the last digits where they agree; ``"central"``: 4, fixed steps;
        ``"richardson"``: 8, for smooth `f`; ``"complex"``: 1, and some 100 in all to
        see that the code lets imaginary parts through.

    Returns
    -------
    NumericGradient
        Values, errors, method and the number of evaluations. An infinite error marks a
        kink, or a place where no two steps agree.

    Raises
    ------
    GradcheckError
        If `params` are not real and finite, if `f` is not finite there, if the method
        is unknown, or if `f` does not let complex numbers through.

    Examples
    --------
    >>> result = numeric_gradient(lambda w: float(w @ w), np.array([1.0, 2.0]))
    >>> result.values.round(6)
    array([2., 4.])
    """
    if method not in METHODS:
        raise GradcheckError(
            f"method = {method!r}, but should be one of {', '.join(METHODS)}"
        )
    named, structure = name_leaves(params)

    def evaluate(points: Iterable[Params]) -> Array:
        return np.array([_scalar(f(structure.rebuild(point))) for point in points])

    driver = Driver(strict(evaluate))
    origin = driver.run(_value_at(named))
    if not np.isfinite(origin):
        raise GradcheckError(
            f"f(params) = {origin}, but should be a finite number"
            + (f" ({driver.complaint})" if driver.complaint else "")
        )
    if method == "auto":
        method_used, table = driver.run(measure_all(named, origin))
    elif method == "complex":
        method_used, table = method, driver.run(_witness_all(named, origin))
    else:
        method_used, table = method, driver.run(_stencil_all(named, method))
    return NumericGradient(
        structure.rebuild(table.values),
        structure.rebuild(table.errors),
        method_used,
        driver.evaluations,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Every entry's derivative and the half-width of its interval, by parameter."""

    values: dict[str, Array]
    errors: dict[str, Array]


def empty_table(params: Params) -> Table:
    """Return a table of zeros shaped like `params`."""
    return Table(
        {name: np.zeros(x.shape) for name, x in params.items()},
        {name: np.zeros(x.shape) for name, x in params.items()},
    )


def _scalar(value: Any) -> Any:
    """Return the one number in `value`."""
    array = np.asarray(value)
    if array.size != 1:
        raise GradcheckError(
            f"f returned an array of shape {array.shape}, but should return a scalar"
        )
    return array.reshape(())[()]


def _value_at(params: Params) -> Plan[float]:
    values = yield [params]
    return float(values[0])


def entries(params: Params) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and index of every entry."""
    for name, x in params.items():
        for index in np.ndindex(x.shape):
            yield name, index


def _stencil_all(params: Params, method: str) -> Plan[Table]:
    """Differentiate by every entry with steps that are fixed shares of its scale."""
    scale, table = measure_scale(params), empty_table(params)
    for name, index in entries(params):
        unit = scale.entry(params, name, index)
        if method == "central":
            plan = central(params, name, index, EPS ** (1 / 3) * unit)
        else:
            plan = richardson(params, name, index, 0.02 * unit)
        table.values[name][index], table.errors[name][index] = yield from plan
    return table


def measure_all(params: Params, origin: float) -> Plan[tuple[str, Table]]:
    """Measure every entry up a ladder; refine by complex steps where they agree.

    Parameters
    ----------
    params : mapping of str to ndarray of float64
        The point.
    origin : float
        The loss there.

    Returns
    -------
    method : str
        ``"ladder"``, or ``"ladder+complex"`` if complex steps lay inside the intervals
        of every entry: they are the values then, and the errors stay the ladder's.
    table : Table
        At a kink the error is infinite.
    """
    scale = measure_scale(params)
    noise = yield from measure_noise(
        params, Seeded(tuple(params), scale, (0,)), slope=0.0, origin=origin
    )
    table = empty_table(params)
    for name, x in params.items():
        if not x.size:
            continue
        line = Seeded((name,), scale, (1,))
        lead = yield from climb(params, line, origin, noise, 0.0)
        size = abs(lead.value) / sqrt(x.size) if lead.status == "measured" else 0.0
        slopes = yield from gather(
            climb(
                params,
                Axis(name, index, scale),
                origin,
                noise,
                size,
                start=lead.step / RATIO if size else None,
                rungs=4,
            )
            for index in np.ndindex(x.shape)
        )
        for index, slope in zip(np.ndindex(x.shape), slopes, strict=True):
            unit = scale.entry(params, name, index)
            table.values[name][index] = _best_guess(slope) / unit
            table.errors[name][index] = slope.error / unit
    exact = yield from _complex_all(params)
    inside = all(
        (np.abs(exact[name] - table.values[name]) <= table.errors[name]).all()
        for name in params
    )
    if inside and any(x.size for x in exact.values()):
        return "ladder+complex", Table(exact, table.errors)
    return "ladder", table


def _best_guess(slope: Slope) -> float:
    """Return the slope; at a kink, or where nothing agrees, that of the least step."""
    if slope.status == "measured" or slope.rungs is None:
        return slope.value
    return float(slope.rungs.slopes[0])


def _complex_all(params: Params) -> Plan[dict[str, Array]]:
    """Take a complex step in every entry; NaN throughout if the first is refused."""
    scale, values = measure_scale(params), empty_table(params).values
    refused = False
    for name, index in entries(params):
        h = STEP * scale.entry(params, name, index)
        point = complex(params[name][index], h)
        slope = np.array([np.nan])
        if not refused:
            request = Shifts(params, name, index, (point,))
            slope = yield from complex_slope(request, h)
            refused = not np.isfinite(slope).all()
        values[name][index] = slope[0]
    return values


def _witness_all(params: Params, origin: float) -> Plan[Table]:
    """Take complex steps, and believe them as far as ladders bear them out.

    Raises
    ------
    GradcheckError
        If the loss is not complex, or ladders contradict the complex steps.
    """
    scale, values = measure_scale(params), (yield from _complex_all(params))
    if not all(np.isfinite(x).all() for x in values.values()):
        raise GradcheckError(
            'method = "complex", but f does not return a complex number for complex '
            "parameters: use another method"
        )
    names, tau = tuple(params), 0.0
    noise = yield from measure_noise(
        params, Seeded(names, scale, (0,)), slope=0.0, origin=origin
    )
    for place in range(_WITNESSED):
        line = Seeded(names, scale, (2, place))
        slope = yield from climb(params, line, origin, noise, 0.0)
        claim, magnitude = project(line, params, values)
        gap, allowed = abs(claim - slope.value), slope.error + 4 * EPS * magnitude
        if not gap <= allowed:
            raise GradcheckError(
                f'method = "complex" gives a slope of {claim:.6g} along a random '
                f"direction, but differences give {slope.value:.6g} +- {allowed:.1g}: "
                "abs, norm, std or conj may have dropped an imaginary part"
            )
        tau = max(tau, gap + allowed)
    rho = certify(tau, _WITNESSED, 1e-6)
    errors = {
        name: rho / np.maximum(np.abs(x), scale.floors[name])
        for name, x in params.items()
    }
    return Table(values, errors)
