"""The five source texts: what each describes runs, and where they err is shown.

Each test names its row of the tables in docs/derivation.md: ``runs-000`` to
``runs-004`` for what must run here, and the contradictions by their own ids.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check_network, networks
from gradcheck.laws import check_laws
from gradcheck.networks import datasets, layers, logistic, training
from gradcheck.networks.exhaustive import exhaustive_gradient
from gradcheck.numeric import numeric_gradient

TEXT = (Path(__file__).parents[1] / "docs" / "derivation.md").read_text("utf-8")


def point_of(name, seed=0, **kwargs):
    """Return a network, a problem for it, and its loss and gradient there."""
    sizes = {k: kwargs.pop(k) for k in ("N", "D", "hidden", "C", "reg") if k in kwargs}
    network = networks.get(name, **kwargs)
    problem = networks.draw_problem(network, np.random.default_rng(seed), **sizes)
    p = problem
    return network, p, *network.loss_and_grads(p.params, p.X, p.y, p.reg)


def measured(network, problem):
    """Return the derivative of the loss by the complex step."""
    X, y, reg = problem.X, problem.y, problem.reg
    return numeric_gradient(
        lambda params: network.loss(params, X, y, reg), problem.params, method="complex"
    ).values


def assert_gradient(grads, numeric):
    largest = max(np.abs(n).max() for n in numeric.values())
    for name, n in numeric.items():
        assert np.abs(grads[name] - n).max() <= 1e-12 * largest, name


# What must run here


def test_runs_000_the_net_on_iris_line_by_line():
    """runs-000: the backward pass of 4-6-3 on 90 flowers, reg 1e-3, rows."""
    network = networks.get("softmax")
    rng = np.random.default_rng(0)
    (X, y), _ = datasets.iris().split(90, rng)
    p = networks.initialise(network, rng, D=4, hidden=(6,), C=3)
    p["b1"] += 0.1
    hidden = np.maximum(X @ p["W1"] + p["b1"], 0)
    scores = hidden @ p["W2"] + p["b2"]
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    dscores = (probs - np.eye(3)[y]) / 90
    dhidden = dscores @ p["W2"].T
    dhidden[hidden <= 0] = 0
    grads = {
        "W1": X.T @ dhidden + 1e-3 * p["W1"],
        "b1": dhidden.sum(axis=0),
        "W2": hidden.T @ dscores + 1e-3 * p["W2"],
        "b2": dscores.sum(axis=0),
    }
    problem = type(networks.draw_problem(network, rng))(p, X, y, 1e-3)
    assert_gradient(grads, measured(network, problem))
    _, reference = network.loss_and_grads(p, X, y, 1e-3)
    assert_gradient(reference, grads)


def test_runs_000_the_linear_classifier():
    """runs-000: softmax regression, penalty 0.5*reg*sum(W**2), bias free."""
    network, problem, _, grads = point_of("linear", N=90, D=4, reg=1e-3)
    assert_gradient(grads, measured(network, problem))


def test_runs_000_the_printed_tables():
    """runs-000: dscores/90, and the rows of dscores and of dW2 that sum to 0."""
    probs = np.array(
        [
            [0.3332967, 0.3327828, 0.3339205],
            [0.3332917, 0.3327686, 0.3339397],
            [0.3332868, 0.3328144, 0.3338988],
        ]
    )
    _, cache = layers.softmax_cross_entropy(np.log(probs), np.array([1, 1, 1]))
    dscores = layers.softmax_cross_entropy_backward(1 / 90, cache)
    printed = [
        [0.003703297, -0.007413524, 0.003710227],
        [0.003703241, -0.007413682, 0.003710441],
        [0.003703187, -0.007413173, 0.003709987],
    ]
    np.testing.assert_allclose(dscores, printed, atol=1.1e-9)
    np.testing.assert_allclose(dscores.sum(axis=1), 0, atol=1e-17)
    dW2 = np.array(
        [
            [2.143109e-02, -7.865665e-03, -1.356543e-02],
            [3.267824e-03, -1.908723e-03, -1.359102e-03],
            [2.085304e-06, -4.173916e-06, 2.088612e-06],
            [2.761881e-03, -5.875996e-04, -2.174282e-03],
        ]
    )
    np.testing.assert_allclose(dW2.sum(axis=1), 0, atol=1e-8)
    _, _, _, grads = point_of("softmax", reg=0.0)
    np.testing.assert_allclose(grads["W2"].sum(axis=1), 0, atol=1e-16)


def test_runs_000_the_example_of_three_probabilities():
    """runs-000: p = [.2, .3, .5], the middle one true, gives [.2, -.7, .5]."""
    scores = np.log([[0.2, 0.3, 0.5]])
    _, cache = layers.softmax_cross_entropy(scores, np.array([1]))
    dscores = layers.softmax_cross_entropy_backward(1.0, cache)
    np.testing.assert_allclose(dscores, [[0.2, -0.7, 0.5]], rtol=1e-14)


def test_runs_001_the_net_without_penalty():
    """runs-001: rows, no penalty, biases as rows; the steps are in test_derivation."""
    network, problem, loss, grads = point_of("softmax", penalty="none")
    assert loss == network.loss(problem.params, problem.X, problem.y, 0.0)
    assert_gradient(grads, measured(network, problem))


def test_runs_002_one_update_of_the_class():
    """runs-002: forward, cost, backward and update with biases (1, H), lambda 1e-3."""
    rng = np.random.default_rng(7)
    network = networks.get("softmax")
    X, y = datasets.spiral(rng)
    p = networks.initialise(network, rng, D=2, hidden=(25,), C=3)
    b1, b2 = np.zeros((1, 25)), np.zeros((1, 3))
    a1 = np.maximum(0, X @ p["W1"] + b1)
    z2 = a1 @ p["W2"] + b2
    probs = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
    cost = np.sum(-np.log(probs[np.arange(300), y]) / 300)
    cost += 0.5e-3 * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
    dz2 = (probs - np.eye(3)[y]) / 300
    dz1 = (dz2 @ p["W2"].T) * (a1 > 0)
    after = {
        "W1": p["W1"] - (X.T @ dz1 + 1e-3 * p["W1"]),
        "b1": b1 - dz1.sum(axis=0, keepdims=True),
        "W2": p["W2"] - (a1.T @ dz2 + 1e-3 * p["W2"]),
        "b2": b2 - dz2.sum(axis=0, keepdims=True),
    }
    done = training.gradient_descent(
        network, p, X, y, reg=1e-3, learning_rate=1.0, steps=1
    )
    assert done.losses[0] == pytest.approx(cost, rel=1e-13)
    for name, value in done.params.items():
        np.testing.assert_allclose(value, after[name].reshape(value.shape), atol=1e-14)


def test_runs_003_batch_and_single_example():
    """runs-003: logistic loss, sum and mean, one example or many, labels -1 and +1."""
    for reduction in ("sum", "mean"):
        network, problem, _, grads = point_of(
            "logistic", reduction=reduction, penalty="none"
        )
        assert_gradient(grads, measured(network, problem))
        total = {k: np.zeros(g.shape) for k, g in grads.items()}
        for x, label in zip(problem.X, problem.y, strict=True):
            _, each = network.loss_and_grads(problem.params, x, label, 0.0)
            total = {k: total[k] + g for k, g in each.items()}
        share = 1 / 7 if reduction == "mean" else 1.0
        assert_gradient({k: share * g for k, g in total.items()}, grads)


def test_runs_003_the_kronecker_form_is_the_vectorised_one():
    """runs-003: diag(mask) (x kron I) by hand, and the outer product."""
    for seed in range(20):
        network, problem, _, _ = point_of(
            "logistic", seed=seed, penalty="none", reduction="sum"
        )
        for x, label in zip(problem.X, problem.y, strict=True):
            kronecker = logistic.kronecker_grads(problem.params, x, label)
            _, grads = network.loss_and_grads(problem.params, x, label, 0.0)
            for name, g in grads.items():
                np.testing.assert_allclose(
                    kronecker[name], g, rtol=1e-13, atol=1e-16, strict=True
                )


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("cost", ["squared", "softmax", "sigmoid"])
def test_runs_004_any_depth_activation_and_cost_in_columns(depth, cost):
    """runs-004: W (N_this, N_prev), no biases, sigmoid outputs, any cost."""
    network, problem, _, grads = point_of(
        "deep",
        depth=depth,
        cost=cost,
        output="sigmoid",
        layout="columns",
        biases=False,
        penalty="none",
    )
    assert problem.params["W1"].shape[1] == problem.X.shape[0]
    assert_gradient(grads, measured(network, problem))


# Where the sources disagree or are wrong


def test_row_000_letters():
    """000-letters: y - t in one place and t - y in the other both mean p - one-hot."""
    p, one_hot = np.array([0.2, 0.3, 0.5]), np.array([0.0, 1.0, 0.0])
    _, cache = layers.softmax_cross_entropy(np.log(p)[np.newaxis], np.array([1]))
    delta = layers.softmax_cross_entropy_backward(1.0, cache)[0]
    np.testing.assert_allclose(delta, p - one_hot, atol=1e-15)
    assert np.abs(delta - (one_hot - p)).max() > 1


def test_row_000_transpose():
    """000-transpose: dL/do is the transpose of W times dL/di, not W times it."""
    rng = np.random.default_rng(1)
    W, o, di = rng.standard_normal((4, 4)), rng.standard_normal(4), np.ones(4)
    step = [W @ (o + 1e-30j * e) for e in np.eye(4)]
    do = np.array([np.sum(di * s.imag) / 1e-30 for s in step])
    np.testing.assert_allclose(W.T @ di, do, rtol=1e-13)
    assert np.abs(W @ di - do).max() > 0.5
    with pytest.raises(ValueError, match="matmul"):
        rng.standard_normal((3, 4)) @ np.ones(3)


def test_row_000_bias_only():
    """000-bias-only: the sum and the 1/N reach the weights as well as the biases."""
    _, problem, _, mean = point_of("softmax", reg=0.0)
    network = networks.get("softmax", reduction="sum")
    _, total = network.loss_and_grads(problem.params, problem.X, problem.y, 0.0)
    for name, g in mean.items():
        np.testing.assert_allclose(total[name], 7 * g, rtol=1e-12, atol=1e-15)
        assert np.abs(g).max() > 1e-3


def test_row_001_log():
    """001-log: the loss is minus the log of the probability, not the probability."""
    scores, y = np.log([[0.2, 0.3, 0.5]]), np.array([1])
    losses, _ = layers.softmax_cross_entropy(scores, y)
    assert losses[0] == pytest.approx(-np.log(0.3), rel=1e-14)
    slope = 0.3 * (np.array([0, 1, 0]) - [0.2, 0.3, 0.5])  # of the probability itself
    _, cache = layers.softmax_cross_entropy(scores, y)
    delta = layers.softmax_cross_entropy_backward(1.0, cache)[0]
    assert np.abs(delta - slope).max() > 0.5


def at_the_kink(choice):
    """Return a net with a unit at 0 exactly, and its gradient with that slope there."""
    network, problem, _, _ = point_of("softmax", reg=0.0)
    params = {k: p.copy() for k, p in problem.params.items()}
    params["W1"][:, 0] = [1.0, -1.0, 0.5, 0.25]
    X = problem.X.copy()
    X[0] = [1.0, 1.0, 1.0, -2.0]
    params["b1"][0] = -(X[0] @ params["W1"][:, 0])
    problem = type(problem)(params, X, problem.y, 0.0)

    def loss_and_grads(p, X, y, reg):
        hidden_pre = X @ p["W1"] + p["b1"]
        hidden = np.maximum(hidden_pre, 0)
        _, cache = layers.softmax_cross_entropy(hidden @ p["W2"] + p["b2"], y)
        dscores = layers.softmax_cross_entropy_backward(1 / len(X), cache)
        mask = np.where(hidden_pre == 0, choice, hidden_pre > 0)
        dhidden_pre = (dscores @ p["W2"].T) * mask
        grads = {
            "W1": X.T @ dhidden_pre + reg * p["W1"],
            "b1": dhidden_pre.sum(axis=0),
            "W2": hidden.T @ dscores + reg * p["W2"],
            "b2": dscores.sum(axis=0),
        }
        return network.loss(p, X, y, reg), grads

    return network, problem, loss_and_grads


@pytest.mark.parametrize("choice", [0.0, 0.5, 1.0])
def test_row_relu_at_zero(choice):
    """relu-at-zero: 0, 1 or anything between lies between the one-sided slopes."""
    network, problem, function = at_the_kink(choice)
    assert ((problem.X @ problem.params["W1"] + problem.params["b1"])[0, 0]) == 0.0
    _, grads = function(problem.params, problem.X, problem.y, 0.0)
    right = exhaustive_gradient(network, problem)
    left = exhaustive_gradient(network, problem, step=-(2.0**-36))
    assert np.abs(right["b1"] - left["b1"]).max() > 1e-3
    for name, g in grads.items():
        low, high = (
            np.minimum(left[name], right[name]),
            np.maximum(left[name], right[name]),
        )
        assert (low - 1e-9 <= g).all()
        assert (g <= high + 1e-9).all()
    rng = np.random.default_rng(0)
    for law in check_laws(function, network, problem, rng=rng):
        assert law.ok, law


def test_row_overwritten_probabilities():
    """overwritten-probabilities: harmless before the loss is read, wrong after."""
    scores, y = np.log([[0.2, 0.3, 0.5]]), np.array([1])
    probs = np.exp(scores)
    before = -np.log(probs[0, y[0]])
    dscores = probs  # the same array
    dscores[0, y[0]] -= 1
    np.testing.assert_allclose(dscores, [[0.2, -0.7, 0.5]], rtol=1e-14)
    losses, cache = layers.softmax_cross_entropy(scores, y)
    assert losses[0] == pytest.approx(before)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(-np.log(probs[0, y[0]]))
    kept = [np.copy(part) for part in cache]
    layers.softmax_cross_entropy_backward(1.0, cache)
    for part, copy in zip(cache, kept, strict=True):
        np.testing.assert_array_equal(part, copy)


def test_row_002_sign():
    """002-sign: the loss is -(Z_y - log sum exp Z), with a minus inside."""
    Z, y = np.array([[1.0, 2.0, -1.0]]), np.array([0])
    losses, _ = layers.softmax_cross_entropy(Z, y)
    log_sum = np.log(np.exp(Z).sum())
    assert losses[0] == pytest.approx(-(Z[0, 0] - log_sum), rel=1e-14)
    assert abs(losses[0] + (Z[0, 0] + log_sum)) > 1
    assert -(Z[0, 0] + log_sum) < 0 < losses[0]  # no loss is negative


@pytest.mark.parametrize("m", [30, 300, 3000])
def test_row_002_first_loss(m):
    """002-first-loss: ln C = 1.0986 for 3 classes, however many examples m."""
    network = networks.get("softmax")
    rng = np.random.default_rng(m)
    X, y = datasets.spiral(rng, each=m // 3)
    params = networks.initialise(network, rng, D=2, hidden=(25,), C=3, std=0.01)
    loss = network.loss(params, X, y, 1e-3)
    assert loss == pytest.approx(np.log(3), abs=2e-3)
    assert abs(loss - -np.log(1 / m)) > 2


def test_row_002_identity():
    """002-identity: dZ2/dA1 is W2, and W2 is not the identity."""
    _, problem, _, _ = point_of("softmax")
    W2, b2 = problem.params["W2"], problem.params["b2"]
    a = np.zeros(6)
    columns = [((a + 1e-30j * e) @ W2 + b2).imag / 1e-30 for e in np.eye(6)]
    np.testing.assert_allclose(np.array(columns), W2, rtol=1e-14)
    assert W2.shape != (6, 6)


def test_row_003_sigma():
    """003-sigma: the probability is sigma of the output, and -log of it the loss."""
    network, problem, _, _ = point_of("logistic", penalty="none", reduction="sum")
    out = training.scores(network, problem.params, problem.X)
    probability = layers.sigmoid(problem.y * out)[0]
    loss = network.loss(problem.params, problem.X, problem.y, 0.0)
    assert loss == pytest.approx(-np.log(probability).sum(), rel=1e-13)
    brackets = np.log(1 + np.exp(-problem.y * out)).sum()
    assert loss == pytest.approx(brackets, rel=1e-13)
    assert layers.sigmoid(problem.X[0])[0].shape == (4,)  # sigma(X) is no probability


def test_row_003_layout():
    """003-layout: Wi is (h, d) in the maths, (d, h) in the code; reshape is right."""
    network, problem, _, _ = point_of("logistic", penalty="none", reduction="sum")
    p, x, label = problem.params, problem.X[1], problem.y[1]
    D, H = p["W1"].shape
    _, grads = network.loss_and_grads(p, x, label, 0.0)
    _, cache = layers.logistic(
        np.maximum(x @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"], label
    )
    dscore = layers.logistic_backward(1.0, cache)
    row = dscore * (p["W2"] * (x @ p["W1"] + p["b1"] > 0)) @ np.kron(x, np.eye(H))
    np.testing.assert_allclose(row.reshape(D, H), grads["W1"], rtol=1e-13, atol=1e-16)
    in_maths = row.reshape(H, D, order="F")  # the columns of Wi (h, d), stacked
    np.testing.assert_allclose(in_maths, grads["W1"].T, rtol=1e-13, atol=1e-16)
    assert np.abs(row.reshape(H, D) - grads["W1"].T).max() > 1e-3


def test_row_003_sum():
    """003-sum: a sum and a mean are both right, N apart; the 1/N is the mean's."""
    for reduction in ("sum", "mean"):
        network, problem, _, grads = point_of("logistic", reduction=reduction)
        assert_gradient(grads, measured(network, problem))
    report = check_network(
        networks.get("logistic", reduction="sum").loss_and_grads,
        networks.get("logistic", reduction="sum"),
    )
    assert report.verdict == "correct"


def test_row_004_plus():
    """004-plus: a step along +dC/dw climbs; w - eta*dC/dw descends."""
    network, problem, loss, grads = point_of("deep", penalty="none")
    for eta, descends in ((0.1, True), (-0.1, False)):
        moved = {k: p - eta * grads[k] for k, p in problem.params.items()}
        after = network.loss(moved, problem.X, problem.y, 0.0)
        assert bool(after < loss) is descends


def as_source_004_has_it(eta):
    """Return gradients read off updates that send delta through updated weights."""
    network = networks.get("deep", penalty="none", output="sigmoid", biases=False)

    def loss_and_grads(params, X, y, reg):
        hidden, caches = [X], []
        for name in network.weights:
            out, cache = layers.sigmoid(hidden[-1] @ params[name])
            hidden.append(out)
            caches.append(cache)
        _, cache = layers.squared_error(hidden[-1], y)
        delta = layers.squared_error_backward(1 / len(X), cache)
        grads = {}
        for i, name in reversed(list(enumerate(network.weights))):
            delta = layers.sigmoid_backward(delta, caches[i])
            grads[name] = hidden[i].T @ delta
            delta = delta @ (params[name] - eta * grads[name]).T
        return network.loss(params, X, y, reg), grads

    return network, loss_and_grads


def test_row_004_updated_weights():
    """004-updated-weights: delta must pass through the weights of the forward pass."""
    network, wrong = as_source_004_has_it(eta=0.5)
    problem = networks.draw_problem(network, np.random.default_rng(2), reg=0.0)
    _, grads = wrong(problem.params, problem.X, problem.y, 0.0)
    numeric = measured(network, problem)
    np.testing.assert_allclose(grads["W3"], numeric["W3"], rtol=1e-12)
    for name in ("W1", "W2"):
        error = np.abs(grads[name] - numeric[name]).max() / np.abs(numeric[name]).max()
        assert error > 1e-3
    report = check_network(wrong, network)
    assert report.verdict == "wrong"
    verdicts = {k: p.verdict for k, p in report.parameters.items()}
    assert verdicts == {"W1": "wrong", "W2": "wrong", "W3": "correct"}
    assert [finding.id for finding in report.findings] == ["updated-weights"]
    network, right = as_source_004_has_it(eta=0.0)
    assert check_network(right, network).verdict == "correct"


ROWS = re.findall(r"^\| `(\d{3}-[\w-]+|runs-\d{3}|[a-z-]+)` \|", TEXT, flags=re.M)


def test_every_row_of_the_tables_has_a_test_that_names_it():
    assert len(ROWS) == 5 + 14
    assert len(set(ROWS)) == len(ROWS)
    docstrings = " ".join(
        function.__doc__ or ""
        for name, function in globals().items()
        if name.startswith("test_")
    )
    for row in ROWS:
        assert f"{row}:" in docstrings, row
