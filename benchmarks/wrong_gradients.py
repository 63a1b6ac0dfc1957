"""Misses: wrong gradients of every family, and how many are called wrong.

An error is *announced* where the relative error of every parameter stays below what the
report calls detectable (or nothing could be certified): not seen, and said so.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from families import FAMILIES, MISTAKES, Net, draw, judge, relative_error


def entry(net: Net, seed: int, share: float) -> Callable[[Any], Any]:
    """Return the gradient with the median-size non-zero entry of a parameter off."""
    name = ("W1", "b1", "W2", "b2")[seed % 4]
    flat = np.abs(net.grads(net.params)[name]).ravel()
    order = np.argsort(flat)
    alive = order[flat[order] > 0]
    place = int(alive[len(alive) // 2]) if len(alive) else 0

    def grads(p: Any) -> Any:
        g = net.grads(p)
        g[name].ravel()[place] *= g[name].dtype.type(1 + share)
        return g

    return grads


def factor(net: Net, share: float) -> Callable[[Any], Any]:
    """Return the gradient times ``1 + share``."""
    return lambda p: {k: v * (1 + share) for k, v in net.grads(p).items()}


def run(label: str, cases: Any) -> None:
    """Judge the cases of one kind and print what became of them."""
    found: Counter[str] = Counter()
    lied = 0
    for seed, net, gradient in cases:
        result = judge(net, gradient, seed)
        found[result.verdict] += 1
        if result.verdict == "wrong":
            continue
        right, g = net.grads(net.params), gradient(net.params)
        for name, j in result.parameters.items():
            off = relative_error(net, g, right, name)
            if j.bound and off > j.bound.rel_error + 1e-6 * (net.dtype != np.float64):
                lied += 1
            elif j.detectable is not None and off > j.detectable:
                found["unannounced"] += 1
                break
    total = found["wrong"] + found["correct"] + found["inconclusive"]
    if total:
        missed = total - found["wrong"]
        print(
            f"{label:52s} {found['wrong']:6d} of {total:6d} "
            f"({found['wrong'] / total:7.2%}); missed {missed}, of these unannounced "
            f"{found['unannounced']}; bounds exceeded {lied}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=5000, help="errors of 1e-3")
    parser.add_argument("--fine", type=int, default=1800, help="errors of 1e-4, 1e-6")
    parser.add_argument("--nets", type=int, default=5, help="nets a family and mistake")
    options = parser.parse_args()
    for share, count in ((1e-3, options.entries), (1e-4, options.fine)):
        for family, traits in FAMILIES.items():
            nets = ((s, draw(s, **traits)) for s in range(-(-count // len(FAMILIES))))
            cases = ((s, net, entry(net, s, share)) for s, net in nets)
            run(f"one entry off by {share:g}, {family}", cases)
    for family, traits in FAMILIES.items():
        nets = ((s, draw(s, **traits)) for s in range(options.fine // len(FAMILIES)))
        cases = ((s, net, factor(net, 1e-6)) for s, net in nets)
        run(f"a factor of 1 + 1e-6, {family}", cases)
    for mistake in MISTAKES:
        for single in (False, True):
            chosen = [t for t in FAMILIES.values() if ("dtype" in t) == single]
            cases = chain(*(_planted(mistake, t, options.nets) for t in chosen))
            run(f"{mistake}, {'float32' if single else 'the others'}", cases)


def _planted(mistake: str, traits: dict[str, Any], count: int) -> Any:
    """Yield nets on which the mistake changes the gradient by more than 1e-7."""
    for seed in range(count):
        net = draw(seed, **traits)
        right, g = net.grads(net.params), net.grads(net.params, mistake)
        if max(relative_error(net, g, right, name) for name in right) > 1e-7:
            yield seed, net, lambda p, net=net: net.grads(p, mistake)


if __name__ == "__main__":
    main()
