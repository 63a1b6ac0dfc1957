"""Finding wrong entries among 42,210: evaluations, and whether the set is exact."""

import argparse

import numpy as np
from families import draw, judge

SHAPE = {"act": "relu", "D": 784, "H": 53, "C": 11, "N": 32, "w_std": 0.05}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    for wrong in (1, 2, 5, 10):
        exact, search, whole = 0, [], []
        for seed in range(options.runs):
            net = draw(seed, **SHAPE)
            rng = np.random.default_rng([seed, wrong])
            size = net.params["W1"].size
            places = np.sort(rng.choice(size, wrong, replace=False))
            typical = np.median(np.abs(net.grads(net.params)["W1"]))

            def bad(p, net=net, places=places, typical=typical):  # type: ignore[no-untyped-def]
                g = net.grads(p)
                g["W1"].ravel()[places] += 0.5 * typical
                return g

            result, right = judge(net, bad, seed), judge(net, None, seed)
            found = {entry.index for entry in result.parameters["W1"].wrong_entries}
            shape = net.params["W1"].shape
            exact += found == {
                tuple(map(int, np.unravel_index(k, shape))) for k in places
            }
            search.append(result.evaluations - right.evaluations)
            whole.append(result.evaluations)
        total = sum(x.size for x in net.params.values())
        print(
            f"{wrong:2d} wrong of {total}: exact {exact} of {options.runs}; search "
            f"{np.median(search):.0f} (most {max(search)}), whole check "
            f"{np.median(whole):.0f} (most {max(whole)}); every entry: {2 * total}",
            flush=True,
        )


if __name__ == "__main__":
    main()
