"""Every entry, measured for the eye: what the heat map shows is there."""

import json

import numpy as np
import pytest

from gradcheck import check_gradients, check_network, fingerprint, networks
from gradcheck.entries import measure_entries
from gradcheck.faults import inject, typical
from gradcheck.rendering.figures import figures


@pytest.fixture
def measured():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(3))
    X, y, reg = problem.X, problem.y, problem.reg

    def evaluate(points):
        return np.array([network.loss(params, X, y, reg) for params in points])

    def measured(spoil=lambda grads: grads, **options):
        _, grads = network.loss_and_grads(problem.params, X, y, reg)
        return measure_entries(evaluate, problem.params, spoil(grads), **options)

    return measured


def off(entries):
    return np.abs(np.subtract(entries["analytic"], entries["numeric"]))


def test_a_right_gradient_lies_within_the_error_at_every_entry(measured):
    for entries in measured().values():
        assert np.all(off(entries) < 10 * np.array(entries["error"]))


def test_only_the_wrong_entry_stands_out(measured):
    def spoil(grads):
        W2 = grads["W2"].copy()
        W2[4, 1] += 0.5
        return grads | {"W2": W2}

    entries = measured(spoil)["W2"]
    assert entries["shape"] == [6, 3]
    assert list(np.flatnonzero(off(entries) > 1e-8)) == [4 * 3 + 1]


def test_a_large_gradient_is_not_measured_entry_by_entry(measured):
    assert measured(most=10) == {}


def test_scalars_are_measured_and_empty_arrays_left_out():
    point = {"a": np.array(0.5), "none": np.zeros((0, 3))}

    def evaluate(points):
        return np.array([float(np.sin(p["a"])) for p in points])

    made = measure_entries(evaluate, point, {"a": np.cos(0.5), "none": point["none"]})
    assert list(made) == ["a"]
    assert made["a"]["shape"] == []
    eps = np.finfo(np.float64).eps
    assert made["a"]["error"] == [pytest.approx(4 * eps * np.sin(0.5) / 6e-6)]
    assert made["a"]["numeric"][0] == pytest.approx(np.cos(0.5), abs=1e-9)
    assert measure_entries(evaluate, {}, {}) == {}


def test_checks_measure_entries_when_asked():
    network = networks.get("linear")
    report = check_network(network.loss_and_grads, network, entries=True)
    assert [len(figures(report.curves, name)) for name in ("W", "b")] == [4, 4]
    json.dumps(report.to_dict(), allow_nan=False)
    plain = check_network(network.loss_and_grads, network)
    assert [len(figures(plain.curves, name)) for name in ("W", "b")] == [2, 2]
    assert not plain.fingerprint
    report = check_gradients(lambda x: (x @ x, 2 * x), np.ones(3), entries=True)
    assert [len(figures(report.curves, name)) for name in report.parameters] == [4]


def test_a_wrong_network_gets_a_fingerprint_whatever_the_seed():
    network = networks.get("linear")

    def traits(seed):
        wrong = inject(network, [typical(network, "batch-sum")])
        return check_network(wrong, network, seed=seed).fingerprint

    one, other = traits(1), traits(2)
    assert set(one) == {"W", "b"}
    assert fingerprint.similar(one, other)
