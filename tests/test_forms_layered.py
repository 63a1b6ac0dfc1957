"""Gradients in nested lists, and in one dict a layer; parameters in such dicts, too."""

import ast

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import containers, gradients, holders, layered
from gradcheck.submissions.forms.names import Function

pytestmark = pytest.mark.usefixtures("apart")

DICT = 'W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]'
FLAT = 'return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}'
LAYERS = 'return loss, [{"dW": dW1, "db": db1}, {"dW": dW2, "db": db2}]'
BARE = 'return loss, [{"W": dW1, "b": db1}, {"W": dW2, "b": db2}]'
NET = """import numpy as np


def loss_and_grads(params, X, y, reg):
    {unpack}
    N = X.shape[0]
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).mean()
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dhidden = dscores @ W2.T * (hidden > 0)
    dW2, db2 = hidden.T @ dscores, dscores.sum(axis=0)
    dW1, db1 = X.T @ dhidden, dhidden.sum(axis=0)
    {returned}
"""
DEEP = """import numpy as np


def loss_and_grads(layers, X, y):
    acts = [X]
    for layer in layers:
        acts.append(np.tanh(acts[-1] @ layer["W"] + layer["b"]))
    d = acts[-1] - np.eye(acts[-1].shape[1])[y]
    loss = 0.5 * np.sum(d * d)
    grads = []
    for i in reversed(range(len(layers))):
        d = d * (1 - acts[i + 1] ** 2)
        grads.insert(0, {"dW": acts[i].T @ d, "db": d.sum(axis=0)})
        d = d @ layers[i]["W"].T
    return loss, grads
"""
CLASS = """import numpy as np


class Net:
    def __init__(self, sizes):
        self.layers = [
            {"W": np.random.randn(m, n), "b": np.zeros(n)}
            for m, n in zip(sizes[:-1], sizes[1:])
        ]

    def loss(self, X, y):
        acts = [X]
        for layer in self.layers:
            acts.append(np.tanh(acts[-1] @ layer["W"] + layer["b"]))
        d = acts[-1] - np.eye(acts[-1].shape[1])[y]
        loss = 0.5 * np.sum(d * d)
        grads = [None] * len(self.layers)
        for i in reversed(range(len(self.layers))):
            d = d * (1 - acts[i + 1] ** 2)
            grads[i] = {"dW": acts[i].T @ d, "db": d.sum(axis=0)}
            d = d @ self.layers[i]["W"].T
        return loss, grads
"""


def report_of(tmp_path, text):
    (tmp_path / "hw.py").write_text(text)
    return check_submission(tmp_path / "hw.py")


LISTED = [
    FLAT.replace("{", "{k: v.tolist() for k, v in {").replace("}", "}.items()}"),
    "return loss, dW1.tolist(), db1.tolist(), dW2.tolist(), db2.tolist()",
    "return loss, [dW1.tolist(), db1.tolist(), dW2.tolist(), db2.tolist()]",
    'return loss, [{"dW": dW1.tolist(), "db": db1.tolist()},'
    ' {"dW": dW2.tolist(), "db": db2.tolist()}]',
]
BY_LAYER = [
    LAYERS,
    BARE,
    'return loss, {"layer1": {"dW": dW1, "db": db1}, "layer2": {"dW": dW2, "db": db2}}',
    'return {"loss": loss, "grads": [{"W": dW1, "b": db1}, {"W": dW2, "b": db2}]}',
]


@pytest.mark.parametrize("returned", LISTED + BY_LAYER)
def test_gradients_in_lists_and_dicts_are_read(tmp_path, returned):
    report = report_of(tmp_path, NET.format(unpack=DICT, returned=returned))
    assert report.verdict is Verdict.CORRECT, report.message


@pytest.mark.parametrize("returned", [LISTED[0], LAYERS, BARE])
def test_a_mistake_among_them_shows(tmp_path, returned):
    text = NET.format(unpack=DICT, returned=returned)
    report = report_of(
        tmp_path, text.replace("hidden.T @ dscores", "-hidden.T @ dscores")
    )
    assert report.verdict is Verdict.WRONG
    wrong = [n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert wrong == ["W2"]


@pytest.mark.parametrize("returned", [LAYERS, BARE])
@pytest.mark.parametrize(
    "unpack",
    [
        '(W1, b1), (W2, b2) = [(l["W"], l["b"]) for l in params]',
        'W1, b1 = params[0]["W"], params[0]["b"]; '
        'W2, b2 = params[1]["W"], params[1]["b"]',
        'first, second = params; W1, b1 = first["W"], first["b"]; '
        'W2, b2 = second["W"], second["b"]',
        'l = params[0]; W1, b1 = l["W"], l["b"]; '
        'l = params[1]; W2, b2 = l["W"], l["b"]',
    ],
)
def test_parameters_are_held_in_one_dict_a_layer(tmp_path, unpack, returned):
    report = report_of(tmp_path, NET.format(unpack=unpack, returned=returned))
    assert report.verdict is Verdict.CORRECT, report.message


@pytest.mark.parametrize("text", [DEEP, CLASS])
def test_nets_of_any_depth_hold_them_so_too(tmp_path, text):
    assert report_of(tmp_path, text).verdict is Verdict.CORRECT
    wrong = report_of(tmp_path, text.replace("acts[i + 1] ** 2", "acts[i + 1]"))
    assert wrong.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("body", "kind", "parts"),
    [
        ('x = params[0]["W"]', "layers W", ("W1",)),
        ('for p in params: x = p["w"] + p["bias"]', "layers w bias",
         ("W1", "b1", "W2", "b2")),
        ('for i, (p, c) in enumerate(zip(params, caches)): x = p["W"] + p["b"]',
         "layers W b", ("W1", "b1", "W2", "b2")),
        ('x = params[0]["b"]', None, ()),
        ('x = params["W1"]', None, ()),
        ('x = params[0]["W1"]', None, ()),
        ('x = params[0]["name"]', None, ()),
        ("for p in params: x = p", None, ()),
    ],
)  # fmt: skip
def test_dicts_of_layers_are_told_from_others(body, kind, parts):
    found = layered.layered([ast.parse(body)], "params", 2)
    assert found == (None if kind is None else (kind, parts))


def test_what_a_forward_pass_keeps_is_not_taken_for_parameters():
    tree = ast.parse("def f(caches, X):\n    return caches[0]['W'] @ X")
    held = holders.arguments_of([Function("f", tree.body[0])])
    assert held.containers == {}


def test_dicts_of_layers_are_put_together():
    made = containers.contain("layers W b", ("W1", "b1", "W2", "b2"), (1, 2, 3, 4))
    assert made == [{"W": 1, "b": 2}, {"W": 3, "b": 4}]


def test_lists_of_vectors_of_equal_length_stay_lists_where_their_name_says_so():
    pair = [[1.0, 2.0], [3.0, 4.0]]
    names = [n for n, _ in gradients.arrays_in((0.5, pair), ("loss", "dbs"))]
    assert names == ["loss", "dbs[0]", "dbs[1]"]
    ((_, whole),) = gradients.arrays_in({"W1": pair}, ())
    assert np.shape(whole) == (2, 2)
