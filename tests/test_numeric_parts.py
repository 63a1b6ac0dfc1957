"""The numerical methods piece by piece: exact values, exact points, exact cost."""

from math import hypot, inf, nan, sqrt

import numpy as np
import pytest

from gradcheck.numeric.bisection import _search_large, locate
from gradcheck.numeric.directions import (
    CHUNK,
    Axis,
    Explicit,
    Ray,
    Scale,
    Seeded,
    displace,
    measure_scale,
    project,
    scaled_norm,
)
from gradcheck.numeric.gradient import numeric_gradient
from gradcheck.numeric.ladder import (
    Rungs,
    Slope,
    _is_sharp,
    _jump,
    accepted,
    climb,
    is_kink,
    read,
)
from gradcheck.numeric.noise import Noise, ecnoise, is_single, measure_noise
from gradcheck.numeric.parts import Part, Round, Search
from gradcheck.numeric.path import (
    HALVES,
    WHOLE,
    Segment,
    _deviation,
    contradicts,
    gradient_rounding,
    mean_slope,
    walk,
)
from gradcheck.numeric.patterns import (
    Measured,
    describe,
    name_entries,
    name_lines,
    worst_first,
)
from gradcheck.numeric.plans import run
from gradcheck.numeric.probes import (
    Block,
    Probe,
    choose_directions,
    open_block,
    probe_more,
)
from gradcheck.numeric.quadrature import CUTS, integrate
from gradcheck.numeric.segments import (
    _alike,
    _closer,
    _is_clear,
    accusing,
    allowance,
    confirm,
    integrated,
    sharpen,
)
from gradcheck.numeric.stencils import EPS, Shifts, central, richardson
from gradcheck.numeric.symmetry import _along, asymmetry

ALONG = Explicit({"x": np.ones(1)})


def asked(plan, f, key="x"):
    """Run a plan on a function of one number; return its result and the points."""
    points = []

    def evaluate(batch):
        batch = [float(np.real(p[key].reshape(-1)[0])) for p in batch]
        points.extend(batch)
        return np.array([f(t) for t in batch])

    return run(plan, evaluate)[0], points


def line(x=0.0):
    return {"x": np.array([x])}


# --- ladders -----------------------------------------------------------------


def rungs(f, steps, origin=0.0):
    steps = np.array(steps)
    return Rungs(steps, f(origin + steps), f(origin - steps))


STEPS = 1e-3 * 4.0 ** np.arange(6)


def test_rungs_are_joined_in_the_order_of_their_steps():
    one, other = rungs(np.exp, [1e-2, 3e-1]), rungs(np.exp, [1e-3, 1e-1])
    joined = one.joined(other)
    assert joined.steps.tolist() == [1e-3, 1e-2, 1e-1, 3e-1]
    assert joined.plus.tolist() == np.exp(joined.steps).tolist()
    assert joined.minus.tolist() == np.exp(-joined.steps).tolist()
    assert joined.slopes == pytest.approx(np.sinh(joined.steps) / joined.steps)


def test_touching_intervals_have_a_point_in_common():
    assert accepted(np.array([0.0, 2.0]), np.array([1.0, 1.0])) == 2
    assert accepted(np.array([0.0, 2.1]), np.array([1.0, 1.0])) == 1
    assert accepted(np.array([0.0, 1.5, -1.5]), np.array([1.0, 1.0, 1.0])) == 2
    assert accepted(np.array([1.0, 1.0, nan]), np.ones(3)) == 2


@pytest.mark.parametrize(
    ("f", "noise", "kink"),
    [
        (np.abs, 1e-9, True),
        (lambda t: np.abs(t) + t**2, 1e-9, True),
        (lambda t: t**2, 1e-9, False),
        (lambda t: np.abs(t) + 5e3 * t**2, 1e-9, False),
        (np.abs, 1.0, False),
        (lambda t: np.maximum(np.abs(t) - 2e-3, 0.0), 1e-12, False),
        (lambda t: np.maximum(np.abs(t) - 2e-3, 0.0), 1e-5, False),
    ],
)
def test_a_kink_at_the_point_is_told_from_curvature_and_from_one_beside_it(
    f, noise, kink
):
    assert is_kink(rungs(f, STEPS), 0.0, noise) is kink


def test_a_kink_wants_three_rungs_clear_of_noise():
    assert is_kink(rungs(np.abs, STEPS[:3]), 0.0, 1e-9)
    assert not is_kink(rungs(np.abs, STEPS[:2]), 0.0, 1e-9)
    noise = 1e-3 / 30  # 60 noise / h is 2 on the first rung, and 1/2 on the next
    assert is_kink(rungs(np.abs, STEPS), 0.0, noise)
    assert not is_kink(rungs(np.abs, STEPS[:3]), 0.0, noise)


def test_the_origin_counts_for_a_kink():
    assert is_kink(rungs(lambda t: 3 + np.abs(t), STEPS), 3.0, 1e-9)
    assert not is_kink(rungs(lambda t: 3 + t**2, STEPS), 3.0, 1e-9)


def test_a_parabola_is_read_on_the_rung_where_noise_and_bend_are_least():
    found = read(rungs(lambda t: 2 * t + t**2, STEPS), 0.0, 1e-9)
    assert (found.status, found.sides, found.exhausted) == ("measured", "both", True)
    assert found.value == pytest.approx(2.0, rel=1e-12)
    assert found.step == STEPS[4]
    assert found.error == pytest.approx(2.5 * 2e-9 / STEPS[4], rel=1e-6)
    assert found.rungs.steps.tolist() == STEPS.tolist()


def test_a_cubic_is_read_below_the_first_rung_that_disagrees():
    noise = 1e-5
    found = read(rungs(lambda t: 3 * t + t**3, STEPS), 0.0, noise)
    # slopes are 3 + h^2 within 2e-5/h: h = 1e-3 .. 1.6e-2 agree, 6.4e-2 does not
    assert found.status == "measured"
    assert not found.exhausted
    assert found.step == STEPS[1]
    assert found.value == pytest.approx(3 + STEPS[1] ** 2)
    assert found.error == pytest.approx(2.5 * 2 * noise / STEPS[1])


def test_slopes_that_never_agree_are_blind_and_have_the_first_step():
    found = read(rungs(lambda t: np.sin(1e4 * t), STEPS), 0.0, 1e-12)
    assert (found.status, found.step, found.error) == ("blind", STEPS[0], inf)
    assert np.isnan(found.value)
    kink = read(rungs(np.abs, STEPS), 0.0, 1e-9)
    assert (kink.status, kink.step, kink.error) == ("kink", STEPS[0], inf)
    assert kink.rungs is not None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_side_is_read_to_the_second_order(sign):
    def f(t):
        return np.where(sign * t >= 0, 5 + 2 * t + 7 * t**2, nan)

    noise = 1e-7
    found = read(rungs(f, STEPS), 5.0, noise)
    assert (found.status, found.sides) == (
        "measured", "forward" if sign > 0 else "backward",
    )  # fmt: skip
    assert found.step == STEPS[3]
    assert found.value == pytest.approx(2.0, rel=1e-11)
    assert found.error == pytest.approx(2.5 * 6 * noise / STEPS[3], rel=1e-6)


def test_one_side_of_a_cubic_allows_for_the_spread_of_two_rungs():
    def f(t):
        return np.where(t >= 0, t**3, nan)

    found = read(rungs(f, STEPS), 0.0, 1e-4)
    # the slope of rung h is (16 h^3 - 64 h^3) / 12 h = -4 h^2, within 6e-4 / h
    places = [k for k in range(5) if STEPS[k] == found.step]
    assert found.value == pytest.approx(-4 * found.step**2)
    before = STEPS[places[0] - 1]
    assert found.error == pytest.approx(
        2.5 * 6e-4 / found.step + 4 * (found.step**2 - before**2)
    )


def test_one_side_that_is_rough_is_blind():
    def f(t):
        return np.where(t >= 0, np.sin(1e5 * t), nan)

    found = read(rungs(f, STEPS), 0.0, 1e-12)
    assert (found.status, found.sides, found.error) == ("blind", "forward", inf)
    assert found.step == STEPS[0]


def test_a_kink_below_every_rung_is_extrapolated_from_second_differences():
    jump, bend = 0.5, 3.0
    bends = jump + bend * STEPS
    assert _jump(bends, np.zeros(6), 2) == pytest.approx(jump)
    assert _jump(bends, np.full(6, 1e3), 2) == pytest.approx(jump)
    crooked = bends.copy()
    crooked[1] += 0.9
    assert _jump(crooked, np.zeros(6), 2) == pytest.approx(jump + 4 * 0.9 / 3)
    assert _jump(crooked, np.full(6, 1e3), 2) == pytest.approx(jump)


def test_a_ladder_is_climbed_from_the_step_at_which_noise_is_small():
    noise = Noise(1e-14, EPS)
    found, points = asked(climb(line(), ALONG, 0.0, noise, 1.0), lambda t: t)
    first = 1e-14 / 1e-7
    steps = first * 4.0 ** np.arange(len(points) // 2)
    assert points[:10] == pytest.approx([*steps[:5], *(-steps[:5])])
    assert points[10:14] == pytest.approx([*steps[5:7], *(-steps[5:7])])
    assert max(points) == pytest.approx(max(s for s in steps if s <= 0.3))
    assert found.exhausted
    assert found.value == pytest.approx(1.0, abs=1e-12)


def test_a_ladder_may_start_elsewhere_and_stay_there():
    noise = Noise(1e-14, EPS)
    plan = climb(line(), ALONG, 0.0, noise, 1.0, start=1e-3, rungs=3, grow=False)
    found, points = asked(plan, lambda t: t)
    assert points == pytest.approx([1e-3, 4e-3, 1.6e-2, -1e-3, -4e-3, -1.6e-2])
    assert found.step == pytest.approx(4e-3)
    capped = climb(line(), ALONG, 0.0, noise, 1.0, start=1.0, rungs=3, cap=0.1)
    _, points = asked(capped, lambda t: t)
    assert max(points) == pytest.approx(0.1)
    tiny = climb(line(), ALONG, 0.0, noise, 1.0, start=1e-30, rungs=3, grow=False)
    _, points = asked(tiny, lambda t: t)
    assert min(map(abs, points)) == pytest.approx(64 * EPS)


def test_a_ladder_goes_down_where_its_steps_do_not_agree():
    noise = Noise(1e-14, EPS)
    plan = climb(line(), ALONG, 0.0, noise, 1.0, start=1e-3, rungs=3, grow=False)
    found, points = asked(plan, lambda t: np.sin(30 * t))
    assert found.value == pytest.approx(30.0, rel=1e-8)
    assert abs(found.value - 30.0) <= found.error
    lower = sorted({abs(p) for p in points})
    assert lower[-4:] == pytest.approx([2.5e-4, 1e-3, 4e-3, 1.6e-2])
    assert np.diff(np.log(lower)) == pytest.approx(np.log(4.0))
    assert len(lower) in (7, 10)  # one rung, then three at a time


@pytest.mark.parametrize(
    ("status", "error", "sides", "sharp"),
    [
        ("measured", 12.9, "both", True),
        ("measured", 13.1, "both", False),
        ("measured", 13.1, "forward", True),
        ("blind", 0.0, "both", False),
        ("kink", 0.0, "forward", False),
    ],
)
def test_a_slope_is_sharp_within_the_guard_over_its_noise(status, error, sides, sharp):
    assert _is_sharp(Slope(1.0, error, 0.25, status, sides), 0.25) is sharp


# --- noise -------------------------------------------------------------------


def test_alternating_values_have_the_noise_of_their_first_differences():
    values = np.array([0.0, 1.0] * 4)
    assert ecnoise(values) == pytest.approx(1 / sqrt(2))
    assert ecnoise(5 + 1e-9 * values) == pytest.approx(1e-9 / sqrt(2), rel=1e-6)


def test_half_of_the_differences_may_be_nothing():
    base = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    assert np.count_nonzero(np.diff(base) == 0) == 3
    assert ecnoise(base) > 0
    more = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    assert np.count_nonzero(np.diff(more) == 0) == 5
    assert ecnoise(more) == 0.0
    even = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    assert np.count_nonzero(np.diff(even) == 0) == 3
    assert ecnoise(even) > 0


def test_single_precision_is_what_single_precision_can_hold():
    assert is_single(np.array([0.1, 2.5], dtype=np.float32).astype(float))
    assert not is_single(np.array([0.1, 2.5]))
    assert not is_single(np.array([1e300]))


def noise_of(f, x=1.0, **options):
    params = {"x": np.array([x])}
    given = {"slope": 1.0, "origin": f(x), **options}
    found, points = asked(measure_noise(params, ALONG, **given), f)
    return found, [p - x for p in points]


def test_the_noise_is_sought_at_eight_points_on_each_side():
    found, steps = noise_of(lambda t: 2.0 + t)
    spacing = 1e-3 * sqrt(EPS)
    assert steps == pytest.approx(
        [k * s * spacing for s in (1, -1) for k in range(1, 9)], abs=EPS
    )
    assert found.eps == EPS
    assert EPS * (3 + 1) <= found.level < 50 * EPS


def test_a_constant_is_looked_at_over_growing_spacings_and_has_its_last_digit():
    found, steps = noise_of(lambda t: 3.0)
    assert len(steps) == 48
    spacing = 1e-3 * sqrt(EPS)
    assert max(steps) == pytest.approx(8 * spacing * 1e6)
    assert found.level == EPS * (3.0 + 1.0)
    steep, _ = noise_of(lambda t: -3.0, slope=5.0)
    assert steep.level == EPS * (3.0 + 5.0)


def test_the_spacing_grows_with_the_last_digit_of_a_large_loss():
    _, steps = noise_of(lambda t: 1e8 + t, slope=1.0)
    assert max(steps[:8]) == pytest.approx(8 * 4 * EPS * (1e8 + 1), rel=1e-6)
    _, steps = noise_of(lambda t: 1e13 + t, slope=1.0)
    assert max(steps[:8]) == pytest.approx(8e-4)


def test_a_declared_precision_is_not_looked_for():
    found, steps = noise_of(lambda t: 2.0 + t, dtype=np.float32)
    eps = float(np.finfo(np.float32).eps)
    assert found.eps == eps
    assert max(steps[:8]) == pytest.approx(8 * max(1e-3 * sqrt(eps), 12 * eps))
    assert noise_of(lambda t: float(np.float32(t)), dtype=np.float64)[0].eps == EPS


def test_values_in_single_precision_are_asked_for_again_further_apart():
    found, steps = noise_of(lambda t: float(np.float32(t)), slope=8.9e-9)
    eps = float(np.finfo(np.float32).eps)
    assert found.eps == eps
    assert max(steps[:8]) == pytest.approx(32 * EPS / 8.9e-9, rel=1e-6)
    assert max(steps[16:24]) == pytest.approx(8e-3 * sqrt(eps), rel=1e-6)
    assert eps <= found.level < 20 * eps


# --- segments ----------------------------------------------------------------


def cubic(t):
    return t**3 + 2 * t


def cubic_gradient(p):
    return {"x": 3 * p["x"] ** 2 + 2}


@pytest.mark.parametrize("rule", [HALVES, WHOLE])
def test_a_walk_leaves_what_the_gradient_is_off_by(rule):
    noise = Noise(1e-3, EPS)

    def off(p):
        return {"x": cubic_gradient(p)["x"] + 0.25}

    found, points = asked(walk(line(0.5), ALONG, off, 0.2, noise, 1e-5, rule), cubic)
    assert points == pytest.approx([0.7, 0.3])
    secant = (cubic(0.7) - cubic(0.3)) / 0.4
    assert found.secant == pytest.approx(secant)
    assert found.residual == pytest.approx(0.25)
    assert found.tolerance == pytest.approx(1e-3 / 0.2 + 1e-5)
    assert (found.length, found.spread, found.agrees) == (0.2, 0.0, False)
    right, _ = asked(walk(line(0.5), ALONG, cubic_gradient, 0.2, noise, 0.0), cubic)
    assert right.agrees
    assert abs(right.residual) < 1e-12


def test_a_residual_as_large_as_its_tolerance_agrees():
    assert Segment(0.1, 1.0, 1.0).agrees
    assert Segment(0.1, -1.0, 1.0).agrees
    assert not Segment(0.1, nan, 1.0).agrees
    assert np.isnan(Segment(0.1, 1.0, 1.0).secant)


def test_the_middle_is_asked_for_only_where_it_is_not_known():
    calls = []

    def gradient(p):
        calls.append(float(p["x"][0]))
        return cubic_gradient(p)

    exact = mean_slope(line(0.5), ALONG, gradient, 0.2, WHOLE)
    assert (len(calls), calls[2]) == (5, 0.5)
    calls.clear()
    known = mean_slope(line(0.5), ALONG, gradient, 0.2, WHOLE, middle=2.75)
    assert len(calls) == 4
    assert known == pytest.approx(exact)
    assert exact == pytest.approx((cubic(0.7) - cubic(0.3)) / 0.4)
    calls.clear()
    assert mean_slope(line(0.5), ALONG, gradient, 0.2, HALVES, 9.0) == pytest.approx(
        exact
    )
    assert len(calls) == 6


def contradicted(gradient, residual, level=1e-12, rounding=0.0, **options):
    plan = contradicts(
        line(0.5), ALONG, gradient, Noise(level, EPS), rounding, residual, **options
    )
    found, points = asked(plan, cubic)
    return found, [round((p - 0.5), 12) for p in points]


def shifted(by):
    return lambda p: {"x": cubic_gradient(p)["x"] + by}


def test_three_segments_contradict_a_wrong_gradient_and_one_clears_a_right_one():
    assert contradicted(shifted(1.0), 1.0) == (
        True, [1e-6, -1e-6, 1e-4, -1e-4, 1e-2, -1e-2],
    )  # fmt: skip
    assert contradicted(shifted(0.0), 1.0) == (False, [1e-6, -1e-6])
    assert contradicted(shifted(0.2), 1.0)[0] is False  # a quarter is not enough
    assert contradicted(shifted(0.3), 1.0)[0] is True
    assert contradicted(shifted(-0.3), -1.0)[0] is True


def test_only_segments_that_can_tell_are_asked():
    assert contradicted(shifted(1.0), 1.0, level=1e-6)[1] == [1e-4, -1e-4, 1e-2, -1e-2]
    found, points = contradicted(shifted(1.0), 1.0, level=0.01, rounding=0.05)
    assert (found, points) == (True, [0.1, -0.1])
    assert contradicted(shifted(1.0), 1.0, level=1.0) == (None, [])
    assert contradicted(shifted(1.0), 1.0, rounding=0.25) == (None, [])
    assert contradicted(shifted(nan), 1.0)[0] is None
    assert contradicted(shifted(1.0), 1.0, lengths=(1e-3,))[1] == [1e-3, -1e-3]


def test_the_rounding_of_a_gradient_is_six_deviations_of_eight_points():
    places = []

    def gradient(p):
        places.append(float(p["x"][0]))
        return {"x": np.array([1.0 + 1e-9 * (len(places) % 2)])}

    twice = Explicit({"x": np.full(1, 2.0)})
    found = gradient_rounding(line(1.0), [ALONG, twice], ALONG, gradient, 1e-3)
    assert places == pytest.approx([1 + 1e-3 * k for k in range(1, 9)])
    assert found == pytest.approx([6e-9 / sqrt(2), 12e-9 / sqrt(2)], rel=1e-5)


def test_where_curvature_shows_the_median_bend_is_the_deviation():
    bend = np.median(np.exp(np.arange(6.0))) * np.expm1(1.0) ** 2
    assert _deviation(np.exp(np.arange(8.0))) == pytest.approx(bend / sqrt(6))
    assert np.isnan(_deviation(np.full(8, nan)))


def seg(length, residual, tolerance, spread=0.0):
    return Segment(length, residual, tolerance, 0.0, spread)


def test_what_a_gradient_may_be_off_by_is_the_least_that_agrees():
    right = [seg(0.3, 5.0, 0.1), seg(0.1, 0.02, 0.03), seg(0.03, -0.01, 0.02)]
    assert allowance(right) == pytest.approx(0.03)
    assert allowance(right[:2]) == pytest.approx(0.05)
    assert allowance(right[:1]) == inf
    spoilt = [seg(0.3, 5.0, 0.1), seg(0.1, -6.0, 0.2), seg(0.03, 1.0, 0.3)]
    assert allowance(spoilt) == pytest.approx(12.2)
    assert allowance(spoilt[:1] + spoilt[2:]) == pytest.approx(10.3)


def test_residuals_are_alike_within_a_third_and_noise():
    assert _alike([seg(0.1, 1.0, 0.0), seg(0.2, 1.3, 0.0)])
    assert not _alike([seg(0.1, 1.0, 0.0), seg(0.2, 1.31, 0.0)])
    assert _alike([seg(0.1, 1.0, 0.03), seg(0.2, 1.34, 0.04)])
    assert not _alike([seg(0.1, 1.0, 0.03), seg(0.2, 1.36, 0.04)])
    assert _alike([seg(0.1, -1.0, 0.0), seg(0.2, -1.2, 0.0)])
    assert not _alike([seg(0.1, 1.0, 5.0), seg(0.2, -1.0, 5.0)])
    assert not _alike([seg(0.1, 1.0, 0), seg(0.2, 1.2, 0), seg(0.3, 1.5, 0)])


def test_a_segment_is_clear_where_two_ways_of_integrating_agree():
    assert _is_clear(seg(0.1, 1.0, 0.1, spread=0.39))
    assert not _is_clear(seg(0.1, 1.0, 0.1, spread=0.41))
    assert _is_clear(seg(0.1, -1.0, 0.1, spread=0.39))


def test_segments_accuse_if_two_are_clear_of_noise_and_one_by_a_factor_of_four():
    one, two, three = seg(0.3, 1.0, 0.2), seg(0.1, 1.0, 0.2), seg(0.03, 1.0, 0.2)
    assert accusing([one, two, three]) == (one, two, three)
    assert accusing([one, two]) == (one, two)
    assert accusing([one]) == ()
    doubtful = [seg(0.3, 1.0, 0.3), seg(0.1, 1.0, 0.3)]
    assert accusing(doubtful) == ()
    assert accusing([doubtful[0], one]) == (doubtful[0], one)
    noisy = seg(0.1, 1.0, 0.6)
    assert accusing([one, noisy, two]) == (one, two)
    kinked = seg(0.1, 1.0, 0.1, spread=0.5)
    assert accusing([one, kinked]) == ()
    other = seg(0.3, 3.0, 0.1)
    assert accusing([other, one, two]) == (one, two)
    four = [seg(0.9, 1.0, 0.1), one, two, three]
    assert accusing(four) == (one, two, three)


# --- integrals ---------------------------------------------------------------


def test_a_polynomial_is_integrated_exactly_and_cheaply():
    calls = []

    def f(t):
        calls.append(t)
        return 5 * t**4 + 1.0

    mean, doubt = integrate(f, 0.5, 1e-9)
    assert mean == pytest.approx(0.5**4 + 1.0)
    assert doubt < 1e-12
    assert len(calls) == len(set(calls)) == 2 * (3 + 2 * 3)
    assert max(map(abs, calls)) < 0.5
    assert CUTS == (-1.0, 0.31, 1.0)


def test_a_step_is_cut_where_it_is():
    mean, doubt = integrate(lambda t: float(t > 0.123), 1.0, 1e-9)
    assert mean == pytest.approx((1 - 0.123) / 2, abs=1e-8)
    assert doubt < 1e-8


# --- parts -------------------------------------------------------------------


def test_a_part_is_halved_across_rows_or_columns():
    part = Part(2, 7, 10, 13)
    assert (part.thickness(0), part.thickness(1)) == (5, 3)
    assert part.cells == (slice(2, 7), slice(10, 13))
    assert part.halves(0) == (Part(2, 4, 10, 13), Part(4, 7, 10, 13))
    assert part.halves(1) == (Part(2, 7, 10, 11), Part(2, 7, 11, 13))


X = np.linspace(0.5, 2.0, 24).reshape(4, 6)


def searching(g, x=X, step=1e-3, **options):
    scale = measure_scale({"x": x})
    given = {"noise": Noise(1e-13, EPS), "size": 1.0, "grad_eps": EPS, **options}
    return Search(
        {"x": x}, "x", g, scale, square({"x": x}), given["noise"], given["grad_eps"],
        given["size"], step, (0,),
    )  # fmt: skip


def square(p):
    return float(np.sum(p["x"] ** 2))


def squares(batch):
    return np.array([square(p) for p in batch])


def test_a_search_sees_a_matrix_whatever_the_shape():
    assert searching(2 * X).shape == (4, 6)
    assert searching(2 * X[0], X[0]).shape == (1, 6)
    assert searching(2 * X[0, 0], X[0, 0]).shape == (1, 1)
    cube = X.reshape(4, 2, 3)
    found = searching(2 * cube, cube)
    assert found.shape == (4, 6)
    assert found.index(2, 4) == (2, 1, 1)
    assert searching(2 * X).index(3, 5) == (3, 5)


def test_entries_are_measured_by_themselves_in_six_evaluations():
    g = 2 * X
    g[1, 2] = 7.0
    found, cost = run(searching(g, size=10.0).measure([(0, 0), (1, 2)]), squares)
    assert cost == 12
    assert [e.index for e in found] == [(0, 0), (1, 2)]
    assert [e.wrong for e in found] == [False, True]
    for entry in found:
        assert entry.analytic == g[entry.index]
        assert abs(entry.numeric - 2 * X[entry.index]) <= entry.error < 1e-8


def test_an_entry_is_allowed_its_own_rounding():
    plain, _ = run(searching(2 * X).measure([(3, 5)]), squares)
    loose, _ = run(searching(2 * X, grad_eps=1e-3).measure([(3, 5)]), squares)
    assert loose[0].error - plain[0].error == pytest.approx(4e-3 * 4.0)
    g = np.full_like(X, nan)
    (lost,), _ = run(searching(g, grad_eps=1e-3).measure([(3, 5)]), squares)
    assert lost.error == pytest.approx(plain[0].error)


V = np.where((np.arange(24).reshape(4, 6) % 2) == 0, 1.0, -0.5)


def test_a_part_is_tested_by_four_evaluations():
    g = 2 * X
    g[1, 2] += 0.25
    now = Round(searching(g), V, g)
    whole, corner = Part(0, 4, 0, 6), Part(2, 4, 0, 6)
    (residual, tolerance), cost = run(now.test(whole), squares)
    assert cost == 4
    assert residual == pytest.approx(0.25 * V[1, 2], abs=tolerance)
    assert tolerance < 1e-8
    (residual, tolerance), _ = run(now.test(corner), squares)
    assert abs(residual) <= tolerance
    (leaning, _), _ = run(now.test(whole, 0), squares)
    assert leaning == pytest.approx(0.25 * V[1, 2] * 2 / 4, abs=1e-8)
    (leaning, _), _ = run(now.test(whole, 1), squares)
    assert leaning == pytest.approx(0.25 * V[1, 2] * 3 / 6, abs=1e-8)


@pytest.mark.parametrize(("axis", "line"), [(0, (1, 2, 0, 6)), (1, (0, 4, 2, 3))])
def test_one_wrong_line_is_pointed_out_and_two_are_not(axis, line):
    g = 2 * X
    g[1, 2] += 0.25
    now, whole = Round(searching(g), V, g), Part(0, 4, 0, 6)
    (residual, tolerance), _ = run(now.test(whole), squares)
    found, cost = run(now.point_out(whole, residual, tolerance, axis), squares)
    assert (found, cost) == (Part(*line), 4)
    other = Part(1, 4, 1, 6)
    found, _ = run(now.point_out(other, residual, tolerance, axis), squares)
    top, bottom, left, right = line
    wanted = Part(top, bottom, 1, 6) if axis == 0 else Part(1, 4, left, right)
    assert found == wanted
    g[3, 5] += 0.17
    (residual, tolerance), _ = run(now.test(whole), squares)
    assert run(now.point_out(whole, residual, tolerance, axis), squares)[0] is None
    loose = run(now.point_out(whole, residual, abs(residual), axis), squares)[0]
    assert loose is None


def test_an_undefined_gradient_is_listed_before_anything_is_searched():
    g = 2 * X
    g[2] = nan
    g[0, 0] = inf
    found, _ = run(locate(searching(g)), squares)
    assert found.pattern == "7 of 24 entries"
    assert [e.index for e in found.wrong] == [(0, 0), *((2, k) for k in range(6))]


def test_few_wrong_entries_of_many_are_all_found():
    x = np.linspace(-2.0, 2.0, 2000).reshape(40, 50) + 3.0
    g = 2 * x
    g[3, 7] += 1.0
    g[30, 11] -= 0.5
    noise = Noise(1e-10, EPS)
    found, cost = run(_search_large(searching(g, x, 1e-4, noise=noise)), squares)
    assert found.pattern == "entries [3, 7], [30, 11]"
    assert cost < 200
    assert {e.index: round(e.numeric, 6) for e in found.wrong} == {
        (3, 7): round(2 * x[3, 7], 6), (30, 11): round(2 * x[30, 11], 6),
    }  # fmt: skip
    nothing, cost = run(_search_large(searching(2 * x, x, 1e-4, noise=noise)), squares)
    assert (nothing.pattern, nothing.wrong, cost) == ("", (), 4)


# --- patterns ----------------------------------------------------------------


def test_an_entry_is_wrong_beyond_its_error():
    assert not Measured((0,), 1.5, 1.0, 0.5).wrong
    assert Measured((0,), 1.5, 1.0, 0.25).wrong
    assert Measured((0,), 1.5, 1.0, 0.25).excess == 2.0
    assert Measured((0,), 1.5, 1.0, 0.0).excess == 0.5e300
    assert Measured((0,), 1.0, 1.0, 0.0).excess == 0.0


def test_the_worst_entry_comes_first():
    mild, bad = Measured((0,), 2.0, 1.0, 0.5), Measured((1,), 2.0, 1.0, 0.1)
    assert worst_first([mild, bad]) == (bad, mild)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (set(), ""),
        ({("row", 3)}, "row 3"),
        ({("row", 3), ("row", 1)}, "rows 1, 3"),
        ({("column", 0)}, "column 0"),
        ({("column", 5), ("row", 2), ("column", 4)}, "row 2 and columns 4, 5"),
    ],
)
def test_lines_are_named(lines, said):
    assert name_lines(lines) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, ""), (1, "entry [0, 1]"), (2, "entries [0, 1], [1, 2]"),
     (6, "entries [0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6]"), (7, "7 entries")],
)  # fmt: skip
def test_few_entries_are_named(count, said):
    assert name_entries([(k, k + 1) for k in range(count)][::-1]) == said


def pattern(mask, matrix=True):
    mask = np.array(mask, dtype=bool)
    indices = [tuple(map(int, place)) for place in np.argwhere(mask)]
    return describe(mask, indices, matrix)


def test_a_line_is_wrong_if_three_fifths_of_it_are():
    mask = np.zeros((4, 5))
    mask[1, :3] = 1
    assert pattern(mask) == "row 1"
    mask[1, 2] = 0
    assert pattern(mask) == "entries [1, 0], [1, 1]"
    assert pattern(mask.T) == "entries [0, 1], [1, 1]"
    mask[[1, 2], :] = 1
    assert pattern(mask) == "rows 1, 2"
    assert pattern(mask.T) == "columns 1, 2"
    mask[3] = 1
    assert pattern(mask) == "15 of 20 entries"
    assert pattern(mask[:, :1]) == "column 0"
    assert pattern(np.eye(4, 5)) == "entries [0, 0], [1, 1], [2, 2], [3, 3]"
    assert pattern(np.ones((4, 5)), matrix=False) == "dense"
    single = np.zeros((1, 8))
    single[0, :7] = 1
    assert pattern(single, matrix=False) == "7 of 8 entries"


# --- probes ------------------------------------------------------------------


def test_a_residual_beyond_slope_and_rounding_is_suspicious():
    slope = Slope(2.0, 0.25, 1e-3, "measured")
    probe = Probe(ALONG, 2.5, 0.25, slope)
    assert (probe.residual, probe.tolerance, probe.suspicious) == (0.5, 0.5, False)
    assert Probe(ALONG, 2.5, 0.125, slope).suspicious
    assert Probe(ALONG, 1.5, 0.125, slope).suspicious


@pytest.mark.parametrize(
    ("size", "count", "random", "axes"),
    [(3, 8, 3, 3), (7, 8, 1, 7), (6, 8, 2, 6), (8, 8, 8, 0), (20, 8, 8, 0),
     (2, 3, 1, 2), (3, 3, 3, 0)],
)  # fmt: skip
def test_a_small_parameter_is_measured_entry_by_entry(size, count, random, axes):
    params = {"x": np.ones(size)}
    scale = measure_scale(params)
    chosen = choose_directions("x", params, scale, (4, 2), count)
    assert chosen == [
        *(Seeded(("x",), scale, (4, 2, k)) for k in range(random)),
        *(Axis("x", (k,), scale) for k in range(axes)),
    ]


class Ground:
    """A parabola in three parameters."""

    params = {"x": np.linspace(1.0, 2.0, 20)}  # noqa: RUF012
    grads = {"x": 2 * params["x"]}  # noqa: RUF012
    scale, noise, grad_eps = measure_scale(params), Noise(1e-13, EPS), EPS
    origin = square(params)


def test_the_first_ladder_is_climbed_and_others_take_three_steps():
    chosen = choose_directions("x", Ground.params, Ground.scale, (0,), 8)
    block, first = run(probe_more(Ground, Block("x", 10.0, ()), chosen[:1]), squares)
    assert first >= 10
    more, cost = run(probe_more(Ground, block, chosen[1:4]), squares)
    assert cost == 3 * 6
    assert [p.direction for p in more.probes] == chosen[:4]
    assert (more.name, more.size) == ("x", 10.0)
    for probe in more.probes:
        value, magnitude = project(probe.direction, Ground.params, Ground.grads)
        assert probe.analytic == value
        assert probe.rounding == 4 * EPS * magnitude
        assert not probe.suspicious
        assert probe.slope.step == pytest.approx(block.probes[0].slope.step)
    assert run(probe_more(Ground, more, []), squares) == (more, 0)


# --- fixed steps -------------------------------------------------------------


def test_a_central_difference_takes_two_steps_on_each_side():
    (value, error), points = asked(central(line(2.0), "x", (0,), 0.25), lambda t: t**3)
    assert points == [2.25, 2.5, 1.75, 1.5]
    assert value == 12 + 0.25**2
    rounding = EPS * (2.25**3 + 1.75**3) / 0.5
    assert error == pytest.approx(2 * 0.25**2 + rounding, rel=1e-14)


def test_richardson_is_exact_for_polynomials_of_its_order():
    (value, error), points = asked(
        richardson(line(1.0), "x", (0,), 0.5), lambda t: t**7 - 3 * t**2
    )
    steps = [0.5, 0.25, 0.125, 0.0625]
    assert points == [*(1 + h for h in steps), *(1 - h for h in steps)]
    assert value == pytest.approx(1.0, abs=1e-12)
    assert error < 1e-3
    (value, error), points = asked(
        richardson(line(1.0), "x", (0,), 0.5, levels=2), lambda t: t**3
    )
    assert len(points) == 4
    assert value == pytest.approx(3.0, rel=1e-14)
    carried = (4 * EPS * (1.25**3 + 0.75**3) / 0.5 + EPS * (1.5**3 + 0.5**3)) / 3
    assert error == pytest.approx(0.25 + carried, rel=1e-12)


def test_shifts_move_one_entry_and_share_the_rest():
    params = {"x": np.array([[1.0, 2.0]]), "y": np.ones(2)}
    shifts = Shifts(params, "x", (0, 1), (5.0, 2 + 3j))
    real, imaginary = shifts
    assert len(shifts) == 2
    assert real["x"].tolist() == [[1.0, 5.0]]
    assert imaginary["x"].tolist() == [[1.0, 2 + 3j]]
    assert real["y"] is params["y"]
    assert params["x"].tolist() == [[1.0, 2.0]]


# --- directions --------------------------------------------------------------


def test_a_scale_is_a_tenth_of_the_rms_and_reach_the_ratio_to_the_largest():
    scale = measure_scale({"a": np.array([3.0, 4.0]), "b": np.zeros(2),
                           "c": np.array([1.0, -1.0])})  # fmt: skip
    rms = sqrt(12.5)
    assert scale.floors == pytest.approx(
        {"a": 0.1 * rms, "b": sqrt((12.5 + 1) / 2), "c": 0.1}
    )
    assert scale.reach == pytest.approx({"a": 1.0, "b": 1.0, "c": rms})
    zeros = measure_scale({"a": np.zeros(3)})
    assert (zeros.floors, zeros.reach) == ({"a": 1e-2}, {"a": 1.0})
    assert measure_scale({"a": np.array([np.inf, 1.0])}).floors == {"a": 1e-2}


def test_long_parameters_are_worked_on_in_pieces():
    n = CHUNK + 3
    x, g = np.full(n, 2.0), np.full(n, -0.5)
    scale = measure_scale({"x": x})
    assert scale.floors["x"] == pytest.approx(0.2)
    value, magnitude = project(Explicit({"x": x}), {"x": x}, {"x": g})
    assert (value, magnitude) == (-n, n)
    assert scaled_norm(scale, {"x": x}, {"x": g}, "x") == pytest.approx(sqrt(n))
    g[-1] = 100.0
    assert scaled_norm(scale, {"x": x}, {"x": g}, "x") == pytest.approx(
        hypot(sqrt(n - 1), 200.0)
    )
    v = Seeded(("x",), scale, (1,)).vectors({"x": x})["x"]
    assert v.shape == (n,)
    shares = np.abs(v) / 2.0
    assert shares.min() >= 0.5
    assert shares.max() <= 1.5
    assert shares.max() > 1.49
    assert shares.min() < 0.51
    assert abs(np.sign(v).mean()) < 0.02


def test_the_norm_of_nothing_is_nothing_and_small_entries_have_the_floor():
    scale = Scale({"x": 0.5}, {"x": 1.0})
    x = {"x": np.array([0.0, -2.0])}
    assert scaled_norm(scale, x, {"x": np.zeros(2)}, "x") == 0.0
    assert scaled_norm(scale, x, {"x": np.array([6.0, -2.0])}, "x") == 5.0


# --- symmetry ----------------------------------------------------------------


def test_the_change_of_a_field_along_a_direction_is_its_derivative():
    A = np.array([[1.0, 2.0], [5.0, 3.0]])
    move, look = {"x": np.array([1.0, -1.0])}, {"x": np.array([0.5, 2.0])}
    calls = []

    def field(p):
        calls.append(p["x"])
        return {"x": A @ p["x"]}

    found = _along(field, {"x": np.ones(2)}, move, look, 0.25)
    assert found == pytest.approx(look["x"] @ A @ move["x"])
    assert np.allclose(calls, [[1.25, 0.75], [0.75, 1.25]])


def test_an_asymmetry_is_told_by_both_changes_in_24_evaluations():
    A = np.array([[1.0, 2.0], [5.0, 3.0]])
    calls = []

    def field(p):
        calls.append(0)
        return {"x": A @ p["x"]}

    params = {"x": np.array([1.0, 2.0])}
    found = asymmetry(field, params, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    u, v = (rng.standard_normal(2) * sqrt(2.5) for _ in range(2))
    assert found.there == pytest.approx(u @ A @ v)
    assert found.back == pytest.approx(v @ A @ u)
    assert len(calls) == 24
    calls.clear()
    A[1, 0] = 2.0
    assert asymmetry(field, params, np.random.default_rng(3)) is None
    assert len(calls) == 8
    A[1, 0] = 2.0 + 1e-4
    assert asymmetry(field, params, np.random.default_rng(3)) is None


def test_a_field_that_is_not_defined_or_not_smooth_tells_nothing():
    params = {"x": np.array([1.0, 2.0])}
    rng = np.random.default_rng
    assert asymmetry(lambda p: {"x": p["x"] * nan}, params, rng(0)) is None
    rough = rng(1)
    assert asymmetry(lambda p: {"x": rough.normal(size=2)}, params, rng(0)) is None


def test_the_part_of_a_gradient_that_is_not_finite_has_no_size():
    class Odd(Ground):
        grads = {"x": np.full(20, inf)}  # noqa: RUF012

    with np.errstate(invalid="ignore"):
        odd = open_block(Odd, "x")
    assert (odd.name, odd.size, odd.probes) == ("x", 0.0, ())
    norm = scaled_norm(Ground.scale, Ground.params, Ground.grads, "x")
    assert open_block(Ground, "x").size == norm > 0


def test_a_segment_is_integrated_again_by_six_nodes_or_around_its_kinks():
    def kinked(p):
        return {"x": np.array([float(p["x"][0] > 0.52)])}

    ray = asked(walk(line(0.5), ALONG, kinked, 0.2, Noise(1e-9, EPS), 0.0, WHOLE),
                lambda t: max(t - 0.52, 0.0))[0]  # fmt: skip
    assert ray.secant == pytest.approx(0.18 / 0.4)
    assert abs(ray.residual) > 0.05
    closer = _closer(line(0.5), ALONG, kinked, ray)
    nodes = mean_slope(line(0.5), ALONG, kinked, 0.2, HALVES)
    assert closer.residual == pytest.approx(nodes - ray.secant)
    assert closer.spread == pytest.approx(abs(closer.residual - ray.residual))
    assert (closer.length, closer.secant) == (ray.length, ray.secant)
    axis = Axis("x", (0,), Scale({"x": 1.0}, {"x": 1.0}))
    exact = _closer(line(0.5), axis, kinked, ray)
    assert exact == integrated(line(0.5), ALONG, kinked, ray)
    assert abs(exact.residual) < 1e-7
    assert exact.spread < 1e-7
    assert exact.tolerance == ray.tolerance


def test_two_more_lengths_confirm_what_accuses():
    lengths = []

    def off(p):
        return {"x": cubic_gradient(p)["x"] + 0.25}

    tried = [seg(0.2, 0.25, 1e-9), seg(0.025, 0.25, 1e-9)]
    plan = confirm(line(0.5), ALONG, off, Noise(1e-12, EPS), 0.0, tried)
    sure, points = asked(plan, cubic)
    lengths = [p - 0.5 for p in points[::2]]
    assert sure
    assert lengths == pytest.approx([0.05, 0.1])
    plan = confirm(line(0.5), ALONG, cubic_gradient, Noise(1e-12, EPS), 0.0, tried)
    sure, points = asked(plan, cubic)
    assert not sure
    assert len(points) == 2
    plan = confirm(line(0.5), ALONG, off, Noise(1e-12, EPS), 0.0, tried[:1])
    assert asked(plan, cubic) == (False, [])


def test_segments_are_tried_until_one_agrees_or_two_accuse():
    def tried(gradient, ceiling=1.0, level=1e-12, **options):
        middle = float(gradient(line(0.5))["x"][0])
        plan = sharpen(
            line(0.5), ALONG, gradient, Noise(level, EPS), 0.0, middle, ceiling,
            **options,
        )  # fmt: skip
        return asked(plan, cubic)

    found, points = tried(cubic_gradient)
    assert [s.length for s in found] == [0.3]
    assert points == pytest.approx([0.8, 0.2])
    found, _ = tried(shifted(0.25))
    assert [s.length for s in found] == [0.3, 0.1]
    assert [s.residual for s in found] == pytest.approx([0.25, 0.25])
    found, _ = tried(shifted(0.25), lengths=(0.01, 0.001), longer=(0.1,))
    assert [s.length for s in found] == [0.1, 0.01]
    assert tried(cubic_gradient, ceiling=1e-13) == ((), [])
    assert [s.length for s in tried(cubic_gradient, lengths=(0.02,))[0]] == [0.02]


def test_a_displaced_point_may_be_complex_and_shares_what_stays():
    params = {"x": np.array([1.0, 2.0]), "y": np.ones(1)}
    moved = displace(params, {"x": np.array([3.0, -1.0])}, 0.5j)
    assert moved["x"].tolist() == [1 + 1.5j, 2 - 0.5j]
    assert moved["y"] is params["y"]
    assert displace(params, {"x": np.array([3, -1])}, 0.5)["x"].tolist() == [2.5, 1.5]
    scalar = {"s": np.array(2.0)}
    scale = Scale({"s": 0.1}, {"s": 1.0})
    assert Seeded(("s",), scale, (1,)).vectors(scalar)["s"].shape == ()
    ray = [p["x"].tolist() for p in Ray(params, Explicit({"x": np.ones(2)}), [1.0, -2])]
    assert ray == [[2.0, 3.0], [-1.0, 0.0]]


def test_an_integral_that_is_given_up_says_what_it_has_and_no_bound():
    mean, doubt = integrate(lambda t: np.sin(1e5 * t), 2.0, 1e-12, most=20)
    assert doubt == inf
    assert abs(mean) < 1.0
    half, doubt = integrate(lambda t: 3.0 + np.sin(1e5 * t), 2.0, 1e-12, most=20)
    assert doubt == inf
    assert abs(half) < 6.0


def test_undefined_rows_of_a_matrix_are_called_rows():
    g = 2 * X
    g[2] = nan
    assert run(locate(searching(g)), squares)[0].pattern == "row 2"
    g[1:3] = nan
    found, _ = run(locate(searching(g)), squares)
    assert found.pattern == "rows 1, 2"
    assert len(found.wrong) == 12


COSTS = {
    ("auto", False): ("ladder", 138), ("central", False): ("central", 33),
    ("richardson", False): ("richardson", 65), ("auto", True): ("ladder+complex", 145),
    ("complex", True): ("complex", 109),
}  # fmt: skip


@pytest.mark.parametrize(("method", "analytic"), COSTS)
def test_a_gradient_by_every_method_costs_what_is_said(method, analytic):
    params = {"a": np.linspace(-1, 2, 6).reshape(2, 3), "b": np.array([0.3, -0.7])}

    def f(p):
        value = np.sum(p["a"] ** 4) + np.sum(p["a"]) * np.sin(p["b"]).sum()
        return value if analytic else float(np.real(value))

    found = numeric_gradient(f, params, method=method)
    assert (found.method, found.evaluations) == COSTS[method, analytic]
    right = {
        "a": 4 * params["a"] ** 3 + np.sin(params["b"]).sum(),
        "b": params["a"].sum() * np.cos(params["b"]),
    }
    for name, g in right.items():
        assert (np.abs(found.values[name] - g) <= found.errors[name]).all()
        assert found.errors[name].max() < 1e-5
