"""Claims that no test held until mutation testing asked for them."""

import math

import numpy as np
import pytest

from gradcheck import networks, numeric_gradient
from gradcheck.comparison import examine
from gradcheck.networks import deep, linear, logistic, softmax, training
from gradcheck.numeric.patterns import describe
from gradcheck.rendering.figures import figures

MODULES = {
    "softmax": (softmax, {}),
    "linear": (linear, {}),
    "logistic": (logistic, {}),
    "deep": (
        deep,
        {"activations": ("sigmoid",) * 2 + ("identity",), "cost": "squared"},
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_half_and_mean_are_what_a_module_computes_unasked(name):
    module, chain = MODULES[name]
    network = networks.get(name, penalty="half", reduction="mean")
    problem = networks.draw_problem(network, np.random.default_rng(0))
    point = (problem.params, problem.X, problem.y, problem.reg)
    loss, grads = module.loss_and_grads(*point, **chain)
    wanted, slopes = network.loss_and_grads(*point)
    assert loss == module.loss(*point, **chain) == wanted
    assert all(np.array_equal(grads[key], slopes[key]) for key in slopes)


@pytest.mark.parametrize(
    ("method", "loosest"), [("central", 1e-8), ("richardson", 1e-10)]
)
def test_claimed_errors_hold_and_are_not_much_too_wide(method, loosest):
    x = np.linspace(0.2, 1.2, 6)
    found = numeric_gradient(lambda x: float(np.sin(x).sum()), x, method=method)
    off = np.abs(found.values - np.cos(x))
    assert (off <= found.errors).all()
    assert found.errors.max() < loosest
    assert found.method == method


def test_the_two_stencils_are_two():
    def f(x):
        return float(np.exp(x).sum())

    x = np.array([0.3, 1.0])
    central = numeric_gradient(f, x, method="central")
    richardson = numeric_gradient(f, x, method="richardson")
    assert richardson.errors.max() < central.errors.min()
    assert central.evaluations < richardson.evaluations


def test_a_ladder_is_named_where_complex_steps_do_not_agree():
    x = np.array([0.3, -1.0])
    found = numeric_gradient(lambda x: float(np.abs(x).real @ np.abs(x).real), x)
    assert found.method == "ladder"
    assert np.allclose(found.values, 2 * x, atol=1e-6)


def test_a_whole_row_of_two_is_a_row():
    mask = np.zeros((4, 2), dtype=bool)
    mask[1] = True
    assert describe(mask, [(1, 0), (1, 1)], matrix=True) == "row 1"


def judge(loss, gradient, params):
    return examine(
        lambda points: np.array([loss(p) for p in points]),
        gradient,
        params,
        gradient(params),
        seed=0,
    )


def cubic(p):
    return float(np.sum(p["a"] ** 3))


def test_the_worst_entry_comes_first():
    def gradient(p):
        g = 3 * p["a"] ** 2
        g[2] += 1e-3
        g[4] += 1.0
        return {"a": g}

    found = judge(cubic, gradient, {"a": np.linspace(0.5, 1.5, 60)}).parameters["a"]
    assert found.worst.index == (4,)
    assert [entry.index for entry in found.wrong_entries] == [(4,), (2,)]


def test_curves_are_those_that_a_page_draws():
    found = judge(
        cubic, lambda p: {"a": 3 * p["a"] ** 2}, {"a": np.linspace(0.5, 1.5, 4)}
    )
    curve = found.curves["a"]
    assert len(curve["steps"]["h"]) == len(curve["taylor"]["h"]) > 8
    assert len(figures(found.curves, "a")) >= 2
    assert curve["taylor"]["slope"] == pytest.approx(2, abs=0.2)


def test_what_stays_unseen_is_said():
    def loss(p):
        return float(1e8 + 1e-12 * p["a"].sum())

    found = judge(loss, lambda p: {"a": np.full(2, 1e-12)}, {"a": np.ones(2)})
    assert found.verdict == "inconclusive"
    assert found.parameters["a"].detail.endswith("could have stayed unseen")


def test_what_cannot_be_had_is_inconclusive_for_every_parameter():
    found = judge(
        lambda p: math.nan,
        lambda p: {"a": p["a"], "b": p["b"]},
        {"a": np.ones(2), "b": np.ones((2, 3))},
    )
    judged = {name: (j.verdict, j.shape) for name, j in found.parameters.items()}
    assert judged == {
        "a": ("inconclusive", (2,)),
        "b": ("inconclusive", (2, 3)),
    }


def test_minibatches_of_columns_take_columns():
    network = networks.get("deep", layout="columns", cost="squared", depth=2)
    rows = network.variant(layout="rows")
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3, 5)), rng.standard_normal((2, 5))
    params = networks.initialise(network, rng, D=3, hidden=(4,), C=2)
    turned = {
        k: p.T.reshape(s)
        for (k, p), s in zip(
            params.items(), rows.shapes(3, (4,), 2).values(), strict=True
        )
    }
    descent = training.stochastic_gradient_descent
    options = {"learning_rate": 0.1, "reg": 0.01, "epochs": 2, "batch_size": 2}
    one = descent(network, params, X, y, rng=np.random.default_rng(1), **options)
    two = descent(rows, turned, X.T, y.T, rng=np.random.default_rng(1), **options)
    assert np.allclose(one.losses, two.losses, rtol=1e-12)
