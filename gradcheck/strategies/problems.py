"""Strategies for whole problems, and for their parts."""

from collections.abc import Collection, Mapping

from hypothesis import strategies as st

from gradcheck import networks
from gradcheck._typing import Array, Layout
from gradcheck.problem import Network, Problem
from gradcheck.strategies.drawing import drawn_arrays, drawn_batches, drawn_problems
from gradcheck.strategies.regimes import checked
from gradcheck.strategies.sizes import Sizes, shapes

_COSTS = ("softmax", "logistic", "sigmoid", "squared")


def problems(
    network: Network | str,
    *,
    sizes: st.SearchStrategy[Sizes] | None = None,
    reg: st.SearchStrategy[float] | float | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[Problem]:
    """Draw problems for any reference network, whatever its conventions.

    Parameters
    ----------
    network : Network or str
        The network, or its name.
    sizes : strategy of Sizes, default=shapes(depth=network.depth)
        The sizes; `shapes` draws them.
    reg : strategy of float or float, optional
        Strength of the penalty, >= 0; by default positive, 0.1 the simplest.
    regimes : collection of str, default=()
        Edge regimes, all of which hold at once; see `REGIMES`. None by default: the
        points are generic.

    Raises
    ------
    ValueError
        If a regime is unknown, or two exclude each other.
    """
    if isinstance(network, str):
        network = networks.get(network)
    if sizes is None:
        sizes = shapes(depth=network.depth)
    return drawn_problems(network, sizes, reg, checked(regimes))


def softmax_problems(
    *,
    sizes: st.SearchStrategy[Sizes] | None = None,
    reg: st.SearchStrategy[float] | float | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[Problem]:
    """Draw problems for the two-layer ReLU net with softmax cross-entropy.

    Parameters
    ----------
    sizes, reg, regimes
        As in `problems`.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(softmax_problems(regimes=("one-example",)), lambda problem: True)
    Problem(W1(4, 3), b1(3,), W2(3, 5), b2(5,), X(1, 4), reg=0.1)
    """
    return problems("softmax", sizes=sizes, reg=reg, regimes=regimes)


def logistic_problems(
    *,
    sizes: st.SearchStrategy[Sizes] | None = None,
    reg: st.SearchStrategy[float] | float | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[Problem]:
    """Draw problems for the two-layer ReLU net with the logistic loss, y = -1 or +1.

    Parameters
    ----------
    sizes, reg, regimes
        As in `problems`; `C` is not used.
    """
    return problems("logistic", sizes=sizes, reg=reg, regimes=regimes)


def linear_problems(
    *,
    sizes: st.SearchStrategy[Sizes] | None = None,
    reg: st.SearchStrategy[float] | float | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[Problem]:
    """Draw problems for softmax regression, with parameters ``W`` and ``b``.

    Parameters
    ----------
    sizes, reg, regimes
        As in `problems`.
    """
    return problems("linear", sizes=sizes, reg=reg, regimes=regimes)


def deep_problems(
    *,
    depth: int = 3,
    activation: str = "relu",
    cost: str = "softmax",
    layout: Layout = "rows",
    biases: bool = True,
    sizes: st.SearchStrategy[Sizes] | None = None,
    reg: st.SearchStrategy[float] | float | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[Problem]:
    """Draw problems for a net of any depth.

    Parameters
    ----------
    depth : int, default=3
        Number of affine layers, >= 1.
    activation : str, default="relu"
        Of every hidden layer. For layers that differ pass a network to `problems`.
    cost : str, default="softmax"
        With it `y` holds classes; ``"squared"`` has real targets (N, C) and
        ``"sigmoid"`` targets of 0 and 1.
    layout : {"rows", "columns"}, default="rows"
        Whether an example is a row of `X` or a column.
    biases : bool, default=True
        Without them the units are what the weights make of them.
    sizes, reg, regimes
        As in `problems`.
    """
    network = networks.get(
        "deep",
        depth=depth,
        activations=activation,
        cost=cost,
        layout=layout,
        biases=biases,
    )
    return problems(network, sizes=sizes, reg=reg, regimes=regimes)


def batches(
    *,
    cost: str = "softmax",
    sizes: st.SearchStrategy[Sizes] | None = None,
    regimes: Collection[str] = (),
) -> st.SearchStrategy[tuple[Array, Array]]:
    """Draw pairs of inputs (N, D) and labels or targets.

    Parameters
    ----------
    cost : {"softmax", "logistic", "sigmoid", "squared"}, default="softmax"
        What the labels are for: classes in ``range(C)`` (N,), signs -1 or +1 (N,),
        bits (N, C), real targets (N, C).
    sizes, regimes
        As in `problems`; the hidden widths are not used.

    Raises
    ------
    ValueError
        If the cost or a regime is unknown.
    """
    chosen = checked(regimes)
    if cost not in _COSTS:
        raise ValueError(f"cost={cost!r}, but should be one of {', '.join(_COSTS)}")
    return drawn_batches(cost, shapes(depth=1) if sizes is None else sizes, chosen)


def parameters(
    *,
    of: Mapping[str, tuple[int, ...]] | Network | str = "softmax",
    sizes: st.SearchStrategy[Sizes] | None = None,
    scale: float = 1.0,
) -> st.SearchStrategy[dict[str, Array]]:
    """Draw parameters by name, none of them zero.

    Parameters
    ----------
    of : mapping, Network or str, default="softmax"
        Shapes by name, for a model of your own; or a reference network, whose
        parameters then suit a drawn batch as in `problems`.
    sizes : strategy of Sizes, optional
        For a network.
    scale : float, default=1.0
        For a mapping: the entries are -1.0 to 1.0 times a power of ten.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(parameters(of={"w": (3,), "b": ()}), lambda params: True)
    {'w': array([-1. ,  0.3, -0.5]), 'b': array(-0.7)}
    """
    if isinstance(of, Mapping):
        return drawn_arrays(dict(of), scale)
    return problems(of, sizes=sizes).map(lambda problem: dict(problem.params))
