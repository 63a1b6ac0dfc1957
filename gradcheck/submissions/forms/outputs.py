"""Find the outputs of a network in what its forward pass returned."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def find_output(
    results: Iterable[Any], layout: str, n: int, c: int, *,
    turned: bool = False, lists: bool = False,
) -> Any:  # fmt: skip
    """Return the last array among `results` that holds one value a class an example.

    Parameters
    ----------
    results : iterable
        What calls returned, the latest first.
    layout : str
        ``"rows"``, ``"columns"`` or ``"vector"``: how the inputs lie.
    n, c : int
        Examples and outputs.
    turned : bool
        Whether to lay outputs that lie across as the inputs lie.
    lists : bool
        Whether to look at the last of each list, too: these are no gradients.
    """
    wanted: tuple[int, ...] = (n, c) if layout == "rows" else (c, n)
    if layout == "vector":
        wanted = (c,)
    across = None
    for result in results:
        for item in _items(result, lists):
            if isinstance(item, np.ndarray) and (
                item.shape == wanted or (c == 1 and item.shape == (n,))
            ):
                return item
            if isinstance(item, np.ndarray) and item.shape == wanted[::-1] and c > 1:
                across = item if across is None else across
    return across.T if turned and across is not None else None


def _items(result: Any, inside: bool) -> list[Any]:
    """List what a call returned, the last first, and the last of each list in it.

    The longest list comes first: activations begin with the inputs, and there is one
    more of them than of what they are made from.
    """
    if isinstance(result, Mapping):
        items = list(result.values())[::-1]
    elif isinstance(result, tuple | list):
        items = list(result)[::-1]
    else:
        return [result]
    lists = [i for i in items[::-1] if inside and isinstance(i, list) and i]
    return [*items, *(i[-1] for i in sorted(lists, key=len, reverse=True))]


def give_labels(arguments: Sequence[str], places: list[tuple[str, str]]) -> None:
    """Give labels to ``yhat`` where the file calls the outputs ``y``."""
    kinds = [kind for kind, _ in places]
    if ("found", "y") in places and "y" not in kinds and "output" in kinds:
        position = kinds.index("output")
        places[position] = "y", arguments[position]
