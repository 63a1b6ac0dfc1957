"""The command: its arguments, its exit codes, its output."""

import io
import json
import subprocess
import sys

import click
import pytest
from written import BIAS_SUMMED

import gradcheck.submissions
from gradcheck import cli
from gradcheck.cli import main, split_target
from gradcheck.errors import GradcheckError
from gradcheck.report import Report, Subject, Verdict


@pytest.fixture
def student(tmp_path):
    path = tmp_path / "student.py"
    path.write_text("def loss_and_grads(params, X, y, reg): ...\n", encoding="utf-8")
    return path


@pytest.fixture
def answer(monkeypatch):
    """Answer every check with one verdict, and keep what was asked."""
    asked = {}

    def use(verdict):
        def check_submission(path, **options):
            asked.update(options, path=path)
            return Report(verdict, message="because", subject=Subject(path=path.name))

        monkeypatch.setattr(
            gradcheck.submissions, "check_submission", check_submission, raising=False
        )
        return asked

    return use


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("correct", 0), ("wrong", 1), ("broken", 3), ("inconclusive", 4)],
)
def test_the_exit_code_is_the_verdict(answer, student, capsys, verdict, code):
    answer(Verdict(verdict))
    assert main(["check", str(student)]) == code
    assert capsys.readouterr().out


def test_options_reach_the_check(answer, student, capsys):
    asked = answer(Verdict.CORRECT)
    target = f"{student}:affine,relu"
    options = ["--network", "deep", "--seed", "5", "--timeout", "2", "--memory", "64"]
    main(["check", target, *options])
    assert asked == {
        "path": student,
        "objects": ("affine", "relu"),
        "network": "deep",
        "seed": 5,
        "timeout": 2.0,
        "memory_mb": 64,
        "entries": False,
    }


def test_json_on_standard_output_is_all_there_is(answer, student, capsys):
    answer(Verdict.WRONG)
    assert main(["check", str(student), "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "wrong"


def test_json_into_a_file_leaves_the_screen_to_people(
    answer, student, tmp_path, capsys
):
    answer(Verdict.CORRECT)
    assert main(["check", str(student), "--json", str(tmp_path / "r.json")]) == 0
    assert json.loads((tmp_path / "r.json").read_text())["schema"] == 1
    assert "RIGHT" in capsys.readouterr().out


def test_quiet_prints_one_line(answer, student, capsys):
    answer(Verdict.BROKEN)
    assert main(["check", str(student), "-q"]) == 3
    assert capsys.readouterr().out == "student.py: broken: because\n"


def test_the_checks_listed_are_those_of_pytest(answer, student, capsys):
    from gradcheck.testing import checks_for

    answer(Verdict.WRONG)
    student.write_text(BIAS_SUMMED, encoding="utf-8")
    main(["check", str(student), "--checks", "--json", "-"])
    listed = json.loads(capsys.readouterr().out)["checks"]
    assert [c["id"] for c in listed] == [c.id for c in checks_for(student)]
    failed = {c["id"]: c["detail"] for c in listed if not c["ok"]}
    assert {"b-N7-reg0.1", "batch-mean"} <= set(failed)
    assert failed["b-N7-reg0.1"].startswith("wrong: b at N = 7, reg = 0.1: grads['b']")


def test_the_checks_are_shown_after_the_report(answer, student, capsys, monkeypatch):
    answer(Verdict.WRONG)
    listed = [{"id": "b", "kind": "gradient", "ok": False, "detail": "b: why\nmore"}]
    monkeypatch.setattr(
        "gradcheck.testing.listing.list_checks", lambda *_, **__: listed
    )
    main(["check", str(student), "--checks", "--quiet"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:] == ["checks: 1, of which 1 fails", "  FAIL  b  why"]


def test_of_a_broken_file_no_checks_are_listed(answer, student, capsys):
    answer(Verdict.BROKEN)
    main(["check", str(student), "--checks", "--json", "-"])
    assert json.loads(capsys.readouterr().out)["checks"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "absent.py"], "absent.py: there is no such file"),
        (
            ["check", "."],
            ". is a folder, but should be a file; for all files of a folder",
        ),
        (["check"], "Missing argument 'FILE[:OBJECT]'"),
        (["chekc"], "No such command 'chekc'"),
        (["explain", "batch-sums"], "did you mean batch-sum"),
        (["explain", "xyzzy"], "'xyzzy' is not the id of a mistake; all of them"),
    ],
)
def test_usage_errors_exit_with_2_and_one_sentence(capsys, arguments, message):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_a_usage_error(answer, student, capsys):
    answer(Verdict.CORRECT)
    assert main(["check", str(student), "--json", "/absent/folder/r.json"]) == 2
    assert "/absent/folder/r.json cannot be written: No such file" in (
        capsys.readouterr().err
    )


def test_an_error_of_our_own_is_a_sentence(monkeypatch, student, capsys):
    def check_submission(path, **options):
        raise GradcheckError("seed should be whole")

    monkeypatch.setattr(
        gradcheck.submissions, "check_submission", check_submission, raising=False
    )
    assert main(["check", str(student)]) == 2
    assert capsys.readouterr().err == "gradcheck: seed should be whole\n"


def test_a_path_that_has_a_colon_is_still_a_path(tmp_path):
    odd = tmp_path / "a:b.py"
    odd.write_text("")
    assert split_target(str(odd)) == (odd, ())
    assert split_target("net.py") == (type(odd)("net.py"), ())


def test_help_names_the_commands_and_the_exit_codes(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "check" in shown
    assert "explain" in shown
    assert "0 correct, 1 wrong, 2 usage, 3 broken, 4 inconclusive" in shown


def test_the_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck", "check", "absent.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no such file" in done.stderr


def test_a_page_is_written_for_people(answer, student, tmp_path, capsys):
    asked = answer(Verdict.CORRECT)
    assert main(["check", str(student), "--html", str(tmp_path / "r.html")]) == 0
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert asked["entries"] is True


def test_a_page_without_its_extra_says_what_to_install(
    answer, student, capsys, monkeypatch
):
    answer(Verdict.CORRECT)
    monkeypatch.setitem(sys.modules, "gradcheck.rendering.html", None)
    assert main(["check", str(student), "--html", "r.html"]) == 2
    assert "pip install 'gradcheck[report]'" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(click.Abort, 130), (BrokenPipeError, 1)])
def test_an_interrupted_check_ends_quietly(monkeypatch, student, capsys, error, code):
    def check_submission(path, **options):
        raise error

    monkeypatch.setattr(gradcheck.submissions, "check_submission", check_submission)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert main(["check", str(student)]) == code


def test_the_entry_point_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gradcheck", "check", "absent.py"])
    with pytest.raises(SystemExit) as exit:
        cli.run()
    assert exit.value.code == 2
