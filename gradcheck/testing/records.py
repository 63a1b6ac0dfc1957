"""What one check is: a name, a sentence, and something to call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from warnings import catch_warnings, simplefilter

from gradcheck.errors import GradientMismatchError
from gradcheck.report import Report

RULES = {
    "mutates-parameters": "the parameters are left unchanged",
    "mutates-input": "the inputs and labels are left unchanged",
    "aliased-gradients": "gradients share no memory with parameters",
    "global-random-state": "the global random generators are left alone",
    "nondeterministic": "the same call gives the same answer",
    "accumulates": "a call does not add to the gradient of the last",
    "stale-cache": "a call at another point leaves no trace",
    "single-precision": "the gradient is computed in float64",
    "loss-differs-alone": "the loss is the same, however it is asked for",
}
"""The sentence of each rule of hygiene, by the id of what breaks it."""

VARIANTS = {"integer-arithmetic": "single-precision"}
"""Ids of what breaks a rule in another way, and the rule."""

LOSS = "specified-loss"
"""Id of the check that the loss is the one of the network."""


@dataclass(frozen=True, slots=True)
class Check:
    """One named check; call it to run it.

    Attributes
    ----------
    id : str
        Stable: ``"W1-N7-reg0.1"``, ``"batch-mean"``, ``"mutates-input"``.
    kind : str
        ``"gradient"``, ``"loss"``, ``"law"`` or ``"hygiene"``.
    sentence : str
        What holds if it passes.
    subject : str
        Name of what is checked.
    examine : callable
        Returns why it fails, or nothing, and the report on the whole gradient.
    gradcheck_reports : list of Report
        That report, once the check has failed.
    """

    id: str
    kind: str
    sentence: str
    subject: str
    examine: Callable[[], tuple[str, Report]] = field(repr=False)
    gradcheck_reports: list[Report] = field(default_factory=list, repr=False)

    def __call__(self) -> None:
        """Run the check.

        Raises
        ------
        GradientMismatchError
            If it does not hold; the first line says what does not, the rest is the
            report on the whole gradient.
        """
        __tracebackhide__ = True
        reason, report = self.examine()
        if reason:
            self.gradcheck_reports[:] = [report]  # for the plugin
            raise GradientMismatchError(f"{reason}\n\n{report}")

    def outcome(self) -> tuple[bool, str]:
        """Run the check; return whether it holds, and why not, or a remark."""
        with catch_warnings(record=True) as remarks:
            simplefilter("always")
            reason, _ = self.examine()
        said = (str(r.message) for r in remarks if r.category is UserWarning)
        return not reason, reason or "; ".join(said)

    def __str__(self) -> str:
        return self.id
