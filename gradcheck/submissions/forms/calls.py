"""Call what a file offers: give every argument what its name asks for."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import names, usage
from .outputs import find_output, give_labels
from .refusal import Refused
from .setting import Setting as Setting

CACHE = re.compile(r".*(cache|store|memory|history|saved|intermediate|state).*", re.I)
OUTPUT = re.compile(
    r"(a\d|al|a_?l(ast)?|a_?out|outputs?|out|y_?hat|yhat|y_?pred(icted)?|predictions?"
    r"|preds?|pred_y|probs?|probabilities|h|hx?|hypothesis|o|y_?out|final_?outputs?|p|ao"
    r"|activations?|a|scores?|result|y_?prob\w*|output_?layer\w*|logits|z\d|zl"
    r"|last_?layer|net_?output|s|exp_scores)",
    re.I,
)


_AT_HAND = frozenset({"reg", "lr", "N", "keep", "epochs", "dtype"})
_SIZES = frozenset({"D", "H", "C", "dims", "flag", "seed", "scale"})
"""Roles that always have a value, and those that have one where it has to be given."""

Place = tuple[str, str]
"""Where the value of an argument is to be had: a kind of place, and a name there."""

_NUMBERS = frozenset({float, int, np.float64})
_NO_OUTPUT = re.compile(r"d[A-Z_]|dz|da|.*(delta|error|grad|loss|diff)", re.I)


class Board:
    """The values at hand while a file's functions are called one after another.

    `known` remembers where the first call of each function has its arguments from;
    `defaults` are arguments that are not given.
    """

    def __init__(
        self, setting: Setting, known: dict[Any, Any] | None = None,
        defaults: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.setting, self.defaults = setting, defaults
        self.known = {} if known is None else known
        self.told: dict[str, Place] = self.known.setdefault("told", {})
        self.found: dict[str, Any] = {}
        self.results: list[Any] = []
        self.instance: Any = None
        self.forward: int | None = None
        self.taken: dict[str, Any] = {}

    @property
    def extra(self) -> dict[str, Any]:
        """The arrays that the object keeps besides its parameters."""
        if self.instance is None:
            return {}
        return {
            name: value
            for name, value in vars(self.instance).items()
            if name not in self.setting.values and isinstance(value, np.ndarray)
        }

    def record(self, function: names.Function, result: Any, aliases: Any = ()) -> None:
        """Remember what a call returned, under the names of its ``return``."""
        self.results.append(result)
        for spelled in (function.returned(), *aliases):
            if len(spelled) == 1 and spelled[0]:
                self.found[spelled[0]] = result
            elif isinstance(result, tuple | list) and len(result) == len(spelled) > 1:
                self.found.update(
                    {n: v for n, v in zip(spelled, result, strict=True) if n}
                )
        if isinstance(result, dict):
            self.found.update({k: v for k, v in result.items() if isinstance(k, str)})

    def bind(
        self, function: names.Function, call_sites: Iterable[list[str]] = ()
    ) -> tuple[list[Any], dict[str, Any]]:
        """Find a value for each argument of `function`.

        Raises
        ------
        Refused
            If nothing at hand answers to an argument's name.
        """
        listed, named = self.places(function, call_sites)
        fetch = self.fetch
        return [fetch(p) for p in listed], {n: fetch(p) for n, p in named.items()}

    def places(
        self, function: names.Function, call_sites: Iterable[list[str]] = ()
    ) -> tuple[list[Place], dict[str, Place]]:
        """Find where the value of each argument is; see `bind`."""
        places = None if self.results else self.known.get(function.node)
        if places is None:
            places = self._places(function, call_sites)
            if not self.results:  # what comes before the first call is always there
                self.known[function.node] = places
        return places

    def _places(
        self, function: names.Function, call_sites: Iterable[list[str]]
    ) -> tuple[list[Place], dict[str, Place]]:
        """Find where the value of each argument is to be had."""
        arguments, defaults, keywords = function.wanted
        listed: list[Place] = []
        named: dict[str, Place] = {}
        skipped = False
        for position, name in enumerate(arguments):
            if name in self.defaults:
                skipped = True
                continue
            place = self._said(function, name)
            place = place or self._place(name, has_default=name in defaults)
            first = position == 0 and not self.results and name not in defaults
            if place is None and first and names.FORWARD.fullmatch(function.name):
                place = "X", ""
            if place is None:
                for site in call_sites:
                    if position < len(site) and site[position] not in ("", name):
                        place = self._place(site[position], False)
                        if place is not None:
                            break
            if place is None and name not in defaults:
                place = self._used_as(function, name)
            if place is not None and not skipped:
                listed.append(place)
            elif place is not None:
                named[name] = place
            elif name in defaults:
                skipped = True
            else:
                raise Refused(
                    "unbound",
                    f"{function.label}({', '.join(arguments)}) wants {name!r}, and "
                    "nothing in the file says what that is",
                    function.node.lineno,
                )
        give_labels(arguments, listed)
        for keyword in keywords:
            place = self._place(keyword, has_default=True)
            if place is not None:
                named[keyword] = place
        return listed, named

    def _said(self, function: names.Function, name: str) -> Place | None:
        """Find the word that an argument wants: the same for every function.

        And the strength of a penalty where it is called a learning rate.
        """
        if usage.is_no_rate(function, name) and usage.is_strength(function, name):
            return "role", "reg"
        if usage.is_rounds(function, name):
            return "role", "epochs"
        if features := usage.features_in(function, name):
            return "role", features
        words = usage.words_for(function, name)
        if not words or name in self.setting.values:
            return None
        if name not in self.told or self.told[name][1] not in words:
            self.told[name] = "word", words[0]
        return self.told[name]

    def _used_as(self, function: names.Function, name: str) -> Place | None:
        """Find what an argument is by its use, where its name tells nothing."""
        if usage.is_strength(function, name):
            self.told[name] = "role", "reg"
        if name in self.told:  # by this function, or by one before it
            return self.told[name]
        role = usage.is_example(function, name)
        return (role, name) if role else None

    def look_up(self, name: str, has_default: bool) -> tuple[bool, Any]:
        """Return whether something answers to `name`, and what."""
        place = self._place(name, has_default)
        return place is not None, None if place is None else self.fetch(place)

    def _place(self, name: str, has_default: bool) -> Place | None:
        """Find what answers to `name`; None if nothing does."""
        values = self.setting.values
        if name in values:
            return "values", name
        if self.instance is not None and name in self.extra:
            return "extra", name
        if name in self.found:
            return "found", name
        if name in self.setting.containers:
            return "containers", name
        role = names.role_of(name)
        if role in ("X", "y"):
            return role, name
        lower = name.lower()
        for kind, table in (("found", self.found), ("values", values)):
            for key in reversed(table):
                if len(key) == len(name) and key.lower() == lower:
                    return kind, key
        if self.results and CACHE.fullmatch(name):
            return "cache", ""
        if self.results and OUTPUT.fullmatch(name) and self.output() is not None:
            return "output", ""
        known = role in _AT_HAND or (role in _SIZES and not has_default)
        return ("role", role) if known else None

    def fetch(self, place: Place) -> Any:
        """Take the value that is to be had at a place."""
        kind, key = place
        setting = self.setting
        match kind:
            case "X":
                return setting.data
            case "y":
                return setting.labels(key)
            case "values":
                return setting.values[key]
            case "role":
                return setting.reg if key == "reg" else self._by_role(key)
            case "found":
                return self.found[key]
            case "extra":
                return self.extra[key]
            case "containers":
                return setting.containers[key]
            case "cache":
                return self.cache()
            case "word":
                return key
        return self.output()

    def _by_role(self, role: str) -> Any:
        dims = self.setting.dims
        return {
            "lr": 1.0,
            "N": len(self.setting.X),
            "keep": self.setting.keep,
            "epochs": 1,
            "dtype": np.float64,
            "D": dims[0] + self.setting.intercept,
            "features": dims[0] + self.setting.intercept - 1,
            "H": dims[1] if len(dims) > 2 else dims[-1],
            "C": dims[-1],
            "dims": list(dims),
            "flag": False,
            "seed": 0,
            "scale": 0.1,
        }[role]

    def cache(self) -> Any:
        """Return what a forward pass keeps for the backward pass."""
        for result in reversed(self.results):
            if isinstance(result, tuple):
                for item in reversed(result):
                    if isinstance(item, tuple | dict | list):
                        return item
                return result
            if isinstance(result, dict | list):
                return result
        return self.results[-1]

    def output(self, *, turned: bool = False) -> Any:
        """Return the outputs of the network: one value a class an example.

        Where they lie across `turned` lays them as the inputs lie; what a function of
        the file is passed is left as it is.
        """
        kept = [
            v for n, v in reversed(list(self.extra.items())) if not _NO_OUTPUT.match(n)
        ]  # fmt: skip
        passed = self.results[: self.forward]
        setting = self.setting
        return find_output(
            [*passed[::-1], *kept], setting.layout, len(setting.X), setting.dims[-1],
            turned=turned, lists=self.forward is not None,
        )  # fmt: skip


def is_number(value: Any) -> bool:
    """Whether `value` is one real number, in whatever wrapping."""
    if type(value) in _NUMBERS:
        return True
    if isinstance(value, bool | str | bytes) or value is None:
        return False
    if isinstance(value, tuple | list) and len(value) != 1:
        return False
    try:
        return bool(np.size(value) == 1 and np.isrealobj(value)) and isinstance(
            np.asarray(value).item(), int | float
        )
    except (TypeError, ValueError):
        return False


def number(value: Any) -> float:
    """Return the one number that `value` holds."""
    return float(np.asarray(value).item())
