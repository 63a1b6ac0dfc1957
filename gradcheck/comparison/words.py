"""The sentences that a judgement needs where its numbers do not say it."""

from gradcheck.comparison.ruling import MATTERS, Finding


def explain(finding: Finding) -> str:
    """Say why a finding is not plain, or where it was made; empty if it is plain."""
    notes = []
    sides = {p.slope.sides for p in finding.block.probes} - {"both"}
    if sides:
        notes.append(
            f"the loss exists on one side of the point only: measured {sides.pop()}"
        )
    if finding.state == "kink":
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
        notes.append("checked about 1 % away from the point, which sits on a kink")
    return "; ".join(note for note in notes if note)


def _weakness(finding: Finding) -> str:
    name, size = finding.block.name, finding.block.size
    if finding.rel_bound <= MATTERS:
        return ""
    if size == 0:
        return (
            f"grads[{name!r}] is 0 and so is the derivative, as far as it can be "
            "measured: a wrong gradient could look the same"
        )
    return (
        f"the derivative by {name!r} is too small to measure: an error of "
        f"{finding.rel_bound:.0%} of the gradient could have stayed unseen"
    )
