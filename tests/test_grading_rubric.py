"""Points follow the weights that the instructor wrote down, and nothing else."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import BROKEN, FINDING, RIGHT, UNSURE, WRONG

from gradcheck.errors import GradcheckError
from gradcheck.grading.rubric import Rubric, read_rubric
from gradcheck.rendering.marks import mistakes
from gradcheck.report import Finding, Outcome, ParameterReport, Report, Verdict

verdicts = st.sampled_from(Verdict)


@st.composite
def reports(draw):
    """Draw reports whose verdict is what their parameters say."""
    found = draw(st.lists(verdicts, min_size=0, max_size=5))
    right = all(v is Verdict.CORRECT for v in found)
    verdict = draw(st.sampled_from([v for v in Verdict if v is not Verdict.CORRECT]))
    return Report(
        Verdict.CORRECT if right else verdict,
        parameters={f"W{i}": ParameterReport(v) for i, v in enumerate(found)},
    )


@given(reports(), st.floats(0.5, 100))
def test_the_default_rubric_is_the_score_of_the_report(report, points):
    _, score = Rubric(points=points, digits=6).mark(report)
    assert score == pytest.approx(report.score(points), abs=1e-6)


@given(reports(), st.dictionaries(st.sampled_from(["W0", "W9"]), st.floats(0, 9)))
def test_a_score_lies_between_nothing_and_all(report, weights):
    items, score = Rubric(parameters=weights, law=1, rule=1, loss=1).mark(report)
    assert 0 <= score <= 10
    assert sum(i.max_points for i in items) == pytest.approx(10)
    assert sum(i.points for i in items) == pytest.approx(score, abs=0.006)


def test_weights_shift_points():
    _, score = Rubric(verdict=0, parameters={"W1": 3, "b1": 1}).mark(WRONG)
    assert score == 2.5
    _, score = Rubric(verdict=0, parameters={"W1": 1, "b1": 4}).mark(WRONG)
    assert score == 8.0


def test_a_named_parameter_that_is_missing_earns_nothing():
    items, score = Rubric(verdict=0, parameters={"W7": 2}).mark(RIGHT)
    assert score == 5.0
    assert [(i.name, i.ok, i.text) for i in items][1] == (
        "W7",
        False,
        "no gradient of W7 was found",
    )


def test_laws_conduct_and_the_loss_count_when_they_weigh_something():
    names = [item.name for item in Rubric().mark(WRONG)[0]]
    assert names == ["verdict", "W1", "b1", "law: batch-mean"]
    weighty = Rubric(law=1, rule=0, hygiene={"dtype": 1}, loss=1)
    items, _ = weighty.mark(replace(WRONG, loss_verdict="other", loss_message="half"))
    assert {item.name: item.points > 0 for item in items} == {
        "verdict": False,
        "W1": False,
        "b1": True,
        "loss": False,
        "law: batch-mean": False,
        "law: additivity": True,
        "conduct: dtype": False,
    }
    assert next(item.text for item in items if item.name == "loss") == "half"


def test_a_listed_mistake_keeps_its_share():
    lenient = Rubric(mistakes={"batch-sum": 0.5})
    items, score = lenient.mark(WRONG)
    assert score == pytest.approx(10 * (0.5 + 0.5 + 1) / 3, abs=0.01)
    assert items[1].text == (
        "50% of the points; W1[1, 2] = -0.42711, but should be -0.06102; every entry"
    )
    other = replace(WRONG, findings=(FINDING, Finding("rounded", ("W1",))))
    assert lenient.mark(other)[1] == Rubric().mark(other)[1]
    unproven = replace(WRONG, findings=(replace(FINDING, verified=False),))
    assert lenient.mark(unproven)[1] == Rubric().mark(unproven)[1]


def test_an_inconclusive_one_earns_what_the_rubric_says():
    assert Rubric().mark(UNSURE)[1] == 0
    assert Rubric(inconclusive=0.5).mark(UNSURE)[1] == 5
    items, _ = Rubric().mark(UNSURE)
    assert [item.text for item in items] == [UNSURE.message, "derivative 0"]


def test_what_does_not_run_earns_nothing():
    report = replace(BROKEN, parameters=RIGHT.parameters, laws=(Outcome("x", True),))
    items, score = Rubric(law=1).mark(report)
    assert score == 0
    assert all(item.points == 0 for item in items)
    assert items[0].text == BROKEN.message
    assert Rubric(verdict=0).mark(Report(Verdict.CORRECT))[1] == 0.0


TOML = """
points = 20
digits = 1
[weights]
verdict = 0
loss = 2
parameters = 3
laws = 0.5
hygiene = 0.25
[parameters]
W1 = 4
[laws]
batch-mean = 1
[hygiene]
mutates-input = 1
[credit]
inconclusive = 0.5
[credit.mistakes]
penalty-halved = 0.8
"""


def test_a_rubric_is_read_from_a_file(tmp_path):
    path = tmp_path / "rubric.toml"
    path.write_text(TOML)
    assert read_rubric(path) == Rubric(
        points=20,
        digits=1,
        verdict=0,
        loss=2,
        parameter=3,
        law=0.5,
        rule=0.25,
        parameters={"W1": 4},
        laws={"batch-mean": 1},
        hygiene={"mutates-input": 1},
        inconclusive=0.5,
        mistakes={"penalty-halved": 0.8},
    )
    path.write_text("")
    assert read_rubric(path) == Rubric()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[parameter]\nW1 = 1",
            "'parameter' is unknown; a rubric knows points, digits,",
        ),
        (
            "[weights]\nW1 = 1",
            "'W1' is unknown in [weights], which knows verdict, loss",
        ),
        ("[credit]\nbroken = 1", "'broken' is unknown in [credit], which knows incon"),
        ("weights = 3", "weights should be a section, [weights]"),
        ("[credit]\nmistakes = 3", "credit.mistakes should be a section, [credit.mis"),
        ("points = 0", "points = 0, but should be more"),
        ("points = -1", "points = -1 in [points], but should be a number 0 or more"),
        ("digits = 1.5", "digits = 1.5, but should be a whole number 0 to 6"),
        ("[laws]\nx = true", "x = True in [laws], but should be a number 0 or more"),
        (
            "[credit]\ninconclusive = 2",
            "inconclusive = 2 in [credit], but should be a ",
        ),
        ("points = ", "not a rubric: "),
    ],
)
def test_a_rubric_that_says_something_else_is_refused(tmp_path, text, message):
    path = tmp_path / "rubric.toml"
    path.write_text(text)
    with pytest.raises(GradcheckError, match=re.escape(f"{path}: {message}")):
        read_rubric(path)


def test_the_digest_changes_with_any_weight():
    assert Rubric().digest == Rubric().digest
    assert Rubric(parameters={"W1": 2}).digest != Rubric().digest
    assert re.fullmatch("[0-9a-f]{8}", Rubric().digest)


def test_an_absent_rubric_is_an_error(tmp_path):
    with pytest.raises(GradcheckError, match="not a rubric"):
        read_rubric(tmp_path / "absent.toml")


@pytest.mark.parametrize("rule", ["numerical-gradient", "unsteady"])
def test_right_numbers_that_nobody_derived_earn_nothing(rule):
    outcome = Outcome(rule, False, "computed from losses")
    report = replace(RIGHT, verdict=Verdict.WRONG, hygiene=(outcome,))
    items, score = Rubric().mark(report)
    assert score == report.score(10) == 0.0
    assert all(item.points == 0.0 for item in items)
    assert mistakes(report) == (rule,)
    kept = replace(report, hygiene=(Outcome("mutates-input", False, ""),))
    assert Rubric().mark(kept)[1] > 0.0
    assert mistakes(kept) == ()
