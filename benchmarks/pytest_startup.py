"""What having gradcheck installed costs a test run that does not use it.

Lays out gradcheck as pip installs it, with its entry points, its record of files and
its byte code, beside a package of nothing, and runs ``pytest`` in turns with the one
and the other on the path: on a test that does nothing, and on one that uses
hypothesis. Compares the processor time of whole runs, by the least and by the lower
quartile of many pairs; since that of any two runs differs by more than what is looked
for, also times the steps inside pytest that concern a plugin, and lists the modules
imported for us. ``python benchmarks/pytest_startup.py [RUNS]``
"""

import compileall
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "without hypothesis": "def test_nothing():\n    pass\n",
    "with hypothesis": (
        "from hypothesis import given, strategies as st\n"
        "@given(st.just(1))\n"
        "def test_nothing(one):\n    pass\n"
    ),
}


def install(site: Path) -> None:
    """Lay out the package and its metadata in a folder, as pip does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = site / "gradcheck"
    shutil.copytree(
        ROOT / "gradcheck", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    compileall.compile_dir(package, quiet=1)
    info = site / f"gradcheck-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: gradcheck\nVersion: {project['version']}\n"
    )
    groups = []
    for group, points in project["entry-points"].items():
        groups += [
            f"[{group}]",
            *(f"{name} = {where}" for name, where in points.items()),
        ]
    (info / "entry_points.txt").write_text("\n".join(groups) + "\n")
    files = [path.relative_to(site) for path in site.rglob("*") if path.is_file()]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))


def environment(site: Path) -> dict[str, str]:
    """Return the variables of a run in which `site` is installed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": str(site)}


def run(folder: Path, site: Path) -> float:
    """Return the milliseconds of processor time of one run of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        cwd=folder,
        env=environment(site),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1e3 * used


SPANS = """
import sys, time, pytest, _pytest.config as config
from _pytest.assertion.rewrite import AssertionRewritingHook as Importing
spent = 0.0
def timed(owner, name, ours):
    function = getattr(owner, name)
    def wrapped(*args, **options):
        global spent
        started = time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            spent += (time.perf_counter() - started) * ours(*args, **options)
    setattr(owner, name, wrapped)
timed(Importing, "find_spec", lambda _, name, *rest: "gradcheck" in name)
timed(Importing, "exec_module", lambda _, module: "gradcheck" in module.__name__)
timed(config.Config, "_mark_plugins_for_rewrite", lambda *rest, **options: True)
timed(config.PytestPluginManager, "register",
      lambda _, plugin, name=None: "gradcheck" in str(name))
pytest.main(["-q", "-s", "-p", "no:cacheprovider"])
print(1e3 * spent, *sys.modules)
"""
"""Times what pytest does for each plugin, of ours; and its reading of records."""


def spans(folder: Path, site: Path) -> tuple[float, set[str]]:
    """Return the milliseconds of the steps that concern us, and what is imported."""
    found = subprocess.run(
        [sys.executable, "-c", SPANS],
        cwd=folder,
        env=environment(site),
        capture_output=True,
        text=True,
        check=True,
    )
    spent, *modules = found.stdout.splitlines()[-1].split()
    return float(spent), set(modules)


def compare(test: str, installed: Path, nothing: Path, runs: int) -> None:
    """Run pytest on a test in turns with gradcheck and without, and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text(test)
        sites = (installed, nothing)
        steps = [[spans(folder, site) for site in sites] for _ in range(1 + runs // 4)]
        pairs = [[run(folder, site) for site in sites] for _ in range(runs)]
    loaded, bare = (sorted(times) for times in zip(*pairs, strict=True))
    for rank, place in (("least", 0), ("lower quartile", runs // 4)):
        a, b = loaded[place], bare[place]
        print(f"  {rank} of {runs}: {b:.1f} ms without gradcheck, {a - b:+.1f} ms with")
    ours, others = (
        min(spent for spent, _ in column) for column in zip(*steps, strict=True)
    )
    print(f"  its steps by the clock, least of {len(steps)}: {ours - others:+.2f} ms")
    more = steps[0][0][1] - steps[0][1][1]
    print(f"  {len(more)} modules more: {' '.join(sorted(more))}")


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        install(Path(one))
        for name, test in TESTS.items():
            print(f"a project {name}")
            compare(test, Path(one), Path(other), runs)


if __name__ == "__main__":
    main()
