"""Localisation: exactly the wrong entries, in few evaluations, in the right words."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.numeric.bisection import SMALL, _split, locate
from gradcheck.numeric.directions import Seeded, measure_scale
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.parts import Part, Round, Search
from gradcheck.numeric.patterns import Measured, describe, name_entries, name_lines
from gradcheck.numeric.plans import run

EPS = float(np.finfo(float).eps)
RNG = np.random.default_rng(0)
LARGE = RNG.normal(size=(40, 30))


def loss(p):
    x = p["x"]
    return float(np.sum(np.sin(x)) + 0.5 * np.sum(x * x) + np.sum(x[0]) ** 2 / 50)


def right(x):
    g = np.cos(x) + x
    g[0] += 2 * np.sum(x[0]) / 50
    return g


def losses(batch):
    return np.array([loss(p) for p in batch])


def searching(x, g, f=loss):
    params = {"x": x}
    scale = measure_scale(params)
    origin = f(params)
    return Search(
        params,
        "x",
        g,
        scale,
        origin,
        Noise(4 * EPS * abs(origin), EPS),
        EPS,
        float(np.linalg.norm(np.maximum(np.abs(x), scale.floors["x"]) * g)),
        1e-5,
        (0,),
    )


def find(x, spoil, f=loss, gradient=right):
    g = gradient(x)
    spoil(g)
    return run(
        locate(searching(x, g, f)), lambda batch: np.array([f(p) for p in batch])
    )


def test_one_wrong_entry_costs_little_more_than_a_test_a_halving():
    def spoil(g):
        g[17, 4] += 0.3

    place, evaluations = find(LARGE, spoil)
    assert place.pattern == "entry [17, 4]"
    assert [entry.index for entry in place.wrong] == [(17, 4)]
    assert place.wrong[0].numeric == pytest.approx(right(LARGE)[17, 4], rel=1e-6)
    assert evaluations <= 80


@pytest.mark.parametrize("seed", range(5))
def test_several_wrong_entries_are_all_found(seed):
    places = np.random.default_rng(seed).choice(LARGE.size, 8, replace=False)

    def spoil(g):
        g.ravel()[places] += 0.2

    place, evaluations = find(LARGE, spoil)
    indices = {tuple(map(int, np.unravel_index(k, LARGE.shape))) for k in places}
    assert {entry.index for entry in place.wrong} == indices
    assert place.pattern == "8 entries"
    assert evaluations < LARGE.size


def test_errors_that_cancel_along_one_direction_are_found_in_another_round():
    v = Seeded(("x",), measure_scale({"x": LARGE}), (0, 5, 0)).vectors({"x": LARGE})[
        "x"
    ]

    def spoil(g):
        g[3, 3] += 1.0
        g[5, 5] -= v[3, 3] / v[5, 5]  # invisible along the first direction
        g[7, 7] += 0.5

    place, _ = find(LARGE, spoil)
    assert {entry.index for entry in place.wrong} == {(3, 3), (5, 5), (7, 7)}


@pytest.mark.parametrize(
    ("cells", "pattern"),
    [
        ((slice(3, 4), slice(None)), "row 3"),
        ((slice(3, 5), slice(None)), "rows 3, 4"),
        ((slice(None), slice(7, 8)), "column 7"),
        ((slice(None), slice(0, 2)), "columns 0, 1"),
        ((slice(None), slice(None)), "dense"),
    ],
)
@pytest.mark.parametrize("shape", [(40, 30), (12, 8)], ids=["large", "small"])
def test_rows_columns_and_everything_are_called_so(cells, pattern, shape):
    x = LARGE[: shape[0], : shape[1]].copy()

    def spoil(g):
        g[cells] *= 1.5

    place, evaluations = find(x, spoil)
    assert place.pattern == pattern
    mask = np.zeros(shape, dtype=bool)
    mask[cells] = True
    assert place.wrong
    assert all(mask[entry.index] and entry.wrong for entry in place.wrong)
    assert evaluations < 1200


def test_a_vector_has_entries_and_no_rows():
    x = RNG.normal(size=1000)

    def f(p):
        return float(np.sum(np.sin(p["x"])))

    def spoil(g):
        g[[10, 500]] += 0.2

    place, _ = find(x, spoil, f, np.cos)
    assert place.pattern == "entries [10], [500]"

    def everywhere(g):
        g *= 2

    assert find(x, everywhere, f, np.cos)[0].pattern == "dense"


def test_a_tensor_has_entries_and_no_rows():
    x = RNG.normal(size=(12, 6, 10))

    def f(p):
        return float(np.sum(np.sin(p["x"])))

    def spoil(g):
        g[4, 2, 3] += 0.2

    assert find(x, spoil, f, np.cos)[0].pattern == "entry [4, 2, 3]"

    def plane(g):
        g[4] += 0.5

    assert find(x, plane, f, np.cos)[0].pattern == "many entries"


def test_a_right_gradient_has_no_wrong_entries():
    place, _ = find(LARGE, lambda g: None)
    assert place.pattern == ""
    assert place.wrong == ()
    assert find(LARGE[:4, :4].copy(), lambda g: None)[0].wrong == ()


def test_undefined_entries_are_named_and_measured():
    def spoil(g):
        g[2, 1] = np.nan

    place, _ = find(LARGE, spoil)
    assert place.pattern == "entry [2, 1]"
    assert place.wrong[0].numeric == pytest.approx(right(LARGE)[2, 1], rel=1e-6)


def test_kinks_inside_the_frozen_step_send_a_test_up_a_ladder():
    def f(p):
        return loss(p) + float(np.sum(np.abs(p["x"] - LARGE - 1e-6)))

    def gradient(x):
        return right(x) - 1.0

    def spoil(g):
        g[9, 9] += 0.5

    place, _ = find(LARGE, spoil, f, gradient)
    assert [entry.index for entry in place.wrong] == [(9, 9)]


def test_small_parameters_are_tabulated():
    assert LARGE[:4, :4].size <= SMALL

    def spoil(g):
        g[0, 0] += 0.1
        g[3, 1] += 0.1

    assert find(LARGE[:4, :4].copy(), spoil)[0].pattern == "entries [0, 0], [3, 1]"


def test_patterns_in_words():
    mask = np.zeros((5, 4), dtype=bool)
    mask[1], mask[3] = True, True
    indices = [tuple(map(int, i)) for i in np.argwhere(mask)]
    assert describe(mask, indices, matrix=True) == "rows 1, 3"
    assert describe(mask, indices, matrix=False) == "8 of 20 entries"
    assert name_lines({("row", 2), ("column", 1)}) == "row 2 and column 1"
    assert name_entries([]) == ""
    assert name_entries([()]) == "entry []"


def test_an_entry_knows_whether_it_is_wrong():
    entry = Measured((0,), 2.0, 1.0, 0.1)
    assert entry.wrong
    assert entry.excess == pytest.approx(10.0)
    assert not Measured((0,), 1.05, 1.0, 0.1).wrong
    assert Measured((0,), 2.0, 1.0, 0.0).excess > 1e100


def test_parts_are_halved_either_way():
    part = Part(0, 3, 0, 4)
    assert part.halves(0) == (Part(0, 1, 0, 4), Part(1, 3, 0, 4))
    assert part.halves(1) == (Part(0, 3, 0, 2), Part(0, 3, 2, 4))
    assert (part.thickness(0), part.thickness(1)) == (3, 4)


def test_tests_of_remainders_are_repeated_where_they_are_in_doubt():
    g = right(LARGE)
    g[0, 0] += 1e3  # makes every remainder on its path uncertain
    g[39, 29] += 1e-4
    search = searching(LARGE, g)
    v = Seeded(("x",), search.scale, (0, 9)).vectors(search.params)["x"]
    whole = Part(0, 40, 0, 30)

    def plan():
        now = Round(search, v, g, jump=False)
        residual, tolerance = yield from now.test(whole)
        rows = yield from _split(now, whole, residual, tolerance, 0)
        return [part.top for part, _, _ in rows]

    assert sorted(run(plan(), losses)[0]) == [0, 39]
    place, _ = run(locate(search), losses)
    assert {entry.index for entry in place.wrong} == {(0, 0), (39, 29)}


def test_a_single_wrong_entry_is_pointed_out():
    def spoil(g):
        g[17, 4] += 0.3

    place, evaluations = find(LARGE, spoil)
    assert place.pattern == "entry [17, 4]"
    assert evaluations <= 24


def test_a_line_that_only_seems_to_be_pointed_out_is_looked_for_again():
    v = Seeded(("x",), measure_scale({"x": LARGE}), (0, 5, 0)).vectors({"x": LARGE})
    v = v["x"]

    def spoil(g):
        g[10, 3] += 0.5 / v[10, 3]
        g[20, 3] += 0.5 / v[20, 3]  # the same weight: on average row 15, column 3

    place, _ = find(LARGE, spoil)
    assert {entry.index for entry in place.wrong} == {(10, 3), (20, 3)}


def test_a_residual_that_is_known_is_not_measured_again():
    g = right(LARGE)
    g[17, 4] += 0.3
    search = searching(LARGE, g)
    line = Seeded(("x",), search.scale, (0, 9))
    v = line.vectors(search.params)["x"]
    known = (line, 0.3 * v[17, 4], 1e-8)
    place, evaluations = run(locate(replace(search, known=known)), losses)
    assert place.pattern == "entry [17, 4]"
    assert evaluations <= 20


class Scripted:
    """A round whose residuals are the sums of known errors, each known to 0.01."""

    jump = False

    def __init__(self, errors):
        self.errors, self.tested = np.array(errors, dtype=float), []

    def test(self, part):
        self.tested.append((part.top, part.bottom))
        yield []
        return float(self.errors[part.top : part.bottom].sum()), 0.01


@pytest.mark.parametrize(
    ("errors", "whole", "rows"),
    [
        ([10.0, 0.0], 10.5, [0]),  # the remainder of 0.5 is none
        ([10.0, 0.5], 10.5, [0, 1]),  # it is one, and within its own doubt
        ([10.0, 0.0], 13.0, [0]),  # beyond its doubt, and still none
        ([10.0, 3.0], 13.0, [0, 1]),
        ([10.0, 30.0], 40.0, [0, 1]),  # beyond all doubt: not tested again
    ],
)
def test_a_remainder_in_doubt_is_tested_by_itself(errors, whole, rows):
    now = Scripted(errors)
    plan = _split(now, Part(0, 2, 0, 1), whole, 1.0, 0)
    found, _ = run(plan, lambda points: np.empty(0))
    assert sorted(part.top for part, _, _ in found) == rows
    assert now.tested == ([(0, 1)] if whole == 40.0 else [(0, 1), (1, 2)])
