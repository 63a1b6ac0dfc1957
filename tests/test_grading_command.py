"""The commands `grade` and `gradescope-init`, from the command line to the files."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from reports import RIGHT, WRONG

from gradcheck.cli import main
from gradcheck.grading import command, run


@pytest.fixture
def asked(monkeypatch):
    """Replace the check by one that believes what a file says of itself."""
    calls = []

    def check(path, **options):
        calls.append((path.name, options))
        report = {"right": RIGHT, "wrong": WRONG}[path.read_text().strip()]
        again = f"gradcheck check {path.name} --seed {options['seed']}"
        return replace(report, seed=options["seed"], again=again)

    monkeypatch.setattr(run, "_check_submission", check)
    return calls


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "hw1"
    made.mkdir()
    (made / "alice.py").write_text("right")
    (made / "bob.py").write_text("wrong")
    return made


def read(path):
    return Path(path).read_text()


def grade(*options):
    return main(["grade", *map(str, options), "--jobs", "1"])


def test_a_folder_becomes_a_table_and_files(asked, folder, capsys):
    assert grade(folder) == 0
    out, err = capsys.readouterr()
    assert "alice.py" in out
    assert "2 submissions: 1 correct, 1 wrong" in out
    assert "results: grades" in out
    assert err == ""
    table = list(csv.DictReader(io.StringIO(read("grades/grades.csv"))))
    assert [row["score"] for row in table] == ["10", "3.33"]
    assert "<title>hw1</title>" in read("grades/class.html")


def test_a_second_run_checks_nothing_and_says_the_same(asked, folder, capsys):
    grade(folder)
    first = capsys.readouterr().out
    grade(folder)
    assert capsys.readouterr().out == first
    assert len(asked) == 2
    grade(folder, "--fresh")
    assert len(asked) == 4
    grade(folder, "--timeout", "5")
    assert len(asked) == 6


def test_options_reach_the_check(asked, folder):
    given = ("--network", "softmax", "--timeout", "3", "--memory", "99", "--seed", "5")
    grade(folder, *given, "--object", "Net", "--object", "Other")
    assert asked[0][1] == {
        "objects": ("Net", "Other"),
        "network": "softmax",
        "timeout": 3.0,
        "memory_mb": 99,
        "entries": True,
        "roots": (),
        "seed": 5,
    }


def test_a_new_rubric_needs_no_new_check(asked, folder, tmp_path):
    grade(folder)
    (tmp_path / "rubric.toml").write_text("points = 100\n[weights]\nverdict = 0\n")
    grade(folder, "--rubric", tmp_path / "rubric.toml")
    assert len(asked) == 2
    table = list(csv.DictReader(io.StringIO(read("grades/grades.csv"))))
    assert [row["score"] for row in table] == ["100", "50"]


def test_a_secret_seed_is_drawn_kept_and_hidden(asked, folder):
    grade(folder, "--secret-seed")
    seed = read("grades/secret-seed").strip()
    assert asked[0][1]["seed"] == asked[1][1]["seed"] == int(seed) < 2**32
    assert os.stat("grades/secret-seed").st_mode & 0o077 == 0
    for name in ("reports/bob.py.html", "gradescope/bob.py.json"):
        assert seed not in read(f"grades/{name}")
    grade(folder, "--secret-seed")
    assert len(asked) == 2
    grade(folder, "--secret-seed", "--out", "other")
    assert read("other/secret-seed").strip() != seed


def test_a_damaged_secret_seed_is_not_drawn_anew(asked, folder, capsys):
    os.mkdir("grades")
    with open("grades/secret-seed", "w") as file:
        file.write("words")
    assert grade(folder, "--secret-seed") == 2
    assert "secret-seed should hold one whole number" in capsys.readouterr().err


def test_each_may_have_points_of_its_own(asked, folder):
    grade(folder, "--own-points")
    assert asked[0][1]["seed"] != asked[1][1]["seed"]


def test_gradescope_results_of_one_submission(asked, folder, tmp_path, capsys):
    results = tmp_path / "results.json"
    (folder / "alice.py").unlink()
    options = ("--single", "--hide-seed", "--seed", "918273645", "--quiet")
    assert grade(folder, *options, "--gradescope", results) == 0
    assert capsys.readouterr() == ("", "")
    assert json.loads(results.read_text())["score"] == 3.33
    assert "918273645" not in results.read_text()


def test_gradescope_results_of_many_are_refused(asked, folder, capsys):
    assert grade(folder, "--gradescope", "r.json") == 2
    assert "--gradescope is for one submission, but" in capsys.readouterr().err


def test_an_archive_for_a_cluster_is_unpacked_where_its_workers_see_it(
    asked, folder, monkeypatch
):
    with ZipFile("hw.zip", "w") as archive:
        archive.writestr("carol.py", "right")
        archive.writestr("dave.py", "right")
    seen = []

    def here(work, tasks, *, lost, jobs, scheduler):
        seen.extend(task.path for task in tasks)
        return map(work, tasks)

    monkeypatch.setattr(run, "run", here)
    grade("hw.zip", "--scheduler", "tcp://head:8786")
    assert all(path.is_relative_to(Path("grades").absolute()) for path in seen)
    assert not any(Path("grades").glob("gradcheck-*"))
    grade(folder, "--out", "other")
    assert all(path.is_absolute() for path in seen)


def test_notes_go_to_standard_error(asked, folder, capsys):
    (folder / "essay.pdf").write_text("")
    grade(folder)
    assert capsys.readouterr().err == (
        "note: essay.pdf is neither .py nor .ipynb and is left out\n"
    )


def test_nothing_to_grade_is_a_usage_error(folder, capsys):
    assert grade("absent") == 2
    assert "nothing to check there" in capsys.readouterr().err
    (folder / "file").write_text("")
    assert grade(folder, "--out", folder / "file" / "below") == 2
    assert "cannot be made" in capsys.readouterr().err


def test_without_jinja_all_but_pages_is_written(asked, folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert grade(folder) == 0
    assert "note: no pages without jinja2" in capsys.readouterr().err
    assert not os.path.exists("grades/class.html")
    assert os.path.exists("grades/grades.csv")
    grade(folder, "--no-html")
    assert capsys.readouterr().err == ""


def test_progress_is_for_terminals_only(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(command._progress(iter("ab"), 2, quiet=False)) == ["a", "b"]
    assert "grading" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", silent := Terminal())
    assert list(command._progress(iter("ab"), 2, quiet=True)) == ["a", "b"]
    assert silent.getvalue() == ""


def test_an_autograder_holds_all_it_needs(folder, capsys, tmp_path):
    (tmp_path / "rubric.toml").write_text("points = 5\n")
    options = ("--file", "net.py", "--object", "Net", "--rubric", "rubric.toml")
    assert main(["gradescope-init", *options, "--network", "softmax"]) == 0
    assert "autograder.zip: " in capsys.readouterr().out
    with ZipFile("autograder.zip") as archive:
        names = archive.namelist()
        script = archive.read("run_autograder").decode()
        modes = {i.filename: i.external_attr >> 16 & 0o777 for i in archive.infolist()}
    assert {"setup.sh", "run_autograder", "rubric.toml"} <= set(names)
    assert "package/gradcheck/cli.py" in names
    assert "package/gradcheck/rendering/templates/base.css" in names
    assert not any("__pycache__" in name for name in names)
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755
    assert "--file net.py --object Net --network softmax" in script
    assert "--rubric rubric.toml" in script


def test_an_autograder_with_a_wrong_rubric_is_not_written(folder, capsys, tmp_path):
    (tmp_path / "rubric.toml").write_text("point = 5\n")
    assert main(["gradescope-init", "--rubric", "rubric.toml"]) == 2
    assert "'point' is unknown" in capsys.readouterr().err
    assert not os.path.exists("autograder.zip")
    assert main(["gradescope-init", "--out", "absent/a.zip"]) == 2
    assert "absent/a.zip cannot be written" in capsys.readouterr().err


def unpacked(tmp_path):
    """Lay an autograder out as Gradescope does."""
    root = tmp_path / "autograder"
    main(["gradescope-init", "--seed", "918273645"])
    with ZipFile("autograder.zip") as archive:
        archive.extractall(root / "source")
    (root / "submission").mkdir()
    return root


def autograde(root, python):
    environment = os.environ | {
        "AUTOGRADER_ROOT": str(root),
        "AUTOGRADER_PYTHON": str(python),
    }
    script = root / "source" / "run_autograder"
    subprocess.run(["bash", script], env=environment, check=False, capture_output=True)
    return json.loads((root / "results" / "results.json").read_text())


def test_an_autograder_that_fails_still_gives_results(folder, tmp_path):
    results = autograde(unpacked(tmp_path), "false")
    assert results["score"] == 0
    assert "It is not your fault" in results["output"]


STUB = """#!/bin/bash
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
    "-c "*) exit {old} ;;
    "install -y python3.11") cp "$BIN/python3" "$BIN/python3.11"
        sed -i 's/exit 1/exit 0/' "$BIN/python3.11" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
esac
"""


@pytest.mark.parametrize(("old", "python"), [(0, "python3"), (1, "python3.11")])
def test_the_setup_finds_or_installs_a_python(folder, tmp_path, old, python):
    root, programs, log = unpacked(tmp_path), tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    for name in ("python3", "apt-get"):
        (programs / name).write_text(STUB.format(old=old))
        (programs / name).chmod(0o755)
    for name in ("bash", "basename", "mkdir", "cp", "sed"):
        (programs / name).symlink_to(shutil.which(name))
    places = {"AUTOGRADER_ROOT": root, "PATH": programs, "BIN": programs, "LOG": log}
    environment = {name: str(place) for name, place in places.items()}
    script = root / "source" / "setup.sh"
    done = subprocess.run(["bash", script], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    steps = log.read_text().splitlines()
    assert f"{python} -m venv {root}/venv" in steps
    assert ("apt-get install -y python3.11" in steps) is bool(old)
    assert steps[-1].startswith("python -m pip install --no-cache-dir numpy==")


def test_the_pins_are_what_is_installed(monkeypatch):
    from gradcheck.grading import autograder

    monkeypatch.setattr(autograder, "PACKAGES", ("click", "no-such-package"))
    first, second = autograder._pinned()
    assert first.startswith("click==")
    assert second == "no-such-package"
