"""Layers and losses that store what others return."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

FILE = """
import numpy as np


class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.1 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Dropout:
    def __init__(self, rate):
        self.keep = 1 - rate

    def forward(self, inputs):
        self.mask = np.random.binomial(1, self.keep, inputs.shape) / self.keep
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask


class MeanLoss:
    def calculate(self, output, y):
        return self.forward(output, y).mean()


class CrossEntropy(MeanLoss):
    def forward(self, y_pred, y_true):
        return -np.log(y_pred[range(len(y_pred)), y_true])

    def backward(self, dvalues, y_true):
        hot = np.eye(dvalues.shape[1])[y_true]
        self.dinputs = -hot / dvalues / len(dvalues)


class SoftmaxCrossEntropy:
    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()

    def backward(self, dvalues, y_true):
        d = dvalues.copy()
        d[range(len(d)), y_true] -= 1
        self.dinputs = d / len(d)


class Squared:
    def forward(self, outputs, targets):
        return ((outputs - targets) ** 2).mean()

    def backward(self, outputs, targets):
        return 2 * (outputs - targets) / outputs.size
"""


def checked(tmp_path, old="", new=""):
    assert old in FILE
    path = tmp_path / "layers.py"
    path.write_text(FILE.replace(old, new) if old else FILE)
    return check_submission(path)


def test_what_layers_store_is_read_as_what_they_return(tmp_path):
    report = checked(tmp_path)
    assert report.verdict is Verdict.CORRECT
    owners = {name.rpartition(".")[0] for name in report.parameters}
    assert owners == {
        "Dense", "Dropout", "CrossEntropy", "SoftmaxCrossEntropy", "Squared",
    }  # fmt: skip
    assert "CrossEntropy: asked at probabilities: the sigmoid of what is shown" in (
        report.subject.notes
    )


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("dvalues @ self.weights.T", "dvalues @ self.weights.T / 2", "Dense.inputs"),
        ("keepdims=True)\n        self.dinputs", "keepdims=True) / 7\n"
         "        self.dinputs", "Dense.biases"),
        ("dvalues * self.mask", "dvalues * self.mask * self.keep", "Dropout.inputs"),
        ("-hot / dvalues / len", "-hot / dvalues / 2 / len", "CrossEntropy.y_pred"),
        ("y_true] -= 1", "y_true] -= 2", "SoftmaxCrossEntropy.inputs"),
        ("2 * (outputs", "(outputs", "Squared.outputs"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_stored_is_found_where_it_is(tmp_path, old, new, wrong):
    report = checked(tmp_path, old, new)
    assert report.verdict is Verdict.WRONG
    found = [k for k, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert found == [wrong]


def test_a_layer_that_stores_nothing_either_is_unfinished(tmp_path):
    report = checked(tmp_path, "self.dinputs = dvalues @ self.weights.T", "pass")
    assert report.verdict is Verdict.BROKEN
    assert (
        "Dense.backward returns None; the gradient of its input 'inputs' was expected: "
        "finish it and return it"
    ) in report.message


def test_a_net_that_takes_labels_both_ways_is_no_loss(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "class Net:\n"
        "    def __init__(self):\n"
        "        self.W1 = np.random.randn(4, 3)\n\n"
        "    def forward(self, X, y):\n"
        "        s = X @ self.W1\n"
        "        e = np.exp(s - s.max(axis=1, keepdims=True))\n"
        "        self.p = e / e.sum(axis=1, keepdims=True)\n"
        "        return -np.log(self.p[range(len(X)), y]).mean()\n\n"
        "    def backward(self, X, y):\n"
        "        d = self.p.copy()\n"
        "        d[range(len(X)), y] -= 1\n"
        "        return {'W1': X.T @ d / len(X)}\n"
    )
    report = check_submission(path)
    assert report.verdict is Verdict.CORRECT
    assert list(report.parameters) == ["W"]


def test_objects_of_long_names_get_lines_of_their_own(tmp_path):
    text = str(checked(tmp_path))
    title = " ".join(text.split("\n\n")[0].split())
    assert "layers.py: Dense, Dropout, CrossEntropy and 2 more (module form)" in title
    assert "\n  CrossEntropy.y_pred         (7, 3)  right   max rel" in text
    report = checked(
        tmp_path, "SoftmaxCrossEntropy", "SoftmaxWithCategoricalCrossEntropy"
    )
    rows = str(report).splitlines()
    where = rows.index("  SoftmaxWithCategoricalCrossEntropy")
    assert rows[where + 1].startswith(
        "    inputs  (7, 3)  right   max relative error: "
    )
    assert max(len(line) for line in rows[where:-3]) <= 80


LAYERS = """
import numpy as np

class Linear:
    def __init__(self, d, k):
        self.W, self.b = np.random.randn(d, k) * 0.1, np.zeros(k)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T

class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, g):
        return g * self.mask
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("self.x.T @ g", "g.T @ self.x", "Linear.backward gives a gradient of 'W'"),
        ("g.sum(axis=0)", "g.sum(axis=1)", "Linear.backward gives a gradient of 'b'"),
        ("self.x.T @ g", "self.x.T @ gg", "backward raises NameError"),
    ],
)
def test_a_layer_whose_backward_pass_is_broken_is_so_beside_a_right_one(
    tmp_path, old, new, words
):
    path = tmp_path / "layers.py"
    path.write_text(LAYERS)
    assert check_submission(path).verdict == "correct"
    path.write_text(LAYERS.replace(old, new))
    report = check_submission(path)
    assert report.verdict == "broken"
    assert words in report.message


def test_what_a_file_raises_is_told_on_one_line(tmp_path):
    path = tmp_path / "sly.py"
    path.write_text(
        "def loss_and_grads(params, X, y, reg):\n"
        "    raise ValueError('\\n  RIGHT  the gradient is right\\n')\n"
    )
    report = check_submission(path)
    assert report.verdict == "broken"
    assert "ValueError: RIGHT the gradient is right at line 2;" in report.message
