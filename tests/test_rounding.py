"""The bounds on rounding errors: wide enough, and not much wider."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.laws.rounding import rounding_bounds

EPS = float(np.finfo(np.float32).eps)
KINDS = [("softmax", {}), ("linear", {}), ("logistic", {})]
KINDS += [
    ("deep", {"activations": activations, "cost": cost, "output": output})
    for activations, cost, output in (
        (("tanh", "sigmoid"), "squared", "identity"),
        (("relu", "identity"), "sigmoid", "tanh"),
        (("relu",), "softmax", "sigmoid"),
    )
]


def single(a):
    return a.astype(np.float32)


def both_precisions(network, problem, scale):
    """Return loss and gradients in single and in double precision, and the bounds."""
    y = problem.y.astype(float)
    if network.cost != "logistic":
        y = np.eye(3)[problem.y]
    params = {k: single(scale * p) for k, p in problem.params.items()}
    X = single(problem.X)
    coarse = network.loss_and_grads(params, X, single(y), 0.0)
    assert coarse[0].dtype == np.float32
    params = {k: p.astype(float) for k, p in params.items()}
    point = (params, X.astype(float), y)
    fine = network.loss_and_grads(*point, 0.0)
    return coarse, fine, rounding_bounds(network, *point, eps=EPS)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
def test_single_precision_stays_within_the_bounds(name, kind, scale, reduction):
    network = networks.get(name, reduction=reduction, **kind)
    for seed in range(5):
        problem = networks.draw_problem(network, np.random.default_rng(seed))
        coarse, fine, bounds = both_precisions(network, problem, scale)
        assert abs(coarse[0] - fine[0]) <= bounds.loss
        for key, g in fine[1].items():
            assert (np.abs(coarse[1][key] - g) <= bounds.grads[key]).all()


@pytest.mark.parametrize("name", ["softmax", "logistic"])
def test_scores_that_cancel_lose_digits_and_the_bounds_know(name):
    # One unit puts 1000 into every score, and the bias takes it out again.
    network = networks.get(name)
    for seed in range(5):
        problem = networks.draw_problem(network, np.random.default_rng(seed))
        params = {k: p.copy() for k, p in problem.params.items()}
        params["W1"][:, 0], params["b1"][0] = 0.0, 1000.1
        params["W2"][0] = 1.0
        params["b2"] = params["b2"] - 1000.1
        point = type(problem)(params, problem.X, problem.y)
        coarse, fine, bounds = both_precisions(network, point, 1.0)
        assert abs(coarse[0] - fine[0]) <= bounds.loss
        for key, g in fine[1].items():
            assert (np.abs(coarse[1][key] - g) <= bounds.grads[key]).all()


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
def test_the_bounds_are_far_below_any_mistake(name, kind):
    network = networks.get(name, **kind)
    for N in (7, 40):
        problem = networks.draw_problem(network, np.random.default_rng(1), N=N)
        _, (loss, grads), bounds = both_precisions(network, problem, 1.0)
        largest = max(np.abs(g).max() for g in grads.values())
        assert bounds.loss < 1e4 * EPS * loss
        for error in bounds.grads.values():
            assert error.max() < 1e5 * EPS * largest
        total = network.variant(reduction="sum")
        _, _, sums = both_precisions(total, problem, 1.0)
        assert sums.loss == pytest.approx(N * bounds.loss)
        for key, error in bounds.grads.items():
            np.testing.assert_allclose(sums.grads[key], N * error, rtol=1e-12)


def test_at_a_kink_the_whole_slope_is_error():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(2), reg=0.0)
    params = {k: p.copy() for k, p in problem.params.items()}
    params["b1"][0] = -(problem.X @ params["W1"])[3, 0]
    point = (params, problem.X, problem.y)
    delta = network.loss_and_grads(params, problem.X[3:4], problem.y[3:4], 0.0)[1]["b2"]
    largest_jump = np.abs(params["W2"][0]) @ np.abs(delta) / 7
    bounds = rounding_bounds(network, *point, eps=2.0**-52)
    assert bounds.grads["b1"][0] == pytest.approx(largest_jump, rel=1e-9)
    assert bounds.grads["b1"][1:].max() < 1e-11
