"""Nets of any depth are checked with two hidden layers: one hides a mistake."""

import textwrap

import pytest

from gradcheck import check_submission, networks
from gradcheck.submissions import forms
from gradcheck.submissions.offers import read_offer

NET = """
import numpy as np

class Net:
    def __init__(self, sizes):
        pairs = list(zip(sizes[:-1], sizes[1:]))
        self.W = [0.1 * np.random.randn(m, n) for m, n in pairs]
        self.b = [np.zeros(n) for n in sizes[1:]]

    def loss(self, X, y):
        acts = [X]
        for W, b in zip(self.W, self.b):
            acts.append(np.tanh(acts[-1] @ W + b))
        e = np.exp(acts[-1])
        p = e / e.sum(axis=1, keepdims=True)
        N = len(y)
        loss = -np.mean(np.log(p[np.arange(N), y]))
        p[np.arange(N), y] -= 1
        d = p / N * (1 - acts[-1] ** 2)
        dW, db = [0] * len(self.W), [0] * len(self.W)
        for i in range(len(self.W) - 1, -1, -1):
            dW[i], db[i] = acts[i].T @ d, d.sum(axis=0)
            if i:
                d = d @ self.W[i].T * (1 - acts[i] ** 2)
        return loss, {"W": dW, "b": db}
"""
ONE_ONLY = NET.replace("if i:", "if i:\n                assert i < 2, 'too deep'")


def offer_of(source):
    offer = forms.load(textwrap.dedent(source).encode(), "net.py", ())
    offer.close()
    return offer


@pytest.fixture(scope="module")
def deep():
    return offer_of(NET).describe()


def test_a_net_of_any_depth_is_checked_with_two_hidden_layers(deep):
    unit = deep["units"][0]
    assert unit["hidden"] == 2
    assert unit["names"] == ["W1", "W2", "W3", "b1", "b2", "b3"]
    assert unit["notes"] == [
        "it makes nets of any depth; checked with two hidden layers"
    ]


@pytest.mark.parametrize(
    ("network", "hidden"),
    [("auto", 2), ("deep", 2), ("softmax", 1), ("linear", 2),
     (networks.get("softmax"), 1), (networks.get("deep", depth=3), 2)],
)  # fmt: skip
def test_a_network_that_is_asked_for_settles_the_depth(deep, network, hidden):
    offered, _ = read_offer(deep, network)
    assert [o.hidden for o in offered] == [hidden]


def test_the_net_with_fewer_layers_answers_too(deep):
    offer = offer_of(NET)
    index = next(i for i, u in enumerate(offer.units) if u.hint["hidden"] == 1)
    network = networks.get("softmax")
    problem = networks.draw_problem(network, __import__("numpy").random.default_rng(0))
    point = problem.params, problem.X, problem.y, 0.0
    loss, grads = offer.evaluate(index, *point, True)
    assert loss > 0
    assert {k: g.shape for k, g in grads.items()} == {
        k: v.shape for k, v in problem.params.items()
    }


@pytest.mark.parametrize("number", [-1, 1, 7, "0", True])
def test_an_offer_cannot_stand_for_one_that_is_not_before_it(deep, number):
    units = [deep["units"][0], {**deep["units"][1], "instead_of": number}]
    offered, _ = read_offer({"units": units}, "softmax")
    assert [o.hidden for o in offered] == [2, 1]


def test_a_net_that_fails_with_two_hidden_layers_says_so():
    unit = offer_of(ONE_ONLY).describe()["units"][0]
    assert unit["hidden"] == 1
    assert unit["notes"][0].startswith(
        "two hidden layers: loss raises AssertionError: too deep at line 24"
    )


def test_a_net_that_runs_only_without_a_hidden_layer_is_broken():
    with pytest.raises(forms.Refused, match=r"W\[0\]' has shape \(5, 10\), but"):
        offer_of(NET.replace("if i:", "if i == 2:"))


@pytest.mark.slow
def test_a_mistake_between_two_hidden_layers_is_seen(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(NET.replace("acts[i] ** 2)\n    ", "acts[i] ** 2 * (i > 1))\n    "))
    report = check_submission(path)
    assert report.verdict == "wrong"
    assert [n for n, p in report.parameters.items() if p.verdict == "wrong"] == [
        "W1",
        "b1",
    ]
