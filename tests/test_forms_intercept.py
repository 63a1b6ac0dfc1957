"""Files that count on a first input that is one for every example."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

COST = """
import numpy as np


def linear_cost(theta, X, y, lam):
    m = len(y)
    r = X @ theta - y
    J = np.sum(r ** 2) / (2 * m) + lam / (2 * m) * np.sum(theta[1:] ** 2)
    grad = np.zeros(theta.shape)
    for i in range(len(theta)):
        grad[i] = np.sum(r) / m if i == 0 else np.sum(r * X[:, i]) / m
        grad[i] += lam / m * theta[i] if i else 0.0
    return J, grad
"""

STEP = """
import numpy as np


def gradient_descent(X, y, theta, alpha, num_iters):
    m = y.size
    for i in range(num_iters):
        r = X @ theta - y
        first = theta[0] - alpha * np.sum(r) / m
        second = theta[1] - alpha * np.sum(r * X[:, 1]) / m
        theta[0] = first
        theta[1] = second
    return theta
"""

CLASSES = """
import numpy as np


def softmax_cost(W, X, y):
    s = X @ W
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    rows = np.arange(len(X))
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    dW = X.T @ p / len(X)
    dW[0] = p.mean(axis=0)
    return loss, dW
"""


def check(tmp_path, source):
    file = tmp_path / "homework.py"
    file.write_text(source)
    return check_submission(file)


@pytest.mark.parametrize(
    ("source", "inputs"),
    [(COST, 4), (STEP, 1), (CLASSES, 4)],
    ids=["cost", "step", "C"],
)
def test_a_gradient_that_counts_on_a_column_of_ones_is_right(tmp_path, source, inputs):
    report = check(tmp_path, source)
    assert report.verdict is Verdict.CORRECT, report
    weight = next(n for n in report.parameters if n.startswith("W"))
    assert report.parameters[weight].shape[0] == inputs
    assert report.subject.notes[0] == (
        "read with a first input that is one for every example, so that the first "
        "weight is the bias: elsewhere its gradient is another"
    )


@pytest.mark.parametrize(
    ("source", "right", "wrong", "guilty"),
    [
        (COST, "np.sum(r) / m if", "2 * np.sum(r) / m if", "b1"),
        (COST, "np.sum(r * X[:, i]) / m", "np.sum(r * X[:, i])", "W1"),
        (STEP, "theta[1] = second", "theta[1] = second + r[0]", "W1"),
        (CLASSES, "X.T @ p / len(X)", "X.T @ p", "W"),
    ],
)
def test_a_mistake_beside_it_is_found(tmp_path, source, right, wrong, guilty):
    assert right in source
    report = check(tmp_path, source.replace(right, wrong))
    assert report.verdict is Verdict.WRONG, report
    found = {
        n for n, p in report.parameters.items() if p.verdict is not Verdict.CORRECT
    }
    assert found == {guilty}


def test_a_plain_reading_comes_first(tmp_path):
    body = COST[: COST.index("    grad =")] + "    return J, X.T @ r / m"
    plain = body.replace(" + lam / (2 * m) * np.sum(theta[1:] ** 2)", "")
    report = check(tmp_path, plain)
    assert report.verdict is Verdict.CORRECT
    assert list(report.parameters) == ["W1"]
    assert report.subject.notes == ()
