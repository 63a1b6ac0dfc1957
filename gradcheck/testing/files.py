"""A file as subjects: each of its networks as a function in a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradcheck.errors import GradcheckError
from gradcheck.problem import Network
from gradcheck.report import Report
from gradcheck.submissions import units
from gradcheck.submissions.offers import Offered, read_offer
from gradcheck.submissions.session import Session
from gradcheck.submissions.settings import setting
from gradcheck.testing.subjects import Adapted, split_path

TIMEOUT = 60.0
"""Seconds for one examination."""


def adapt_file(
    subject: str | Path, network: str | Network | None, *, seed: int = 0
) -> Iterator[tuple[str, str, Adapted | Report]]:
    """Yield everything that a file offers.

    Parameters
    ----------
    subject : str or Path
        ``FILE`` or ``FILE:OBJECT``.
    network : str, Network or None
        The reference; found by its loss where not given.
    seed : int, default=0
        Of the points at which it is looked for.

    Yields
    ------
    prefix : str
        What its ids begin with: its name and a dot where the file offers several
        things, as in the report on the file.
    name : str
        Of the file, or of the thing.
    what : Adapted or Report
        A network as a function of parameters and data; of anything else, such as a
        layer, the report on it.
    """
    path, objects = split_path(subject)
    wanted: str | Network = "auto" if network is None else network
    with Session(path, objects=objects, timeout=TIMEOUT) as session:
        offers, _ = read_offer(session.offer, wanted)
        for offered in offers:
            several = len(offers) > 1
            prefix = f"{offered.object}." if several else ""
            name = offered.object if several else (*objects, path.stem)[0]
            adapted = _network(session, offered, path, objects, wanted, name, seed)
            if adapted is not None:
                yield prefix, name, adapted
                continue
            yield prefix, name, units.check(
                session, offered, path.name,
                network=wanted, seed=seed, rtol_required=None,
            )  # fmt: skip


def _network(
    session: Session,
    offered: Offered,
    path: Path,
    objects: tuple[str, ...],
    wanted: str | Network,
    name: str,
    seed: int,
) -> Adapted | None:
    """Return a network as a function; None if it is none, or not like a reference."""
    if offered.kind != "network":
        return None
    try:
        net = setting(session, offered, wanted, seed)
    except GradcheckError:
        return None

    @contextmanager
    def opened() -> Iterator[Any]:
        with Session(path, objects=objects, timeout=TIMEOUT) as session:
            yield setting(session, offered, net.network, seed).answers

    return Adapted(
        name,
        net.answers,
        sizes=net.sizes,
        opened=opened,
        network=net.network,
        regs=net.regs,
        without=net.without,
    )
