"""The reference networks: right, stable, silent, and in every convention."""

import re

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.networks import datasets, layers

DEEP = [
    {"activations": a, "cost": c, "output": o}
    for a, c, o in (
        (("sigmoid", "sigmoid"), "squared", "sigmoid"),
        (("tanh",), "softmax", "identity"),
        (("relu", "tanh", "identity"), "sigmoid", "identity"),
        ((), "squared", "tanh"),
    )
]
NETWORKS = [("softmax", {}), ("linear", {}), ("logistic", {})] + [
    ("deep", kind) for kind in DEEP
]
CONVENTIONS = [
    {"penalty": "half", "reduction": "mean"},
    {"penalty": "full", "reduction": "sum"},
    {"penalty": "none", "layout": "columns"},
    {"penalty": "full", "layout": "columns", "biases": False},
]


def complex_step(network, problem):
    """Differentiate the loss by an imaginary step, one entry at a time."""
    grads = {}
    for name, p in problem.params.items():
        grads[name] = np.empty(p.shape)
        for i in np.ndindex(p.shape):
            moved = {k: q.astype(complex) for k, q in problem.params.items()}
            moved[name][i] += 1e-30j
            loss = network.loss(moved, problem.X, problem.y, problem.reg)
            grads[name][i] = loss.imag / 1e-30
    return grads


def largest(grads):
    return max(np.abs(g).max() for g in grads.values())


@pytest.mark.parametrize("conventions", CONVENTIONS, ids=str)
@pytest.mark.parametrize(("name", "kind"), NETWORKS, ids=str)
def test_the_gradient_is_the_derivative_of_the_loss(name, kind, conventions):
    network = networks.get(name, **kind, **conventions)
    problem = networks.draw_problem(network, np.random.default_rng(1))
    loss, grads = network.loss_and_grads(
        problem.params, problem.X, problem.y, problem.reg
    )
    numeric = complex_step(network, problem)
    assert loss == pytest.approx(
        network.loss(problem.params, problem.X, problem.y, problem.reg), rel=1e-14
    )
    assert list(grads) == list(problem.params)
    for key, p in problem.params.items():
        assert grads[key].shape == p.shape
        assert np.abs(grads[key] - numeric[key]).max() <= 1e-13 * largest(grads)


@pytest.mark.parametrize(("name", "kind"), NETWORKS, ids=str)
def test_the_shapes_of_a_problem_are_those_of_its_network(name, kind):
    for conventions in CONVENTIONS:
        network = networks.get(name, **kind, **conventions)
        problem = networks.draw_problem(network, np.random.default_rng(2))
        hidden = tuple(6 + 2 * i for i in range(len(network.activations)))
        shapes = {k: p.shape for k, p in problem.params.items()}
        assert shapes == network.shapes(4, hidden, 3)
        assert set(shapes) == {*network.weights, *network.bias_names}


@pytest.mark.parametrize("seed", range(20))
def test_hidden_units_are_dead_live_and_mixed_and_far_from_kinks(seed):
    problem = networks.draw_problem(
        networks.get("softmax"), np.random.default_rng(seed)
    )
    pre = problem.X @ problem.params["W1"] + problem.params["b1"]
    live = (pre > 0).sum(axis=0)
    assert {0, 7} < set(live.tolist())
    assert np.abs(pre).min() > 0.02
    assert problem.y[0] != problem.y[-1]
    assert set(problem.y.tolist()) == {0, 1, 2}
    for p in problem.params.values():
        assert 0.02 < np.abs(p).min() <= np.abs(p).max() < 4


@pytest.mark.parametrize("N", [1, 2, 3, 50])
@pytest.mark.parametrize("hidden", [(1,), (2,), (9,)])
def test_points_of_any_size_can_be_drawn(N, hidden):
    problem = networks.draw_problem(
        networks.get("logistic"), np.random.default_rng(N), N=N, D=2, hidden=hidden
    )
    assert problem.X.shape == (N, 2)
    assert set(problem.y.tolist()) <= {-1, 1}
    pre = problem.X @ problem.params["W1"] + problem.params["b1"]
    assert np.abs(pre).min() > 1e-4


def test_the_deep_net_is_the_others_in_other_words():
    rng = np.random.default_rng(3)
    for name, kind in (
        ("softmax", {"activations": ("relu",), "cost": "softmax"}),
        ("linear", {"activations": (), "cost": "softmax"}),
    ):
        network, deep = networks.get(name), networks.get("deep", **kind)
        problem = networks.draw_problem(network, rng)
        loss, grads = network.loss_and_grads(
            problem.params, problem.X, problem.y, problem.reg
        )
        renamed = dict(zip(("W1", "b1", "W2", "b2"), problem.params.values(), strict=0))
        other, others = deep.loss_and_grads(renamed, problem.X, problem.y, problem.reg)
        assert loss == pytest.approx(other, rel=1e-14)
        for mine, theirs in zip(grads.values(), others.values(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)


def test_the_logistic_net_is_the_sigmoid_cost_with_labels_of_another_coding():
    network = networks.get("logistic")
    deep = networks.get("deep", activations=("relu",), cost="sigmoid")
    problem = networks.draw_problem(network, np.random.default_rng(4))
    turned = {
        k: p.reshape(-1, 1) if k == "W2" else p for k, p in problem.params.items()
    }
    loss, grads = network.loss_and_grads(problem.params, problem.X, problem.y, 0.1)
    other, others = deep.loss_and_grads(turned, problem.X, (problem.y + 1) // 2, 0.1)
    assert loss == pytest.approx(other, rel=1e-14)
    for key, g in grads.items():
        np.testing.assert_allclose(g.ravel(), others[key].ravel(), rtol=1e-12)


@pytest.mark.parametrize("size", [1e1, 1e2, 1e3, 1e4])
@pytest.mark.parametrize("cost", ["softmax", "sigmoid", "logistic"])
def test_costs_are_stable_and_silent_for_scores_of_any_size(cost, size):
    forward, backward = layers.COSTS[cost].forward, layers.COSTS[cost].backward
    scores = size * np.array([[1.0, -1.0, 0.5], [-1.0, 1.0, -0.25], [0.0, 0.0, 1.0]])
    y = np.array([0, 0, 1])
    if cost == "logistic":
        scores, y = scores[:, 0], np.array([1, 1, -1])
    for dtype in (float, complex):
        losses, cache = forward(scores.astype(dtype), y)
        dscores = backward(1.0, cache)
        assert np.isfinite(losses).all()
        assert np.isfinite(dscores).all()
    assert losses.real.max() >= size


def test_confident_right_answers_keep_their_digits():
    scores = np.array([[0.0, 40.0]])
    losses, cache = layers.softmax_cross_entropy(scores, np.array([1]))
    dscores = layers.softmax_cross_entropy_backward(1.0, cache)
    p = np.exp(-40.0)
    np.testing.assert_allclose(losses, [p], rtol=1e-12)
    np.testing.assert_allclose(dscores, [[p, -p]], rtol=1e-12)


def test_unknown_names_are_refused_with_the_names_that_exist():
    cases = {
        "network 'cnn', but should be one of softmax, logistic, linear, deep": (
            ("cnn",),
            {},
        ),
        "penalty='l1', but should be one of 'none', 'half', 'full'": (
            ("softmax",),
            {"penalty": "l1"},
        ),
        "activation 'gelu', but should be one of identity, relu, sigmoid, tanh": (
            ("deep",),
            {"activations": "gelu"},
        ),
        "cost='hinge', but should be one of softmax, sigmoid, squared": (
            ("deep",),
            {"cost": "hinge"},
        ),
        "depth=2, but should be 3: one more than activations": (
            ("deep",),
            {"depth": 2, "activations": ("relu", "relu")},
        ),
    }
    for message, (args, kwargs) in cases.items():
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            networks.get(*args, **kwargs)


def test_targets_that_fit_no_output_are_refused():
    for y, message in (
        (
            np.array([0.5, 1.0]),
            "y has shape (2,) and dtype float64, but should be (N,) labels of int or "
            "(N, 3) targets",
        ),
        (
            np.array([0, 3]),
            "y holds labels from 0 to 3, but should hold labels from 0 to 2",
        ),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            layers.targets(y, 3)


def test_widths_that_fit_no_network_are_refused():
    network = networks.get("deep", depth=4)
    with pytest.raises(ValueError, match=r"hidden=\(6, 5\), but should hold 3 widths"):
        networks.draw_problem(network, np.random.default_rng(0), hidden=(6, 5))
    with pytest.raises(ValueError, match=r"hidden=\(6,\), but should hold 3 widths"):
        network.shapes(4, (6,), 3)


def test_a_cost_of_ones_own_can_be_used():
    def forward(out, y):
        return np.sum(np.cosh(out - 1.0), axis=1), out

    def backward(dout, out):
        return dout * np.sinh(out - 1.0)

    network = networks.get("deep", cost=layers.Layer("cosh", forward, backward))
    problem = networks.draw_problem(network, np.random.default_rng(5))
    _, grads = network.loss_and_grads(problem.params, problem.X, problem.y, 0.1)
    numeric = complex_step(network, problem)
    for key, g in grads.items():
        assert np.abs(g - numeric[key]).max() <= 1e-13 * largest(grads)
    assert network.cost == "cosh"


def test_targets_in_columns_are_those_in_rows():
    rng = np.random.default_rng(7)
    columns = networks.get("deep", layout="columns", cost="softmax")
    problem = networks.draw_problem(columns, rng)
    labels = (problem.params, problem.X, problem.y, 0.1)
    one_hot = (problem.params, problem.X, np.eye(3)[problem.y].T, 0.1)
    assert columns.loss(*labels) == columns.loss(*one_hot)
    loss, grads = columns.loss_and_grads(*labels)
    other, others = columns.loss_and_grads(*one_hot)
    assert loss == other
    for name, g in grads.items():
        np.testing.assert_array_equal(g, others[name])


def test_an_affine_layer_goes_without_a_bias():
    out, _ = layers.affine(np.ones((1, 2)), np.ones((2, 1)))
    assert out.tolist() == [[2.0]]


def test_he_initialisation_has_variance_two_over_inputs():
    for layout in ("rows", "columns"):
        network = networks.get("softmax", layout=layout)
        params = networks.initialise(
            network, np.random.default_rng(6), D=300, hidden=(200,), C=3
        )
        assert params["W1"].var() == pytest.approx(2 / 300, rel=0.03)
        assert params["W2"].var() == pytest.approx(2 / 200, rel=0.15)
        assert not params["b1"].any()
        shapes = {k: p.shape for k, p in params.items()}
        assert shapes == network.shapes(300, (200,), 3)


def test_moons_are_half_circles_that_reach_into_each_other():
    X, y = datasets.moons(np.random.default_rng(0), each=50, noise=0.0)
    upper, lower = X[y == -1], X[y == 1]
    assert np.allclose(np.hypot(*upper.T), 1.0)
    assert np.allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()
    assert np.allclose(lower[[0, -1]], [[0.0, 0.5], [2.0, 0.5]])
    noisy, _ = datasets.moons(np.random.default_rng(0), each=2000)
    clean, _ = datasets.moons(np.random.default_rng(0), each=2000, noise=0.0)
    assert np.std(noisy - clean) == pytest.approx(0.15, rel=0.05)
