"""What was measured, and what may be wrong with each penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.experiments.penalty import PenaltyPoint
from gradcheck.experiments.sections import Reader, Section, cost, project
from gradcheck.faults import Mistake, Pass, Specification, singles, table
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.catalogue.penalties import BIAS_ROW

Points = Mapping[str, tuple[PenaltyPoint, PenaltyPoint]]


@dataclass(slots=True)
class Measured:
    """What the reading points and the penalty points gave.

    Attributes
    ----------
    readers, grads, sections
        By reading point.
    points, penalties
        By parameter: the two points, and ``(g(reg) - g(0)) / reg`` at each.
    unexplained : list of (str, str)
        Stages that no mistake of the catalogue explains: stage and parameter.
    """

    readers: list[Reader]
    grads: list[Grads]
    points: Points
    penalties: Mapping[str, tuple[Array, Array]]
    exact: float = 1e-9
    sections: list[Section] = field(default_factory=list)
    unexplained: list[tuple[str, str]] = field(default_factory=list)


Option = tuple[tuple[Mistake, ...], tuple[float, float]]
"""What is wrong with one penalty, and its multiples of what that gives."""

_UNREAD = (np.nan, np.nan)


def penalty_options(measured: Measured, spec: Specification) -> list[list[Option]]:
    """List, by parameter, what may be wrong with its penalty, and its multiples."""
    options: list[list[Option]] = []
    for name in (*spec.network.weights, *spec.network.bias_names):
        seen = measured.penalties.get(name)
        if seen is None:
            options.append([((), _UNREAD)])
            continue
        fixed = 2.0 * spec.fixed.get(name, 0.0)
        rights = [
            (Pass(spec, p.on).penalised(name) - fixed * np.asarray(p.on.params[name]))
            / p.on.reg
            for p in measured.points[name]
        ]
        options.append(_one_penalty(measured, spec, name, seen, rights))
    return options


def _one_penalty(
    measured: Measured,
    spec: Specification,
    name: str,
    seen: tuple[Array, Array],
    rights: Sequence[Array],
) -> list[Option]:
    """Explain one penalty."""
    exact = 10 * measured.exact
    size = max(float(np.abs(s).max(initial=0.0)) for s in seen)
    if any(np.any(right) for right in rights):
        if size <= exact:
            return [((_missing(spec, name),), _UNREAD)]
        fits = [project(s, right) for s, right in zip(seen, rights, strict=True)]
        if all(residual <= exact for _, residual in fits):
            multiples = (fits[0][0], fits[1][0])
            if name not in spec.averaged:
                return [((), multiples)]
            counts = [p.on.X.shape[0] for p in measured.points[name]]
            whole = (multiples[0] / counts[0], multiples[1] / counts[1])
            kept = Mistake("penalty-averaged-in-loss", (name,))
            return [((), multiples), ((kept,), whole)]
        if name in spec.free:
            return _with_the_free_row(measured, spec, name, seen)
    elif size <= exact:
        if spec.fixed.get(name):
            return [((), _UNREAD), ((_missing(spec, name),), _UNREAD)]
        return [((), _UNREAD)]
    named = _named_penalty(measured, spec, name, seen)
    if not named:
        measured.unexplained.append(("penalty", name))
    return named or [((), _UNREAD)]


def _with_the_free_row(
    measured: Measured, spec: Specification, name: str, seen: tuple[Array, Array]
) -> list[Option]:
    """See whether the gradient penalises the row that the loss leaves free."""
    found = Mistake("penalty-on-biases", (name,), BIAS_ROW)
    slots = table(spec.network, [found])
    wholes = [
        Pass(spec, p.on, slots).penalised(name) / p.on.reg
        for p in measured.points[name]
    ]
    fits = [project(s, whole) for s, whole in zip(seen, wholes, strict=True)]
    if all(residual <= 10 * measured.exact for _, residual in fits):
        return [((found,), (fits[0][0], fits[1][0]))]
    measured.unexplained.append(("penalty", name))
    return [((), _UNREAD)]


def _missing(spec: Specification, name: str) -> Mistake:
    of_bias = name in spec.network.bias_names
    return Mistake("bias-penalty-missing" if of_bias else "penalty-missing", (name,))


def _named_penalty(
    measured: Measured, spec: Specification, name: str, seen: tuple[Array, Array]
) -> list[Option]:
    """Try everything that fills this parameter's penalty slot, constants fitted."""
    found: list[Option] = []
    for mistake in singles(spec.network.variant(penalty="half"), *_PENALTY_IDS):
        if mistake.sites != (name,) or not _allowed(mistake.id, spec, name):
            continue
        found += _fit_penalty(measured, spec, name, seen, mistake)
    return sorted(found, key=lambda option: cost(option[0]))[:4]


_PENALTY_IDS = (
    "penalty-on-biases",
    "penalty-missing-in-loss",
    "penalty-strength-missing-in-loss",
    "penalty-constant",
    "penalty-row-free",
)


def _allowed(name: str, spec: Specification, parameter: str) -> bool:
    penalised = bool(spec.penalty.get(parameter))
    if name in ("penalty-missing-in-loss", "penalty-on-biases"):
        return not penalised and not spec.fixed.get(parameter)
    if name == "penalty-strength-missing-in-loss":
        return bool(spec.fixed.get(parameter))
    return True


def _fit_penalty(
    measured: Measured,
    spec: Specification,
    name: str,
    seen: tuple[Array, Array],
    mistake: Mistake,
) -> list[Option]:
    """Return the mistake with a constant, or as it is with what multiplies it."""
    exact = 10 * measured.exact
    affine = CATALOGUE[mistake.id].constant == "affine"
    found: list[Option] = []
    usual = False
    for trial in [None, 1.0] if affine else [None]:
        chosen = replace(mistake, constant=trial)
        slots = table(spec.network, [chosen])
        parts = []
        for point in measured.points[name]:
            on, off = Pass(spec, point.on, slots), Pass(spec, point.off, slots)
            parts.append((on.penalised(name) - off.penalised(name)) / point.on.reg)
        fits = [project(s, part) for s, part in zip(seen, parts, strict=True)]
        if not all(residual <= exact for _, residual in fits):
            continue
        one, other = fits[0][0], fits[1][0]
        if trial is None:
            usual = max(abs(one - 1.0), abs(other - 1.0)) <= exact
            found.append(((chosen,), (one, other)))
        elif abs(one - other) <= exact * abs(one) and not usual:
            fitted = replace(chosen, constant=float(f"{one:.10g}"))
            found.append(((fitted,), (1.0, 1.0)))
    return found
