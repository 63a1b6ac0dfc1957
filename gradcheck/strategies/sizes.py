"""The sizes of a problem: distinct, so that a swapped axis changes a shape."""

from typing import NamedTuple

from hypothesis import strategies as st


class Sizes(NamedTuple):
    """Sizes of a batch and of the layers.

    Attributes
    ----------
    N : int
        Examples in the batch.
    D : int
        Inputs of an example.
    hidden : tuple of int
        Widths of the hidden layers, first to last; empty for a linear classifier.
    C : int
        Classes (or outputs).
    """

    N: int
    D: int
    hidden: tuple[int, ...]
    C: int


@st.composite
def _drawn_sizes(
    draw: st.DrawFn,
    fixed: tuple[int | None, int | None, tuple[int, ...] | None, int | None],
    depth: int,
    max_side: int,
    distinct: bool,
) -> Sizes:
    """Draw each size that is not fixed, by its place among those still free."""
    N, D, hidden, C = fixed
    taken = {size for size in (N, D, C, *(hidden or ())) if size is not None}

    def one(size: int | None, low: int) -> int:
        if size is not None:
            return size
        free = [s for s in range(low, max_side + 1) if not (distinct and s in taken)]
        drawn = free[draw(st.integers(0, len(free) - 1))]
        taken.add(drawn)
        return drawn

    least = 2 if distinct else 1
    N = one(N, least)
    if hidden is None:
        hidden = tuple(one(None, least) for _ in range(depth - 1))
    D = one(D, least)
    return Sizes(N, D, hidden, one(C, least + 1))


def shapes(
    *,
    N: int | None = None,
    D: int | None = None,
    hidden: tuple[int, ...] | None = None,
    C: int | None = None,
    depth: int = 2,
    max_side: int = 7,
    distinct: bool = True,
) -> st.SearchStrategy[Sizes]:
    """Draw the sizes of a problem, pairwise distinct and greater than one.

    Parameters
    ----------
    N, D, C : int, optional
        Fix the number of examples, inputs or classes instead of drawing it.
    hidden : tuple of int, optional
        Fix the widths of the hidden layers.
    depth : int, default=2
        Number of affine layers, >= 1; not used where `hidden` is given.
    max_side : int, default=7
        Largest size drawn; raised where fewer would not suffice for distinct ones.
    distinct : bool, default=True
        Whether all sizes drawn differ and exceed one (classes: two, where a column
        of the scores' gradient would mirror the other). False allows one example,
        one input, one unit and two classes, and squares: what a minimal failing
        example should be free to use.

    Raises
    ------
    ValueError
        If a size or the depth is less than one.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(N=1, depth=3), lambda sizes: True)
    Sizes(N=1, D=4, hidden=(2, 3), C=5)
    >>> find(shapes(distinct=False), lambda sizes: True)
    Sizes(N=1, D=1, hidden=(1,), C=2)
    """
    for name, size in {"N": N, "D": D, "C": C, "depth": depth}.items():
        if size is not None and size < 1:
            raise ValueError(f"{name} = {size}, but should be 1 or more")
    if hidden is not None and min(hidden, default=1) < 1:
        raise ValueError(f"hidden = {hidden}, but every width should be 1 or more")
    count = depth + 2 if hidden is None else len(hidden) + 3
    enough = max(max_side, count + 2 if distinct else 2)
    return _drawn_sizes((N, D, hidden, C), depth, enough, distinct)
