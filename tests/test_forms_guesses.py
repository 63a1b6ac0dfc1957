"""What is said when a file was called otherwise than it wants to be."""

import ast

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import advice
from gradcheck.submissions.forms.names import Function

NET = """
class Activation:
    def forward(self, x):
        return x


class Net:
    def __init__(self, layers):
        self.first = layers[0]["units"]
        self.weights = [None]

    def _prepare(self):
        return 1

    def summary(self):
        return self.first

    def feedforward(self, x):
        return x

    def cost(self, y_hat, y):
        return 0.0

    def backpropagation(self, y_hat, y):
        return self.weights
"""


def test_what_a_guess_broke_is_not_blamed_on_the_file_alone(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(NET)
    report = check_submission(file)
    assert report.verdict is Verdict.BROKEN
    said, _, adapter = report.message.partition("\n\n")
    assert said == (
        "net.py:9: __init__ raises TypeError: 'int' object is not subscriptable at "
        "line 9, called as the names of its arguments say; a loss and its gradient "
        "were expected. If that is how it is called, mend that line; if it is not, "
        "save this adapter as net_adapter.py, fill in its dots, and run `gradcheck "
        "check net_adapter.py`:"
    )
    assert "net = Net()" in adapter
    called = [
        line.split("net.")[1] for line in adapter.splitlines() if "= net." in line
    ]
    assert called == ["feedforward(x)", "cost(y_hat, y)", "backpropagation(y_hat, y)"]


def test_an_adapter_without_a_passage_known_calls_the_first_three():
    functions = {
        n.name: Function(n.name, n)
        for n in ast.parse("".join(f"def f{i}(): pass\n" for i in range(5))).body
        if isinstance(n, ast.FunctionDef)
    }
    text = advice.adapter("hw", functions, {})
    assert [line.strip() for line in text.splitlines() if "..." in line] == [
        "... = f0()", "... = f1()", "... = f2()",
    ]  # fmt: skip


@pytest.mark.parametrize("call", ["exit", "quit"])
def test_a_file_may_exit_by_the_names_of_the_prompt(tmp_path, call):
    file = tmp_path / "leaves.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "def loss_and_grads(W, X, y):\n"
        f"    {call}()\n"
        "    return loss, dW\n"
    )
    report = check_submission(file)
    assert report.verdict is Verdict.BROKEN
    assert "SystemExit" in report.message


def test_a_function_that_is_not_needed_is_not_called(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "class Net:\n"
        "    def __init__(self, input_size, output_size):\n"
        "        self.params = {'W1': np.random.randn(input_size, output_size)}\n\n"
        "    def loss(self, X, y, reg=0.0):\n"
        "        W = self.params['W1']\n"
        "        s = X @ W\n"
        "        e = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)\n"
        "        p = np.exp(e) / np.exp(e).sum(axis=1, keepdims=True)\n"
        "        r = np.arange(len(X))\n"
        "        loss = -np.log(p[r, y]).mean() + reg * np.sum(W * W)\n"
        "        d = self.scores_grad(s, y)\n"
        "        return loss, {'W1': X.T @ d / len(X) + reg * W}\n\n"
        "    def scores_grad(self, X, y):\n"
        "        d = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)\n"
        "        d[np.arange(len(X)), y] -= 1\n"
        "        return d\n"
    )
    report = check_submission(file)
    assert report.verdict is Verdict.WRONG
    assert report.subject.interface == "cs231n-two-layer"
    assert "penalty-halved" in [f.id for f in report.findings]


@pytest.mark.parametrize(("keep", "shape"), [("", (3,)), (", keepdims=True", (1, 3))])
def test_biases_have_the_shape_that_their_gradients_say(tmp_path, keep, shape):
    file = tmp_path / "either.py"
    file.write_text(
        "import numpy as np\n\n\n"
        "def loss_and_grads(params, X, y, reg):\n"
        "    W, b = params['W'], params['b']\n"
        "    s = X @ W + b\n"
        "    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)\n"
        "    r = np.arange(len(X))\n"
        "    loss = -np.log(p[r, y]).mean() + 0.5 * reg * np.sum(W * W)\n"
        "    p[r, y] -= 1\n"
        "    p /= len(X)\n"
        f"    db = p.sum(axis=0{keep})\n"
        "    return loss, {'W': X.T @ p + reg * W, 'b': db}\n"
    )
    report = check_submission(file)
    assert report.verdict is Verdict.CORRECT
    assert report.parameters["b"].shape == shape
    assert report.subject.notes == ()
