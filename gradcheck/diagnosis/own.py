"""Facts about a gradient beside a loss that no reference has: its own derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck._typing import Array
from gradcheck.diagnosis.case import Case
from gradcheck.diagnosis.fixed import diagnose_fixed
from gradcheck.diagnosis.records import Finding
from gradcheck.problem import Problem

_ENTRIES = 400
_H = 3e-5


def own_facts(case: Case) -> list[Finding]:
    """Compare the gradient with the derivative of its own loss, at reading points.

    By central differences, error about 1e-8; this only describes, it does not judge.
    The loss alone is asked where it can be, many points at once.
    """
    found = []
    for problem in case.plan.reading:
        answer = case.accused.at(problem)
        entries = sum(np.size(p) for p in problem.params.values())
        if not answer.grads or entries > _ENTRIES:
            return []
        numeric = _derivative(case, problem)
        if numeric is None:
            return []
        size = max(float(np.abs(n).max(initial=0.0)) for n in numeric.values())
        errors = dict.fromkeys(numeric, 1e-7 * max(size, 1e-2))
        found.append((problem.params, answer.grads, numeric, errors))
    if not found:
        return []
    return list(diagnose_fixed(*found[0], more=found[1:], elsewhere=True).findings)


def _derivative(case: Case, problem: Problem) -> dict[str, Array] | None:
    """Return the derivative of the loss by every parameter; None if it fails."""
    points, places = [], []
    for name, value in problem.params.items():
        for at in np.ndindex(np.shape(value)):
            for h in (_H, -_H):
                params = {
                    k: np.array(v, dtype=float) for k, v in problem.params.items()
                }
                params[name][at] += h
                points.append(params)
            places.append((name, at))
    losses = _losses(case, points, problem)
    if losses is None or not np.isfinite(losses).all():
        return None
    numeric = {k: np.zeros(np.shape(v)) for k, v in problem.params.items()}
    slopes = (losses[:, 0] - losses[:, 1]) / (2 * _H)
    for (name, at), value in zip(places, slopes, strict=True):
        numeric[name][at] = value
    return numeric


def _losses(case: Case, points: list[Any], problem: Problem) -> Array | None:
    """Ask for the losses at all the points, at once if the function can."""
    many: Callable[..., Any] | None = getattr(case.accused.function, "losses", None)
    try:
        if many is not None:
            values = many(points, problem.X, problem.y, problem.reg)
        else:
            values = [
                case.accused.function(
                    p, problem.X.copy(), problem.y.copy(), problem.reg
                )[0]
                for p in points
            ]
        flat = [float(np.real(np.asarray(v).reshape(-1)[0])) for v in values]
        return np.array(flat).reshape(-1, 2) if len(flat) == len(points) else None
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # it failed before, too: then nothing is said
        return None
