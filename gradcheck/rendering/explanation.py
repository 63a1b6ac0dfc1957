"""A mistake explained: what, the equation, the wrong and the right line."""

from collections.abc import Iterator, Mapping

from gradcheck.faults import Fault
from gradcheck.report import Line, wrapped


def explanation(fault: Fault) -> Iterator[Line]:
    """Yield the lines that explain one mistake."""
    yield from wrapped("title", f"{fault.id}: {fault.title}")
    yield Line("text")
    for label, text in (("equation", fault.equation),):
        yield from wrapped("text", text, first=f"  {label:<10} ")
    yield from wrapped("wrong", fault.wrong, first="  wrong      ")
    yield from wrapped("right", fault.right, first="  right      ")
    yield from wrapped("text", fault.advice, first="  fix        ")
    yield from wrapped("text", fault.unnoticed, first="  unnoticed  ")
    yield from wrapped("text", fault.see, first="  to see it  ")
    if fault.variants:
        yield Line("text")
        yield Line("faint", f"shown on a net: gradcheck demo {fault.id}")


def contents(catalogue: Mapping[str, Fault]) -> Iterator[Line]:
    """Yield one line a mistake: its id and its title."""
    width = max(len(id) for id in catalogue)
    for id, fault in catalogue.items():
        yield from wrapped("text", fault.title, first=f"{id:<{width}}  ")
    yield Line("text")
    yield Line("faint", "more on one of them: gradcheck explain ID")
