"""The ladder: slopes inside their own intervals, kinks seen, domains respected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import differentiate

from gradcheck.numeric.directions import Explicit
from gradcheck.numeric.ladder import accepted, climb
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.plans import run

EPS = float(np.finfo(float).eps)


def slope_of(f, x=0.0, size=1.0, noise=None, **options):
    params = {"x": np.array([x])}
    level = noise or EPS * max(abs(float(f(x))), 1.0)
    plan = climb(
        params,
        Explicit({"x": np.ones(1)}),
        float(f(x)),
        Noise(level, EPS),
        size,
        **options,
    )
    return run(plan, lambda batch: np.array([f(float(p["x"][0])) for p in batch]))


@pytest.mark.parametrize(
    ("f", "x", "derivative"),
    [
        (np.sin, 0.7, np.cos(0.7)),
        (np.exp, -1.0, np.exp(-1.0)),
        (lambda x: x**5, 1.3, 5 * 1.3**4),
        (lambda x: 1 / (1 + x * x), 0.4, -0.8 / 1.16**2),
        (lambda x: 3.0, 1.0, 0.0),
        (lambda x: 2 * x, 1.0, 2.0),
    ],
)
def test_a_smooth_slope_lies_inside_a_narrow_interval(f, x, derivative):
    slope, evaluations = slope_of(f, x)
    assert slope.status == "measured"
    assert abs(slope.value - derivative) <= slope.error < 1e-8
    assert evaluations <= 30


@given(st.floats(-2, 2), st.floats(0.1, 3), st.floats(-3, 3))
def test_the_interval_agrees_with_an_independent_method(x, frequency, phase):
    def f(t):
        return np.sin(frequency * t + phase) + 0.3 * t**2

    slope, _ = slope_of(f, x)
    other = differentiate.derivative(f, x)
    assert abs(slope.value - float(other.df)) <= slope.error + 1e-9


@given(
    st.floats(-13, -1),
    st.floats(-9, 1),
    st.booleans(),
    st.floats(-3, 3),
    st.floats(-3, 3),
)
def test_one_kink_anywhere_never_fools_the_interval(distance, jump, right, a, b):
    at = (1 if right else -1) * 10.0**distance
    height = 10.0**jump

    def f(t):
        return (
            np.sin(a + t) + b * t**2 + height * max((t - at) * (1 if right else -1), 0)
        )

    slope, _ = slope_of(f, size=np.hypot(1.0, height))
    if slope.status == "measured":
        assert abs(slope.value - np.cos(a)) <= slope.error


@pytest.mark.parametrize("jump", [1e-3, 1.0, 100.0])
def test_a_kink_at_the_point_is_called_one(jump):
    slope, _ = slope_of(lambda t: np.exp(t) + jump * abs(t))
    assert slope.status == "kink"
    assert slope.error == np.inf


def test_a_kink_further_away_only_shortens_the_steps():
    slope, _ = slope_of(lambda t: np.sin(t) + max(t - 1e-6, 0.0))
    assert slope.status == "measured"
    assert slope.step < 1e-6
    assert abs(slope.value - 1.0) <= slope.error < 1e-6


def test_steps_outside_the_domain_are_not_taken():
    slope, _ = slope_of(lambda t: np.log(1e-4 + t) if t > -1e-4 else np.nan, size=1e4)
    assert slope.sides == "both"
    assert slope.value == pytest.approx(1e4, rel=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_edge_of_the_domain_one_side_is_enough(sign):
    def f(t):
        return np.exp(2 * t) if sign * t >= 0 else np.nan

    slope, _ = slope_of(f)
    assert slope.sides == ("forward" if sign > 0 else "backward")
    assert abs(slope.value - 2.0) <= slope.error < 1e-5


def test_one_rough_side_is_blind():
    rng = np.random.default_rng(0)
    slope, _ = slope_of(lambda t: rng.normal() if t >= 0 else np.nan, noise=1e-15)
    assert slope.status == "blind"


def test_an_unknown_noise_makes_it_blind_rather_than_wrong():
    rng = np.random.default_rng(0)
    slope, _ = slope_of(lambda t: t + 1e-3 * rng.normal(), noise=1e-16)
    assert slope.status in ("blind", "kink")
    assert slope.error == np.inf


def test_nowhere_defined_is_blind():
    slope, _ = slope_of(lambda t: 1.0 if t == 0 else np.nan)
    assert slope.status == "blind"


def test_a_submitted_size_that_is_absurd_does_no_harm():
    for size in (0.0, 1e-12, 1e12):
        slope, _ = slope_of(np.sin, 0.3, size)
        assert abs(slope.value - np.cos(0.3)) <= slope.error < 1e-3


def test_four_rungs_are_enough_where_they_agree():
    slope, evaluations = slope_of(np.sin, 0.3, start=1e-7, rungs=4, grow=False)
    assert evaluations == 8
    assert abs(slope.value - np.cos(0.3)) <= slope.error < 1e-7


def test_intervals_are_intersected_from_the_first():
    slopes, widths = np.array([1.0, 1.5, 1.2, 4.0]), np.array([1.0, 0.4, 0.2, 0.1])
    assert accepted(slopes, widths) == 3
    assert accepted(slopes[:2], widths[:2]) == 2
    assert accepted(np.array([np.nan, 1.0]), np.ones(2)) == 0
