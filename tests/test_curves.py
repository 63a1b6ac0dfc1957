"""What the figures show is measured, and shows what it should."""

import json

import numpy as np
import pytest

from gradcheck import check_gradients, check_network, fingerprint, networks
from gradcheck.curves import measure_curves
from gradcheck.faults import inject, typical
from gradcheck.rendering.figures import figures


@pytest.fixture
def problem():
    network = networks.get("softmax")
    return network, networks.draw_problem(network, np.random.default_rng(3))


def curves_of(network, problem, spoil=lambda grads: grads, **options):
    def evaluate(points):
        X, y, reg = problem.X, problem.y, problem.reg
        return np.array([network.loss(params, X, y, reg) for params in points])

    X, y = problem.X, problem.y
    _, grads = network.loss_and_grads(problem.params, X, y, problem.reg)
    return measure_curves(evaluate, problem.params, spoil(grads), **options)


def test_a_right_gradient_makes_a_v_and_a_slope_of_two(problem):
    for drawn in curves_of(*problem).values():
        steps = drawn["steps"]
        assert min(steps["error"]) < 1e-9
        assert steps["error"][0] > 1e3 * min(steps["error"]) < steps["error"][-1]
        assert drawn["taylor"]["slope"] == pytest.approx(2, abs=0.1)


def test_a_wrong_gradient_makes_a_plateau_and_a_slope_of_one(problem):
    def spoil(grads):
        return grads | {"W1": 7 * grads["W1"]}

    drawn = curves_of(*problem, spoil)
    steps = drawn["W1"]["steps"]
    least = steps["error"][3:9]
    assert min(least) > 0.9 * max(least) > 1e-3
    assert drawn["W1"]["taylor"]["slope"] == pytest.approx(1, abs=0.1)
    assert drawn["W2"]["taylor"]["slope"] == pytest.approx(2, abs=0.1)


def test_the_entry_shown_is_the_one_that_is_off(problem):
    def spoil(grads):
        W2 = grads["W2"].copy()
        W2[4, 1] += 0.5
        return grads | {"W2": W2}

    drawn = curves_of(*problem, spoil)
    assert drawn["W2"]["steps"]["index"] == [4, 1]
    entries = drawn["W2"]["entries"]
    off = np.abs(np.subtract(entries["analytic"], entries["numeric"]))
    assert (off > 1e-8).sum() == 1
    assert off.argmax() == 4 * 3 + 1


def test_the_noise_and_truncation_explain_the_error_of_a_right_one(problem):
    for drawn in curves_of(*problem).values():
        steps = drawn["steps"]
        explained = np.add(steps["noise"], steps["truncation"])
        assert np.all(np.array(steps["error"]) < 30 * explained)


def test_a_large_gradient_is_not_measured_entry_by_entry(problem):
    drawn = curves_of(*problem, most=10)
    assert all(set(d) == {"steps", "taylor"} for d in drawn.values())


def test_scalars_empty_arrays_and_constants_do_no_harm():
    point = {"a": np.array(0.5), "none": np.zeros((0, 3)), "flat": np.ones(2)}

    def evaluate(points):
        return np.array([float(np.sin(p["a"])) for p in points])

    grads = {"a": np.cos(point["a"]), "none": np.zeros((0, 3)), "flat": np.zeros(2)}
    drawn = measure_curves(evaluate, point, grads)
    assert list(drawn) == ["a", "flat"]
    assert drawn["a"]["entries"]["shape"] == []
    assert drawn["flat"]["taylor"]["slope"] is None
    assert [len(figures(drawn, name)) for name in drawn] == [4, 3]


def test_a_loss_without_values_makes_figures_without_points():
    def evaluate(points):
        return np.array([np.nan for _ in points])

    drawn = measure_curves(evaluate, {"a": np.ones(2)}, {"a": np.ones(2)})
    assert np.isnan(drawn["a"]["entries"]["numeric"]).all()
    assert drawn["a"]["taylor"]["slope"] is None


def test_checks_measure_curves_when_asked(problem):
    network, _ = problem
    report = check_network(network.loss_and_grads, network, curves=True)
    assert list(report.curves) == ["W1", "b1", "W2", "b2"]
    json.dumps(report.to_dict(), allow_nan=False)
    plain = check_network(network.loss_and_grads, network)
    assert not plain.fingerprint
    report = check_gradients(lambda x: (x @ x, 2 * x), np.ones(3), curves=True)
    assert [len(figures(report.curves, name)) for name in report.parameters] == [4]


def test_a_wrong_network_gets_a_fingerprint_whatever_the_seed():
    network = networks.get("softmax")

    def traits(id, seed):
        wrong = inject(network, [typical(network, id)])
        return check_network(wrong, network, seed=seed).fingerprint

    one, other = traits("batch-sum", 1), traits("batch-sum", 2)
    assert set(one) == {"W1", "b1", "W2", "b2"}
    assert fingerprint.similar(one, other)
