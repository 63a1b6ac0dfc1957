"""What the accused answered, and whether a set of mistakes gives the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.faults import Mistake, Pass, Specification, table
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem import Problem

TIGHT = 1e-12


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One point, what was answered there, and how exact an answer can be.

    Attributes
    ----------
    problem : Problem
    grads : dict of ndarray
        As answered, names and shapes repaired.
    sizes : dict of ndarray
        Size of the terms that cancel in each entry; see `Pass.sizes`.
    reach : float
        What rounding grows with: one, plus the largest score, plus a hundredth of the
        terms that cancel in it.
    """

    problem: Problem
    grads: Grads
    sizes: Grads
    right: Grads
    reach: float


class Evidence:
    """All the exhibits, and the test of an explanation against them.

    Parameters
    ----------
    spec : Specification
        The loss.
    finish : Mistake or None
        Rounding, float32 or clipping, which loosens or changes every answer.
    """

    def __init__(self, spec: Specification, finish: Mistake | None = None) -> None:
        self.spec, self.finish = spec, finish
        self.exhibits: list[Exhibit] = []
        self._passes: dict[int, Pass] = {}

    def _pass(self, exhibit: Exhibit) -> Pass:
        """Return the right pass at an exhibit, made once."""
        if id(exhibit) not in self._passes:
            self._passes[id(exhibit)] = Pass(self.spec, exhibit.problem)
        return self._passes[id(exhibit)]

    def add(self, problem: Problem, grads: Grads) -> None:
        """Add an answer; empty ones tell nothing and are left out."""
        if not grads:
            return
        with np.errstate(all="ignore"):
            right = Pass(self.spec, problem)
            reach = 1.0 + float(np.abs(right.scores).max(initial=0.0))
            reach += 0.01 * right.forward_size()
            self.exhibits.append(
                Exhibit(problem, grads, right.sizes(), right.grads(), reach)
            )

    def verify(self, mistakes: Iterable[Mistake]) -> bool:
        """Whether committing these mistakes gives every answer, to rounding."""
        chosen = tuple(mistakes)
        return bool(self.exhibits) and all(
            self.misfit(exhibit, chosen) <= 1.0 for exhibit in self.exhibits
        )

    def misfit(
        self, exhibit: Exhibit, mistakes: Sequence[Mistake], names: Sequence[str] = ()
    ) -> float:
        """Return the largest error of an explanation, in units of its tolerance."""
        injected = self.commit(exhibit, mistakes)
        estimated = any(
            m.constant is not None and CATALOGUE[m.id].constant == "affine"
            for m in mistakes
        )
        worst = 0.0
        for name in names or injected:
            worst = max(worst, self._misfit(exhibit, name, injected[name], estimated))
            if worst > 1.0:
                break
        return worst

    def commit(self, exhibit: Exhibit, mistakes: Sequence[Mistake]) -> Grads:
        """Return the gradient that these mistakes give at an exhibit."""
        every = list(mistakes)
        if self.finish and self.finish.id not in {m.id for m in every}:
            every.append(self.finish)
        with np.errstate(all="ignore"):
            slots = table(self.spec.network, every)
            return self._pass(exhibit).wrongly(slots).grads()

    def _misfit(
        self, exhibit: Exhibit, name: str, injected: Array, estimated: bool
    ) -> float:
        observed = exhibit.grads.get(name)
        if observed is None or observed.shape != injected.shape:
            return np.inf
        both = np.isfinite(observed) & np.isfinite(injected)
        if not both.any():
            return 0.0
        error = np.abs(observed - injected)[both]
        scale = float(np.abs(injected[both]).max())
        if self.finish and self.finish.id == "rounded":
            quantum = 10.0 ** -(self.finish.constant or 0.0)
            same = np.mean(error <= 1e-9 + 1e-9 * scale)
            return float(error.max() / (1.01 * quantum)) if same > 0.5 else np.inf
        loose = 1e-4 if self.finish and self.finish.id == "single-precision" else TIGHT
        right = exhibit.right[name]
        size = float(np.linalg.norm(right[np.isfinite(right)])) or 1.0
        ratio = max(1.0, float(np.linalg.norm(injected[both])) / size)
        terms = exhibit.sizes[name]
        terms = terms[both] if terms.shape == both.shape else terms.max()
        allowed = loose * exhibit.reach * (np.minimum(ratio, 1e6) * terms + scale)
        allowed = allowed + (1e-10 * scale if estimated else 0.0) + 1e-300
        return float((error / allowed).max())

    def factor_of(self, exhibit: Exhibit, mistake: Mistake) -> float:
        """Return what a mistake of scale multiplies the data part by: nine digits."""
        right = self._pass(exhibit).wrongly({})
        wrong = self._pass(exhibit).wrongly(table(self.spec.network, [mistake]))
        top = right.top()
        right.scaled(top)
        wrong.scaled(top)
        return float(f"{wrong.multiplier / right.multiplier:.9g}")

    def without_finish(self) -> Evidence:
        """Return the same evidence, judged to full precision."""
        other = Evidence(self.spec)
        other.exhibits = self.exhibits
        return other

    def refit(self, mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
        """Improve the free constants on all exhibits by Gauss-Newton."""
        chosen = list(mistakes)
        free = [
            i
            for i, m in enumerate(chosen)
            if CATALOGUE[m.id].constant == "affine" and m.constant is not None
        ]
        for turn in range(6 if free else 0):
            here = self._residuals(chosen)
            if turn == 2 and np.abs(here[np.isfinite(here)]).max(initial=0.0) > 1e-4:
                break  # these constants lead nowhere
            columns = []
            for i in free:
                c = chosen[i].constant or 0.0
                step = 1e-4 * max(abs(c), 1e-3)
                moved = list(chosen)
                moved[i] = replace(chosen[i], constant=c + step)
                columns.append((self._residuals(moved) - here) / step)
            matrix = np.array(columns).T
            good = np.isfinite(matrix).all(axis=1) & np.isfinite(here)
            if not good.any():
                break
            step_, *_ = np.linalg.lstsq(matrix[good], -here[good], rcond=None)
            for i, move in zip(free, step_, strict=True):
                chosen[i] = replace(
                    chosen[i], constant=float((chosen[i].constant or 0.0) + move)
                )
            if np.all(np.abs(step_) < 1e-13):
                break
        return self._plainest(chosen, free)

    def _residuals(self, mistakes: Sequence[Mistake]) -> Array:
        parts = []
        for exhibit in self.exhibits:
            injected = self.commit(exhibit, mistakes)
            for name, g in injected.items():
                observed = exhibit.grads.get(name)
                if observed is None or observed.shape != g.shape:
                    continue
                scale = float(np.abs(exhibit.sizes[name]).max()) * exhibit.reach or 1.0
                parts.append(((g - observed) / scale).reshape(-1))
        return np.concatenate(parts)

    def _plainest(
        self, chosen: list[Mistake], free: Sequence[int]
    ) -> tuple[Mistake, ...]:
        """Round each free constant as far as the explanation still verifies."""
        for i in free:
            exact = chosen[i].constant or 0.0
            for digits in range(1, 9):
                plain = float(f"{exact:.{digits}g}")
                if abs(plain - exact) > 1e-6 * abs(exact):
                    continue
                trial = [
                    *chosen[:i],
                    replace(chosen[i], constant=plain),
                    *chosen[i + 1 :],
                ]
                if self.verify(trial):
                    chosen = trial
                    break
        return tuple(chosen)
