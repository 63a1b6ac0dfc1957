"""A whole check of gradients that nobody derived."""

import os

import pytest
import test_numerical as made

from gradcheck.report import Verdict
from gradcheck.submissions import check_submission, derived


@pytest.fixture
def check(tmp_path):
    def check(source):
        path = tmp_path / "student.py"
        path.write_text(made.LOSS + source)
        return check_submission(path, timeout=60.0)

    return check


@pytest.mark.slow
@pytest.mark.parametrize("name", made.CHEATS)
def test_a_check_names_a_gradient_computed_from_losses(name, check):
    report = check(made.CHEATS[name])
    assert report.verdict is Verdict.WRONG
    rule = next(o for o in report.hygiene if o.id == "numerical-gradient")
    assert not rule.ok
    if name not in ("forward", "richardson"):
        assert report.message == f"numerical-gradient: {rule.detail}"


def test_a_complex_step_is_right_and_refused(check):
    report = check(made.CHEATS["stacked-complex"])
    assert report.verdict is Verdict.WRONG
    assert report.message == (
        "numerical-gradient: the gradient is computed from losses: loss_only (line 4) "
        "gave the loss 52 times for one gradient of 51 entries"
    )


EVERY_THIRD = made.HAND.replace("AFTER", "CALLS.append(1)\n    AFTER").replace(
    "AFTER", "if len(CALLS) % 3 == 0: grads['W1'] = 1.5 * grads['W1']"
)


def test_a_gradient_that_is_right_now_and_then_is_not_right(check):
    report = check("CALLS = []\n" + EVERY_THIRD)
    assert report.verdict is not Verdict.CORRECT


def test_two_points_are_asked_until_they_differ():
    problem = made.networks.draw_problem(made.NETWORK, made.np.random.default_rng(0))
    right, calls = made.here(made.honest("by-hand")), []

    def sometimes(*args):
        calls.append(1)
        loss, grads = right(*args)
        return loss, {k: g * (1 + (len(calls) == 5)) for k, g in grads.items()}

    outcome = derived.steady(sometimes, (problem, problem))
    assert (outcome.id, outcome.ok) == ("unsteady", False)
    assert "at question 3: it depends on something else" in outcome.detail
    assert derived.steady(right, (problem, problem)).ok


def test_an_honest_file_hears_nothing_of_it(check):
    report = check(made.honest("by-hand"))
    assert report.verdict is Verdict.CORRECT
    assert all(rule.id != "numerical-gradient" for rule in report.hygiene)


def test_a_file_that_does_not_stand_the_points_keeps_its_report(check, monkeypatch):
    def refuse(*args, **options):
        raise derived.UnusableError("raised", "at this point")

    monkeypatch.setattr(derived.numerical, "look", refuse)
    assert check(made.honest("by-hand")).verdict is Verdict.CORRECT


def test_of_many_in_a_folder_none_reads_the_others(tmp_path):
    from gradcheck.grading.run import _with, submission_check

    (tmp_path / "alice.py").write_text("ONE = 1.0\n")
    thief = tmp_path / "bob.py"
    uses = "grads['W1'] = grads['W1'] * alice.ONE"
    thief.write_text(made.LOSS + "import alice\n" + made.HAND.replace("AFTER", uses))
    alone = submission_check()
    apart = _with(submission_check(), roots=())
    assert alone(thief).verdict is not Verdict.BROKEN
    assert apart(thief).verdict is Verdict.BROKEN
    assert _with(made.here, roots=()) is made.here


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/proc/self/mem", "/tmp", "fifo", "/no/such.py", "a\0b.py"]
)
def test_what_is_no_file_is_refused_and_not_waited_for(path, tmp_path):
    if path == "fifo":
        path = tmp_path / "fifo.py"
        os.mkfifo(path)
    assert check_submission(path).verdict is Verdict.BROKEN
