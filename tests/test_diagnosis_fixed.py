"""How a gradient differs from the derivative at given points: every form, exactly."""

import numpy as np
import pytest

from gradcheck.diagnosis import diagnose_fixed
from gradcheck.diagnosis.fixed import FixedPoint, _solve, _tolerance
from gradcheck.faults.catalogue import CATALOGUE

P = {
    "W": np.array([[1.0, -2.0, 0.7], [0.5, 3.0, -1.1]]),
    "b": np.array([0.2, -1.5, 2.5]),
}
N = {
    "W": np.array([[0.3, 1.7, -0.9], [2.0, -0.4, 1.2]]),
    "b": np.array([0.6, 0.0, -1.4]),
}
OTHER = (
    {"W": P["W"][:, ::-1] + 0.3, "b": P["b"] ** 2},
    {
        "W": N["W"] ** 2 - 1.0,
        "b": N["b"][::-1] + 0.1,
    },
)


def said(found):
    return [(f.id, f.parameters, f.measured, f.expected, f.statement)
            for f in found.findings]  # fmt: skip


def of(name, change, places=1):
    """Return what is said of a gradient that `change` makes of parameter and right."""
    points = [(p, {**n, name: change(p[name], n[name])}, n, None)
              for p, n in ((P, N), OTHER, (N, P))[:places]]  # fmt: skip
    return diagnose_fixed(*points[0], more=points[1:])


FORMS = {
    "half": (lambda p, n: 0.5 * n, "0.5 x", "1 x", "0.500 of the derivative"),
    "minus": (lambda p, n: -n, "-1 x", "1 x", "-1.000 times the derivative"),
    "a factor": (
        lambda p, n: 1.25 * n, "1.25 x", "1 x", "1.250 times the derivative",
    ),
    "itself": (
        lambda p, n: 0.25 * p, "0.25 times {}", "",
        "0.25 times {}, and nothing of the derivative's own",
    ),
    "a penalty": (
        lambda p, n: n + 0.125 * p, "0.125 times {}", "0",
        "the derivative plus 0.125 times {}",
    ),
    "no penalty": (
        lambda p, n: n - 0.3 * p, "-0.3 times {}", "0",
        "the derivative minus 0.3 times {}",
    ),
    "a constant": (lambda p, n: n + 0.75, "0.75", "0", "the derivative plus 0.75"),
    "less a constant": (
        lambda p, n: n - 2.0, "-2", "0", "the derivative minus 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["W", "b"])
@pytest.mark.parametrize(
    ("places", "where"),
    [(1, "at this point"), (2, "at both points"), (3, "at all 3 points")],
)
@pytest.mark.parametrize("form", FORMS)
def test_one_term_is_told_with_its_number_and_where_it_holds(form, places, where, name):
    change, measured, expected, statement = FORMS[form]
    text = f"{name}'s gradient is {statement.format(name)}, {where}"
    assert said(of(name, change, places)) == [
        ("", (name,), measured.format(name), expected, text)
    ]


@pytest.mark.parametrize(
    ("change", "measured", "text"),
    [
        (lambda p, n: 2 * n + 0.1 * p, "2 x, 0.1 times W",
         "2.000 times the derivative plus 0.1 times W"),
        (lambda p, n: 0.5 * n - 0.25 * p, "0.5 x, -0.25 times W",
         "0.500 of the derivative minus 0.25 times W"),
    ],
)  # fmt: skip
def test_a_factor_and_a_penalty_are_told_together(change, measured, text):
    assert said(of("W", change)) == [
        ("", ("W",), measured, "1 x", f"W's gradient is {text}, at this point")
    ]


def test_two_numbers_that_fit_three_entries_are_no_explanation():
    (finding,) = of("b", lambda p, n: 2 * n + 0.1 * p).findings
    assert "no multiple" in finding.statement
    (finding,) = of("b", lambda p, n: 2 * n + 0.1 * p, places=2).findings
    assert finding.measured == "2 x, 0.1 times b"


@pytest.mark.parametrize(
    "change",
    [
        lambda p, n: 3 * n,
        lambda p, n: 3 * p,
        lambda p, n: n + 3 * p,
        lambda p, n: n + 3,
    ],
)
def test_one_number_that_fits_two_entries_is_no_explanation(change):
    p, n = {"a": np.array([1.0, 2.0])}, {"a": np.array([0.5, -0.7])}
    (finding,) = diagnose_fixed(p, {"a": change(p["a"], n["a"])}, n).findings
    assert "is no multiple of the derivative" in finding.statement
    p, n = {"a": np.array([1.0, 2.0, -3.0])}, {"a": np.array([0.5, -0.7, 0.1])}
    (finding,) = diagnose_fixed(p, {"a": change(p["a"], n["a"])}, n).findings
    assert "is no multiple of the derivative" not in finding.statement


def test_a_coefficient_must_be_the_same_at_every_point():
    points = [(P, {**N, "W": k * N["W"]}, N, None) for k in (2.0, 3.0)]
    (finding,) = diagnose_fixed(*points[0], more=points[1:]).findings
    assert finding.statement == (
        "W's gradient is no multiple of the derivative; it is off by 200% of its size"
    )


def test_a_gradient_right_at_one_point_and_zero_nowhere_is_described_where_it_is_not():
    spoiled = N["W"].copy()
    spoiled[0, 1] += 0.5
    found = diagnose_fixed(P, N, N, more=[(P, {**N, "W": spoiled}, N, None)])
    assert said(found) == [
        ("", ("W",), "", "", "W's gradient is wrong in column 1 only")
    ]


@pytest.mark.parametrize(
    ("changed", "id", "parameters", "measured"),
    [
        ({"W": N["W"].T}, "transposed", ("W",), "shape (3, 2)"),
        ({"W": N["W"].T.reshape(2, 3)}, "reshaped", ("W",),
         "the numbers stand in other places"),
        ({"W": N["W"][:, :2]}, "shape-mismatch", ("W",),
         "got shape (2, 2), but should be (2, 3)"),
        ({"b": N["b"][:, None]}, "shape-mismatch", ("b",),
         "got shape (3, 1), but should be (3,)"),
        ({"W": np.where(N["W"] > 1.5, np.inf, N["W"])}, "not-finite", ("W",),
         "2 of 6 entries"),
    ],
)  # fmt: skip
def test_a_mistake_of_form_is_named_by_its_id(changed, id, parameters, measured):
    found = diagnose_fixed(P, {**N, **changed}, N)
    title, advice = CATALOGUE[id].title, CATALOGUE[id].advice
    (f,) = found.findings
    assert said(found) == [(id, parameters, measured, "", title)]
    assert (f.advice, f.verified, f.ties, f.proof) == (advice, False, (), "")
    assert (found.right, found.explained, found.mistakes) == (False, False, ())


def test_an_absent_gradient_is_named_and_others_are_still_described():
    found = diagnose_fixed(P, {"b": 2 * N["b"]}, N)
    assert [(f.id, f.parameters, f.measured) for f in found.findings] == [
        ("keys-missing", ("W",), "it is absent"),
        ("", ("b",), "2 x"),
    ]


@pytest.mark.parametrize(("odd", "id"), [(0, "shape-mismatch"), (1, "shape-mismatch")])
def test_a_shape_that_is_wrong_at_one_point_of_two_is_told(odd, id):
    points = [(P, {**N}, N, None), (P, {**N}, N, None)]
    points[odd][1]["W"] = N["W"][:1]
    found = diagnose_fixed(*points[0], more=points[1:])
    assert [(f.id, f.measured) for f in found.findings] == [
        (id, "got shape (1, 3), but should be (2, 3)")
    ]


def test_a_gradient_turned_at_one_point_of_two_is_not_called_turned():
    square = {"W": np.array([[1.0, 2.0], [4.0, 3.0]])}
    turned = {"W": square["W"].T}
    found = diagnose_fixed(
        square, turned, square, more=[(square, square, square, None)]
    )
    assert [f.id for f in found.findings] == [""]
    both = [(square, turned, square, None)] * 2
    assert diagnose_fixed(*both[0], more=both[1:]).findings[0].id == "transposed"


def test_swapped_gradients_are_one_finding_and_are_not_described_besides():
    p = {"a": P["b"], "c": P["b"] + 1, "d": P["b"] - 1}
    n = {"a": N["b"], "c": 2 * N["b"] + 1, "d": N["b"] - 2}
    found = diagnose_fixed(p, {"a": n["c"], "c": n["a"], "d": 3 * n["d"]}, n)
    assert [(f.id, f.parameters, f.measured) for f in found.findings] == [
        ("keys-swapped", ("a", "c"), "each has the other's numbers"),
        ("", ("d",), "3 x"),
    ]
    found = diagnose_fixed(p, {"a": n["a"], "c": n["d"], "d": n["c"]}, n)
    assert [(f.id, f.parameters) for f in found.findings] == [
        ("keys-swapped", ("c", "d"))
    ]


def test_equal_gradients_are_not_swapped():
    p, n = {"a": P["b"], "c": P["b"]}, {"a": N["b"], "c": N["b"]}
    assert diagnose_fixed(p, n, n).right


def test_one_gradient_in_the_others_place_is_not_a_swap():
    p = {"a": P["b"], "c": P["b"] + 1}
    n = {"a": N["b"], "c": 2 * N["b"] + np.array([1.0, -2.0, 0.3])}
    for wrong in ({"a": n["c"], "c": n["c"]}, {"a": n["a"], "c": n["a"]}):
        assert [f.id for f in diagnose_fixed(p, wrong, n).findings] == [""]
    swapped = {"a": n["c"], "c": n["a"]}
    found = diagnose_fixed(p, swapped, n, more=[(p, n, n, None)])
    assert [f.id for f in found.findings] == ["", ""]


def test_zero_at_every_point_is_told_as_zero_and_at_one_point_is_not():
    zero = {**N, "W": 0 * N["W"]}
    found = diagnose_fixed(P, zero, N, more=[(P, zero, N, None)])
    assert said(found) == [
        ("", ("W",), "0", "", "W's gradient is zero, the derivative is not")
    ]
    found = diagnose_fixed(P, zero, N, more=[(P, N, N, None)])
    assert "is zero" not in found.findings[0].statement


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda g: np.vstack([g[:1], g[1:] ** 2 + 1]), "wrong in row 1 only"),
        (lambda g: g * np.array([1, 1, 2]), "wrong in column 2 only"),
        (lambda g: g * np.array([1, 3, 2]), "wrong in columns 1, 2 only"),
        (lambda g: g**2, "no multiple of the derivative; it is off by 97% of its size"),
        (lambda g: np.full_like(g, 4.0),
         "no multiple of the derivative; it is off by 281% of its size"),
    ],
)  # fmt: skip
def test_which_entries_are_wrong_is_said(change, text):
    assert said(diagnose_fixed(P, {**N, "W": change(N["W"])}, N)) == [
        ("", ("W",), "", "", f"W's gradient is {text}")
    ]


def test_equal_entries_of_a_vector_are_told_with_their_number():
    assert said(diagnose_fixed(P, {**N, "b": np.full(3, 1 / 3)}, N)) == [
        ("", ("b",), "0.333333", "", "all the entries of b's gradient are equal")
    ]


def test_one_entry_is_not_equal_to_itself():
    p, n = {"s": np.array([2.0])}, {"s": np.array([4.0])}
    assert said(diagnose_fixed(p, {"s": np.array([5.0])}, n)) == [
        ("", ("s",), "", "", "s's gradient is no multiple of the derivative; it is off "
         "by 25% of its size")
    ]  # fmt: skip
    assert said(diagnose_fixed(p, {"s": np.array([5.0])}, {"s": np.zeros(1)})) == [
        ("", ("s",), "", "", "s's gradient is no multiple of the derivative; it is off "
         "by 500% of its size")
    ]  # fmt: skip


def test_where_the_shape_is_another_the_lines_are_counted():
    wrong = {**N, "W": N["W"] * np.array([1, 1, 2])}
    (finding,) = diagnose_fixed(P, wrong, N, elsewhere=True).findings
    assert finding.statement == (
        "W's gradient is wrong in 1 of its columns only: 2 of 3, at a point where its "
        "shape is (2, 3)"
    )


def test_a_line_of_zeros_on_both_sides_hides_no_pattern():
    right = {"W": np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])}
    wrong = {"W": np.array([[1.0, 2.0], [4.0, 7.0], [0.0, 0.0]])}
    (finding,) = diagnose_fixed(right, wrong, right).findings
    assert finding.statement == "W's gradient is wrong in row 1 only"
    both = {"W": np.array([[1.5, 3.0], [4.0, 7.0], [0.0, 0.0]])}
    (finding,) = diagnose_fixed(right, both, right).findings
    assert "no multiple" in finding.statement


def point(numeric, errors):
    return FixedPoint({"a": numeric}, {"a": numeric}, {"a": numeric}, errors)


@pytest.mark.parametrize(
    ("numeric", "errors", "tolerance"),
    [
        ([2.0, -5.0], {}, 5e-7),
        ([2.0, -5.0], {"a": 1e-3}, 3e-3),
        ([2.0, -5.0], {"a": [1e-3, -2e-3]}, 6e-3),
        ([2.0, -5.0], {"a": [np.nan, 2e-3]}, 6e-3),
        ([2.0, np.nan], {"b": 1.0}, 2e-7),
        ([0.0, 0.0], {}, 1e-12),
    ],
)
def test_the_allowance_is_three_errors_or_a_share_of_the_size(
    numeric, errors, tolerance
):
    assert _tolerance(point(np.array(numeric), errors), "a") == pytest.approx(
        tolerance, rel=1e-12
    )


def test_no_coefficients_where_they_are_not_determined():
    same = np.array([1.0, 2.0, 3.0])
    p = [FixedPoint({"a": 2 * same}, {"a": 5 * same}, {"a": same}, {})]
    assert _solve(p, "a", ("n", "p"), ()) is None
    assert _solve(p, "a", ("n",), ()) == pytest.approx((5.0,))
    short = [FixedPoint({"a": same[:2]}, {"a": same[:2] ** 2}, {"a": np.ones(2)}, {})]
    assert _solve(short, "a", ("n", "p"), ()) is None
    lost = [FixedPoint({"a": same}, {"a": same}, {"a": same + np.nan}, {})]
    assert _solve(lost, "a", ("n",), ()) is None


@pytest.mark.parametrize(("gap", "fits"), [(0.9e-7, True), (1.1e-7, False)])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_fit_may_miss_by_the_allowance_times_the_coefficient(gap, fits, factor):
    n = np.array([1.0, -1.0, 1.0, -1.0])
    wrong = factor * n + gap * max(1.0, factor) * np.array([1.0, 1.0, -1.0, -1.0])
    found = _solve([FixedPoint({"a": n}, {"a": wrong}, {"a": n}, {})], "a", ("n",), ())
    assert (found is not None) is fits


def test_two_pairs_may_be_swapped():
    p = {name: P["b"] * k for k, name in enumerate("abcd", start=1)}
    n = {name: N["b"] + np.arange(3) * k for k, name in enumerate("abcd", start=1)}
    wrong = {"a": n["b"], "b": n["a"], "c": n["d"], "d": n["c"]}
    found = diagnose_fixed(p, wrong, n)
    assert [f.parameters for f in found.findings] == [("a", "b"), ("c", "d")]


FORMS_OF_ALL = {
    "right": ({}, []),
    "swapped": ({"W": "V", "V": "W"}, ["keys-swapped"]),
    "turned": ({"W": "T"}, ["transposed"]),
}


@pytest.mark.parametrize("share", [2.0, 4.0])
@pytest.mark.parametrize("form", FORMS_OF_ALL)
def test_every_form_is_seen_within_the_measured_errors_and_not_beyond(form, share):
    right = {"W": np.array([[1.0, 2.0], [4.0, 3.0]])}
    right["V"] = right["W"] * 2 + np.array([[0.0, 1.0], [2.0, 5.0]])
    changes, ids = FORMS_OF_ALL[form]
    wrong = {**right, "T": right["W"].T}
    wrong = {name: wrong[changes.get(name, name)].copy() for name in ("W", "V")}
    for name in changes or right:
        wrong[name] += share * 1e-3 * np.array([[1, -1], [-1, 1]])
    errors = {"W": 1e-3, "V": 1e-3}
    for more in ([], [(right, wrong, right, errors)]):
        found = diagnose_fixed(right, wrong, right, errors, more=more)
        named = [f.id for f in found.findings if f.id]
        assert named == (ids if share < 3 else [])
        assert found.right is (form == "right" and share < 3)


def test_whole_numbers_in_lists_are_numbers():
    p, n = {"a": [1, 2, 3, 5]}, {"a": [2, 1, 7, 0]}
    for wrong, measured in (
        ([4, 2, 14, 0], "2 x"),
        ([4, 7, 16, 15], "3 times a"),
        ([3, 2, 8, 1], "1"),
        ([2, 4, 6, 10], "2 times a"),
    ):
        if measured == "3 times a":
            wrong = [x + 3 * y for x, y in zip(n["a"], p["a"], strict=True)]
        found = diagnose_fixed(p, {"a": wrong}, n)
        assert [f.measured for f in found.findings] == [measured]


def test_two_equal_entries_are_equal_entries():
    p, n = {"a": np.array([1.0, 2.0])}, {"a": np.array([0.5, -0.7])}
    (finding,) = diagnose_fixed(p, {"a": np.array([0.25, 0.25])}, n).findings
    assert finding.statement == "all the entries of a's gradient are equal"
    assert finding.measured == "0.25"


def test_a_line_that_is_zero_on_one_side_only_is_wrong():
    right = {"W": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])}
    wrong = {"W": np.array([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])}
    (finding,) = diagnose_fixed(right, wrong, right).findings
    assert finding.statement == "W's gradient is wrong in rows 1, 2 only"


def test_an_empty_gradient_is_right():
    nothing = {"W": np.zeros((0, 3))}
    assert diagnose_fixed(nothing, nothing, nothing).right


def test_five_entries_are_enough_for_two_numbers():
    p, n = {"a": np.arange(1.0, 6.0)}, {"a": np.array([3.0, -1.0, 2.0, 0.5, 4.0])}
    for size in (4, 5):
        q, m = p["a"][:size], n["a"][:size]
        (f,) = diagnose_fixed({"a": q}, {"a": 2 * m + 3 * q}, {"a": m}).findings
        assert f.measured == "2 x, 3 times a"
