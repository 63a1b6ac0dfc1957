"""Find the gradients in what a file returns, stores or does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from . import layered, names, shapes
from .fields import opened
from .refusal import Refused
from .shapes import Slot

_PLACE = re.compile(r"(.*)\[(\d+)\]")
_BAGS = (
    "grads",
    "gradients",
    "gradient",
    "grad",
    "dparams",
    "derivatives",
    "dw",
    "deltas",
)


@dataclass(slots=True)
class Held:
    """A slot, and the array that the file holds in it."""

    slot: Slot
    value: Any
    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the shape of the file's array: it is asked for often."""
        value = self.value
        self.shape = value.shape if type(value) is np.ndarray else np.shape(value)


def arrays_in(result: Any, spelled: Sequence[str]) -> list[tuple[str, Any]]:
    """Flatten what a call returned into named values; unnamed ones have name ''."""
    one = spelled[0] if len(spelled) == 1 else ""
    result = opened(result)
    layers = layered.spread(one, result)
    if layers is not None:
        return layers
    if isinstance(result, Mapping):
        return [p for k, v in result.items() for p in _spread(str(k), v)]
    if isinstance(result, tuple | list):
        labels = list(spelled) if len(spelled) == len(result) else [""] * len(result)
        return [
            p for n, v in zip(labels, result, strict=True) for p in _spread(n, v)
        ]  # fmt: skip
    return [] if result is None else [(one, result)]


def _spread(label: str, value: Any) -> list[tuple[str, Any]]:
    """Name the arrays in one of the things that were returned."""
    value = opened(value)
    layers = layered.spread(label, value)
    if layers is not None:
        return layers
    if isinstance(value, list | tuple) and not (
        is_flat(value) or _is_matrix(label, value)
    ):
        return [(f"{label}[{i}]", v) for i, v in enumerate(value)]
    if isinstance(value, Mapping):
        return [(n or label, v) for n, v in arrays_in(value, ())]
    return [(label, value)]


def _is_matrix(label: str, value: Sequence[Any]) -> bool:
    """Whether a list is one matrix, of ``tolist()``, and not several vectors."""
    rows = all(isinstance(v, list) and v and is_flat(v) for v in value)
    if not (value and rows and len({len(v) for v in value}) == 1):
        return False
    several = label.lower().endswith("s") or label.startswith("nabla")
    return not (several and names.kind_of(names.plain(label).rstrip("s")) == "b")


def is_flat(value: Any) -> bool:
    """Whether a list is one vector of numbers."""
    return all(isinstance(v, int | float) for v in value)


@lru_cache(4096)
def _same_place(label: str, name: str) -> bool:
    """Whether ``nabla_w[0]`` is what stands for ``weights[0]``."""
    a, b = _PLACE.fullmatch(label), _PLACE.fullmatch(name)
    if a is None or b is None or a[2] != b[2]:
        return False
    kind = names.kind_of(names.plain(a[1]).rstrip("s")) or names.kind_of(a[1])
    return kind != "" and kind == names.kind_of(b[1].split(".")[-1].rstrip("s"))


def match(
    held: Sequence[Held], named: Sequence[tuple[str, Any]], *, bare: bool = False
) -> dict[str, Any]:
    """Pair gradients with parameters, by name and then by shape.

    Parameters
    ----------
    held : sequence of Held
        The parameters as the file holds them.
    named : sequence of (str, value)
        What may be gradients, in their order.
    bare : bool
        Whether an array called just like the parameter may be its gradient.

    Returns
    -------
    dict
        From the file's name of a parameter to its gradient; those found.

    Raises
    ------
    Refused
        If shapes alone leave a choice.
    """
    if not held:
        return {}
    found = named_as(held, named, bare=bare)
    if len(found) == len(held):
        return found
    usable = [(n, v) for n, v in named if is_array(v)]
    rest = [item for item in held if item.slot.name not in found]
    taken = {id(v) for v in found.values()}
    spare = [
        (n, v) for n, v in usable
        if id(v) not in taken and not any(v is h.value for h in held)
    ]  # fmt: skip
    if rest:
        found.update(_by_shape(rest, spare))
    return found


def named_as(
    held: Sequence[Held], named: Sequence[tuple[str, Any]], *, bare: bool = False
) -> dict[str, Any]:
    """Pair gradients with parameters by name alone; see `match`."""
    usable = [(n, v) for n, v in named if is_array(v)]
    wanted = tuple([(h.slot.name, h.shape) for h in held])
    labels = tuple([(n, np.shape(v)) for n, v in usable])
    return {n: usable[i][1] for n, i in _by_name(wanted, labels, bare)}


_Shaped = tuple[tuple[str, tuple[int, ...]], ...]


@lru_cache(1024)
def _by_name(wanted: _Shaped, labels: _Shaped, bare: bool) -> list[tuple[str, int]]:
    """Pair names and shapes of parameters with those of what was returned, once."""
    found = layered.ranked([name for name, _ in wanted], [n for n, _ in labels])
    for name, own in [w for w in wanted if w[0] not in found]:
        for place, (label, shape) in enumerate(labels):
            same = label.strip("_").lower() == name.strip("_").lower()
            if (
                names.looks_like_gradient(label, name)
                or (bare and same)
                or _same_place(label, name)
            ):
                fits = shapes.fit(own, shape)
                if fits or name not in found:
                    found[name] = place
                if fits:
                    break
    return list(found.items())


def _by_shape(held: Sequence[Held], spare: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(spare) == len(held) and all(
        shapes.fits(h.shape, v) for h, (_, v) in zip(held, spare, strict=True)
    ):
        return {h.slot.name: v for h, (_, v) in zip(held, spare, strict=True)}
    found: dict[str, Any] = {}
    for item in held:
        fitting = [(n, v) for n, v in spare if shapes.fits(item.shape, v)]
        gradient_like = [
            (n, v) for n, v in fitting if n.lower().startswith(("d", "g", "delta"))
        ]
        fitting = fitting if len(fitting) <= 1 else gradient_like or fitting
        rivals = sum(sorted(h.shape) == sorted(item.shape) for h in held)
        if rivals == 1 and (len(fitting) == 1 or (fitting and len(held) == 1)):
            found[item.slot.name] = fitting[0][1]
        elif len(fitting) > 1 and rivals > 1:
            raise Refused(
                "ambiguous",
                f"{len(fitting)} arrays of shape {item.shape} are returned without "
                f"names, and the gradient of {item.slot.name!r} could be any of them; "
                "return a dict with the parameters' names as keys",
            )
        elif not fitting:
            turned = [v for _, v in spare if _is_turned(item, v)]
            if len(turned) == 1:  # the wrong shape will be said
                found[item.slot.name] = turned[0]
    return found


def _is_turned(item: Held, value: Any) -> bool:
    return len(item.shape) == 2 and np.shape(value) == item.shape[::-1]


def is_array(value: Any) -> bool:
    """Whether `value` is real numbers."""
    if type(value) is np.ndarray:
        return value.dtype.kind in "fiu"
    if isinstance(value, str | bytes | bool) or value is None or callable(value):
        return False
    try:
        return np.asarray(value).dtype.kind in "fiu"
    except (TypeError, ValueError):
        return False


def of_instance(instance: Any) -> list[tuple[str, Any]]:
    """List what an object stores that may be gradients, by attribute."""
    found: list[tuple[str, Any]] = []
    for name, value in list(vars(instance).items()):
        if isinstance(value, Mapping) and name.lower() in _BAGS:
            found += arrays_in(value, ())
        if isinstance(value, Mapping) and value and all(type(k) is int for k in value):
            found += [(f"{name}[{k}]", v) for k, v in value.items()]
        elif isinstance(value, list | tuple):
            found += [(f"{name}[{i}]", v) for i, v in enumerate(value)]
        elif not isinstance(value, Mapping | list | tuple):
            found.append((name, value))
    return found


def revealed(
    before: Mapping[str, Any], after: Mapping[str, Any], rate: float
) -> dict[str, Any]:
    """Return the gradient that a step of gradient descent reveals.

    Parameters
    ----------
    before, after : mapping of str to ndarray
        The parameters around the step, by the file's names.
    rate : float
        The learning rate of the step.
    """
    return {
        name: (np.asarray(before[name], float) - np.asarray(after[name], float)) / rate
        for name in before
        if np.shape(before[name]) == np.shape(after[name])
    }
