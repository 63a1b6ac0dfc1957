"""From the outcome of a search to a diagnosis: what is said, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.case import Case
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.explain import merge
from gradcheck.diagnosis.facts import facts, partial
from gradcheck.diagnosis.numerals import numerals
from gradcheck.diagnosis.own import own_facts
from gradcheck.diagnosis.records import Diagnosis, Finding
from gradcheck.diagnosis.search import OF_SEVERAL_OUTPUTS, Found
from gradcheck.diagnosis.smallest import smallest_example
from gradcheck.diagnosis.words import Witness, finding, names_of, plural, undo_sentence
from gradcheck.faults import CATALOGUE, Mistake, upstream_first

_LOST = frozenset({"data-part-missing", "bias-missing", "keys-missing"})
"""Mistakes that say already that a gradient is zero."""


def conclude(case: Case, found: Found) -> Diagnosis:
    """Put everything that is known into words and records."""
    every = _outer(case, found)
    last = tuple(m for m in every if m.id == "single-precision")  # hardly a mistake
    outer = tuple(m for m in every if m not in last)
    absent = {n for o in case.oddities if o.id == "keys-missing" for n in o.sites}
    ordered = upstream_first(case.network, _present(found.best or (), absent))
    findings = [_of_the_call(case, m) for m in outer]
    if case.runs_where:
        text = f"the function runs only where {case.runs_where}"
        findings.insert(0, Finding("", (), case.runs_where, "", text))
    witness = Witness(case.evidence, case.measured, ordered)
    ties = _told(found.ties, ordered, one_output=case.sizes.C == 1)
    for m in ordered:
        said = finding(witness, m)
        others = tuple(
            " + ".join(_tied(other) for other in tie)
            for tie in ties
            if m.id not in {other.id for other in tie}
        )
        findings.append(replace(said, ties=tuple(dict.fromkeys(others))))
    findings += [_of_the_call(case, m) for m in last]
    findings += _of_the_loss(case, found)
    known = case.whole_numbers or case.differences or case.own_derivative
    if found.best is None and case.state.repeatable and not known:
        known_parts = partial(case, found)
        lost = {n for f in known_parts if f.id in _LOST for n in f.parameters}
        findings += known_parts
        measured = facts(case) if case.own_data or case.failed else own_facts(case)
        findings += [
            f for f in measured if f.measured != "0" or not lost & {*f.parameters}
        ]
    return Diagnosis(
        mistakes=(*outer, *ordered, *last),
        ties=ties,
        findings=tuple(findings),
        right=found.best == () and not every,
        explained=found.best is not None,
        conventions=case.conventions,
        loss_statement=loss_statement(case, found),
        undo=undo_sentence(case.network, (*outer, *ordered, *last))
        if found.best is not None and not case.conventions.unmodelled
        else "",
        example=smallest_example(case.spec, ordered, case.sizes.C),
        calls=case.accused.calls,
        measurements=_measurements(case),
        remarks=() if case.accused.fickle else case.conventions.finite,
        fickle=case.accused.fickle,
    )


def _present(mistakes: Sequence[Mistake], absent: set[str]) -> list[Mistake]:
    """Leave out what only says that a gradient that was not returned is zero."""
    kept = []
    for m in mistakes:
        sites = tuple(s for s in m.sites if s not in absent)
        if sites or not m.sites:
            kept.append(replace(m, sites=sites))
    return kept


def _outer(case: Case, found: Found) -> tuple[Mistake, ...]:
    """List the mistakes of the call as a whole: state, names, shapes, finish."""
    listed = [_of_state(case, id, variant) for id, variant in case.state.ids]
    if found.best is None and case.accused.factory is None and not _kept(case):
        # what was kept is proven by the right gradient elsewhere, and by nothing else
        listed = [m for m in listed if m.variant != "the first is kept"]
    stepped = found.best is not None and any(
        m.id == "updated-weights" for m in found.best
    )
    if stepped:  # that the weights change is what updated-weights says already
        listed = [m for m in listed if m.id != "mutates-parameters"]
    named = {m.id for m in found.best or ()}
    listed += [Mistake(o.id, o.sites) for o in case.oddities if o.id not in named]
    if case.undefined:
        listed.append(Mistake("not-finite", case.undefined))
    if case.finish is not None and found.best is not None:
        listed.append(case.finish)
    if case.whole_numbers:
        listed.append(Mistake("integer-arithmetic"))
    if case.differences:
        kind, h = case.differences
        listed.append(Mistake("numerical-gradient", (), kind, float(f"{h:.3g}")))
    return merge(listed)


def _kept(case: Case) -> bool:
    """Whether the answer that never changes is the right one of the first call."""
    trial = Evidence(case.spec)
    if case.opening is not None:
        trial.add(case.opening, case.accused.at(case.opening).grads)
    return trial.verify(())


def _of_state(case: Case, id: str, variant: str) -> Mistake:
    """Name a mistake of state; where only some gradients add up, with those."""
    mistake = Mistake(id, (), variant)
    every = names_of(case.network, mistake)
    sites = tuple(name for name in every if name in case.accused.adding)
    if id != "accumulates" or sites == every:
        return mistake
    return replace(mistake, sites=sites)


def _of_the_loss(case: Case, found: Found) -> list[Finding]:
    """Name what is wrong with the loss alone, beside a gradient that is right."""
    conventions = case.conventions
    names = {"without logarithm": "loss-without-logarithm"}
    id = names.get(conventions.data_form, "")
    if conventions.own_data and conventions.scale == -1.0:
        id = "loss-sign"
    if not id or not case.nominal or found.best != ():
        return []
    fault = CATALOGUE[id]
    return [
        Finding(
            id,
            names_of(case.network, Mistake("batch-sum")),
            measured=conventions.sentences[0],
            statement=fault.title,
            advice=fault.advice,
            verified=True,
            proof="the gradient is that of the specified loss, to rounding",
        )
    ]


def _told(
    ties: Sequence[tuple[Mistake, ...]], best: Sequence[Mistake], *, one_output: bool
) -> tuple[tuple[Mistake, ...], ...]:
    """Keep the ties that differ in more than the way of writing it.

    With one output there are no classes to divide by, and no sum over them.
    """
    mine = {m.id for m in best}
    senseless = OF_SEVERAL_OUTPUTS if one_output else frozenset()
    return tuple(
        tie
        for tie in ties
        if tie
        and {m.id for m in tie} != mine
        and not _same_words(mine, tie)
        and not {m.id for m in tie} & senseless
    )


def _tied(mistake: Mistake) -> str:
    """Name one part of another explanation, with the factor if it is one."""
    if mistake.id != "constant-factor" or mistake.constant is None:
        return mistake.id
    return f"{mistake.id} ({numerals(mistake.constant, '.6g')})"


def _same_words(mine: set[str], tie: Sequence[Mistake]) -> bool:
    """Whether a tie differs only by another name for -1, or one more division by N."""
    again = {"bias-mean", "batch-mean-hidden-twice", "batch-mean-twice"}
    other = {m.id for m in tie}
    negative = [m for m in tie if m.id == "constant-factor" and m.constant == -1.0]
    if negative and "sign-flipped" in mine:
        return True
    return bool(mine & again) and other - mine == {"batch-mean-partial"}


def _of_the_call(case: Case, mistake: Mistake) -> Finding:
    fault = CATALOGUE[mistake.id]
    details = [o.detail for o in case.oddities if o.id == mistake.id]
    measured = "; ".join(details)
    if mistake.id.startswith("mutates") and case.state.changed:
        inputs = mistake.id == "mutates-input"
        which = [n for n in case.state.changed if (n in ("X", "y")) is inputs]
        measured = f"{', '.join(which)} differed after the call"
    statement = fault.title + (f" ({mistake.variant})" if mistake.variant else "")
    if mistake.id == "numerical-gradient":
        kind = mistake.variant or "central"
        statement = f"{fault.title} ({kind} differences, step {mistake.constant:.2g})"
    elif mistake.id == "rounded":
        statement = f"the gradient is rounded to {mistake.constant:.0f} decimals"
    elif mistake.constant is not None:
        statement += f": {mistake.constant:g}"
    return Finding(
        mistake.id,
        tuple(str(s) for s in mistake.sites) or names_of(case.network, mistake),
        measured=measured,
        statement=statement,
        advice=fault.advice,
        verified=True,
    )


def loss_statement(case: Case, found: Found) -> str:
    """Say what is to be said about the loss, beside what is said of the gradient."""
    conventions = case.conventions
    if conventions.specified or case.failed:
        return ""
    what = "; ".join(conventions.sentences)
    if not what:
        return ""
    if found.best == () and case.nominal:
        return f"the gradient is right, the loss is not: {what}"
    if found.best == () or case.own_derivative:
        return f"the gradient is the right one of another loss: {what}"
    return what


def _measurements(case: Case) -> tuple[str, ...]:
    lines = [f"{case.accused.calls} calls of the function under examination"]
    conventions = case.conventions
    ks = ", ".join(f"{n}: {k:g}" for n, k in conventions.penalty.items()) or "none"
    lines.append(
        f"loss: {conventions.data_form}, {conventions.reduction}, times"
        f" {conventions.scale:g}; penalty k * reg * sum(p**2) with k = {ks}"
    )
    for name, pair in case.measured.penalties.items():
        multiples = []
        for seen, point in zip(pair, case.measured.points[name], strict=True):
            p = np.asarray(point.on.params[name])
            size = float(np.sum(p * p)) or 1.0
            multiples.append(f"{float(np.sum(seen * p)) / size:.6g}")
        lines.append(f"penalty in d{name}: {' and '.join(multiples)} times reg*{name}")
    for reader in case.measured.readers:
        shape = reader.problem
        lines.append(f"reading point: {shape!r}")
    checked = plural(len(case.evidence.exhibits), "point")
    lines.append(f"explanations verified at {checked} that the search did not use")
    return tuple(lines)
