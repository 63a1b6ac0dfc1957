"""Mutation testing: of the small changes to the code, how many does a test notice.

Runs mutmut (in an environment of its own, see ``make mutants``) on `numeric`,
`comparison`, `networks`, `laws` and `diagnosis`: on a sample that takes the same share
of the mutants of each module, drawn with a fixed seed (SEED, 0 by default), or on all
of them. Each mutant is tried by the tests that reach the function it changes, the quick
ones first, until one fails or 20 s of processor are gone: then it counts as a survivor,
though a slower test might have noticed. A test that has not ended 30 s later has
noticed. Prints the score of each module and of each package, and the survivors.
Settings are in pyproject.toml.

``python benchmarks/mutants.py [SIZE|all [PACKAGE ...]]`` takes a sample of SIZE, 1,000
by default; ``python benchmarks/mutants.py MUTANT ...`` tries those again, as after a
new test.
"""

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

MUTMUT = str(Path(sys.executable).with_name("mutmut"))
SECONDS = "20"
CAUGHT = ("killed", "timeout", "suspicious", "segfault", "caught by type check")


def mutmut(*arguments: str) -> str:
    """Run mutmut and return what it prints."""
    command = [MUTMUT, *arguments]
    limited = {"GRADCHECK_MUTANT_SECONDS": SECONDS, **os.environ}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=limited)
    if done.returncode:
        sys.exit(done.stdout[-4000:])
    return done.stdout


def results() -> dict[str, str]:
    """Return the state of every mutant by name."""
    lines = mutmut("results", "--all", "true").splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)


def module_of(name: str) -> str:
    """Return the module that a mutant changes."""
    return name.split(".x")[0]


def sample(names: Sequence[str], size: int, seed: int) -> list[str]:
    """Take the same share of every module, and at least one mutant."""
    modules: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        modules[module_of(name)].append(name)
    rng, share = random.Random(seed), min(1.0, size / len(names))
    return [
        name
        for _, held in sorted(modules.items())
        for name in rng.sample(held, max(1, round(share * len(held))))
    ]


def show(names: Sequence[str], found: Mapping[str, str]) -> None:
    """Print the scores and the survivors."""
    scores: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        state = "caught" if found[name] in CAUGHT else found[name]
        module = module_of(name)
        for group in (module, ".".join(module.split(".")[:2]) + " in all", "total"):
            scores[group][state] += 1
    for group, score in sorted(scores.items()):
        tested = score["caught"] + score["survived"] + score["no tests"]
        share = score["caught"] / tested if tested else 1.0
        print(f"{group:36} {score['caught']:5} of {tested:5}  {share:7.1%}")
    for name in sorted(names):
        if found[name] not in CAUGHT:
            print(f"{found[name]:10} {name}")


def main() -> None:
    """Sample, run, print."""
    size, *chosen = sys.argv[1:] or ["1000"]
    seed = int(os.environ.get("SEED", "0"))
    mutmut("run", "gradcheck.numeric.certificate*")  # makes all mutants
    known = results()
    if size in known:
        names = [size, *chosen]
    else:
        prefixes = tuple(f"gradcheck.{name}." for name in chosen) or ("gradcheck.",)
        names = [name for name in known if name.startswith(prefixes)]
        names = names if size == "all" else sample(names, int(size), seed)
    print(f"{len(names)} of {len(known)} mutants")
    mutmut("run", *names)
    show(names, results())


if __name__ == "__main__":
    main()
