"""Judging a unit whose answers are odd: sessions that are stood in for."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.errors import GradcheckError
from gradcheck.reading import UnusableError
from gradcheck.report import Report, Verdict
from gradcheck.structure import name_leaves
from gradcheck.submissions import problems, references, settings, units
from gradcheck.submissions.offers import SMOOTH, Offered


class Session:
    """Answers as a reference would, or fails, without a process."""

    def __init__(self, network, rename=None, failure=None):
        self.network, self.failure = network, failure
        self.rename = rename or {}
        self.asked = []

    def _ours(self, params):
        return {self.rename.get(k, k): v for k, v in params.items()}

    def notes(self):
        return {}

    def loss_and_grads(self, unit, params, X, y, reg, *, seed):
        self.asked.append(unit)
        if self.failure is not None:
            raise self.failure
        loss, grads = self.network.loss_and_grads(self._ours(params), X, y, reg)
        back = {v: k for k, v in self.rename.items()}
        return loss, {back.get(k, k): v for k, v in grads.items()}

    def at_many(self, unit, places, *, seed):
        answers = []
        for p in places:
            try:
                answer = self.loss_and_grads(unit, p.params, p.X, p.y, p.reg, seed=seed)
            except problems.FailedCallError as error:
                answer = error
            answers.append(answer)
        return answers

    def losses(self, unit, points, X, y, reg, *, seed):
        return np.array([
            self.loss_and_grads(unit, p, X, y, reg, seed=seed)[0] for p in points
        ])  # fmt: skip


def failed():
    return problems.FailedCallError("hw.py", "crashes", "it raises")


SOFTMAX = networks.get("softmax")
OFFERED = Offered(
    0, "f", "plain", "network", names=("W1", "b1", "W2", "b2"), hidden=1, reg="free"
)
STRANGE = replace(OFFERED, names=("W1", "zork", "W2", "b2"))


def test_a_unit_of_no_reference_has_no_setting():
    with pytest.raises(GradcheckError, match="parameters of no reference network"):
        settings.setting(Session(SOFTMAX), STRANGE, "softmax", 0)


def test_a_setting_takes_the_penalty_that_the_loss_follows():
    session = Session(SOFTMAX.variant(penalty="full"))
    found = settings.setting(session, OFFERED, "softmax", 0)
    assert found.network.penalty == "full"
    assert found.regs == (0.1, 0.0)
    assert found.without == ()


def test_a_setting_of_a_file_without_a_penalty_has_none():
    session = Session(SOFTMAX.variant(penalty="none"))
    found = settings.setting(session, replace(OFFERED, reg="none"), "softmax", 0)
    assert found.network.penalty == "none"
    assert found.regs == (0.0,)


def test_a_setting_for_a_network_of_ones_own_keeps_it():
    offered = replace(OFFERED, smooth=True, counts_classes=True)
    session = Session(SOFTMAX)
    found = settings.setting(session, offered, SOFTMAX, 0)
    assert found.network is SOFTMAX
    assert found.answers.unit == SMOOTH
    assert found.without == ("additivity",)
    assert found.sizes["N"] == 11


def test_a_loss_of_no_reference_obeys_no_law():
    odd = SOFTMAX.variant(penalty="none")

    class Odd(Session):
        def loss_and_grads(self, *args, **named):
            loss, grads = super().loss_and_grads(*args, **named)
            return loss**3 + 7, grads

    found = settings.setting(Odd(odd), OFFERED, "auto", 0)
    assert found.without == ("*",)


# References


def test_a_call_that_fails_is_unusable():
    answers = references.Answers(Session(SOFTMAX, failure=failed()), OFFERED, {}, 0)
    problem = networks.draw_problem(SOFTMAX, np.random.default_rng(0))
    point = problem.params, problem.X, problem.y, 0.1
    with pytest.raises(UnusableError):
        answers(*point)
    with pytest.raises(UnusableError):
        answers.losses([point[0]], *point[1:])


def test_a_penalty_that_cannot_be_told_is_left_as_it_is():
    answers = references.Answers(Session(SOFTMAX, failure=failed()), OFFERED, {}, 0)
    assert references.with_penalty(answers, SOFTMAX, (0.1,), 0, {}) is SOFTMAX
    odd = Session(SOFTMAX.variant(penalty="none"))
    answers = references.Answers(odd, OFFERED, {}, 0)
    assert references.with_penalty(answers, SOFTMAX, (0.1,), 0, {}) is SOFTMAX


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({"dims": (4, 9, 3)}, {"D": 4, "C": 3, "hidden": (9,)}),
        ({"dims": (4, 3)}, {"D": 4, "C": 3}), ({"outputs": 10}, {"C": 10}), ({}, {}),
        ({"each": True}, {"N": 3}), ({"counts_classes": True, "each": True}, {"N": 11}),
    ],
)  # fmt: skip
def test_the_sizes_that_a_unit_dictates(changes, sizes):
    assert references.sizes_of(replace(OFFERED, **changes)) == sizes


def test_names_correspond_or_there_are_none():
    assert references.names_of(SOFTMAX, OFFERED)["W1"] == "W1"
    assert references.names_of(SOFTMAX, STRANGE) is None
    assert references.names_of(SOFTMAX, replace(OFFERED, hidden=3)) is None
    bare = networks.get("softmax", biases=False)
    assert references.names_of(bare, replace(OFFERED, names=("W1", "W2"))) == {
        "W1": "W1", "W2": "W2"
    }  # fmt: skip


# Units


def judge(session, offered, network="softmax"):
    return units.check(
        session, offered, "hw.py", network=network, seed=0, rtol_required=None
    )


@pytest.fixture
def direct(monkeypatch):
    """Look for no derivation: a session without a process counts no seconds."""
    monkeypatch.setattr(units.derived, "look", lambda report, *_: report)


@pytest.mark.usefixtures("direct")
def test_a_right_unit_is_right():
    report = judge(Session(SOFTMAX), OFFERED, SOFTMAX)
    assert report.verdict is Verdict.CORRECT
    assert report.subject.object == "f"


def test_a_unit_that_answers_nothing_is_broken():
    session = Session(SOFTMAX, failure=UnusableError("zork", "no answer"))
    report = judge(session, STRANGE, "softmax")
    assert report.verdict is Verdict.BROKEN


def test_an_unusable_answer_ends_a_check(monkeypatch):
    def unusable(*_):
        raise UnusableError("zork", "no answer at all")

    monkeypatch.setattr(units, "_network", unusable)
    report = judge(None, OFFERED)
    assert report.verdict is Verdict.BROKEN
    assert "no answer at all" in report.message


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_an_experiment_that_fails_leaves_the_plain_check(monkeypatch, error):
    def fail(*_, **__):
        raise error("odd")

    monkeypatch.setattr(units, "check_network", fail)
    report = judge(Session(SOFTMAX), OFFERED, SOFTMAX)
    assert report.verdict is Verdict.CORRECT
    assert report.loss_verdict == "other"


@pytest.mark.usefixtures("direct")
def test_broken_laws_are_dropped_where_classes_are_counted():
    report = judge(Session(SOFTMAX), replace(OFFERED, counts_classes=True), SOFTMAX)
    assert report.verdict is Verdict.CORRECT
    assert all(law.ok for law in report.laws)


def smoothed(first, second):
    """Check with answers without (first) and with the constant (second)."""

    def one(unit):
        answer = first if unit.index >= SMOOTH else second
        if isinstance(answer, Exception):
            raise answer
        return answer

    return units._smoothed(replace(OFFERED, smooth=True), one)


def test_a_constant_in_a_logarithm_is_excused_or_not_found():
    right, wrong = Report(Verdict.CORRECT), Report(Verdict.WRONG)
    assert [o.id for o in smoothed(right, wrong).hygiene] == ["log-clipped"]
    assert smoothed(wrong, right) is right
    assert smoothed(UnusableError("a", "b"), wrong) is wrong
    late = problems.BrokenSubmissionError("hw.py", "late", "too late")
    assert smoothed(late, right) is right
    report = smoothed(late, wrong)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "was not found" in report.message


# Parameters


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        ({"a": [[1.0], [1.0, 2.0]], "b": "x"}, "params"),
        ({"a": np.array(["x"])}, "dtype"),
        ({"a": np.array([np.nan])}, "params"),
    ],
)
def test_leaves_that_are_no_numbers_are_refused(leaf, words):
    with pytest.raises(GradcheckError, match=words):
        name_leaves(leaf)


def test_a_leaf_that_cannot_be_an_array_is_refused():
    class Odd:
        def __array__(self, *args, **named):
            raise ValueError("ragged")

    with pytest.raises(GradcheckError, match="is not an array: ragged"):
        name_leaves({"a": Odd()})
