"""A layer that is an object: what it keeps of one batch for the next."""

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions import forms, offers, used
from gradcheck.submissions.forms import offer, wear
from gradcheck.submissions.forms.offer import USED

AFFINE = """
import numpy as np

class Affine:
    def __init__(self, W, b):
        self.W, self.b, self.x = W, b, None
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def forward(self, x):
        {store}
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW {adds}= self.x.T @ dout
        self.db {adds}= dout.sum(axis=0)
        return dout @ self.W.T
"""
MASKED = """
import numpy as np

class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        if self.mask is None{again}:
            self.mask = x <= 0
        return {out}

    def backward(self, dout):
        dx = dout.copy()
        dx[self.mask] = 0
        return dx
"""
DROPOUT = """
import numpy as np

class Dropout:
    def __init__(self, p=0.5):
        self.p = p
        {rng}

    def forward(self, x):
        self.mask = {draw} > self.p
        return x * self.mask / (1 - self.p)

    def backward(self, dout):
        return dout * self.mask / (1 - self.p)
"""
STEPPING = """
class Dense:
    def __init__(self, weights, bias):
        self.weights, self.bias = weights, bias

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, dout, learning_rate):
        dx = dout @ self.weights.T
        self.weights -= learning_rate * self.x.T @ dout
        self.bias -= learning_rate * dout.sum(axis=0)
        return dx
"""


@pytest.fixture
def check(tmp_path):
    def check(source):
        path = tmp_path / "layers.py"
        path.write_text(source)
        return check_submission(path)

    return check


def told(report):
    return [(o.id, o.fatal, o.detail) for o in report.hygiene if not o.ok]


RIGHT = {
    "affine": AFFINE.format(store="self.x = x", adds=""),
    "relu": MASKED.format(again=" or True", out="np.maximum(x, 0)"),
    "dropout": DROPOUT.format(rng="pass", draw="np.random.rand(*x.shape)"),
    "dropout-of-its-own": DROPOUT.format(
        rng="self.rng = np.random.default_rng(0)", draw="self.rng.random(x.shape)"
    ),
    "stepping": STEPPING,
}


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_what_starts_anew_is_right(source, check):
    report = check(source)
    assert report.verdict is Verdict.CORRECT
    assert told(report) == []


STALE = {
    "inputs-of-the-first-batch": (
        AFFINE.format(store="self.x = x if self.x is None else self.x", adds=""),
        "the gradient of W is that of the earlier one",
    ),
    "mask-of-the-first-batch": (
        MASKED.format(again="", out="np.maximum(x, 0)"),
        "the gradient of x is that of the earlier one",
    ),
    "inputs-that-are-mixed": (
        AFFINE.format(
            store="self.x = x if self.x is None else (x + self.x) / 2", adds=""
        ),
        "the gradient of W is another",
    ),
}


@pytest.mark.parametrize(("source", "words"), STALE.values(), ids=STALE)
def test_a_backward_pass_of_an_earlier_batch_is_wrong(source, words, check):
    report = check(source)
    assert report.verdict is Verdict.WRONG
    text = (
        f"after another batch {words}: what the backward pass uses is not stored anew "
        "in each forward pass; store it every time"
    )
    assert told(report) == [("stale-cache", True, text)]
    assert report.message == f"stale-cache: {text}"


def test_gradients_that_add_up_are_remarked_upon(check):
    report = check(AFFINE.format(store="self.x = x", adds="+"))
    assert report.verdict is Verdict.CORRECT
    assert told(report) == [
        (
            "accumulates",
            False,
            "backward adds to the gradient of W and b that the last batch has left; "
            "set it to zero before each batch",
        )
    ]


def test_an_output_of_an_earlier_batch_is_remarked_upon(check):
    report = check(MASKED.format(again="", out="np.where(self.mask, 0, x)"))
    assert report.verdict is Verdict.CORRECT
    assert told(report) == [
        (
            "stale-cache",
            False,
            "after another batch the same inputs give another output: the object keeps "
            "something of what came before; each batch should start anew",
        )
    ]


def test_judge_and_child_mean_the_same_by_their_numbers():
    assert (offers.SMOOTH, offers.USED) == (offer.SMOOTH, offer.USED)
    assert used.EARLIER == wear.EARLIER


def test_a_wrong_layer_is_not_asked_again(check):
    source = AFFINE.format(store="self.x = x", adds="+")
    report = check(source.replace("dout.sum(axis=0)", "dout.mean(axis=0)"))
    assert report.verdict is Verdict.WRONG
    assert all(o.ok for o in report.hygiene if o.id == "accumulates")


def test_an_object_that_was_used_draws_what_a_new_one_does():
    source = DROPOUT.format(rng="pass", draw="np.random.rand(*x.shape)").encode()
    loaded = forms.load(source, "/nowhere/layers.py")
    x, above = np.ones((7, 5)), np.ones((7, 5))
    found = []
    for unit in (0, USED):
        np.random.seed(4)  # noqa: NPY002
        found.append(loaded.evaluate(unit, {"x": x}, above, np.zeros(0), 0.0, True))
    loaded.close()
    (one, grads), (two, again) = found
    assert one == two
    assert np.array_equal(grads["x"], again["x"])
    assert 0 < (grads["x"] == 0).sum() < 35
