"""What a check found, as a record: numbers first, words made from them last."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gradcheck.errors import GradientMismatchError
from gradcheck.report.parts import Finding, Outcome, ParameterReport, Verdict
from gradcheck.report.plain import json_safe

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """What was checked, and the conventions that it was measured to follow.

    Attributes
    ----------
    path, object, interface : str or None
        File, name in it, and the form in which the gradient was handed in.
    network, penalty, reduction, layout : str or None
        Family of the reference and the conventions of the submitted loss.
    notes : tuple of str
        What was done to make it run: modules replaced, definitions taken only.
    title, loss : str
        One line each on what was found in the file, and on its loss.
    """

    path: str | None = None
    object: str | None = None
    interface: str | None = None
    network: str | None = None
    penalty: str | None = None
    reduction: str | None = None
    layout: str | None = None
    notes: tuple[str, ...] = ()
    title: str = ""
    loss: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a check cost."""

    loss_evaluations: int = 0
    gradient_evaluations: int = 0
    seconds: float = 0.0


UNDERIVED = ("numerical-gradient", "unsteady")
"""Rules whose breach makes right numbers worthless."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a check found.

    Attributes
    ----------
    verdict : Verdict
        Is the gradient the derivative of its own loss?
    message : str
        Why, in one or two sentences: the reason of a broken or inconclusive verdict.
    loss_verdict : str
        Whether the loss is the specified one: ``"specified"``, ``"other"``, or empty
        where there was nothing to compare it with.
    loss_message : str
        What is different about the loss, in a sentence; or empty.
    parameters : mapping of str to ParameterReport
        In the order of the parameters.
    curves : mapping
        Data for plots, JSON-safe, by parameter; every part may be absent, every list is
        plain. ``"steps"``, along one direction ``v``: ``h``; ``error`` (of the central
        difference against ``g.v``, absolute), ``noise`` (its half-width), ``chosen``
        (the step that was used). ``"taylor"``: ``h``, ``remainder``
        (``|f(p+hv) - f(p) - h g.v|``), ``slope`` (the power of the step that they
        follow: 2 for a right gradient, 1 for a wrong one). ``"entries"``, where asked
        for: ``shape``, ``analytic``, ``numeric``, ``error`` (half-width of the
        interval), flat in C order.
    measurements : tuple of str
        Lines for ``--verbose``.
    example : str
        The smallest problem that still shows the mistake, in a sentence.
    again : str
        The command or call that repeats this check.
    fingerprint : mapping
        What `gradcheck.fingerprint` measured: numbers by parameter that are the same
        for the same wrong gradient, whatever the seed.
    """

    verdict: Verdict
    message: str = ""
    loss_verdict: str = ""
    loss_message: str = ""
    seed: int = 0
    subject: Subject = field(default_factory=Subject)
    parameters: Mapping[str, ParameterReport] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    hygiene: tuple[Outcome, ...] = ()
    laws: tuple[Outcome, ...] = ()
    cost: Cost = field(default_factory=Cost)
    curves: Mapping[str, Any] = field(default_factory=dict)
    measurements: tuple[str, ...] = ()
    example: str = ""
    again: str = ""
    fingerprint: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        from gradcheck.report.words import plain_text

        return plain_text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the plain text where IPython would show the record."""
        printer.text(str(self))

    def _repr_html_(self) -> str | None:
        """Return the report as notebooks show it; None without the extra `report`."""
        from gradcheck import render_html

        try:
            return render_html(self, fragment=True)
        except ImportError:
            return None

    @property
    def ok(self) -> bool:
        """Whether the gradient is known to be right; inconclusive is not."""
        return self.verdict is Verdict.CORRECT

    def assert_ok(self) -> None:
        """Raise unless the gradient is known to be right.

        Raises
        ------
        GradientMismatchError
            With the whole report as its text.
        """
        if not self.ok:
            raise GradientMismatchError(str(self))

    @property
    def refused(self) -> str:
        """The rule by which right numbers that nobody derived are refused, or empty."""
        broken = {o.id for o in self.hygiene if o.fatal and not o.ok}
        return next((id for id in UNDERIVED if id in broken), "")

    def score(self, max_points: float = 1.0) -> float:
        """Return the points earned, in equal shares.

        Each parameter that is right earns a share, and one more share is for a gradient
        that is right throughout; one that is broken, or `refused`, earns nothing.

        Parameters
        ----------
        max_points : float, default=1.0
            What a gradient that is right throughout earns, > 0.
        """
        if self.ok:
            return float(max_points)
        if self.verdict is Verdict.BROKEN or self.refused or not self.parameters:
            return 0.0
        right = sum(p.verdict is Verdict.CORRECT for p in self.parameters.values())
        return float(max_points) * right / (len(self.parameters) + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-safe data, with ``"schema": 1``."""
        from gradcheck import __version__

        plain = asdict(self)
        return {
            "schema": SCHEMA,
            "gradcheck": __version__,
            **{key: json_safe(value) for key, value in plain.items()},
        }
