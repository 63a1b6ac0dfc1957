"""Mutation testing: of the small changes to the code, how many does a test notice.

Runs mutmut (in an environment of its own, see ``make mutants``) on `numeric`,
`comparison`, `networks`, `laws` and `diagnosis`, on a random sample of the mutants or
on all of them, and prints the score of each module and the survivors. Settings are in
pyproject.toml. ``python benchmarks/mutants.py [SAMPLE] [MODULE ...]``
"""

import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

MUTMUT = str(Path(sys.executable).with_name("mutmut"))
CAUGHT = ("killed", "timeout", "suspicious", "segfault", "caught by type check")


def mutmut(*arguments: str) -> str:
    """Run mutmut and return what it prints."""
    command = [MUTMUT, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout


def results() -> dict[str, str]:
    """Return the state of every mutant by name."""
    lines = mutmut("results", "--all", "true").splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)


def main() -> None:
    """Sample, run, print."""
    arguments = sys.argv[1:]
    size = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else None
    prefixes = tuple(f"gradcheck.{name}" for name in arguments) or ("gradcheck.",)
    mutmut("run", "gradcheck.numeric.certificate*")  # makes all mutants
    names = [name for name in results() if name.startswith(prefixes)]
    if size is not None and size < len(names):
        names = random.Random(0).sample(sorted(names), size)
    mutmut("run", *names)
    found = results()
    scores: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        module = name.split(".x")[0]
        scores[module]["caught" if found[name] in CAUGHT else found[name]] += 1
    total: Counter[str] = Counter()
    for module, score in sorted(scores.items()):
        total += score
        print(f"{module:36} {dict(score)}")
    tested = total["caught"] + total["survived"] + total["no tests"]
    print(f"score {total['caught']}/{tested} = {total['caught'] / tested:.1%}")
    for name in sorted(names):
        if found[name] not in CAUGHT:
            print(f"{found[name]:10} {name}")


if __name__ == "__main__":
    main()
