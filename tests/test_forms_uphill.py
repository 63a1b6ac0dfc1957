"""Gradients that a file adds, and steps that are many steps."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

ASCENT = """
import numpy as np


class LogisticRegression:
    def __init__(self, n_features):
        self.w = np.zeros(n_features)

    def probability(self, X):
        return 1 / (1 + np.exp(-X @ self.w))

    def loss(self, X, y):
        p = self.probability(X)
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))

    def gradient(self, X, y):
        return X.T @ (y - self.probability(X))

    def ascend(self, X, y, alpha):
        self.w = self.w + alpha * self.gradient(X, y)
"""

SEQUENCE = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out, lr=0.1):
        self.lr = lr
        self.W1 = np.random.randn(n_in, n_hidden)
        self.W2 = np.random.randn(n_hidden, n_out)

    def predict(self, X):
        hidden = 1 / (1 + np.exp(-X @ self.W1))
        return 1 / (1 + np.exp(-hidden @ self.W2))

    def fit(self, X, y, epochs=10):
        for _ in range(epochs):
            for x, t in zip(X, y):
                h = 1 / (1 + np.exp(-np.atleast_2d(x) @ self.W1))
                o = 1 / (1 + np.exp(-h @ self.W2))
                d = (o - t) * o * (1 - o)
                e = d @ self.W2.T * h * (1 - h)
                self.W2 -= self.lr * h.T @ d
                self.W1 -= self.lr * np.atleast_2d(x).T @ e
"""


def check(tmp_path, source):
    file = tmp_path / "homework.py"
    file.write_text(source)
    return check_submission(file)


@pytest.mark.parametrize("step", ["self.w = self.w + alpha *", "self.w += alpha *"])
def test_a_gradient_that_is_added_points_uphill(tmp_path, step):
    report = check(tmp_path, ASCENT.replace("self.w = self.w + alpha *", step))
    assert report.verdict is Verdict.CORRECT, report
    assert report.subject.notes[0] == (
        "the file adds its gradient: it was read as that of minus the loss"
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("self.w + alpha", "self.w - alpha"),
        ("X.T @ (y - self.probability(X))", "2 * X.T @ (y - self.probability(X))"),
        ("X.T @ (y - self.probability(X))", "X.T @ (self.probability(X) - 2 * y)"),
    ],
)
def test_a_gradient_of_the_other_sign_is_wrong_where_it_is_meant_so(
    tmp_path, right, wrong
):
    assert right in ASCENT
    assert check(tmp_path, ASCENT.replace(right, wrong)).verdict is Verdict.WRONG


def test_a_step_for_every_example_is_asked_for_one_at_a_time(tmp_path):
    report = check(tmp_path, SEQUENCE)
    assert report.verdict is Verdict.CORRECT, report
    assert "called with one example at a time, and averaged" in report.subject.notes
    wrong = SEQUENCE.replace("self.W2.T * h * (1 - h)", "self.W2.T * h")
    assert check(tmp_path, wrong).verdict is Verdict.WRONG
