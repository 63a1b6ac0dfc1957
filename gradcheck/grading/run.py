"""Grading: from submissions to a journal of reports, and from that to marks."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from gradcheck import __version__
from gradcheck.grading.collect import Submission, digest
from gradcheck.grading.journal import Journal
from gradcheck.grading.pool import run
from gradcheck.grading.rubric import Rubric
from gradcheck.rendering.marks import Mark
from gradcheck.report import Report, Subject, Verdict, from_dict

Check = Callable[..., Report]
"""``check(path, seed=...) -> Report``; can be pickled where there are several jobs."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a class is graded.

    Attributes
    ----------
    check : callable
        ``check(path, seed=...) -> Report``.
    label : str
        What the check was told, in words: with another label it is done again.
    seed : int
        Of the points.
    per_submission : bool
        Whether each submission gets points of its own, drawn from `seed` and its name.
    jobs : int
        Processes on this machine.
    scheduler : str
        Address of a Dask scheduler to use instead; or empty.
    """

    check: Check
    label: str = ""
    seed: int = 0
    per_submission: bool = False
    jobs: int = 1
    scheduler: str = ""

    def seed_of(self, submission: str) -> int:
        """Return the seed of one submission, below 2**32 as numpy's old one must be."""
        if not self.per_submission:
            return self.seed
        text = f"{self.seed}:{submission}".encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.sha256(text).digest()[:4], "big")

    def key(self, submission: Submission) -> str:
        """Return a name for this content graded in this way: equal keys, equal work."""
        content = submission.problem.encode("utf-8", "surrogateescape")
        if submission.path is not None:
            content = digest(submission.path)
        how = f"{__version__}|{self.label}|{self.seed_of(submission.name)}|"
        return hashlib.sha256(how.encode() + content).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class _Task:
    """One submission on its way to a process."""

    submission: str
    path: Path
    shown: str
    key: str
    seed: int
    check: Check = field(repr=False)


def grade(
    submissions: Sequence[Submission], settings: Settings, journal: Journal
) -> Iterator[Record]:
    """Check what the journal does not hold yet, and yield each record as it comes.

    Parameters
    ----------
    submissions : sequence of Submission
        The class.
    settings : Settings
        How.
    journal : Journal
        Gets each record before it is yielded.

    Yields
    ------
    dict
        ``submission``, ``key``, ``seconds``, ``report``; and ``failed`` where it was
        not the submission's fault, so that a rerun tries again.
    """
    tasks = []
    crowd = Counter(
        folder
        for s in submissions
        if s.path is not None
        for folder in s.path.absolute().parents
    )
    for submission in submissions:
        key = settings.key(submission)
        if (submission.name, key) in journal:
            continue
        if submission.path is None:
            record = _unread(submission.name, key, submission.problem)
            journal.append(record)
            yield record
        else:
            seed = settings.seed_of(submission.name)
            path = submission.path.absolute()
            shown = submission.shown or submission.name
            check = settings.check
            if len(submissions) > 1:  # what the others have handed in is beside it
                check = _with(check, roots=_own_folder(path, crowd))
            if settings.jobs > 1 or settings.scheduler:
                check = _with(check, ahead=False)  # every processor is busy
            tasks.append(_Task(submission.name, path, shown, key, seed, check))
    done = run(
        _examine, tasks, lost=_lost, jobs=settings.jobs, scheduler=settings.scheduler
    )
    for record in done:
        journal.append(record)
        yield record


def marks(
    submissions: Sequence[Submission], journal: Journal, rubric: Rubric
) -> Iterator[Mark]:
    """Yield the mark of each submission that the journal holds, one at a time."""
    held = set(journal)
    for submission in submissions:
        if submission.name in held:
            record = journal.read(submission.name)
            report = from_dict(record["report"])
            items, score = rubric.mark(report)
            yield Mark(
                submission=submission.name,
                report=report,
                items=items,
                score=score,
                max_points=rubric.points,
                seconds=float(record["seconds"]),
            )


def submission_check(**options: Any) -> Check:
    """Return `gradcheck.check_submission` with its options, as `Settings` wants it."""
    return partial(_check_submission, **options)


def _own_folder(path: Path, crowd: Mapping[Path, int]) -> tuple[Path, ...]:
    """Return the folder of a submission that holds nothing of another; or nothing.

    Parameters
    ----------
    path : Path
        Of the submission, absolute.
    crowd : mapping of Path to int
        How many submissions lie below each folder.
    """
    own = [folder for folder in path.parents if crowd[folder] == 1]
    return (own[-1],) if own else ()


def _with(check: Check, **options: Any) -> Check:
    """Give more options to a check of ours."""
    if isinstance(check, partial) and check.func is _check_submission:
        return partial(check, **options)
    return check


def _check_submission(path: Path, *, ahead: bool = True, **options: Any) -> Report:
    from gradcheck.submissions import check_submission, warm

    warm.AHEAD = ahead
    report: Report = check_submission(path, **options)
    return report


def _examine(task: _Task) -> Record:
    """Check one submission; whatever happens becomes its record."""
    started = perf_counter()
    try:
        report = _under_its_name(task.check(task.path, seed=task.seed), task)
        data = report.to_dict()
        json.dumps(data, allow_nan=False)
    except Exception as error:
        return _lost(task, f"{type(error).__name__}: {error}")
    seconds = round(perf_counter() - started, 4)
    return _record(task.submission, task.key, data, seconds)


def _lost(task: _Task, reason: str) -> Record:
    """Record what is our fault, under no key, so that a rerun tries again."""
    text = f"gradcheck itself stopped: {reason}"
    report = Report(Verdict.BROKEN, message=text, seed=task.seed)
    data = _under_its_name(report, task).to_dict()
    return _record(task.submission, "", data, 0.0) | {"failed": True}


def _under_its_name(report: Report, task: _Task) -> Report:
    """Say the file's own name wherever the report says where it lay."""
    where, name = str(task.path), task.shown
    subject = report.subject
    return replace(
        report,
        subject=replace(subject, path=(subject.path or where).replace(where, name)),
        message=report.message.replace(where, name),
        again=report.again.replace(where, name),
    )


def _unread(name: str, key: str, problem: str) -> Record:
    """Record a submission of which no file can be checked."""
    report = Report(Verdict.BROKEN, message=problem, subject=Subject(path=name))
    return _record(name, key, report.to_dict(), 0.0)


def _record(name: str, key: str, report: Record, seconds: float) -> Record:
    return {"submission": name, "key": key, "seconds": seconds, "report": report}
