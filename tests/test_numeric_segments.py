"""Segments of several lengths, and integrals of a gradient that jumps."""

import numpy as np
import pytest
from written import POINT
from written import curved as loss
from written import curved_gradient as right

from gradcheck.numeric.directions import Axis, Explicit, measure_scale
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.path import Segment
from gradcheck.numeric.plans import run
from gradcheck.numeric.quadrature import CUTS, OTHER_CUTS, integrate
from gradcheck.numeric.segments import (
    accusing,
    allowance,
    confirm,
    is_steady,
    sharpen,
)

LINE = Explicit({"x": np.array([1.0, -0.5, 0.7])})
NOISE = Noise(1e-15, 2.2e-16)
ENTRY = Axis("x", (0,), measure_scale(POINT))


def wrong(p):
    return {"x": 1.01 * right(p)["x"]}


def kinked(p):
    return loss(p) + 0.3 * abs(p["x"][0] - 0.3017)


def kinked_gradient(p):
    jump = 0.3 * np.sign(p["x"][0] - 0.3017)
    return {"x": right(p)["x"] + np.array([jump, 0, 0])}


def drive(plan, f=loss):
    return run(plan, lambda batch: np.array([f(p) for p in batch]))[0]


def slope_of(gradient, direction):
    return float(gradient(POINT)["x"] @ direction.vectors(POINT)["x"])


def test_segments_shorten_until_a_right_gradient_agrees():
    slope = slope_of(right, LINE)
    tried = drive(sharpen(POINT, LINE, right, NOISE, 1e-14, slope, 1e-3))
    assert tried[-1].agrees
    assert allowance(tried) < 1e-12
    assert drive(sharpen(POINT, LINE, right, NOISE, 1.0, slope, 1e-3)) == ()
    assert allowance(()) == np.inf


def test_two_segments_that_tell_the_same_of_a_wrong_gradient_are_enough():
    slope = slope_of(wrong, LINE)
    tried = drive(sharpen(POINT, LINE, wrong, NOISE, 1e-14, slope, 1e-3))
    assert len(tried) == 2
    assert accusing(tried) == tried
    assert allowance(tried) > 0.01 * abs(slope)
    assert is_steady(POINT, LINE, wrong, tried)
    assert drive(confirm(POINT, LINE, wrong, NOISE, 1e-14, tried))
    assert not is_steady(POINT, LINE, right, tried)
    assert not drive(confirm(POINT, LINE, right, NOISE, 1e-14, tried))


def test_along_an_entry_kinks_are_found_and_do_not_matter():
    slope = slope_of(kinked_gradient, ENTRY)
    plan = sharpen(POINT, ENTRY, kinked_gradient, NOISE, 1e-14, slope, 1e-3, (0.3,))
    (found,) = drive(plan, kinked)
    assert found.agrees
    assert found.length == 0.3

    def off(p):
        return {"x": kinked_gradient(p)["x"] + 1e-9}

    plan = sharpen(
        POINT, ENTRY, off, NOISE, 1e-14, slope + 3e-10, 1e-3, (0.1, 0.03), (0.3,)
    )
    tried = drive(plan, kinked)
    assert [s.length for s in tried] == [0.3, 0.1]
    assert is_steady(POINT, ENTRY, off, tried)


def test_the_error_of_quadrature_over_kinks_is_not_steady():
    rng = np.random.default_rng(0)
    places, jumps = rng.uniform(-0.4, 0.4, 40), rng.normal(size=40)

    def f(p):
        t = p["x"][0] - POINT["x"][0]
        return loss(p) + float(jumps @ np.maximum(t - places, 0))

    def g(p):
        t = p["x"][0] - POINT["x"][0]
        return {"x": right(p)["x"] + np.array([jumps @ (t > places), 0, 0])}

    middle = slope_of(g, LINE)
    tried = drive(sharpen(POINT, LINE, g, NOISE, 1e-14, middle, 1e-3), f)
    assert len(tried) > 2
    assert not is_steady(POINT, LINE, g, tried)
    assert not drive(confirm(POINT, LINE, g, NOISE, 1e-14, tried), f)


@pytest.mark.parametrize(
    "tried",
    [
        (),
        (Segment(0.1, 1.0, 1e-9),),
        (Segment(0.3, 1.0, 1e-9), Segment(0.1, 0.1, 1e-9)),  # not alike
        (Segment(0.3, 1.0, 1e-9), Segment(0.1, -1.0, 1e-9)),
        (Segment(0.3, 3.0, 1.0), Segment(0.1, 3.0, 1.0)),  # hardly above noise
        (Segment(0.3, 1.0, 1e-9, 0.0, 0.5), Segment(0.1, 1.0, 1e-9)),  # kinks
    ],
)
def test_other_segments_accuse_nobody(tried):
    assert accusing(tried) == ()
    assert not is_steady(POINT, LINE, wrong, tried)


def test_the_shortest_segments_accuse():
    tried = tuple(Segment(L, r, 1e-9) for L, r in ((1, 9.0), (0.3, 1.1), (0.1, 1.0)))
    assert accusing(tried) == tried[1:]


def test_an_integral_over_jumps_is_exact():
    def f(t):
        return np.exp(t) + 3.0 * (t > 0.123) - 2.0 * (t > 0.456) + (t > -0.9)

    exact = (np.exp(1) - np.exp(-1) + 3 * 0.877 - 2 * 0.544 + 1.9) / 2
    for cuts in (CUTS, OTHER_CUTS):
        mean, doubt = integrate(f, 1.0, 1e-10, cuts)
        assert mean == pytest.approx(exact, abs=1e-9)
        assert doubt < 1e-9


def test_a_slope_is_not_taken_for_a_jump():
    mean, doubt = integrate(lambda t: np.tanh(40 * t) ** 2, 1.0, 1e-8)
    assert mean == pytest.approx(1 - np.tanh(40) / 40, abs=1e-7)
    assert doubt < 1e-7


def test_an_integral_that_costs_too_much_is_given_up():
    calls = []

    def rough(t):
        calls.append(t)
        return np.sin(1e6 * t)

    _, doubt = integrate(rough, 1.0, 1e-12, most=100)
    assert doubt == np.inf
    assert len(calls) < 200
    _, doubt = integrate(lambda t: np.nan, 1.0, 1e-12)
    assert not doubt <= 1e-9
