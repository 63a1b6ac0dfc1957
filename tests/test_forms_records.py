"""Parameters in a record, and in a dict that a helper reads."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import fields

HEADS = {
    "named-tuple": """
from collections import namedtuple

Params = namedtuple("Params", "W1 b1 W2 b2")
""",
    "dataclass": """
from dataclasses import dataclass

@dataclass
class Params:
    W1: object
    b1: object
    W2: object
    b2: object
""",
    "slots": """
from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class Params:
    W1: object
    b1: object
    W2: object
    b2: object
""",
    "dict": "",
}
BODY = """
import numpy as np

def scores_of(p, X):
    hidden = np.maximum(X @ p.W1 + p.b1, 0)
    return hidden, hidden @ p.W2 + p.b2

def probabilities(model, X):
    hidden, scores = scores_of(model, X)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, e / e.sum(axis=1, keepdims=True)

def loss(model, X, y, reg=0.0):
    _, probs = probabilities(model, X)
    penalty = 0.5 * reg * ((model.W1**2).sum() + (model.W2**2).sum())
    return -np.log(probs[np.arange(len(y)), y]).mean() + penalty

def gradient(model, X, y, reg=0.0):
    hidden, d = probabilities(model, X)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    below = (d @ model.W2.T) * (hidden > 0)
    return Params(
        W1=X.T @ below + reg * model.W1, b1=below.sum(axis=0),
        W2=hidden.T @ d + reg * model.W2, b2=d.sum(axis=0),
    )
"""
TOGETHER = """
def loss_and_gradient(model, X, y, reg=0.0):
    return loss(model, X, y, reg), gradient(model, X, y, reg)
"""


def written(head, more=""):
    source = HEADS[head] + BODY + more
    if head == "dict":
        for name in ("W1", "b1", "W2", "b2"):
            source = source.replace(f"model.{name}", f'model["{name}"]')
            source = source.replace(f"p.{name}", f'p["{name}"]')
        source = source.replace("Params(", "dict(")
    return source


@pytest.fixture
def check(tmp_path):
    def check(source, *objects):
        path = tmp_path / "net.py"
        path.write_text(source)
        return check_submission(path, objects=objects)

    return check


@pytest.mark.parametrize("more", ["", TOGETHER], ids=["apart", "together"])
@pytest.mark.parametrize("head", HEADS)
def test_parameters_may_be_attributes_and_read_by_helpers(head, more, check):
    report = check(written(head, more))
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2"}
    assert report.loss_verdict == "specified"
    wrong = check(written(head, more).replace(" + reg * model", " + 2 * reg * model"))
    assert [(f.id, f.parameters) for f in wrong.findings] == [
        ("penalty-doubled", ("W1", "W2"))
    ]


def test_a_record_is_what_files_expect_of_one():
    record = fields.Fields(W1=1, b1=2)
    assert [*record] == [1, 2]
    assert (len(record), record[0], record["b1"], record[-1]) == (2, 1, 2, 2)
    assert record._replace(b1=5)._asdict() == {"W1": 1, "b1": 5}
    assert fields.opened(record) == {"W1": 1, "b1": 2}
    assert fields.opened((1, 2)) == (1, 2)
    assert fields.opened(None) is None
    record.W1 = 7
    W1, b1 = record
    assert (W1, b1) == (7, 2)


def test_an_object_with_methods_is_no_record(check):
    source = written("dataclass", TOGETHER).replace(
        "    _, probs = probabilities(model, X)\n    penalty",
        "    probs = model.forward(X)\n    penalty",
    )
    assert check(source, "loss_and_gradient").verdict is Verdict.BROKEN


def test_a_dict_may_be_called_weights(check):
    source = written("dict", TOGETHER).replace("model", "weights")
    report = check(source)
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2"}
