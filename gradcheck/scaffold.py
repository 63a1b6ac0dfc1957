"""A test file for the gradients in a file, and what else it takes to run it."""

import ast
from collections.abc import Mapping
from pathlib import Path

from gradcheck.errors import GradcheckError

_UNREADABLE = ("syntax", "python-2", "not-text", "not-a-notebook", "too-large")

_ONE = '''"""Checks the gradient in {file}; written by `gradcheck init`."""

from pathlib import Path

FILE = Path(__file__).parent / "{file}"


def test_gradient(gradcheck):
    gradcheck({subject}{network})
'''

_SEVERAL = '''"""Checks the gradients in {file}; written by `gradcheck init`."""

from pathlib import Path

import pytest

FILE = Path(__file__).parent / "{file}"


@pytest.mark.parametrize(
    "name",
    [
{names}
    ],
)
def test_gradient(gradcheck, name):
    gradcheck(f"{{FILE}}:{{name}}")
'''

_ADAPTER = '''"""Calls {file} as loss_and_grads; written by `gradcheck init`."""

from {module} import {names}  # noqa: F401


def loss_and_grads(params, X, y, reg):
    """Return the loss, and its gradient under the names of the parameters.

    X is (N, D), y (N,) with classes from 0; params holds W1 (D, H), b1 (H,), W2 (H, C)
    and b2 (C,). What {file} defines::

{found}
    """
    raise NotImplementedError("fill in {adapter}")
'''

_WORKFLOW = """name: gradients
on: [push, pull_request]
jobs:
  gradients:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install 'gradcheck[report]'
      - run: pytest {test} --junitxml=gradients.xml --gradcheck-report=gradients.html
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: gradients
          path: gradients.*
"""


def scaffold(path: Path, *, github: bool = False) -> dict[Path, str]:
    """Return the files that test the gradients in a file, by path, unwritten.

    Parameters
    ----------
    path : Path
        A Python file or a notebook. It is run, in a process of its own, to see what
        it offers.
    github : bool, default=False
        Whether to add a workflow that runs the test at every push.

    Returns
    -------
    dict of Path to str
        ``test_NAME.py`` beside the file; ``NAME_adapter.py`` where the file is not
        understood; the workflow, in the repository that the file belongs to.

    Raises
    ------
    GradcheckError
        If there is no such file, it does not parse or it takes too long to load.
    """
    if not path.is_file():
        raise GradcheckError(f"{path}: there is no such file")
    names, code = _offered(path)
    files: dict[Path, str] = {}
    checked = path
    if code == "no-form":
        checked = path.with_name(f"{path.stem}_adapter.py")
        files[checked] = _adapter(path)
        names = ["loss_and_grads"]
    test = path.with_name(f"test_{path.stem}.py")
    files[test] = _test(checked, names)
    if github:
        root = _repository(path)
        where = test.resolve().relative_to(root)
        workflow = root / ".github" / "workflows" / "gradients.yml"
        files[workflow] = _WORKFLOW.format(test=where.as_posix())
    return files


def write(files: Mapping[Path, str], *, force: bool = False) -> None:
    """Write files, none of which may exist.

    Parameters
    ----------
    files : mapping of Path to str
        As `scaffold` returns them.
    force : bool, default=False
        Whether to write over files that exist.

    Raises
    ------
    GradcheckError
        If one exists; then none is written.
    """
    for path in files:
        if path.exists() and not force:
            raise GradcheckError(f"{path} exists; --force writes over it")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _offered(path: Path) -> tuple[list[str], str]:
    """Run the file apart; return the names that can be checked, or why there are none.

    Raises
    ------
    GradcheckError
        If the file has to be mended before anything else.
    """
    from gradcheck.submissions.offers import read_offer
    from gradcheck.submissions.problems import RefusedError
    from gradcheck.submissions.session import Session

    try:
        with Session(path) as session:
            offers, _ = read_offer(session.offer)
    except RefusedError as refusal:
        if refusal.code in _UNREADABLE:
            raise
        return [], refusal.code
    return [offer.object for offer in offers if offer.kind != "broken"], ""


def _test(path: Path, names: list[str]) -> str:
    if len(names) > 1:
        lines = "\n".join(f'        "{name}",' for name in names)
        return _SEVERAL.format(file=path.name, names=lines)
    if not names:  # what keeps it from running is what the test will say
        return _ONE.format(file=path.name, subject="FILE", network="")
    network = _network(path) if path.is_file() else ""
    subject = f'f"{{FILE}}:{names[0]}"'
    return _ONE.format(file=path.name, subject=subject, network=network)


def _network(path: Path) -> str:
    """Return the argument that holds the loss to what it is found to be."""
    from gradcheck.submissions import check_submission

    report = check_submission(path)
    name = report.subject.network
    if report.loss_verdict != "specified" or name in (None, "deep"):
        return ""
    return f', network="{name}"'


def _adapter(path: Path) -> str:
    """Return an adapter to be filled in, with what the file defines in it.

    Raises
    ------
    GradcheckError
        If its name is none that can be imported.
    """
    if not path.stem.isidentifier() or path.suffix != ".py":
        raise GradcheckError(
            f"{path.name} has no form that is known, and cannot be imported by an "
            "adapter: its name should be that of a module"
        )
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    lines = [f"        {line}" for node in defined for line in _signatures(node)]
    return _ADAPTER.format(
        file=path.name,
        adapter=f"{path.stem}_adapter.py",
        module=path.stem,
        names=", ".join(node.name for node in defined),
        found="\n".join(lines),
    )


def _signatures(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [f"{node.name}({ast.unparse(node.args)})"]
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
    return [f"{node.name}.{line}" for m in methods for line in _signatures(m)]


def _repository(path: Path) -> Path:
    """Return the folder of the repository, or the file's own."""
    folder = path.resolve().parent
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return folder
