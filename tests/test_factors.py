"""The table of factors is solved exactly, with the fewest rows."""

import numpy as np
import pytest

from gradcheck.factors import UNIT, Product, Row, solve

N = np.array([5.0, 4.0])


def fixed(name, *values):
    return Row(name, np.array(values))


def free(name, *exponents):
    return Row(name, UNIT ** np.array(exponents, dtype=float), free=True)


def test_ones_need_no_row():
    assert solve(np.ones(3), [fixed(0, 2.0, 2.0, 2.0)]) == [Product(())]
    assert solve(np.full(3, np.nan), [fixed(0, 2.0, 2.0, 2.0)]) == [Product(())]


def test_the_smallest_product_is_found_and_only_that():
    rows = [fixed(0, 5.0, 4.0), fixed(1, 25.0, 16.0), fixed(2, 0.2, 0.25)]
    assert [p.terms for p in solve(np.array([25.0, 16.0]), rows)] == [((1, None),)]


def test_equal_rows_are_all_listed():
    rows = [fixed(0, 5.0, 4.0), fixed(1, 5.0, 4.0)]
    names = {p.terms for p in solve(N, rows)}
    assert names == {((0, None),), ((1, None),)}


def test_a_free_constant_is_solved_for_with_its_sign():
    (found,) = solve(np.array([-0.37, 1.0]), [free(0, 1, 0)])
    ((name, constant),) = found.terms
    assert (name, constant) == (0, pytest.approx(-0.37))
    assert found.cost == 1.3


def test_a_constant_that_enters_squared_is_solved_for():
    (found,) = solve(np.array([9.0, 3.0, 1 / 3]), [free(0, 2, 1, -1)])
    assert found.terms[0][1] == pytest.approx(3.0)


def test_an_even_power_cannot_be_negative():
    assert solve(np.array([-9.0]), [free(0, 2)]) == []


def test_fixed_rows_and_two_constants_are_told_apart():
    rows = [fixed(0, 5.0, 4.0, 5.0, 4.0), free(1, 1, 1, 0, 0), free(2, 0, 0, 1, 1)]
    table = np.array([5 * 0.3, 4 * 0.3, 5 * 7.0, 4 * 7.0])
    best = solve(table, rows)[0]
    assert dict(best.terms) == {
        0: None,
        1: pytest.approx(0.3),
        2: pytest.approx(7.0),
    }


def test_unknown_cells_are_left_out():
    rows = [fixed(0, 5.0, 4.0, 1.0)]
    found = solve(np.array([5.0, np.nan, 1.0]), rows)
    assert [p.terms for p in found] == [((0, None),)]


def test_rows_that_may_not_meet_do_not():
    rows = [fixed(0, 5.0), fixed(1, 2.0), fixed(2, 10.0)]
    found = solve(np.array([10.0]), rows, accept=lambda names: 2 not in names)
    assert [set(p.terms) for p in found] == [{(0, None), (1, None)}]


def test_nothing_is_forced():
    assert solve(np.array([3.0, 2.0]), [fixed(0, 5.0, 4.0)], largest=2) == []
    assert solve(np.array([3.0, 2.0]), [free(0, 1, 1)]) == []


def test_random_pairs_of_rows_are_recovered():
    rng = np.random.default_rng(0)
    rows = [Row(i, np.exp(rng.normal(size=8))) for i in range(30)]
    for _ in range(40):
        i, j = rng.choice(30, 2, replace=False)
        (found,) = solve(rows[i].values * rows[j].values, rows)
        assert {name for name, _ in found.terms} == {int(i), int(j)}


def test_a_constant_of_two_is_a_constant():
    (found,) = solve(np.array([2.0, 1.0]), [free(0, 1, 0)])
    assert found.terms == ((0, pytest.approx(2.0)),)
