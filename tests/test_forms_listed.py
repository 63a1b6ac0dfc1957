"""Parameters that come in lists of weights and biases, or in pairs."""

import ast
import itertools

import numpy as np
import pytest

from gradcheck.submissions import forms
from gradcheck.submissions.forms import containers, holders, listed

pytestmark = pytest.mark.usefixtures("apart")

LISTS = """
import numpy as np

def cost_and_gradient(weights, biases, X, Y):
    acts = [X]
    for W, b in zip(weights, biases):
        acts.append(np.tanh(acts[-1] @ W + b))
    d = acts[-1] - Y
    cost = 0.5 * np.sum(d * d)
    d = d * (1 - acts[-1] ** 2)
    dws, dbs = [], []
    for l in range(len(weights) - 1, -1, -1):
        dws.insert(0, acts[l].T @ d)
        dbs.insert(0, d.sum(axis=0))
        d = d @ weights[l].T * (1 - acts[l] ** 2)
    return cost, dws, dbs
"""
PAIRS = """
import numpy as np

def cost_and_gradient(params, X, Y):
    {unpack}
    h = np.tanh(X @ W1 + b1)
    d = h @ W2 + b2 - Y
    cost = 0.5 * np.sum(d * d)
    e = d @ W2.T * (1 - h * h)
    return cost, [(X.T @ e, e.sum(0)), (h.T @ d, d.sum(0))]
"""
LOOP = """
import numpy as np

def cost_and_gradient(params, X, Y):
    acts = [X]
    for l, (W, b) in enumerate(params):
        acts.append(acts[-1] @ W + b)
    d = acts[-1] - Y
    cost = 0.5 * np.sum(d * d)
    found = []
    for a, (W, b) in zip(acts[-2::-1], params[::-1]):
        found.insert(0, (a.T @ d, d.sum(0)))
        d = d @ W.T
    return cost, found
"""
ORDER = """
import numpy as np

def loss_and_gradients(x, y, params):
    W, b, U, b_tag = params
    h = np.tanh(x @ W + b)
    p = np.exp(h @ U + b_tag)
    p = p / p.sum()
    loss = -np.log(p[y])
    p[y] -= 1
    dh = U @ p * (1 - h * h)
    return loss, [np.outer(x, dh), dh, np.outer(h, p), p]
"""


def right(source):
    """Whether the gradient of the first unit goes with its loss, and its names."""
    offer = forms.load(source.encode(), "lists.py", ())
    offer.close()
    unit = offer.units[0]
    rng = np.random.default_rng(0)
    dims = (5, 8, 10, 3) if unit.hint["hidden"] == 2 else (5, 8, 3)
    params = {}
    for k, (m, n) in enumerate(itertools.pairwise(dims), 1):
        params |= {f"W{k}": rng.normal(size=(m, n)), f"b{k}": rng.normal(size=n)}
    params = {k: 0.4 * v for k, v in params.items()}
    X, y = rng.normal(size=(6, 5)), np.arange(6) % 3
    _, grads = unit.run(params, X, y, 0.0, True)
    v = {k: rng.normal(size=p.shape) for k, p in params.items()}
    ends = [
        unit.run({k: p + h * v[k] for k, p in params.items()}, X, y, 0.0, False)[0]
        for h in (1e-5, -1e-5)
    ]
    claimed = sum(np.sum(grads[k] * v[k]) for k in params)
    return abs(claimed - (ends[0] - ends[1]) / 2e-5) < 1e-6 * abs(claimed)


@pytest.mark.parametrize(
    "source",
    [
        LISTS,
        PAIRS.format(unpack="(W1, b1), (W2, b2) = params"),
        PAIRS.format(unpack="[[W1, b1], [W2, b2]] = params"),
        LOOP,
        ORDER,
    ],
)
def test_parameters_in_lists_are_understood(source):
    assert right(source)


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [(LISTS, "* (1 - acts[l] ** 2)", ""), (LOOP, "d.sum(0)", "2 * d.sum(0)"),
     (ORDER, "(1 - h * h)", "h")],
)  # fmt: skip
def test_a_mistake_among_them_shows(source, old, new):
    assert not right(source.replace(old, new))


@pytest.mark.parametrize(
    ("body", "argument", "names"),
    [
        ("for W, b in zip(weights, biases): pass", "weights", 3),
        ("for w in weights: pass", "weights", 3),
        ("a = X @ weights[0]; c = a @ weights[1]", "weights", 2),
        ("n = len(Ws)", "Ws", 3),
        ("for v, c in zip(W, b): pass", "W", 3),
        ("n = len(w)", "w", 0),
        ("s = w[j] * X[j]", "w", 0),
        ("s = X @ weights; n = len(weights)", "weights", 0),
        ("s = X.dot(weights); n = len(weights)", "weights", 0),
        ("n = weights.shape[0]; v = weights[0]", "weights", 0),
        ("v = weights[:, 0]; n = len(weights)", "weights", 0),
        ("v = weights[1:]", "weights", 0),
        ("n = len(scores)", "scores", 0),
    ],
)
def test_a_list_is_told_from_an_array(body, argument, names):
    assert len(listed.listed(ast.parse(body), argument, 3)) == names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("(W1, b1), (W2, b2) = params", ("W1", "b1", "W2", "b2")),
        ("for W, b in reversed(params): pass", ("W1", "b1", "W2", "b2")),
        ("s = [x @ w + b for w, b in params]", ("W1", "b1", "W2", "b2")),
        ("(W1, W2), (b1, b2) = params", ()),
        ("for i, p in enumerate(params): pass", ()),
        ("W1, b1 = params", ()),
    ],
)
def test_pairs_are_told_from_other_lists(body, names):
    assert listed.paired(ast.parse(body), "params", 2) == names


def test_pairs_are_put_together():
    made = containers.contain("pairs", ("W1", "b1", "W2", "b2"), (1, 2, 3, 4))
    assert made == [(1, 2), (3, 4)]


def test_lists_of_weights_and_of_biases_stay_apart():
    tree = ast.parse("def f(weights, biases, X): return list(zip(weights, biases))")
    held = holders.arguments_of([holders.Function("f", tree.body[0])], 2)
    assert held.containers == {
        "weights": ("list", ("weights[0]", "weights[1]")),
        "biases": ("list", ("biases[0]", "biases[1]")),
    }
