"""One report of a file, whatever number of things it offers."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gradcheck.report import Cost, Outcome, Report, Subject, Verdict
from gradcheck.submissions.offers import Offered
from gradcheck.submissions.problems import printable

_WORST = (Verdict.BROKEN, Verdict.WRONG, Verdict.INCONCLUSIVE, Verdict.CORRECT)


def combine(
    path: str | os.PathLike[str],
    reports: Sequence[tuple[Offered, Report]],
    notes: Sequence[str],
    seed: int,
    seconds: float,
) -> Report:
    """Make one report out of those of the units, with the worst verdict.

    With more than one unit, parameters and rules are called ``unit.name``.
    """
    whole = reports[0][1] if len(reports) == 1 else _join(reports, seed)
    subject = replace(
        whole.subject,
        path=printable(os.fspath(path)),
        notes=(*whole.subject.notes, *notes),
    )
    cost = replace(whole.cost, seconds=round(seconds, 6))
    return replace(whole, subject=subject, cost=cost)


def _of_all(losses: Iterable[tuple[Offered, Report]]) -> str:
    """Say of each object what is different about its loss; alike things once."""
    alike: dict[str, list[str]] = {}
    for offered, report in losses:
        alike.setdefault(report.loss_message, []).append(offered.object)
    return "; ".join(f"{', '.join(who)}: {what}" for what, who in alike.items())


def _join(reports: Sequence[tuple[Offered, Report]], seed: int) -> Report:
    """Join the reports of several units, each part under its unit's name."""
    verdict = min((r.verdict for _, r in reports), key=_WORST.index)
    messages = [
        f"{o.object}: {r.message}"
        for o, r in reports
        if r.verdict is verdict and r.message
    ]
    losses = [(o, r) for o, r in reports if r.loss_message]
    verdicts = {r.loss_verdict for _, r in reports if r.loss_verdict}
    return Report(
        verdict,
        message="; ".join(messages),
        loss_verdict="other" if "other" in verdicts else next(iter(verdicts), ""),
        loss_message=_of_all(losses),
        seed=seed,
        subject=_subject(reports),
        parameters={
            f"{o.object}.{n}": p for o, r in reports for n, p in r.parameters.items()
        },
        findings=tuple(
            replace(
                f,
                parameters=tuple(f"{o.object}.{n}" for n in f.parameters),
                statement=f.statement if f.id else f"{o.object}: {f.statement}",
            )
            for o, r in reports for f in r.findings
        ),
        hygiene=_prefixed([(o, r.hygiene) for o, r in reports]),
        laws=_prefixed([(o, r.laws) for o, r in reports]),
        cost=Cost(
            sum(r.cost.loss_evaluations for _, r in reports),
            sum(r.cost.gradient_evaluations for _, r in reports),
            sum(r.cost.seconds for _, r in reports),
        ),
        curves={f"{o.object}.{n}": c for o, r in reports for n, c in r.curves.items()},
        measurements=tuple(
            f"{o.object}: {m}" for o, r in reports for m in r.measurements
        ),
    )  # fmt: skip


def _subject(reports: Sequence[tuple[Offered, Report]]) -> Subject:
    """Join what the units are, and what conventions they follow."""
    subjects = [r.subject for _, r in reports]
    kinds = list(dict.fromkeys(o.interface for o, _ in reports if o.interface))
    notes = [f"{o.object}: {n}" for o, r in reports for n in r.subject.notes]
    return Subject(
        object=",".join(o.object for o, _ in reports),
        interface=",".join(kinds) or None,
        network=_shared([s.network for s in subjects]),
        penalty=_shared([s.penalty for s in subjects]),
        reduction=_shared([s.reduction for s in subjects]),
        layout=_shared([s.layout for s in subjects]),
        notes=tuple(dict.fromkeys(notes)),
    )


def _shared(values: Sequence[str | None]) -> str | None:
    distinct = list(dict.fromkeys(v for v in values if v))
    return distinct[0] if len(distinct) == 1 else ",".join(distinct) or None


def _prefixed(
    groups: Sequence[tuple[Offered, Sequence[Outcome]]],
) -> tuple[Outcome, ...]:
    return tuple(
        replace(
            outcome, detail=f"{o.object}: {outcome.detail}" if outcome.detail else ""
        )
        for o, outcomes in groups
        for outcome in outcomes
    )
