"""The judge's side of a submission: what a hint may say, and one report of it all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check_submission, networks
from gradcheck.errors import GradcheckError
from gradcheck.reading import UnusableError
from gradcheck.report import Finding, Outcome, ParameterReport, Report, Verdict
from gradcheck.submissions import lossless, units
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

    def at_many(self, unit, places, *, seed=0):
        answers = []
        for p in places:
            try:
                answers.append(self.loss_and_grads(unit, p.params, p.X, p.y, p.reg))
            except FailedCallError as error:
                answers.append(error)
        return answers

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


def bowl(params, X, y, reg):
    """Half of all squares: symmetric, and the derivative of no network's loss."""
    return 0.0, {name: np.asarray(p) for name, p in params.items()}


def rotation(params, X, y, reg):
    """Moves b with W, and W not with b: the gradient of nothing."""
    return 0.0, {"W": 0 * params["W"], "b": params["W"].sum(axis=0)}


def out_of_reach(params, X, y, reg):
    raise UnusableError("timeout", "no answer")


def settled(report, pair=bowl):
    return lossless.settle(report, pair, networks.get("linear"), {}, 0)


def test_a_loss_of_ours_is_not_held_against_the_file_where_it_is_cut_off():
    right = {"W": ParameterReport(Verdict.CORRECT)}
    odd = Report(Verdict.WRONG, "far off", parameters=right, findings=(Finding("x"),))
    assert settled(odd).verdict is Verdict.CORRECT
    fatal = replace(odd, hygiene=(Outcome("accumulates", False),))
    assert settled(fatal) is fatal


@pytest.mark.parametrize(
    ("verdicts", "finding", "kept"),
    [
        ("wrong wrong", Finding("", statement="off by 300 %"), False),
        ("wrong inconclusive", Finding("batch-sum"), False),
        ("wrong correct", Finding("", statement="off by 300 %"), True),
        ("wrong wrong", Finding("batch-sum", verified=True), True),
    ],
)
def test_a_gradient_that_fits_no_usual_loss_is_not_accused(verdicts, finding, kept):
    parameters = {
        name: ParameterReport(Verdict(verdict), pattern="dense")
        for name, verdict in zip("Wb", verdicts.split(), strict=True)
    }
    odd = Report(Verdict.WRONG, "no", parameters=parameters, findings=(finding,))
    told = settled(odd)
    if kept:
        assert told is odd
        return
    assert told.verdict is Verdict.INCONCLUSIVE
    assert told.message == (
        "the file has no loss, and no loss that is usual has this gradient: which one "
        "is meant cannot be told; put the loss into the file, or return it with the "
        "gradient"
    )
    assert {p.verdict for p in told.parameters.values()} == {Verdict.INCONCLUSIVE}
    assert told.findings == ()


def test_a_field_that_is_no_gradient_is_wrong_whatever_the_loss():
    parameters = {name: ParameterReport(Verdict.WRONG) for name in "Wb"}
    odd = Report(Verdict.WRONG, "no", parameters=parameters)
    told = settled(odd, rotation)
    assert told.verdict is Verdict.WRONG
    assert told.message == (
        "the gradient is that of no loss at all (the file has none): the derivative of "
        "a gradient is symmetric, and that of this one is not"
    )
    assert {p.verdict for p in told.parameters.values()} == {Verdict.INCONCLUSIVE}
    assert told.findings[0].expected == "the same number"
    assert settled(odd, out_of_reach).verdict is Verdict.INCONCLUSIVE


def test_the_rule_of_the_perceptron_is_the_gradient_of_no_usual_loss(tmp_path):
    file = tmp_path / "perceptron.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "class Perceptron:\n"
        "    def __init__(self, num_features):\n"
        "        self.W = np.random.rand(num_features, 1)\n"
        "        self.b = np.random.rand(1)\n\n"
        "    def forward(self, x):\n"
        "        return np.sign(x @ self.W + self.b)\n\n"
        "    def train(self, x, y, learning_rate):\n"
        "        error = y.reshape(-1, 1) - self.forward(x)\n"
        "        self.W += learning_rate * x.T @ error\n"
        "        self.b += learning_rate * error.sum()\n"
    )
    report = check_submission(file)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.message == lossless.UNKNOWN
    assert report.loss_message == ""


def test_weights_of_one_number_are_no_weights_to_find_a_loss_for(tmp_path):
    file = tmp_path / "line.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "def gradient_descent(x, y, w, b, alpha=0.01, iterations=100):\n"
        "    for i in range(iterations):\n"
        "        dw = np.mean((w * x + b - y) * x)\n"
        "        db = np.mean(w * x + b - y)\n"
        "        w -= alpha * dw\n"
        "        b -= alpha * db\n"
        "    return w, b\n"
    )
    assert check_submission(file).verdict is Verdict.BROKEN


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


def test_what_is_said_of_two_losses_alike_is_said_once():
    report = Report(Verdict.CORRECT, loss_verdict="other", loss_message="is odd")
    one, other = offered(), replace(offered(), object="second")
    joined = combine("f.py", [(one, report), (other, report)], (), 0, 0.0)
    assert joined.loss_message == f"{one.object}, second: is odd"


def test_a_call_that_changes_its_data_is_remarked_on(tmp_path):
    file = tmp_path / "changes.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "def loss_and_grads(W, X, y, reg):\n"
        "    X /= 2.0\n"
        "    s = X @ W\n"
        "    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)\n"
        "    loss = -np.log(p[range(len(X)), y]).mean() + 0.5 * reg * (W**2).sum()\n"
        "    p[range(len(X)), y] -= 1\n"
        "    return loss, X.T @ p / len(X) + reg * W\n"
    )
    report = check_submission(file)
    assert report.verdict is Verdict.CORRECT
    told = {o.id: o.detail for o in report.hygiene if not o.ok}
    assert told["mutates-input"] == "the call changes X in place; work on a copy"
    assert "inputs unchanged" not in str(report)
