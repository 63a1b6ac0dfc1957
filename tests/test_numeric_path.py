"""The path test: integrals of the gradient against differences of the loss."""

import numpy as np
import pytest
from written import POINT
from written import curved as loss
from written import curved_gradient as right

from gradcheck.numeric.directions import Explicit, Seeded, measure_scale
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.path import (
    HALVES,
    WHOLE,
    contradicts,
    gradient_rounding,
    walk,
)
from gradcheck.numeric.plans import run

LINE = Explicit({"x": np.array([1.0, -0.5, 0.7])})
NOISE = Noise(1e-15, 2.2e-16)


def wrong(p):
    return {"x": 1.01 * right(p)["x"]}


def drive(plan, f=loss):
    return run(plan, lambda batch: np.array([f(p) for p in batch]))[0]


@pytest.mark.parametrize("rule", [HALVES, WHOLE])
def test_the_nodes_integrate_polynomials(rule):
    nodes, weights = rule
    for power in range(6):
        exact = (1 - (-1) ** (power + 1)) / (power + 1)
        assert weights @ nodes**power == pytest.approx(exact, abs=1e-14)


@pytest.mark.parametrize("rule", [HALVES, WHOLE])
def test_a_right_gradient_leaves_nothing_of_a_segment(rule):
    found = drive(walk(POINT, LINE, right, 0.01, NOISE, 1e-14, rule))
    assert found.agrees
    assert abs(found.residual) < 1e-12


def test_a_kink_in_the_middle_is_legal_on_halves():
    at = POINT["x"][0]

    def f(p):
        return loss(p) + abs(p["x"][0] - at)

    def g(p):
        return {"x": right(p)["x"] + np.array([np.sign(p["x"][0] - at), 0, 0])}

    assert drive(walk(POINT, LINE, g, 0.01, NOISE, 1e-14, HALVES), f).agrees


def test_the_gradient_in_the_middle_need_not_be_asked_for_again():
    calls = []

    def counted(p):
        calls.append(1)
        return right(p)

    middle = float(right(POINT)["x"] @ LINE.arrays["x"])
    drive(walk(POINT, LINE, counted, 0.01, NOISE, 1e-14, WHOLE, middle))
    assert len(calls) == 4


def test_a_wrong_gradient_is_contradicted_and_a_right_one_is_not():
    slope = float(right(POINT)["x"] @ LINE.arrays["x"])
    residual = 0.01 * slope
    assert drive(contradicts(POINT, LINE, wrong, NOISE, 1e-14, residual)) is True
    assert drive(contradicts(POINT, LINE, right, NOISE, 1e-14, residual)) is False


def test_the_path_says_when_it_cannot_tell():
    def nowhere(p):
        return {"x": np.full(3, np.nan)}

    assert drive(contradicts(POINT, LINE, nowhere, NOISE, 1e-14, 0.1)) is None
    loud = Noise(10.0, 2.2e-16)
    assert drive(contradicts(POINT, LINE, wrong, loud, 1e-14, 0.01)) is None
    assert drive(contradicts(POINT, LINE, wrong, NOISE, 1.0, 0.01)) is None


def test_a_noisy_loss_is_asked_over_a_length_that_can_tell():
    noise = Noise(1e-4, 2.2e-16)
    assert drive(contradicts(POINT, LINE, wrong, noise, 0.0, 0.03)) is True


def test_the_rounding_of_a_gradient_is_measured():
    scale = measure_scale(POINT)
    line = Seeded(("x",), scale, (0,))

    def single(p):
        return {"x": right({"x": p["x"].astype(np.float32)})["x"].astype(np.float64)}

    (double,) = gradient_rounding(POINT, [LINE], line, right, 1e-11)
    (coarse,) = gradient_rounding(POINT, [LINE], line, single, 3e-7)
    assert double < 1e-14
    assert 1e-8 < coarse < 1e-5
