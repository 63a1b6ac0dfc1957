"""From the answers to the candidates: what is asked, read off, and put together."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.diagnosis import blind, explain, facts, own
from gradcheck.diagnosis.case import _generic, _readable, _undefined, open_case
from gradcheck.diagnosis.conclude import _kept, conclude
from gradcheck.diagnosis.examine import (
    _in_whole_numbers,
    _nominally_right,
    _of_a_penalty,
    own_derivative,
    search,
)
from gradcheck.diagnosis.penalties import _allowed, _missing, penalty_options
from gradcheck.diagnosis.search import Found, Search
from gradcheck.diagnosis.words import Witness, finding, names_of
from gradcheck.experiments.points import Sizes
from gradcheck.experiments.sections import cost
from gradcheck.faults import Mistake, inject
from gradcheck.networks import draw_problem

LINEAR = networks.get("linear")
SOFTMAX = networks.get("softmax")
LOGISTIC = networks.get("logistic")


def case_of(function=LINEAR.loss_and_grads, network=LINEAR, **sizes):
    if isinstance(function, list):
        function = inject(network, function)
    return open_case(function, network, 0, Sizes.of(sizes), None)


def constant(value):
    return Mistake("penalty-constant", ("W",), "", value)


def biased(value):
    return Mistake("penalty-on-biases", ("b",), "", value)


MISSING = Mistake("penalty-missing", ("W",))
KEPT = Mistake("penalty-averaged-in-loss", ("W",))
UNREAD = ((), (None, None))
OPTIONS = {
    "right": ([], [((), (1.0, 1.0))], [UNREAD]),
    "missing": (["penalty-missing"], [((MISSING,), (None, None))], [UNREAD]),
    "doubled": (["penalty-doubled"], [((), (2.0, 2.0))], [UNREAD]),
    "negative": (["penalty-sign"], [((), (-1.0, -1.0))], [UNREAD]),
    "averaged": (["penalty-averaged"], [((), (0.125, 0.2))], [UNREAD]),
    "averaged in the loss": (
        ["penalty-averaged-in-loss"],
        [((), (8.0, 5.0)), ((KEPT,), (1.0, 1.0))], [UNREAD],
    ),
    "on biases": (
        ["penalty-on-biases"], [((), (1.0, 1.0))], [((biased(None),), (1.0, 1.0))],
    ),
    "on biases thrice": (
        [biased(3.0)], [((), (1.0, 1.0))],
        [((biased(None),), (3.0, 3.0)), ((biased(3.0),), (1.0, 1.0))],
    ),
    "in no loss": (
        ["penalty-missing-in-loss"],
        [((Mistake("penalty-missing-in-loss", ("W",)),), (1.0, 1.0))], [UNREAD],
    ),
    "without its strength": (
        ["penalty-strength-missing-in-loss"],
        [((Mistake("penalty-strength-missing-in-loss", ("W",)),), (1.0, 1.0))],
        [UNREAD],
    ),
}  # fmt: skip


def plain(options):
    """Return options with six digits a number, None where there is none."""
    return [
        (m, tuple(None if np.isnan(x) else round(float(x), 6) for x in pair))
        for m, pair in options
    ]


@pytest.mark.parametrize("name", OPTIONS)
def test_what_may_be_wrong_with_a_penalty_is_listed_with_its_multiples(name):
    mistakes, weights, biases = OPTIONS[name]
    case = case_of(mistakes or LINEAR.loss_and_grads)
    options = penalty_options(case.measured, case.spec)
    assert [plain(some) for some in options] == [weights, biases]
    assert case.measured.unexplained == []
    assert case.accused.calls == 31


def test_a_constant_in_place_of_the_penalty_is_fitted():
    case = case_of([constant(2.0)])
    listed, _ = penalty_options(case.measured, case.spec)
    assert plain(listed)[0] == ((constant(None),), (2.0, 2.0))
    assert plain(listed)[-1] == ((constant(2.0),), (1.0, 1.0))


def test_a_penalty_that_has_no_form_is_left_unexplained():
    def odd(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "W": grads["W"] + reg * np.cos(7 * params["W"])}

    case = case_of(odd)
    listed, _ = penalty_options(case.measured, case.spec)
    assert plain(listed) == [UNREAD]
    assert case.measured.unexplained == [("penalty", "W")]


@pytest.mark.parametrize("penalty", ["half", "full", "none"])
def test_the_convention_of_the_loss_is_the_right_multiple(penalty):
    right = LINEAR.variant(penalty=penalty)
    case = case_of(right.loss_and_grads)
    listed, _ = penalty_options(case.measured, case.spec)
    assert plain(listed) == [((), (1.0, 1.0))] if penalty != "none" else [UNREAD]


def test_a_mistake_of_the_penalty_is_tried_where_it_makes_sense():
    case = case_of()
    for name, parameter, allowed in (
        ("penalty-missing-in-loss", "W", False), ("penalty-missing-in-loss", "b", True),
        ("penalty-on-biases", "b", True), ("penalty-on-biases", "W", False),
        ("penalty-strength-missing-in-loss", "W", False),
        ("penalty-constant", "W", True), ("penalty-row-free", "W", True),
    ):  # fmt: skip
        assert _allowed(name, case.spec, parameter) is allowed
    fixed = replace(case.spec, fixed={"b": 1.0})
    assert not _allowed("penalty-on-biases", fixed, "b")
    assert _allowed("penalty-strength-missing-in-loss", fixed, "b")


@pytest.mark.parametrize(
    ("network", "sizes", "shapes", "X"),
    [
        (SOFTMAX, {}, [(5, 7), (7,), (7, 4), (4,)], (6, 5)),
        (SOFTMAX, {"D": 9}, [(9, 7), (7,), (7, 4), (4,)], (6, 9)),
        (SOFTMAX, {"C": 2}, [(5, 7), (7,), (7, 2), (2,)], (6, 5)),
        (SOFTMAX, {"N": (3,)}, [(5, 7), (7,), (7, 4), (4,)], (3, 5)),
        (SOFTMAX, {"N": (3, 6, 8)}, [(5, 7), (7,), (7, 4), (4,)], (6, 5)),
        (SOFTMAX, {"N": (3, 8)}, [(5, 7), (7,), (7, 4), (4,)], (8, 5)),
        (SOFTMAX, {"hidden": (4,)}, [(5, 4), (4,), (4, 4), (4,)], (6, 5)),
        (LOGISTIC, {"C": 3}, [(5, 7), (7,), (7,), ()], (6, 5)),
        (networks.get("deep", depth=3), {},
         [(5, 7), (7,), (7, 8), (8,), (8, 4), (4,)], (6, 5)),
    ],
)  # fmt: skip
def test_the_first_point_has_sizes_that_all_differ(network, sizes, shapes, X):
    problem = _generic(network, np.random.default_rng(0), Sizes.of(sizes))
    assert [p.shape for p in problem.params.values()] == shapes
    assert (problem.X.shape, problem.reg) == (X, 0.2)


def test_what_can_be_taken_apart_is_finite_and_of_its_shape():
    problem = draw_problem(LINEAR, np.random.default_rng(0), N=4)
    right = dict(LINEAR.loss_and_grads(problem.params, problem.X, problem.y, 0.0)[1])
    assert _readable(right, problem, LINEAR)
    assert not _readable({"W": right["W"]}, problem, LINEAR)
    assert not _readable({**right, "b": right["b"] * np.nan}, problem, LINEAR)
    assert not _readable({**right, "W": right["W"][:1]}, problem, LINEAR)
    assert _readable({**right, "b": np.ones(4)}, problem, LINEAR)  # one an example
    assert not _readable({**right, "b": np.ones(7)}, problem, LINEAR)
    assert not _readable({**right, "W": np.ones(4)}, problem, LINEAR)


def test_gradients_that_are_not_finite_are_named_once():
    bad, good = np.array([1.0, np.nan]), np.ones(2)
    assert _undefined([{"a": good, "b": bad}, {"b": bad, "c": bad * 0}]) == ("b", "c")
    assert _undefined([]) == ()


def test_a_case_holds_what_was_asked():
    case = case_of(["batch-sum"])
    assert [repr(p) for p in case.plan.reading] == [
        "Problem(W(7, 3), b(3,), X(5, 7), reg=0)",
        "Problem(W(6, 5), b(5,), X(4, 6), reg=0)",
    ]
    assert len(case.evidence.exhibits) == 6
    assert len(case.measured.readers) == len(case.measured.grads) == 2
    assert list(case.measured.penalties) == ["W", "b"]
    assert (case.finish, case.failed, case.runs_where) == (None, "", "")
    assert (case.undefined, case.own_data, case.measured.exact) == ((), True, 1e-9)
    for name, pair in case.measured.penalties.items():
        for seen, point in zip(pair, case.measured.points[name], strict=True):
            p = point.on.params[name]
            assert np.allclose(seen, p if name == "W" else 0 * p, atol=1e-12)


@pytest.mark.parametrize(
    ("mistake", "exact"),
    [(Mistake("single-precision"), 1e-5), (Mistake("rounded", (), "", 3.0), 1e-3)],
)
def test_a_finish_says_how_exact_a_measurement_is(mistake, exact):
    case = case_of([mistake])
    assert case.finish is not None
    assert case.finish.id == mistake.id
    assert case.measured.exact == pytest.approx(exact)


def test_a_call_that_fails_leaves_the_reason_and_nothing_to_read():
    def fails(params, X, y, reg):
        raise ValueError("no")

    case = case_of(fails)
    assert case.failed == "ValueError: no"
    assert (case.measured.readers, case.measured.penalties) == ([], {})
    assert search(case) == Found()


STRUCTURES = {
    "a sum": (LINEAR, ["batch-sum"], ()),
    "a mask": (SOFTMAX, ["relu-mask-missing"], ("relu-mask-missing 1",)),
    "a bias": (LINEAR, ["bias-one-example"], ("bias-one-example b [the last]",)),
    "lost": (SOFTMAX, ["data-part-missing"], ("data-part-missing W1",)),
    "targets": (LINEAR, ["target-missing"], ("target-missing",)),
    "several": (
        SOFTMAX, ["target-missing", "relu-mask-inverted"],
        ("target-missing", "relu-mask-inverted 1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_cheapest_structure_is_what_was_done_factors_aside(name):
    network, mistakes, wanted = STRUCTURES[name]
    case = case_of(mistakes, network)
    listed = explain.structures(case.measured)
    assert sorted(map(str, listed[0])) == sorted(wanted)
    assert [cost(s) for s in listed] == sorted(cost(s) for s in listed)
    assert len(listed) == len(set(listed)) <= 24
    assert explain.structures(case.measured, limit=1) == listed[:1]
    assert case.measured.unexplained == []
    done = explain.candidates(case.measured, case.spec, listed[0], 1e-8)
    assert [cost(s) for s in done] == sorted(cost(s) for s in done)
    hunt = Search(case.evidence, case.measured)
    first = next(found for one in done if (found := hunt.test(one)))
    assert {m.id for m in first} == {*mistakes}


def test_what_no_mistake_explains_is_noted_by_stage():
    def backward(delta=lambda d: d, mask=lambda z: z > 0, extra=0.0, bias=0.0):
        def function(params, X, y, reg):
            loss, _ = SOFTMAX.loss_and_grads(params, X, y, reg)
            z = X @ params["W1"] + params["b1"]
            h = np.maximum(z, 0.0)
            probs = np.exp(h @ params["W2"] + params["b2"])
            probs /= probs.sum(axis=1, keepdims=True)
            probs[np.arange(len(X)), y] -= 1.0
            d = delta(probs) / len(X)
            dz = (d @ params["W2"].T) * mask(z)
            return loss, {
                "W1": X.T @ dz + reg * params["W1"] + extra,
                "b1": dz.sum(axis=0) + bias * np.arange(dz.shape[1]),
                "W2": h.T @ d + reg * params["W2"],
                "b2": d.sum(axis=0),
            }

        return function

    for options, stages in (
        ({}, []),
        ({"delta": lambda d: d**3}, [("output", "W2")]),
        ({"mask": lambda z: np.cos(z)}, [("hidden", "W1")]),
        ({"bias": 0.1}, [("bias", "b1")]),
        ({"extra": 0.3}, [("input", "W1")]),
    ):
        case = case_of(backward(**options), SOFTMAX)
        explain.structures(case.measured)
        first = list(dict.fromkeys(case.measured.unexplained))[:1]
        assert first == stages


def test_a_tested_set_is_remembered_and_dropped_if_it_changes_nothing():
    case = case_of(["batch-sum"])
    hunt = Search(case.evidence, case.measured)
    batch, flip = Mistake("batch-sum"), Mistake("sign-flipped")
    assert hunt.test([batch]) == (batch,)
    assert hunt.test([flip]) is None
    assert hunt.test([batch, Mistake("constant-factor", (), "", 1.0)]) is None
    assert hunt.minimal((batch,)) == (batch,)
    twice = (batch, flip, Mistake("constant-factor", (), "", -1.0))
    assert hunt.test(twice) == twice
    assert hunt.minimal(twice) == twice  # neither of two that cancel goes alone
    assert hunt._tried[(batch,)] == (batch,)


def test_the_cheapest_set_is_the_best_and_its_equals_are_ties():
    case = case_of(["sign-flipped"])
    hunt = Search(case.evidence, case.measured)
    flip, factor = Mistake("sign-flipped"), Mistake("constant-factor", (), "", -1.0)
    found = hunt.conclude(Found(), [(factor,), (flip,)])
    assert found.best == (flip,)
    assert found.ties == ((factor,),)
    assert hunt.conclude(Found(), []) == Found()


def test_explanations_are_preferred_by_cost_and_what_is_likely():
    case = case_of(["batch-sum"])
    hunt = Search(case.evidence, case.measured)
    batch = Mistake("batch-sum")
    assert hunt._preference((batch,)) == (cost([batch]), str((batch,)))
    wrong_axis = Mistake("bias-wrong-axis", ("b",))
    base = cost([wrong_axis])
    assert hunt._preference((wrong_axis,))[0] == base
    equal = Search(case.evidence, case.measured, equal=True)
    assert equal._preference((wrong_axis,))[0] == pytest.approx(base - 0.2)
    missing, scalar = Mistake("bias-missing", ("b",)), Mistake("bias-scalar", ("b",))
    # the bias's gradient is dust, and not exactly zero: a sum
    assert hunt._preference((missing,))[0] == pytest.approx(cost([missing]) + 0.01)
    assert hunt._preference((scalar,))[0] == cost([scalar])
    zeros = replace(case.measured, grads=[
        {k: g * (k != "b") for k, g in grads.items()} for grads in case.measured.grads
    ])  # fmt: skip
    hunt = Search(case.evidence, zeros)
    assert hunt._preference((missing,))[0] == cost([missing])
    assert hunt._preference((scalar,))[0] == pytest.approx(cost([scalar]) + 0.01)
    one = case_of(["batch-sum"], LOGISTIC)
    hunt = Search(one.evidence, one.measured)
    assert hunt._preference((Mistake("divided-by-classes"),))[0] == pytest.approx(
        cost([Mistake("divided-by-classes")]) + 0.2
    )


def test_the_effect_of_a_mistake_is_measured_beside_the_others():
    both = [Mistake("batch-sum"), MISSING]
    case = case_of(both)
    witness = Witness(case.evidence, case.measured, both)
    assert witness.closeness() < 1e-14
    assert witness.effect(MISSING) == ("0 * reg*W", "1 * reg*W")
    measured, expected = witness.effect(both[0])
    assert measured.startswith("data part of dW, db: 5.000 x the derivative with N = 5")
    assert expected == "1 x"
    assert finding(witness, MISSING).parameters == ("W",)
    lone = Witness(case.evidence, case.measured, [])
    assert lone.closeness() > 0.5
    assert names_of(SOFTMAX, Mistake("batch-sum")) == ("W1", "b1", "W2", "b2")
    assert names_of(SOFTMAX, Mistake("relu-mask-missing", (1,))) == ("W1", "b1")


def test_each_tensor_is_told_by_itself():
    def scaled(**factors):
        def function(params, X, y, reg):
            loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
            return loss, {
                k: factors.get(k, lambda X: 1.0)(X) * (g - reg * params[k] * (k == "W"))
                + reg * params[k] * (k == "W")
                for k, g in grads.items()
            }

        return function

    for factor, measured, said in (
        (lambda X: 1.0, None, None),
        (lambda X: 3.0, "3", "{0} {1} 3 times the derivative, everywhere"),
        (lambda X: 0.25, "0.25", "{0} {1} 0.25 of the derivative, everywhere"),
        (lambda X: 0.0, "0", "{0} {1} zero where reg is 0"),
        (lambda X: X.shape[1], "7", "{0} {1} D times the derivative, for D features"),
        (lambda X: len(X) + 0.5, "5.5", "{0} {1} 5.5 x the derivative (N = 5, D = 7), "
         "4.5 x the derivative (N = 4, D = 6)"),
    ):  # fmt: skip
        case = case_of(scaled(b=factor))
        told = facts._tensor(case, "b")
        assert (told and told.measured, told and told.statement) == (
            measured, said,
        )  # fmt: skip
        assert facts._tensor(case, "W") is None


def test_the_derivative_of_its_own_loss_is_known_along_a_line():
    case = case_of()
    problem = case.plan.fresh[0]
    before = case.accused.calls
    assert own_derivative(case, problem)
    assert case.accused.calls == before + 4
    other = case_of(["batch-sum"])
    assert not own_derivative(other, other.plan.fresh[0])

    def cosine(params, X, y, reg):
        return float(np.cos(params["W"]).sum()), {
            "W": -np.sin(params["W"]), "b": 0 * params["b"],
        }  # fmt: skip

    lone = case_of(cosine)
    assert own_derivative(lone, lone.plan.fresh[0])
    assert own.own_facts(lone) == []

    def lacking(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return loss, {"W": grads["W"]}

    lost = case_of(lacking)
    assert not own_derivative(lost, replace_params(lost.plan.fresh[0]))


def replace_params(problem):
    return type(problem)(dict(problem.params), problem.X, problem.y, problem.reg)


def test_facts_beside_an_own_loss_are_told_by_its_derivative():
    def tripled(params, X, y, reg):
        return float(np.cos(params["W"]).sum()), {
            "W": -3 * np.sin(params["W"]), "b": 0 * params["b"],
        }  # fmt: skip

    case = case_of(tripled)
    (fact,) = own.own_facts(case)
    assert fact.measured == "3 x"
    assert fact.statement == (
        "W's gradient is 3.000 times the derivative, at both points"
    )


def test_truncated_arguments_are_seen():
    def whole(params, X, y, reg):
        cut = {k: np.trunc(p) for k, p in params.items()}
        return LINEAR.loss_and_grads(cut, np.trunc(X), y, reg)

    assert _in_whole_numbers(case_of(whole))
    assert not _in_whole_numbers(case_of())
    assert not _in_whole_numbers(case_of(lambda *a: (1.0, {})))
    assert not _in_whole_numbers(
        case_of(lambda p, X, y, reg: (1.0, {k: np.ones_like(v) for k, v in p.items()}))
    )


def test_a_right_gradient_beside_another_loss_is_nominally_right():
    def negated(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, 0.0)
        return -loss + 0.5 * reg * float(np.sum(params["W"] ** 2)), {
            **grads, "W": grads["W"] + reg * params["W"],
        }  # fmt: skip

    assert _nominally_right(case_of(negated))
    assert not _nominally_right(case_of())
    assert search(case_of()).best == ()
    assert search(case_of(["batch-sum"])).best == (Mistake("batch-sum"),)


def test_mistakes_of_a_penalty_are_known_by_their_names():
    assert _of_a_penalty((Mistake("batch-sum"), MISSING))
    assert _of_a_penalty((Mistake("bias-penalty-missing", ("b",)),))
    assert not _of_a_penalty((Mistake("batch-sum"),))
    assert not _of_a_penalty(())


CROWDED = {"N": 6, "D": 3, "C": 2}


def test_more_examples_than_inputs_leave_no_delta_to_read():
    assert not blind.unreadable(case_of().measured)
    assert blind.unreadable(case_of(**CROWDED).measured)
    assert not blind.unreadable(case_of(**{**CROWDED, "N": 3}).measured)
    narrow = case_of(SOFTMAX.loss_and_grads, SOFTMAX, D=8, hidden=(3,), C=2, N=5)
    assert blind.unreadable(narrow.measured)
    wide = case_of(SOFTMAX.loss_and_grads, SOFTMAX, D=8, hidden=(7,), C=2, N=5)
    assert not blind.unreadable(wide.measured)


def test_a_mistake_scores_by_the_gradients_that_it_makes_right():
    batch, bias = Mistake("batch-sum"), Mistake("bias-one-example", ("b",), "the last")
    turned = Mistake("transposed", ("W",))
    case = case_of([batch])
    assert len(case.measured.readers) == 2
    assert blind._score(case.measured, [batch]) == 4.0
    assert blind._score(case.measured, []) == pytest.approx(4 * 0.6)
    assert blind._score(case.measured, [bias]) == pytest.approx(2 * 0.6)
    assert blind._score(case.measured, [turned]) == pytest.approx(2 * 0.6)
    lost = replace(case.measured, grads=[
        {"W": g["W"]} for g in case.measured.grads
    ])  # fmt: skip
    assert blind._score(lost, [batch]) == 2.0
    odd = replace(case.measured, grads=[
        {**g, "b": g["b"][:-1]} for g in case.measured.grads
    ])  # fmt: skip
    assert blind._score(odd, [batch]) == 2.0


def test_a_mistake_that_makes_gradients_right_is_completed_to_a_pair(monkeypatch):
    monkeypatch.setattr(blind, "_LEAST", 3)
    monkeypatch.setattr(blind, "_SETS", 1)
    for company in (["target-missing", "batch-mean-twice"],
                    ["bias-one-example", "sign-flipped"]):  # fmt: skip
        case = case_of(company, **CROWDED)
        hunt = Search(case.evidence, case.measured)
        found = blind.pairs(hunt, Found())
        assert sorted(m.id for m in found.best) == sorted(company)
    both = case_of(["penalty-missing", "target-missing", "batch-mean-twice"], **CROWDED)
    hunt = Search(both.evidence, both.measured)
    assert blind.pairs(hunt, Found()).best is None
    found = blind.pairs(hunt, Found(nearest=(Mistake("batch-sum"), MISSING)))
    assert sorted(m.id for m in found.best) == [
        "batch-mean-twice", "penalty-missing", "target-missing",
    ]  # fmt: skip


def backward(delta=lambda d: d, mask=lambda z: z > 0):
    """Return a backward pass of the softmax net with other steps in it."""

    def function(params, X, y, reg):
        loss, _ = SOFTMAX.loss_and_grads(params, X, y, reg)
        z = X @ params["W1"] + params["b1"]
        h = np.maximum(z, 0.0)
        probs = np.exp(h @ params["W2"] + params["b2"])
        probs /= probs.sum(axis=1, keepdims=True)
        probs[np.arange(len(X)), y] -= 1.0
        d = delta(probs) / len(X)
        dz = (d @ params["W2"].T) * mask(z)
        return loss, {
            "W1": X.T @ dz + reg * params["W1"],
            "b1": dz.sum(axis=0),
            "W2": h.T @ d + reg * params["W2"],
            "b2": d.sum(axis=0),
        }

    return function


def cut(case):
    """Read the deltas of a case, as its explanation does."""
    pairs = zip(case.measured.readers, case.measured.grads, strict=True)
    case.measured.sections = [reader.cut(grads) for reader, grads in pairs]


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (lambda z: np.where(z > 0, 1.0, 0.0),
         " (the mask is 1 on live units and 0 on dead units)"),
        (lambda z: np.where(z > 0, 2.5, -0.125),
         " (the mask is 2.5 on live units and -0.125 on dead units)"),
        (lambda z: np.where(z > 0, np.cos(z), 0.5), " (the mask is 0.5 on dead units)"),
        (lambda z: np.where(z > 0, 1 / 3, np.sin(z)),
         " (the mask is 0.3333 on live units)"),
        (lambda z: np.where(z > 0, 1 + 1e-4 * (z > 0.5), np.sin(z)), ""),
        (lambda z: np.cos(z), ""),
    ],
)  # fmt: skip
def test_the_mask_is_told_where_it_is_the_same_on_all_units(mask, said):
    case = case_of(backward(mask=mask), SOFTMAX)
    case.measured.sections = [
        r.cut(g)
        for r, g in zip(case.measured.readers, case.measured.grads, strict=True)
    ]
    assert facts._mask(case, "W1") == said


def test_each_stage_has_its_sentence():
    case = case_of(backward(delta=lambda d: d[:, ::-1]), SOFTMAX)
    case.measured.sections = [
        r.cut(g)
        for r, g in zip(case.measured.readers, case.measured.grads, strict=True)
    ]
    assert facts._stage(case, "input", "W1") == (
        "dW1 is not the product of its layer's input and any delta"
    )
    assert facts._stage(case, "penalty", "W2") == (
        "what reg adds to dW2 is no known form of the penalty"
    )
    assert facts._stage(case, "bias", "b2") == (
        "db2 is not the sum of the delta that dW2 shows"
    )
    assert facts._stage(case, "hidden", "W1") == (
        "the delta that dW1 shows does not come from the one above it by the weights "
        "and the activation's derivative (the mask is 1 on live units and 0 on dead "
        "units)"
    )
    output = "the delta of the output layer is not (p - t), nor a known mistake"
    assert facts._stage(case, "output", "W2") == (
        f"{output}; its rows sum to 0, as they should"
    )
    other = case_of(backward(delta=lambda d: d**3), SOFTMAX)
    cut(other)
    assert facts._stage(other, "output", "W2") == output


def test_the_penalty_is_told_beside_the_first_stage_that_is_unexplained():
    case = case_of(["batch-sum"])
    case.measured.unexplained = [
        ("bias", "b"), ("bias", "b"), ("input", "W"),
        ("penalty", "W"), ("penalty", "b"),
    ]  # fmt: skip
    assert [f.parameters for f in facts._stages(case)] == [("b",), ("W",), ("b",)]
    assert [f.id for f in facts._stages(case)] == ["", "", ""]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda g: np.full_like(g, 2.0), "all the entries of dW are equal"),
        (lambda g: g * (1 + (np.arange(7) == 2))[:, None],
         "dW is wrong in 1 of its rows only: 2 of 7, at a point where its shape is "
         "(7, 3)"),
        (lambda g: g * np.array([1.0, 1.0, 3.0]),
         "dW is wrong in 1 of its columns only: 2 of 3, at a point where its shape is "
         "(7, 3)"),
        (lambda g: g * 1.25,
         "dW is no multiple of the derivative; it is off by 25% of its size"),
    ],
)  # fmt: skip
def test_the_wrong_entries_of_a_tensor_are_told(change, text):
    case = case_of()
    grads = case.measured.grads[0]
    case.measured.grads[0] = {**grads, "W": change(grads["W"])}
    assert facts._pattern(case, "W") == text


def test_a_zero_derivative_has_no_size_to_be_off_by():
    case = case_of(["batch-sum"])
    grads = case.measured.grads[0]
    case.measured.grads[0] = {**grads, "b": np.array([1.0, 2.0, 3.0])}
    right = case.measured.readers[0].right.grads()["b"]
    off = np.linalg.norm(np.array([1.0, 2.0, 3.0]) - right) / np.linalg.norm(right)
    text = "db is no multiple of the derivative; it is off by {:.0f}% of its size"
    assert facts._pattern(case, "b") == text.format(100 * off)


def test_a_function_that_runs_only_for_some_sizes_is_said_to():
    def square(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        X @ X  # as many inputs as examples, or it fails
        return loss, grads

    case = case_of(square)
    assert case.runs_where
    told = conclude(case, search(case)).findings[0]
    text = f"the function runs only where {case.runs_where}"
    assert (told.id, told.parameters) == ("", ())
    assert (told.measured, told.statement) == (case.runs_where, text)


def test_ties_are_told_with_the_mistake_and_in_the_record():
    case = case_of(["batch-sum"])
    batch, other = Mistake("batch-sum"), Mistake("sign-flipped")
    pair = (Mistake("constant-factor", (), "", 5.0), other)
    found = conclude(case, Found(best=(batch,), ties=((other,), pair, (other,))))
    assert found.ties == ((other,), pair, (other,))
    assert found.findings[0].ties == (
        "sign-flipped", "constant-factor (5) + sign-flipped",
    )  # fmt: skip
    assert found.undo == "with this one change both gradients match"
    assert (found.fickle, found.calls) == ("", case.accused.calls)
    case.accused.fickle = "ValueError: now and then"
    assert conclude(case, Found(best=(batch,))).fickle == "ValueError: now and then"


def test_the_answer_that_is_kept_is_known_by_being_right_once():
    assert _kept(case_of())
    assert not _kept(case_of(["batch-sum"]))
    none = case_of()
    none.opening = None
    assert not _kept(none)


def test_a_structure_with_a_factor_at_the_top_is_read_below_it():
    case = case_of(["batch-mean-twice", "relu-mask-missing"], SOFTMAX)
    listed = explain.structures(case.measured)
    assert [str(m) for m in listed[0]] == ["relu-mask-missing 1"]
    assert case.measured.unexplained == []
    hidden = case_of(["batch-mean-hidden-twice"], SOFTMAX)
    assert explain.structures(hidden.measured)[0] == ()
    bare = LINEAR.variant(biases=False)
    alone = open_case(inject(bare, ["target-missing"]), bare, 0, Sizes.of({}), None)
    assert [str(m) for m in explain.structures(alone.measured)[0]] == ["target-missing"]


def test_an_unexplained_bias_leaves_the_rest_to_be_explained():
    def odd(params, X, y, reg):
        loss, grads = inject(SOFTMAX, ["target-missing"])(params, X, y, reg)
        return loss, {**grads, "b1": grads["b1"] + 0.1 * np.arange(grads["b1"].size)}

    case = case_of(odd, SOFTMAX)
    listed = explain.structures(case.measured)
    assert set(case.measured.unexplained) == {("bias", "b1")}
    assert [str(m) for m in listed[0]] == ["target-missing"]


def test_a_wrong_constant_is_mended_from_far_and_from_nothing():
    from test_diagnosis_parts import evidence

    slope = Mistake("leaky-slope", (1,), "", 0.2)
    held = evidence([slope, Mistake("updated-weights", (1,), "", 0.3)], SOFTMAX)
    guess = [Mistake("leaky-slope", (1,), "", 1.0),
             Mistake("updated-weights", (1,), "", 0.0)]  # fmt: skip
    assert held.refit(guess) == (slope, Mistake("updated-weights", (1,), "", 0.3))
    residuals = held._residuals(guess)
    assert np.abs(residuals).max() < 10.0
    assert (
        np.abs(held._residuals([slope, replace(guess[1], constant=0.3)])).max() < 1e-13
    )
    del held.exhibits[0].grads["b1"]
    held.exhibits[1].grads["b2"] = np.zeros((1, 1))
    assert held._residuals(guess).size == residuals.size - sum(
        held.exhibits[k].right[n].size for k, n in ((0, "b1"), (1, "b2"))
    )


def test_a_neighbour_of_the_nearest_set_is_found_and_the_cheapest_wins():
    case = case_of(["batch-sum", "target-missing"])
    hunt = Search(case.evidence, case.measured)
    batch, target = Mistake("batch-sum"), Mistake("target-missing")
    for nearest in ((batch,), (batch, target), (target, Mistake("sign-flipped")),
                    (batch, target, Mistake("penalty-doubled", ("W",)))):  # fmt: skip
        found = hunt.neighbours(Found(nearest=nearest))
        assert {m.id for m in found.best} == {"batch-sum", "target-missing"}
    assert hunt.neighbours(Found(nearest=(Mistake("bias-mean", ("b",)),))).best is None
    assert hunt.neighbours(Found(nearest=(batch,)), budget=1).best is None


@pytest.mark.parametrize(("N", "value"), [(4, 2.0), (6, 3.0)])
def test_a_division_by_a_size_that_is_always_the_same_may_be_a_factor(N, value):
    case = case_of(["divided-by-classes"], C=2, N=N)
    hunt = Search(case.evidence, case.measured)
    classes, factor = (
        Mistake("divided-by-classes"), Mistake("constant-factor", (), "", value),
    )  # fmt: skip
    found = hunt.conclude(Found(), [(classes,)])
    wanted = [(classes,), (factor,)]
    assert [found.best, *found.ties] == (wanted[::-1] if value == 2.0 else wanted)
    free = case_of(["divided-by-classes"])
    other = Search(free.evidence, free.measured)
    assert other.conclude(Found(), [(classes,)]).ties == ()


def test_what_a_mistake_shows_is_measured_whatever_the_size():
    def lost(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "b": 1e-3 * grads["b"]}

    case = case_of(lost)
    witness = Witness(case.evidence, case.measured, [])
    gap = witness.closeness()
    worst = 0.0
    for exhibit in case.evidence.exhibits[:3]:
        for name, g in exhibit.right.items():
            size = max(np.abs(g).max(), exhibit.sizes[name].max())
            worst = max(worst, np.abs(exhibit.grads[name] - g).max() / size)
    assert gap == pytest.approx(worst)


def test_penalties_of_biases_have_a_name_of_their_own():
    case = case_of()
    assert _missing(case.spec, "W") == MISSING
    assert _missing(case.spec, "b") == Mistake("bias-penalty-missing", ("b",))


def test_what_is_proven_beside_the_unexplained_is_named():
    def odd(params, X, y, reg):
        loss, grads = inject(SOFTMAX, ["penalty-missing"])(params, X, y, reg)
        return loss, {**grads, "b2": np.sin(7 * grads["b2"])}

    case = case_of(odd, SOFTMAX)
    missing = Mistake("penalty-missing", ("W1",))
    (told,) = facts.partial(case, Found(nearest=(missing,)))
    assert (told.id, told.parameters, told.verified) == (
        "penalty-missing", ("W1",), True,
    )  # fmt: skip
    assert told.proof == "read off by itself; something else is wrong besides"


def test_a_tensor_that_is_not_finite_or_misshapen_is_told_as_such():
    case = case_of()
    grads = case.measured.grads[1]
    for wrong in (grads["b"] * np.nan, grads["b"][:-1]):
        case.measured.grads[1] = {**grads, "b": wrong}
        told = facts._tensor(case, "b")
        assert (told.id, told.parameters) == ("", ("b",))
        assert told.statement == "{0} {1} not finite, or misshapen"


def test_a_penalty_that_is_averaged_in_the_loss_is_expected_so():
    def averaged(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, 0.0)
        W, N = params["W"], len(X)
        loss += 0.5 * reg / N * float((W**2).sum())
        return loss, {**grads, "W": grads["W"] + reg * W}

    case = case_of(averaged)
    listed, _ = penalty_options(case.measured, case.spec)
    assert plain(listed) == [((), (8.0, 5.0)), ((KEPT,), (1.0, 1.0))]
    witness = Witness(case.evidence, case.measured, [KEPT])
    assert witness.effect(KEPT) == ("1 * reg*W with N = 8", "0.125 * reg*W")
