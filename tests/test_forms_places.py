"""A gradient is taken from where it is, whatever has the same shape at some sizes."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

STORING = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Net:
    def __init__(self, sizes):
        self.sizes = sizes
        self.weights, self.biases, self.grads, self.cache = {}, {}, {}, {}
        for k in range(1, len(sizes)):
            self.weights[f"W{k}"] = np.random.randn(sizes[k], sizes[k - 1])
            self.biases[f"b{k}"] = np.zeros((sizes[k], 1))

    def forward(self, X):
        self.cache["A0"] = A = X
        for k in range(1, len(self.sizes)):
            A = sigmoid(self.weights[f"W{k}"] @ A + self.biases[f"b{k}"])
            self.cache[f"A{k}"] = A
        return A

    def cost(self, A, Y):
        return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / A.shape[1]

    def backward(self, A, Y):
        dZ = A - Y
        m = Y.shape[1]
        for k in range(len(self.sizes) - 1, 0, -1):
            below = self.cache[f"A{k - 1}"]
            self.grads[f"dW{k}"] = dZ @ below.T / m
            self.grads[f"db{k}"] = np.sum(dZ, axis=1, keepdims=True) / m
            if k > 1:
                dZ = self.weights[f"W{k}"].T @ dZ * below * (1 - below)
        return dZ
"""


def test_outputs_of_one_example_are_not_taken_for_a_bias_gradient(tmp_path):
    """Outputs, (C, 1) for one example, have the shape of the last bias."""
    path = tmp_path / "net.py"
    path.write_text(STORING)
    report = check_submission(path)
    assert report.verdict is Verdict.CORRECT
    assert report.subject.interface == "own-class"


@pytest.mark.parametrize("name", ["db1", "dW1", "db2"])
def test_a_gradient_that_is_stored_and_wrong_is_named(tmp_path, name):
    stored = f'self.grads[f"{name[:2]}{{k}}"] = '
    only = f"({2 if name[-1] == '2' else 1} == k)"
    path = tmp_path / "net.py"
    path.write_text(STORING.replace(stored, f"{stored}(1 + {only}) * "))
    report = check_submission(path)
    assert report.verdict is Verdict.WRONG
    wrong = [n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert wrong == [name[1:]]
