"""From a diagnosis to a report: names beside numbers, and what they change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from gradcheck import diagnosis
from gradcheck.diagnosis import Diagnosis
from gradcheck.errors import GradcheckError
from gradcheck.faults import CATALOGUE
from gradcheck.problem import Network
from gradcheck.report import Finding, Outcome, Report, Verdict

_HIDDEN = {
    "accumulates",
    "clipped",
    "leaky-slope",
    "mutates-input",
    "mutates-parameters",
    "relu-mask-threshold",
    "relu-saturates",
    "rounded",
    "stale-cache",
}
"""Mistakes that a gradient can have and still be right at every ordinary point."""

_ANY_LOSS = _HIDDEN | {
    "bias-not-reduced",
    "bias-wrong-axis",
    "integer-arithmetic",
    "keys-missing",
    "keys-swapped",
    "loss-sign",
    "loss-without-logarithm",
    "nondeterministic",
    "not-finite",
    "shape-mismatch",
    "transposed",
}
"""Mistakes that are seen whatever the loss is."""


def diagnosed(
    loss_and_grads: Callable[..., Any],
    network: Network,
    *,
    seed: int,
    sizes: Mapping[str, Any] | None,
) -> Diagnosis | None:
    """Diagnose a function, whatever its verdict; None if it is gone.

    Parameters
    ----------
    loss_and_grads : callable
        The function that is checked.
    network : Network
        The reference.
    seed : int
        Of the points of the experiments.
    sizes : mapping, optional
        Sizes that the function dictates.
    """
    try:
        return diagnosis.diagnose(loss_and_grads, network, seed=seed, sizes=sizes)
    except GradcheckError:  # the submission's process is gone
        return None


def with_diagnosis(report: Report, found: Diagnosis | None, network: Network) -> Report:
    """Add the mistakes that a diagnosis names and verifies, and what it measured.

    A gradient that is right at ordinary points and has a verified mistake elsewhere
    (a mask that saturates, a clipped gradient) is wrong.

    Parameters
    ----------
    report : Report
        Of the check.
    found : Diagnosis or None
        See `diagnosed`.
    network : Network
        The reference.
    """
    if found is None:
        return report
    calls = report.cost.gradient_evaluations + found.calls
    conventions = found.conventions
    if report.loss_verdict == "other" and conventions and conventions.sentences:
        report = replace(report, loss_message="; ".join(conventions.sentences))
    report = replace(
        report,
        cost=replace(report.cost, gradient_evaluations=calls),
        measurements=(*report.measurements, *found.measurements),
        hygiene=(*report.hygiene, *_remarks(found, report.hygiene, network)),
    )
    if report.verdict is Verdict.INCONCLUSIVE and not found.mistakes:
        return report
    if report.verdict is Verdict.CORRECT:
        return _suspected(report, found)
    return replace(
        report,
        findings=_merged(report.findings, found),
        example=found.example.sentence if found.example else "",
    )


def _suspected(report: Report, found: Diagnosis) -> Report:
    """Call a gradient wrong that is right at ordinary points only.

    Only beside the reference's own loss: of another loss it is known that the gradient
    is its derivative, and nothing else.
    """
    own = found.conventions is not None and found.conventions.own_data
    hidden = any(mistake.id in _HIDDEN for mistake in found.mistakes)
    if found.right or not own or not hidden:
        return report
    findings = _merged(report.findings, found)
    first = next(finding for finding in findings if finding.id)
    return replace(
        report,
        verdict=Verdict.WRONG,
        message=f"right at ordinary points, but {first.id}: {first.statement}",
        findings=findings,
        example=found.example.sentence if found.example else "",
    )


def _merged(known: Iterable[Finding], found: Diagnosis) -> tuple[Finding, ...]:
    """Join the findings of hygiene and of the diagnosis, each id once.

    Hygiene saw the same mistake happen, so its words are kept as the measurement.
    Beside another loss than the reference's, a mistake in the data part of the gradient
    is one of another gradient, and not named.
    """
    hygienic = {finding.id: finding for finding in known}
    own = found.conventions is None or found.conventions.own_data
    named = [
        _finding(each, found)
        for each in found.findings
        if own or not each.id or each.id in _ANY_LOSS or "penalty" in each.id
    ]
    if hygienic:  # a state that earlier calls left behind looks like randomness
        named = [each for each in named if each.id != "nondeterministic"]
    merged = [
        replace(each, measured=each.measured or hygienic[each.id].statement)
        if each.id in hygienic
        else each
        for each in named
    ]
    ids = {each.id for each in merged}
    return (*(each for id, each in hygienic.items() if id not in ids), *merged)


def _finding(each: diagnosis.Finding, found: Diagnosis) -> Finding:
    """Copy a finding; the first with the proof, and with what undoing them does."""
    finding = finding_of(each)
    if not each.id or not found.undo:
        return finding
    first = next(other for other in found.findings if other.id)
    proven = next((other.proof for other in found.findings if other.proof), "")
    if len(found.mistakes) > 1:  # said once, of all of them
        proven = proven.replace("the same mistake made", "the same mistakes made")
        proven = proven.replace("net gives", "net give") if each is first else ""
    proof = "; ".join(part for part in (proven, found.undo) if part)
    return replace(finding, proof=proof if each is first else "")


def finding_of(each: diagnosis.Finding) -> Finding:
    """Copy a finding of the diagnosis into the report's record."""
    return Finding(
        each.id,
        tuple(each.parameters),
        measured=each.measured,
        expected=each.expected,
        statement=each.statement,
        advice=each.advice,
        verified=each.verified,
        ties=tuple(each.ties),
        proof=each.proof,
    )


_OF_A_SIGMOID = {
    "softmax-unshifted": "np.logaddexp(0, -s) is -log(sigmoid(s)) without overflow",
    "log-of-zero": "np.logaddexp(0, -s) is -log(sigmoid(s)), and finite",
    "log-clipped": "use np.logaddexp(0, -s) instead of a small constant",
}
"""What to do where there is a sigmoid and no softmax."""


def _remarks(
    found: Diagnosis, known: Iterable[Outcome], network: Network
) -> list[Outcome]:
    """Turn what goes wrong in the loss at large scores into remarks."""
    ids = {outcome.id for outcome in known}
    advice = {} if network.cost == "softmax" else _OF_A_SIGMOID
    fickle = f"one call raised {found.fickle}, and the same call ran the next time"
    remarks = [Outcome("raises-now-and-then", False, fickle, fatal=False)]
    return (remarks if found.fickle else []) + [
        Outcome(
            id,
            False,
            f"{CATALOGUE[id].title}; {advice.get(id, CATALOGUE[id].advice)}",
            fatal=False,
        )
        for id in found.remarks
        if id not in ids
    ]
