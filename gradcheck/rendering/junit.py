"""Reports as JUnit XML, which CI systems and course platforms read."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree

from gradcheck.rendering.marks import Mark
from gradcheck.report import Outcome, Report, Verdict, plain_text

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(marks: Iterable[Mark], *, moment: datetime | None = None) -> str:
    """Return one test suite a submission: the verdict, each parameter, law and rule.

    A wrong or inconclusive gradient is a failure, a submission that does not run an
    error; remarks that do not decide pass. The root has no attributes, because the
    strictest of the schemas in use allows none.

    Parameters
    ----------
    marks : iterable of Mark
        Read once, one at a time.
    moment : datetime, optional
        Time stamp; now by default.
    """
    stamp = (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    root = ElementTree.Element("testsuites")
    root.extend(_suite(mark, number, stamp) for number, mark in enumerate(marks))
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(mark: Mark, number: int, stamp: str) -> ElementTree.Element:
    report = mark.report
    suite = ElementTree.Element("testsuite", {"name": _legal(mark.submission)})
    ElementTree.SubElement(suite, "properties").extend(
        ElementTree.Element("property", {"name": key, "value": value})
        for key, value in (
            ("verdict", str(report.verdict)),
            ("score", f"{mark.score:g}"),
            ("max_score", f"{mark.max_points:g}"),
        )
    )
    cases = list(_cases(mark.submission, report))
    cases[0].set("time", f"{mark.seconds:.3f}")
    suite.extend(cases)
    ElementTree.SubElement(suite, "system-out").text = _legal(report.message)
    ElementTree.SubElement(suite, "system-err")
    suite.attrib |= {
        "id": str(number),
        "package": "gradcheck",
        "hostname": "localhost",
        "timestamp": stamp,
        "time": f"{mark.seconds:.3f}",
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    return suite


def _cases(submission: str, report: Report) -> Iterable[ElementTree.Element]:
    """Yield the verdict first, with the whole report as its text."""
    verdicts = {"verdict": report.verdict}
    verdicts |= {name: p.verdict for name, p in report.parameters.items()}
    for name, verdict in verdicts.items():
        case = _case(submission, name)
        if verdict is not Verdict.CORRECT:
            kind = "error" if verdict is Verdict.BROKEN else "failure"
            text = plain_text(report) if name == "verdict" else _numbers(report, name)
            message = text.splitlines()[0] if name != "verdict" else _why(report)
            _add(case, kind, str(verdict), message, text)
        yield case
    for group, outcomes in (("law", report.laws), ("hygiene", report.hygiene)):
        for outcome in outcomes:
            yield _rule(submission, group, outcome)


def _rule(submission: str, group: str, outcome: Outcome) -> ElementTree.Element:
    case = _case(submission, f"{group}: {outcome.id}")
    if not outcome.ok and outcome.fatal:
        text = outcome.detail or outcome.id
        _add(case, "failure", outcome.id, text, text)
    return case


def _case(submission: str, name: str) -> ElementTree.Element:
    return ElementTree.Element(
        "testcase", {"classname": _legal(submission), "name": _legal(name), "time": "0"}
    )


def _add(
    case: ElementTree.Element, kind: str, type_: str, message: str, text: str
) -> None:
    attributes = {"type": _legal(type_), "message": _legal(message)}
    ElementTree.SubElement(case, kind, attributes).text = _legal(text)


def _why(report: Report) -> str:
    """Return the mistake or the reason in one line."""
    broken = report.verdict is Verdict.BROKEN
    found = () if broken else report.findings
    named = [f"{f.id or 'measured'}: {f.statement}" for f in found]
    return "; ".join(named) or report.message or f"the gradient is {report.verdict}"


def _numbers(report: Report, name: str) -> str:
    parameter = report.parameters[name]
    worst = parameter.worst
    if worst is None:
        return parameter.detail or f"{name} is {parameter.verdict}"
    where = f"{name}{list(worst.index)}"
    return (
        f"{where} = {worst.analytic:.6g}, but should be {worst.numeric:.6g} "
        f"+- {worst.error:.0e}"
    )


def _legal(text: str) -> str:
    """Replace what XML cannot hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
