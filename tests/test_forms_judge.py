"""The judge's side of a submission: what a hint may say, and one report of it all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check_submission, networks
from gradcheck.errors import GradcheckError
from gradcheck.report import Finding, Outcome, ParameterReport, Report, Verdict
from gradcheck.submissions import units
from gradcheck.submissions.combine import combine
from gradcheck.submissions.offers import Offered, read_offer
from gradcheck.submissions.problems import BrokenSubmissionError, FailedCallError

NETWORK = {
    "interface": "plain",
    "object": "f",
    "kind": "network",
    "names": ["W1", "b1", "W2", "b2"],
    "hidden": 1,
    "outputs": 3,
    "dims": [],
    "reg": "free",
    "own_loss": True,
    "labels": "ints",
    "layout": "rows",
}
LAYER = {"kind": "vjp", "params": {"x": ["N", "D"]}, "data": ["N", "D"], "object": "r"}


class Child:
    """Answers like a session does, from a function of ours."""

    def __init__(self, function, pid=1):
        self.function, self.pid, self.offer = function, pid, {}

    def loss_and_grads(self, unit, params, X, y, reg, *, seed=0, **_):
        return self.function(params, X, y, reg, unit)

    def losses(self, unit, points, X, y, reg, *, seed=0):
        return np.array([self.function(p, X, y, reg, unit)[0] for p in points])

    def notes(self):
        return {}

    def __getattr__(self, name):
        return lambda *_, **__: 0.0  # clocks and counts


def offered(**changes):
    return read_offer({"units": [{**NETWORK, **changes}], "notes": ["n"]})[0][0]


def judge(function, unit, **options):
    return units.check(
        Child(function), unit, "f.py", network="auto", seed=0, rtol_required=None,
        **options,
    )  # fmt: skip


def reference(name="softmax", **conventions):
    network = networks.get(name, **conventions)
    return lambda params, X, y, reg, unit: network.loss_and_grads(params, X, y, reg)


@pytest.mark.parametrize(
    "offer",
    [
        {},
        {"units": []},
        {"units": [1]},
        {"units": [{**NETWORK, "dims": [10**6, 3]}]},
        {"units": [{**NETWORK, "dims": [4, 3]}]},
        {"units": [{**NETWORK, "hidden": 99}]},
        {"units": [{**LAYER, "data": ["Q"]}]},
        {"units": [{"kind": "network"}]},
    ],
)
def test_an_offer_that_makes_no_sense_is_a_bad_reply(offer):
    with pytest.raises(BrokenSubmissionError, match="makes no sense"):
        read_offer(offer)


def test_an_offer_is_read_key_by_key():
    made, notes = read_offer({
        "units": [
            {**NETWORK, "dims": [4, 6, 3], "reg": "whatever", "signs": 1, "more": 2},
            LAYER,
            {"broken": {"code": "Not A Code", "text": 3, "line": "x"}, "object": None},
        ],
        "notes": "none",
    })  # fmt: skip
    assert made[0].dims == (4, 6, 3)
    assert (made[0].reg, made[0].signs) == ("none", False)
    assert made[1].upstream == ("N", "D")
    assert (made[2].code, made[2].text, made[2].line) == ("failed", "3", None)
    assert notes == ()


def test_a_network_with_a_known_loss_is_compared_with_it():
    report = judge(reference(penalty="full"), offered())
    assert report.verdict is Verdict.CORRECT
    assert report.loss_verdict == "specified"
    assert report.subject.network == "softmax"


def test_a_loss_that_no_reference_has_is_checked_against_itself():
    def odd(params, X, y, reg, unit):
        loss = sum(float(np.sum(np.sin(p))) for p in params.values())
        return loss, {k: np.cos(p) for k, p in params.items()}

    report = judge(odd, offered())
    assert report.verdict is Verdict.CORRECT
    assert report.loss_verdict == "other"
    assert report.subject.network == "own"


def test_parameters_that_no_reference_has_are_checked_by_themselves():
    def half(params, X, y, reg, unit):
        return float(np.sum(params["W1"] ** 2)) + float(np.sum(params["b2"])), {
            "W1": 2 * params["W1"], "W2": 0 * params["W2"], "b2": 1 + 0 * params["b2"]
        }  # fmt: skip

    unit = offered(names=["W1", "W2", "b2"], dims=[4, 6, 3])
    report = judge(half, unit)
    assert set(report.parameters) == {"W1", "W2", "b2"}
    assert report.parameters["W1"].verdict is Verdict.CORRECT


def test_a_call_that_fails_everywhere_is_broken():
    def fails(params, X, y, reg, unit):
        raise FailedCallError("f.py", "raised", "raised ValueError", 3)

    report = judge(fails, offered(reg="none", outputs=1, signs=True))
    assert report.verdict is Verdict.BROKEN
    assert "f.py:3: raised ValueError" in report.message


def test_a_broken_unit_says_where():
    broken = read_offer({"units": [{"object": "g", "broken": {
        "code": "crashes", "text": "it raises", "line": 4}}]})[0][0]  # fmt: skip
    report = judge(None, broken)
    assert report.message == "f.py:4: it raises"


def test_a_small_constant_in_a_logarithm_is_excused():
    network = networks.get("softmax")

    def rough(params, X, y, reg, unit):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        bent = 1e-2 * np.sin(params["b2"][0]) if unit < 1000 else 0.0
        return loss + bent, grads

    report = judge(rough, offered(smooth=True))
    assert report.verdict is Verdict.CORRECT
    assert "log-clipped" in [o.id for o in report.hygiene if not o.ok]
    assert judge(rough, offered()).verdict is Verdict.WRONG

    def worse(params, X, y, reg, unit):
        loss, grads = rough(params, X, y, reg, 0)
        return loss, grads

    assert judge(worse, offered(smooth=True)).verdict is Verdict.WRONG


def test_an_excuse_that_could_not_be_looked_at_leaves_the_question_open():
    network = networks.get("softmax")

    def late(params, X, y, reg, unit):
        if unit >= 1000:
            raise BrokenSubmissionError("f.py", "timeout", "gave no answer")
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss + 1e-2 * np.sin(params["b2"][0]), grads

    report = judge(late, offered(smooth=True))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "gave no answer" in report.message


def test_a_loss_of_ours_is_not_held_against_the_file_where_it_is_cut_off():
    right = {"W": ParameterReport(Verdict.CORRECT)}
    odd = Report(Verdict.WRONG, "far off", parameters=right, findings=(Finding("x"),))
    assert units._at_ordinary_points(odd).verdict is Verdict.CORRECT
    fatal = replace(odd, hygiene=(Outcome("accumulates", False),))
    assert units._at_ordinary_points(fatal) is fatal


def test_several_units_make_one_report_with_the_worst_verdict():
    parts = {"x": ParameterReport(Verdict.CORRECT)}
    first = Report(
        Verdict.CORRECT,
        parameters=parts,
        loss_verdict="specified",
        laws=(Outcome("a", True, "fine"),),
    )
    second = Report(
        Verdict.WRONG,
        "off",
        parameters=parts,
        loss_verdict="other",
        loss_message="another",
        findings=(Finding("id", ("x",)),),
    )
    units_ = [
        Offered(0, "affine", "cs231n-layer", "vjp"),
        Offered(1, "relu", None, "vjp"),
    ]
    pairs = [(units_[0], first), (units_[1], second)]
    report = combine("layers.py", pairs, ("n",), 3, 1.0)
    assert report.verdict is Verdict.WRONG
    assert report.message == "relu: off"
    assert set(report.parameters) == {"affine.x", "relu.x"}
    assert report.findings[0].parameters == ("relu.x",)
    assert report.loss_message == "relu: another"
    assert report.subject.object == "affine,relu"
    assert report.laws[0].detail == "affine: fine"
    assert report.seed == 3


def test_an_unknown_network_is_the_callers_mistake(tmp_path):
    with pytest.raises(GradcheckError, match="'auto' or one of"):
        check_submission(tmp_path / "f.py", network="resnet")


def test_a_file_that_is_not_there_is_broken(tmp_path):
    report = check_submission(tmp_path / "none.py", objects=("f",))
    assert report.verdict is Verdict.BROKEN
    assert report.subject.object == "f"


def test_a_file_that_imports_from_its_parent_may_read_there(tmp_path):
    folder = tmp_path / "ch05"
    folder.mkdir()
    (tmp_path / "helper.py").write_text("import numpy as np\nexpo = np.exp\n")
    (folder / "net.py").write_text(
        "import sys, os\nsys.path.append(os.pardir)\nimport numpy as np\n"
        "from helper import expo\n\n\ndef loss_grad(W, X, y, reg):\n"
        "    p = expo(X @ W)\n    p /= p.sum(1, keepdims=True)\n    r = range(len(y))\n"
        "    loss = -np.log(p[r, y]).mean() + 0.5 * reg * np.sum(W**2)\n"
        "    p[r, y] -= 1\n    return loss, X.T @ p / len(y) + reg * W\n"
    )
    report = check_submission(folder / "net.py", network="linear")
    assert report.verdict is Verdict.CORRECT, report.message
    assert not any("stood in" in note for note in report.subject.notes)


def test_a_network_of_another_depth_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "softmax.py"
    example = Path(__file__).parents[1] / "examples" / "right" / "softmax_loss.py"
    path.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    report = check_submission(path, network="logistic")
    assert report.verdict.value == "broken"
    assert "but the network 'logistic' has W1, W2" in report.message
