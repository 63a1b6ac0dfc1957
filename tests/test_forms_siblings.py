"""A right gradient does not speak for a broken one beside it."""

import textwrap

import pytest

from gradcheck.submissions import forms

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
