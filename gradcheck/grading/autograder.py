"""A complete Gradescope autograder as one zip file, with gradcheck itself in it.

The container then runs the very version that the instructor tried, from no registry.
"""

import shlex
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import gradcheck
from gradcheck.grading.rubric import read_rubric

PACKAGES = ("numpy", "scipy", "click", "rich", "jinja2")
"""What grading needs; pinned to the versions that are installed here."""

_SETUP = """#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
apt-get update || true
apt-get install -y bubblewrap || true  # a further wall, where the kernel allows it
new_enough() {{
    command -v "$1" >/dev/null \\
        && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}}
for python in python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$python"; then break; fi
done
new_enough "$python" || apt-get install -y "$python"
"$python" -m venv "$root/venv" || {{
    apt-get install -y "$python-venv"
    "$python" -m venv "$root/venv"
}}
"$root/venv/bin/python" -m pip install --no-cache-dir {packages}
"""

_RUN = """#!/usr/bin/env bash
# Runs for each submission; writes results/results.json whatever happens.
root="${{AUTOGRADER_ROOT:-/autograder}}"
python="${{AUTOGRADER_PYTHON:-$root/venv/bin/python}}"
mkdir -p "$root/results"
cat > "$root/results/results.json" <<'END'
{fallback}
END
export PYTHONPATH="$root/source/package"
cd "$root/source" || exit 1
exec "$python" -m gradcheck grade "$root/submission" --single \\
    --gradescope "$root/results/results.json" --out "$(mktemp -d)" \\
    {options}
"""

_FALLBACK = (
    '{"score": 0, "output": "The autograder stopped before it could grade this. '
    'It is not your fault: tell your instructor.", "tests": []}'
)


def autograder_zip(options: list[str], *, rubric: Path | None = None) -> bytes:
    """Return the bytes of a zip file to upload to Gradescope.

    Parameters
    ----------
    options : list of str
        Options of ``gradcheck grade`` that every submission is graded with.
    rubric : Path, optional
        A rubric to put in; checked first.

    Raises
    ------
    GradcheckError
        If the rubric cannot be read.
    """
    files: dict[str, bytes] = {}
    if rubric is not None:
        read_rubric(rubric)
        files["rubric.toml"] = rubric.read_bytes()
        options = [*options, "--rubric", "rubric.toml"]
    setup = _SETUP.format(packages=shlex.join(_pinned()))
    run = _RUN.format(fallback=_FALLBACK, options=shlex.join(options))
    scripts = {"setup.sh": setup.encode(), "run_autograder": run.encode()}
    package = Path(gradcheck.__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(package.parent).as_posix()
            files[f"package/{name}"] = path.read_bytes()
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, content in {**scripts, **files}.items():
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = (0o100755 if name in scripts else 0o100644) << 16
            archive.writestr(entry, content)
    return made.getvalue()


def _pinned() -> list[str]:
    """Return requirements at the versions that are installed here."""
    pins = []
    for name in PACKAGES:
        try:
            pins.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            pins.append(name)
    return pins
