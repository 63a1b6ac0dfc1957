"""What people call things: roles of arguments, names of parameters and gradients."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from .roles import role_of as role_of
from .trees import children

_INNER = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
_NAMES = 4096
"""Names whose reading is remembered: they are asked for at every evaluation."""

FORWARD = re.compile(
    r"(?!.*(back|grad|deriv|prime))"
    r".*(forward|f_?prop\b|fwd|predict_?prob|hypothesis|feed|compute_?output"
    r"|forwardprop|calc_?output|get_?output|\bfp\b|^query$|^think$|^infer\w*$).*",
    re.IGNORECASE,
)
BACKWARD = re.compile(
    r"(?!.*(forward|linear_act|_test|check|numer|deriv\w*_of|descent|relu|sigmoid|"
    r"tanh|softmax_b|activation|load))"
    r"(.*(back|b_?prop\b|grad|bwd|update_?weights|calc_?deltas|compute_?deriv).*"
    r"|d_?(loss|cost|objective|nll|mse|j)\w*)",
    re.IGNORECASE,
)
BOTH = re.compile(
    r".*(forward_?(and_?)?back|cost_?(and_?)?grad|loss_?(and_?)?grad|propagate$|"
    r"loss_?grads?|grad_?and_?loss|compute_?loss_?and).*",
    re.IGNORECASE,
)
PROMISED = re.compile(
    r"(?!.*check)(.*(cost|loss|value)_?(and|with)_?d?_?grad.*"
    r"|.*grad\w*_?(and|with)_?(cost|loss|value).*)",
    re.IGNORECASE,
)
"""Names that say that both a loss and its gradient are returned."""

COST = re.compile(
    r"(?!.*(deriv|prime|grad|plot|back|hist|numer|test|delta|_d$|accuracy|optimi"
    r"|^d_|^d(loss|cost|objective|nll|mse)))"
    r".*(cost|loss|cross_?ent|error|objective|entropy|mse|criterion|nll|log_?likel|"
    r"custo|perda|fehler|verlust|^j$|^ce$).*",
    re.IGNORECASE,
)


@lru_cache(_NAMES)
def is_cost(name: str) -> bool:
    """Whether this is what someone would call a loss, or what computes one."""
    return COST.fullmatch(name) is not None


STEP = re.compile(
    r"(?!.*(test|accuracy|predict|data|load|set_|plot|split|new_|acc))"
    r".*(descent|train|update|step|epoch|fit|learn|optimi[sz]e|sgd|back).*",
    re.IGNORECASE,
)
PENALISED = re.compile(r".*(regulari|_reg\b|l2).*", re.IGNORECASE)

_PREFIX = re.compile(
    r"^(?:dl_?d|dj_?d|de_?d|dc_?d|dloss_?d?|partial_?|delta_?|deltas_?|del_|nabla_?|"
    r"gradients?_?|grads?_?|dcost_?d?|d_?|g(?=[A-Z]|_))",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"(?:_?(?:grads?|gradients?|delta|deltas|deriv|derivative|update|adjustment|d|dw"
    r"|error_?grad))$",
    re.IGNORECASE,
)
_WEIGHT = re.compile(
    r"(?:w|ws|wt|wgt|weights?|theta|thetas|kernel|syn|synapse|coef)"
    r"_?(?:\d+|h|o|i|ih|ho|hi|oh|xh|hy|ij|jk|in|out|hidden|output|input|final"
    r"|input_?(?:to_?)?hidden|hidden_?(?:to_?)?output|layer_?\d+|tag|[lf])?",
    re.IGNORECASE,
)
_WEIGHT_TAIL = re.compile(r"(?:hidden|output|input|h|o|ih|ho)_?weights?", re.IGNORECASE)
_BIAS = re.compile(
    r"(?:b|bs|bias|biases|beta|intercept)"
    r"_?(?:\d+|h|o|i|ih|ho|in|out|hidden|output|final|layer_?\d+|tag|[lf])?",
    re.IGNORECASE,
)
_BIAS_TAIL = re.compile(r"(?:hidden|output|h|o|ih|ho)_?bias(?:es)?", re.IGNORECASE)


@lru_cache(_NAMES)
def kind_of(name: str) -> str:
    """Return ``"W"`` or ``"b"`` for the name of a parameter, else an empty string."""
    bare = name.strip("_")
    if _BIAS.fullmatch(bare) or _BIAS_TAIL.fullmatch(bare):
        return "b"
    if _WEIGHT.fullmatch(bare) or _WEIGHT_TAIL.fullmatch(bare) or bare in ("U", "V"):
        return "W"
    return ""


_ORDER = (
    "i",
    "in",
    "ih",
    "input",
    "xh",
    "h",
    "hidden",
    "o",
    "ho",
    "out",
    "output",
    "hy",
    "final",
    "f",
)


def index_of(name: str) -> float:
    """Return where in the network a parameter of this name belongs, lower first."""
    digits = re.findall(r"\d+", name)
    if digits:
        return float(digits[-1])
    tail = re.sub(r"(?i)weights?|theta|bias(es)?|_to_|_", " ", name).split()
    for word in tail:
        word = re.sub(r"^[wbWB](?=.)", "", word)
        if word.lower() in _ORDER:
            return 100.0 + _ORDER.index(word.lower())
    return 99.0


@lru_cache(_NAMES)
def plain(name: str) -> str:
    """Strip what marks a gradient from its name: ``dW1``, ``W1_grad`` -> ``w1``."""
    bare = name.strip("_")
    if bare.lower() in ("delta", "grad", "grads", "gradient"):
        return bare.lower()
    shorter = _PREFIX.sub("", bare, count=1)
    if not shorter or not kind_of(shorter):
        candidate = _SUFFIX.sub("", bare, count=1)
        shorter = candidate if candidate and kind_of(candidate) else shorter or bare
    if not kind_of(shorter) and kind_of(bare.split("_")[-1]):
        shorter = bare.split("_")[-1]
    return shorter.strip("_").lower().replace("_", "")


@lru_cache(_NAMES)
def looks_like_gradient(name: str, parameter: str) -> bool:
    """Whether a name is what someone would call the gradient of a parameter."""
    target = parameter.strip("_").lower().replace("_", "")
    bare = name.strip("_").lower().replace("_", "")
    return bare != target and plain(name) == target


@lru_cache(_NAMES)
def is_of_parameter(name: str) -> bool:
    """Whether this is what someone would call the gradient of some parameter."""
    return bool(kind_of(plain(name))) and not kind_of(name)


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method of the file: its name, its node and its arguments."""

    name: str
    node: Any
    owner: str = ""

    @property
    def arguments(self) -> list[str]:
        """Names of the positional arguments, without ``self``."""
        names, static = _arguments(self.node)
        return list(names[1:] if self.owner and not static else names)

    @property
    def wanted(self) -> tuple[list[str], dict[str, Any], list[str]]:
        """The positional arguments, the defaults among them, and keywords."""
        return _wanted(self.node, bool(self.owner))

    @property
    def label(self) -> str:
        """The name under which a reader finds it."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def returned(self) -> list[str]:
        """Names of what the last ``return`` returns, one an element."""
        return list(_returned(self.node))


@cache
def _arguments(function: Any) -> tuple[tuple[str, ...], bool]:
    """Read the names of all arguments, and whether it is a static method, once."""
    spec = function.args
    names = tuple(a.arg for a in [*spec.posonlyargs, *spec.args])
    names += _unpacked(function)
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in function.decorator_list
    )
    return names, static


@cache
def _unpacked(function: Any) -> tuple[str, ...]:
    """Name what a function takes out of ``*args`` in one go: ``X, y, reg = args``."""
    rest = function.args.vararg
    if rest is None:
        return ()
    for node in own_nodes(function):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Name)
            and node.value.id == rest.arg
        ):
            spelled = element_names(node.targets[0])
            return tuple(spelled) if all(spelled) else ()
    return ()


@cache
def _wanted(function: Any, owned: bool) -> tuple[list[str], dict[str, Any], list[str]]:
    """Read what a function wants, once: it is asked for at every evaluation."""
    names, static = _arguments(function)
    spec = function.args
    arguments = list(names[1:] if owned and not static else names)
    plain = arguments[: len(arguments) - len(_unpacked(function))]
    defaults = dict(zip(plain[::-1], spec.defaults[::-1], strict=False))
    return arguments, defaults, [k.arg for k in spec.kwonlyargs]


@cache
def _returned(function: ast.AST) -> tuple[str, ...]:
    """Read a function once: it is asked for at every evaluation."""
    found: list[str] = []
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            names = element_names(node.value)
            if len(names) >= len(found):
                found = names
    return tuple(found)


def own_nodes(function: ast.AST) -> Iterable[ast.AST]:
    """Walk the body of a function without the functions defined inside it."""
    found = children(function)
    for node in found:  # which grows
        yield node
        if not isinstance(node, _INNER):
            found += children(node)


def element_names(value: ast.AST) -> list[str]:
    """Name the elements of an expression: ``(loss, self.dW)`` -> loss, dW."""
    if isinstance(value, ast.Tuple | ast.List):
        return [(element_names(v) or [""])[0] for v in value.elts]
    if isinstance(value, ast.Name):
        return [value.id]
    if isinstance(value, ast.Attribute):
        return [value.attr]
    return [""]
