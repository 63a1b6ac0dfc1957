"""One unit of a submission: ask it at points of ours, and judge its answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import networks
from gradcheck._typing import Array, Params
from gradcheck.checker import check_gradients, check_network
from gradcheck.checker.run import SMOOTHED
from gradcheck.errors import GradcheckError
from gradcheck.problem import Network
from gradcheck.reading import UnusableError
from gradcheck.report import Outcome, Report, Subject, Verdict
from gradcheck.submissions import derived, integers, lossless, problems, used
from gradcheck.submissions.held import as_held
from gradcheck.submissions.offers import SMOOTH, Offered
from gradcheck.submissions.references import (
    Answers,
    names_of,
    reference,
    sizes_of,
    with_penalty,
)
from gradcheck.submissions.session import Session

_SIZES = {"N": 7, "6": 6, "D": 5, "M": 4, "C": 3, "2": 2, "1": 1, "8": 8}


def known(network: str | Network) -> None:
    """Raise GradcheckError unless `network` is ``"auto"`` or a reference."""
    if not isinstance(network, Network) and network not in ("auto", *networks.NAMES):
        raise GradcheckError(
            f"network={network!r}, but should be a Network, 'auto' or one of "
            f"{', '.join(map(repr, networks.NAMES))}"
        )


def check(
    session: Session,
    offered: Offered,
    name: str,
    *,
    network: str | Network,
    seed: int,
    rtol_required: float | None,
    entries: bool = False,
) -> Report:
    """Check one unit; `name` is the file's."""
    if offered.kind == "broken":
        where = name if offered.line is None else f"{name}:{offered.line}"
        report = Report(Verdict.BROKEN, message=f"{where}: {offered.text}", seed=seed)
        return replace(report, subject=_subject(offered, Subject()))
    try:

        def one(unit: Offered) -> Report:
            if unit.kind == "network":
                return _network(session, unit, network, seed, rtol_required, entries)
            return _layer(session, unit, seed, rtol_required)

        report = _smoothed(offered, one) if offered.smooth else one(offered)
    except UnusableError as problem:
        report = Report(Verdict.BROKEN, message=str(problem), seed=seed)
    if offered.kind == "network" and report.verdict is not Verdict.BROKEN:
        report = _with_remarks(session, report)
    return replace(report, subject=_subject(offered, report.subject))


def _with_remarks(session: Session, report: Report) -> Report:
    """Remark that a call changes the data, or gives gradients in integers."""
    try:
        notes = session.notes()
    except problems.BrokenSubmissionError:
        return report
    report, seen = integers.remark(report, notes), notes.get("mutated")
    changed = [name for name in ("X", "y") if f"/{name}" in (seen or ())]
    if not changed:
        return report
    text = f"the call changes {' and '.join(changed)} in place; work on a copy"
    rule = Outcome("mutates-input", False, text, fatal=False)
    return replace(report, hygiene=(*report.hygiene, rule))


def _smoothed(offered: Offered, check_one: Callable[[Offered], Report]) -> Report:
    """Excuse a gradient that differs only by a small constant in a logarithm.

    The loss without the constant is tried first, for it is the likelier one.
    """
    late: problems.BrokenSubmissionError | None = None
    try:
        without = check_one(replace(offered, index=offered.index + SMOOTH))
    except UnusableError:
        return check_one(offered)
    except problems.BrokenSubmissionError as error:
        late = error
    report = None
    if late is None and without.verdict is Verdict.WRONG:
        report = check_one(offered)
    if late is None and _excusing(without, report):
        text = "the gradient is that of the loss without the small constant in its "
        text += "logarithm"
        if report is not None:
            text = "the loss has a small constant in its logarithm; it was left out "
            text += "to see what else is wrong"
        rule = Outcome("log-clipped", False, text, fatal=False)
        others = (o for o in without.hygiene if o.id != "log-of-zero")  # it has one
        return replace(without, hygiene=(*others, rule))
    report = report or check_one(offered)
    if late is None or report.verdict is not Verdict.WRONG:
        return report
    text = f"whether a constant in a logarithm explains it was not found: {late}"
    return replace(report, verdict=Verdict.INCONCLUSIVE, message=text, findings=())


def _excusing(without: Report, report: Report | None) -> bool:
    """Whether the file is better judged without the constants in its logarithms.

    Right without them; or wrong without them in fewer parameters, the others being
    wrong by as little as a constant can make them.
    """
    if report is None or report.verdict is not Verdict.WRONG:
        return without.verdict is Verdict.CORRECT
    pairs = [(p, without.parameters.get(name)) for name, p in report.parameters.items()]
    return all(
        other is not None
        and (other.verdict is p.verdict or (p.max_rel_error or 1.0) <= SMOOTHED)
        for p, other in pairs
    )


def _subject(offered: Offered, measured: Subject) -> Subject:
    notes = list(offered.notes)
    if offered.kind == "network" and not offered.own_loss:
        notes.append(f"the file has no loss; the usual one was used: {offered.implied}")
    return replace(
        measured,
        object=offered.object or None,
        interface=offered.interface,
        network=measured.network or (offered.kind if offered.symbols else None),
        layout=offered.layout if offered.kind == "network" else measured.layout,
        notes=(*measured.notes, *notes),
    )


# Networks


def _network(
    session: Session,
    offered: Offered,
    wanted: str | Network,
    seed: int,
    rtol_required: float | None,
    entries: bool = False,
) -> Report:
    regs = (0.1, 0.0) if offered.reg != "none" else (0.0,)
    sizes = sizes_of(offered)
    specified, matched = reference(session, offered, wanted, seed, sizes)
    rename = names_of(specified, offered)
    if len(specified.weights) != offered.hidden + 1:
        raise GradcheckError(
            f"{offered.object} has {', '.join(offered.names)}, but the network "
            f"{specified.name!r} has {', '.join(specified.weights)}: choose another "
            "with --network, or leave it to be found"
        )
    if rename is None:
        return _plain(session, offered, specified, seed, sizes, rtol_required)
    answers = Answers(session, offered, rename, seed)
    target: str | Network = specified
    if not isinstance(wanted, Network) and offered.reg == "none":
        target = specified.variant(penalty="none")
    elif not isinstance(wanted, Network):
        target = with_penalty(answers, specified, regs, seed, sizes)
    try:
        report = check_network(
            answers, target, seed=seed, sizes=sizes, regs=regs,
            rtol_required=rtol_required, entries=entries,
        )  # fmt: skip
    except (ValueError, TypeError, LookupError, ArithmeticError):
        # what experiments make of odd answers is no reason to give none
        return _plain(session, offered, specified, seed, sizes, rtol_required)
    if not offered.own_loss:
        like = networks.get(target) if isinstance(target, str) else target
        report = lossless.settle(report, answers, like, sizes, seed)
    report = derived.look(report, answers, target, sizes, seed)
    held = {k: offered.forms[v] for k, v in rename.items() if v in offered.forms}
    report = as_held(report, held)
    if offered.counts_classes:  # the laws ask for batches without the last class
        report = replace(report, laws=tuple(law for law in report.laws if law.ok))
    if (
        matched
        or wanted != "auto"
        or report.message in (lossless.UNKNOWN, lossless.NONE)
    ):
        return report
    return _without_reference(report)


def _without_reference(report: Report) -> Report:
    """Say that the loss is none that is known; its own gradient was checked."""
    if report.verdict is Verdict.BROKEN:
        return report
    return replace(
        report,
        laws=(),
        loss_verdict="other",
        loss_message="the loss is none of the reference networks'; the gradient was "
        "checked against this loss itself",
        subject=replace(report.subject, network="own", penalty=None, reduction=None),
    )


def _plain(
    session: Session, offered: Offered, network: Network, seed: int,
    sizes: dict[str, Any], rtol_required: float | None,
) -> Report:  # fmt: skip
    """Check parameters that no reference has against the unit's own loss."""
    rng = np.random.default_rng(seed)
    drawn = networks.draw_problem(network, rng, reg=0.0, **sizes)
    depth = offered.hidden + 1
    theirs = ["W"] if depth == 1 else [f"W{k}" for k in range(1, depth + 1)]
    by_name = dict(zip(network.weights, theirs, strict=True))
    by_name |= {
        b: by_name[w].replace("W", "b")
        for w, b in zip(network.weights, network.bias_names, strict=False)
    }
    params = {
        by_name[k]: v for k, v in drawn.params.items() if by_name[k] in offered.names
    }
    reg = 0.1 if offered.reg != "none" else 0.0
    report = _at_point(
        session, offered, params, drawn.X, drawn.y, reg, seed, rtol_required
    )
    right = any(p.verdict is Verdict.CORRECT for p in report.parameters.values())
    if report.verdict is Verdict.WRONG and not (offered.own_loss or right):
        return lossless.undecided(report)
    return _without_reference(report)


def _at_point(
    session: Session, offered: Offered, params: Params, X: Array, y: Array, reg: float,
    seed: int, rtol_required: float | None, known: Mapping[str, float] | None = None,
) -> Report:  # fmt: skip
    answers = Answers(session, offered, {}, seed)
    sizes = dict(zip("ND", X.shape, strict=False)) if X.ndim == 2 else {}

    def pair(point: Params) -> Any:
        return answers(point, X, y, reg)

    def loss(point: Params) -> float:
        return float(answers.losses([point], X, y, reg)[0])

    checked: Callable[..., Report] = check_gradients
    return checked(
        pair, params, loss=loss, seed=seed, rtol_required=rtol_required,
        known={**sizes, **(known or {})},
    )  # fmt: skip


# Layers


def _layer(
    session: Session, offered: Offered, seed: int, rtol_required: float | None
) -> Report:
    rng = np.random.default_rng(seed)
    params = {n: _draw(rng, s) for n, s in offered.symbols.items()}
    labels = np.arange(_SIZES["N"]) % _SIZES["C"]
    y = rng.permutation(labels) if offered.kind == "scores" else np.zeros(0)
    X = _draw(rng, offered.upstream) if offered.upstream else np.zeros(0)
    report = _at_point(
        session, offered, params, X, y, 0.0, seed, rtol_required,
        known={
            letter: _SIZES[letter] for letter in "NC"
            if any(letter in shape for shape in offered.symbols.values())
        },
    )  # fmt: skip
    return used.look(report, session, offered, params, X, y, seed)


def _draw(rng: np.random.Generator, letters: Iterable[str]) -> Array:
    """Draw numbers of order one, none of them near zero."""
    shape = [_SIZES[s] for s in letters]
    drawn: Array = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 1.5, shape)
    return drawn
