"""A file as a subject: its network as a function that lives in a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradcheck.problem import Network
from gradcheck.submissions.offers import read_offer
from gradcheck.submissions.session import Session
from gradcheck.submissions.settings import Setting, setting
from gradcheck.testing.subjects import Adapted, split_path

TIMEOUT = 60.0
"""Seconds for one examination."""


def adapt_file(
    subject: str | Path, network: str | Network | None, *, seed: int = 0
) -> Adapted | None:
    """Return a file's network as a function of parameters and data.

    Parameters
    ----------
    subject : str or Path
        ``FILE`` or ``FILE:OBJECT``; the first network that it offers.
    network : str, Network or None
        The reference; found by its loss where not given.
    seed : int, default=0
        Of the points at which it is looked for.

    Returns
    -------
    Adapted or None
        None where the file offers layers, which are checked as a whole.
    """
    path, objects = split_path(subject)
    wanted: str | Network = "auto" if network is None else network

    @contextmanager
    def opened() -> Iterator[Setting | None]:
        with Session(path, objects=objects, timeout=TIMEOUT) as session:
            offers, _ = read_offer(session.offer, wanted)
            nets = [offered for offered in offers if offered.kind == "network"]
            yield setting(session, nets[0], wanted, seed) if nets else None

    @contextmanager
    def function() -> Iterator[Any]:
        with opened() as net:
            assert net is not None
            yield net.answers

    with opened() as net:
        if net is None:
            return None
        return Adapted(
            objects[0] if objects else path.stem,
            net.answers,
            sizes=net.sizes,
            opened=function,
            network=net.network,
            regs=net.regs,
            without=net.without,
        )
