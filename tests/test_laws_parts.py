"""The laws piece by piece: answers, their errors, and the bounds on rounding."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.laws import LAWS, check_laws
from gradcheck.laws.examination import (
    Answer,
    Examination,
    LawResult,
    NotApplicableError,
    _apart,
    _shaped,
    agree,
    epsilon,
    same_grads,
)
from gradcheck.laws.identities import _by_unit, _undecided
from gradcheck.laws.law import bias_of, softmax_layer
from gradcheck.laws.rounding import Known, _cost_bounds, _matrix, _through
from gradcheck.laws.rounding import rounding_bounds as bounds_of
from gradcheck.laws.symmetries import _parts, _shuffle, _sum_of_parts
from gradcheck.networks.layers import Layer
from gradcheck.problem import Problem

EPS = float(np.finfo(float).eps)
SINGLE = float(np.finfo(np.float32).eps)
LINEAR = networks.get("linear")
SOFTMAX = networks.get("softmax")


def answer(loss, grad, loss_error=0.0, error=0.0):
    g = np.asarray(grad, dtype=float)
    return Answer(loss, {"W": g}, loss_error, {"W": np.full(g.shape, error)})


def same(one, other):
    return (
        (one.loss, one.loss_error) == (other.loss, other.loss_error)
        and one.grads["W"].tolist() == other.grads["W"].tolist()
        and one.errors["W"].tolist() == other.errors["W"].tolist()
    )


def test_answers_are_scaled_and_added_errors_and_all():
    one = answer(2.0, [1.0, -3.0], 0.5, 0.25)
    assert same(one.scaled(-2.0), answer(-4.0, [-2.0, 6.0], 1.0, 0.5))
    other = answer(3.0, [10.0, 20.0], 0.125, 1.0)
    assert same(one.plus(other), answer(5.0, [11.0, 17.0], 0.625, 1.25))


def test_a_moved_answer_keeps_the_sign_of_its_errors():
    one = Answer(1.0, {"W": np.array([1.0, 2.0])}, 0.5, {"W": np.array([0.1, 0.2])})
    moved = one.moved(lambda g: {"W": -g["W"][::-1]})
    assert moved.grads["W"].tolist() == [-2.0, -1.0]
    assert moved.errors["W"].tolist() == [0.2, 0.1]
    assert (moved.loss, moved.loss_error) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (1.0, 2.0, ("1", "2")),
        (0.1234564, 0.1234566, ("0.123456", "0.123457")),
        (1.23456789, 1.2345678, ("1.2345679", "1.2345678")),
        (1.0000004, 1.0, ("1.0000004", "1")),
        (1.0, 1.0 + EPS, ("1", "1.0000000000000002")),
        (0.1, 0.1, ("0.10000000000000001", "0.10000000000000001")),
    ],
)
def test_numbers_are_written_with_the_digits_that_tell_them_apart(a, b, said):
    assert _apart(a, b) == said


def test_a_difference_within_both_errors_is_agreement():
    wanted = answer(1.0, [1.0, 2.0], 0.25, 0.125)
    fine = agree("penalty", answer(1.5, [1.25, 2.0], 0.25, 0.125), wanted, "here", "so")
    assert fine == LawResult("penalty", True, "", True, "")
    lost = agree("penalty", answer(1.6, [1.0, 2.0], 0.25), wanted, "here", "as known")
    assert lost == LawResult(
        "penalty", False, "the loss is 1.6 here, but should be 1, as known", True,
        "loss",
    )  # fmt: skip
    less = agree("penalty", answer(0.4, [1.0, 2.0], 0.25), wanted, "here", "as known")
    assert (less.ok, less.part) == (False, "loss")
    off = agree("penalty", answer(1.0, [1.3, 2.0], 0.25, 0.125), wanted, "here", "yes")
    assert off == LawResult(
        "penalty", False, "grads['W'][0] is 1.3 here, but should be 1, yes", True,
        "gradient",
    )  # fmt: skip


def test_the_entry_furthest_off_gives_the_detail():
    got = {"W": np.array([[1.0, 5.0], [0.0, 0.0]]), "b": np.array(3.0)}
    wanted = {"W": np.zeros((2, 2)), "b": np.array(0.0)}
    free = {"W": np.zeros((2, 2)), "b": np.zeros(())}
    found = same_grads("additivity", got, wanted, free, "there", "why")
    assert found.detail == "grads['W'][0, 1] is 5 there, but should be 0, why"
    loose = {**free, "W": np.array([[0.0, 5.0], [0.0, 0.0]])}
    found = same_grads("additivity", got, wanted, loose, "there", "why")
    assert found.detail == "grads['b'] is 3 there, but should be 0, why"
    none = {"W": np.zeros((0, 2))}
    assert same_grads("additivity", none, none, none, "", "").ok


def test_single_precision_is_known_by_its_values():
    def held(x):
        return np.array(x, dtype=np.float32).astype(float)

    assert epsilon(0.5, {"W": held([0.1, 0.2])}) == SINGLE
    assert epsilon(0.1, {"W": held([0.1, 0.2])}) == EPS
    assert epsilon(0.5, {"W": np.array([[0.1]]), "b": held([0.5])}) == EPS
    assert epsilon(0.0, {"W": np.zeros(2)}) == EPS


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((2, 1), (2,)), ((2,), (1, 2)), ((1,), ()), ((1, 2, 3), (2, 3)), ((2, 3), (2, 3))],
)
def test_axes_of_length_one_are_of_no_account(shape, wanted):
    assert _shaped(np.ones(shape), wanted).shape == wanted


def test_another_shape_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"^shape \(3, 2\), but should be \(2, 3\)$"):
        _shaped(np.ones((3, 2)), (2, 3))


def examination(function=LINEAR.loss_and_grads, network=LINEAR, **sizes):
    rng = np.random.default_rng(0)
    problem = networks.draw_problem(network, rng, **sizes)
    return Examination(function, network, problem, rng, replace(problem, reg=0.0))


def asked(exam, *points):
    """Return what the function answers at points, with its errors."""
    return [
        found if isinstance(found, Exception) else exam.answer(point, *found)
        for point, found in zip(points, exam.ask(points), strict=True)
    ]


def test_a_point_is_the_problems_without_penalty_but_for_what_is_given():
    exam = examination()
    p = exam.problem
    same = exam.point()
    assert (same.params, same.X, same.y, same.reg) == (p.params, p.X, p.y, 0.0)
    zeros = {k: 0 * v for k, v in p.params.items()}
    assert exam.point(params=zeros).params is zeros
    X, y = p.X[:1], p.y[:1]
    other = exam.point(X=X, y=y, reg=0.5)
    assert other.X is X
    assert other.y is y
    assert (other.params, other.reg) == (p.params, 0.5)
    zero, one = asked(exam, exam.point(params=zeros), exam.point(X=X, y=y))
    assert zero.loss == pytest.approx(log(p.params["b"].size))
    assert one.loss == pytest.approx(LINEAR.loss(p.params, X, y, 0.0))


def test_a_function_is_called_on_copies_and_its_failures_are_told():
    def spoils(params, X, y, reg):
        result = LINEAR.loss_and_grads(params, X, y, reg)
        X *= 0
        y *= 0
        params["W"] *= 0
        return result

    exam = examination(spoils)
    before = [a.copy() for a in (exam.problem.X, exam.problem.y)]
    W = exam.problem.params["W"].copy()
    exam.ask([exam.here])
    assert np.array_equal(exam.problem.X, before[0])
    assert np.array_equal(exam.problem.y, before[1])
    assert np.array_equal(exam.problem.params["W"], W)

    def raises(params, X, y, reg):
        raise KeyError("no")

    def infinite(params, X, y, reg):
        return np.inf, LINEAR.loss_and_grads(params, X, y, reg)[1]

    def undefined(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "b": grads["b"] * np.nan}

    for function, said in (
        (raises, "the function raised KeyError for N=4"),
        (infinite, "loss or gradient is not finite for N=4"),
        (undefined, "loss or gradient is not finite for N=4"),
    ):
        exam = examination(function, N=4)
        (reason,) = exam.ask([exam.here])
        assert isinstance(reason, NotApplicableError)
        assert str(reason) == said


def test_the_error_of_an_answer_is_rounding_and_64_last_digits():
    exam = examination()
    p = exam.problem
    loss, grads = LINEAR.loss_and_grads(p.params, p.X, p.y, 0.5)
    (got,) = asked(exam, exam.point(reg=0.5))
    bounds = bounds_of(LINEAR, p.params, p.X, p.y, eps=EPS)
    assert got.loss == loss
    assert got.loss_error == bounds.loss + 64 * EPS * abs(loss)
    slopes = {"W": 0.5 * p.params["W"], "b": 0 * p.params["b"]}
    for name, g in grads.items():
        known = bounds.grads[name] + 64 * EPS * (np.abs(g) + np.abs(slopes[name]))
        assert np.allclose(got.errors[name], known, rtol=1e-14, atol=0.0)


# --- bounds ------------------------------------------------------------------


def test_a_vector_of_weights_is_a_column():
    assert _matrix(np.ones(3)).shape == (3, 1)
    assert _matrix(np.ones((3, 2))).shape == (3, 2)


def known(value, error):
    return Known(np.array([value]), np.array([error]))


@pytest.mark.parametrize(
    ("activation", "pre", "value", "error"),
    [
        ("identity", (5.0, 9.0), 2.0, 0.5),
        ("relu", (3.0, 1.0), 2.0, 0.5),
        ("relu", (-3.0, 1.0), 0.0, 0.0),
        ("relu", (1.0, 1.0), 2.0, 0.5 * 2 + 2.0),
        ("relu", (-0.5, 1.0), 0.0, 0.5 + 2.0),
        ("tanh", (0.0, 0.25), 2.0, 0.5 * (1 + 0.26) + 2.0 * 0.26),
        ("tanh", (0.0, 3.0), 2.0, 0.5 * 2.0 + 2.0),
        ("sigmoid", (0.0, 0.25), 0.5, 0.5 * (0.25 + 0.26) + 2.0 * 0.26),
    ],
)
def test_the_size_and_error_of_a_delta_pass_an_activation(
    activation, pre, value, error
):
    got = _through(activation, known([pre[0]], [pre[1]]), known([2.0], [0.5]), 0.01)
    assert got.value == pytest.approx(np.array([[value]]))
    assert got.error == pytest.approx(np.array([[error]]))


def costs(cost, scores, errors, y, unit=1e-3):
    loss, delta = _cost_bounds(cost, known(scores, errors), np.array(y), unit)
    return loss.tolist(), delta.value[0].tolist(), delta.error[0].tolist()


def test_a_squared_cost_errs_with_its_outputs():
    loss, value, error = costs("squared", [3.0, -1.0], [0.1, 0.2], [0])
    moved = [0.1 + 1e-3 * 4.0, 0.2 + 1e-3 * 1.0]
    assert value == pytest.approx([2.0, 1.0])
    assert error == pytest.approx(moved)
    squares = 2.0 * moved[0] + moved[0] ** 2 + moved[1] + moved[1] ** 2
    assert loss == pytest.approx([squares + 1e-3 * 2.5])


def test_a_softmax_errs_with_its_worst_score():
    loss, value, error = costs("softmax", [1.0, -2.0], [0.01, 0.02], [1])
    p = 1 / (1 + exp(-3.0))
    worst = 0.02 + 1e-3 * 2.0
    assert value == pytest.approx([p, p])
    assert error == pytest.approx([4 * p * worst + 1e-3, 4 * (1 - p) * worst + 1e-3])
    assert loss == pytest.approx([2 * (2 * worst + 1e-3) + 1e-3 * -log(1 - p)])


def test_beyond_a_quarter_nothing_is_known_of_a_probability():
    unit = 2.0**-10
    edge = costs("softmax", [0.0, 0.0], [0.25, 0.1], [1], unit)[2]
    assert edge == pytest.approx([4 * 0.5 * 0.25 + unit] * 2)
    lost = costs("softmax", [0.0, 0.0], [0.26, 0.1], [1], unit)[2]
    assert lost == pytest.approx([4 * 0.5 * 0.26 + 1 + unit] * 2)


def test_a_sigmoid_errs_with_what_is_left_of_its_probabilities():
    loss, value, error = costs("sigmoid", [1.0], [0.01], [[1.0]])
    p = 1 / (1 + exp(-1.0))
    worst = 0.01 + 1e-3
    assert value == pytest.approx([1 - p])
    assert error == pytest.approx([4 * (1 - p) * worst + 1e-3])
    assert loss == pytest.approx([2 * worst + 1e-3 + 1e-3 * -log(p)])


@pytest.mark.parametrize("y", [[1.0], [-1.0]])
def test_a_logistic_cost_errs_alike(y):
    loss, value, error = costs("logistic", [1.0], [0.01], y)
    q = 1 / (1 + exp(y[0]))
    worst = 0.01 + 1e-3
    assert value == pytest.approx([q])
    assert error == pytest.approx([4 * min(q, 1 - q) * worst + 1e-3])
    assert loss == pytest.approx([2 * worst + 1e-3 + 1e-3 * -log(1 - q)])


def test_target_probabilities_that_sum_to_more_count_for_more():
    single = costs("softmax", [0.0, 0.0], [0.01, 0.01], [[0.5, 0.5]])
    double = costs("softmax", [0.0, 0.0], [0.01, 0.01], [[1.0, 1.0]])
    assert double[0] == pytest.approx([2 * x for x in single[0]])
    assert double[2] == pytest.approx([2 * x for x in single[2]])
    less = costs("softmax", [0.0, 0.0], [0.01, 0.01], [[0.25, 0.25]])
    assert less[2] == pytest.approx(single[2])


def test_the_bounds_of_one_affine_layer_by_hand():
    params = {"W": np.array([[2.0, -1.0]]), "b": np.array([0.5, 0.25])}
    X, y = np.array([[-3.0], [1.0]]), np.array([0, 1])
    eps = 2.0**-20
    unit = eps * (2 + 16)
    loss, gW, gb = 0.0, np.zeros(2), np.zeros(2)
    for x, t in zip(X[:, 0], y, strict=True):
        scores = x * params["W"][0] + params["b"]
        size = abs(x) * np.abs(params["W"][0]) + params["b"]
        errors = unit * size + unit * np.abs(scores)
        each, delta = _cost_bounds(
            "softmax", Known(scores[None], errors[None]), np.array([t]), unit
        )
        total = (0.5 * delta.error + unit * 0.5 * delta.value)[0]
        loss += 0.5 * each[0]
        gW += abs(x) * total
        gb += total
    found = bounds_of(LINEAR, params, X, y, eps=eps)
    assert found.loss == pytest.approx(loss, rel=1e-12)
    assert found.grads["W"] == pytest.approx(gW[None], rel=1e-12)
    assert found.grads["b"] == pytest.approx(gb, rel=1e-12)
    summed = bounds_of(LINEAR.variant(reduction="sum"), params, X, y, eps=eps)
    assert summed.loss == pytest.approx(2 * loss, rel=1e-12)
    assert summed.grads["W"] == pytest.approx(2 * gW[None], rel=1e-12)


def test_the_bounds_of_two_layers_by_hand():
    params = {"W1": np.array([[2.0]]), "b1": np.array([-0.5]),
              "W2": np.array([[1.0, -3.0]]), "b2": np.array([0.25, 0.0])}  # fmt: skip
    x, y, eps = 1.5, np.array([1]), 2.0**-30
    unit = eps * (2 + 16)
    pre = 2 * x - 0.5
    hidden_error = unit * (2 * x + 0.5) + unit * pre
    W2 = params["W2"][0]
    scores = pre * W2 + params["b2"]
    errors = hidden_error * np.abs(W2) + unit * (pre * np.abs(W2) + params["b2"])
    errors = errors + unit * np.abs(scores)
    each, delta = _cost_bounds("softmax", Known(scores[None], errors[None]), y, unit)
    value, total = delta.value[0], delta.error[0] + unit * delta.value[0]
    found = bounds_of(SOFTMAX, params, np.array([[x]]), y, eps=eps)
    assert found.loss == pytest.approx(each[0])
    assert found.grads["b2"] == pytest.approx(total)
    assert found.grads["W2"][0] == pytest.approx(
        pre * total + hidden_error * (value + delta.error[0])
    )
    below = np.abs(W2) @ value
    carried = np.abs(W2) @ total + unit * below
    assert found.grads["b1"] == pytest.approx([carried])
    assert found.grads["W1"] == pytest.approx(np.array([[x * carried]]))


def test_the_longest_sum_of_the_net_counts():
    rng = np.random.default_rng(0)
    for sizes, longest in (({"N": 40, "D": 3}, 40), ({"N": 5, "D": 30}, 30)):
        p = networks.draw_problem(LINEAR, rng, C=3, **sizes)
        small = bounds_of(LINEAR, p.params, p.X, p.y, eps=1e-12)
        twice = bounds_of(LINEAR, p.params, p.X, p.y, eps=2e-12)
        assert twice.loss / small.loss == pytest.approx(2.0, rel=1e-6)
        wide = np.vstack([p.X] * 3), np.concatenate([p.y] * 3)
        more = bounds_of(LINEAR, p.params, *wide, eps=1e-12)
        units = (max(3 * sizes["N"], sizes["D"]) + 16) / (longest + 16)
        assert more.loss / small.loss == pytest.approx(units, rel=1e-6)


# --- what laws share ---------------------------------------------------------


def test_biases_go_with_their_weights():
    assert (bias_of("W"), bias_of("W12")) == ("b", "b12")


def test_the_layer_of_the_scores_is_the_last_and_only_of_a_softmax():
    assert softmax_layer(examination(network=SOFTMAX)) == "W2"
    for network in (networks.get("logistic"), networks.get("deep", output="tanh")):
        exam = examination(network.loss_and_grads, network)
        with pytest.raises(NotApplicableError) as info:
            softmax_layer(exam)
        assert str(info.value) == "the cost is not a softmax of the scores"


def test_an_order_is_never_the_first_one():
    exam = examination()
    for n in (2, 3):
        for _ in range(20):
            order = _shuffle(exam, n)
            assert sorted(order) == list(range(n))
            assert order.tolist() != list(range(n))
    assert _shuffle(exam, 1).tolist() == [0]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_parts_of_a_batch_make_the_whole(reduction):
    network = LINEAR.variant(reduction=reduction)
    exam = examination(network.loss_and_grads, network, N=7)
    blocks = [np.array([0, 3]), np.array([1]), np.array([2, 4, 5, 6])]
    points = _parts(exam, blocks)
    assert [p.X.tolist() for p in points] == [
        exam.problem.X[b].tolist() for b in blocks
    ]
    assert [p.y.tolist() for p in points] == [
        exam.problem.y[b].tolist() for b in blocks
    ]
    whole, *answers = asked(exam, exam.here, *points)
    shares = [len(b) / 7 if reduction == "mean" else 1.0 for b in blocks]
    parts = _sum_of_parts(answers, shares)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-13)
    for name, g in whole.grads.items():
        assert np.allclose(parts.grads[name], g, rtol=1e-12, atol=1e-15)
    assert parts.loss_error == pytest.approx(
        sum(a.loss_error * share for a, share in zip(answers, shares, strict=True))
    )


def test_products_are_summed_by_unit():
    assert _by_unit(np.arange(6.0).reshape(2, 3), 0).tolist() == [3, 5, 7]
    assert _by_unit(np.arange(6.0).reshape(2, 3), 1).tolist() == [3, 12]
    assert _by_unit(np.arange(3.0), 0).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("cost", "t", "each", "delta"),
    [
        ("softmax", [[0.0, 1.0], [1.0, 1.0]], [log(2), 2 * log(2)],
         [[0.5, -0.5], [0.0, 0.0]]),
        ("sigmoid", [[0.0, 1.0]], [2 * log(2)], [[0.5, -0.5]]),
        ("squared", [[3.0, 4.0]], [12.5], [[-3.0, -4.0]]),
        ("logistic", [1.0, -1.0], [log(2), log(2)], [-0.5, 0.5]),
    ],
)  # fmt: skip
def test_with_all_scores_zero_loss_and_delta_are_known(cost, t, each, delta):
    got = _undecided(cost, np.array(t), 2)
    assert got[0].tolist() == pytest.approx(each)
    assert got[1].tolist() == delta


def test_every_law_has_a_sentence_and_an_answer():
    assert len(LAWS) == 11
    exam = examination(network=SOFTMAX, function=SOFTMAX.loss_and_grads)
    found = check_laws(
        SOFTMAX.loss_and_grads, SOFTMAX, exam.problem, rng=np.random.default_rng(0)
    )
    assert [r.id for r in found] == list(LAWS)
    assert {(r.ok, r.detail, r.applicable, r.part) for r in found} == {
        (True, "", True, "")
    }


def test_what_cannot_be_tested_says_why():
    def raises(params, X, y, reg):
        raise ValueError("no")

    exam = examination(N=4)
    rng = np.random.default_rng(0)
    found = {r.id: r for r in check_laws(raises, LINEAR, exam.problem, rng=rng)}
    assert found["batch-mean"] == LawResult(
        "batch-mean", True, "not tested: the function raised ValueError for N=4",
        False, "",
    )  # fmt: skip


def test_mixed_precision_is_seen_without_the_penalty():
    def half(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, 0.0)
        single = {k: g.astype(np.float32).astype(float) for k, g in grads.items()}
        if reg:
            single["W"] = single["W"] + reg * params["W"]
            loss += 0.5 * reg * float(np.sum(params["W"] ** 2))
        return float(np.float32(loss)) if not reg else loss, single

    problem = examination(N=5).problem
    point = Problem(problem.params, problem.X, problem.y, 0.3)
    found = check_laws(half, LINEAR, point, rng=np.random.default_rng(0))
    assert all(r.ok for r in found)


def test_no_point_is_asked_twice():
    asked_at = []

    def counted(params, X, y, reg):
        parts = (*params.values(), X, y, np.array(reg))
        asked_at.append(b"".join(np.asarray(p).tobytes() for p in parts))
        return LINEAR.loss_and_grads(params, X, y, reg)

    problem = examination(N=5).problem
    check_laws(counted, LINEAR, problem, rng=np.random.default_rng(0))
    # here, thrice, five parts, penalty, shuffled, renamed, shifted, zeros, a constant
    assert len(asked_at) == len(set(asked_at)) == 13


def test_a_cost_whose_rounding_is_not_known_is_not_tested():
    own = networks.get(
        "deep",
        cost=Layer(
            "sum", lambda out, y: (out.sum(axis=1), out), lambda d, c: d + 0 * c
        ),
    )
    problem = networks.draw_problem(own, np.random.default_rng(0))
    found = check_laws(own.loss_and_grads, own, problem, rng=np.random.default_rng(0))
    said = "not tested: the rounding errors of this cost are not known"
    assert found == tuple(LawResult(id, True, said, False, "") for id in LAWS)
