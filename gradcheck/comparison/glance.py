"""A cheap look at a gradient that is known to be wrong nearby: is it wrong here too."""

from collections.abc import Collection

import numpy as np

from gradcheck._typing import Evaluate, Grads, Params
from gradcheck.comparison.scene import CountedGradient, as_gradient, set_scene, survey
from gradcheck.numeric.plans import Driver, Plan
from gradcheck.numeric.probes import Probe

_GLARING = 10  # tolerances
_SHARE = 1e-3  # of the size of the parameter's gradient


def looks_wrong(
    evaluate: Evaluate,
    params: Params,
    grads: Grads,
    *,
    names: Collection[str],
    seed: int = 0,
) -> bool:
    """Whether the gradient of a parameter is glaringly wrong along one direction.

    No judgement: a mistake may hide from one direction, and a kink may feign one. A
    tenth of the evaluations of `examine`, for a search that asks often.

    Parameters
    ----------
    evaluate, params, grads
        As in `examine`.
    names : collection of str
        The parameters to look at.
    seed : int, default=0
        Of the directions.

    Examples
    --------
    >>> def evaluate(points):
    ...     return np.array([float((p["x"] ** 2).sum()) for p in points])
    >>> x = np.array([1.0, 2.0])
    >>> looks_wrong(evaluate, {"x": x}, {"x": x}, names=["x"])
    True
    >>> looks_wrong(evaluate, {"x": x}, {"x": 2 * x}, names=["x"])
    False
    """
    origin = {name: np.asarray(x, dtype=np.float64) for name, x in params.items()}
    given = as_gradient(origin, grads)
    return Driver(evaluate).run(_look(origin, given, list(names), seed))


def _look(params: Params, grads: Grads, names: list[str], seed: int) -> Plan[bool]:
    unasked = CountedGradient(lambda _: grads)
    scene = yield from set_scene(params, grads, unasked, seed, 1e-6, None, None)
    seen = [n for n in names if params[n].size and np.isfinite(grads[n]).all()]
    if not np.isfinite(scene.origin) or len(seen) < len(names):
        return False
    blocks = yield from survey(scene, seen, count=1)
    return any(_glares(p, block.size) for block in blocks for p in block.probes)


def _glares(probe: Probe, size: float) -> bool:
    least = max(_GLARING * probe.tolerance, _SHARE * size)
    return probe.slope.status == "measured" and abs(probe.residual) > least
