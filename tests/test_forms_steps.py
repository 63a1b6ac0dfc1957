"""Classes and functions that only train: what their step says of the gradient."""

import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.submissions import forms
from gradcheck.submissions.forms.outputs import find_output
from gradcheck.submissions.forms.refusal import Refused
from gradcheck.submissions.forms.trials import Trial

pytestmark = pytest.mark.usefixtures("apart")

OWN = """
import numpy

def sigmoid(z):
    return 1 / (1 + numpy.exp(-z))

class neuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.wih = numpy.random.normal(0, hiddennodes**-0.5, (hiddennodes, inputnodes))
        self.who = numpy.random.normal(0, hiddennodes**-0.5, (outputnodes, hiddennodes))
        self.lr = learningrate

    def train(self, inputs_list, targets_list):
        inputs = numpy.array(inputs_list, ndmin=2).T
        targets = numpy.array(targets_list, ndmin=2).T
        hidden = sigmoid(self.wih @ inputs)
        final = sigmoid(self.who @ hidden)
        delta = (targets - final) * final * (1 - final)
        errors = self.who.T @ {errors}
        self.who += self.lr * delta @ hidden.T
        self.wih += self.lr * (errors * hidden * (1 - hidden)) @ inputs.T

    def {query}(self, inputs_list):
        inputs = numpy.array(inputs_list, ndmin=2).T
        return sigmoid(self.who @ sigmoid(self.wih @ inputs))
"""


def unit_of(source):
    offer = forms.load(textwrap.dedent(source).encode(), "own.py", ())
    offer.close()
    return offer.units[0].hint


@pytest.mark.parametrize("errors", ["delta", "(targets - final)"])
def test_a_class_that_trains_and_answers_is_understood(errors):
    hint = unit_of(OWN.format(errors=errors, query="query"))
    assert hint["interface"] == "in-place-step"
    assert hint["implied"] == "squared, sum"  # that of the layer nearest to the cost


STEP = """
import numpy as np

def softmax_epoch(X, y, theta, lr, batch):
    z = np.exp(X @ theta)
    z = z / z.sum(axis=1, keepdims=True)
    z[np.arange(len(y)), y] -= 1
    theta {sign} lr * X.T @ z
"""


@pytest.mark.parametrize("sign", ["+=", "-="])
def test_a_step_that_says_what_it_is_is_judged(sign):
    hint = unit_of(STEP.format(sign=sign))
    assert hint["implied"].startswith("softmax of scores")


def test_a_loss_and_a_rate_of_errors_are_no_gradient():
    source = """
    import numpy as np

    def loss_err(h, y):
        return np.mean(h ** 2), np.mean(h.argmax(axis=1) != y)
    """
    with pytest.raises(forms.Refused):
        unit_of(source)
    hint = unit_of(STEP.format(sign="-=") + textwrap.dedent(source))
    assert hint["object"] == "softmax_epoch"


def test_outputs_may_be_turned():
    setting = ("rows", 7, 3)
    turned = np.arange(21.0).reshape(3, 7)
    assert find_output([np.zeros(4), turned], *setting) is None
    found = find_output([np.zeros(4), turned], *setting, turned=True)
    assert (found == turned.T).all()
    whole = np.ones((7, 3))
    assert find_output([turned, whole], *setting) is whole
    assert find_output([np.zeros(4)], *setting) is None


def test_what_comes_first_is_the_whole_batch_and_the_own_loss():
    def trial(rank, *, each=False, own=True, right=(), error=None):
        recipe = SimpleNamespace(each=each, by_step=False, loss_step=0 if own else None)
        return Trial(recipe, rank, right=right, error=error)

    turned = Refused("transposed", "W")
    order = [
        trial(3, right=("W", "b")),
        trial(2, right=("W",)),
        trial(2),
        trial(0, error=turned),
        trial(3, own=False, right=("W", "b")),
        trial(3, each=True, right=("W", "b")),
        trial(3, each=True, own=False, right=("W", "b")),
        trial(1),
        trial(0, error=Refused("crashes", "oh")),
    ]
    assert sorted(order, key=lambda t: t.merit, reverse=True) == order
    assert [t.stands for t in order] == [True] * 7 + [False] * 2
    assert not trial(0, each=True, error=turned).stands


NIELSEN = """
import numpy as np

class Network:
    def __init__(self, sizes):
        self.biases = [np.zeros((m, 1)) for m in sizes[1:]]
        self.weights = [np.zeros((m, n)) for n, m in zip(sizes, sizes[1:])]

    def backprop(self, x, y):
        a = np.tanh(self.weights[0] @ x + self.biases[0])
        d = np.tanh(self.weights[1] @ a + self.biases[1]) - y
        e = self.weights[1].T @ d
        return [e, d], [e @ x.T, d @ a.T]
"""


def test_a_backward_pass_without_a_forward_pass_is_told_what_is_missing():
    with pytest.raises(forms.Refused) as caught:
        unit_of(NIELSEN)
    assert caught.value.code == "incomplete"
    assert caught.value.line == 9
    assert caught.value.text == (
        "Network.backprop has neither a loss nor a forward pass beside it, so that "
        "there is nothing to hold its gradient to; a method such as feedforward(a) "
        "that returns the outputs was expected: add it"
    )


@pytest.mark.parametrize("how", ["__import__", "importlib.import_module"])
def test_a_library_imported_by_name_is_named(tmp_path, how):
    path = tmp_path / "own.py"
    path.write_text(
        f"import importlib\ntorch = {how}('torch')\n"
        "def loss_and_grads(params, X, y, reg):\n"
        "    W = torch.tensor(params['W'])\n"
        "    loss = (X @ W).sum()\n"
        "    return loss, {'W': W.grad}\n"
    )
    report = check_submission(path, network="linear", timeout=5.5, memory_mb=600)
    assert report.verdict == "broken"
    assert "own.py:4: imports torch, which differentiates by itself" in report.message
    assert report.again.endswith(
        "own.py --seed 0 --network linear --timeout 5.5 --memory 600"
    )


DENSE = """
import numpy as np

class Dense:
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn({bias})

    def forward(self, input):
        self.input = input
        return self.weights @ self.input + self.bias

    def backward(self, output_gradient, learning_rate):
        dx = self.weights.T @ output_gradient
        self.weights -= learning_rate * output_gradient @ self.input.T
        {step}
        return dx
"""
ONE = "self.bias -= learning_rate * output_gradient"
ALL = "self.bias -= learning_rate * output_gradient.sum(axis=1, keepdims=True)"
GROWS = "self.bias = self.bias - learning_rate * output_gradient"


@pytest.mark.parametrize(
    ("step", "shape", "notes"),
    [
        (ONE, ["D", "1"], ["Dense.backward takes one example at a time"]),
        (ALL, ["D", "N"], []),
    ],
)
def test_a_layer_may_step_by_itself(step, shape, notes):
    source = DENSE.format(bias="output_size, 1", step=step)
    offer = forms.load(source.encode(), "own.py", ())
    offer.close()
    hint = offer.units[0].hint
    assert hint["interface"] == "module"
    assert hint["params"]["input"] == shape
    assert hint["notes"] == notes
    size = (5, 1) if "1" in shape else (5, 7)
    rng = np.random.default_rng(0)
    given = {"input": rng.normal(size=size), "weights": rng.normal(size=(4, 5))}
    given["bias"] = rng.normal(size=(4, 1))
    above = rng.normal(size=(4, size[1]))
    kept = {k: v.copy() for k, v in given.items()}
    loss, grads = offer.units[0].run(given, above, None, 0.0, True)
    assert loss == pytest.approx(
        np.sum(above * (given["weights"] @ given["input"] + given["bias"]))
    )
    assert grads["weights"] == pytest.approx(above @ given["input"].T)
    assert grads["bias"] == pytest.approx(above.sum(axis=1, keepdims=True))
    assert all((kept[k] == given[k]).all() for k in kept)


@pytest.mark.parametrize(("bias", "step"), [("output_size, 1", GROWS), ("1", ONE)])
def test_a_layer_that_forgets_the_sum_is_not_asked_for_one_example(bias, step):
    with pytest.raises(forms.Refused):
        unit_of(DENSE.format(bias=bias, step=step))


TURNED = """
import numpy as np

def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=0)

def cost(y_one_hot, y_hat, grad=False):
    if grad:
        return y_hat - y_one_hot
    return -np.sum(y_one_hot * np.log(y_hat)) / y_hat.shape[1]

class Net:
    def __init__(self, num_features, num_classes):
        self.W = np.zeros((num_classes, num_features))
        self.lr = 0.1

    def forward(self, X):
        return softmax(self.W @ X.T)

    def sgd_step(self, X, y):
        hot = np.eye(len(self.W))[y].T
        dZ = cost(hot, self.forward(X), grad=True)
        self.backward(dZ, X)

    def backward(self, dZ, X):
        self.W -= self.lr * dZ @ X / len(X)
"""


def test_a_loss_that_only_broadcasts_over_one_example_settles_nothing():
    hint = unit_of(TURNED)
    assert not hint["each"]
    assert not hint["own_loss"]
    assert hint["implied"] == "softmax, mean"
