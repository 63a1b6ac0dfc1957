"""The commands ``grade`` and ``gradescope-init``."""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from gradcheck.errors import GradcheckError
from gradcheck.grading.collect import Collection, collect
from gradcheck.grading.journal import Journal
from gradcheck.grading.outputs import Style, file_name, write, write_outputs
from gradcheck.grading.rubric import Rubric, read_rubric
from gradcheck.grading.run import Settings, grade, marks, submission_check
from gradcheck.rendering.gradescope import VISIBILITIES
from gradcheck.rendering.marks import Row

Command = Callable[..., Any]


_SHARED = (
    click.option(
        "--file",
        "pattern",
        default="",
        metavar="NAME",
        help="File to check in a submission that is a folder.",
    ),
    click.option(
        "--object",
        "objects",
        multiple=True,
        metavar="NAME",
        help="Class or function in it; may be repeated.",
    ),
    click.option(
        "--network",
        type=click.Choice(["auto", "softmax", "logistic", "linear", "deep"]),
        default="auto",
        show_default=True,
        help="What the loss should be.",
    ),
    click.option(
        "--timeout",
        default=10.0,
        show_default=True,
        type=click.FloatRange(min=0, min_open=True),
        help="Seconds for a submission.",
    ),
    click.option(
        "--memory",
        default=512,
        show_default=True,
        type=click.IntRange(min=32),
        help="Megabytes for a submission's process.",
    ),
    click.option(
        "--rubric",
        "rubric_path",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Weights, as TOML; see docs/instructors.md.",
    ),
    click.option(
        "--visibility",
        type=click.Choice(VISIBILITIES),
        default="visible",
        show_default=True,
        help="When Gradescope shows the results to students.",
    ),
)
"""Options of both commands."""


def _check_options(command: Command) -> Command:
    """Add the options that both commands share."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


@click.command("grade")
@click.argument("source", metavar="FOLDER|GLOB|ZIP")
@click.option(
    "--out",
    default=Path("grades"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the results; graded again, it does what is left.",
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=None,
    help="Processes; one a core by default.",
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Of a Dask cluster.")
@_check_options
@click.option("--seed", default=0, show_default=True, help="Of the points chosen.")
@click.option(
    "--secret-seed", is_flag=True, help="Draw the seed, keep it in --out, and hide it."
)
@click.option("--hide-seed", is_flag=True, help="Leave the seed out for students.")
@click.option("--own-points", is_flag=True, help="Other points for each submission.")
@click.option("--single", is_flag=True, help="FOLDER is one submission.")
@click.option("--fresh", is_flag=True, help="Forget earlier results in --out.")
@click.option("--title", default="", help="Heading of the class page.")
@click.option("--no-html", is_flag=True, help="No pages, which need jinja2.")
@click.option(
    "--gradescope",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Write Gradescope's results.json of the only submission there.",
)
@click.option("--quiet", "-q", is_flag=True, help="No table, no progress.")
def grade_command(source: str, **options: Any) -> int:
    """Grade a class: one submission a file or a folder, each run apart.

    Writes grades.csv, class.html, reports/, junit.xml, gradescope/ and reports.jsonl
    under --out.
    """
    shared = _made(options["out"]) if options["scheduler"] else None
    with tempfile.TemporaryDirectory(prefix="gradcheck-", dir=shared) as workspace:
        found = collect(
            source,
            workspace=Path(workspace),
            pattern=options["pattern"],
            single=options["single"],
        )
        if options["gradescope"] and len(found.submissions) != 1:
            raise click.UsageError(
                f"--gradescope is for one submission, but {source} holds "
                f"{len(found.submissions)}; their results are in "
                f"{options['out']}/gradescope, or name one folder with --single"
            )
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
        rows = _graded(found, source, options)
    if not options["quiet"]:
        _show(rows, options["out"])
    return 0


def _graded(found: Collection, source: str, options: dict[str, Any]) -> list[Row]:
    """Check what is left to check, and write everything that is made from it."""
    out = _made(options["out"])
    if options["fresh"]:
        (out / "reports.jsonl").unlink(missing_ok=True)
    path = options["rubric_path"]
    rubric = read_rubric(path) if path else Rubric()
    settings = _settings(options)
    style = Style(
        title=options["title"] or Path(source).stem,
        public=options["secret_seed"] or options["hide_seed"],
        visibility=options["visibility"],
        pages=not options["no_html"] and _has_jinja(),
    )
    with Journal(out / "reports.jsonl") as journal:
        records = grade(found.submissions, settings, journal)
        number = sum(
            (s.name, settings.key(s)) not in journal for s in found.submissions
        )
        for _ in _progress(records, number, options["quiet"]):
            pass
        rows = write_outputs(marks(found.submissions, journal, rubric), out, style)
    if options["gradescope"]:
        made = out / "gradescope" / f"{file_name(rows[0].submission)}.json"
        write(options["gradescope"], made.read_text(encoding="utf-8"))
    return rows


def _made(out: Path) -> Path:
    """Make the folder of the results, which the workers of a cluster see too."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"{out} cannot be made: {error.strerror}") from error
    return out


def _settings(options: dict[str, Any]) -> Settings:
    check = {
        "objects": tuple(options["objects"]),
        "network": options["network"],
        "timeout": options["timeout"],
        "memory_mb": options["memory"],
    }
    seed = _secret_seed(options["out"]) if options["secret_seed"] else options["seed"]
    return Settings(
        check=submission_check(**check, entries=not options["no_html"]),
        label=repr(sorted(check.items())),
        seed=seed,
        per_submission=options["own_points"],
        jobs=options["jobs"] or os.cpu_count() or 1,
        scheduler=options["scheduler"],
    )


def _secret_seed(out: Path) -> int:
    """Return the seed kept in the folder of the results, drawn when it is not there."""
    path = out / "secret-seed"
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        seed = secrets.randbits(32)
        with open(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            file.write(f"{seed}\n")
        return seed
    except ValueError as error:
        raise GradcheckError(f"{path} should hold one whole number") from error


def _has_jinja() -> bool:
    try:
        import jinja2  # noqa: F401
    except ImportError:
        click.echo(
            "note: no pages without jinja2: pip install 'gradcheck[report]'", err=True
        )
        return False
    return True


def _progress(records: Iterable[Any], number: int, quiet: bool) -> Iterator[Any]:
    """Pass records on, with a bar on standard error if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield from records
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        records, "grading", total=number, console=Console(stderr=True), transient=True
    )


def _show(rows: list[Row], out: Path) -> None:
    from rich.console import Console

    from gradcheck.rendering.table import class_table, summary

    console = Console(highlight=False)
    console.print(class_table(rows))
    console.print(summary(rows))
    console.print(f"results: {out}", markup=False)


@click.command("gradescope-init")
@click.option(
    "--out",
    default=Path("autograder.zip"),
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The zip file to write.",
)
@_check_options
@click.option("--seed", type=int, default=None, help="Of the points; drawn by default.")
def gradescope_init(out: Path, seed: int | None, **options: Any) -> int:
    """Write a Gradescope autograder: a zip file to upload as it is.

    It holds gradcheck itself and a secret seed, so keep it from students.
    """
    from gradcheck.grading.autograder import autograder_zip

    words = []
    if options["pattern"]:
        words += ["--file", options["pattern"]]
    for name in options["objects"]:
        words += ["--object", name]
    for key in ("network", "timeout", "memory", "visibility"):
        words += [f"--{key}", str(options[key])]
    seed = secrets.randbits(32) if seed is None else seed
    words += ["--seed", str(seed), "--hide-seed", "--quiet"]
    made = autograder_zip(words, rubric=options["rubric_path"])
    try:
        out.write_bytes(made)
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written: {error.strerror}") from error
    click.echo(
        f"{out}: {len(made) // 1024} kB. Gradescope: Configure Autograder, Zip file"
    )
    return 0
