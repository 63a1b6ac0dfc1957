"""The words of a diagnosis: one sentence a mistake, and the number that shows it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.numerals import numerals, percent
from gradcheck.diagnosis.penalties import Measured
from gradcheck.diagnosis.records import Finding
from gradcheck.experiments.sections import project
from gradcheck.faults import Mistake, touched
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.catalogue.places import parameters
from gradcheck.problem import Network

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def plural(count: int, noun: str) -> str:
    """Write a count and its noun: ``"two points"``."""
    return f"{number(count)} {noun}" + ("" if count == 1 else "s")


def number(count: int) -> str:
    """Write a count as a word where it is small."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def names_of(network: Network, mistake: Mistake) -> tuple[str, ...]:
    """Name the parameters that a mistake touches, first layer first."""
    reached = touched(network, mistake)
    return tuple(name for name in parameters(network) if name in reached)


class Witness:
    """Compares what was observed with and without one of the mistakes.

    Parameters
    ----------
    evidence : Evidence
    measured : Measured
    mistakes : sequence of Mistake
        All that were named.
    """

    def __init__(
        self, evidence: Evidence, measured: Measured, mistakes: Sequence[Mistake]
    ) -> None:
        self.evidence, self.measured = evidence, measured
        self.mistakes = tuple(mistakes)

    def effect(self, mistake: Mistake) -> tuple[str, str]:
        """Say what the mistake does to the gradients: measured, and expected."""
        rest = tuple(m for m in self.mistakes if m != mistake)
        if mistake.id.startswith(("penalty", "bias-penalty")):
            return self._penalty(mistake)
        if mistake.id in ("relu-mask-threshold", "relu-saturates"):
            limits = "0" if mistake.id == "relu-mask-threshold" else "nowhere above 0"
            return f"the mask switches at {mistake.constant:.6g}", limits
        lines, wrong = [], []
        for name in names_of(self.evidence.spec.network, mistake):
            ratios, counts = [], []
            for reader, grads in zip(
                self.measured.readers, self.measured.grads, strict=True
            ):
                from gradcheck.faults import table

                with np.errstate(all="ignore"):
                    slots = table(reader.network, rest)
                    other = reader.right.wrongly(slots).grads()
                if np.shape(other[name]) != np.shape(grads[name]):
                    continue
                factor, residual = project(grads[name], other[name])
                ratios.append(factor if residual < 1e-6 else np.nan)
                counts.append(reader.right.N)
                if residual >= 1e-6:
                    size = float(np.linalg.norm(other[name])) or 1.0
                    gap = float(np.linalg.norm(grads[name] - other[name])) / size
                    wrong.append((name, gap))
            lines.append((name, ratios, counts))
        return _ratio_words(lines) or _gap_words(wrong)

    def _penalty(self, mistake: Mistake) -> tuple[str, str]:
        spec = self.evidence.spec
        said, wanted = [], []
        for name in names_of(spec.network, mistake):
            if name not in self.measured.penalties:
                continue
            seen, point = (
                self.measured.penalties[name][0],
                self.measured.points[name][0],
            )
            p = np.asarray(point.on.params[name])
            factor, residual = project(seen, p) if np.any(seen) else (0.0, 0.0)
            row = f" but for its {spec.free[name]} row" if name in spec.free else ""
            kept = ""
            if residual >= 1e-6 and row:
                factor, residual = project(seen, spec.penalised(name, p))
                kept = row
            right = 2.0 * spec.penalty.get(name, 0.0)
            right = right / point.on.X.shape[0] if name in spec.averaged else right
            text = f"{numerals(factor, '.4g')} * reg*{name}{kept}"
            if mistake.id.startswith("penalty-averaged"):
                text += f" with N = {point.on.X.shape[0]}"
            said.append(text if residual < 1e-6 else f"no multiple of reg*{name}")
            wanted.append(f"{right:.4g} * reg*{name}{row}")
        return ", ".join(said), ", ".join(wanted)

    def closeness(self) -> float:
        """Return the largest relative difference from the gradients observed."""
        worst = 0.0
        for exhibit in self.evidence.exhibits[:3]:
            injected = self.evidence.commit(exhibit, self.mistakes)
            for name, g in injected.items():
                size = float(np.abs(g).max(initial=0.0))  # zero but for rounding?
                size = max(size, float(exhibit.sizes[name].max(initial=0.0))) or 1.0
                observed = exhibit.grads.get(name)
                if observed is not None and observed.shape == g.shape:
                    worst = max(worst, float(np.abs(observed - g).max() / size))
        return worst


_Line = tuple[str, list[float], list[int]]


def _ratio_words(lines: Sequence[_Line]) -> tuple[str, str] | None:
    """Say the factors, parameters of the same factors together."""
    if not lines or any(not r or not np.isfinite(r).all() for _, r, _ in lines):
        return None
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, ratios, counts in lines:
        shown = [numerals(r) for r in ratios]
        plain = len(set(shown)) == 1 and ratios[0] not in counts
        key = (
            (f"{shown[0]} x the derivative everywhere",)
            if plain
            else tuple(
                dict.fromkeys(
                    f"{s} x the derivative with N = {n}"
                    for s, n in zip(shown, counts, strict=True)
                )
            )
        )
        groups.setdefault(key, []).append(f"d{name}")
    said = [f"{', '.join(names)}: {', '.join(key)}" for key, names in groups.items()]
    return "data part of " + "; of ".join(said), "1 x"


def _gap_words(wrong: Sequence[tuple[str, float]]) -> tuple[str, str]:
    largest: dict[str, float] = {}
    for name, gap in wrong:
        largest[name] = max(gap, largest.get(name, 0.0))
    said = [f"d{name} {{}}by {percent(gap)}{{}}" for name, gap in largest.items()]
    words = [text.format("", "") for text in said]
    words[:1] = [text.format("is off ", " of its size") for text in said[:1]]
    return ", ".join(words), ""


def finding(witness: Witness, mistake: Mistake) -> Finding:
    """Put one mistake into words."""
    network = witness.evidence.spec.network
    fault = CATALOGUE[mistake.id]
    measured, expected = witness.effect(mistake)
    return Finding(
        mistake.id,
        names_of(network, mistake),
        measured,
        expected,
        statement(network, mistake),
        fault.advice,
        True,
        proof="the same mistake made in the reference net gives these very numbers"
        f" (to {max(witness.closeness(), 1e-16):.0e})",
    )


def statement(network: Network, mistake: Mistake) -> str:
    """Return one sentence: what is wrong, in which form, with which constant."""
    fault = CATALOGUE[mistake.id]
    text = fault.title
    notes = [mistake.variant] if mistake.variant else []
    if mistake.constant is not None and fault.constant is not None:
        name = _CONSTANTS.get(mistake.id, "constant")
        notes.append(f"{name} {numerals(mistake.constant, '.6g')}")
    layers = [s for s in mistake.sites if isinstance(s, int)]
    if layers and network.depth > 2:
        which = " and ".join(map(str, layers))
        notes.append(f"layer{'s' * (len(layers) > 1)} {which}")
    return f"{text} ({'; '.join(notes)})" if notes else text


_CONSTANTS = {
    "constant-factor": "factor",
    "leaky-slope": "slope",
    "updated-weights": "learning rate",
    "relu-mask-threshold": "threshold",
    "relu-saturates": "limit",
    "penalty-constant": "constant",
    "penalty-on-biases": "times",
    "penalty-missing-in-loss": "times",
    "penalty-averaged-in-loss": "times",
    "penalty-strength-missing-in-loss": "times",
}


def undo_sentence(network: Network, mistakes: Sequence[Mistake]) -> str:
    """Say what undoing the mistakes does."""
    if not mistakes:
        return ""
    count = len(network.weights) + len(network.bias_names)
    change = (
        "this one change" if len(mistakes) == 1 else f"these {_words(len(mistakes))}"
    )
    every = {1: "the gradient matches", 2: "both gradients match"}.get(
        count, f"all {number(count)} gradients match"
    )
    return f"with {change} {every}"


def _words(count: int) -> str:
    return plural(count, "change")
