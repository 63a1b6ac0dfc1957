"""Which of the things that do not run were meant to be checked like those that do."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from . import names, plans
from .class_units import is_scoring
from .names import Function
from .offer import Unit

_TELLING = ("incomplete", "crashes", "loss-not-scalar", "shape-mismatch",
            "constant-loss")  # fmt: skip
_BASIC = re.compile(r"affine|linear|fc|relu|leaky_?relu|sigmoid|tanh", re.I)
_OTHER_WORK = re.compile(r"test_|check_|plot_|print|show|numer", re.I)


def failing(
    found: Iterable[Unit], running: Sequence[Unit], functions: Mapping[str, Function]
) -> list[Unit]:
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
    """
    checked = {_roles(functions[n]) for n in _objects(running) if n in functions}
    layers = any(u.hint.get("kind") in ("vjp", "scores") for u in running)
    tried = [u for u in found if u.run is None]
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


def _objects(units: Iterable[Unit]) -> list[str]:
    return [u.hint["object"] for u in units]


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
    return hint["interface"] in ("cs231n-two-layer", "own-class", "dlfs")


def _unreturned(
    functions: Mapping[str, Function], known: Sequence[str],
    checked: set[frozenset[str]],
) -> Iterator[Unit]:  # fmt: skip
    """Yield losses that return nothing, and so were not even tried."""
    for name, function in functions.items():
        meant = names.COST.fullmatch(name) or names.BOTH.fullmatch(name)
        roles = _roles(function)
        if not meant or name in known or not {"X", "y"} <= roles:
            continue
        if roles in checked and not plans.returns_value(function):
            text = (
                f"{name} returns nothing; a loss and its gradient were expected: "
                "finish it and return both"
            )
            line = function.node.lineno
            broken = {"code": "incomplete", "text": text, "line": line}
            yield Unit({"object": name, "interface": None, "broken": broken})
