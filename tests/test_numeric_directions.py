"""Directions: scaled by the parameters, remade from their seed, never mutating."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.numeric.directions import (
    CHUNK,
    Axis,
    Explicit,
    Ray,
    Seeded,
    displace,
    measure_scale,
    project,
    scaled_norm,
)

PARAMS = {
    "W": np.array([[1.0, -2.0], [0.0, 4.0]]),
    "b": np.zeros(3),
    "s": np.array(5.0),
}
SCALE = measure_scale(PARAMS)


def test_an_entry_scales_with_itself_and_at_least_with_its_block():
    rms = np.sqrt(21 / 4)
    assert SCALE.floors["W"] == pytest.approx(0.1 * rms)
    assert SCALE.entry(PARAMS, "W", (1, 1)) == 4.0
    assert SCALE.entry(PARAMS, "W", (1, 0)) == pytest.approx(0.1 * rms)


def test_zeros_take_the_scale_of_the_other_parameters():
    rms = np.sqrt((21 / 4 + 25) / 2)
    assert SCALE.floors["b"] == pytest.approx(rms)
    assert measure_scale({"b": np.zeros(3)}).floors["b"] == 1e-2


def test_scales_neither_overflow_nor_underflow():
    assert measure_scale({"x": np.array([1e200, 1e200])}).floors["x"] == 1e199
    small = measure_scale({"x": np.array([1e-200])}).floors["x"]
    assert small == pytest.approx(1e-201)
    g = {"x": np.array([3e200, 4e200])}
    one = measure_scale({"x": np.ones(2)})
    assert scaled_norm(one, {"x": np.ones(2)}, g, "x") == pytest.approx(5e200)


def test_random_weights_stay_between_a_half_and_three_halves():
    params = {"x": np.ones(3 * CHUNK // 2)}
    v = Seeded(("x",), measure_scale(params), (1, 2)).vectors(params)["x"]
    assert np.abs(v).min() >= 0.5
    assert np.abs(v).max() <= 1.5
    assert abs(np.mean(v)) < 0.02
    assert np.mean(v**2) == pytest.approx(13 / 12, rel=0.02)
    assert abs(np.corrcoef(v[:-1], v[1:])[0, 1]) < 0.02


def test_a_seeded_direction_is_the_same_every_time_and_another_with_another_seed():
    line, other = (Seeded(("W", "b"), SCALE, (0, k)) for k in (1, 2))
    first, again = line.vectors(PARAMS), line.vectors(PARAMS)
    assert all((first[k] == again[k]).all() for k in ("W", "b"))
    assert not (first["W"] == other.vectors(PARAMS)["W"]).any()


def test_points_on_a_ray_move_what_the_direction_moves_and_share_the_rest():
    before = PARAMS["W"].copy()
    ray = Ray(PARAMS, Axis("W", (0, 1), SCALE), [0.5, -0.5, 1e-3j])
    up, down, imaginary = ray
    assert len(ray) == 3
    assert up["W"][0, 1] == -1.0
    assert down["W"][0, 1] == -3.0
    assert imaginary["W"][0, 1] == -2.0 + 2e-3j
    assert up["b"] is PARAMS["b"]
    assert (PARAMS["W"] == before).all()


def test_a_scalar_parameter_stays_an_array():
    line = Seeded(("s",), SCALE, (3,))
    (point,) = Ray(PARAMS, line, [0.1])
    assert isinstance(point["s"], np.ndarray)
    assert point["s"].shape == ()


@given(
    hnp.arrays(float, (4, 3), elements=st.floats(-5, 5)),
    hnp.arrays(float, (4, 3), elements=st.floats(-5, 5)),
)
def test_projection_and_norm_are_the_textbook_ones(x, g):
    params, grads = {"x": x}, {"x": g}
    scale = measure_scale(params)
    line = Seeded(("x",), scale, (0,))
    v = line.vectors(params)["x"]
    value, magnitude = project(line, params, grads)
    assert value == pytest.approx(float((g * v).sum()), abs=1e-12)
    assert magnitude == pytest.approx(float(np.abs(g * v).sum()))
    s = np.maximum(np.abs(x), scale.floors["x"])
    assert scaled_norm(scale, params, grads, "x") == pytest.approx(
        float(np.linalg.norm(s * g))
    )


def test_an_explicit_direction_is_what_it_was_given():
    v = {"b": np.array([1.0, 2.0, 3.0])}
    point = displace(PARAMS, Explicit(v).vectors(PARAMS), 2.0)
    assert point["b"].tolist() == [2.0, 4.0, 6.0]
