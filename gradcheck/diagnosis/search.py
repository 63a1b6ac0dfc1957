"""The search: candidate sets, verified; then the smallest; then its equals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.explain import candidates, merge, structures
from gradcheck.diagnosis.penalties import Measured
from gradcheck.experiments.accused import Accused
from gradcheck.experiments.points import Sizes
from gradcheck.experiments.sections import cost
from gradcheck.experiments.sweep import sweep
from gradcheck.faults import Mistake, compatible, singles
from gradcheck.faults.catalogue import CATALOGUE

_PLUMBING = frozenset({"call", "finish", "loss-data"})


OF_SEVERAL_OUTPUTS = frozenset(
    {"divided-by-classes", "bias-scalar", "bias-wrong-axis", "target-whole-column"}
)
"""Mistakes that nobody makes where there is one output."""


@dataclass(slots=True)
class Found:
    """The outcome of a search: the best set, its equals, and what was nearest."""

    best: tuple[Mistake, ...] | None = None
    ties: tuple[tuple[Mistake, ...], ...] = ()
    nearest: tuple[Mistake, ...] = ()


class Search:
    """Looks for the smallest set of mistakes that gives every answer.

    Parameters
    ----------
    evidence : Evidence
    measured : Measured
    equal : bool
        Whether the accused runs only where some sizes are equal: then a mistake that
        needs that is the likelier one.
    """

    def __init__(
        self, evidence: Evidence, measured: Measured, *, equal: bool = False
    ) -> None:
        self.equal = equal
        self.evidence, self.measured = evidence, measured
        self.network = evidence.spec.network
        self._tried: dict[tuple[Mistake, ...], tuple[Mistake, ...] | None] = {}

    def test(self, mistakes: Sequence[Mistake]) -> tuple[Mistake, ...] | None:
        """Return the set as verified, constants refitted; None if it does not fit."""
        key = tuple(sorted(mistakes, key=str))
        if key not in self._tried:
            self._tried[key] = self._test(tuple(mistakes))
        return self._tried[key]

    def _test(self, mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...] | None:
        fitted = self._fits(mistakes)
        if fitted is None or any(_is_no_mistake(m) for m in fitted):
            return None
        return fitted

    def _fits(self, mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...] | None:
        if self.evidence.verify(mistakes):
            return self.evidence._plainest(list(mistakes), _free(mistakes))
        if _free(mistakes):
            fitted = self.evidence.refit(mistakes)
            if self.evidence.verify(fitted):
                return fitted
        return None

    def run(self) -> Found:
        """Try the candidates of every structure, cheapest first."""
        found = Found()
        verified: list[tuple[Mistake, ...]] = []
        rtol = max(1e-8, 10 * self.measured.exact)
        listed = structures(self.measured)
        for structure in listed[:3] if self.measured.unexplained else listed:
            if verified and cost(structure) > cost(verified[0]) + 0.7:
                break
            for one in candidates(self.measured, self.evidence.spec, structure, rtol):
                found.nearest = found.nearest or one
                passed = self.test(one)
                if passed is not None:
                    verified.append(passed)
                    verified.sort(key=cost)
                elif verified and cost(one) > cost(verified[0]) + 1.0:
                    break
        return self.conclude(found, verified)

    def conclude(self, found: Found, verified: Iterable[tuple[Mistake, ...]]) -> Found:
        """Make the verified sets minimal; keep the cheapest, the others as equals."""
        small = sorted({self.minimal(v) for v in verified}, key=self._preference)
        if small:
            found.best = small[0]
            small = self._as_factors(small)
            found.best = small[0]
            limit = cost(small[0]) + 1.0
            found.ties = tuple(s for s in small[1:] if cost(s) <= limit)[:4]
        return found

    def _as_factors(
        self, small: list[tuple[Mistake, ...]]
    ) -> list[tuple[Mistake, ...]]:
        """Add a plain factor where the sizes cannot tell it from a division.

        With N = 8 and D = 4 dictated, divided by D is twice the gradient everywhere;
        a factor of 2 is then the likelier mistake.
        """
        best = small[0]
        for m in best:
            factors = {
                self.evidence.factor_of(exhibit, m)
                for exhibit in self.evidence.exhibits
                if m.id.startswith("divided-by")
            }
            if len(factors) == 1:
                c = factors.pop()
                rest = tuple(other for other in best if other != m)
                other = (*rest, Mistake("constant-factor", (), "", c))
                if self.test(other) is not None:
                    first = [other, best] if c in (2.0, 0.5) else [best, other]
                    return [*first, *(s for s in small if s not in first)]
        return small

    def _preference(self, mistakes: tuple[Mistake, ...]) -> tuple[float, str]:
        """Order explanations: by cost; dust in a zero is a sum, an exact zero none."""
        unlikely = 0.0
        one = all(r.right.C == 1 for r in self.measured.readers)
        for m in mistakes:
            unlikely += 0.2 * (one and m.id in OF_SEVERAL_OUTPUTS)
            if self.equal and CATALOGUE[m.id].needs_equal_sizes:
                unlikely -= 0.2
            if m.id in ("bias-missing", "bias-scalar"):
                dust = any(np.any(g[n]) for g in self.measured.grads for n in m.sites)
                unlikely += 0.01 * (dust == (m.id == "bias-missing"))
        return cost(mistakes) + unlikely, str(mistakes)

    def minimal(self, mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
        """Drop every mistake, and every site, whose absence still verifies."""
        for m in mistakes:
            rest = tuple(other for other in mistakes if other != m)
            if rest != mistakes and self.test(rest) is not None:
                return self.minimal(rest)
        return tuple(mistakes)

    def with_masks(
        self, accused: Accused, rng: np.random.Generator, sizes: Sizes, found: Found
    ) -> Found:
        """Sweep the masks of the ReLU layers for thresholds, and search with them."""
        extra: list[Mistake] = []
        before = accused.calls
        for i, name in enumerate(self.network.activations, start=1):
            if name != "relu" or accused.calls > before + 12:
                continue
            for switch in sweep(accused, self.evidence.spec, rng, sizes, i):
                kind = "relu-mask-threshold" if switch.rises else "relu-saturates"
                extra.append(Mistake(kind, (i,), "", switch.roundest))
        return self.with_company(merge(extra), found) if extra else found

    def with_company(self, extra: Sequence[Mistake], found: Found) -> Found:
        """Search again, with these mistakes joined to every candidate."""
        verified = []
        rtol = max(1e-8, 10 * self.measured.exact)
        subsets = [tuple(extra), *((m,) for m in extra if len(extra) > 1)]
        for structure in structures(self.measured)[:3]:
            for chosen in subsets:
                base = merge([*structure, *chosen])
                if not compatible(self.network, base):
                    base = merge(chosen)
                for one in candidates(self.measured, self.evidence.spec, base, rtol):
                    passed = self.test(one)
                    if passed is not None:
                        verified.append(passed)
            if verified:
                break
        return self.conclude(found, verified)

    def neighbours(self, found: Found, budget: int = 600) -> Found:
        """Try every single addition, replacement and removal round the nearest set."""
        nearest = found.nearest
        listed = [
            m
            for m in singles(self.network)
            if CATALOGUE[m.id].variant(m.variant).slot not in _PLUMBING
            and not CATALOGUE[m.id].needs_equal_sizes
        ]
        sets = [tuple(m for m in nearest if m != out) for out in nearest]
        sets += [(*nearest, m) for m in listed]
        sets += [(m,) for m in listed]
        sets += [
            (*(m for m in nearest if m != out), m) for out in nearest for m in listed
        ]
        verified: list[tuple[Mistake, ...]] = []
        refits = 0
        for one in list(dict.fromkeys(sets))[:budget]:
            if verified and cost(one) > cost(verified[0]) + 0.3:
                continue
            refits += bool(_free(one))
            if _free(one) and refits > 40:
                continue
            if compatible(self.network, merge(one)):
                passed = self.test(merge(one))
                if passed is not None:
                    verified.append(passed)
        return self.conclude(found, verified)


def _is_no_mistake(mistake: Mistake) -> bool:
    """Whether a constant came out so that nothing is wrong."""
    right = {"constant-factor": 1.0, "leaky-slope": 0.0, "updated-weights": 0.0}
    value = right.get(mistake.id)
    if value is None or mistake.constant is None:
        return False
    return abs(mistake.constant - value) < 1e-7


def _free(mistakes: Sequence[Mistake]) -> list[int]:
    return [
        i
        for i, m in enumerate(mistakes)
        if m.constant is not None and CATALOGUE[m.id].constant == "affine"
    ]
