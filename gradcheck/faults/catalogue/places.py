"""Where a mistake can be committed: functions from a network to lists of sites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcheck.problem import Network

Sites = list[tuple[Any, ...]]


def one_place(network: Network) -> Sites:
    """At the one place there is: the output layer, or the call."""
    return [()]


def each_and_all(names: Sequence[Any]) -> Sites:
    """One at a time, and all of them at once."""
    single: Sites = [(name,) for name in names]
    return [*single, tuple(names)] if len(names) > 1 else single


def hidden(*activations: str) -> Callable[[Network], Sites]:
    """Hidden layers with one of these activations; any if none is given."""

    def sites(network: Network) -> Sites:
        return each_and_all(
            [
                i
                for i, name in enumerate(network.activations, start=1)
                if not activations or name in activations
            ]
        )

    return sites


def matrices(network: Network) -> Sites:
    """Weight matrices."""
    return each_and_all(network.weights)


def upper_matrices(network: Network) -> Sites:
    """Layers above an activation."""
    below = enumerate(network.activations, start=2)
    return each_and_all([i for i, name in below if name != "identity"])


def biases(network: Network) -> Sites:
    """Biases."""
    return each_and_all(network.bias_names)


def wide_biases(network: Network) -> Sites:
    """Biases of more than one entry."""
    names = network.bias_names
    return each_and_all(names[:-1] if network.cost == "logistic" else names)


def parameters(network: Network) -> tuple[str, ...]:
    """Names of all parameters, layer by layer."""
    names: list[str] = []
    for i, weight in enumerate(network.weights):
        names += [weight, *network.bias_names[i : i + 1]]
    return tuple(names)


def any_parameter(network: Network) -> Sites:
    """Everything at once, or one parameter."""
    return [(), *((name,) for name in parameters(network))]


def some_parameters(network: Network) -> Sites:
    """Parameters that code treats together, but never all of them."""
    names = parameters(network)
    layers = [
        tuple(n for n in (w, w.replace("W", "b")) if n in names)
        for w in network.weights
    ]
    groups: list[tuple[Any, ...]] = [(name,) for name in names]
    for first in range(len(layers)):
        for last in range(first, len(layers)):
            groups.append(sum(layers[first : last + 1], ()))
    groups += [network.weights, network.bias_names]
    return [g for g in dict.fromkeys(groups) if 0 < len(g) < len(names)]


def several_classes(network: Network) -> bool:
    """Whether there is more than one output."""
    return network.cost != "logistic"


def averages(network: Network) -> bool:
    """Whether the loss is a mean over the examples."""
    return network.reduction == "mean"
