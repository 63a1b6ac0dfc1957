"""The commands that explain: mistakes, a demonstration, this installation."""

import pytest

from gradcheck import commands
from gradcheck.cli import main
from gradcheck.faults import CATALOGUE
from gradcheck.report import Verdict


def test_the_list_has_a_line_for_every_mistake(capsys):
    assert main(["explain"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n{id} " in f"\n{shown}" for id in CATALOGUE)


@pytest.mark.parametrize("id", CATALOGUE)
def test_every_mistake_is_explained(capsys, id):
    assert main(["explain", id]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    fault = CATALOGUE[id]
    for text in (fault.title, fault.equation, fault.wrong, fault.right, fault.advice):
        assert " ".join(text.split()) in shown


def test_ids_may_be_written_with_underscores(capsys):
    assert main(["explain", "Batch_Sum"]) == 0
    assert capsys.readouterr().out.startswith("batch-sum: ")


def test_a_demonstration_plants_the_mistake_and_reports_it(capsys):
    assert main(["demo", "penalty-missing"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("a right softmax net, but for one line: ")
    assert "WRONG" in shown
    assert "again: gradcheck demo penalty-missing" in shown


@pytest.mark.parametrize(
    ("id", "network"), [("batch-sum", "softmax"), ("batch-mean-of-sum", "logistic")]
)
def test_a_mistake_is_planted_where_it_applies(id, network):
    report = commands.planted(id)
    assert report.verdict is Verdict.WRONG
    assert report.subject.network in (network, "softmax")


def test_the_doctor_says_what_is_installed(capsys, monkeypatch):
    monkeypatch.setattr(
        commands, "_PACKAGES", {"core": ("numpy",), "extra": ("absent-package",)}
    )
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "core       numpy " in shown
    assert "absent: absent-package (pip install 'gradcheck[extra]')" in shown


def test_the_doctor_breaks_in_and_says_which_walls_hold(capsys):
    assert main(["doctor", "--no-color"]) == 0
    shown = capsys.readouterr().out
    assert "isolation: " in shown
    assert "  does not   " in shown
    assert shown.count("otherwise  ") == 2


def test_a_wall_that_is_open_is_shown(monkeypatch):
    from gradcheck.submissions import tiers

    probe = tiers.Probe(tiers.TIERS["minimal"], held=("time",), open=("network",))
    monkeypatch.setattr(tiers, "probe", lambda: (probe,))
    shown = [(line.role, line.text) for line in commands._walls()]
    assert ("wrong", "  open       network") in shown
    assert ("right", "  holds      time") in shown


def test_what_no_reference_net_can_show_is_a_usage_error(capsys):
    assert main(["demo", "output-derivative-missing"]) in (0, 2)
    assert main(["demo", "xyzzy"]) == 2
    assert "is not the id of a mistake" in capsys.readouterr().err
