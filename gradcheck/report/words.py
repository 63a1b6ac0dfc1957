"""The words of a report, in the order in which a reader needs them.

Each line carries its role, so that a renderer can add colour without reading the text.
"""

from collections.abc import Iterator

from gradcheck.report.excerpt import excerpt
from gradcheck.report.lines import WIDTH, Line, wrapped
from gradcheck.report.parts import Finding, Verdict
from gradcheck.report.records import Report
from gradcheck.report.table import table

_HEADLINES = {
    Verdict.CORRECT: "the gradient is the derivative of its own loss",
    Verdict.WRONG: "the gradient is not the derivative of its own loss",
    Verdict.INCONCLUSIVE: "this check cannot tell",
    Verdict.BROKEN: "there was no gradient to check",
}
_LABELS = {
    Verdict.CORRECT: "RIGHT",
    Verdict.WRONG: "WRONG",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE",
    Verdict.BROKEN: "BROKEN",
}
_MANY = 4
"""Objects above which the title names only some of them."""

_NETWORKS = {
    "softmax": "a two-layer ReLU/softmax net",
    "logistic": "a two-layer ReLU net with the logistic loss",
    "linear": "a linear classifier",
    "deep": "a net of several layers",
}


def plain_text(report: Report, *, verbose: bool = False) -> str:
    """Return the report as plain text, at most about 80 columns wide."""
    return "\n".join(line.text for line in lines(report, verbose=verbose))


def lines(
    report: Report, *, verbose: bool = False, width: int = WIDTH
) -> Iterator[Line]:
    """Yield the lines of a report, verdict first.

    Parameters
    ----------
    report : Report
        What was found.
    verbose : bool, default=False
        Whether to add the measurements, every law and every rule of hygiene.
    width : int, default=80
        Columns in which lines of a source file have to fit.
    """
    yield from _title(report)
    yield from _headline(report)
    yield from table(report)
    shown: set[object] = set()
    for finding in report.findings:
        yield from _finding(finding, shown, width)
    yield from _rules(report, verbose)
    if verbose and report.measurements:
        yield Line("faint")
        yield from (Line("faint", f"  {text}") for text in report.measurements)
    yield from _closing(report)


def _title(report: Report) -> Iterator[Line]:
    subject = report.subject
    title = subject.title or ": ".join(
        part for part in (subject.path, _few(subject.object or "")) if part
    )
    if title and not subject.title and subject.network in _NETWORKS:
        one = subject.network == "deep" and set(report.parameters) <= {"W1", "b1"}
        title += f", {'a linear model' if one else _NETWORKS[subject.network]}"
    if title and subject.interface:
        title += f" ({subject.interface} form)"
    if title:
        yield from wrapped("title", title)
    if subject.loss:
        yield from wrapped("faint", f"loss: {subject.loss}")
    for note in subject.notes:
        yield from wrapped("faint", f"note: {note}")
    if title:
        yield Line("text")


def _few(objects: str) -> str:
    """Name the first of many objects, and count the others."""
    names = objects.split(",")
    if len(names) <= _MANY:
        return objects
    return f"{', '.join(names[: _MANY - 1])} and {len(names) - _MANY + 1} more"


def headline(report: Report) -> tuple[str, str]:
    """Return the verdict in a word or three, and the sentence that follows it."""
    text = report.message if report.verdict is Verdict.BROKEN else ""
    text = text or _HEADLINES[report.verdict]
    label = _LABELS[report.verdict]
    if report.verdict is Verdict.CORRECT and report.loss_verdict == "specified":
        text += ", and the loss is the specified one"
    elif report.verdict is Verdict.CORRECT and report.loss_verdict == "other":
        label, text = "RIGHT derivative, OTHER loss", report.loss_message
    elif report.verdict is Verdict.WRONG and not _any_wrong(report) and report.message:
        text = report.message
    if report.verdict is Verdict.CORRECT and any(
        note.startswith("not checked:") for note in report.subject.notes
    ):
        text += "; this holds of what was checked, and not all was: see the notes"
    return label, text


def _headline(report: Report) -> Iterator[Line]:
    label, text = headline(report)
    yield from wrapped("verdict", text, first=f"  {label}   ")
    if report.verdict is Verdict.INCONCLUSIVE and report.message:
        yield from wrapped("text", report.message, first="  ")
    if report.verdict is not Verdict.CORRECT and report.loss_verdict == "other":
        yield from wrapped("unsure", report.loss_message, first="  also: ")
    yield Line("text")


def _any_wrong(report: Report) -> bool:
    return any(p.verdict is Verdict.WRONG for p in report.parameters.values())


def _finding(finding: Finding, shown: set[object], width: int) -> Iterator[Line]:
    where = f" in {', '.join(finding.parameters)}" if finding.parameters else ""
    head = f"{finding.id}{where}: " if finding.id else "measured: "
    yield from wrapped("finding", head + finding.statement)
    pairs = [("measured", finding.measured), ("should be", finding.expected)]
    pairs = pairs if finding.id else []  # a measured fact has its number in it
    pairs += [("proof", finding.proof)]
    if finding.ties:
        pairs += [("or", f"{', '.join(finding.ties)}: nothing can tell these apart")]
    for label, text in pairs:
        if text:
            yield from wrapped("text", text, first=f"  {label:<10} ")
    place = (finding.file, finding.line, finding.column, finding.remark)
    if finding.line is not None and place in shown:
        yield Line("faint", f"   --> {finding.file}:{finding.line}, shown above")
    else:
        yield from excerpt(finding, width)
    shown.add(place)
    if finding.advice:
        yield from wrapped("text", finding.advice, first="  fix        ")
    yield Line("text")


def _rules(report: Report, verbose: bool) -> Iterator[Line]:
    """Name what is broken among laws and hygiene; count what holds."""
    named = {finding.id for finding in report.findings}
    laws = report.laws if verbose or not named else ()  # they follow from the mistake
    for outcome in (*report.hygiene, *laws):
        if verbose and outcome.ok:
            detail = outcome.detail or _sentence(outcome.id)
            yield from wrapped("faint", f"{outcome.id}: {detail}", first="  ")
        elif not outcome.ok and outcome.id not in named:
            role = "wrong" if outcome.fatal else "unsure"
            yield from wrapped(role, f"{outcome.id}: {outcome.detail}", first="  ")
    if report.verdict is Verdict.CORRECT:
        yield from _certificate(report)


def _sentence(law: str) -> str:
    """Say what a law is that holds."""
    from gradcheck.laws import LAWS

    return LAWS.get(law, "holds")


def _certificate(report: Report) -> Iterator[Line]:
    bounds = [p.bound for p in report.parameters.values() if p.bound is not None]
    if bounds and len(bounds) == len(report.parameters):
        largest = max(bound.rel_error for bound in bounds)
        chance = max(bound.probability for bound in bounds)
        yield from wrapped(
            "text",
            f"a relative error above {largest:.0e} in any of them would have escaped "
            f"with probability below {chance:.0e}"
            if chance
            else f"every entry was measured; none is off by more than {largest:.0e} of "
            "its parameter's gradient",
        )
    held = [f"{_count(sum(law.ok for law in report.laws), 'law')} hold"]
    held = held if report.laws else []
    if all(outcome.ok for outcome in report.hygiene) and report.hygiene:
        held += ["inputs unchanged", "repeatable"]
    if report.cost.loss_evaluations:
        held += [f"{report.cost.loss_evaluations} loss evaluations"]
    if held:
        yield from wrapped("faint", "; ".join(held))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _closing(report: Report) -> Iterator[Line]:
    if report.example:
        yield from wrapped("faint", f"smallest failing example: {report.example}")
    named = [finding.id for finding in report.findings if finding.id]
    if report.again:
        yield from wrapped("faint", f"again: {report.again}")
    if named:
        yield from wrapped("faint", f"more: gradcheck explain {named[0]}")
