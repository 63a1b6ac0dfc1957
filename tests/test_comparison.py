"""examine: verdicts from measured errors."""

import numpy as np
import pytest

from gradcheck.comparison import examine


def quartic(p):
    return float(np.sum(p["W"] ** 4) + np.sum(p["W"]) * np.sum(np.sin(p["b"])))


def quartic_gradient(p):
    return {
        "W": 4 * p["W"] ** 3 + np.sum(np.sin(p["b"])),
        "b": np.sum(p["W"]) * np.cos(p["b"]),
    }


POINT = {"W": np.linspace(-1.0, 2.0, 12).reshape(3, 4), "b": np.array([0.3, -0.7])}


def judge(gradient, params=POINT, loss=quartic, **options):
    def evaluate(points):
        return np.array([loss(p) for p in points])

    return examine(evaluate, gradient, params, gradient(params), **options)


def test_a_right_gradient_is_correct():
    found = judge(quartic_gradient)
    assert found.verdict == "correct"
    assert {j.verdict for j in found.parameters.values()} == {"correct"}
    assert found.parameters["W"].bound.rel_error < 1e-5
    assert found.evaluations > 0


def test_a_wrong_entry_is_wrong_and_named():
    def gradient(p):
        grads = quartic_gradient(p)
        grads["W"][1, 2] *= 1.001
        return grads

    found = judge(gradient)
    assert found.verdict == "wrong"
    assert found.parameters["W"].verdict == "wrong"
    assert found.parameters["b"].verdict == "correct"
    worst = found.parameters["W"].worst
    assert worst.index == (1, 2)
    assert worst.numeric == pytest.approx(quartic_gradient(POINT)["W"][1, 2], rel=1e-7)


def test_nothing_against_nothing_is_inconclusive():
    found = judge(
        lambda p: {k: np.zeros_like(v) for k, v in p.items()}, loss=lambda p: 3.0
    )
    assert found.verdict == "inconclusive"
