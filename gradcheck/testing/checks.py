"""One generator of named checks: every parameter and scenario, law and rule."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from warnings import warn

from gradcheck import networks
from gradcheck.checker import Scenario, check_gradients, check_network, scenarios
from gradcheck.laws import LAWS
from gradcheck.problem import Network
from gradcheck.report import Outcome, ParameterReport, Report, Verdict
from gradcheck.testing.records import LOSS, RULES, VARIANTS, Check
from gradcheck.testing.subjects import (
    Adapted,
    adapt,
    first_line,
    guess_network,
)


@dataclass(frozen=True, slots=True)
class _Examined:
    """A subject with what was found of it so far, each examination done once."""

    adapted: Adapted
    reference: str | Network
    seed: int
    sizes: Mapping[str, Any]
    prefix: str = ""
    known: dict[str, Report] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The reference itself."""
        if isinstance(self.reference, str):
            return networks.get(self.reference)
        return self.reference

    def whole(self) -> Report:
        """Return the report on the network."""
        if "" not in self.known:
            with self.adapted.open() as function:
                self.known[""] = check_network(
                    function,
                    self.reference,
                    seed=self.seed,
                    sizes=self.sizes,
                    regs=self.adapted.regs,
                )
        return self.known[""]

    def at(self, scenario: Scenario) -> Report:
        """Return the report on one point."""
        if scenario.name not in self.known:
            problem = scenario.problem
            X, y, reg = problem.X, problem.y, problem.reg
            with self.adapted.open() as function:
                self.known[scenario.name] = check_gradients(
                    lambda params: function(params, X.copy(), y.copy(), reg),
                    dict(problem.params),
                    seed=self.seed,
                )
        return self.known[scenario.name]

    def gradient(self, name: str, scenario: Scenario) -> tuple[str, Report]:
        """Say what is wrong with one parameter at one point."""
        report = self.at(scenario)
        found = report.parameters.get(name)
        where = f"{name} at {_point(scenario)}"
        if found is None or found.verdict is Verdict.BROKEN:
            return f"broken: {where}: {report.message}", report
        if found.verdict is Verdict.CORRECT:
            return "", report
        whole = self.whole()
        fuller = report if whole.ok else whole
        return f"{found.verdict.value}: {where}{_entry(name, found)}", fuller

    def loss(self) -> tuple[str, Report]:
        """Say whether the loss is that of the network."""
        report = self.whole()
        if report.verdict is Verdict.BROKEN:
            return first_line(report), report
        wrong = report.loss_verdict == "other"
        return (f"other loss: {report.loss_message}" if wrong else ""), report

    def law(self, id: str) -> tuple[str, Report]:
        """Say whether a law is obeyed."""
        return self._outcome(id, self.whole().laws)

    def rule(self, id: str) -> tuple[str, Report]:
        """Say whether a rule of hygiene is kept."""
        return self._outcome(id, self.whole().hygiene)

    def _outcome(self, id: str, outcomes: tuple[Outcome, ...]) -> tuple[str, Report]:
        report = self.whole()
        if report.verdict is Verdict.BROKEN:
            return first_line(report), report
        broken = [
            outcome
            for outcome in outcomes
            if VARIANTS.get(outcome.id, outcome.id) == id and not outcome.ok
        ]
        if broken and not broken[0].fatal:
            warn(f"{broken[0].id}: {broken[0].detail}", stacklevel=2)
            return "", report
        return (f"{broken[0].id}: {broken[0].detail}" if broken else ""), report


def _point(scenario: Scenario) -> str:
    N = scenario.name.split("-")[0][1:]
    return f"N = {N}, reg = {scenario.problem.reg:g}"


def _entry(name: str, found: ParameterReport) -> str:
    if found.worst is None:
        return f": {found.detail}" if found.detail else ""
    index = ", ".join(map(str, found.worst.index))
    place = f"[{index}]" if index else ""
    return (
        f": grads[{name!r}]{place} = {found.worst.analytic:.6g}, "
        f"but should be {found.worst.numeric:.6g}"
    )


def checks_for(
    subject: Any,
    *,
    network: str | Network | None = None,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
) -> Iterator[Check]:
    """Yield every check of a network by name, in a stable order.

    The gradient of each parameter at each scenario, the loss, each law, each rule of
    hygiene. The examinations behind them are done when first needed, and once.

    Parameters
    ----------
    subject : callable, class, object or path
        ``loss_and_grads(params, X, y, reg)``, or with ``params`` and ``loss(X, y,
        reg)``; ``FILE`` or ``FILE:OBJECT``, which runs in a process of its own. Where
        a file offers several networks or layers, all are checked, and ids begin with
        the name of each: ``ridge.W1-N7-reg0.1``.
    network : str or Network, optional
        The reference; found by its loss where not given.
    seed : int, default=0
        Of points and directions.
    sizes : mapping, optional
        Sizes that the code dictates: any of ``N``, ``D``, ``hidden``, ``C``.

    Raises
    ------
    GradcheckError
        If the subject cannot be checked.
    """
    if not isinstance(subject, str | Path):
        yield from _network_checks("", adapt(subject), network, seed, sizes)
        return
    from gradcheck.testing.files import adapt_file

    for prefix, name, what in adapt_file(subject, network, seed=seed):
        if isinstance(what, Report):
            yield from _whole_checks(prefix, name, what)
        else:
            yield from _network_checks(prefix, what, network, seed, sizes)


def _network_checks(
    prefix: str,
    adapted: Adapted,
    network: str | Network | None,
    seed: int,
    sizes: Mapping[str, Any] | None,
) -> Iterator[Check]:
    """Yield the checks of one network."""
    given = {**adapted.sizes, **(sizes or {})}
    reference = network or adapted.network or guess_network(adapted)
    examined = _Examined(adapted, reference, seed, given, prefix)
    points = scenarios(examined.network, seed=seed, sizes=given, regs=adapted.regs)
    yield from _gradient_checks(examined, points)
    yield from _rule_checks(examined)


def _rule_checks(examined: _Examined) -> Iterator[Check]:
    """Yield the loss, the laws that say something of the subject, and the rules."""
    adapted = examined.adapted
    if "*" not in adapted.without:
        sentence = "the loss is the one specified"
        yield _check(examined, LOSS, "loss", sentence, examined.loss)
        for id, sentence in LAWS.items():
            if id not in adapted.without:
                yield _check(examined, id, "law", sentence, _bound(examined.law, id))
    for id, sentence in RULES.items():
        if id == "loss-differs-alone" and not hasattr(adapted.function, "losses"):
            continue  # there is one way to ask for the loss
        yield _check(examined, id, "hygiene", sentence, _bound(examined.rule, id))


def _whole_checks(prefix: str, name: str, report: Report) -> Iterator[Check]:
    """Yield what the report on a layer says, item by item."""

    def check(id: str, kind: str, sentence: str, reason: str) -> Check:
        return Check(f"{prefix}{id}", kind, sentence, name, lambda: (reason, report))

    if report.verdict is Verdict.BROKEN:
        yield check("runs", "gradient", "the file runs", first_line(report))
    for key, found in report.parameters.items():
        right = found.verdict is Verdict.CORRECT
        reason = "" if right else f"{found.verdict.value}: {key}{_entry(key, found)}"
        yield check(key, "gradient", f"the gradient of {key} is right", reason)
    for rule in report.hygiene:
        id = VARIANTS.get(rule.id, rule.id)
        reason = "" if rule.ok or not rule.fatal else f"{rule.id}: {rule.detail}"
        yield check(id, "hygiene", RULES.get(id, rule.detail), reason)


def _gradient_checks(
    examined: _Examined, points: tuple[Scenario, ...]
) -> Iterator[Check]:
    for scenario in points:
        for name in scenario.problem.params:
            yield _check(
                examined,
                f"{name}-{scenario.name}",
                "gradient",
                f"the gradient of {name} is right at {_point(scenario)}",
                _bound(examined.gradient, name, scenario),
            )


def _bound(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def _check(
    examined: _Examined,
    id: str,
    kind: str,
    sentence: str,
    examine: Callable[[], tuple[str, Report]],
) -> Check:
    name = examined.adapted.name
    return Check(f"{examined.prefix}{id}", kind, sentence, name, examine)
