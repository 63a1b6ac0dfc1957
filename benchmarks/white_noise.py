"""White noise on the loss, 1e-12 to 1e-4: verdicts on right and wrong gradients."""

import argparse
from collections import Counter

import numpy as np
from families import draw

from gradcheck.comparison import examine


def noisy(net, amplitude):  # type: ignore[no-untyped-def]
    """Return losses with noise that depends on nothing but the point."""

    def losses(points):  # type: ignore[no-untyped-def]
        values = []
        for p in points:
            key = np.frombuffer(b"".join(v.tobytes() for v in p.values()), np.uint32)
            rng = np.random.default_rng(key)
            values.append(net.loss(p) + amplitude * rng.standard_normal())
        return np.array(values)

    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=1000)
    options = parser.parse_args()
    each = options.checks // 5
    for amplitude in (1e-12, 1e-10, 1e-8, 1e-6, 1e-4):
        found: Counter[str] = Counter()
        caught, bounds = Counter(), []
        for seed in range(each):
            net = draw(seed, act=("relu", "tanh")[seed % 2])
            losses, g = noisy(net, amplitude), net.grads(net.params)
            result = examine(losses, net.grads, net.params, g, seed=seed)
            found[result.verdict] += 1
            bounds += [j.bound.rel_error for j in result.parameters.values() if j.bound]
            for share in (0.1, 1.0):

                def bad(p, net=net, share=share):  # type: ignore[no-untyped-def]
                    return {k: v * (1 + share) for k, v in net.grads(p).items()}

                judged = examine(losses, bad, net.params, bad(net.params), seed=seed)
                caught[share] += judged.verdict == "wrong"
        print(
            f"noise {amplitude:.0e}: {dict(found)} of {each}; median bound "
            f"{np.median(bounds):.1e}; 10 % error caught {caught[0.1] / each:.1%}, "
            f"100 % error {caught[1.0] / each:.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
