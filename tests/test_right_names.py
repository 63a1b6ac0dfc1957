"""Whole files whose mistake was once given another name, or none."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

SIGMOID = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))

"""

COST = (
    SIGMOID
    + """
def costFunctionReg(theta, X, y, lambda_):
    m = y.size
    h = sigmoid(X @ theta)
    J = (-y @ np.log(h) - (1 - y) @ np.log(1 - h)) / m
    J += lambda_ / (2 * m) * np.sum(theta[1:] ** 2)
    grad = X.T @ (h - y) / m
    grad = grad + lambda_ / m * theta
    return J, grad
"""
)

PROPAGATE = (
    SIGMOID
    + """
def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    dw = np.dot(X, (A - Y).T)
    db = np.sum(A - Y)
    return {"dw": dw, "db": db}, cost
"""
)

ADDING = """
import numpy as np


class Net:
    def __init__(self, D, H, C):
        self.W1, self.b1 = np.random.randn(D, H), np.zeros(H)
        self.W2, self.b2 = np.random.randn(H, C), np.zeros(C)
        self.grads = {"W1": 0.0, "b1": 0.0, "W2": 0.0, "b2": 0.0}

    def loss(self, X, y, reg=0.0):
        N = X.shape[0]
        z1 = X @ self.W1 + self.b1
        h = np.maximum(z1, 0)
        s = h @ self.W2 + self.b2
        s = s - s.max(axis=1, keepdims=True)
        p = np.exp(s)
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(N), y]).mean()
        loss += 0.5 * reg * (np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2))
        d = p.copy()
        d[np.arange(N), y] -= 1
        d /= N
        self.grads["W2"] += h.T @ d + reg * self.W2
        self.grads["b2"] += d.sum(axis=0)
        dz = (d @ self.W2.T) * (z1 > 0)
        self.grads["W1"] += X.T @ dz + reg * self.W1
        self.grads["b1"] += dz.sum(axis=0)
        return loss, {k: g.copy() for k, g in self.grads.items()}
"""

CLIPPED = """
import numpy as np


def loss_and_grads(params, X, y, reg):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    rows = np.arange(len(X))
    z1 = X @ W1 + b1
    h = np.maximum(z1, 0)
    s = h @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, y] + 1e-5).mean()
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    d = p.copy()
    d[rows, y] -= 1
    d /= len(X)
    dz = d @ W2.T
    grads = {"W2": h.T @ d + reg * W2, "b2": d.sum(0)}
    return loss, {"W1": X.T @ dz + reg * W1, "b1": dz.sum(0), **grads}
"""

FILES = {
    "a constant in the logarithm": (CLIPPED, ["relu-mask-missing"], "log-clipped"),
    "a row of the penalty": (COST, ["penalty-on-biases"], "log-of-zero"),
    "one output": (PROPAGATE, ["batch-sum"], "log-of-zero"),
    "adding up": (ADDING, ["accumulates"], "log-of-zero"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_given_the_name_of_its_mistake_and_no_other(tmp_path, name):
    source, wanted, remark = FILES[name]
    path = tmp_path / "student.py"
    path.write_text(source)
    report = check_submission(path)
    assert report.verdict is Verdict.WRONG
    assert [finding.id for finding in report.findings] == wanted
    assert not any(finding.ties for finding in report.findings)
    broken = [rule.id for rule in report.hygiene if not rule.ok]
    assert [id for id in broken if id not in wanted] == [remark]
    assert "all two" not in str(report)


def test_what_only_a_constant_in_the_logarithm_makes_wrong_is_right(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(CLIPPED)
    report = check_submission(path)
    wrong = {n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG}
    assert wrong == {"W1", "b1"}
    assert "with this one change all four gradients match" in report.findings[0].proof
