"""Check a file: start it apart, ask it for losses and gradients, judge the answers."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from gradcheck.errors import GradcheckError
from gradcheck.misuse import refuse_no_names, refuse_no_path
from gradcheck.problem import Network
from gradcheck.report import Report, Subject, Verdict
from gradcheck.submissions import problems, units
from gradcheck.submissions.combine import combine
from gradcheck.submissions.offers import Offered, read_offer
from gradcheck.submissions.session import Session
from gradcheck.submissions.source import locate
from gradcheck.submissions.sources import read_source, roots_of


def check_submission(
    path: str | os.PathLike[str],
    *,
    objects: Sequence[str] = (),
    network: str | Network = "auto",
    seed: int = 0,
    timeout: float = 10.0,
    memory_mb: int = 512,
    rtol_required: float | None = None,
    tier: str | None = None,
    roots: Sequence[str | os.PathLike[str]] | None = None,
    entries: bool = False,
) -> Report:
    """Check the gradients that a file computes, in a process apart.

    The verdict says whether the gradient is the derivative of the file's own loss;
    `Report.loss_verdict` whether that loss is the specified one.

    Parameters
    ----------
    path : path-like
        A ``.py`` file or a notebook.
    objects : sequence of str
        Names in the file: classes, functions, ``Class.method``, or the stem of a pair
        of layer functions (``affine`` for ``affine_forward`` and ``affine_backward``).
        Whatever the file offers, by default.
    network : str or Network, default="auto"
        What the loss should be. ``"auto"`` takes the reference whose loss it is.
    seed : int, default=0
        Of the points and directions; stands in the report.
    timeout : float, default=10.0
        Seconds that the file may take for all its answers.
    memory_mb : int, default=512
        Megabytes that it may use.
    rtol_required : float, optional
        See `gradcheck.check_gradients`.
    tier, roots : optional
        How it is kept apart; see `gradcheck.submissions.session.Session`.
    entries : bool, default=False
        Whether to measure every entry, too, for the heat map of an HTML report.

    Returns
    -------
    Report
        `broken`, with a message that names the file, the line, what was expected and
        the next step, if there is nothing to check.

    Raises
    ------
    GradcheckError
        If `network` is not the name of a reference network, or what is handed over is
        no path: a class, a function, a module.
    """
    started = perf_counter()
    refuse_no_path(path)
    refuse_no_names(objects)
    units.known(network)
    name = problems.printable(Path(path).name)
    reports: list[tuple[Offered, Report]] = []
    try:
        source = read_source(path)
        with Session(
            source, objects=objects, timeout=timeout, memory_mb=memory_mb, tier=tier,
            roots=roots if roots is not None else roots_of(source),
        ) as session:  # fmt: skip
            offers, notes = read_offer(session.offer, network)
            for offered in offers:
                report = units.check(
                    session, offered, name,
                    network=network, seed=seed, rtol_required=rtol_required,
                    entries=entries,
                )  # fmt: skip
                reports.append((offered, report))
    except GradcheckError as error:
        report = _broken(path, objects, str(error), seed, perf_counter() - started)
    else:
        whole = combine(path, reports, notes, seed, perf_counter() - started)
        report = locate(path, whole)
    target = ":".join(part for part in (os.fspath(path), ",".join(objects)) if part)
    again = f"gradcheck check {problems.printable(target)} --seed {seed}"
    given = (
        ("network", network, "auto"), ("timeout", timeout, 10.0),
        ("memory", memory_mb, 512),
    )  # fmt: skip
    for option, value, default in given:
        if value != default and isinstance(value, str | int | float):
            again += f" --{option} {value if isinstance(value, str) else f'{value:g}'}"
    return replace(report, again=again)


def _broken(
    path: str | os.PathLike[str], objects: Sequence[str], text: str, seed: int,
    seconds: float,
) -> Report:  # fmt: skip
    subject = Subject(
        path=problems.printable(os.fspath(path)), object=",".join(objects) or None
    )
    report = Report(Verdict.BROKEN, message=text, seed=seed, subject=subject)
    return replace(report, cost=replace(report.cost, seconds=round(seconds, 6)))
