"""Which of the things that do not run were meant to be checked like those that do."""

import ast
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from . import names, plain, plans
from .class_units import is_scoring
from .containers import call_sites
from .names import Function
from .offer import Unit
from .refusal import Refused
from .trees import walk

_TELLING = ("incomplete", "crashes", "loss-not-scalar", "shape-mismatch",
            "constant-loss", "timeout", "transposed")  # fmt: skip
_BASIC = re.compile(r"affine|linear|fc|relu|leaky_?relu|sigmoid|tanh", re.I)
_OTHER_WORK = re.compile(r"test_|check_|plot_|print|show|numer", re.I)


def failing(
    found: Iterable[Unit], running: Sequence[Unit], functions: Mapping[str, Function],
    tree: ast.AST | None = None,
) -> list[Unit]:  # fmt: skip
    """Return the units that do not run and keep what runs from being the whole.

    A right function says nothing of a broken one beside it that does the same work.
    Private names, helpers and further layers of a course's template do not count.

    Parameters
    ----------
    found : iterable of Unit
        Everything that was tried.
    running : sequence of Unit
        What can be checked.
    functions : mapping
        The file's functions.
    tree : ast.AST, optional
        The file: a class that another makes, which runs, is a part of what was checked.
    """
    parts = _parts(tree, _objects(running)) if tree is not None else set()
    checked = {_roles(functions[n]) for n in _objects(running) if n in functions}
    layers = any(u.hint.get("kind") in ("vjp", "scores") for u in running)
    tried = [u for u in found if u.run is None and u.hint["object"] not in parts]
    tried += _unreturned(functions, [*_objects(running), *_objects(tried)], checked)
    counting = [u for u in tried if _counts(u, checked, layers, functions)]
    for unit in counting:
        function, broken = functions.get(unit.hint["object"]), unit.hint["broken"]
        if broken["line"] is None and function is not None:
            broken["line"] = function.node.lineno
    return counting


def reason(unit: Unit) -> str:
    """Say in one line why a unit does not run, and where."""
    broken = unit.hint["broken"]
    text, line = str(broken["text"]).split(";")[0], broken["line"]
    if unit.hint["object"] not in text:
        text = f"{unit.hint['object']}: {text}"
    if line is None or re.search(rf"\bline {line}\b", text):
        return text
    return f"{text} (line {line})"


def alike(
    functions: Mapping[str, Function], units: Sequence[Unit], tree: ast.AST
) -> list[Function]:
    """Return losses that take what a unit takes, and that nothing else calls."""
    known = set(_objects(units))
    checked = {_roles(functions[n]) for n in known if n in functions}
    called = call_sites(tree)[0]
    return [
        f for n, f in functions.items()
        if n not in known and n not in called and not _OTHER_WORK.match(n)
        and (names.COST.fullmatch(n) or names.BOTH.fullmatch(n))
        and {"X", "y"} <= _roles(f) and _roles(f) in checked
        and plans.returns_value(f)
    ]  # fmt: skip


def of_batches(units: Sequence[Unit], functions: Mapping[str, Function]) -> list[Unit]:
    """Refuse what takes one example only, where one that does the same takes a batch.

    The template of such a function asks for a batch.
    """
    whole = {
        _roles(functions[u.hint["object"]])
        for u in units
        if u.run is not None
        and not u.hint.get("each")
        and u.hint["object"] in functions
    }
    found = []
    for unit in units:
        name, why = unit.hint["object"], unit.single
        if why is not None and name in functions and _roles(functions[name]) in whole:
            broken = {"code": why.code, "text": why.text, "line": why.line}
            hint = {"object": name, "interface": unit.hint["interface"]}
            unit = Unit({**hint, "broken": broken})
        found.append(unit)
    return found


def untried(
    functions: Mapping[str, Function], tried: Iterable[Unit], tree: ast.AST
) -> list[str]:
    """Say which losses and gradients stand beside what was checked."""
    known, called = set(_objects(tried)), call_sites(tree)[0]
    meant = (names.COST, names.BOTH, names.BACKWARD)
    return [
        f"{n}({', '.join(f.arguments)}): it is checked if asked for by name"
        for n, f in functions.items()
        if n not in known and n not in called and not n.startswith("_")
        and not _OTHER_WORK.match(n) and any(m.fullmatch(n) for m in meant)
        and {"X", "y"} <= _roles(f)
    ]  # fmt: skip


def beside(
    functions: Mapping[str, Function], known: Container[str], tree: ast.AST
) -> list[Function]:
    """Return what may be a value of one vector and its gradient, and was not tried.

    What the file calls itself is a part of something that was.
    """
    called = call_sites(tree)[0]
    return [
        f for f, slope in plain.candidates(functions)
        if slope is None and f.name not in known and f.name not in called
        and not f.name.startswith("_") and not _OTHER_WORK.match(f.name)
    ]  # fmt: skip


def ask(function: Function) -> Unit:
    """Leave a function alone that may be a helper, and say how to have it checked.

    Raises
    ------
    Refused
        Always.
    """
    raise Refused(
        "no-form",
        f"{function.name}({', '.join(function.arguments)}): it is checked if asked for "
        "by name",
    )


def _objects(units: Iterable[Unit]) -> list[str]:
    return [u.hint["object"] for u in units]


def _parts(tree: ast.AST, running: Container[str]) -> set[str]:
    """Name what is called in the classes of these names."""
    return {
        n.func.id
        for part in walk(tree)
        if isinstance(part, ast.ClassDef) and part.name in running
        for n in walk(part)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }  # fmt: skip


def _roles(function: Function) -> frozenset[str]:
    found = {names.kind_of(a) or names.role_of(a) for a in function.arguments}
    return frozenset(found - {"reg", "flag"})


def _counts(
    unit: Unit, checked: set[frozenset[str]], layers: bool,
    functions: Mapping[str, Function],
) -> bool:  # fmt: skip
    name, hint = unit.hint["object"], unit.hint
    if name.startswith("_") or hint["broken"]["code"] not in _TELLING:
        return False
    function = functions.get(name)
    if function is not None:
        if layers and is_scoring(function):
            return True
        return not _OTHER_WORK.match(name) and _roles(function) in checked
    if f"{name}_forward" in functions:
        return layers and bool(_BASIC.fullmatch(name))
    return hint["interface"] in ("cs231n-two-layer", "own-class", "dlfs") or (
        hint.get("begun", False)
    )


def _unreturned(
    functions: Mapping[str, Function], known: Sequence[str],
    checked: set[frozenset[str]],
) -> Iterator[Unit]:  # fmt: skip
    """Yield losses that return nothing, and so were not even tried."""
    for function in returning_nothing(functions):
        name = function.name
        if name not in known and _roles(function) in checked:
            why = unreturned(function)
            broken = {"code": why.code, "text": why.text, "line": why.line}
            yield Unit({"object": name, "interface": None, "broken": broken})


def returning_nothing(functions: Mapping[str, Function]) -> list[Function]:
    """Return the losses that take inputs and labels, and return nothing."""
    return [
        f for n, f in functions.items()
        if (names.COST.fullmatch(n) or names.BOTH.fullmatch(n))
        and {"X", "y"} <= _roles(f) and not plans.returns_value(f)
    ]  # fmt: skip


def unreturned(function: Function) -> Refused:
    """Say that a function returns nothing."""
    return Refused(
        "incomplete",
        f"{function.label} returns nothing; a loss and its gradient were expected: "
        "finish it and return both",
        function.node.lineno,
    )
