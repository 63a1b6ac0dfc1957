"""Recipes for a class: make it, find its parameters, call its methods."""

import ast
import contextlib
import inspect
import re
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from typing import Any

import numpy as np

from . import chains, constructing, names, plans, search, shapes
from .calls import Board, Setting
from .containers import call_sites, pristine
from .names import Function
from .recipe import Recipe
from .trained import trained
from .trees import source_of, walk

_ROWS = ("onehot", "ints", "ints column", "from one column", "from one")
_COLUMNS = ("onehot columns", "ints", "ints row")
_ONE_ROWS = ("binary column", "binary", "signs", "signs column", "real column")
_ONE_COLUMNS = ("binary row", "signs row", "binary")
_BATCH = re.compile(r"_*(mini_?)?batch_?(size|len|length)_*", re.I)
_STARTERS = re.compile(
    r"_*(init(iali[sz]e)?(_(weights?|param\w*|net\w*|layers?|model))?|build\w*|reset\w*|"
    r"setup|create\w*|(random_)?weights?_init\w*|set_?up|initalize\w*|compile)", re.I
)  # fmt: skip


def methods_of(cls: Any, trees: Sequence[ast.AST]) -> dict[str, Function]:
    """Collect the methods of a class, its bases' in the same work included."""
    nodes = {
        n.name: n for tree in trees for n in walk(tree) if isinstance(n, ast.ClassDef)
    }
    found: dict[str, Function] = {}
    for base in inspect.getmro(cls):
        node = nodes.get(base.__name__)
        for part in node.body if node is not None else ():
            if isinstance(part, ast.FunctionDef) and part.name not in found:
                found[part.name] = Function(part.name, part, cls.__name__)
    if "backward" in found and "__call__" in found and "forward" not in found:
        found["forward"] = found["__call__"]  # ``layer(x)`` is its forward pass
        with contextlib.suppress(TypeError, AttributeError):
            cls.forward = cls.__call__
    return found


def attributes_read(methods: Mapping[str, Function]) -> set[str]:
    """Names of the attributes of ``self`` that the methods read."""
    return {
        n.attr
        for f in methods.values()
        for n in walk(f.node)
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)
        and isinstance(n.value, ast.Name) and n.value.id == "self"
    }  # fmt: skip


def codings(layout: str, outputs: int, style: str = "") -> tuple[str, ...]:
    """Return the ways in which labels may be wanted, likeliest first.

    Parameters
    ----------
    layout : str
        ``"rows"`` or ``"columns"``.
    outputs : int
        Of the network.
    style : str
        ``"binary"``, ``"signs"`` or ``"from one"`` where the file gives it away, see
        `label_style`.
    """
    if layout == "columns":
        options: tuple[str, ...] = _COLUMNS if outputs > 1 else _ONE_COLUMNS
    else:
        options = _ROWS if outputs > 1 else _ONE_ROWS
    if style == "from one":
        return tuple(sorted(options, key=lambda c: not c.startswith(style)))
    if style and outputs == 1:
        return tuple(c for c in options if c.startswith(style))
    return options


def label_style(functions: Iterable[Function]) -> str:
    """Tell from the text of functions what labels are: 0 and 1, -1 and +1, from 1."""
    text, labels = "", {"y", "Y"}
    for function in functions:
        text += f"{function.name}\n{source_of(function.node)}\n"
        labels |= {a for a in function.arguments if names.role_of(a) == "y"}
    y = "(?:self\\.)?(?:" + "|".join(map(re.escape, sorted(labels))) + r")(?:\.T)?"
    if re.search(rf"arange\(1,|{y}(?:\.\w+\(\))? - 1\b|range\(1, num_labels", text):
        return "from one"
    if re.search(rf"1(?:\.0?)?\s*-\s*{y}\s*[,)]", text):
        return "binary"
    minus = rf"(?<![\w\])]\s)(?<![\w\])])-\s*{y}\s*\*(?!\s*(?:np\.|math\.)?log)"
    margin = rf"exp\([^()]*(?:\([^()]*)?-\s*{y}\s*\*|{minus}"
    product = rf"\b{y}\s*\*|\*\s*{y}\b|multiply\(\s*{y}"
    hinge = re.search("hinge|svm", text) and re.search(product, text)
    return "signs" if hinge or re.search(margin, text) else ""


class ClassForm:
    """Turns one class into recipes.

    Parameters
    ----------
    cls : type
        The class.
    trees : sequence of ast.AST
        The file's tree and its neighbours'.
    space : dict
        Globals of the file.
    undefined : sequence of str
        Globals that the file reads and does not define.
    """

    def __init__(
        self, cls: Any, trees: Sequence[ast.AST], space: dict[str, Any],
        undefined: Sequence[str],
    ) -> None:  # fmt: skip
        self.cls, self.trees, self.space = cls, trees, space
        self.undefined = tuple(undefined)
        self.methods = methods_of(cls, trees)
        self.sites, self.assigned = call_sites(trees[0])
        self.failure: BaseException | None = None
        self.helpers: Mapping[str, Any] = {}
        self.dictated: list[tuple[int, ...]] = []
        self.trained = trained(cls, self.methods, space)
        if self.trained is not None:
            self.cls = self.trained.cls
            self.methods = self.trained.methods(self.methods)

    def takes_data(self) -> bool:
        """Whether the constructor wants the examples themselves."""
        init = self.methods.get("__init__")
        sizes = constructing.sizes_named_like_data(self.cls)
        return init is not None and any(
            names.role_of(a) in ("X", "y") and not init.node.args.defaults
            for a in init.arguments
            if a not in sizes
        )

    def make(self, board: Board) -> Any:
        """Make an instance, its globals supplied."""
        for name in self.undefined:
            found, value = board.look_up(name, has_default=False)
            if found:
                self.space[name] = value
        made = constructing.construct(self.cls, board)
        if self.trained is not None:
            self.trained.begin(made, board)
        elif not chains.held_by(made):
            self._start(made, board)
        return made

    def _start(self, made: Any, board: Board) -> None:
        for name, function in self.methods.items():
            if _STARTERS.fullmatch(name) and name != "__init__":
                try:
                    args, named = board.bind(function)
                    getattr(made, name)(*args, **named)
                except Exception:
                    continue
                if chains.held_by(made):
                    return

    def instances(
        self, hidden: int, outputs: int
    ) -> Iterator[tuple[tuple[int, ...], Any, Any]]:
        """Yield the sizes, an instance and its chain of parameters."""
        dims = (search.D, *search.H[:hidden], outputs)
        params, X, y = search.problem(dims)
        for layout in ("rows", "columns"):
            coding = codings(layout, outputs)[0]
            setting = Setting(params, X, y, 0.0, dims, layout, coding)
            try:
                made = search.quietly(partial(self.make, Board(setting)))
            except Exception as error:
                self.failure = self.failure or error
                continue
            ends = dims[0], dims[-1]
            chain = chains.chain_of(made, dims) or chains.chain_of(made, None, ends)
            if chain is not None:
                yield dims, made, chain
                return
            if not self.takes_data():
                return

    def recipes(
        self, plan: plans.Plan, dims: Sequence[int], made: Any, chain: chains.Chain,
        ran: Collection[tuple[str, str]], *, another: bool = False,
    ) -> Iterator[Recipe]:  # fmt: skip
        """Yield the ways of running one plan on this class.

        `ran` holds the layouts and codings of those that have run so far. Arrays are
        filled in place where the object may keep them under two names: only with what
        has run with arrays of ours, if anything has, or if `another` number of outputs
        has run; one example at a time is not tried then.
        """
        data = self._data_attributes(made)
        fresh = plan.by_step or self.takes_data()
        maker: Callable[[Board], Any] = self.make
        if fresh and not self.takes_data():
            maker = pristine(self.make)
        if plan.by_step:
            maker = _with_unit_rate(maker)
        base = Recipe(
            self.space, self._steps(plan), chain.slots,
            maker=maker, paths=chain.paths, loss_step=plan.loss, by_step=plan.by_step,
            reg_attributes=_reg_attributes(made), data_attributes=data,
            globals=self.undefined, sites=self.sites, assigned=self.assigned,
            fresh=fresh, containers={},
        )  # fmt: skip
        columns = any(s.form in ("out_in", "column") for s in chain.slots)
        layouts = ("columns", "rows") if columns else ("rows", "columns")
        style = label_style(plan.steps)
        for rebind in (True, False):
            for layout in layouts:
                for coding in codings(layout, dims[-1], style):
                    anything = not ran and not another
                    if rebind or anything or (layout, coding) in ran:
                        yield base.with_(layout=layout, coding=coding, rebind=rebind)
        for layout in () if another else (*layouts, "vector"):
            shape = "rows" if layout == "vector" else layout
            for coding in codings(shape, dims[-1], style)[:2]:
                yield base.with_(layout=layout, coding=coding, each=True)

    def _steps(self, plan: plans.Plan) -> tuple[Any, ...]:
        return tuple(
            (f, None if f.owner else self.helpers.get(f.name)) for f in plan.steps
        )

    def _data_attributes(self, made: Any) -> tuple[str, ...]:
        own = vars(made)
        wanted = []
        for name in attributes_read(self.methods):
            if name in self.methods or names.role_of(name) not in ("X", "y", "N"):
                continue
            if name not in own or own[name] is None:
                wanted.append(name)
        return tuple(wanted)


def _reg_attributes(made: Any) -> tuple[str, ...]:
    return tuple(
        n for n, v in vars(made).items()
        if names.role_of(n) == "reg" and isinstance(v, int | float | None)
        and not isinstance(v, bool)
    )  # fmt: skip


def _with_unit_rate(maker: Callable[[Board], Any]) -> Callable[[Board], Any]:
    def make(board: Board) -> Any:
        made = maker(board)
        for name, value in list(vars(made).items()):
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            if names.role_of(name) == "lr":
                setattr(made, name, 1.0)
            elif names.role_of(name) == "epochs":
                setattr(made, name, 1)
            elif _BATCH.fullmatch(name):
                setattr(made, name, len(board.setting.X))
        return made

    return make


def empty_of(made: Any) -> list[str]:
    """Names of the containers of parameters that an object has left empty."""
    return [
        n for n, v in vars(made).items()
        if names.role_of(n) == "params" and isinstance(v, dict | list) and not len(v)
    ]  # fmt: skip


__all__ = ["ClassForm", "attributes_read", "codings", "methods_of", "np", "shapes"]
