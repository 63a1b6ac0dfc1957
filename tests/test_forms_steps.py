"""Classes and functions that only train: what their step says of the gradient."""

import textwrap

import numpy as np
import pytest

from gradcheck.submissions import forms
from gradcheck.submissions.forms import calls

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
    setting = calls.Setting({}, np.zeros((7, 5)), np.zeros(7), 0.0, (5, 3))
    turned = np.arange(21.0).reshape(3, 7)
    found = calls.find_output([np.zeros(4), turned], setting)
    assert (found == turned.T).all()
    whole = np.ones((7, 3))
    assert calls.find_output([turned, whole], setting) is whole
    assert calls.find_output([np.zeros(4)], setting) is None
