"""Is the certificate true: errors of known size, against the printed bounds."""

import argparse
from collections import Counter

import numpy as np
from families import FAMILIES, Net, draw, judge, relative_error

PATTERNS = ("one entry", "two equal", "row", "dense", "aligned with the gradient")


def spoil(net: Net, pattern: str, size: float, rng: np.random.Generator, name: str):  # type: ignore[no-untyped-def]
    """Return a gradient that is off by `size` of the gradient's scaled norm."""
    right = net.grads(net.params)[name]
    x = np.abs(net.params[name])
    scale = np.maximum(x, 0.1 * np.sqrt((x**2).mean()))
    error = np.zeros(right.size)
    if pattern == "one entry":
        error[rng.integers(right.size)] = 1.0
    elif pattern == "two equal":
        error[rng.choice(right.size, 2, replace=False)] = 1.0
    elif pattern == "row":
        error.reshape(right.shape)[rng.integers(len(right))] = 1.0
    elif pattern == "dense":
        error = rng.standard_normal(right.size)
    else:
        error = (scale * right).ravel().copy()
    error = error.reshape(right.shape) / scale
    norm = np.linalg.norm(scale * error)
    error *= size * np.linalg.norm(scale * right) / norm

    def grads(p):  # type: ignore[no-untyped-def]
        g = net.grads(p)
        return g | {name: g[name] + error}

    return grads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=2000)
    options = parser.parse_args()
    exceeded, found = 0, Counter()
    closest = 0.0
    kinds = [FAMILIES[k] for k in ("tanh", "relu", "loss + 1e4", "weights x 30")]
    for seed in range(options.patterns):
        rng = np.random.default_rng(seed)
        net = draw(seed, **kinds[seed % len(kinds)])
        name = ("W1", "W2")[seed % 2]
        size = 10.0 ** rng.uniform(-11, -6)  # around what can just be seen
        bad = spoil(net, PATTERNS[seed % 5], size, rng, name)
        result = judge(net, bad, seed)
        found[result.verdict] += 1
        bound = result.parameters[name].bound
        if bound is not None:
            off = relative_error(net, bad(net.params), net.grads(net.params), name)
            exceeded += off > bound.rel_error
            closest = max(closest, off / bound.rel_error)
    print(
        f"{options.patterns} error patterns, sizes 1e-11..1e-6 of the norm: "
        f"{dict(found)}; bound exceeded {exceeded} times; largest error / bound "
        f"{closest:.2f}"
    )


if __name__ == "__main__":
    main()
