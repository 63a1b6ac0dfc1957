"""Which walls make which tier, and which of them hold on this machine.

Nothing is inferred from settings of the kernel: a namespace can be granted and its
mounts refused. `probe` breaks in on purpose, in each tier, and reports what gave way.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.submissions import launch, testimony, warm
from gradcheck.submissions.cage import wire
from gradcheck.submissions.exchange import Exchange, FloodError, GoneError, LateError

_MEMORY_MB = 128
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Tier:
    """A set of walls.

    Attributes
    ----------
    name : str
        ``"full"``, ``"process"`` or ``"minimal"``.
    walls : str
        What it is made of.
    leaves : str
        What it does not promise.
    """

    name: str
    walls: str
    leaves: str


TIERS = {
    tier.name: tier
    for tier in (
        Tier(
            "full",
            "namespaces, a private root, seccomp, limits",
            "survive a kernel bug, hide how long something takes",
        ),
        Tier(
            "process",
            "seccomp, Landlock or a user of its own, limits",
            "hide that files exist, survive a kernel bug; scratch is measured every "
            "50 ms and may overshoot",
        ),
        Tier(
            "minimal",
            "a process of its own, limits, Python's audit hook",
            "stop code that is not Python: it can read and change your files, use the "
            "network and end your processes",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of breaking in.

    Attributes
    ----------
    tier : Tier
        That was probed.
    held, open : tuple of str
        What was attempted in vain, and what was not.
    trouble : str
        Why the tier cannot be had here; empty if it can.
    """

    tier: Tier
    held: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def ok(self) -> bool:
        """Whether the tier can be had and all of its walls hold."""
        return not self.trouble and not self.open

    def __str__(self) -> str:
        if self.trouble:
            return f"{self.tier.name}: not available ({self.trouble})"
        total = len(self.held) + len(self.open)
        text = f"{self.tier.name}: {len(self.held)} of {total} walls hold"
        return f"{text}; open: {', '.join(self.open)}" if self.open else text


def probe(names: tuple[str, ...] = tuple(TIERS)) -> tuple[Probe, ...]:
    """Break in, in each tier that is named, from the best downwards.

    Returns
    -------
    tuple of Probe
        One a tier, in the order of `names`. The first that is ``ok`` is what a
        submission is run in; see `used`.
    """
    return tuple(_probe(TIERS[name]) for name in names)


def used(probes: tuple[Probe, ...]) -> Probe:
    """Give the probe of the tier that submissions are run in: the best available."""
    available = [each for each in probes if not each.trouble]
    return available[0] if available else probes[-1]


def _probe(tier: Tier) -> Probe:
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        os.chmod(folder, 0o777)  # only a wall keeps others out of it
        secret = Path(folder, "secret")
        secret.write_text("known to the judge alone\n", encoding="utf-8")
        secret.chmod(0o600)
        targets = {
            "judge": os.getpid(),
            "secret": str(secret),
            "outside": str(Path(folder, "made")),
            "reference": str(Path(launch.__file__).parents[1] / "errors.py"),
            "memory_mb": _MEMORY_MB,
        }
        try:
            held = _break_in(tier.name, targets)
        except (launch.WallError, warm.ServerError, OSError) as error:
            return Probe(tier, trouble=str(error))
        except (LateError, GoneError, FloodError, wire.ProtocolError) as error:
            return Probe(tier, trouble=f"no answer: {type(error).__name__} {error}")
    return Probe(
        tier,
        tuple(name for name, holds in held.items() if holds is True),
        tuple(name for name, holds in held.items() if holds is not True),
    )


def _break_in(name: str, targets: dict[str, Any]) -> dict[str, Any]:
    if not warm.AVAILABLE:
        raise launch.WallError("the walls need Linux")
    child = launch.start(
        {
            "path": targets["secret"],
            "memory_mb": _MEMORY_MB,
            "cpu": _SECONDS,
            "wall": _SECONDS,
            "tier": name,
            "roots": [],
        }
    )
    exchange = Exchange(child.channel, child.out, child.err)
    try:
        inbox = exchange.ask(
            wire.PROBE,
            wire.pack_body(targets),
            wire.HINTS,
            exact=None,
            seconds=_SECONDS,
        )
        return testimony.read_object(inbox.body)
    finally:
        exchange.close()
        child.close()
