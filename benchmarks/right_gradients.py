"""False alarms: right gradients of every family, and how many are called wrong."""

import argparse
from collections import Counter

import numpy as np
from families import FAMILIES, draw, judge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    options = parser.parse_args()
    each = -(-options.checks // len(FAMILIES))
    total: Counter[str] = Counter()
    print(
        f"{'family':28s} checks  wrong  inconclusive  evaluations   most  "
        "bound (median)"
    )
    for family in options.families:
        traits = FAMILIES[family]
        found: Counter[str] = Counter()
        evaluations, bounds = [], []
        for seed in range(options.first, options.first + each):
            result = judge(draw(seed, **traits), seed=seed)
            found[result.verdict] += 1
            evaluations.append(result.evaluations)
            bounds += [j.bound.rel_error for j in result.parameters.values() if j.bound]
        total += found
        print(
            f"{family:28s} {each:6d} {found['wrong']:6d} "
            f"{found['inconclusive'] / each:13.2%} {np.mean(evaluations):12.0f} "
            f"{max(evaluations):6d} "
            f"{np.median(bounds):9.1e}",
            flush=True,
        )
    print(
        f"all: {total.total()} checks, {total['wrong']} called wrong, "
        f"{total['inconclusive'] / total.total():.2%} inconclusive"
    )


if __name__ == "__main__":
    main()
