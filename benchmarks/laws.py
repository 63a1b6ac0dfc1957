"""Right gradients before the laws, at points where rounding errors are large.

    python benchmarks/laws.py [CHECKS]

Checks every law on 20,000 right gradients: all networks, conventions and batch sizes
from one up, in ten families of points. Prints how many laws were tested and how many
right gradients were accused, by family.
Exits 1 if one was accused.
"""

import sys
from collections import Counter
from dataclasses import replace
from time import perf_counter

import numpy as np

from gradcheck import networks
from gradcheck.laws import check_laws

ACTIVATIONS = ["sigmoid", "tanh", "relu", "identity"]


def random_network(rng):
    """Draw a network and its conventions."""
    kind, name = {}, str(rng.choice(networks.NAMES))
    if name == "deep":
        kind = {
            "activations": [str(a) for a in rng.choice(ACTIVATIONS, rng.integers(4))],
            "cost": str(rng.choice(["squared", "softmax", "sigmoid"])),
            "output": str(rng.choice(["identity", "tanh"])),
        }
    return networks.get(
        name,
        penalty=str(rng.choice(["half", "full", "none"])),
        reduction=str(rng.choice(["mean", "sum"])),
        biases=bool(rng.integers(4)),
        **kind,
    )


def scaled(kind):
    """Return a family that multiplies weights and biases."""

    def change(network, problem, rng):
        weights, biases = kind
        return replace(
            problem,
            params={
                k: p * (weights if k[0] == "W" else biases)
                for k, p in problem.params.items()
            },
        )

    return change


def features(network, problem, rng):
    """Scale each feature by its own power of ten."""
    return replace(
        problem, X=problem.X * 10.0 ** rng.uniform(-3, 3, problem.X.shape[1])
    )


def saturated(network, problem, rng):
    """Make the last weights a thousand times as large."""
    last = network.weights[-1]
    params = dict(problem.params) | {last: 1e3 * problem.params[last]}
    return replace(problem, params=params)


def kinked(distance):
    """Return a family with units at most `distance` from their kinks."""

    def change(network, problem, rng):
        first = network.weights[0]
        if not network.biases:
            return problem
        b = -(problem.X @ problem.params[first])[0]
        b = b + distance * rng.standard_normal(b.shape)
        bias = first.replace("W", "b")
        return replace(problem, params=dict(problem.params) | {bias: b})

    return change


FAMILIES = {
    "plain": scaled((1.0, 1.0)),
    "weights x 30": scaled((30.0, 30.0)),
    "std 1e-4, biases 0": scaled((2e-4, 0.0)),
    "features 1e-3..1e3": features,
    "features + 1e3": lambda n, p, rng: replace(p, X=p.X + 1e3),
    "within 1e-8 of a kink": kinked(1e-8),
    "within 1e-16 of a kink": kinked(1e-16),
    "on a kink": kinked(0.0),
    "saturated": saturated,
    "single precision": scaled((1.0, 1.0)),
}


def in_single_precision(network):
    """Return the network's loss and gradient computed in float32."""

    def loss_and_grads(params, X, y, reg):
        params = {k: p.astype(np.float32) for k, p in params.items()}
        loss, grads = network.loss_and_grads(params, X.astype(np.float32), y, reg)
        return np.float32(loss), {k: g.astype(np.float32) for k, g in grads.items()}

    return loss_and_grads


def main(checks):
    accused, tested, started = Counter(), Counter(), perf_counter()
    for seed in range(checks):
        family = list(FAMILIES)[seed % len(FAMILIES)]
        rng = np.random.default_rng(seed)
        network = random_network(rng)
        N, D, H = (int(n) for n in rng.integers(1, 10, size=3))
        problem = networks.draw_problem(
            network,
            rng,
            N=N,
            D=D,
            hidden=(H,),
            C=int(rng.integers(2, 6)),
            reg=float(rng.choice([0.0, 1e-6, 0.1, 3.0])),
        )
        problem = FAMILIES[family](network, problem, rng)
        function = network.loss_and_grads
        if family == "single precision":
            function = in_single_precision(network)
        for law in check_laws(function, network, problem, rng=rng):
            tested[family] += law.applicable
            accused[family] += not law.ok
            if not law.ok:
                print(f"seed {seed}: {law.id}: {law.detail}")
    print(f"{checks} right gradients, {perf_counter() - started:.0f} s")
    for family in FAMILIES:
        print(f"{family:>24}  {tested[family]:6} laws tested, {accused[family]} broken")
    return int(sum(accused.values()) > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
