"""Classes with forward and backward that are more than one layer."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

TWO = """
class MulLayer:
    def __init__(self):
        self.x = self.y = None

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x
"""

STACK = """
import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))

    def forward(self, A):
        self.A, self.N = A, len(A)
        return A @ self.W.T + self.b.T

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A / self.N
        self.dLdb = dLdZ.T @ np.ones((self.N, 1)) / self.N
        return dLdZ @ self.W


class ReLU:
    def forward(self, Z):
        self.A = np.maximum(Z, 0)
        return self.A

    def backward(self, dLdA):
        return dLdA * (self.A > 0)


class MLP1:
    def __init__(self, debug=False):
        self.layers = [Linear(2, 3), Linear(3, 2)]
        self.f = [ReLU(), ReLU()]

    def forward(self, A0):
        A = A0
        for layer, f in zip(self.layers, self.f):
            A = f.forward(layer.forward(A))
        return A

    def backward(self, dLdA2):
        d = self.layers[1].backward(self.f[1].backward(dLdA2))
        return self.layers[0].backward(self.f[0].backward(d))
"""


def check(tmp_path, source, name=""):
    file = tmp_path / "layers.py"
    file.write_text(source)
    return check_submission(file, objects=(name,) if name else ())


def test_a_layer_of_two_inputs_has_two_gradients(tmp_path):
    report = check(tmp_path, TWO)
    assert report.verdict is Verdict.CORRECT
    assert list(report.parameters) == ["x", "y"]
    wrong = TWO.replace("dout * self.y, dout * self.x", "dout * self.x, dout * self.y")
    assert check(tmp_path, wrong).verdict is Verdict.WRONG


@pytest.mark.parametrize("narrow", ["", ".astype('f')"], ids=["double", "single"])
def test_a_stack_of_layers_is_checked_through_all_of_them(tmp_path, narrow):
    source = STACK.replace("return A\n", f"return A{narrow}\n")
    report = check(tmp_path, source, "MLP1")
    assert report.verdict is Verdict.CORRECT, report
    assert list(report.parameters) == [
        "A0", "layers[0].W", "layers[1].W", "layers[0].b", "layers[1].b"
    ]  # fmt: skip
    assert report.subject.notes == ("the 1/N of the mean stands inside its layers",)


def test_a_stack_may_keep_the_gradient_of_its_input_to_itself(tmp_path):
    silent = STACK.replace(
        "        return self.layers[0].back", "        self.layers[0].back"
    )
    report = check(tmp_path, silent, "MLP1")
    assert report.verdict is Verdict.CORRECT, report
    assert "A0" not in report.parameters
    plain = silent.replace(" / self.N", "")
    assert check(tmp_path, plain, "MLP1").subject.notes == ()


@pytest.mark.parametrize(
    ("right", "wrong", "guilty"),
    [
        ("self.f[0].backward(d)", "d", {"A0", "layers[0].W", "layers[0].b"}),
        ("dLdZ @ self.W", "2 * dLdZ @ self.W", {"A0", "layers[0].W", "layers[0].b"}),
    ],
)
def test_a_mistake_between_layers_is_found(tmp_path, right, wrong, guilty):
    report = check(tmp_path, STACK.replace(right, wrong), "MLP1")
    assert report.verdict is Verdict.WRONG
    found = {n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG}
    assert found == guilty


def test_a_stack_whose_layers_get_no_gradient_is_told(tmp_path):
    lazy = STACK.replace("self.dLdb = dLdZ.T @ np.ones((self.N, 1)) / self.N", "pass")
    report = check(tmp_path, lazy, "MLP1")
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "layers.py:40: MLP1.backward leaves no gradient of layers[0].b, layers[1].b in "
        "the layers that hold them; an attribute such as dW beside W was expected: "
        "call the backward pass of every layer, and set it there"
    )
    odd = STACK.replace("(2, 3), Linear(3, 2)", "(9, 3), Linear(3, 2)")
    assert check(tmp_path, odd, "MLP1").verdict is Verdict.BROKEN
