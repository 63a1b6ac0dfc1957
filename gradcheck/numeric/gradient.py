"""The numerical gradient of a function of named arrays."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.errors import GradcheckError
from gradcheck.numeric.complex_step import STEP, complex_slope, strict
from gradcheck.numeric.directions import Scale, measure_scale
from gradcheck.numeric.plans import Driver, Plan
from gradcheck.numeric.stencils import EPS, Shifts, central, richardson
from gradcheck.structure import name_leaves

Method: TypeAlias = Literal["auto", "central", "richardson", "complex"]
METHODS = ("auto", "central", "richardson", "complex")


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
        ``"central"``: 4 evaluations an entry; ``"richardson"``: 8, for smooth `f`;
        ``"complex"``: 1, exact, for code that lets complex numbers through.

    Returns
    -------
    NumericGradient
        Values, errors, method and the number of evaluations.

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
    chosen = "richardson" if method == "auto" else method
    values, errors = driver.run(table(named, chosen))
    return NumericGradient(
        structure.rebuild(values), structure.rebuild(errors), chosen, driver.evaluations
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


def table(
    params: Params, method: str
) -> Plan[tuple[dict[str, Array], dict[str, Array]]]:
    """Differentiate by every entry of `params`; return values and errors by name."""
    scale = measure_scale(params)
    values = {name: np.zeros(x.shape) for name, x in params.items()}
    errors = {name: np.zeros(x.shape) for name, x in params.items()}
    for name, index in entries(params):
        one = _one_entry(params, scale, name, index, method)
        values[name][index], errors[name][index] = yield from one
    return values, errors


def _one_entry(
    params: Params, scale: Scale, name: str, index: tuple[int, ...], method: str
) -> Plan[tuple[float, float]]:
    unit = scale.entry(params, name, index)
    if method == "complex":
        h = STEP * unit
        point = complex(params[name][index], h)
        (slope,) = yield from complex_slope(Shifts(params, name, index, (point,)), h)
        return float(slope), 8 * EPS * abs(float(slope))
    if method == "central":
        return (yield from central(params, name, index, EPS ** (1 / 3) * unit))
    return (yield from richardson(params, name, index, 0.02 * unit))
