"""What a grader hands to the renderers: a submission, its report and its points."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import fsum

from gradcheck.report import Report, Verdict


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a rubric, marked.

    Attributes
    ----------
    name : str
        ``"W1"``, ``"law batch-mean"``, ...
    points, max_points : float
        Earned, and what could be earned.
    ok : bool
        Whether it holds.
    text : str
        Why not, in a sentence; or empty.
    """

    name: str
    points: float
    max_points: float
    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One submission, graded.

    Attributes
    ----------
    submission : str
        Its name: the file or folder as it was handed in.
    report : Report
        What the check found.
    items : tuple of Item
        The rubric, line by line.
    score, max_points : float
        Points earned, and what a right submission earns.
    seconds : float
        Wall time of the check.
    link : str
        Relative address of its own page; or empty.
    """

    submission: str
    report: Report
    items: tuple[Item, ...]
    score: float
    max_points: float
    seconds: float = 0.0
    link: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of a mark once its own page is written; a class of them fits.

    Attributes
    ----------
    submission, verdict, score, max_points, seconds, link
        As in `Mark`.
    mistakes : tuple of str
        Ids of the named mistakes, each with its parameters: ``"batch-sum W1 W2"``.
    message : str
        One sentence.
    parameters : mapping of str to str
        Verdict by parameter.
    fingerprint : mapping
        As in `Report`.
    network : str
        Family and form of what was handed in.
    """

    submission: str
    verdict: Verdict
    score: float
    max_points: float
    mistakes: tuple[str, ...] = ()
    message: str = ""
    seconds: float = 0.0
    parameters: Mapping[str, str] = field(default_factory=dict)
    fingerprint: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    network: str = ""
    link: str = ""

    @classmethod
    def of(cls, mark: Mark) -> "Row":
        """Keep what a class page and a table need of `mark`."""
        report = mark.report
        subject = report.subject
        return cls(
            submission=mark.submission,
            verdict=report.verdict,
            score=mark.score,
            max_points=mark.max_points,
            mistakes=mistakes(report),
            message=message(report),
            seconds=mark.seconds,
            parameters={k: str(p.verdict) for k, p in report.parameters.items()},
            fingerprint=dict(report.fingerprint),
            network=", ".join(filter(None, (subject.network, subject.interface))),
            link=mark.link,
        )


def without_seed(report: Report) -> Report:
    """Return the report without what would repeat the check: for a student to read."""
    return replace(report, seed=0, again="", measurements=())


def mistakes(report: Report) -> tuple[str, ...]:
    """Return the id of each mistake with its parameters; none of what does not run."""
    if report.verdict is Verdict.BROKEN:
        return ()
    named = [" ".join((f.id or "unnamed", *f.parameters)) for f in report.findings]
    return tuple(dict.fromkeys([*([report.refused] if report.refused else []), *named]))


def message(report: Report) -> str:
    """Return one sentence on a report: the mistake if it is known, or the reason."""
    if report.findings and report.verdict is not Verdict.BROKEN:
        return report.findings[0].statement
    if report.message:
        return report.message
    if report.verdict is Verdict.CORRECT:
        return report.loss_message
    wrong = [k for k, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    return f"wrong in {', '.join(wrong)}" if wrong else ""


def total(items: tuple[Item, ...]) -> tuple[float, float]:
    """Return the points and the most points of a list of items."""
    return fsum(i.points for i in items), fsum(i.max_points for i in items)
