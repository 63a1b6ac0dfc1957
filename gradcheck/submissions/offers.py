"""What the child says that a file offers, read as the hint that it is.

The child's words come from a process that the submission may have taken over. Only
known keys are read, each with its type checked; whatever else it says is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcheck import networks
from gradcheck.problem import Network
from gradcheck.submissions.problems import BadReplyError, code_of

LARGEST = 4096
"""Largest size of a layer that a hint may dictate."""

SMOOTH = 1000
USED = 2000
"""Added to a unit's number to ask for it without constants in its logarithms, and to
ask for an object that has seen another batch before."""

_LETTERS = frozenset("N86DMC21")
_ARRAYS = ("vjp", "scores", "plain")


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing that can be checked.

    Attributes
    ----------
    index : int
        Its number in the offer.
    object, interface : str
        Name in the file, and the form in which the gradient was handed in.
    kind : str
        ``"network"``, ``"vjp"`` (a layer), ``"scores"`` (a loss of scores),
        ``"plain"`` (a function of one array) or
        ``"broken"``.
    names : tuple of str
        Our names of its parameters.
    hidden, outputs : int
        Number of hidden layers; number of outputs.
    dims : tuple of int
        Sizes that the file dictates; empty if none.
    reg : str
        ``"free"``, ``"ignored"`` (there is a strength, and nothing depends on it) or
        ``"none"``.
    signs : bool
        Whether labels are -1 and +1.
    own_loss : bool
        Whether the file has a loss.
    implied : str
        The cost that its gradient belongs to, where it has none.
    layout : str
        ``"rows"`` or ``"columns"``.
    labels : str
        How the file wants its labels.
    forms : mapping of str to str
        How the file holds a parameter: ``"out_in"``, ``"vector"``, ``"column"``, ...
    symbols : mapping of str to tuple of str
        Shapes of a layer's inputs, in letters; `upstream` of its outputs.
    each : bool
        Whether it takes one example at a time.
    counts_classes : bool
        Whether it takes the number of classes from the labels of the batch.
    instead_of : int or None
        Number of the unit of which this is the same with one hidden layer.
    smooth : bool
        Whether it can be had without small constants in its logarithms.
    used : bool
        Whether it is an object that can be asked after it has seen another batch.
    code, text, line
        Why it is broken.
    notes : tuple of str
        What was done to make it run.
    """

    index: int
    object: str
    interface: str | None
    kind: str
    names: tuple[str, ...] = ()
    hidden: int = 1
    outputs: int = 3
    dims: tuple[int, ...] = ()
    reg: str = "none"
    signs: bool = False
    own_loss: bool = True
    implied: str = ""
    layout: str = "rows"
    labels: str = ""
    forms: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    upstream: tuple[str, ...] = ()
    each: bool = False
    counts_classes: bool = False
    smooth: bool = False
    used: bool = False
    instead_of: int | None = None
    code: str = ""
    text: str = ""
    line: int | None = None
    notes: tuple[str, ...] = ()


def read_offer(
    offer: Mapping[str, Any], network: str | Network = "auto"
) -> tuple[tuple[Offered, ...], tuple[str, ...]]:
    """Read the child's hint.

    Parameters
    ----------
    offer : mapping
        As it came.
    network : str or Network, default="auto"
        What is asked for; of a net that can be had in two depths, the one that fits.

    Returns
    -------
    offers : tuple of Offered
    notes : tuple of str
        About the file as a whole.

    Raises
    ------
    BadReplyError
        If it makes no sense.
    """
    units = offer.get("units")
    try:
        if not isinstance(units, list) or not 1 <= len(units) <= 64:
            raise ValueError("no units")
        offered = tuple(_read_unit(i, unit) for i, unit in enumerate(units))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BadReplyError(
            "the file", "protocol", f"offers something that makes no sense ({error})"
        ) from None
    return _deep_enough(offered, network), _texts(offer.get("notes"))


def _deep_enough(
    offered: tuple[Offered, ...], network: str | Network
) -> tuple[Offered, ...]:
    """Keep of the units that can be had in two depths the one that is asked for."""
    if isinstance(network, str):
        known = network in networks.NAMES and network != "deep"
        wanted = len(networks.get(network).weights) if known else None
    else:
        wanted = len(network.weights)
    shallow = {
        o.instead_of: o for o in offered
        if o.instead_of is not None and o.hidden + 1 == wanted
    }  # fmt: skip
    return tuple(shallow.get(o.index, o) for o in offered if o.instead_of is None)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(t)[:500] for t in value[:20]) if isinstance(value, list) else ()


def _read_unit(index: int, unit: Mapping[str, Any]) -> Offered:
    interface = unit.get("interface")
    interface = str(interface)[:40] if interface is not None else None
    name = str(unit.get("object") or "")[:200]
    broken = unit.get("broken")
    if broken is not None:
        line = broken.get("line")
        return Offered(
            index, name, interface, "broken", code=code_of(broken.get("code")),
            text=str(broken.get("text"))[:6000],
            line=line if type(line) is int and line > 0 else None,
        )  # fmt: skip
    if unit.get("kind") in _ARRAYS:
        return Offered(
            index, name, interface, str(unit["kind"]),
            symbols={str(k): _letters(v) for k, v in unit["params"].items()},
            upstream=_letters(unit["data"]), smooth=unit.get("smooth") is True,
            used=unit.get("used") is True, notes=_texts(unit.get("notes")),
        )  # fmt: skip
    dims = tuple(int(n) for n in unit.get("dims") or ())
    hidden, outputs = int(unit["hidden"]), int(unit["outputs"])
    if any(not 1 <= n <= LARGEST for n in dims) or not 0 <= hidden <= 8:
        raise ValueError("sizes out of bounds")
    if dims and len(dims) != hidden + 2:
        raise ValueError("sizes and depth differ")
    return Offered(
        index, name, interface, "network",
        names=tuple(str(n) for n in unit["names"]),
        hidden=hidden,
        outputs=min(max(outputs, 1), LARGEST),
        dims=dims,
        forms={str(k): str(v)[:20] for k, v in (unit.get("forms") or {}).items()},
        reg=unit["reg"] if unit["reg"] in ("free", "ignored") else "none",
        signs=unit.get("signs") is True,
        own_loss=unit.get("own_loss") is not False,
        implied=str(unit.get("implied") or "")[:80],
        layout="columns" if unit.get("layout") == "columns" else "rows",
        labels=str(unit.get("labels") or "")[:40],
        each=unit.get("each") is True,
        counts_classes=unit.get("counts_classes") is True,
        smooth=unit.get("smooth") is True,
        instead_of=_index(unit.get("instead_of"), index),
        notes=_texts(unit.get("notes")),
    )  # fmt: skip


def _index(value: Any, limit: int) -> int | None:
    return value if type(value) is int and 0 <= value < limit else None


def _letters(value: Any) -> tuple[str, ...]:
    letters = tuple(value)
    if not set(letters) <= _LETTERS:
        raise ValueError("unknown sizes")
    return letters
