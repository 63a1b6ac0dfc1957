"""Which statement makes a mistake that has no name."""

from collections.abc import Sequence
from itertools import pairwise

from gradcheck.submissions.source import patterns
from gradcheck.submissions.source.case import Case
from gradcheck.submissions.source.rules import (
    Guess,
    guess,
    single,
    whole,
)
from gradcheck.submissions.source.stores import RETURN, Store, reads


def measured(case: Case) -> Guess | None:
    """Point at what builds a wrong gradient and none of the right ones, if one does."""
    copies = patterns.lost(case.made())
    if copies:
        return guess(single(copies), "changes a copy")
    if len(case.names) != 1 or not case.right or not case.touched:
        return None
    innocent = {
        s for n in case.right if n in case.matched
        for s in case.matched[n].made.stores
    }  # fmt: skip
    guilty = [s for s in case.made() if s not in innocent]
    if case.names[0] in case.right or any(n not in case.matched for n in case.right):
        return None
    return Guess(whole(guilty[0]), "") if len(guilty) == 1 else _unused(case, guilty)


def _unused(case: Case, guilty: Sequence[Store]) -> Guess | None:
    """Point at the statement after a value that nothing reads, though it should."""
    read = {p for b in case.program.bodies for s in b.stores for p in _looks(s)}
    stores = case.touched[0].body.stores
    found = [
        (after, f"{before.place} is not used")
        for before, after in pairwise(stores)
        if after in guilty and before.place not in ("", RETURN, *read)
        and not before.operator and not patterns.is_plain(before.value)
    ]  # fmt: skip
    return Guess(whole(found[0][0]), found[0][1]) if len(found) == 1 else None


def _looks(store: Store) -> set[str]:
    """Return what a statement reads; what it stores, only if it reads that too."""
    found = reads(store.value) | {store.place if store.operator else ""}
    target = reads(store.target) - {store.place} if store.target else set()
    return found.union(target, *(reads(t) for t in store.tests))
