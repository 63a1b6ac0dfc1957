"""Each step of docs/derivation.md on its own, and the document's own promises."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.networks import layers

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "derivation.md").read_text(encoding="utf-8")


def pulled_back(function, x, dout):
    """Return the gradient of ``sum(dout * function(x))`` by the complex step."""
    grad = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[i] += 1e-30j
        grad[i] = np.sum(dout * function(moved).imag) / 1e-30
    return grad


def draw(*shapes):
    rng = np.random.default_rng(sum(map(sum, shapes)))
    return [rng.standard_normal(shape) for shape in shapes]


def assert_same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


def test_step_1_the_loss_is_the_mean_of_minus_log_probabilities():
    scores, y = draw((5, 3))[0], np.array([0, 1, 2, 1, 0])
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    losses, _ = layers.softmax_cross_entropy(scores, y)
    assert_same(losses, -np.log(p[np.arange(5), y]))


def test_step_2_softmax_the_delta_is_probabilities_minus_one_hot():
    (scores,), y = draw((5, 3)), np.array([0, 1, 2, 1, 0])
    _, cache = layers.softmax_cross_entropy(scores, y)
    delta = layers.softmax_cross_entropy_backward(1.0, cache)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert_same(delta, p - np.eye(3)[y])
    loss = lambda s: layers.softmax_cross_entropy(s, y)[0]  # noqa: E731
    assert_same(delta, pulled_back(loss, scores, np.ones(5)))


def test_step_2_softmax_by_its_whole_jacobian():
    # dp_j/ds_k = p_j (1[j=k] - p_k), so that -1/p_y dp_y/ds_k = p_k - 1[k=y].
    (s,), y = draw((4,)), 2
    p = np.exp(s) / np.exp(s).sum()
    jacobian = np.diag(p) - np.outer(p, p)
    _, cache = layers.softmax_cross_entropy(s[np.newaxis], np.array([y]))
    delta = layers.softmax_cross_entropy_backward(1.0, cache)[0]
    assert_same(delta, -jacobian[y] / p[y])


def test_step_3_the_mean_divides_every_gradient_by_n_once():
    mean = networks.get("softmax")
    problem = networks.draw_problem(mean, np.random.default_rng(0), reg=0.0)
    point = (problem.params, problem.X, problem.y, 0.0)
    _, grads = mean.loss_and_grads(*point)
    _, sums = mean.variant(reduction="sum").loss_and_grads(*point)
    for name, g in grads.items():
        assert_same(7 * g, sums[name])


def test_step_4_affine_weight_is_input_transposed_times_delta():
    x, W, b, dout = draw((5, 4), (4, 3), (3,), (5, 3))
    _, dW, _ = layers.affine_backward(dout, layers.affine(x, W, b)[1])
    assert_same(dW, np.einsum("pi,pj->ij", x, dout))
    assert_same(dW, pulled_back(lambda W: layers.affine(x, W, b)[0], W, dout))


def test_step_5_affine_bias_is_the_sum_of_the_deltas():
    x, W, b, dout = draw((5, 4), (4, 3), (3,), (5, 3))
    _, _, db = layers.affine_backward(dout, layers.affine(x, W, b)[1])
    assert_same(db, dout.sum(axis=0))
    assert_same(db, pulled_back(lambda b: layers.affine(x, W, b)[0], b, dout))


def test_step_6_affine_input_takes_the_weights_transposed():
    x, W, b, dout = draw((5, 4), (4, 3), (3,), (5, 3))
    dx, _, _ = layers.affine_backward(dout, layers.affine(x, W, b)[1])
    assert_same(dx, dout @ W.T)
    assert_same(dx, pulled_back(lambda x: layers.affine(x, W, b)[0], x, dout))


def test_step_6_affine_with_one_output():
    x, w, dout = draw((5, 4), (4,), (5,))
    dx, dw, db = layers.affine_backward(dout, layers.affine(x, w, 0.5)[1])
    assert_same(dx, pulled_back(lambda x: layers.affine(x, w, 0.5)[0], x, dout))
    assert_same(dw, pulled_back(lambda w: layers.affine(x, w, 0.5)[0], w, dout))
    assert_same(db, dout.sum())


@pytest.mark.parametrize("name", layers.ACTIVATIONS)
def test_step_7_an_activation_multiplies_by_its_slope(name):
    x, dout = draw((5, 4), (4, 5))
    dout = dout.T
    _, forward, backward = layers.ACTIVATIONS[name]
    out, cache = forward(x)
    slope = {
        "identity": np.ones(x.shape),
        "relu": (x > 0).astype(float),
        "sigmoid": out * (1 - out),
        "tanh": 1 - out**2,
    }[name]
    assert_same(backward(dout, cache), dout * slope)
    assert_same(backward(dout, cache), pulled_back(lambda x: forward(x)[0], x, dout))


def test_step_7_relu_as_a_diagonal_jacobian():
    x, dout = draw((6,), (6,))
    jacobian = np.diag((x > 0).astype(float))
    assert_same(layers.relu_backward(dout, layers.relu(x)[1]), dout @ jacobian)


@pytest.mark.parametrize(("penalty", "factor"), [("half", 1), ("full", 2), ("none", 0)])
def test_step_8_the_penalty_adds_reg_times_w(penalty, factor):
    network = networks.get("softmax", penalty=penalty)
    problem = networks.draw_problem(network, np.random.default_rng(1))
    params, X, y = problem.params, problem.X, problem.y
    (with_it, grads), (without, data) = (
        network.loss_and_grads(params, X, y, reg) for reg in (0.1, 0.0)
    )
    squares = sum(np.sum(params[k] ** 2) for k in ("W1", "W2"))
    assert with_it - without == pytest.approx(factor / 2 * 0.1 * squares, rel=1e-12)
    for name, g in grads.items():
        assert_same(g - data[name], factor * 0.1 * params[name] * (name[0] == "W"))


def test_step_9_the_steps_make_the_network():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(2), reg=0.0)
    p, X, y = problem.params, problem.X, problem.y
    hidden_pre, first = layers.affine(X, p["W1"], p["b1"])
    hidden, live = layers.relu(hidden_pre)
    scores, second = layers.affine(hidden, p["W2"], p["b2"])
    losses, cache = layers.softmax_cross_entropy(scores, y)
    dscores = layers.softmax_cross_entropy_backward(1 / 7, cache)
    dhidden, dW2, db2 = layers.affine_backward(dscores, second)
    dhidden_pre = layers.relu_backward(dhidden, live)
    _, dW1, db1 = layers.affine_backward(dhidden_pre, first)
    loss, grads = network.loss_and_grads(p, X, y, 0.0)
    assert loss == pytest.approx(losses.mean(), rel=1e-14)
    for name, g in {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}.items():
        assert_same(grads[name], g)


def test_step_10_logistic_the_delta_is_minus_y_sigma_of_minus_margin():
    (scores,), y = draw((6,)), np.array([1, -1, 1, 1, -1, -1])
    losses, cache = layers.logistic(scores, y)
    delta = layers.logistic_backward(1.0, cache)
    assert_same(losses, np.log(1 + np.exp(-y * scores)))
    assert_same(delta, -y / (1 + np.exp(y * scores)))
    loss = lambda s: layers.logistic(s, y)[0]  # noqa: E731
    assert_same(delta, pulled_back(loss, scores, np.ones(6)))


@pytest.mark.parametrize("cost", ["softmax", "sigmoid", "squared"])
def test_step_12_every_cost_starts_the_recursion_with_its_slope(cost):
    scores, t = draw((5, 3), (3, 5))
    t = np.abs(t.T)
    _, forward, backward = layers.COSTS[cost]
    _, cache = forward(scores, t)
    weights = np.arange(1.0, 6.0)
    delta = backward(weights, cache)
    assert_same(delta, pulled_back(lambda s: forward(s, t)[0], scores, weights))


def test_step_12_the_delta_recursion_written_out():
    network = networks.get("deep", activations=("tanh", "sigmoid"), cost="squared")
    problem = networks.draw_problem(network, np.random.default_rng(3), reg=0.0)
    p, X, y = problem.params, problem.X, problem.y
    h1 = np.tanh(X @ p["W1"] + p["b1"])
    h2 = 1 / (1 + np.exp(-(h1 @ p["W2"] + p["b2"])))
    out = h2 @ p["W3"] + p["b3"]
    delta3 = (out - np.eye(3)[y]) / 7
    delta2 = (delta3 @ p["W3"].T) * h2 * (1 - h2)
    delta1 = (delta2 @ p["W2"].T) * (1 - h1**2)
    _, grads = network.loss_and_grads(p, X, y, 0.0)
    wanted = {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": h1.T @ delta2,
        "b2": delta2.sum(axis=0),
        "W3": h2.T @ delta3,
        "b3": delta3.sum(axis=0),
    }
    for name, g in wanted.items():
        assert_same(grads[name], g)


def test_step_13_columns_are_rows_transposed():
    rng = np.random.default_rng(4)
    columns = networks.get("deep", layout="columns")
    rows = columns.variant(layout="rows")
    problem = networks.draw_problem(columns, rng)
    turned = {k: p.T if k[0] == "W" else p[:, 0] for k, p in problem.params.items()}
    loss, grads = columns.loss_and_grads(problem.params, problem.X, problem.y, 0.1)
    other, others = rows.loss_and_grads(turned, problem.X.T, problem.y, 0.1)
    assert loss == other
    for name, g in grads.items():
        assert_same(g, others[name].T.reshape(g.shape))


def names_of_tests():
    """Return the test functions of the files that the document names."""
    found = set()
    for file in set(re.findall(r"test_\w+\.py", TEXT)):
        path = ROOT / "tests" / file
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            f"{path.name}::{node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    return found


def test_every_test_that_the_document_names_exists():
    named = set(re.findall(r"test_\w+\.py::test_\w+", TEXT))
    assert len(named) >= 35
    assert named <= names_of_tests()


def test_every_step_of_the_document_names_a_test():
    steps = re.split(r"^### ", TEXT, flags=re.M)[1:]
    assert len(steps) >= 15
    for step in steps:
        assert re.search(r"test_\w+\.py::test_\w+", step), step.splitlines()[0]
