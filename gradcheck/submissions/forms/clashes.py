"""Whose sizes clash, where shapes do: a file is tried with sizes all distinct."""

import re
from collections.abc import Sequence

_SIZES = (
    r"\(size (\d+) is different from (\d+)\)",
    r": (\d+) \(dim \d+\) != (\d+) \(dim \d+\)",
    r"(?:size of axis|dimension) is (\d+) but (?:size of )?"
    r"corresponding boolean (?:axis|dimension) is (\d+)",
    r"has size (\d+) and the array at index \d+ has size (\d+)",
)
_SHAPES = re.compile(r"\((\d+(?:, ?\d+)*),?\)")
_LAYER = "look for an index that is one layer off in that line"
_PRODUCT = (
    "look for a missing transpose, or an index that is one layer off, in that line"
)
_EXAMPLES = "look for a missing transpose, or a sum over the wrong axis, in that line"


def clash(said: str) -> tuple[int, int] | None:
    """Return the two sizes that clash in what numpy says of shapes, if it is that.

    Examples
    --------
    >>> clash("operands could not be broadcast together with shapes (7,10) (7,3)")
    (10, 3)
    >>> clash("shapes (7,10) and (7,3) not aligned: 10 (dim 1) != 7 (dim 0)")
    (10, 7)
    """
    for pattern in _SIZES:
        found = re.search(pattern, said)
        if found:
            return int(found[1]), int(found[2])
    if "broadcast" not in said:
        return None
    text = said.split("[original->remapped]:")[-1]
    marked = re.findall(r"->(\(.*?\))", text)
    spelled = _SHAPES.findall(" ".join(marked) if marked else text)
    shapes = [[int(n) for n in shape.split(",")][::-1] for shape in spelled]
    for axis in range(max(map(len, shapes), default=0)):
        sizes = [shape[axis] for shape in shapes if axis < len(shape)]
        distinct = list(dict.fromkeys(n for n in sizes if n != 1))
        if len(distinct) > 1:
            return distinct[0], distinct[1]
    return None


def explain(
    error: BaseException, dims: Sequence[int], examples: int
) -> tuple[str, str] | None:
    """Say whose sizes clash in an exception of numpy, and what to look for.

    Parameters
    ----------
    error : exception
        What the file raised.
    dims : sequence of int
        Inputs, hidden widths and outputs that it was tried with.
    examples : int
        Rows of the batch.

    Returns
    -------
    tuple or None
        Whose sizes they are, and the remedy; None where the sizes do not tell.
    """
    if not isinstance(error, ValueError | IndexError):
        return None
    sizes = clash(str(error))
    known = _known(dims, examples)
    if sizes is None or any(n not in known for n in sizes):
        return None
    one, other = sorted(sizes, key=list(known).index)
    entrywise = re.search("broadcast|boolean", str(error))
    remedy = _EXAMPLES if examples in sizes else _LAYER if entrywise else _PRODUCT
    meet = f"there are {known[one]} and {known[other]}, and arrays of both meet there"
    return meet, remedy


def _known(dims: Sequence[int], examples: int) -> dict[int, str]:
    """Say whose size each number is; empty where two have the same."""
    inputs, *hidden, outputs = dims
    spelled = [(examples, f"{examples} examples"), (inputs, f"{inputs} inputs")]
    spelled += [(n, f"{n} units in hidden layer {k}") for k, n in enumerate(hidden, 1)]
    spelled.append((outputs, f"{outputs} output{'s' if outputs > 1 else ''}"))
    known = dict(spelled)
    return known if len(known) == len(spelled) else {}
