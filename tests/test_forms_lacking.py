"""A function that returns half of what is asked for: its loss, or its gradients."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

pytestmark = pytest.mark.usefixtures("apart")

BODY = """
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N = X.shape[0]
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    {loss} = -np.log(probs[np.arange(N), y]).mean()
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dhidden = dscores @ W2.T * (hidden > 0)
    dW2, db2 = hidden.T @ dscores, dscores.sum(axis=0)
    dW1, db1 = X.T @ dhidden, dhidden.sum(axis=0)
    {bag} = {{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}}
    {returned}
"""
FUNCTION = "import numpy as np\n\n\ndef {name}(params, X, y, reg):" + BODY
CLASS = """import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {{
            "W1": np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }}

    def {name}(self, X, y=None):
        params = self.params
""" + BODY.replace("\n    ", "\n        ")[1:]


def report_of(tmp_path, text, **parts):
    parts = {"name": "loss_and_grads", "loss": "loss", "bag": "grads", **parts}
    (tmp_path / "hw.py").write_text(text.format(**parts))
    return check_submission(tmp_path / "hw.py")


WANTED = "a loss and the gradients of W1, W2, b1, b2 were expected"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (
            "return grads",
            "returns `grads`, the gradients without the loss; "
            f"{WANTED}: write `return loss, grads`",
        ),
        (
            "return (grads,)",
            "returns `(grads,)`, the gradients without the loss; "
            f"{WANTED}: write `return loss, grads`",
        ),
        (
            "return dW1, db1, dW2, db2",
            "returns `(dW1, db1, dW2, db2)`, the gradients without the "
            f"loss; {WANTED}: write `return loss, dW1, db1, dW2, db2`",
        ),
        (
            "return loss",
            "returns `loss`, the loss without a gradient; "
            f"{WANTED}: write `return loss, grads`",
        ),
        (
            "return (loss,)",
            "returns `(loss,)`, the loss without a gradient; "
            f"{WANTED}: write `return loss, grads`",
        ),
    ],
)
def test_half_of_a_return_is_told_with_the_other_half(tmp_path, returned, said):
    report = report_of(tmp_path, FUNCTION, returned=returned)
    assert report.verdict is Verdict.BROKEN
    assert report.message == f"hw.py:19: loss_and_grads {said}"


@pytest.mark.parametrize(
    ("returned", "half"),
    [
        ("return grads", "the gradients without the loss"),
        ("return loss", "the loss without a gradient"),
    ],
)
def test_a_class_is_told_the_same(tmp_path, returned, half):
    report = report_of(tmp_path, CLASS, name="loss", returned=returned)
    assert report.message == (
        f"hw.py:29: TwoLayerNet.loss returns `{returned[7:]}`, {half}; "
        f"{WANTED}: write `return loss, grads`"
    )


@pytest.mark.parametrize(
    ("parts", "remedy"),
    [
        ({"loss": "J", "returned": "return grads"}, "write `return J, grads`"),
        (
            {"loss": "value", "returned": "return grads"},
            "compute the loss and write `return loss, grads`",
        ),
        (
            {"bag": "found", "returned": "return loss"},
            "write `return loss, {'W1': dW1, 'W2': dW2, 'b1': db1, 'b2': db2}`",
        ),
        (
            {
                "returned": "return {'W1': dW1, 'b1': db1, 'W2': dW2 * 1.0, "
                "'b2': db2 * 1.0}"
            },
            "write `return loss, {...}`",
        ),
    ],
)
def test_the_remedy_calls_things_as_the_file_does(tmp_path, parts, remedy):
    report = report_of(tmp_path, FUNCTION, **parts)
    assert report.message.partition("expected: ")[2] == remedy


def test_a_loss_alone_without_gradients_anywhere_has_a_remedy_in_general(tmp_path):
    (tmp_path / "hw.py").write_text(
        "import numpy as np\n\n\n"
        "def loss(params, X, y, reg):\n"
        "    W, b = params['W'], params['b']\n"
        "    value = np.mean((X @ W + b - y) ** 2)\n"
        "    return value\n"
    )
    assert check_submission(tmp_path / "hw.py").message == (
        "hw.py:7: loss returns `value`, the loss without a gradient; a loss "
        "and the gradients of W, b were expected: compute the gradients and write "
        "`return value, grads`"
    )


@pytest.mark.parametrize("name", ["loss_and_grads", "compute"])
@pytest.mark.parametrize(
    "returned",
    ["return grads, loss", "out = loss, grads; return out", "return [loss, grads]"],
)
def test_both_are_found_in_either_order_and_under_any_name(tmp_path, name, returned):
    report = report_of(tmp_path, FUNCTION, name=name, returned=returned)
    assert report.verdict is Verdict.CORRECT


def test_gradients_alone_that_promise_no_loss_are_held_to_a_usual_one(tmp_path):
    report = report_of(tmp_path, FUNCTION, name="compute", returned="return grads")
    assert report.verdict is Verdict.CORRECT


def test_a_score_of_the_predictions_is_not_taken_for_a_loss(tmp_path):
    report = report_of(
        tmp_path, FUNCTION, name="accuracy",
        returned="return (scores.argmax(axis=1) == y).mean()",
    )  # fmt: skip
    assert "without a gradient" not in report.message
    assert "Save this adapter" in report.message
