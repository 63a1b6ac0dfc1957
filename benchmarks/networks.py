"""Each reference gradient against the complex step and central differences.

    python benchmarks/networks.py [PROBLEMS]

Prints, over 1,000 random problems of each network, the largest disagreement of the
analytic gradient with each method, relative to the largest entry of the gradient.
Exits 1 if a disagreement exceeds 1e-12 (complex step) or 1e-7 (central differences).
"""

import sys
from time import perf_counter

import numpy as np

from gradcheck import networks
from gradcheck.numeric import numeric_gradient

LIMITS = {"complex": 1e-12, "central": 1e-7}


def random_problem(name, rng):
    """Draw conventions, sizes and a point."""
    kind = {}
    if name == "deep":
        depth = rng.integers(1, 5)
        names = ["sigmoid", "tanh", "relu", "identity"]
        kind = {
            "activations": [str(a) for a in rng.choice(names, depth - 1)],
            "cost": str(rng.choice(["squared", "softmax", "sigmoid"])),
            "output": str(rng.choice(["identity", "sigmoid", "tanh"])),
        }
    network = networks.get(
        name,
        penalty=str(rng.choice(["half", "full", "none"])),
        reduction=str(rng.choice(["mean", "sum"])),
        layout=str(rng.choice(["rows", "columns"])),
        **kind,
    )
    N, D, C = (int(n) for n in (rng.integers(1, 9), *rng.integers(2, 7, size=2)))
    hidden = (int(rng.integers(2, 8)),)
    reg = float(rng.choice([0.0, 1e-3, 0.1, 1.0]))
    return network, networks.draw_problem(
        network, rng, N=N, D=D, hidden=hidden, C=C, reg=reg
    )


def disagreement(network, problem, method):
    """Return the largest difference, relative to the largest entry."""
    X, y, reg = problem.X, problem.y, problem.reg
    _, grads = network.loss_and_grads(problem.params, X, y, reg)
    numeric = numeric_gradient(
        lambda params: network.loss(params, X, y, reg), problem.params, method=method
    ).values
    largest = max(np.abs(g).max() for g in grads.values())
    return max(np.abs(grads[k] - numeric[k]).max() for k in grads) / largest


def main(count):
    failed = False
    print(f"{count} random problems of each network; largest disagreement")
    for name in networks.NAMES:
        started, worst = perf_counter(), dict.fromkeys(LIMITS, 0.0)
        for seed in range(count):
            network, problem = random_problem(name, np.random.default_rng(seed))
            for method in LIMITS:
                error = disagreement(network, problem, method)
                worst[method] = max(worst[method], error)
        failed |= any(worst[m] > limit for m, limit in LIMITS.items())
        cells = "  ".join(f"{m} {worst[m]:.1e} (<= {LIMITS[m]:.0e})" for m in LIMITS)
        print(f"{name:>9}  {cells}  {perf_counter() - started:.1f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
