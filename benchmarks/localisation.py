"""Finding wrong entries among 42,210: evaluations, and whether the set is exact."""

import argparse

import numpy as np
from families import draw

from gradcheck.comparison import to_search
from gradcheck.comparison.ruling import rule
from gradcheck.comparison.scene import CountedGradient, set_scene
from gradcheck.numeric.bisection import locate
from gradcheck.numeric.plans import Driver

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

            g = bad(net.params)
            driver = Driver(net.losses)
            counted = CountedGradient(bad)
            scene = set_scene(net.params, g, counted, seed, 1e-6, None, None)
            found = driver.run(rule(driver.run(scene)))["W1"]
            before = driver.evaluations
            place = driver.run(locate(to_search(found)))
            shape = net.params["W1"].shape
            exact += {entry.index for entry in place.wrong} == {
                tuple(map(int, np.unravel_index(k, shape))) for k in places
            }
            search.append(driver.evaluations - before)
            whole.append(driver.evaluations)
        total = sum(x.size for x in net.params.values())
        print(
            f"{wrong:2d} wrong of {total}: exact {exact} of {options.runs}; search "
            f"{np.median(search):.0f} (most {max(search)}), check and search "
            f"{np.median(whole):.0f} (most {max(whole)}); every entry: {2 * total}",
            flush=True,
        )


if __name__ == "__main__":
    main()
