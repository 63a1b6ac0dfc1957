"""One finding in one file: which statements are suspected, which are innocent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradcheck.submissions.source.patterns import counts, is_plain
from gradcheck.submissions.source.program import Program, in_order
from gradcheck.submissions.source.roots import Root
from gradcheck.submissions.source.stores import Body, Store


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A finding and what a file has to do with it.

    Attributes
    ----------
    program : Program
        The file.
    within : sequence of Body
        The functions that were checked, and all that they call.
    roots : sequence of Root
        Every gradient that was found.
    matched : mapping of str to Root
        By our names; empty where the file's own names do not say.
    names : tuple of str
        Our names of the parameters that the finding touches.
    right : frozenset of str
        Names of the parameters whose gradient is right.
    """

    program: Program
    within: Sequence[Body]
    roots: Sequence[Root]
    matched: dict[str, Root]
    names: tuple[str, ...]
    right: frozenset[str]

    @property
    def touched(self) -> list[Root]:
        """The gradients of the finding, the layer nearest the output first."""
        found = [self.matched[n] for n in self.names if n in self.matched]
        if len(found) == len(self.names):
            ranked = zip(self.names, found, strict=True)
            return [r for _, r in sorted(ranked, key=lambda p: (-layer(p[0]), p[0]))]
        kinds = {n[0] for n in self.names}
        whole = {n for n in (*self.matched, *self.right) if n[0] in kinds}
        sure = whole <= set(self.names)
        return [r for r in self.roots if r.kind in kinds] if sure else []

    @property
    def others(self) -> list[Root]:
        """The gradients that the finding does not touch."""
        return [r for n, r in self.matched.items() if n not in self.names]

    def made(self, roots: Iterable[Root] | None = None) -> list[Store]:
        """Return what some gradients are made of, those of the finding by default."""
        chosen = self.touched if roots is None else roots
        found = {s: None for root in chosen for s in root.made.stores}
        return in_order(found)

    def own(self) -> list[Store]:
        """Return what the gradients of the finding alone are made of."""
        innocent = set(self.made(self.others))
        return [s for s in self.made() if s not in innocent]

    def chain(self) -> list[Store]:
        """Return how the delta comes down to the uppermost layer of the finding.

        What that layer's gradients are made of, but not those of the layer above, nor
        what its weights or its bias have for themselves.
        """
        top = max((layer(n) for n in self.names), default=0)
        level = [r for n, r in self.matched.items() if layer(n) == top]
        above = [r for n, r in self.matched.items() if layer(n) > top]
        if not level or not above:
            return []
        innocent = set(self.made(above))
        ends = {s for r in level for s in r.stores}
        return [s for s in self.made(level) if s not in innocent | ends]

    def counts(self) -> set[str]:
        """Return the names that hold a number of examples."""
        return counts(s for b in self.within for s in b.stores)


def layer(name: str) -> int:
    """Return the number in the name of a parameter of ours; 1 if there is none."""
    return int(name[1:]) if name[1:].isdigit() else 1


def built(root: Root) -> list[Store]:
    """Return the stores of a gradient that say more than another name of it."""
    return [s for s in root.stores if not is_plain(s.value) or s.operator]
