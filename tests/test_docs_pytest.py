"""The examples of docs/pytest.md, run as they stand there."""

import re
import shlex
from pathlib import Path

import pytest

import gradcheck.testing  # noqa: F401 - numpy is not loaded twice in one process

TEXT = (Path(__file__).parents[1] / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", TEXT, re.M | re.S)
FILES = {
    info.removeprefix("file="): body for _, info, body in BLOCKS if "file=" in info
}
RUNS = [(info, body) for _, info, body in BLOCKS if info.startswith("run")]
PLUGIN = ("-p", "gradcheck.pytest_plugin", "-p", "no:cacheprovider")


def patterns(shown):
    """Turn the lines shown into patterns; ``...`` stands for anything."""
    escaped = (re.sub(r"([\[\]?*])", "?", line) for line in shown)
    return [line.replace("...", "*") for line in escaped if line != "..."]


@pytest.mark.parametrize(
    ("info", "body"),
    [
        pytest.param(*run, marks=[pytest.mark.slow] if "slow" in run[0] else [])
        for run in RUNS
    ],
    ids=[body.splitlines()[0].removeprefix("$ ") for _, body in RUNS],
)
def test_what_is_shown_is_what_happens(pytester, info, body):
    command, *shown = body.splitlines()
    for name, source in FILES.items():
        (pytester.path / name).write_text(source, encoding="utf-8")
    arguments = shlex.split(command)[2:] or ["test_mynet.py"]
    result = pytester.runpytest_inprocess(*PLUGIN, *arguments)
    result.stdout.fnmatch_lines(patterns(shown))
