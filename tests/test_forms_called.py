"""Layers that are called, and vectors cut into matrices of any name."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

LAYERS = """
import numpy as np

class Linear:
    def __init__(self, n_in, n_out):
        self.weight = np.random.randn(n_out, n_in)
        self.bias = np.zeros(n_out)

    def __call__(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, grad):
        self.weight_grad = grad.T @ self.x
        self.bias_grad = grad.sum(axis=0)
        return grad @ self.weight

class ReLU:
    def __call__(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask

class CrossEntropy:
    def __call__(self, logits, target):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probs, self.target = e / e.sum(axis=1, keepdims=True), target
        return -np.log(self.probs[np.arange(len(target)), target]).mean()

    def backward(self):
        grad = self.probs.copy()
        grad[np.arange(len(self.target)), self.target] -= 1
        return grad / len(self.target)
"""
CUT = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def cost_and_grad(theta, n_in, n_hidden, n_labels, X, y, lam):
    first = theta[: n_hidden * (n_in + 1)].reshape(n_hidden, n_in + 1)
    second = theta[n_hidden * (n_in + 1):].reshape(n_labels, n_hidden + 1)
    m = len(X)
    a1 = np.c_[np.ones(m), X]
    z2 = a1 @ first.T
    a2 = np.c_[np.ones(m), sigmoid(z2)]
    h = sigmoid(a2 @ second.T)
    Y = np.eye(n_labels)[y]
    J = -(Y * np.log(h) + (1 - Y) * np.log(1 - h)).sum() / m
    J += lam / (2 * m) * ((first[:, 1:] ** 2).sum() + (second[:, 1:] ** 2).sum())
    d3 = h - Y
    d2 = (d3 @ second)[:, 1:] * sigmoid(z2) * (1 - sigmoid(z2))
    one, two = d2.T @ a1 / m, d3.T @ a2 / m
    one[:, 1:] += lam / m * first[:, 1:]
    two[:, 1:] += lam / m * second[:, 1:]
    return J, np.concatenate([one.ravel(), two.ravel()])
"""


@pytest.fixture
def check(tmp_path):
    def check(source):
        path = tmp_path / "student.py"
        path.write_text(source)
        return check_submission(path)

    return check


def test_calling_a_layer_is_its_forward_pass(check):
    report = check(LAYERS)
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {
        "Linear.x", "Linear.weight", "Linear.bias", "ReLU.x", "CrossEntropy.logits",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ("grad.T @ self.x", "2 * grad.T @ self.x", "Linear.weight"),
        ("return grad * self.mask", "return grad", "ReLU.x"),
        ("return grad / len(self.target)", "return grad", "CrossEntropy.logits"),
    ],
)
def test_a_layer_that_is_called_may_be_wrong(right, wrong, where, check):
    report = check(LAYERS.replace(right, wrong))
    assert report.verdict is Verdict.WRONG
    bad = [n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert bad == [where]


def test_a_vector_may_be_cut_into_matrices_of_any_name(check):
    report = check(CUT)
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2"}
    wrong = check(CUT.replace("one[:, 1:] += lam / m", "one[:, 1:] += 0 / m"))
    assert [(f.id, f.parameters) for f in wrong.findings] == [
        ("penalty-missing", ("W1",))
    ]


KEYED = """
import numpy as np

class Net:
    def __init__(self, layers):
        self.layers = layers
        {made}
        for i in range(1, len(layers)):
            self.W{put} = np.random.randn(layers[i - 1], layers[i])
            self.b{put} = np.zeros((1, layers[i]))

    def forward(self, X):
        L = len(self.layers) - 1
        self.A = [X]
        for i in range(1, L + 1):
            z = self.A[-1] @ self.W{at} + self.b{at}
            e = np.exp(z)
            self.A.append(np.tanh(z) if i < L else e / e.sum(1)[:, None])
        return self.A[-1]

    def loss(self, y_pred, y_true):
        return -np.sum(y_true * np.log(y_pred)) / len(y_true)

    def backward(self, y_true):
        {fresh}
        d = (self.A[-1] - y_true) / len(y_true)
        for i in range(len(self.layers) - 1, 0, -1):
            self.dW{at} = self.A[i - 1].T @ d
            self.db{at} = d.sum(axis=0, keepdims=True)
            d = (d @ self.W{at}.T) * (1 - self.A[i - 1] ** 2)
"""
HOLDERS = {
    "dicts": {
        "made": "self.W, self.b = {}, {}", "put": "[i]", "at": "[i]",
        "fresh": "self.dW, self.db = {}, {}",
    },
    "lists": {
        "made": "self.W, self.b = ([None] * (len(layers) - 1) for _ in range(2))",
        "put": "[i - 1]", "at": "[i - 1]",
        "fresh": "self.dW, self.db = [None] * len(self.W), [None] * len(self.W)",
    },
}  # fmt: skip


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_layers_may_be_numbered_in_dicts_and_lists(holder, check):
    report = check(KEYED.format(**holder))
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2", "W3", "b3"}
    source = KEYED.replace("d.sum(axis=0", "d.mean(axis=0")
    wrong = check(source.format(**holder))
    assert [f.id for f in wrong.findings] == ["bias-mean"]


FLAT = """
import numpy as np

class Net:
    def __init__(self, sizes=(4, 9, 3)):
        self.params = []
        for m, n in zip(sizes, sizes[1:]):
            self.params += [np.random.randn(m, n), np.zeros(n)]

    def loss(self, X, y):
        W1, b1, W2, b2 = self.params
        h = np.maximum(X @ W1 + b1, 0)
        s = h @ W2 + b2
        logp = s - np.log(np.exp(s).sum(1, keepdims=True))
        n = len(y)
        d = np.exp(logp)
        d[np.arange(n), y] -= 1
        d /= n
        below = d @ W2.T * (h > 0)
        grads = [X.T @ below, below.sum(0), h.T @ d, d.sum(0)]
        return -logp[np.arange(n), y].mean(), grads
"""


def test_parameters_may_lie_in_one_plain_list(check):
    report = check(FLAT)
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2"}
    wrong = check(FLAT.replace("d @ W2.T * (h > 0)", "d @ W2.T"))
    assert [f.id for f in wrong.findings] == ["relu-mask-missing"]


NAMED = """
import numpy as np

def loss(theta, X, y):
    z = X @ theta
    return np.mean(np.logaddexp(0, z) - y * z)

def {name}(theta, X, y):
    return X.T @ (1 / (1 + np.exp(-X @ theta)) - y) / len(y)
"""


@pytest.mark.parametrize("name", ["dloss", "d_loss", "dcost", "dJ", "loss_gradient"])
def test_a_gradient_may_be_named_as_the_derivative_of_the_loss(name, check):
    report = check(NAMED.format(name=name))
    assert report.verdict is Verdict.CORRECT
    wrong = check(NAMED.format(name=name).replace(" - y) / len(y)", " - y)"))
    assert wrong.verdict is Verdict.WRONG
