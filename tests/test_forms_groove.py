"""A recipe that has run once goes straight where it found things, if they are there."""

from functools import partial

import numpy as np
import pytest

from gradcheck.submissions import forms


@pytest.fixture
def load():
    """Load sources in this process, and forget their modules in the end."""
    made = []

    def load(source):
        made.append(forms.load(source, "/nowhere/student.py"))
        return made[-1]

    yield load
    for offer in made:
        offer.close()


HEAD = """
import numpy as np
SEEN = []

def loss_and_grads(params, X, y, reg):
    W, b = params["W"], params["b"]
    N = len(X)
    s = X @ W + b
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    plain = -np.log(p[np.arange(N), y]).mean()
    loss = plain + 0.5 * reg * np.sum(W * W)
    SEEN.append(float(loss))
    d = p.copy()
    d[np.arange(N), y] -= 1
    d /= N
    dW, db = X.T @ d + reg * W, d.sum(axis=0)
"""
RETURNS = {
    "plain": "return loss, {'W': dW, 'b': db}",
    "no-axes-beside-a-float": "return np.asarray(loss), {'W': dW, 'b': db}, plain",
    "float-beside-a-float": "return loss, {'W': dW, 'b': db}, plain",
    "an-equal-float-before-it": "return plain, {'W': dW, 'b': db}, loss",
    "in-a-tuple": "return loss, dW, db",
    "in-a-list": "return loss, [dW, db]",
    "now-integers": "return loss, {'W': dW, 'b': db if reg == 0 else "
    "np.round(db * 0).astype(int) + db}",
    "now-float32": "return loss, {'W': dW if N % 2 else dW.astype(np.float32), "
    "'b': db}",
}


@pytest.mark.parametrize("returned", RETURNS.values(), ids=RETURNS)
def test_later_runs_read_what_the_first_would_have(returned, load):
    source = (HEAD + "    " + returned + "\n").encode()
    offer = load(source)
    rng = np.random.default_rng(0)
    for N, reg in ((7, 0.0), (7, 0.3), (4, 0.3), (5, 0.0), (4, 1.5)):
        params = {"W": rng.normal(size=(5, 3)), "b": rng.normal(size=3)}
        X, y = rng.normal(size=(N, 5)), np.arange(N) % 3
        afresh = load(source)
        known = {}
        exec(source, known)
        known["loss_and_grads"](params, X, y, reg)
        for gradients in (False, True):
            got, grads = offer.evaluate(0, params, X, y, reg, gradients)
            assert got == pytest.approx(known["SEEN"][-1], rel=1e-14)
        once, first = afresh.evaluate(0, params, X, y, reg, True)
        assert once == got
        assert all(np.array_equal(grads[k], first[k]) for k in first)


ARRANGED = {
    "dict": ("params, X, y, reg", 'W, b = params["W"], params["b"]', "plain"),
    "own-arguments": ("W, b, X, y, reg", "", "plain"),
    "changes-what-it-gets": (
        "W, b, X, y, reg", "W = W.copy(); b += 0.0; X *= 2; X /= 2", "plain",
    ),
    "an-array": ("W, b, X, y, reg", "", "np.full(1, plain)"),
}  # fmt: skip


@pytest.mark.parametrize("arranged", ARRANGED.values(), ids=ARRANGED)
def test_many_losses_in_one_go_are_those_of_single_calls(arranged, load):
    arguments, before, loss = arranged
    body = HEAD.split("    N = len(X)\n")[1]
    head = f"import numpy as np\nSEEN = []\n\ndef loss_and_grads({arguments}):\n"
    head += f"    {before or 'pass'}\n    N = len(X)\n"
    told = loss.replace("plain", "loss")
    offer = load((head + body + f"    return {told}, dW, db\n").encode())
    rng = np.random.default_rng(1)
    stacks = {"W": rng.normal(size=(6, 5, 3)), "b": rng.normal(size=(6, 3))}
    points = [{k: v[i].copy() for k, v in stacks.items()} for i in range(6)]
    kept = {k: v.copy() for k, v in stacks.items()}
    for N, reg in ((7, 0.0), (4, 0.3)):
        X, y, calls = rng.normal(size=(N, 5)), np.arange(N) % 3, iter(range(99))
        offer.evaluate(0, points[0], X.copy(), y, reg, True)
        X.flags.writeable = y.flags.writeable = False
        many = offer.losses(0, stacks, X, y, reg, partial(next, calls))
        singly = [offer.evaluate(0, p, X.copy(), y, reg, False)[0] for p in points]
        assert many == singly
        assert len(set(many)) == next(calls) == 6
    assert all(np.array_equal(stacks[k], kept[k]) for k in kept)


TURNED = """
import numpy as np

class Net:
    def __init__(self, n_x, n_h, n_y):
        self.reg = 0.0
        self.layers = [
            {"W": np.zeros((n_h, n_x)), "b": np.zeros((n_h, 1))},
            {"W": np.zeros((n_y, n_h)), "b": np.zeros((n_y, 1))},
        ]

    def loss(self, X, y):
        (one, two), m = self.layers, X.shape[1]
        Y = np.eye(len(two["b"]))[y].T
        A = np.tanh(one["W"] @ X + one["b"])
        s = two["W"] @ A + two["b"]
        p = np.exp(s - s.max(axis=0))
        p /= p.sum(axis=0)
        loss = -np.log((p * Y).sum(axis=0)).mean()
        loss += 0.5 * self.reg * sum(np.sum(l["W"] ** 2) for l in self.layers)
        d = (p - Y) / m
        e = (two["W"].T @ d) * (1 - A * A)
        self.reg = None if self.reg is None else self.reg
        dW1, dW2 = e @ X.T + self.reg * one["W"], d @ A.T + self.reg * two["W"]
        db1, db2 = e.sum(axis=1, keepdims=True), d.sum(axis=1, keepdims=True)
        return loss, dW1, db1, dW2, db2
"""


def test_many_losses_of_an_object_are_those_of_single_calls(load):
    offer = load(TURNED.encode())
    (unit,) = offer.describe()["units"]
    assert unit["layout"] == "columns"
    shapes = {"W1": (4, 6), "b1": (6,), "W2": (6, 3), "b2": (3,)}
    rng = np.random.default_rng(2)
    stacks = {name: rng.normal(size=(5, *shape)) for name, shape in shapes.items()}
    points = [{k: v[i].copy() for k, v in stacks.items()} for i in range(5)]
    for N, reg in ((7, 0.0), (4, 0.3), (7, 0.3)):
        X, y = rng.normal(size=(N, 4)), np.arange(N) % 3
        offer.evaluate(0, points[0], X, y, reg, True)
        many = offer.losses(0, stacks, X, y, reg, lambda: None)
        afresh = load(TURNED.encode())
        singly = [afresh.evaluate(0, p, X, y, reg, False)[0] for p in points]
        assert np.allclose(many, singly, rtol=1e-14)
        assert len(set(many)) == 5
