"""The command: check, grade, explain, demo, init, doctor."""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gradcheck.report import Report

_ELSEWHERE = {
    "demo": "gradcheck.commands:demo",
    "doctor": "gradcheck.commands:doctor",
    "explain": "gradcheck.commands:explain",
    "grade": "gradcheck.grading.command:grade_command",
    "gradescope-init": "gradcheck.grading.command:gradescope_init",
    "init": "gradcheck.commands:init",
}
"""Commands that live in modules of their own, loaded when they are asked for."""


class _LazyGroup(click.Group):
    """A group that imports a command only when it is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _ELSEWHERE:
            return super().get_command(ctx, name)
        module, attribute = _ELSEWHERE[name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 correct, 1 wrong, 2 usage, 3 broken, 4 inconclusive.",
)
@click.version_option(package_name="gradcheck")
def main_group() -> None:
    """Tell whether a gradient written by hand is right, and if not, why."""


def split_target(target: str) -> tuple[Path, tuple[str, ...]]:
    """Split ``FILE[:OBJECT[,OBJECT...]]`` into a path and names.

    Examples
    --------
    >>> split_target("layers.py:affine,relu")
    (PosixPath('layers.py'), ('affine', 'relu'))
    """
    if Path(target).exists():
        return Path(target), ()
    path, colon, names = target.rpartition(":")
    if not colon or not path:
        return Path(target), ()
    return Path(path), tuple(name for name in names.split(",") if name)


@main_group.command()
@click.argument("target", metavar="FILE[:OBJECT]")
@click.option(
    "--network",
    type=click.Choice(["auto", "softmax", "logistic", "linear", "deep"]),
    default="auto",
    show_default=True,
    help="What the loss should be.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of the points chosen.",
)
@click.option("--json", "json_path", metavar="PATH|-", help="Write the report as JSON.")
@click.option("--html", "html_path", metavar="PATH", help="Write the report as a page.")
@click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds for the whole check.",
)
@click.option(
    "--memory",
    default=512,
    show_default=True,
    type=click.IntRange(min=32),
    help="Megabytes for the file's process.",
)
@click.option("--quiet", "-q", is_flag=True, help="One line.")
@click.option("--verbose", "-v", is_flag=True, help="The measurements too.")
@click.option("--checks", is_flag=True, help="Each check by name, as pytest shows it.")
@click.option("--no-color", is_flag=True, help="Never use colour (also: NO_COLOR).")
def check(
    target: str,
    network: str,
    seed: int,
    json_path: str | None,
    html_path: str | None,
    timeout: float,
    memory: int,
    quiet: bool,
    verbose: bool,
    checks: bool,
    no_color: bool,
) -> int:
    """Check the gradient in FILE, run apart from this process.

    OBJECT names a class or function in it, several with commas; a layer pair goes by
    its stem: layers.py:affine,relu.
    """
    path, objects = split_target(target)
    if not path.exists():
        raise click.UsageError(f"{path}: there is no such file")
    if path.is_dir():
        raise click.UsageError(
            f"{path} is a folder, but should be a file; "
            "for all files of a folder: gradcheck grade"
        )
    from gradcheck.submissions import check_submission

    report = check_submission(
        path,
        objects=objects,
        network=network,
        seed=seed,
        timeout=timeout,
        memory_mb=memory,
        entries=bool(html_path),
    )
    listed = _listed(target, report, network) if checks else None
    if html_path:
        _write_html(report, html_path)
    if json_path:
        data = report.to_dict() | ({} if listed is None else {"checks": listed})
        _write(json_path, json.dumps(data, indent=1) + "\n")
    if json_path != "-":
        _show(report, listed, quiet=quiet, verbose=verbose, color=not no_color)
    code: int = report.verdict.exit_code
    return code


def _listed(target: str, report: "Report", network: str) -> list[dict[str, Any]]:
    """Run the checks of a file one by one; none where it does not run."""
    from gradcheck.testing.listing import list_checks

    if report.verdict.value == "broken":
        return []
    return list_checks(target, network=network, seed=report.seed)


def _show(
    report: "Report",
    listed: list[dict[str, Any]] | None,
    *,
    quiet: bool,
    verbose: bool,
    color: bool,
) -> None:
    from gradcheck.rendering.terminal import one_line, print_lines, print_report

    if quiet:
        click.echo(one_line(report))
    else:
        print_report(report, file=sys.stdout, verbose=verbose, color=color)
    if listed is not None:
        from gradcheck.testing.listing import check_lines

        print_lines(check_lines(listed), file=sys.stdout, color=color)


def _write(path: str, text: str) -> None:
    """Write text to a file, or to standard output for ``-``."""
    if path == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error


def _write_html(report: "Report", path: str) -> None:
    try:
        html = import_module("gradcheck.rendering.html")
    except ImportError as error:
        raise click.UsageError(
            f"--html needs {error.name}: pip install 'gradcheck[report]'"
        ) from error
    _write(path, html.report_page(report))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process by default.
    """
    from gradcheck.errors import GradcheckError

    try:
        code: Any = main_group.main(
            list(argv) if argv is not None else None,
            prog_name="gradcheck",
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except GradcheckError as error:
        click.echo(f"gradcheck: {error}", err=True)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code if isinstance(code, int) else 0


def run() -> None:
    """Entry point of the command."""
    sys.exit(main())
