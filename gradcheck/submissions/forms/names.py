"""What people call things: roles of arguments, names of parameters and gradients."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_NAMES = 4096
"""Names whose reading is remembered: they are asked for at every evaluation."""

_ROLES = (
    (
        "y",
        r"y|ys|y_?(tr|train|true|batch|data|hot|one_?hot|onehot|enc|mat|matrix|s|vec)"
        r"|t|ts|labels?|targets?|one_?hot(_?y|_?labels)?|ground_?truth|expected"
        r"|truth|y_active|train_?labels?|train_?y|batch_?(y|labels)|classes"
        r"|labels_?(active|batch|train|one_?hot)|desired(_?output)?|output_?data"
        r"|(targets?|labels?|desired|y)_?(list|vec(tor)?|array|values?|set)",
    ),
    (
        "X",
        r"x|xs|x_?(tr|train|batch|data|active|in|input|bias)|data|inputs?|features?"
        r"|images?|img|samples?|a_?0|train_?(x|data)|batch_?x|input_?data|points"
        r"|input_?(layer|vec(tor)?|x)|(inputs?|features?|x)_?(list|array|values?|set)",
    ),
    (
        "reg",
        r"reg|regs|lambda\w*|lambd\w*|lam|lamb|lamda\w*|lmbda\w*|v_lambda|p?lambda"
        r"|l2|l2_?(reg|lambda|penalty|strength)|reg_?(strength|param|lambda|rate)"
        r"|lambda_?reg|weight_?decay|wd|regularization\w*|regulari[sz]er|decay_?l2",
    ),
    (
        "lr",
        r"lr|learning_?rates?|alpha|eta|step_?size|lrate|l_?rate|step|rate|epsilon_lr",
    ),
    (
        "N",
        r"m|n_?(samples?|examples?|data|data_?active|batch|train|obs)?|batch_?size"
        r"|batch|minibatch(_size)?|num_?(samples?|examples?|train|data|points)|bs"
        r"|mini_?batch_?size|size",
    ),
    ("keep", r"keep_?probs?|keep"),
    (
        "epochs",
        r"epochs?|num_?(iters?|epochs?|iterations)|n_?(iters?|epochs?)"
        r"|iterations?|max_?iters?|niter|steps",
    ),
    (
        "D",
        r"n_?x|n_?in(put)?s?|input_?(size|dims?|nodes|units|layer_?size|neurons"
        r"|features|shape|layer_?dim)|in_?(dims?|features?|size|channels?)"
        r"|num_?(inputs?|features?)|d_?in|n_?features?|dim|inodes|input_?n"
        r"|n_?input_?(nodes|units)|inputs_?size|nin|numinputs?|num_?input_?nodes|dx"
        r"|inputnodes|inputsize|ni|size_?in|inputlayersize",
    ),
    (
        "H",
        r"n_?h\w*|hidden\w*|h|dh|num_?hidden\w*|hnodes|n_?hid\w*|nhid\w*|numhidden|nh"
        r"|units|n_?units|hid_?size|hiddensize|size_?hidden",
    ),
    (
        "C",
        r"n_?y|n_?out(put)?s?|output_?(size|dims?|nodes|units|layer_?size|neurons)"
        r"|out_?(dims?|features?|size|channels?)|num_?(outputs?|classes|labels)"
        r"|n_?class(es)?|k|d_?out|c|onodes|nout|dy|n_?labels?|n_?categories"
        r"|num_?output_?nodes|outputnodes|outputsize|no|size_?out|numoutputs?"
        r"|outputlayersize",
    ),
    (
        "dims",
        r"layer_?s?_?(dims?|sizes?|nodes|units|structure)|layout|sizes|layers|dimensions"
        r"|dims|nodes|architecture|layer_?list|shape|structure|net_?(arch|size)"
        r"|neurons|topology",
    ),
    (
        "params",
        r"params?|parameters?|theta|thetas|weights?|network|model|nn_?params?"
        r"|net|ws|wb|params_?(values|dict)|initial_?params?|p|all_?params?"
        r"|nn_?parameters?|coefs?|weights_?biases|parameter|wts?",
    ),
    (
        "flag",
        r"verbose|debug|print\w*|train|training|is_?train(ing)?|mode|plot|test"
        r"|train_?flg|show",
    ),
    (
        "scale",
        r"std|weight_?scale|weight_?init_?std|init_?scale|sigma|scale|epsilon"
        r"|eps",
    ),
    ("dtype", r"dtype"),
    ("seed", r"seed|random_?(state|seed)"),
)
_ROLES_RE = tuple((role, re.compile(f"(?:{p})", re.IGNORECASE)) for role, p in _ROLES)
_EXACT = {"N": "N", "X": "X", "Y": "y", "T": "y", "D": "D", "H": "H", "C": "C"}


@lru_cache(_NAMES)
def role_of(name: str) -> str:
    """Return the role that a name usually plays, or an empty string."""
    bare = name.strip("_")
    if bare in _EXACT:
        return _EXACT[bare]
    for role, pattern in _ROLES_RE:
        if pattern.fullmatch(bare):
            return role
    return ""


FORWARD = re.compile(
    r"(?!.*(back|grad|deriv|prime))"
    r".*(forward|f_?prop\b|fwd|predict_?prob|hypothesis|feed|compute_?output"
    r"|forwardprop|calc_?output|get_?output|\bfp\b|^query$|^think$|^infer\w*$).*",
    re.IGNORECASE,
)
BACKWARD = re.compile(
    r"(?!.*(forward|linear_act|_test|check|numer|deriv\w*_of|descent|relu|sigmoid|"
    r"tanh|softmax_b|activation|load))"
    r".*(back|b_?prop\b|grad|bwd|update_?weights|calc_?deltas|compute_?deriv).*",
    re.IGNORECASE,
)
BOTH = re.compile(
    r".*(forward_?(and_?)?back|cost_?(and_?)?grad|loss_?(and_?)?grad|propagate$|"
    r"loss_?grads?|grad_?and_?loss|compute_?loss_?and).*",
    re.IGNORECASE,
)
COST = re.compile(
    r"(?!.*(deriv|prime|grad|plot|back|hist|numer|test|delta|_d$|^d_|accuracy|optimi))"
    r".*(cost|loss|cross_?ent|error|objective|entropy|mse|criterion|nll|log_?likel|"
    r"^j$|^ce$).*",
    re.IGNORECASE,
)
STEP = re.compile(
    r"(?!.*(test|accuracy|predict|data|load|set_|plot|split|new_|acc))"
    r".*(descent|train|update|step|epoch|fit|learn|optimi[sz]e|sgd|back).*",
    re.IGNORECASE,
)
PENALISED = re.compile(r".*(regulari|_reg\b|l2).*", re.IGNORECASE)

_PREFIX = re.compile(
    r"^(?:dl_?d|dj_?d|de_?d|dc_?d|dloss_?d?|partial_?|delta_?|deltas_?|nabla_?|"
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
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in function.decorator_list
    )
    return names, static


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
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))


def element_names(value: ast.AST) -> list[str]:
    """Name the elements of an expression: ``(loss, self.dW)`` -> loss, dW."""
    if isinstance(value, ast.Tuple | ast.List):
        return [(element_names(v) or [""])[0] for v in value.elts]
    if isinstance(value, ast.Name):
        return [value.id]
    if isinstance(value, ast.Attribute):
        return [value.attr]
    return [""]
