"""Data for two plots a parameter: error against step, and Taylor remainders."""

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.comparison.weighing import Finding
from gradcheck.numeric.directions import Ray
from gradcheck.numeric.ladder import CAP, Rungs
from gradcheck.numeric.plans import Plan, gather

_MORE = 4  # larger steps, for the plots alone


def draw_curves(
    findings: Mapping[str, Finding], more: bool = True, spare: float = inf
) -> Plan[dict[str, dict[str, Any]]]:
    """Return, for every parameter that was probed, the curves of its first direction.

    Parameters
    ----------
    findings : mapping of str to Finding
        What was found, by parameter.
    more : bool, default=True
        Whether to take four larger steps, for the plots alone.
    spare : float
        Losses that may be spent on that.

    Returns
    -------
    dict
        By parameter, lists and numbers only. ``"steps"``: ``h``; ``error``, of the
        difference along the direction against ``g . v``, absolute; ``noise``, its
        half-width; ``chosen``, the step the slope was read on. ``"taylor"``: ``h``;
        ``remainder``, ``|f(x + h v) - f(x) - h g.v|``; ``slope``, the power of the step
        that the remainders follow: 2 for a right gradient, 1 for a wrong one, None
        where noise hides it.
    """
    probed = {
        name: finding
        for name, finding in findings.items()
        if finding.block.probes and finding.block.probes[0].slope.rungs is not None
    }
    more = more and 2 * _MORE * len(probed) <= spare
    curves = yield from gather(_curve(finding, more) for finding in probed.values())
    return dict(zip(probed, curves, strict=True))


def _curve(finding: Finding, more: bool) -> Plan[dict[str, Any]]:
    scene, probe = finding.scene, finding.block.probes[0]
    rungs = probe.slope.rungs
    assert rungs is not None
    if more and rungs.steps[-1] < CAP:
        steps = np.geomspace(rungs.steps[-1], CAP, _MORE + 1)[1:]
        ray = Ray(scene.params, probe.direction, [*steps, *(-steps)])
        plus, minus = np.split((yield ray).real, 2)
        rungs = rungs.joined(Rungs(steps, plus, minus))
    errors = np.abs(rungs.slopes - probe.analytic)
    remainders = np.abs(rungs.plus - scene.origin - rungs.steps * probe.analytic)
    known = np.isfinite(errors)
    steps = rungs.steps[known]
    return {
        "steps": {
            "h": steps.tolist(),
            "error": errors[known].tolist(),
            "noise": (2 * scene.noise.level / steps).tolist(),
            "chosen": probe.slope.step if probe.slope.status == "measured" else None,
        },
        "taylor": {
            "h": steps.tolist(),
            "remainder": remainders[known].tolist(),
            "slope": _order(steps, remainders[known], scene.noise.level),
        },
    }


def _order(steps: Array, remainders: Array, noise: float) -> float | None:
    """Return the power of the step that the remainders follow, clear of noise."""
    clear = remainders > 100 * noise
    if np.count_nonzero(clear) < 3:
        return None
    x, y = np.log(steps[clear][:5]), np.log(remainders[clear][:5])
    return float(np.median(np.diff(y) / np.diff(x)))
