"""The trainings of the sources, with their own settings, and prediction."""

import io

import numpy as np
import pytest
from rich.console import Console

from gradcheck import networks
from gradcheck.networks import datasets, training


def test_iris_is_learnt_with_six_hidden_units():
    # Source 000: 4-6-3, 90 flowers, learning rate 1e-2, reg 1e-3.
    rng = np.random.default_rng(0)
    learn, held_out = datasets.iris().split(90, rng)
    network = networks.get("softmax")
    start = networks.initialise(network, rng, D=4, hidden=(6,), C=3)
    done = training.gradient_descent(
        network, start, *learn, reg=1e-3, learning_rate=1e-2, steps=2000
    )
    assert training.accuracy(network, done.params, *held_out) >= 0.95
    assert done.losses[-1] < done.losses[0]


def test_iris_is_learnt_by_softmax_regression():
    rng = np.random.default_rng(1)
    learn, held_out = datasets.iris().split(90, rng)
    network = networks.get("linear")
    start = networks.initialise(network, rng, D=4, hidden=(), C=3)
    done = training.gradient_descent(
        network, start, *learn, reg=1e-3, learning_rate=1e-1, steps=1500
    )
    assert training.accuracy(network, done.params, *held_out) >= 0.95


def test_the_spiral_is_learnt_from_he_initialisation():
    # Source 002: 25 hidden units, learning rate 1, lambda 1e-3.
    rng = np.random.default_rng(7)
    X, y = datasets.spiral(rng)
    network = networks.get("softmax")
    start = networks.initialise(network, rng, D=2, hidden=(25,), C=3)
    done = training.gradient_descent(
        network, start, X, y, reg=1e-3, learning_rate=1.0, steps=1000
    )
    assert done.losses[0] == pytest.approx(np.log(3), abs=0.05)
    assert training.accuracy(network, done.params, X, y) >= 0.95


def test_small_first_weights_start_every_training_at_the_log_of_the_classes():
    network = networks.get("softmax")
    for seed in range(50):
        rng = np.random.default_rng(seed)
        X, y = datasets.spiral(rng)
        start = networks.initialise(network, rng, D=2, hidden=(25,), C=3, std=0.01)
        assert network.loss(start, X, y, 1e-3) == pytest.approx(np.log(3), abs=1e-3)


def test_the_logistic_net_is_learnt_one_example_at_a_time():
    # Source 003: stochastic gradient descent on points in the plane, labels -1, +1.
    rng = np.random.default_rng(1)
    learn, held_out = datasets.moons(rng), datasets.moons(rng)
    network = networks.get("logistic", reduction="sum", penalty="none")
    start = networks.initialise(network, rng, D=2, hidden=(7,), C=1)
    done = training.stochastic_gradient_descent(
        network, start, *learn, reg=0.0, learning_rate=0.1, epochs=15, rng=rng
    )
    assert training.accuracy(network, done.params, *held_out) >= 0.95
    assert len(done.losses) == 15 * 200


def test_the_sigmoid_net_of_source_004_learns_in_columns():
    # No biases, columns, sigmoid outputs, squared error.
    rng = np.random.default_rng(2)
    X, y = datasets.iris()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    network = networks.get(
        "deep", depth=2, output="sigmoid", layout="columns", biases=False
    )
    start = networks.initialise(network, rng, D=4, hidden=(8,), C=3)
    done = training.stochastic_gradient_descent(
        network,
        start,
        X.T,
        y,
        reg=0.0,
        learning_rate=6.0,
        epochs=120,
        rng=rng,
        batch_size=16,
    )
    assert len(done.losses) == 120 * 10
    assert training.accuracy(network, done.params, X.T, y) >= 0.95


def test_training_leaves_its_start_and_its_examples_as_they_were():
    rng = np.random.default_rng(3)
    network = networks.get("softmax")
    problem = networks.draw_problem(network, rng)
    start = {k: p.copy() for k, p in problem.params.items()}
    X = problem.X.copy()
    training.gradient_descent(
        network,
        problem.params,
        problem.X,
        problem.y,
        reg=0.1,
        learning_rate=0.1,
        steps=3,
    )
    assert (problem.X == X).all()
    for name, p in start.items():
        assert (problem.params[name] == p).all()


def test_one_step_is_the_learning_rate_times_the_gradient():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(4))
    loss, grads = network.loss_and_grads(
        problem.params, problem.X, problem.y, problem.reg
    )
    done = training.gradient_descent(
        network,
        problem.params,
        problem.X,
        problem.y,
        reg=problem.reg,
        learning_rate=0.5,
        steps=1,
    )
    assert done.losses.tolist() == [loss]
    for name, p in problem.params.items():
        np.testing.assert_array_equal(done.params[name], p - 0.5 * grads[name])


def test_scores_are_what_the_loss_is_made_of():
    rng = np.random.default_rng(5)
    for layout in ("rows", "columns"):
        network = networks.get("deep", layout=layout, biases=layout == "rows")
        problem = networks.draw_problem(network, rng)
        out = training.scores(network, problem.params, problem.X)
        rows = out if layout == "rows" else out.T
        losses = 0.5 * np.sum((rows - np.eye(3)[problem.y]) ** 2, axis=1)
        assert network.loss(problem.params, problem.X, problem.y, 0.0) == pytest.approx(
            losses.mean()
        )


@pytest.mark.parametrize(
    ("cost", "output", "even"),
    [
        ("sigmoid", "identity", 0.0),
        ("squared", "sigmoid", 0.5),
        ("squared", "identity", 0.5),
    ],
)
def test_a_single_output_says_yes_or_no(cost, output, even):
    network = networks.get("deep", depth=1, cost=cost, output=output)
    params = {"W1": np.ones((1, 1)), "b1": np.zeros(1)}
    threshold = 0.0 if output == "sigmoid" else even
    X = np.array([[threshold - 0.1], [threshold + 0.1]])
    assert training.predict(network, params, X).tolist() == [0, 1]


def test_progress_is_shown_on_a_terminal_and_nowhere_else(monkeypatch):
    monkeypatch.setattr(training, "_PATIENCE", 0.0)
    network = networks.get("linear")
    problem = networks.draw_problem(network, np.random.default_rng(6))
    shown = {}
    for terminal in (True, False):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=60)
        training.gradient_descent(
            network,
            problem.params,
            problem.X,
            problem.y,
            reg=0.0,
            learning_rate=0.1,
            steps=5,
            console=console,
        )
        shown[terminal] = console.file.getvalue()
    assert "steps" in shown[True]
    assert shown[False] == ""


def test_short_runs_show_no_progress():
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    assert list(training._progress(3, "steps", console)) == [0, 1, 2]
    assert "steps" not in console.file.getvalue()


def test_iris_is_the_table_of_1936():
    X, y = datasets.iris()
    assert np.bincount(y).tolist() == [50, 50, 50]
    means = [X[y == c].mean(axis=0).round(3).tolist() for c in range(3)]
    assert means == [
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.77, 4.26, 1.326],
        [6.588, 2.974, 5.552, 2.026],
    ]
    assert len(datasets.IRIS_SPECIES) == 3
    X[:] = 0.0
    assert datasets.iris().X.any()
