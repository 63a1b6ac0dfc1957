"""Everything that is asked of a network once it is known to run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import fingerprint
from gradcheck.checker.diagnosing import diagnosed
from gradcheck.checker.run import Measured, Run, is_steady
from gradcheck.checker.scenarios import Scenario, scenarios
from gradcheck.diagnosis import Diagnosis
from gradcheck.hygiene import Inspection
from gradcheck.lanes import side_by_side
from gradcheck.laws import LawResult, check_laws
from gradcheck.problem import Network
from gradcheck.reading import UnusableError

Questioned = tuple[tuple[LawResult, ...], Diagnosis | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The options of `check_network` that an inquiry needs."""

    seed: int
    sizes: Mapping[str, Any] | None
    regs: tuple[float, ...]
    rtol_required: float | None
    entries: bool


class Inquiry:
    """One network under examination: its derivative measured, its laws, its mistakes.

    Parameters
    ----------
    run : Run
        The function, at the first of the points.
    function : callable
        The same for a diagnosis, which chooses `reg` as it likes.
    specified : Network
        What it should be.
    points : tuple of Scenario
    **options
        Of `check_network`.
    """

    def __init__(
        self, run: Run, function: Callable[..., Any], specified: Network,
        points: tuple[Scenario, ...], **options: Any,
    ) -> None:  # fmt: skip
        self.run, self.function, self.specified = run, function, specified
        self.points, self.options = points, _Options(**options)

    def make(
        self, inspection: Inspection, matched: Network | None
    ) -> tuple[Measured | UnusableError, Questioned]:
        """Measure and question: along two lines what runs elsewhere, if it is steady.

        What has a memory would be confused; what runs in this process gains nothing.
        """
        if hasattr(self.run.function, "many") and is_steady(inspection):
            return side_by_side(
                lambda: self.measured(inspection, matched),
                lambda: self.questioned(matched),
            )
        return self.measured(inspection, matched), self.questioned(matched)

    def measured(
        self, inspection: Inspection, matched: Network | None
    ) -> Measured | UnusableError:
        """Measure how right it is; or return what keeps it from running."""
        options = self.options
        try:
            return self.run.measure(
                inspection, matched, self.points, seed=options.seed,
                rtol_required=options.rtol_required, entries=options.entries,
            )  # fmt: skip
        except UnusableError as problem:
            return problem

    def questioned(self, matched: Network | None) -> Questioned:
        """Try the laws, and diagnose."""
        laws = check_laws(
            self.run.only_at(self.options.regs),
            matched or self.specified,
            self.points[0].problem,
            rng=np.random.default_rng(self.options.seed),
        )
        return laws, self.diagnosed()

    def diagnosed(self) -> Diagnosis | None:
        """Diagnose, whatever the verdict; None if the function is gone."""
        options = self.options
        return diagnosed(
            self.function, self.specified, seed=options.seed, sizes=options.sizes
        )

    def fingerprint(self, matched: Network | None) -> dict[str, Any]:
        """Measure what tells this wrong gradient from others, at points of its own."""
        fixed = scenarios(
            self.specified, seed=fingerprint.SEED,
            sizes=self.options.sizes, regs=self.options.regs,
        )[0]  # fmt: skip
        asked = self.run.only_at(self.options.regs)
        return fingerprint.measure(asked, matched or self.specified, fixed.problem)
