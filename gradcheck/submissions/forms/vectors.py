"""Whether a function of a vector returns its value and gradient, right or wrong."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from . import names, search
from .layers import Layer, sample
from .names import Function
from .trees import walk

SLOPE = re.compile(
    r"(.*_|^)(d|g|grad\w*|gradient\w*|der\w*|jac\w*|prime|nabla|slope)(_.*|$|\d)"
    r"|.*(grad|prime|deriv|jacobian).*|d[fFJLx]\w*|df|nabla\w*",
    re.I,
)
"""What people call a gradient, or a function that gives one."""

_OTHER_WORK = re.compile(
    r".*(normali[sz]|standardi|re_?scale|cent(er|re)|whiten|softmax|sort|clip|split"
    r"|sampl|solve|search|minimi|newton|iterat|predict|load|preproc|infer|encod).*"
    r"|test_.*|check_.*|plot_.*|numer.*",
    re.I,
)
_SIZES = ("D", "6", "C", "M")


def is_value(layer: Layer, function: Function) -> bool:
    """Whether a function returns a value of any vector, and an array of its shape.

    Then the array is the gradient that it gives, whatever its entries are; unless the
    text, or what it does to the vector, tells of other work.

    Parameters
    ----------
    layer : Layer
        The function, as it runs on one shape.
    function : Function
        Its text.
    """
    first = function.arguments[0]
    if len(layer.symbols[first]) != 1 or tells_otherwise(function):
        return False
    runs = 0
    for size in _SIZES:
        other = replace(layer, symbols={first: (size,)})
        try:
            found = search.quietly(partial(_is_gradient_like, other))
        except Exception:
            continue
        if not found:
            return False
        runs += 1
    return runs > 1


def tells_otherwise(function: Function) -> bool:
    """Whether the names of a function, or of what it returns, say no gradient."""
    _, second = function.returned()
    first = function.arguments[0]
    if second and (second != first or _assigns(function, first)):
        meant = SLOPE.fullmatch(second) or names.looks_like_gradient(second, first)
        return not meant
    if SLOPE.fullmatch(function.name):
        return False
    works = (_OTHER_WORK, names.STEP, names.FORWARD)
    return any(w.fullmatch(function.name) for w in works)


def _assigns(function: Function, name: str) -> bool:
    """Whether a function gives a name another value: ``x = x - step``."""
    return any(
        isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
        for n in walk(function.node)
    )


def _is_gradient_like(layer: Layer) -> bool:
    """Whether finite numbers come, the same each time, that change with the vector."""
    values = []
    for seed in (3, 4, 5):
        x = sample(layer.symbols, seed)
        value, grads = layer.run(x, None, None, True)
        again, _ = layer.run(x, None, None, False)
        array = next(iter(grads.values()))
        if not (np.isfinite(value) and np.isfinite(array).all() and value == again):
            return False
        if _is_preparation(value, array, next(iter(x.values()))):
            return False
        values.append(value)
    return len(set(values)) == len(values)


def _is_preparation(value: float, array: Any, x: Any) -> bool:
    """Whether a vector is shifted or scaled, and by what: ``mean, x - mean``."""
    if not any(np.isclose(value, s, rtol=1e-12) for s in _statistics(x)):
        return False
    own, other = x - x.mean(), array - array.mean()
    slope = float(own @ other) / float(own @ own)
    same = np.allclose(other, slope * own, rtol=1e-9, atol=1e-12)
    return slope != 0.0 and bool(same)


def _statistics(x: Any) -> Iterator[float]:
    for statistic in (np.mean, np.median, np.min, np.max, np.std):
        yield float(statistic(x))
    yield float(np.std(x, ddof=1)) if x.size > 1 else 0.0
