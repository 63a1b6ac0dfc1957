"""The README says what really happens."""

import doctest
import os
import re
from pathlib import Path

import pytest

from gradcheck.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPORT = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
SESSIONS = [
    session
    for text in (README, REPORT)
    for session in re.findall(r"```console\n\$ gradcheck (.*)\n((?:.*\n)*?)```", text)
]


def test_the_readme_fits_on_two_screens():
    assert README.count("\n") <= 80


def test_its_python_runs():
    failed, tried = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, verbose=False
    )
    assert tried > 3
    assert failed == 0


@pytest.mark.parametrize(("arguments", "shown"), SESSIONS, ids=lambda text: text[:30])
def test_its_commands_print_what_it_shows(arguments, shown, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    main(arguments.split())
    assert rounded(capsys.readouterr().out) == rounded(shown)


def rounded(text):
    """Blank out the sizes of rounding errors, which differ between machines."""
    return re.sub(r"\d(\.\d)?e-\d\d", "#", text)


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\((docs/[^)]*)\)", README)
    assert links
    assert all(os.path.exists(ROOT / link) for link in links)
