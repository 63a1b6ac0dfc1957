"""A right gradient does not speak for a broken one beside it."""

import signal
import textwrap
import threading

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions import forms
from gradcheck.submissions.forms import guarding, patience

pytestmark = pytest.mark.usefixtures("apart")

RIGHT = """
import numpy as np

def {name}(W, X, y, reg):
    s = X @ W
    e = np.exp(s - s.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y])) + reg * np.sum(W * W)
    p[np.arange(len(y)), y] -= 1
    return loss, X.T @ p / len(y) + 2 * reg * W
"""
LAYERS = """
def affine_forward(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
"""


@pytest.fixture
def described(tmp_path):
    """Return the units that run, those that do not, and the notes of source text."""

    def load(source):
        path = tmp_path / "homework.py"
        data = textwrap.dedent(source).encode()
        path.write_bytes(data)
        offer = forms.load(data, str(path), ())
        try:
            run = [u.hint["object"] for u in offer.units if u.run]
            broken = {
                u.hint["object"]: u.hint["broken"] for u in offer.units if not u.run
            }
            return run, broken, " ".join(offer.notes)
        finally:
            offer.close()

    return load


@pytest.mark.parametrize("name", ["softmax_loss_naive", "_f"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("loss, dW = np.nan, W; return loss, dW", "the loss nan"),
        ("loss, dW = 0.0, W", "returns nothing"),
        ("loss, dW = zork(W), W; return loss, dW", "'zork' is not defined"),
        ("loss, dW = 0.0, np.zeros_like(W); return loss, dW", "zero everywhere"),
        ("loss, dW = X.sum() * W.sum(), W[:2, :2]; return loss, dW", "gradient"),
    ],
)
def test_a_broken_sibling_is_a_unit_and_a_note(described, name, body, says):
    text = f"def softmax_loss_vectorized(W, X, y, reg):\n    {body}\n"
    run, broken, notes = described(RIGHT.format(name=name) + text)
    assert run == [name]
    assert says in broken["softmax_loss_vectorized"]["text"]
    assert broken["softmax_loss_vectorized"]["line"] in (11, 12)
    assert "softmax_loss_vectorized" in notes
    assert "line 1" in notes


@pytest.mark.parametrize(
    "head",
    ["_softmax_loss(W, X, y, reg)", "print_loss(W, X, y)", "loss_of_dropout(W, p, s)"],
)
def test_what_is_private_or_other_work_does_not_count(described, head):
    text = f"def {head}:\n    loss, dW = zork(W), W; return loss, dW\n"
    run, broken, _ = described(RIGHT.format(name="softmax_loss") + text)
    assert run == ["softmax_loss"]
    assert not broken


def test_a_basic_layer_counts_and_a_template_is_a_note(described):
    run, broken, notes = described(
        LAYERS
        + """
def relu_forward(x):
    return x * (x > 0), x

def relu_backward(dout, cache):
    return dout * (zork > 0)

def batchnorm_forward(x, gamma, beta, bn_param):
    return None, None

def batchnorm_backward(dout, cache):
    return None, None, None
"""
    )
    assert run == ["affine"]
    assert list(broken) == ["relu"]
    assert broken["relu"]["line"] == 13
    assert "batchnorm_forward" in notes


def test_a_network_beside_its_layers_counts(described):
    run, broken, _ = described(
        "import numpy as np\n"
        + LAYERS
        + """
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {
            "W1": np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }
    def loss(self, X, y=None, reg=0.0):
        h = np.maximum(0, X @ self.params["W1"] + b1)
        return h.sum(), {}
"""
    )
    assert run == ["affine"]
    assert "TwoLayerNet" in broken


HEAD = "def softmax_loss_vectorized(W, X, y, reg):\n"
RETURNS = """
def other_loss(W, X, y, reg):
    l, g = 0.0, np.zeros_like(W)
    for i in range(len(X)):
        s = X[i] @ W
        p = np.exp(s) / np.exp(s).sum()
        l -= np.log(p[y[i]])
        p[y[i]] -= 1
        g += np.outer(X[i], p)
    return l / len(X), g / len(X)
"""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            "e = np.exp(X @ W)\n    p = e / e.sum(axis=1)\n    loss = p.mean()\n"
            "    return loss, X.T @ p",
            "operands could not be broadcast together with shapes (7,3) (7,)",
        ),
        (
            "loss = np.log(np.exp(X @ W).sum(axis=1))\n    return loss, X.T @ (X @ W)",
            "returns a loss of shape (7,), but a single number was expected",
        ),
        (
            "s = X @ W\n    s[np.arange(len(y)), y] = 0\n    loss = np.sum(s * s)\n"
            "    return loss, 2 * s.T @ X",
            "'W' has shape (3, 5), but should have (5, 3), the shape of the parameter: "
            "transpose it",
        ),
    ],
)
def test_a_sibling_that_takes_no_batch_is_not_fed_single_examples(
    described, body, says
):
    text = RIGHT.format(name="softmax_loss_naive") + HEAD + "    " + body + "\n"
    run, broken, _ = described(text)
    assert run == ["softmax_loss_naive"]
    assert says in broken["softmax_loss_vectorized"]["text"]
    assert broken["softmax_loss_vectorized"]["line"] >= 10


def test_a_sibling_that_returns_expressions_is_checked(described):
    run, broken, _ = described(RIGHT.format(name="softmax_loss_naive") + RETURNS)
    assert run == ["softmax_loss_naive", "other_loss"]
    assert not broken
    assert described("import numpy as np\n" + RETURNS)[0] == ["other_loss"]


def test_a_loss_alone_beside_a_gradient_is_a_note(described):
    text = "def data_loss(W, X, y, reg):\n    return np.sum(X @ W)\n"
    run, broken, notes = described(RIGHT.format(name="softmax_loss_naive") + text)
    assert run == ["softmax_loss_naive"]
    assert not broken
    assert (
        "not checked: data_loss returns `np.sum(X @ W)`, the loss without a gradient "
        "(line 12)"
    ) in notes


def test_a_loss_beside_a_class_is_a_note(described):
    text = """
import numpy as np

def svm_loss(W, X, y, reg):
    raise NotImplementedError

def _helper_loss(W, X, y): ...

class Net:
    def __init__(self, D, C):
        self.W = np.zeros((D, C))

    def loss(self, X, y):
        s = X @ self.W
        loss = 0.5 * np.sum(s * s)
        return loss, {"W": X.T @ s}
"""
    run, broken, notes = described(text)
    assert run == ["Net"]
    assert not broken
    assert "not checked: svm_loss(W, X, y, reg): it is checked if asked" in notes
    assert "_helper" not in notes


@pytest.mark.parametrize("body", ["pass", "return None", "loss = 0"])
def test_a_loss_that_returns_nothing_is_unfinished(described, body):
    with pytest.raises(forms.Refused) as caught:
        described(f"def softmax_loss(W, X, y, reg):\n    {body}\n")
    assert caught.value.text == (
        "softmax_loss returns nothing; a loss and its gradient were expected: finish "
        "it and return both"
    )
    assert caught.value.line == 1


@pytest.mark.parametrize("swallow", [False, True])
def test_an_endless_sibling_is_named(described, monkeypatch, swallow):
    monkeypatch.setattr(guarding.quietly, "__kwdefaults__", {"seconds": 0.05})
    loop = "pass" if not swallow else "\n     try: 1 / 0\n     except Exception: pass"
    text = HEAD + f"    loss, dW = 0, W\n    while True: {loop}\n    return loss, dW\n"
    run, broken, _ = described(RIGHT.format(name="softmax_loss_naive") + text)
    assert run == ["softmax_loss_naive"]
    found = broken["softmax_loss_vectorized"]
    assert found["code"] == "timeout"
    assert found["text"].startswith(
        "softmax_loss_vectorized gave no answer within 2 s on a batch of seven examples"
    )
    assert found["line"] in (12, 13, 14)


def test_what_takes_no_time_is_not_stopped():
    before = signal.getsignal(signal.SIGPROF)
    with patience.limited(5.0):
        pass
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_nothing_is_stopped_outside_the_main_thread():
    def work():
        with patience.limited(0.001):
            done.append(sum(range(300_000)))

    done: list[int] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [44999850000]


NETWORK = """
import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in)
        self.b = np.zeros((n_out, 1))

    def forward(self, H):
        return self.W @ H + self.b

    def backward(self, dZ, Z_prev, g):
        return self.W.T @ dZ * g(Z_prev)

    def grad(self, dZ, H_prev):
        return dZ @ H_prev.T / dZ.shape[1], dZ.mean(axis=1, keepdims=True)


class Network:
    def __init__(self, sizes, learning_rate):
        self.layers = [Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        self.learning_rate = learning_rate

    def forward(self, X):
        self.H = [X.T]
        for layer in self.layers[:-1]:
            self.H.append(np.tanh(layer.forward(self.H[-1])))
        S = self.layers[-1].forward(self.H[-1])
        e = np.exp(S - S.max(axis=0))
        return e / e.sum(axis=0)

    def step(self, X, y):
        P = self.forward(X)
        dZ = P - np.eye(len(P))[y].T
        for k in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[k]
            dW, db = layer.grad(dZ, self.H[k])
            if k:
                dZ = layer.W.T @ dZ * (1 - self.H[k] ** 2)
            layer.W -= self.learning_rate * dW
            layer.b -= self.learning_rate * db
"""


def test_a_class_that_a_running_one_makes_is_a_part_of_it(tmp_path):
    path = tmp_path / "network.py"
    path.write_text(NETWORK)
    report = check_submission(path)
    assert report.verdict is Verdict.CORRECT
    assert report.subject.object == "Network"
