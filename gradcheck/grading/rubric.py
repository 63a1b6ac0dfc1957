"""Points from a report, by weights that the instructor writes down.

A report is marked item by item: the verdict as a whole, each parameter, the loss, each
law, each rule of conduct. An item has a weight and earns a share of it, and

    score = points * sum(weight * share) / sum(weight)

over the items of the submission. By default the verdict and each parameter weigh 1 and
all else 0, which is what `Report.score` computes too.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import fsum, prod
from pathlib import Path
from typing import Any

from gradcheck.errors import GradcheckError
from gradcheck.rendering.marks import Item
from gradcheck.report import Finding, Outcome, Report, Verdict

Weights = Mapping[str, float]

_SECTIONS: dict[str, tuple[str, ...] | None] = {
    "weights": ("verdict", "loss", "parameters", "laws", "hygiene"),
    "parameters": None,
    "laws": None,
    "hygiene": None,
    "credit": ("inconclusive", "mistakes"),
}


@dataclass(frozen=True, slots=True)
class Rubric:
    """What is worth how much.

    Attributes
    ----------
    points : float
        What a submission earns that is right in everything, > 0.
    digits : int
        Decimals that the score is rounded to.
    verdict, loss : float
        Weight of the gradient as a whole, and of the loss being the specified one.
    parameter, law, rule : float
        Weight of each one that is not named below.
    parameters, laws, hygiene : mapping of str to float
        Weights by name. A parameter named here counts also where it is missing.
    inconclusive : float
        Share that an inconclusive parameter or verdict earns, 0 to 1.
    mistakes : mapping of str to float
        Share that is left where this is the only mistake; several multiply.
    """

    points: float = 10.0
    digits: int = 2
    verdict: float = 1.0
    loss: float = 0.0
    parameter: float = 1.0
    law: float = 0.0
    rule: float = 0.0
    parameters: Weights = field(default_factory=dict)
    laws: Weights = field(default_factory=dict)
    hygiene: Weights = field(default_factory=dict)
    inconclusive: float = 0.0
    mistakes: Weights = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Eight letters that change with any weight: they stand in the results."""
        return sha256(repr(self).encode()).hexdigest()[:8]

    def mark(self, report: Report) -> tuple[tuple[Item, ...], float]:
        """Return the items, their points adding up to the score, and the score."""
        weighted = list(self._items(report))
        whole = fsum(item.max_points for item in weighted)
        scale = self.points / whole if whole else 0.0
        broken = report.verdict is Verdict.BROKEN or bool(report.refused)
        items = tuple(
            replace(
                item,
                points=0.0 if broken else item.points * scale,
                max_points=item.max_points * scale,
            )
            for item in weighted
        )
        score = round(fsum(item.points for item in items), self.digits)
        return items, score

    def _items(self, report: Report) -> Iterator[Item]:
        """Yield items in units of weight."""
        share, why = self._verdict_share(report)
        yield _item("verdict", self.verdict, share, why)
        for name in dict.fromkeys((*self.parameters, *report.parameters)):
            weight = self.parameters.get(name, self.parameter)
            yield _item(name, weight, *self._parameter_share(report, name))
        if self.loss and report.loss_verdict:
            share = float(report.loss_verdict == "specified")
            yield _item("loss", self.loss, share, report.loss_message)
        yield from _outcomes("law", report.laws, self.laws, self.law)
        yield from _outcomes("conduct", report.hygiene, self.hygiene, self.rule)

    def _verdict_share(self, report: Report) -> tuple[float, str]:
        if report.verdict is Verdict.CORRECT:
            return 1.0, ""
        if report.verdict is Verdict.BROKEN:
            return 0.0, report.message
        why = "; ".join(f"{f.id or 'measured'}: {f.statement}" for f in report.findings)
        why = why or report.message
        if report.verdict is Verdict.INCONCLUSIVE:
            return self.inconclusive, why
        return self._forgiven(report.findings), why

    def _parameter_share(self, report: Report, name: str) -> tuple[float, str]:
        found = report.parameters.get(name)
        if found is None:
            return 0.0, f"no gradient of {name} was found"
        why = "; ".join(filter(None, (found.places, found.detail)))
        if found.verdict is Verdict.CORRECT:
            return 1.0, why
        if found.verdict is Verdict.INCONCLUSIVE:
            return self.inconclusive, why or report.message
        if found.worst is not None:
            at = f"{name}{list(found.worst.index)}"
            numbers = f"{at} = {found.worst.analytic:.6g}"
            numbers += f", but should be {found.worst.numeric:.6g}"
            why = "; ".join(filter(None, (numbers, why)))
        touching = tuple(f for f in report.findings if name in f.parameters)
        return self._forgiven(touching), why

    def _forgiven(self, findings: tuple[Finding, ...]) -> float:
        """Share left by mistakes that are all verified and all listed; else 0."""
        known = [self.mistakes.get(f.id, 0.0) for f in findings if f.verified]
        return prod(known) if known and len(known) == len(findings) else 0.0


def read_rubric(path: Path) -> Rubric:
    """Read a rubric from a TOML file.

    Raises
    ------
    GradcheckError
        If it cannot be read, or says something that a rubric does not know.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GradcheckError(f"{path}: not a rubric: {error}") from error
    try:
        return _rubric(data)
    except GradcheckError as error:
        raise GradcheckError(f"{path}: {error}") from None


def _rubric(data: Mapping[str, Any]) -> Rubric:
    for key in data:
        if key not in (*_SECTIONS, "points", "digits"):
            known = ", ".join(("points", "digits", *(f"[{s}]" for s in _SECTIONS)))
            raise GradcheckError(f"{key!r} is unknown; a rubric knows {known}")
    parts = {name: data.get(name, {}) for name in _SECTIONS}
    for name, known_keys in _SECTIONS.items():
        if not isinstance(parts[name], Mapping):
            raise GradcheckError(f"{name} should be a section, [{name}]")
        for key in parts[name]:
            if known_keys is not None and key not in known_keys:
                raise GradcheckError(
                    f"{key!r} is unknown in [{name}], which knows "
                    f"{', '.join(known_keys)}"
                )
    weights = _numbers("weights", parts["weights"])
    credit = dict(parts["credit"])
    mistakes = _numbers("credit.mistakes", credit.pop("mistakes", {}), most=1.0)
    shares = _numbers("credit", credit, most=1.0)
    default = Rubric()
    digits = data.get("digits", default.digits)
    if not isinstance(digits, int) or not 0 <= digits <= 6:
        raise GradcheckError(
            f"digits = {digits!r}, but should be a whole number 0 to 6"
        )
    points = _numbers("points", {"points": data.get("points", default.points)})
    if not points["points"]:
        raise GradcheckError("points = 0, but should be more")
    return Rubric(
        points=points["points"],
        digits=digits,
        verdict=weights.get("verdict", default.verdict),
        loss=weights.get("loss", default.loss),
        parameter=weights.get("parameters", default.parameter),
        law=weights.get("laws", default.law),
        rule=weights.get("hygiene", default.rule),
        parameters=_numbers("parameters", parts["parameters"]),
        laws=_numbers("laws", parts["laws"]),
        hygiene=_numbers("hygiene", parts["hygiene"]),
        inconclusive=shares.get("inconclusive", default.inconclusive),
        mistakes=mistakes,
    )


def _numbers(section: str, data: Any, *, most: float = 1e9) -> dict[str, float]:
    """Read a section of numbers from 0 to `most`."""
    if not isinstance(data, Mapping):
        raise GradcheckError(f"{section} should be a section, [{section}]")
    for key, value in data.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= most:
            limit = "0 or more" if most > 1 else "from 0 to 1"
            raise GradcheckError(
                f"{key} = {value!r} in [{section}], but should be a number {limit}"
            )
    return {key: float(value) for key, value in data.items()}


def _item(name: str, weight: float, share: float, text: str) -> Item:
    if 0 < share < 1:
        text = f"{share:.0%} of the points; {text}"
    return Item(name, weight * share, weight, share == 1.0, text)


def _outcomes(
    group: str, outcomes: tuple[Outcome, ...], weights: Weights, default: float
) -> Iterator[Item]:
    """Yield laws or rules that weigh something, or that are broken."""
    for outcome in outcomes:
        weight = weights.get(outcome.id, default)
        if weight or (not outcome.ok and outcome.fatal):
            name = f"{group}: {outcome.id}"
            yield _item(name, weight, float(outcome.ok), outcome.detail)
