"""The commands that explain: a mistake, a demonstration, this installation."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from gradcheck.report import Line, Report, wrapped


def _fault_id(name: str) -> str:
    """Return the id as the catalogue has it, or say which one may be meant."""
    from gradcheck.faults import CATALOGUE

    known = name.strip().lower().replace("_", "-")
    if known in CATALOGUE:
        return known
    close = get_close_matches(known, CATALOGUE, n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise click.UsageError(
        f"{name!r} is not the id of a mistake{hint or ';'} "
        f"{'A' if hint else 'a'}ll of them: gradcheck explain"
    )


@click.command()
@click.argument("id", required=False)
@click.option("--no-color", is_flag=True, help="Never use colour (also: NO_COLOR).")
def explain(id: str | None, no_color: bool) -> None:
    """Explain a mistake: the equation, the wrong and the right line, the fix.

    Without ID, list all mistakes that have a name.
    """
    from gradcheck.faults import CATALOGUE
    from gradcheck.rendering.explanation import contents, explanation
    from gradcheck.rendering.terminal import print_lines

    lines = explanation(CATALOGUE[_fault_id(id)]) if id else contents(CATALOGUE)
    print_lines(lines, file=sys.stdout, color=not no_color)


@click.command()
@click.argument("id", default="batch-sum")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of the points chosen.",
)
@click.option("--verbose", "-v", is_flag=True, help="The measurements too.")
@click.option("--no-color", is_flag=True, help="Never use colour (also: NO_COLOR).")
def demo(id: str, seed: int, verbose: bool, no_color: bool) -> int:
    """Plant a mistake in a right net, and show what gradcheck says of it."""
    from gradcheck.rendering.terminal import print_report

    report = planted(_fault_id(id), seed=seed)
    print_report(report, file=sys.stdout, verbose=verbose, color=not no_color)
    return 0


def planted(id: str, *, seed: int = 0) -> Report:
    """Commit a mistake on the first reference network it applies to, and check it.

    Raises
    ------
    UsageError
        If it can be committed on none of them.
    """
    from gradcheck import networks
    from gradcheck.checker import check_network
    from gradcheck.faults import CATALOGUE, inject, typical

    candidates = [networks.get(name) for name in ("softmax", "logistic", "linear")]
    candidates += [networks.get("softmax", reduction="sum"), networks.get("deep")]
    candidates.append(networks.get("deep", cost="squared", output="sigmoid"))
    for network in candidates:
        try:
            mistake = typical(network, id)
        except ValueError:
            continue
        fault = CATALOGUE[id]
        report = check_network(inject(network, [mistake]), network, seed=seed)
        title = f"a right {network.name} net, but for one line: {fault.wrong}"
        subject = replace(report.subject, title=title)
        return replace(report, subject=subject, again=f"gradcheck demo {id}")
    raise click.UsageError(f"{id} cannot be planted in a reference network")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--github", is_flag=True, help="Add a workflow that runs the test.")
@click.option("--force", is_flag=True, help="Write over files that exist.")
def init(file: Path, github: bool, force: bool) -> int:
    """Write a pytest file for the gradients in FILE, and an adapter where needed."""
    from gradcheck.scaffold import scaffold, write

    files = scaffold(file, github=github)
    write(files, force=force)
    for path in files:
        click.echo(f"wrote {path}")
    adapters = [path.name for path in files if path.name.endswith("_adapter.py")]
    if adapters:
        click.echo(f"fill in {adapters[0]}: nothing in {file.name} has a form known")
    tests = [path for path in files if path.name.startswith("test_")]
    click.echo(f"now run: pytest {tests[0]}")
    return 0


@click.command()
@click.option("--no-color", is_flag=True, help="Never use colour (also: NO_COLOR).")
def doctor(no_color: bool) -> None:
    """Say what is installed, and which walls hold around foreign code."""
    from gradcheck.rendering.terminal import print_lines

    print_lines(_installed(), file=sys.stdout, color=not no_color)
    print_lines(_walls(), file=sys.stdout, color=not no_color)


_PACKAGES = {
    "core": ("numpy", "scipy", "pytest", "hypothesis", "click", "rich"),
    "report": ("jinja2",),
    "grade": ("joblib",),
    "dask": ("distributed",),
}


def _installed() -> Iterator[Line]:
    """Yield the versions of what gradcheck stands on, and what is absent."""
    own = _version("gradcheck") or "not installed, run from its source"
    system = f"Python {platform.python_version()}, {platform.system()}"
    yield Line("title", f"gradcheck {own}, {system} {platform.machine()}")
    for extra, packages in _PACKAGES.items():
        found = [f"{name} {_version(name)}" for name in packages if _version(name)]
        absent = [name for name in packages if not _version(name)]
        text = ", ".join(found)
        if absent:
            text += "; " if text else ""
            text += f"absent: {', '.join(absent)} (pip install 'gradcheck[{extra}]')"
        yield from wrapped("text", text, first=f"  {extra:<10} ")


def _walls() -> Iterator[Line]:
    """Break in on purpose, and yield which walls held."""
    from gradcheck.submissions import tiers

    probes = tiers.probe()
    best = tiers.used(probes)
    yield Line("text")
    yield from wrapped("title", f"isolation: {best.tier.name} ({best.tier.walls})")
    if best.held:
        yield from wrapped("right", ", ".join(best.held), first="  holds      ")
    if best.open:
        yield from wrapped("wrong", ", ".join(best.open), first="  open       ")
    yield from wrapped("text", best.tier.leaves, first="  does not   ")
    for probe in probes:
        if probe is not best:
            yield from wrapped("faint", str(probe), first="  otherwise  ")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
