"""The noise floor: measured, and not mistaken for kinks or curvature."""

import numpy as np
import pytest

from gradcheck.numeric.directions import Seeded, measure_scale
from gradcheck.numeric.noise import ecnoise, is_single, measure_noise
from gradcheck.numeric.plans import run

POINT = {"x": np.linspace(0.5, 1.5, 5)}


def measure(f, slope=1.0, dtype=None, params=POINT):
    scale = measure_scale(params)
    plan = measure_noise(
        params,
        Seeded(tuple(params), scale, (0,)),
        slope=slope,
        origin=float(f(params["x"])),
        dtype=dtype,
    )
    return run(plan, lambda batch: np.array([f(p["x"]) for p in batch]))[0]


@pytest.mark.parametrize("sigma", [1e-12, 1.0, 1e12])
def test_noise_on_a_smooth_function_is_recovered(sigma):
    """Eight values make an estimate, not a bound: nearly always within a factor 4."""
    t = np.arange(8) * 1e-3
    found = []
    for seed in range(200):
        noise = sigma * np.random.default_rng(seed).standard_normal(8)
        found.append(ecnoise(sigma * (3 + 2 * t + t**2) + noise))
    shares = np.array([value / sigma for value in found if value is not None])
    assert len(shares) > 190
    assert np.mean((shares > 0.25) & (shares < 4)) > 0.95


def test_values_that_hardly_differ_have_no_noise():
    assert ecnoise(np.ones(8)) == 0.0
    assert ecnoise(np.array([1.0, 1, 1, 1, 1, 1, 1, 2])) == 0.0


def test_a_function_that_only_curves_shows_no_noise():
    assert ecnoise(np.exp(np.arange(8.0))) is None


def test_huge_values_do_not_overflow():
    noise = 1e190 * np.random.default_rng(0).standard_normal(8)
    assert 1e189 < ecnoise(1e200 + noise) < 1e191


def test_a_loss_in_double_precision_has_rounding_for_noise():
    found = measure(lambda x: float(np.sum(np.sin(x) * np.exp(x))))
    assert found.eps == np.finfo(float).eps
    assert 1e-16 < found.level < 1e-13


def test_a_kink_at_the_point_is_not_noise():
    found = measure(lambda x: float(np.sum(np.abs(x - POINT["x"])) + np.sum(x**2)))
    assert found.level < 1e-13


def test_single_precision_is_recognised_by_its_values():
    found = measure(lambda x: np.sum(np.sin(x.astype(np.float32)), dtype=np.float32))
    assert found.eps == np.finfo(np.float32).eps
    assert 1e-8 < found.level < 1e-4
    assert is_single(np.array([0.5, np.float32(0.1)]))
    assert not is_single(np.array([0.5, 0.1]))


def test_single_precision_may_be_declared():
    found = measure(lambda x: float(np.sum(x)), dtype=np.float32)
    assert found.eps == np.finfo(np.float32).eps


@pytest.mark.parametrize("sigma", [1e-10, 1e-6, 1e-3])
def test_white_noise_is_measured_within_a_factor(sigma):
    def f(x):
        key = np.frombuffer(x.tobytes(), np.uint32)
        return float(np.sum(x**2)) + sigma * np.random.default_rng(key).normal()

    assert sigma < measure(f).level < 10 * sigma


def test_a_flat_loss_is_looked_at_over_larger_spacings():
    found = measure(lambda x: 1.0 + 1e-9 * float(np.sum(x**2)), slope=0.0)
    assert 2e-16 <= found.level < 1e-14


def test_a_constant_loss_has_the_noise_of_its_last_digit():
    assert measure(lambda x: 3.0, slope=0.0).level == 3 * np.finfo(float).eps


def test_curvature_at_every_spacing_is_not_taken_for_noise():
    found = measure(lambda x: float(np.exp(1e14 * (x[0] - 0.5) ** 2)), slope=0.0)
    assert np.isfinite(found.level)


def test_a_side_outside_the_domain_is_left_out():
    x0 = POINT["x"].sum()

    def f(x):
        return float(np.sum(np.sin(x))) if x.sum() >= x0 else np.nan

    assert measure(f).level < 1e-13


def test_a_kink_on_one_side_leaves_the_noise_to_the_other():
    def f(x):
        return float(np.sum(np.sin(x)) + max(x[0] - 0.5 - 2e-11, 0.0))

    assert measure(f).level < 1e-13
