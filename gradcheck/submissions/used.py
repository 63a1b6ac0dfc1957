"""A layer that is an object, asked after it has seen another batch."""

from dataclasses import replace

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.reading import UnusableError
from gradcheck.report import Outcome, Report, Verdict
from gradcheck.submissions.offers import USED, Offered
from gradcheck.submissions.references import Answers
from gradcheck.submissions.session import Session

EARLIER = -0.9
"""The earlier batch, in multiples of the one that is asked for."""

_SAME = 1e-9


def look(
    report: Report, session: Session, offered: Offered, params: Params, X: Array,
    y: Array, seed: int,
) -> Report:  # fmt: skip
    """Add to a report of a layer that is right what its object keeps of another batch.

    Parameters
    ----------
    report : Report
        Of the layer, a new object for each question.
    session, offered
        Where to ask, and for what.
    params, X, y
        The point: inputs, of which the first is the batch, and what comes from above.
    seed : int
        Of the global generators.

    Returns
    -------
    Report
        `wrong` where a gradient is that of the earlier batch, in whole or in part;
        with a remark where gradients are added up, which some do on purpose, or where
        the output depends on what came before.
    """
    if not offered.used or report.verdict is not Verdict.CORRECT:
        return report
    first = next(iter(offered.symbols))
    earlier = {**params, first: EARLIER * params[first]}
    new = Answers(session, offered, {}, seed)
    old = Answers(session, replace(offered, index=offered.index + USED), {}, seed)
    try:
        (loss, grads), (_, before) = (new(p, X, y, 0.0) for p in (params, earlier))
        again, found = old(params, X, y, 0.0)
    except UnusableError:
        return report  # what does not stand being used twice was checked once
    outcome = _outcome(abs(loss - again) <= _SAME * abs(loss), grads, before, found)
    if outcome is None:
        return report
    report = replace(report, hygiene=(*report.hygiene, outcome))
    if not outcome.fatal:
        return report
    message = f"{outcome.id}: {outcome.detail}"
    return replace(report, verdict=Verdict.WRONG, message=message)


def _outcome(
    same_loss: bool, grads: Grads, before: Grads, found: Grads
) -> Outcome | None:
    """Tell what an object has kept of an earlier batch; None if it is nothing."""
    moved = [name for name, g in grads.items() if not _close(found[name], g)]
    if not same_loss:
        text = "after another batch the same inputs give another output: the object "
        text += "keeps something of what came before; each batch should start anew"
        return Outcome("stale-cache", False, text, fatal=False)
    if not moved:
        return None
    listed = " and ".join(moved)
    if all(_close(found[name], grads[name] + before[name]) for name in moved):
        text = f"backward adds to the gradient of {listed} that the last batch has "
        text += "left; set it to zero before each batch"
        return Outcome("accumulates", False, text, fatal=False)
    whose = "another"
    if all(_close(found[name], before[name]) for name in moved):
        whose = "that of the earlier one"
    text = (
        f"after another batch the gradient of {listed} is {whose}: what the backward "
    )
    text += "pass uses is not stored anew in each forward pass; store it every time"
    return Outcome("stale-cache", False, text)


def _close(one: Array, other: Array) -> bool:
    size = float(np.max(np.abs(other), initial=0.0))
    return bool(np.max(np.abs(one - other), initial=0.0) <= _SAME * size)
