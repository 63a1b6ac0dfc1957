"""What an argument is, told by its use where its name tells nothing."""

import ast
import textwrap

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import usage
from gradcheck.submissions.forms.names import Function
from gradcheck.submissions.forms.outputs import find_output

CHOICE = """
import numpy as np


def forward_propagation(X, parameters, activation):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1) if activation == "tanh" else np.maximum(Z1, 0)
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}


def compute_cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]


def backward_propagation(parameters, cache, X, Y, activation="tanh"):
    m = X.shape[1]
    A1 = cache["A1"]
    dZ2 = cache["A2"] - Y
    if activation == "relu":
        dZ1 = parameters["W2"].T @ dZ2 * (A1 > 0)
    elif activation == "tanh":
        dZ1 = parameters["W2"].T @ dZ2 * (1 - A1 ** 2)
    return {
        "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }
"""

RIDGE = """
import numpy as np


def cost(theta, X, y, l):
    r = X @ theta - y
    J = r @ r / (2 * len(y)) + l / (2 * len(y)) * np.sum(theta ** 2)
    grad = X.T @ r / len(y) + l * theta / len(y)
    return J, grad
"""

APART = """
import numpy as np


def cost(theta, X, y, l):
    r = X @ theta - y
    return r @ r / (2 * len(y)) + l / (2 * len(y)) * np.sum(theta ** 2)


def gradient(theta, X, y, l):
    return X.T @ (X @ theta - y) / len(y) + l / len(y) * theta
"""

BLOG = """
import numpy as np


def gradient_reg(theta, X, y, learningRate):
    error = 1 / (1 + np.exp(-X @ theta)) - y
    return X.T @ error / len(X) + (learningRate / len(X)) * theta
"""

STRANGE = """
import numpy as np


def squash(z):
    return 1 / (1 + np.exp(-z))


class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes, sizes[1:])]

    def run(self, first):
        made, before = [first], []
        for b, w in zip(self.biases, self.weights):
            before.append(w @ made[-1] + b)
            made.append(squash(before[-1]))
        return made, before

    def feed_forward(self, first):
        return self.run(first)

    def back_propagation(self, first_activations, expected):
        made, before = self.feed_forward(first_activations)
        del_bias = [np.zeros(b.shape) for b in self.biases]
        del_weight = [np.zeros(w.shape) for w in self.weights]
        delta = made[-1] - expected
        for l in range(1, self.num_layers):
            delta = delta * made[-l] * (1 - made[-l])
            del_bias[-l] = np.sum(delta, axis=1, keepdims=True)
            del_weight[-l] = delta @ made[-l - 1].T
            delta = self.weights[-l].T @ delta
        return del_bias, del_weight
"""


@pytest.mark.parametrize("source", [CHOICE, RIDGE, APART, BLOG, STRANGE])
def test_arguments_are_understood_by_their_use(tmp_path, source):
    file = tmp_path / "homework.py"
    file.write_text(source)
    report = check_submission(file)
    assert report.verdict is Verdict.CORRECT, report


def function(source, owner=""):
    return Function("f", ast.parse(textwrap.dedent(source)).body[0], owner)


def test_the_words_of_an_argument_are_those_it_is_compared_with():
    chooses = function("""
        def f(kind, other="b"):
            if kind == "a" or kind in ("b", "c") or 1 == 1:
                return other == "a"
    """)
    assert usage.words_for(chooses, "kind") == ("a", "b", "c")
    assert usage.words_for(chooses, "other") == ("b", "a")
    assert usage.words_for(chooses, "missing") == ()


@pytest.mark.parametrize(
    ("expression", "strength"),
    [
        ("s * np.sum(W ** 2)", True),
        ("0.5 * s / m * np.linalg.norm(W)", True),
        ("np.sum(np.square(W)) * s", True),
        ("np.sum(W ** 2) / s", False),
        ("X + s / m * W[1:].T", True),
        ("s * X", False),
        ("s + W ** 2", False),
    ],
)
def test_a_strength_stands_in_a_product_with_something_squared(expression, strength):
    used = function(f"def f(W, X, s, m):\n    return {expression}")
    assert usage.is_strength(used, "s") is strength


def test_a_learning_rate_is_one_where_weights_are_changed():
    momentum = function("def f(W, V, lr):\n    W -= lr * V")
    assert usage.is_strength(momentum, "lr")
    assert not usage.is_no_rate(momentum, "lr")
    penalty = function("def f(W, lr):\n    return lr * W")
    assert usage.is_no_rate(penalty, "lr")
    assert not usage.is_no_rate(penalty, "W")


def test_a_backward_pass_of_two_arguments_takes_an_example():
    def f(arguments, name="backprop", owner="Net"):
        return Function(name, ast.parse(f"def f({arguments}): ...").body[0], owner)

    pair = f("self, first, expected")
    assert usage.is_example(pair, "first") == "X"
    assert usage.is_example(pair, "expected") == "y"
    assert usage.is_example(f("self, a, b, c"), "a") == ""
    assert usage.is_example(f("self, a, b=1"), "a") == ""
    assert usage.is_example(f("a, b", owner=""), "a") == ""
    assert usage.is_example(f("self, a, b", name="plot"), "a") == ""


def test_outputs_are_the_last_of_the_longest_list():
    made, before = [np.zeros((5, 7)), np.ones((3, 7))], [np.zeros((3, 7))]
    for result in ((made, before), (before, made), {"a": before, "b": made}):
        assert find_output([result], "columns", 7, 3, lists=True) is made[-1]
        assert find_output([result], "columns", 7, 3) is None


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("Y = pd.get_dummies(y.ravel())", True),
        ("K = y.max() + 1", True),
        ("n = f(1)\nk = np.max(y) + 1", True),
        ("k = np.max(z) + f(y)", False),
        ("K = W.shape[1]", False),
    ],
)
def test_a_file_may_take_the_number_of_classes_from_the_labels(line, counts):
    assert usage.counts_classes([ast.parse(line)]) is counts


@pytest.mark.parametrize(
    ("loop", "through"),
    [
        ("for x, t in zip(X, y): pass", True),
        ("for i in range(len(X)): pass", True),
        ("for i in range(n_samples): pass", True),
        ("for epoch in range(epochs): pass", False),
        ("X = 1", False),
    ],
)
def test_a_loop_may_go_through_the_examples(loop, through):
    assert usage.goes_through_examples(function(f"def f(X, y):\n    {loop}")) is through


SOFTMAX = """
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(X, W1, b1, W2, b2):
    A1 = np.tanh(X @ W1 + b1)
    return A1, softmax(A1 @ W2 + b2)


def cross_entropy(Y, P):
    return np.mean(np.sum({loss}, axis=1))


def backward(X, Y, A1, P, W2):
    d = (P {minus}) / len(X)
    d1 = d @ W2.T * (1 - A1 ** 2)
    return X.T @ d1, d1.sum(axis=0), {times} * A1.T @ d, d.sum(axis=0)
"""


@pytest.mark.parametrize(
    ("loss", "minus"),
    [
        ("-Y * np.log(P)", "- Y"),
        ("-(Y * np.log(P))", "- Y * 1.0"),
        ("-Y*np.log(P)", "-Y*1.0"),
    ],
)
def test_a_minus_before_the_labels_does_not_make_signs_of_them(tmp_path, loss, minus):
    """Read with one output, a right net of softmax has a loss that is constant."""
    path = tmp_path / "net.py"
    path.write_text(SOFTMAX.format(loss=loss, minus=minus, times=1))
    assert check_submission(path).verdict is Verdict.CORRECT
    path.write_text(SOFTMAX.format(loss=loss, minus=minus, times=2))
    report = check_submission(path)
    wrong = [n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert wrong == ["W2"]
    assert report.parameters["W2"].shape == (6, 3)


SWAPPED = """
import numpy as np


def f(z):
    return 1 / (1 + np.exp(-z))


def J(y, yhat):
    return -(yhat * np.log(y) + (1 - yhat) * np.log(1 - y))


def forward(x, w):
    return f(np.dot(x, w))


def backward(x, w, y, yhat):
    z = np.dot(x, w)
    return {times} * ((1 - yhat) / (1 - y) - yhat / y) * f(z) * (1 - f(z)) * x


def train(X, yhat, w, alpha):
    for i, x in enumerate(X):
        y = forward(x, w)
        w = w - alpha * backward(x, w, y, yhat[i])
    return w
"""


def test_yhat_is_the_label_where_the_file_calls_its_outputs_y(tmp_path):
    path = tmp_path / "perceptron.py"
    path.write_text(SWAPPED.format(times=1))
    assert check_submission(path).verdict is Verdict.CORRECT
    path.write_text(SWAPPED.format(times=2))
    assert check_submission(path).verdict is Verdict.WRONG


CASES = """
import numpy as np


def softmax(Z):
    A = np.exp(Z - Z.max(axis=0))
    return A / sum(A)


def forward(w1, b1, w2, b2, X):
    Z1 = np.dot(w1, X) + b1
    A1 = np.maximum(Z1, 0)
    Z2 = np.dot(w2, A1) + b2
    return Z1, A1, Z2, softmax(Z2)


def one_hot(Y):
    hot = np.zeros((Y.size, Y.max() + 1))
    hot[np.arange(Y.size), Y] = 1
    return hot.T


def backward(Z1, A1, Z2, A2, W1, W2, X, Y):
    m = Y.size
    dZ2 = A2 - one_hot(Y)
    dW2 = {times} / m * np.dot(dZ2, A1.T)
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (Z1 > 0)
    dW1 = 1 / m * np.dot(dZ1, X.T)
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2
"""


def test_weights_in_another_case_are_the_same(tmp_path):
    path = tmp_path / "digits.py"
    path.write_text(CASES.format(times=1))
    assert check_submission(path).verdict is Verdict.CORRECT
    path.write_text(CASES.format(times=2))
    report = check_submission(path)
    assert report.verdict is not Verdict.CORRECT
