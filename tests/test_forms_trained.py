"""A method that makes the weights and trains them is stepped from points of ours."""

from pathlib import Path

import pytest

from gradcheck import check_submission

EXAMPLE = Path(__file__).parents[1] / "examples" / "right" / "logistic_fit.py"
LOGISTIC = EXAMPLE.read_text(encoding="utf-8")
LINEAR = """
import numpy as np

class LinearRegression:
    def __init__(self, learning_rate, iterations):
        self.learning_rate, self.iterations = learning_rate, iterations

    def fit(self, X, Y):
        self.m, self.n = X.shape
        self.W, self.b = np.zeros(self.n), 0
        self.X, self.Y = X, Y
        for _ in range(self.iterations):
            self.update_weights()
        return self

    def update_weights(self):
        predicted = self.predict(self.X)
        dW = -2 * self.X.T.dot(self.Y - predicted) / self.m
        db = -2 * np.sum(self.Y - predicted) / self.m
        self.W = self.W - self.learning_rate * dW
        self.b = self.b - self.learning_rate * db

    def predict(self, X):
        return X.dot(self.W) + self.b
"""
NET = """
import numpy as np

class Network:
    def __init__(self, hidden_size=16, rate=0.1, rounds=100000):
        self.hidden_size, self.rate, self.rounds = hidden_size, rate, rounds

    def fit(self, X, y):
        self.lr = 0.1
        y = y.reshape(-1, 1)
        self.W1 = 0.01 * np.random.randn(X.shape[1], self.hidden_size)
        self.b1 = np.zeros((1, self.hidden_size))
        self.W2 = 0.01 * np.random.randn(self.hidden_size, 1)
        self.b2 = np.zeros((1, 1))
        for i in range(self.rounds):
            h = np.tanh(X @ self.W1 + self.b1)
            p = 1 / (1 + np.exp(-(h @ self.W2 + self.b2)))
            d = (p - y) / len(X)
            back = (d @ self.W2.T) * (1 - h ** 2)
            dW2, db2 = h.T @ d, d.sum(axis=0, keepdims=True)
            dW1, db1 = X.T @ back, back.sum(axis=0, keepdims=True)
            self.W1 -= self.learning_rate * dW1
            self.b1 -= self.learning_rate * db1
            self.W2 -= self.learning_rate * dW2
            self.b2 -= self.learning_rate * db2
""".replace("self.rate, self.rounds = hidden_size, rate", "self.learning_rate, "
            "self.rounds = hidden_size, rate")  # fmt: skip
SOFTMAX = """
import numpy as np

class Softmax:
    def __init__(self, lr=0.1, epochs=500, reg=0.01):
        self.lr, self.epochs, self.reg = lr, epochs, reg
        self.losses = []

    def fit(self, X, y):
        n, d = X.shape
        k = len(np.unique(y))
        self.W = 0.01 * np.random.randn(d, k)
        self.b = np.zeros(k)
        Y = np.eye(k)[y]
        for epoch in range(self.epochs):
            z = X @ self.W + self.b
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            self.losses.append(-np.mean(np.sum(Y * np.log(p), axis=1)))
            self.W -= self.lr * (X.T @ (p - Y) / n + self.reg * self.W)
            self.b -= self.lr * np.mean(p - Y, axis=0)
"""


def check(tmp_path, text):
    file = tmp_path / "scratch.py"
    file.write_text(text)
    return check_submission(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LOGISTIC, "logistic, mean"), (LINEAR, "squared x 2, mean"),
        (NET, "logistic, mean"), (SOFTMAX, "softmax of scores, mean"),
    ],
    ids=["logistic", "linear", "net", "softmax"],
)  # fmt: skip
def test_what_is_trained_from_scratch_is_stepped_once(tmp_path, text, words):
    report = check(tmp_path, text)
    assert report.verdict == "correct", str(report)
    assert report.subject.interface == "in-place-step"
    assert any(words in note for note in report.subject.notes)
    assert any(
        ".fit makes the weights that it trains: the lines that make them were left "
        "out, and its loop was run once" in note
        for note in report.subject.notes
    )


@pytest.mark.parametrize(
    ("text", "old", "new", "names", "line"),
    [
        (LOGISTIC, "p - y) / n_samples\n            db", "y - p) / n_samples\n"
         "            db", {"sign-flipped"}, "dw = "),
        (LOGISTIC, "sum(p - y) / n_samples", "sum(p - y)", {"batch-mean-partial"},
         "db = "),
        (NET, " * (1 - h ** 2)", "", {"derivative-missing"}, "back = "),
        (NET, "* (1 - h ** 2)", "* (1 - h)", {"tanh-derivative", "sigmoid-derivative"},
         "back = "),
    ],
    ids=["sign", "sum", "derivative", "square"],
)  # fmt: skip
def test_its_mistakes_are_named_on_their_lines(tmp_path, text, old, new, names, line):
    assert old in text
    report = check(tmp_path, text.replace(old, new))
    assert report.verdict == "wrong"
    (finding,) = report.findings
    assert finding.id in names
    written = text.replace(old, new).splitlines()[(finding.line or 1) - 1]
    assert line in written


def test_a_method_that_makes_no_weights_is_left_as_it_is(tmp_path):
    text = LOGISTIC.replace("        self.weights = np.zeros(n_features)\n", "")
    text = text.replace("        self.bias = 0.0\n", "").replace(
        "bias = None", "bias = 0.0"
    )
    text = text.replace("self.weights = None", "self.weights = np.zeros(5)")
    report = check(tmp_path, text)
    assert not any("makes the weights" in note for note in report.subject.notes)
