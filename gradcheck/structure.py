"""Parameters as people keep them: a dict, a list, a tuple, one array, or nested."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.errors import GradcheckError

SINGLE = "params"
"""The name of a parameter that is handed in as one array, without a name."""


@dataclass(frozen=True, slots=True)
class Structure:
    """How named arrays are put back into the caller's own structure.

    Attributes
    ----------
    names : tuple of str
        Leaves in order; ``"layer1.W"`` for a nested one, ``"0"`` in a list.
    rebuild : callable
        Named arrays to the caller's structure.
    """

    names: tuple[str, ...]
    rebuild: Callable[[Params], Any]


def name_leaves(params: Any) -> tuple[dict[str, Array], Structure]:
    """Name every array in `params`, as float64.

    Parameters
    ----------
    params : array, number, mapping or sequence of these, to any depth
        Left unchanged. Float32 and integers become float64; complex is refused.

    Returns
    -------
    named : dict of str to ndarray of float64
        Each leaf: the caller's own array where it is float64 already, so that large
        parameters are not copied; not to be written to.
    structure : Structure
        Puts named arrays back into the caller's form.

    Raises
    ------
    GradcheckError
        If there is no parameter, or one is not real and finite.

    Examples
    --------
    >>> named, structure = name_leaves([np.array([1.0, 2.0]), 3.0])
    >>> named
    {'0': array([1., 2.]), '1': array(3.)}
    >>> structure.rebuild(named)
    [array([1., 2.]), array(3.)]
    """
    named: dict[str, Array] = {}
    for name, leaf in _leaves("", params, "params"):
        if name in named:
            raise GradcheckError(
                f"two parameters would be called {name!r}, but each should have a name "
                "of its own: rename a key"
            )
        named[name] = _as_float(name, leaf)
    if not any(array.size for array in named.values()):
        raise GradcheckError(
            "params holds no numbers, but should hold at least one array of parameters"
        )
    return named, Structure(tuple(named), lambda values: _rebuild("", params, values))


def read_leaves(structure: Structure, grads: Any) -> dict[str, Any]:
    """Name the leaves of a gradient that has the structure of its parameters.

    The gradient of an array may be any array-like, a nested list too; leaves that are
    missing are simply absent, and those beyond the parameters' are kept.

    Raises
    ------
    GradcheckError
        If it holds itself.
    """
    if structure.names == (SINGLE,) and not isinstance(grads, Mapping):
        return {SINGLE: grads}
    names = frozenset((*structure.names, *(f"d{name}" for name in structure.names)))
    return dict(_leaves("", grads, "grads", leaves=names))


def _join(prefix: str, name: object) -> str:
    return f"{prefix}.{name}" if prefix else str(name)


def _is_branch(node: Any) -> bool:
    """Whether a sequence holds parameters, and is not itself a vector of numbers."""
    return isinstance(node, list | tuple) and any(
        isinstance(child, Mapping | list | tuple | np.ndarray) for child in node
    )


def _is_array_like(node: Any, depth: int = 8) -> bool:
    """Whether nested lists hold numbers, as those of ``tolist()`` do."""
    if not isinstance(node, list):
        return isinstance(node, int | float)
    lengths = {len(c) if isinstance(c, list) else -1 for c in node}
    return (
        depth > 0
        and len(lengths) == 1
        and all(_is_array_like(child, depth - 1) for child in node)
    )


def _leaves(
    prefix: str,
    node: Any,
    whole: str,
    above: tuple[int, ...] = (),
    leaves: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, Any]]:
    """Yield the leaves below a node; `leaves` are such where they hold only numbers."""
    children: Iterable[tuple[Any, Any]]
    if prefix in leaves and _is_array_like(node):
        yield prefix, node
        return
    if isinstance(node, Mapping):
        children = node.items()
    elif _is_branch(node):
        children = enumerate(node)
    else:
        yield prefix or SINGLE, node
        return
    if id(node) in above:
        raise GradcheckError(
            f"{whole}[{prefix!r}] is a {type(node).__name__} that holds itself, but "
            "should hold arrays"
        )
    for key, child in children:
        yield from _leaves(_join(prefix, key), child, whole, (*above, id(node)), leaves)


def _rebuild(prefix: str, node: Any, values: Params) -> Any:
    if isinstance(node, Mapping):
        return {
            key: _rebuild(_join(prefix, key), child, values)
            for key, child in node.items()
        }
    if _is_branch(node):
        children: Sequence[Any] = [
            _rebuild(_join(prefix, position), child, values)
            for position, child in enumerate(node)
        ]
        if hasattr(node, "_fields"):  # a named tuple
            return type(node)(*children)
        return type(node)(children)
    return values[prefix or SINGLE]


def _as_float(name: str, leaf: Any) -> Array:
    if isinstance(leaf, np.matrix):
        raise GradcheckError(
            f"params[{name!r}] is a numpy.matrix, but should be an array: in a matrix "
            "* is another product"
        )
    try:
        array = np.asarray(leaf)
    except ValueError as error:
        raise GradcheckError(f"params[{name!r}] is not an array: {error}") from None
    if array.dtype.kind not in "fiub":
        raise GradcheckError(
            f"params[{name!r}].dtype = {array.dtype}, but should be a real number's"
        )
    array = np.asarray(array, dtype=np.float64)
    if not np.isfinite(array).all():
        raise GradcheckError(
            f"params[{name!r}] holds NaN or infinity, but should be finite where its "
            "gradient is checked"
        )
    return array
