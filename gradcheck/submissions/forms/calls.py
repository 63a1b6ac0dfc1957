"""Call what a file offers: give every argument what its name asks for."""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import names, shapes
from .refusal import Refused
from .trees import walk

CACHE = re.compile(r".*(cache|store|memory|history|saved|intermediate|state).*", re.I)
OUTPUT = re.compile(
    r"(a\d|al|a_?l(ast)?|a_?out|outputs?|out|y_?hat|yhat|y_?pred(icted)?|predictions?"
    r"|preds?|pred_y|probs?|probabilities|h|hx?|hypothesis|o|y_?out|final_?outputs?|p|ao"
    r"|activations?|a|scores?|result|y_?prob\w*|output_?layer\w*|logits|z\d|zl"
    r"|last_?layer|net_?output|s|exp_scores)",
    re.I,
)


_NUMBERS = frozenset({float, int, np.float64})
_NO_OUTPUT = re.compile(r"d[A-Z_]|dz|da|.*(delta|error|grad|loss|diff)", re.I)


@dataclass(slots=True)
class Setting:
    """One way of writing a problem down, and the problem.

    Attributes
    ----------
    params, X, y, reg
        The problem, in our layout.
    dims : tuple of int
        Inputs, hidden widths, outputs.
    layout : str
        ``"rows"`` or ``"columns"``: what the file means by ``X``.
    coding : str
        What it means by ``y``; see `shapes.code_labels`.
    """

    params: Mapping[str, Any]
    X: Any
    y: Any
    reg: float
    dims: tuple[int, ...]
    layout: str = "rows"
    coding: str = "onehot"
    values: dict[str, Any] = field(default_factory=dict)
    containers: dict[str, Any] = field(default_factory=dict)
    keep: float = 0.8
    matrix: bool = False
    ours: dict[int, Any] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The inputs as the file wants them."""
        if self.layout == "vector":
            return self.X[0]
        array = self.X if self.layout == "rows" else np.ascontiguousarray(self.X.T)
        return np.asmatrix(array) if self.matrix else array

    def labels(self, name: str) -> Any:
        """Return the labels as an argument of this name wants them."""
        coding = self.coding
        if re.search(r"hot|_enc|mat", name, re.I) and self.dims[-1] > 1:
            coding = "onehot" if self.layout == "rows" else "onehot columns"
        elif re.search(r"label|class", name, re.I) and coding == "data":
            coding = "ints"
        coded = shapes.code_labels(self.y, coding, self.dims[-1])
        if self.layout == "vector":
            coded = coded.reshape(-1)
            return coded if coded.size > 1 else coded[0]
        return np.asmatrix(coded) if self.matrix else coded


class Board:
    """The values at hand while a file's functions are called one after another."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.found: dict[str, Any] = {}
        self.results: list[Any] = []
        self.instance: Any = None
        self.forward: int | None = None

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
        spec = function.node.args
        arguments = function.arguments
        defaults = dict(zip(arguments[::-1], spec.defaults[::-1], strict=False))
        values: list[Any] = []
        named: dict[str, Any] = {}
        skipped = False
        for position, name in enumerate(arguments):
            found, value = self.look_up(name, has_default=name in defaults)
            first = position == 0 and not self.results and name not in defaults
            if not found and first and names.FORWARD.fullmatch(function.name):
                found, value = True, self.setting.data
            if not found:
                for site in call_sites:
                    if position < len(site) and site[position] not in ("", name):
                        found, value = self.look_up(site[position], False)
                        if found:
                            break
            if found and not skipped:
                values.append(value)
            elif found:
                named[name] = value
            elif name in defaults:
                skipped = True
            else:
                raise Refused(
                    "unbound",
                    f"{function.label}({', '.join(arguments)}) wants {name!r}, and "
                    "nothing in the file says what that is",
                    function.node.lineno,
                )
        for keyword in spec.kwonlyargs:
            found, value = self.look_up(keyword.arg, has_default=True)
            if found:
                named[keyword.arg] = value
        return values, named

    def look_up(self, name: str, has_default: bool) -> tuple[bool, Any]:
        """Return whether something answers to `name`, and what."""
        setting = self.setting
        for table in (setting.values, self.extra, self.found):
            if name in table:
                return True, table[name]
        if name in setting.containers:
            return True, setting.containers[name]
        role = names.role_of(name)
        if role == "X":
            return True, setting.data
        if role == "y":
            return True, setting.labels(name)
        lower = name.lower()
        for table in (self.found, setting.values):
            for key in reversed(table):
                if key.lower() == lower:
                    return True, table[key]
        if self.results and CACHE.fullmatch(name):
            return True, self.cache()
        if self.results and OUTPUT.fullmatch(name):
            output = self.output()
            if output is not None:
                return True, output
        return self._by_role(role, has_default)

    def _by_role(self, role: str, has_default: bool) -> tuple[bool, Any]:
        setting = self.setting
        dims = setting.dims
        constants: dict[str, Any] = {
            "reg": setting.reg,
            "lr": 1.0,
            "N": len(setting.X),
            "keep": setting.keep,
            "epochs": 1,
            "dtype": np.float64,
        }
        if role in constants:
            return True, constants[role]
        if has_default:
            return False, None
        sizes: dict[str, Any] = {
            "D": dims[0],
            "H": dims[1] if len(dims) > 2 else dims[-1],
            "C": dims[-1],
            "dims": list(dims),
            "flag": False,
            "seed": 0,
            "scale": 0.1,
        }
        return role in sizes, sizes.get(role)

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
        return find_output([*passed[::-1], *kept], self.setting, turned=turned)


def find_output(
    results: Iterable[Any], setting: Setting, *, turned: bool = False
) -> Any:
    """Return the last array among `results` that holds one value a class an example."""
    n, c = len(setting.X), setting.dims[-1]
    wanted: tuple[int, ...] = (n, c) if setting.layout == "rows" else (c, n)
    if setting.layout == "vector":
        wanted = (c,)
    across = None
    for result in results:
        items = [result]
        if isinstance(result, dict):
            items = list(result.values())
        elif isinstance(result, tuple | list):
            items = list(result)
        for item in reversed(items):
            if isinstance(item, np.ndarray) and (
                item.shape == wanted or (c == 1 and item.shape == (n,))
            ):
                return item
            if isinstance(item, np.ndarray) and item.shape == wanted[::-1] and c > 1:
                across = item if across is None else across
    return across.T if turned and across is not None else None


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


def globals_read(node: ast.AST) -> set[str]:
    """Names that a function reads and does not define itself."""
    nodes = walk(node)
    stored = {n.arg for n in nodes if isinstance(n, ast.arg)}
    loaded: set[str] = set()
    declared: set[str] = set()
    for n in nodes:
        if isinstance(n, ast.Global):
            declared.update(n.names)
        elif isinstance(n, ast.Name):
            (stored if not isinstance(n.ctx, ast.Load) else loaded).add(n.id)
    return (loaded - stored) | (declared - stored)
