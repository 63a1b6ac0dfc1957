"""What the plugin costs a test run that does not use it.

Runs ``pytest`` on one empty test, with the plugin and without, in turns, and compares
the medians: the machine's own swings fall on both alike. Also lists what the plugin
imports beyond pytest. ``python benchmarks/pytest_startup.py [RUNS]``
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
WITH = ("-p", "gradcheck.pytest_plugin")
WITHOUT = ("-p", "no:gradcheck.pytest_plugin")


def run(folder: Path, plugin: tuple[str, str]) -> float:
    """Return the milliseconds of one run of pytest."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    started = perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return 1e3 * (perf_counter() - started)


def imported() -> list[str]:
    """Return the modules that the plugin imports beyond pytest's."""
    code = (
        "import sys, pytest, _pytest.config; before = set(sys.modules);"
        "import gradcheck.pytest_plugin; print(*sorted(set(sys.modules) - before))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.split()


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        for plugin in (WITH, WITHOUT):
            run(folder, plugin)  # so that all are compiled
        pairs = [(run(folder, WITH), run(folder, WITHOUT)) for _ in range(runs)]
    loaded, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    difference = statistics.median(a - b for a, b in pairs)
    print(f"without the plugin   {bare:7.1f} ms   (median of {runs})")
    print(f"with the plugin      {loaded:7.1f} ms   ratio {loaded / bare:.3f}")
    print(f"difference in pairs  {difference:7.1f} ms   (median)")
    print(f"modules imported     {' '.join(imported())}")


if __name__ == "__main__":
    main()
