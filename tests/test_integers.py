"""Gradients in arrays of integers, or rounded to whole numbers, are told as such."""

import numpy as np
import pytest

from gradcheck import check_network, check_submission
from gradcheck.networks import get
from gradcheck.report import Outcome, ParameterReport, Report, Verdict, Worst
from gradcheck.submissions import integers

NET = """import numpy as np


def loss_and_grads(params, X, y, reg):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N = X.shape[0]
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -log_probs[np.arange(N), y].mean()
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    d = np.exp(log_probs)
    d[np.arange(N), y] -= 1
    d /= N
    dh = d @ W2.T * (hidden > 0)
    dW2, db2 = hidden.T @ d + reg * W2, d.sum(axis=0)
    dW1, db1 = X.T @ dh + reg * W1, dh.sum(axis=0)
    %s
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""
ONE = (
    "the gradient of {0} is of type int64, but should be float64: what follows the "
    "point is cut off"
)


def checked(tmp_path, cut):
    (tmp_path / "hw.py").write_text(NET % cut)
    return check_submission(tmp_path / "hw.py")


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        ("dW1 = dW1.astype(int)", "W1"),
        ("db1 = np.zeros(b1.shape, dtype=int); db1[:] = dh.sum(axis=0)", "b1"),
    ],
)
def test_the_type_of_a_gradient_in_integers_is_told(tmp_path, cut, name):
    report = checked(tmp_path, cut)
    assert report.verdict is Verdict.WRONG
    said = [rule.detail for rule in report.hygiene if rule.id == "integer-arithmetic"]
    assert said == [ONE.format(name)]
    (found,) = report.findings
    assert (found.id, found.parameters) == ("integer-arithmetic", (name,))
    assert (found.measured, found.expected) == ("int64", "float64")
    assert found.statement == ONE.format(name)
    assert found.advice == f"make it with np.zeros({name}.shape), without astype(int)"
    assert str(report).count("cut off") == 1


def test_several_gradients_in_integers_are_told_at_once(tmp_path):
    report = checked(
        tmp_path, "dW1, dW2 = dW1.astype(int), np.round(dW2).astype(np.int64)"
    )
    (said,) = [r.detail for r in report.hygiene if r.id == "integer-arithmetic"]
    assert said.startswith("the gradients of W1 and W2 are of type int64, but should")


def test_whole_numbers_of_floats_are_told_as_measured(tmp_path):
    report = checked(tmp_path, "dW2 = np.floor(dW2)")
    assert [f.statement for f in report.findings][:1] == [
        "dW2 is made of whole numbers only, and the derivative is not"
    ]


def test_integers_that_are_right_are_no_remark():
    worst = Worst((0,), 1.0, 1.0, 0.0)
    right = Report(
        Verdict.CORRECT,
        parameters={"W": ParameterReport(Verdict.CORRECT, (1,), worst=worst)},
    )
    assert integers.remark(right, {"dtypes": {"W": "int64"}}) is right


@pytest.mark.parametrize(
    "notes",
    [{}, {"dtypes": None}, {"dtypes": {"W": "float32"}}, {"dtypes": {"other": "int8"}}],
)
def test_other_notes_change_nothing(notes):
    worst = Worst((0,), 1.0, 2.5, 0.0)
    wrong = Report(
        Verdict.WRONG,
        parameters={"W": ParameterReport(Verdict.WRONG, (1,), worst=worst)},
    )
    assert integers.remark(wrong, notes) is wrong
    said = integers.remark(wrong, {"dtypes": {"W": "uint8"}}).hygiene
    assert said == (
        Outcome(
            "integer-arithmetic", False,
            ONE.format("W").replace("int64", "uint8"), fatal=False,
        ),
    )  # fmt: skip


def test_the_library_names_the_gradient_that_is_in_integers():
    reference = get("softmax")

    def cut(params, X, y, reg):
        loss, grads = reference.loss_and_grads(params, X, y, reg)
        return loss, grads | {"W2": grads["W2"].astype(np.int64)}

    report = check_network(cut, "softmax")
    (said,) = [r.detail for r in report.hygiene if r.id == "integer-arithmetic"]
    assert said == (
        "the gradient of W2 is of type int64, but should be float64: what follows the "
        "point is lost"
    )
