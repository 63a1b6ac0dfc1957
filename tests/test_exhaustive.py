"""Every entry by rank-one perturbation, against the analytic gradient."""

import tracemalloc

import numpy as np
import planted
import pytest

from gradcheck import networks
from gradcheck.networks import layers
from gradcheck.networks.changes import activation_change, cost_change
from gradcheck.networks.exhaustive import exhaustive_gradient

DEEP = [
    {"depth": 1, "cost": "softmax", "output": "tanh"},
    {"activations": ("relu",), "cost": "sigmoid"},
    {"activations": ("tanh", "identity"), "cost": "squared"},
    {"activations": ("sigmoid", "relu"), "cost": "softmax", "output": "sigmoid"},
    {"activations": ("relu", "tanh", "relu"), "cost": "softmax"},
]
KINDS = [("softmax", {}), ("linear", {}), ("logistic", {})]
KINDS += [("deep", kind) for kind in DEEP]


def analytic(network, problem):
    point = (problem.params, problem.X, problem.y, problem.reg)
    return network.loss_and_grads(*point)[1]


def disagreement(network, problem, **options):
    """Return the largest error, relative to the largest entry."""
    grads = analytic(network, problem)
    numeric = exhaustive_gradient(network, problem, **options)
    assert list(numeric) == list(grads)
    largest = max(np.abs(g).max() for g in grads.values())
    for name, g in grads.items():
        assert numeric[name].shape == g.shape
    return max(np.abs(numeric[k] - grads[k]).max() for k in grads) / largest


@pytest.mark.parametrize(
    "conventions",
    [
        {},
        {"penalty": "full", "reduction": "sum"},
        {"layout": "columns", "biases": False, "penalty": "none"},
        {"layout": "columns"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("name", "kind"), KINDS, ids=str)
def test_every_entry_agrees_with_the_analytic_gradient(name, kind, conventions):
    network = networks.get(name, **kind, **conventions)
    problem = networks.draw_problem(network, np.random.default_rng(1))
    assert disagreement(network, problem) < 1e-9


def test_chunks_and_threads_change_nothing():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(2), D=40)
    whole = exhaustive_gradient(network, problem, threads=1)
    parts = exhaustive_gradient(network, problem, threads=3, memory=1.0)
    for name, g in whole.items():
        np.testing.assert_allclose(parts[name], g, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "kind"), [KINDS[0], KINDS[5]], ids=str)
def test_memory_stays_within_the_budget(name, kind):
    network = networks.get(name, **kind)
    problem = networks.draw_problem(
        network, np.random.default_rng(3), N=64, D=200, hidden=(9,), C=8
    )
    activations = 64 * 201 * 8
    for memory in (4e5, 1e6):
        tracemalloc.start()
        exhaustive_gradient(network, problem, memory=memory, threads=1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * activations + memory


def test_a_smaller_step_leaves_a_smaller_error():
    network = networks.get("deep", activations=("tanh",), cost="softmax")
    problem = networks.draw_problem(network, np.random.default_rng(4))
    errors = [disagreement(network, problem, step=2.0**-k) for k in (8, 16, 24)]
    assert errors[0] > 100 * errors[1] > 10_000 * errors[2]


def test_nothing_cancels_however_small_the_step():
    for name, kind in KINDS:
        network = networks.get(name, **kind)
        problem = networks.draw_problem(network, np.random.default_rng(5))
        assert disagreement(network, problem, step=1e-60) < 1e-13


def test_confident_answers_are_differentiated_to_full_precision():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(6), reg=0.0)
    params = dict(problem.params)
    params["b2"] = np.array([0.0, 40.0, 0.0])
    sure = type(problem)(params, problem.X, np.ones(7, dtype=int), 0.0)
    assert np.abs(analytic(network, sure)["W1"]).max() < 1e-14
    assert disagreement(network, sure) < 1e-9


def test_both_sides_of_a_kink_can_be_seen():
    # One unit at z = 0 exactly, one example with input 1: the loss has slope W2-wards
    # on the right, none on the left.
    network = networks.get("deep", activations=("relu",), cost="squared", biases=False)
    params = {"W1": np.zeros((1, 1)), "W2": np.ones((1, 1))}
    problem = networks.draw_problem(network, np.random.default_rng(0), N=1, D=1, C=1)
    kink = type(problem)(params, np.ones((1, 1)), np.array([-2.0]), 0.0)
    right = exhaustive_gradient(network, kink)["W1"]
    left = exhaustive_gradient(network, kink, step=-(2.0**-36))["W1"]
    assert right[0, 0] == pytest.approx(2.0, rel=1e-9)
    assert left[0, 0] == 0.0


def test_a_step_over_a_kink_is_the_true_difference():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(7), reg=0.0)
    step = 0.5
    numeric = exhaustive_gradient(network, problem, step=step)["b1"]
    for k in range(6):
        gain = max(1.0, 2.0 * np.abs(problem.params["W2"][k]).max())
        h = step / gain / max(1.0, np.abs(problem.X).max())
        moved = dict(problem.params)
        moved["b1"] = moved["b1"] + h * np.eye(6)[k]
        f = [
            network.loss(p, problem.X, problem.y, 0.0) for p in (moved, problem.params)
        ]
        assert numeric[k] == pytest.approx((f[0] - f[1]) / h, rel=1e-10, abs=1e-12)


def test_a_planted_mistake_is_seen_entry_by_entry():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(8))
    numeric = exhaustive_gradient(network, problem)
    wrong = planted.plant(network, "one-entry")
    _, grads = wrong(problem.params, problem.X, problem.y, problem.reg)
    differs = {k: np.abs(grads[k] - numeric[k]) > 1e-9 for k in grads}
    assert {k: np.argwhere(d).tolist() for k, d in differs.items() if d.any()} == {
        "W2": [[5, 2]]
    }


@pytest.mark.parametrize("name", layers.ACTIVATIONS)
def test_the_change_of_an_activation_is_the_difference_of_its_values(name):
    rng = np.random.default_rng(9)
    pre, shift = 2 * rng.standard_normal((2, 100))
    forward = layers.ACTIVATIONS[name].forward
    difference = forward(pre + shift)[0] - forward(pre)[0]
    np.testing.assert_allclose(
        activation_change(name, pre, shift), difference, rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("cost", layers.COSTS)
def test_the_change_of_a_cost_is_the_difference_of_its_values(cost):
    rng = np.random.default_rng(10)
    C = 1 if cost == "logistic" else 3
    out, change = rng.standard_normal((2, 8, C))
    soft = rng.dirichlet(np.ones(3), size=8) * rng.integers(0, 3, size=(8, 1))
    for y in (rng.integers(3, size=8), soft):
        if cost == "logistic":
            y = rng.choice([-1, 1], size=8)
            before, _ = layers.logistic(out[:, 0], y)
            after, _ = layers.logistic(out[:, 0] + change[:, 0], y)
        else:
            before, _ = layers.COSTS[cost].forward(out, y)
            after, _ = layers.COSTS[cost].forward(out + change, y)
        moving = cost_change(cost, out, y)
        for relative in (
            moving.relative(change)[:, :, np.newaxis],
            moving.relative(change[:, :, np.newaxis]),
        ):
            np.testing.assert_allclose(
                moving.of(relative.copy())[:, 0], after - before, rtol=1e-10, atol=1e-13
            )


def test_a_tiny_change_of_the_scores_is_known_to_the_last_digits():
    rng = np.random.default_rng(11)
    out, change = rng.standard_normal((2, 8, 3))
    moving = cost_change("softmax", out, rng.integers(3, size=8))
    relative = moving.relative(2.0**-28 * change)[:, :, np.newaxis]
    slow = moving.of(relative.copy())
    fast = moving.of(relative.copy(), bound=2.0**-26 * 0.99)
    np.testing.assert_allclose(fast, slow, rtol=1e-14)


def test_a_cost_of_ones_own_has_no_known_change():
    with pytest.raises(KeyError):
        cost_change("cosh", np.zeros((1, 1)), np.zeros(1))
