"""Where shapes clash, it is told whose sizes they are."""

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.submissions.forms import clashes

pytestmark = pytest.mark.usefixtures("apart")

DEEP = """import numpy as np


def loss_and_grads(weights, biases, X, y):
    acts, pres = [X], []
    for W, b in zip(weights, biases):
        pres.append(acts[-1] @ W + b)
        acts.append(np.maximum(pres[-1], 0))
    s = pres[-1] - pres[-1].max(axis=1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.log(p[np.arange(n), y]).mean()
    d = p.copy()
    d[np.arange(n), y] -= 1
    d /= n
    dW, db = [None] * len(weights), [None] * len(weights)
    for i in reversed(range(len(weights))):
        dW[i] = acts[i].T @ d
        db[i] = d.sum(axis=0)
        if i > 0:
            d = {step}
    return loss, dW, db
"""


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            "(d @ weights[i].T) * (pres[i] > 0)",
            "operands could not be broadcast together with shapes (7,10) (7,3) at "
            "line 21: there are 10 units in hidden layer 2 and 3 outputs, and arrays "
            "of both meet there; a loss and its gradient were expected: look for an "
            "index that is one layer off in that line",
        ),
        (
            "(d @ weights[i - 1].T) * (pres[i - 1] > 0)",
            "(size 10 is different from 3) at line 21: there are 10 units in hidden "
            "layer 2 and 3 outputs, and arrays of both meet there; a loss and its "
            "gradient were expected: look for a missing transpose, or an index that is "
            "one layer off, in that line",
        ),
        (
            "weights[i] @ d",
            "(size 7 is different from 3) at line 21: there are 7 examples and 3 "
            "outputs, and arrays of both meet there; a loss and its gradient were "
            "expected: look for a missing transpose, or a sum over the wrong axis, in "
            "that line",
        ),
    ],
)
def test_the_layers_whose_arrays_meet_are_told(tmp_path, step, told):
    (tmp_path / "net.py").write_text(DEEP.format(step=step))
    message = check_submission(tmp_path / "net.py").message
    assert message.startswith("net.py:21: loss_and_grads raises ValueError: ")
    assert message.endswith(told)


A, B = np.ones((7, 10)), np.ones((7, 3))


@pytest.mark.parametrize(
    ("call", "sizes"),
    [
        (lambda: A * B, {10, 3}),
        (lambda: A @ B, {10, 7}),
        (lambda: A.dot(B), {10, 7}),
        (lambda: A.copy().__iadd__(B), {10, 3}),
        (lambda: A.copy().__setitem__(slice(None), B), {10, 3}),
        (lambda: A[B > 0], {10, 3}),
        (lambda: np.concatenate([A, np.ones((3, 3))]), {10, 3}),
        (lambda: np.einsum("ij,ij->i", A, B), {10, 3}),
        (lambda: np.multiply(np.ones((8, 3)), np.ones(8)), {8, 3}),
        (lambda: np.add(np.ones((1, 1, 3)), np.ones((7, 1, 4))), {3, 4}),
    ],
)
def test_the_sizes_that_clash_are_read_from_what_numpy_says(call, sizes):
    with pytest.raises((ValueError, IndexError)) as caught:
        call()
    assert set(clashes.clash(str(caught.value))) == sizes


@pytest.mark.parametrize(
    "said",
    ["other", "broadcast", "broadcast (7,3) (7,3)", "broadcast (7,3) (1,3)"],
)
def test_what_tells_of_no_clash_has_no_sizes(said):
    assert clashes.clash(said) is None


@pytest.mark.parametrize(
    ("error", "dims"),
    [
        (TypeError("shapes (7,10) and (7,3) not aligned: 10 (dim 1) != 7 (dim 0)"),
         (5, 10, 3)),
        (ValueError("could not broadcast (7,10) (7,4)"), (5, 10, 3)),
        (ValueError("could not broadcast (7,10) (7,3)"), (5, 10, 10, 3)),
        (ValueError("something else"), (5, 10, 3)),
    ],
)  # fmt: skip
def test_sizes_that_do_not_tell_are_not_explained(error, dims):
    assert clashes.explain(error, dims, 7) is None


def test_one_output_is_one():
    said = clashes.explain(ValueError("(size 8 is different from 1)"), (5, 8, 1), 7)
    assert said[0].startswith("there are 8 units in hidden layer 1 and 1 output, and")
