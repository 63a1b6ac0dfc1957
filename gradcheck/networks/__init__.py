"""What the gradient should be: reference networks, forward and backward.

Examples
--------
>>> import numpy as np
>>> network = get("softmax", penalty="full")
>>> problem = draw_problem(network, np.random.default_rng(0))
>>> loss, grads = network.loss_and_grads(
...     problem.params, problem.X, problem.y, problem.reg
... )
>>> list(grads)
['W1', 'b1', 'W2', 'b2']
"""

from typing import Any

from gradcheck.networks import deep, linear, logistic, softmax
from gradcheck.networks.points import draw_problem, initialise
from gradcheck.problem import Network

__all__ = ["NAMES", "draw_problem", "get", "initialise"]

_BUILDERS = {
    "softmax": softmax.build,
    "logistic": logistic.build,
    "linear": linear.build,
    "deep": deep.build,
}

NAMES = tuple(_BUILDERS)
"""The names that `get` knows."""


def get(name: str, **conventions: Any) -> Network:
    """Return a reference network.

    Parameters
    ----------
    name : {"softmax", "logistic", "linear", "deep"}
        The two-layer ReLU net with softmax cross-entropy, the same with one output
        and the logistic loss, softmax regression, a net of any depth.
    **conventions
        ``penalty`` (``"half"``, ``"full"``, ``"none"``), ``reduction`` (``"mean"``,
        ``"sum"``), ``layout`` (``"rows"``, ``"columns"``), ``biases`` (bool); for
        ``"deep"`` also ``depth``, ``activations``, ``cost`` and ``output``, see
        `gradcheck.networks.deep.build`.

    Raises
    ------
    ValueError
        If the name or a convention is unknown.
    """
    if name not in _BUILDERS:
        raise ValueError(f"network {name!r}, but should be one of {', '.join(NAMES)}")
    build: Any = _BUILDERS[name]
    network: Network = build(**conventions)
    return network
