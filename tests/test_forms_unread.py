"""A layer whose parameters have names of their own is not called right as a whole."""

import pytest

from gradcheck.submissions import forms

pytestmark = pytest.mark.usefixtures("apart")

NORM = """import numpy as np


class Scale:
    def __init__(self, dim):
        self.{name} = np.ones(dim)

    def forward(self, x):
        self.x = x
        return self.{name} * x

    def backward(self, dout):
        self.d{name} = (dout * self.x).sum(axis=0)
        return dout * self.{name}
"""


def notes_of(source):
    offer = forms.load(source.encode(), "hw.py")
    offer.close()
    return offer.units[0].hint["notes"]


def test_what_is_not_checked_of_a_layer_is_noted():
    assert notes_of(NORM.format(name="stretch")) == [
        "not checked: the gradient of stretch, which no name tells to be weights or "
        "biases; gradcheck.check_vjp takes them as inputs"
    ]


def test_a_layer_that_stores_no_such_gradient_has_no_note():
    source = NORM.format(name="stretch").replace("self.dstretch", "self.kept")
    assert notes_of(source) == []
    bare = "class Twice:\n    def forward(self, x):\n        return 2 * x\n\n"
    bare += "    def backward(self, dout):\n        return 2 * dout\n"
    assert notes_of(bare) == []
