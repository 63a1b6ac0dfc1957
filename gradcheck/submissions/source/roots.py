"""Where a file keeps the gradient of each parameter."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gradcheck.submissions.forms.names import index_of, kind_of, plain, role_of
from gradcheck.submissions.forms.trees import walk
from gradcheck.submissions.source.program import Program, Slice, is_step
from gradcheck.submissions.source.stores import RETURN, Body, Store, last, place_of

_GENERIC = ("grad", "grads", "gradient", "gradients", "delta")
_HOLDERS = ("params", "parameters", "cache", "weights", "theta", "model")


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """The last statements that make one gradient.

    Attributes
    ----------
    label : str
        What the file calls the parameter, in small letters: ``"w1"``.
    kind : str
        ``"W"`` or ``"b"``.
    body : Body
        Where it is made.
    stores : tuple of Store
        Every store in its place, in order.
    made : Slice
        Everything that it is made of.
    """

    label: str
    kind: str
    body: Body
    stores: tuple[Store, ...]
    made: Slice


def _label(place: str, only: bool) -> str:
    """Name the parameter whose gradient a place looks like; empty if none."""
    word = last(place)
    base = place.partition("[")[0].rpartition(".")[2].lower()
    if base != place and place.endswith("']") and base not in _HOLDERS:
        label = plain(word)
        return label if kind_of(label) else ""
    if place.endswith("']"):
        return ""
    label = plain(word)
    bare = word.strip("_").lower().replace("_", "")
    if label != bare and kind_of(label):
        return label
    return "w" if only and label in _GENERIC else ""


def roots(program: Program, within: Sequence[Body], only: bool) -> list[Root]:
    """Find the gradients in some functions.

    Parameters
    ----------
    program : Program
    within : sequence of Body
        Where to look.
    only : bool
        Whether there is a single parameter, so that ``grad`` is its gradient.
    """
    found: dict[str, Root] = {}
    for body in within:
        for label, stores in _collected(body, only).items():
            known = found.get(label)
            if known is not None and known.body is not body:
                continue
            made = Slice(program)
            for store in stores:
                made.add(body, store)
            found[label] = Root(label, _kind(label), body, tuple(stores), made)
    return list(found.values()) or list(_steps(program, within))


def _kind(label: str) -> str:
    return kind_of(label) or kind_of(label.upper())


def _collected(body: Body, only: bool) -> dict[str, list[Store]]:
    found: dict[str, list[Store]] = {}
    for store in body.stores:
        label = _label(store.place, only) if store.place not in ("", RETURN) else ""
        if label:
            found.setdefault(label, []).append(store)
    for store in tuple(body.stores):
        for key, value in _items(store.value):
            label = plain(key)
            if not _kind(label) or last(store.place).lower() in _HOLDERS:
                continue
            written = [s for s in body.stores if s.place == place_of(value)]
            if isinstance(value, ast.Name) and written:
                known = found.setdefault(label, [])
                known += [s for s in written if s not in known]
            elif label not in found:
                found[label] = [_entry(body, store, key, value)]
    return found or _parts(body, only)


def _parts(body: Body, only: bool) -> dict[str, list[Store]]:
    """Find gradients in what has no name: ``return loss, X.T @ d``, pairs in a list."""
    found: dict[str, list[Store]] = {}
    for store in tuple(body.stores):
        elements = store.value.elts if isinstance(store.value, ast.Tuple) else []
        if len(elements) != 2:
            continue
        turned = [e for e in elements if _is_turned(e)]
        if only and store.place == RETURN and len(turned) == 1:
            if not isinstance(turned[0], ast.Name):
                found.setdefault("w", []).append(_entry(body, store, "w", turned[0]))
        elif last(store.place).lower() in _GENERIC and turned == elements[:1]:
            sums = any(
                isinstance(p, ast.Attribute) and p.attr == "sum"
                for p in walk(elements[1])
            )
            for label, value in zip("wb", elements, strict=True) if sums else ():
                found.setdefault(label, []).append(_entry(body, store, label, value))
    return found if all(len(stores) == 1 for stores in found.values()) else {}


def _is_turned(node: ast.expr) -> bool:
    """Whether an expression transposes data, as every gradient of W does."""
    return any(
        isinstance(p, ast.Attribute) and p.attr == "T"
        and not kind_of(last(place_of(p))) and role_of(last(place_of(p))) != "params"
        for p in walk(node)
    )  # fmt: skip


def _entry(body: Body, store: Store, key: str, value: ast.expr) -> Store:
    """Take an entry of a dict for a store of its own, before that of the dict."""
    for known in body.stores:
        if known.value is value:
            return known
    entry = Store(f"{store.place}[{key!r}]", value, store.node, loop=store.loop)
    body.stores.insert(body.stores.index(store), entry)
    return entry


def _items(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield the entries of a dict that stands in what is returned or stored."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    for part in parts:
        if isinstance(part, ast.Dict):
            for key, value in zip(part.keys, part.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value


def _steps(program: Program, within: Sequence[Body]) -> Iterator[Root]:
    """Yield gradients that exist only in a step: ``W -= lr * (h.T @ d)``."""
    for body in within:
        for store in body.stores:
            word = last(store.place)
            weight = kind_of(word) or (role_of(word) == "params" and "W")
            if is_step(store) and weight and body.name != "__init__":
                label = word.strip("_").lower()
                made = Slice(program)
                made.stores[store] = body
                made.value(body, store.value, store)
                yield Root(label, weight, body, (store,), made)


def match(found: Iterable[Root], names: Sequence[str]) -> dict[str, Root]:
    """Tell which gradient belongs to which of our parameters.

    By name where the names agree; else by order, if there are as many and their order
    is plain.
    """
    by_label = {root.label: root for root in found}
    matched: dict[str, Root] = {}
    for kind in ("W", "b"):
        ours = [n for n in names if n.startswith(kind)]
        theirs = [r for r in by_label.values() if r.kind == kind]
        exact = {n: by_label[n.lower()] for n in ours if n.lower() in by_label}
        if len(exact) == len(ours):
            matched |= exact
            continue
        ranks = sorted({index_of(r.label) for r in theirs})
        if len(theirs) == len(ours) == len(ranks):
            theirs.sort(key=lambda r: index_of(r.label))
            matched |= dict(zip(ours, theirs, strict=True))
    return matched
