"""White noise on the loss, 1e-12 to 1e-4: verdicts on right and wrong gradients."""

import argparse
from collections import Counter
from math import cos, log, pi, sqrt
from zlib import crc32

import numpy as np
from families import draw

from gradcheck.comparison import examine


def noisy(net, amplitude):  # type: ignore[no-untyped-def]
    """Return losses with noise that depends on nothing but the point."""

    def losses(points):  # type: ignore[no-untyped-def]
        values = []
        for p in points:
            point = b"".join(v.tobytes() for v in p.values())
            radius = sqrt(-2 * log((crc32(point) + 1) / 2**32))
            turn = cos(2 * pi * crc32(point[::-1]) / 2**32)  # Box and Muller
            values.append(net.loss(p) + amplitude * radius * turn)
        return np.array(values)

    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=1000)
    options = parser.parse_args()
    each = options.checks // 5
    tried = max(1, each // 5)  # wrong gradients
    for amplitude in (1e-12, 1e-10, 1e-8, 1e-6, 1e-4):
        found: Counter[str] = Counter()
        caught: Counter[float] = Counter()
        bounds: list[float] = []
        for seed in range(each):
            net = draw(seed, act=("relu", "tanh")[seed % 2])
            losses, g = noisy(net, amplitude), net.grads(net.params)
            result = examine(losses, net.grads, net.params, g, seed=seed)
            found[result.verdict] += 1
            bounds += [j.bound.rel_error for j in result.parameters.values() if j.bound]
            for share in (0.1, 1.0) if seed < tried else ():

                def bad(p, net=net, share=share):  # type: ignore[no-untyped-def]
                    return {k: v * (1 + share) for k, v in net.grads(p).items()}

                judged = examine(losses, bad, net.params, bad(net.params), seed=seed)
                caught[share] += judged.verdict == "wrong"
        print(
            f"noise {amplitude:.0e}: {dict(found)} of {each}; median bound "
            f"{np.median(bounds):.1e}; of {tried} wrong by 10 % caught "
            f"{caught[0.1] / tried:.0%}, by 100 % {caught[1.0] / tried:.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
