"""The sentences that a judgement needs where its numbers do not say it."""

import numpy as np

from gradcheck.comparison.weighing import MATTERS, Finding


def explain(finding: Finding) -> str:
    """Say why a finding is not plain, or where it was made; empty if it is plain."""
    notes = []
    sides = {p.slope.sides for p in finding.block.probes} - {"both"}
    if sides:
        notes.append(
            f"the loss exists on one side of the point only: measured {sides.pop()}"
        )
    if finding.state == "wrong" and not finding.block.probes:
        notes.append(_not_finite(finding))
    elif finding.state == "wrong" and finding.path:
        notes.append(
            "the loss is too noisy here for small steps: shown by its change along "
            "segments"
        )
    elif finding.state == "kink":
        notes.append("the point sits on a kink of the loss, and so do points near it")
    elif finding.state == "doubtful":
        notes.append(
            "the derivative at the point and the change of the loss along segments "
            "through it contradict each other"
        )
    elif finding.state == "blind":
        notes.append("no three steps give the same slope: the loss is too rough here")
    elif finding.state == "right":
        notes.append(_weakness(finding))
    if finding.scene.moved and finding.settled:
        notes.append(
            "checked about 1 % away from the point, where no kink is in the way"
        )
    return "; ".join(note for note in notes if note)


def _not_finite(finding: Finding) -> str:
    name = finding.block.name
    g = finding.scene.grads[name]
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(g))[0])
    return f"grads[{name!r}]{list(index) or ''} is {g[index]}"


def _weakness(finding: Finding) -> str:
    name, size = finding.block.name, finding.block.size
    if finding.rel_bound <= MATTERS:
        return ""
    if size == 0:
        return (
            f"grads[{name!r}] is 0 and so is the derivative, as far as it can be "
            "measured: a wrong gradient could look the same"
        )
    unseen = (
        f"an error of {finding.rel_bound:.0%} of the gradient"
        if finding.rel_bound < 1
        else "a gradient wrong throughout"
    )
    return (
        f"the derivative by {name!r} is too small to measure here: {unseen} could have "
        "stayed unseen"
    )
