"""A vector field that is the gradient of nothing is told from one of something."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.numeric.symmetry import asymmetry


def at(name, spoil=lambda grads, params: grads):
    network = networks.get(name)
    problem = networks.draw_problem(network, np.random.default_rng(1))

    def field(params):
        _, grads = network.loss_and_grads(params, problem.X, problem.y, problem.reg)
        return spoil(grads, params)

    return asymmetry(field, problem.params, np.random.default_rng(2))


@pytest.mark.parametrize("name", ["softmax", "logistic", "linear", "deep"])
def test_gradients_are_symmetric(name):
    assert at(name) is None
    assert at(name, lambda g, p: {k: 7.0 * v for k, v in g.items()}) is None


def test_one_part_scaled_is_the_gradient_of_nothing():
    found = at("softmax", lambda g, p: {**g, "W1": 2.0 * g["W1"]})
    assert found is not None
    assert found.there != pytest.approx(found.back, rel=1e-2)


def test_a_field_of_constants_or_jumps_shows_nothing():
    assert at("linear", lambda g, p: {k: np.ones_like(v) for k, v in g.items()}) is None
    assert at("linear", lambda g, p: {k: np.sign(v) for k, v in g.items()}) is None


def test_noise_is_no_asymmetry():
    noise = np.random.default_rng(3)

    def spoil(grads, params):
        return {k: v + 1e-3 * noise.standard_normal(v.shape) for k, v in grads.items()}

    assert at("softmax", spoil) is None


def test_a_field_that_is_not_finite_shows_nothing():
    assert at("linear", lambda g, p: {k: np.nan * v for k, v in g.items()}) is None
