"""Every entry of a net by rank-one perturbation, beside two loss calls an entry.

    python benchmarks/exhaustive.py [N D H C]

Prints what differencing every entry of a softmax net would take at the loss's own
speed, measured in the same run; what `exhaustive_gradient` takes; their ratio; and the
largest disagreement with the analytic gradient, relative to its largest entry. Exits 1
unless the ratio is at least 300 and the disagreement at most 1e-8.
"""

import sys
import tracemalloc
from time import perf_counter

import numpy as np

from gradcheck import networks
from gradcheck.networks.exhaustive import exhaustive_gradient


def seconds(function, repeats, calls=1):
    """Return the time of a call, the shortest of `repeats` blocks of `calls`."""
    function()
    times = []
    for _ in range(repeats):
        started = perf_counter()
        for _ in range(calls):
            function()
        times.append((perf_counter() - started) / calls)
    return min(times)


def main(N=256, D=784, H=100, C=10):
    network = networks.get("softmax")
    rng = np.random.default_rng(0)
    problem = networks.draw_problem(network, rng, N=N, D=D, hidden=(H,), C=C)
    point = (problem.params, problem.X, problem.y, problem.reg)
    entries = sum(p.size for p in problem.params.values())

    ours = seconds(lambda: exhaustive_gradient(network, problem), 10)
    a_call = seconds(lambda: network.loss(*point), 10)
    # In blocks as long as ours: a busy machine then disturbs both alike.
    a_call = seconds(lambda: network.loss(*point), 10, max(1, round(ours / a_call)))
    ratio = 2 * entries * a_call / ours
    tracemalloc.start()
    numeric = exhaustive_gradient(network, problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    _, grads = network.loss_and_grads(*point)
    largest = max(np.abs(g).max() for g in grads.values())
    error = max(np.abs(numeric[k] - grads[k]).max() for k in grads) / largest

    print(f"N={N} D={D} H={H} C={C}: {entries} entries")
    print(f"one loss call           {1e3 * a_call:.3f} ms")
    print(f"two calls an entry      {2 * entries * a_call:.1f} s (extrapolated)")
    print(f"rank-one perturbation   {ours:.3f} s, {ratio:.0f} times faster")
    print(f"peak memory             {peak / 1e6:.1f} MB")
    print(f"against the analytic    {error:.1e} of the largest entry")
    return int(ratio < 300 or error > 1e-8)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
