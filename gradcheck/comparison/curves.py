"""Data for two plots a parameter: error against step, and Taylor remainders."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.comparison.weighing import Finding
from gradcheck.numeric.directions import Ray
from gradcheck.numeric.ladder import CAP, Rungs
from gradcheck.numeric.plans import Plan, gather

_MORE = 4  # larger steps, for the plots alone


def draw_curves(findings: Mapping[str, Finding]) -> Plan[dict[str, dict[str, Any]]]:
    """Return, for every parameter that was probed, the curves of its first direction.

    Returns
    -------
    dict
        By parameter: ``steps``; ``measured``, the central difference of each step;
        ``width``, its noise; ``analytic``, the slope by the gradient; ``error``, their
        distance as a share of the gradient's norm; ``remainders``,
        ``|f(x + h v) - f(x) - h g.v|``; ``order``, the power of the step that the
        remainders follow: 2 for a right gradient, 1 for a wrong one; None where noise
        hides it. Lists and numbers only.
    """
    probed = {
        name: finding
        for name, finding in findings.items()
        if finding.block.probes and finding.block.probes[0].slope.rungs is not None
    }
    curves = yield from gather(_curve(finding) for finding in probed.values())
    return dict(zip(probed, curves, strict=True))


def _curve(finding: Finding) -> Plan[dict[str, Any]]:
    scene, probe = finding.scene, finding.block.probes[0]
    rungs = probe.slope.rungs
    assert rungs is not None
    if rungs.steps[-1] < CAP:
        steps = np.geomspace(rungs.steps[-1], CAP, _MORE + 1)[1:]
        ray = Ray(scene.params, probe.direction, [*steps, *(-steps)])
        plus, minus = np.split((yield ray).real, 2)
        rungs = rungs.joined(Rungs(steps, plus, minus))
    error = np.abs(rungs.slopes - probe.analytic) / (finding.block.size or 1.0)
    remainders = np.abs(rungs.plus - scene.origin - rungs.steps * probe.analytic)
    return {
        "steps": _plain(rungs.steps),
        "measured": _plain(rungs.slopes),
        "width": _plain(2 * scene.noise.level / rungs.steps),
        "analytic": float(probe.analytic),
        "error": _plain(error),
        "remainders": _plain(remainders),
        "order": _order(rungs.steps, remainders, scene.noise.level),
    }


def _order(steps: Array, remainders: Array, noise: float) -> float | None:
    """Return the power of the step that the remainders follow, clear of noise."""
    clear = np.isfinite(remainders) & (remainders > 100 * noise)
    if np.count_nonzero(clear) < 3:
        return None
    x, y = np.log(steps[clear][:5]), np.log(remainders[clear][:5])
    return float(np.median(np.diff(y) / np.diff(x)))


def _plain(values: Array) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
