"""Point at the statement of a submission that makes a mistake.

The file is parsed, never run. From where a gradient is kept, the statements that build
it are followed backwards; which of them is guilty depends on the mistake. Where more
than one place fits, or none, nothing is said: a wrong line is worse than none.

References
----------
M. Weiser, "Program slicing", *IEEE Transactions on Software Engineering* 10 (1984).
"""

import os
from collections.abc import Sequence
from dataclasses import replace

from gradcheck.report import Finding, Report, Verdict
from gradcheck.submissions.forms.names import BACKWARD, BOTH, COST
from gradcheck.submissions.source import batches, descent, outputs, penalties, unnamed
from gradcheck.submissions.source.case import Case
from gradcheck.submissions.source.program import Program
from gradcheck.submissions.source.recursion import recurrent
from gradcheck.submissions.source.roots import match, roots
from gradcheck.submissions.source.rules import RULES, Guess
from gradcheck.submissions.source.stores import Body
from gradcheck.submissions.source.text import Text, quote, read_text

__all__ = ["locate"]
_MOST = 2000  # statements; what is longer was not written by hand
_BOOKS = (batches, descent, outputs, penalties)  # importing one registers its rules


def locate(path: str | os.PathLike[str], report: Report) -> Report:
    """Add to each finding of a wrong gradient the line that makes the mistake.

    Parameters
    ----------
    path : path-like
        The submission.
    report : Report
        Of that submission.

    Returns
    -------
    Report
        The same, with `file`, `line`, `column`, `end_column`, `snippet` and `remark`
        of its findings filled in where the place is sure.
    """
    if report.verdict is not Verdict.WRONG or not report.findings:
        return report
    text = read_text(path)
    if text is None:
        return report
    try:
        program = Program(text.tree)
        if sum(len(body.stores) for body in program.bodies) > _MOST:
            return report
        found = tuple(_place(text, program, report, f) for f in report.findings)
    except (RuntimeError, MemoryError, ValueError, TypeError, LookupError):
        return report  # code that nobody foresaw; the verdict stands without a line
    return replace(report, findings=found)


def _place(text: Text, program: Program, report: Report, finding: Finding) -> Finding:
    if finding.line is not None or not finding.parameters:
        return finding
    guess = _suspect(program, report, finding)
    quoted = quote(text, guess.node) if guess is not None else None
    if guess is None or quoted is None:
        return finding
    return replace(
        finding, file=quoted.file, line=quoted.line, column=quoted.column,
        end_column=quoted.end_column, snippet=quoted.snippet, remark=guess.remark,
    )  # fmt: skip


def _suspect(program: Program, report: Report, finding: Finding) -> Guess | None:
    case = _case(program, report, finding)
    if case is not None and not finding.id:
        return unnamed.measured(case)
    guess = RULES[finding.id](case) if case and finding.id in RULES else None
    if guess is None and "," not in (report.subject.object or ""):
        start = program.entries(report.subject.object or "")
        guess = recurrent(program.reached(start), finding.id)
    return guess


def _case(program: Program, report: Report, finding: Finding) -> Case | None:
    """Find out which function and which gradients a finding is about."""
    labels = (report.subject.object or "").split(",")
    if len(labels) > 1:
        prefix = finding.parameters[0].rpartition(".")[0]
        labels = [prefix]
    prefix = f"{labels[0]}." if len(labels) == 1 else ""
    several = "," in (report.subject.object or "")
    verdicts = {
        (n.removeprefix(prefix) if several else n): p.verdict
        for n, p in report.parameters.items()
        if not several or n.startswith(prefix)
    }
    names = tuple(n.removeprefix(prefix) if several else n for n in finding.parameters)
    start = [b for label in labels for b in program.entries(label)]
    within = _ordered(program.reached(start))
    found = roots(program, within, len(verdicts) == 1)
    if not found or not set(names) <= set(verdicts):
        return None
    right = frozenset(n for n, v in verdicts.items() if v is Verdict.CORRECT)
    return Case(program, within, found, match(found, tuple(verdicts)), names, right)


def _ordered(bodies: Sequence[Body]) -> list[Body]:
    """Put first what looks like a backward pass."""

    def rank(body: Body) -> int:
        name = body.name
        backward = BOTH.fullmatch(name) or BACKWARD.fullmatch(name)
        return 0 if backward else 1 if COST.fullmatch(name) else 2

    return sorted(bodies, key=rank)
