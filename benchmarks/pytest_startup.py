"""What the plugin costs a test run that does not use it.

Runs ``pytest`` on one empty test, with the plugin and without, in turns, and compares
the processor time of both, which other work on the machine hardly touches. Also lists
what the plugin imports beyond pytest. ``python benchmarks/pytest_startup.py [RUNS]``
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
WITH = ("-p", "gradcheck.pytest_plugin")
WITHOUT = ("-p", "no:gradcheck.pytest_plugin")


def run(folder: Path, plugin: tuple[str, str]) -> float:
    """Return the milliseconds of processor time of one run of pytest."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e3 * used


IMPORT = """
import sys, time, pytest, _pytest.config
before, started = set(sys.modules), time.perf_counter()
import gradcheck.pytest_plugin
print(1e3 * (time.perf_counter() - started), *sorted(set(sys.modules) - before))
"""

REGISTER = """
import sys, time, hypothesis, hypothesis.strategies
for name in [name for name in sys.modules if name.split(".")[0] == "gradcheck"]:
    del sys.modules[name]  # as if hypothesis had not loaded it
before, started = set(sys.modules), time.perf_counter()
from gradcheck.registration import register
register()
print(1e3 * (time.perf_counter() - started), *sorted(set(sys.modules) - before))
"""


def imported(code: str) -> tuple[float, list[str]]:
    """Return the milliseconds that some code takes, and the modules that it adds."""
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    spent, *modules = found.stdout.split()
    return float(spent), modules


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        for plugin in (WITH, WITHOUT):
            run(folder, plugin)  # so that all are compiled
        pairs = [(run(folder, WITH), run(folder, WITHOUT)) for _ in range(runs)]
    loaded, bare = (list(times) for times in zip(*pairs, strict=True))
    for name, summary in (("median", statistics.median), ("least", min)):
        a, b = summary(loaded), summary(bare)
        print(
            f"{name} of {runs}: {b:.1f} ms without, {a:.1f} ms with the plugin,", end=""
        )
        print(f" {a - b:+.1f} ms, ratio {a / b:.3f}")
    for what, code in (("import alone", IMPORT), ("hypothesis' hook", REGISTER)):
        imports = [imported(code) for _ in range(runs)]
        spent = [spent for spent, _ in imports]
        print(f"{what}: least {min(spent):.2f} ms, ", end="")
        print(f"median {statistics.median(spent):.2f} ms: {' '.join(imports[0][1])}")


if __name__ == "__main__":
    main()
