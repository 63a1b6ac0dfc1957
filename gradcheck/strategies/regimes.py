"""The edge regimes: corners where mistakes hide, or show themselves only."""

from collections.abc import Collection

from hypothesis import strategies as st

REGIMES = {
    "one-example": "N = 1: a sum and a mean are the same",
    "no-penalty": "reg = 0: mistakes in the penalty vanish",
    "on-a-kink": "some hidden unit has a pre-activation of exactly 0",
    "saturated": "scores and activations so large that their derivatives vanish",
    "tiny": "inputs of order 1e-4, weights of order 1e-2",
    "huge": "inputs of order 1e4",
    "repeated-examples": "some examples occur twice in the batch",
    "missing-classes": "at least one class has no example",
}
"""The edge regimes by name, each with what it means."""

_CONFLICTS = (
    frozenset({"tiny", "huge"}),
    frozenset({"tiny", "saturated"}),
    frozenset({"tiny", "on-a-kink"}),
    frozenset({"one-example", "repeated-examples"}),
)


def checked(regimes: Collection[str]) -> frozenset[str]:
    """Return the regimes as a set.

    Raises
    ------
    ValueError
        If one is unknown, or two exclude each other.
    """
    if isinstance(regimes, str):
        raise ValueError(f"regimes = {regimes!r}, but should be a tuple of names")
    chosen = frozenset(regimes)
    for name in sorted(chosen - REGIMES.keys()):
        known = ", ".join(REGIMES)
        raise ValueError(f"regime {name!r} is unknown; the regimes are {known}")
    for conflict in _CONFLICTS:
        if conflict <= chosen:
            one, other = sorted(conflict)
            raise ValueError(f"the regimes {one!r} and {other!r} exclude each other")
    return chosen


def regimes(*, among: Collection[str] = tuple(REGIMES)) -> st.SearchStrategy[str]:
    """Draw the name of one regime, or ``"generic"``, towards which it shrinks.

    Parameters
    ----------
    among : collection of str, default=all of `REGIMES`
        The edge regimes to draw from.
    """
    return st.sampled_from(
        ["generic", *sorted(checked(among), key=list(REGIMES).index)]
    )
