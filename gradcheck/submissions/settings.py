"""A network unit of a submission, ready to be asked item by item."""

from dataclasses import dataclass
from typing import Any

from gradcheck.errors import GradcheckError
from gradcheck.problem import Network
from gradcheck.submissions import references
from gradcheck.submissions.offers import SMOOTH, Offered
from gradcheck.submissions.session import Session


@dataclass(frozen=True, slots=True)
class Setting:
    """How to ask a network unit; see `setting`.

    Attributes
    ----------
    answers : Answers
        ``(params, X, y, reg) -> (loss, grads)``, in the reference's names.
    network : Network
        The reference.
    sizes : mapping
        Sizes that the file dictates.
    regs : tuple of float
        Penalties that it can take.
    without : tuple of str
        Laws that say nothing of it; ``"*"`` where its loss is that of no reference.
    """

    answers: references.Answers
    network: Network
    sizes: dict[str, Any]
    regs: tuple[float, ...]
    without: tuple[str, ...]


def setting(
    session: Session, offered: Offered, wanted: str | Network, seed: int
) -> Setting:
    """Return a network unit as a function, with the reference that it follows.

    Parameters
    ----------
    session : Session
        Open for as long as the function is called.
    offered : Offered
        A unit of the kind ``"network"``.
    wanted : str or Network
        The reference, its name, or ``"auto"``.
    seed : int
        Of the points at which it is looked for.

    Raises
    ------
    GradcheckError
        If the unit's parameters are those of no reference.
    """
    regs = (0.1, 0.0) if offered.reg != "none" else (0.0,)
    sizes = references.sizes_of(offered)
    network, matched = references.reference(session, offered, wanted, seed, sizes)
    rename = references.names_of(network, offered)
    if rename is None:
        raise GradcheckError(
            f"{offered.object} has the parameters of no reference network; the fixture "
            "gradcheck checks it as a whole"
        )
    answers = references.Answers(session, offered, rename, seed)
    if offered.smooth:  # its logarithm has a small constant that its gradient has not
        answers.unit += SMOOTH
    if not isinstance(wanted, Network) and offered.reg == "none":
        network = network.variant(penalty="none")
    elif not isinstance(wanted, Network):
        network = references.with_penalty(answers, network, regs, seed, sizes)
    without: tuple[str, ...] = ()
    if wanted == "auto" and not matched:
        without = ("*",)
    elif offered.counts_classes:  # its parts lack the last class
        without = ("additivity",)
    return Setting(answers, network, sizes, regs, without)
