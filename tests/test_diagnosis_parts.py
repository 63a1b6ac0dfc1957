"""The parts of a diagnosis that are plain functions, at their edges."""

from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.diagnosis import conclude, explain, facts, numerals, search, words
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.records import Diagnosis, Finding
from gradcheck.diagnosis.smallest import _round_problem, _sizes, smallest_example
from gradcheck.experiments.sections import Section
from gradcheck.faults import CATALOGUE, Mistake, inject, specify
from gradcheck.networks import draw_problem

SOFTMAX = networks.get("softmax")
LINEAR = networks.get("linear")
DEEP = networks.get("deep", activations=("relu", "relu"), cost="softmax")


def factor(value, *sites):
    return Mistake("constant-factor", sites, "", value)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "no points"), (1, "one point"), (2, "two points"), (8, "eight points"),
     (9, "9 points"), (12, "12 points")],
)  # fmt: skip
def test_small_counts_are_words(count, said):
    assert words.plural(count, "point") == said
    assert words.number(count) == said.split()[0]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.000"), (1.0, "1.000"), (-1.0, "-1.000"), (0.25, "0.250"),
        (1.5, "1.500"), (-2.0, "-2.000"), (1.0004, "1.00040"), (0.9996, "0.99960"),
        (-1.0004, "-1.00040"), (1 + 2e-9, "1.0000000020"), (1 + 5e-10, "1.000"),
        (4e-4, "0.0004"), (-3e-4, "-0.0003"), (1.23456e-5, "1.23e-05"),
        (1.001, "1.001"), (0.001, "0.001"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_factor_is_never_rounded_to_what_is_right(value, said):
    assert numerals.numerals(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0.000 times"), (0.5, "0.500 of"), (0.9996, "0.99960 of"),
     (1.0, "1.000 times"), (1.5, "1.500 times"), (-0.5, "-0.500 times")],
)  # fmt: skip
def test_a_part_is_of_something_and_a_multiple_times_it(value, said):
    assert numerals.multiple(value) == said


@pytest.mark.parametrize(
    ("part", "said"),
    [(0.0, "0%"), (0.0099, "0.99%"), (0.01, "1%"), (0.014, "1%"), (0.016, "2%"),
     (1.0, "100%"), (1e-6, "0.0001%"), (0.00123, "0.12%")],
)  # fmt: skip
def test_a_share_has_two_digits_below_one_per_cent(part, said):
    assert numerals.percent(part) == said


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ((), (), ""),
        ((1,), (), "row 1 only"),
        ((0, 2), (), "rows 0, 2 only"),
        ((), (3,), "column 3 only"),
        ((), (0, 1, 2, 3, 4, 5), "columns 0, 1, 2, 3, 4, 5 only"),
        ((), (0, 1, 2, 3, 4, 5, 6), "columns 0, 1, 2, 3, 4, 5, ... only"),
        ((), tuple(range(9)), ""),
        ((0, 1, 2), (), ""),
    ],
)
def test_few_wrong_lines_are_listed(rows, columns, said):
    wrong = np.zeros((3, 9), dtype=bool)
    wrong[list(rows)] = True
    wrong[:, list(columns)] = True
    idle = np.zeros_like(wrong)
    assert numerals.lines(wrong, idle) == said
    assert numerals.lines(wrong.T, idle.T) == (
        said.replace("row", "x").replace("column", "row").replace("x", "column")
    )


def test_one_wrong_entry_is_a_wrong_column_first():
    wrong = np.zeros((3, 4), dtype=bool)
    wrong[1, 2] = True
    idle = np.zeros_like(wrong)
    assert numerals.lines(wrong, idle) == "column 2 only"
    assert numerals.lines(wrong, idle, elsewhere=True) == (
        "1 of its columns only: 2 of 4, at a point where its shape is (3, 4)"
    )


def test_a_line_that_tells_nothing_does_not_count_as_right():
    wrong = np.zeros((2, 3), dtype=bool)
    wrong[:, :2] = True
    idle = np.zeros_like(wrong)
    assert numerals.lines(wrong, idle) == "columns 0, 1 only"
    idle[0, 2] = True  # half of it tells
    assert numerals.lines(wrong, idle) == "columns 0, 1 only"
    idle[:, 2] = True
    assert numerals.lines(wrong, idle) == ""


@pytest.mark.parametrize(
    ("mistake", "network", "note"),
    [
        (Mistake("batch-sum"), SOFTMAX, ""),
        (Mistake("relu-mask-missing", (1,)), SOFTMAX, ""),
        (Mistake("relu-mask-missing", (1,)), DEEP, " (layer 1)"),
        (Mistake("relu-mask-missing", (1, 2)), DEEP, " (layers 1 and 2)"),
        (Mistake("leaky-slope", (2,), "", 0.25), DEEP, " (slope 0.25; layer 2)"),
        (factor(1 / 3), SOFTMAX, " (factor 0.333333)"),
        (Mistake("sign-flipped", (), "with the penalty"), SOFTMAX,
         " (with the penalty)"),
        (Mistake("penalty-constant", ("W1",), "", 2.0), SOFTMAX, " (constant 2)"),
        (Mistake("penalty-on-biases", ("b1",), "", 3.0), SOFTMAX, " (times 3)"),
        (Mistake("batch-sum", (), "", 2.0), SOFTMAX, ""),
    ],
)  # fmt: skip
def test_a_statement_is_the_title_with_what_is_special(mistake, network, note):
    title = CATALOGUE[mistake.id].title
    assert words.statement(network, mistake) == title + note


@pytest.mark.parametrize(
    ("network", "count", "said"),
    [
        (SOFTMAX, 0, ""),
        (SOFTMAX, 1, "with this one change all four gradients match"),
        (SOFTMAX, 2, "with these two changes all four gradients match"),
        (LINEAR, 3, "with these three changes both gradients match"),
        (LINEAR.variant(biases=False), 1, "with this one change the gradient matches"),
        (DEEP, 1, "with this one change all six gradients match"),
    ],
)
def test_what_undoing_does_is_said(network, count, said):
    assert words.undo_sentence(network, [Mistake("batch-sum")] * count) == said


def test_factors_of_the_same_kind_are_told_together():
    same = [("W1", [5.0, 4.0], [5, 4]), ("b1", [5.0, 4.0], [5, 4])]
    told = "5.000 x the derivative with N = 5, 4.000 x the derivative with N = 4"
    assert words._ratio_words(same) == (f"data part of dW1, db1: {told}", "1 x")
    other = [*same, ("W2", [2.0, 2.0], [5, 4])]
    assert words._ratio_words(other) == (
        f"data part of dW1, db1: {told}; of dW2: 2.000 x the derivative everywhere",
        "1 x",
    )
    equal = [("W", [4.0, 4.0], [4, 4])]
    assert words._ratio_words(equal) == (
        "data part of dW: 4.000 x the derivative with N = 4", "1 x",
    )  # fmt: skip
    for none in ([], [("W", [], [])], [*same, ("W2", [np.nan, 1.0], [5, 4])]):
        assert words._ratio_words(none) is None


def test_of_several_gaps_the_largest_of_each_gradient_is_told():
    gaps = [("W1", 0.1), ("b1", 0.5), ("W1", 0.3), ("W1", 0.2)]
    assert words._gap_words(gaps) == ("dW1 is off by 30% of its size, db1 by 50%", "")
    assert words._gap_words([]) == ("", "")


def test_mistakes_at_several_sites_are_one():
    one, other = (
        Mistake("penalty-missing", ("W2",)),
        Mistake("penalty-missing", ("W1",)),
    )
    assert explain.merge([one, other]) == (Mistake("penalty-missing", ("W1", "W2")),)
    assert explain.merge([one, one]) == (one,)
    assert explain.merge([]) == ()
    apart = [
        Mistake("leaky-slope", (1,), "", 0.1),
        Mistake("leaky-slope", (2,), "", 0.2),
        Mistake("leaky-slope", (2,), "other", 0.1),
        Mistake("batch-sum"),
    ]
    assert explain.merge(apart) == tuple(apart)
    close = [
        Mistake("leaky-slope", (2,), "", 0.1),
        Mistake("leaky-slope", (1,), "", 0.1 + 1e-9),
    ]
    (merged,) = explain.merge(close)
    assert (merged.sites, merged.constant) == ((1, 2), 0.1)
    assert explain.merge([Mistake("batch-sum"), Mistake("batch-sum", ("W",))]) == (
        Mistake("batch-sum"),
    )


@pytest.mark.parametrize(
    ("sites", "ordered"),
    [
        ((3, 1, 2), (1, 2, 3)),
        (("b2", "W2", "b1", "W1"), ("W1", "b1", "W2", "b2")),
        (("W10", "W1"), ("W1", "W10")),
        (("W1", 2, 1), ("W1", 1, 2)),
    ],
)
def test_sites_are_put_in_the_order_of_the_net(sites, ordered):
    assert explain._sorted(sites) == ordered


def test_a_factor_is_taken_out_of_one_delta():
    section = Section({1: np.ones(3), 2: np.full(3, 6.0)}, {1: None}, (2,))
    rescaled = explain._rescaled(section, 2, 3.0)
    assert rescaled.delta[2].tolist() == [2.0] * 3
    assert rescaled.delta[1].tolist() == [1.0] * 3
    assert (rescaled.inputs, rescaled.unread) == ({1: None}, (2,))
    assert explain._rescaled(section, 2, 0.0).delta[2].tolist() == [6.0] * 3


def test_a_doubled_penalty_beside_missing_ones_is_the_wrong_matrix():
    doubled = Mistake("penalty-doubled", ("W2",))
    missing = Mistake("penalty-missing", ("W1",))
    batch = Mistake("batch-sum")
    named = Mistake("penalty-wrong-matrix", ("W2",))
    assert explain._rewritten(SOFTMAX, (doubled, missing)) == [(named,)]
    assert explain._rewritten(SOFTMAX, (doubled, batch, missing)) == [(batch, named)]
    for other in (
        (doubled,),
        (missing,),
        (),
        (Mistake("penalty-doubled", ("W1", "W2")), missing),
    ):
        assert explain._rewritten(SOFTMAX, other) == []
    assert explain._rewritten(DEEP, (doubled, missing)) == []


@pytest.mark.parametrize(
    ("mistake", "none"),
    [
        (factor(1.0), True), (factor(1 + 9e-8), True), (factor(1 - 9e-8), True),
        (factor(1 + 2e-7), False), (factor(0.0), False), (factor(None), False),
        (Mistake("leaky-slope", (1,), "", 0.0), True),
        (Mistake("leaky-slope", (1,), "", 1.0), False),
        (Mistake("updated-weights", (1,), "", -9e-8), True),
        (Mistake("updated-weights", (1,), "", 1.0), False),
        (Mistake("penalty-constant", (), "", 0.0), False),
        (Mistake("batch-sum"), False),
    ],
)  # fmt: skip
def test_a_constant_that_changes_nothing_is_no_mistake(mistake, none):
    assert search._is_no_mistake(mistake) is none


def test_only_constants_that_enter_linearly_are_free():
    listed = [
        Mistake("batch-sum"),
        factor(2.0),
        Mistake("leaky-slope", (1,), "", 0.1),
        Mistake("leaky-slope", (2,)),
        Mistake("relu-mask-threshold", (1,), "", 0.1),
        Mistake("updated-weights", (1,), "", 0.2),
    ]
    assert search._free(listed) == [1, 2, 5]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (Mistake("batch-sum"), "batch-sum"),
        (factor(2.0), "constant-factor (2)"),
        (factor(None), "constant-factor"),
        (Mistake("leaky-slope", (1,), "", 0.1), "leaky-slope"),
        (factor(1 / 3), "constant-factor (0.333333)"),
    ],
)
def test_another_explanation_is_named_with_its_factor(mistake, said):
    assert conclude._tied(mistake) == said


def test_ties_that_say_the_same_are_left_out():
    batch, mean = Mistake("batch-sum"), Mistake("bias-mean", ("b1",))
    partial, flipped = Mistake("batch-mean-partial", ("W1",)), Mistake("sign-flipped")
    classes, twice = Mistake("divided-by-classes"), Mistake("batch-mean-twice")

    def told(best, *ties, one_output=False):
        return conclude._told(ties, best, one_output=one_output)

    assert told([batch], (mean,), (flipped,)) == ((mean,), (flipped,))
    assert told([batch], (batch,), ()) == ()
    assert told([flipped], (factor(-1.0),)) == ()
    assert told([flipped], (factor(-2.0),)) == ((factor(-2.0),),)
    assert told([batch], (factor(-1.0),)) == ((factor(-1.0),),)
    assert told([mean], (partial,)) == ()
    assert told([twice], (partial,), (twice, partial)) == ()
    assert told([batch], (partial,)) == ((partial,),)
    assert told([mean], (partial, flipped)) == ((partial, flipped),)
    assert told([batch], (classes,)) == ((classes,),)
    assert told([batch], (classes,), (mean,), one_output=True) == ((mean,),)


def test_what_was_not_returned_is_not_said_to_be_zero_too():
    lost = Mistake("data-part-missing", ("W1", "W2"))
    assert conclude._present([lost], {"W1"}) == [Mistake("data-part-missing", ("W2",))]
    assert conclude._present([lost], {"W1", "W2"}) == []
    assert conclude._present([lost], set()) == [lost]
    batch = Mistake("batch-sum")
    assert conclude._present([lost, batch], {"W1", "W2"}) == [batch]


def passes(*sizes):
    return [SimpleNamespace(N=N, X=np.zeros((N, D)), C=C) for N, D, C in sizes]


HERE = passes((5, 7, 3), (4, 6, 5))


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (lambda N, D, C: N, "N times the derivative, for N examples"),
        (lambda N, D, C: N - 1, "(N - 1) times the derivative, for N examples"),
        (lambda N, D, C: C, "C times the derivative, for C classes"),
        (lambda N, D, C: 2 * D, "2 * D times the derivative, for D features"),
        (lambda N, D, C: 0.5 / N, "0.5 * 1 / N times the derivative, for N examples"),
        (lambda N, D, C: 1 / C, "1 / C times the derivative, for C classes"),
        (lambda N, D, C: 1 / D, "1 / D times the derivative, for D features"),
        (lambda N, D, C: N * C,
         "N * C times the derivative, for N examples and C classes"),
        (lambda N, D, C: 1 / (N * C),
         "1 / (N * C) times the derivative, for N examples and C classes"),
        (lambda N, D, C: N / C,
         "N / C times the derivative, for N examples and C classes"),
        (lambda N, D, C: C / N,
         "C / N times the derivative, for N examples and C classes"),
        (lambda N, D, C: N / D,
         "N / D times the derivative, for N examples and D features"),
        (lambda N, D, C: D / N,
         "D / N times the derivative, for N examples and D features"),
        (lambda N, D, C: (N - 1) / N,
         "(N - 1) / N times the derivative, for N examples"),
        (lambda N, D, C: N / (N - 1),
         "N / (N - 1) times the derivative, for N examples"),
        (lambda N, D, C: N + D, ""),
        (lambda N, D, C: 3 * N, ""),
        (lambda N, D, C: N * (1 + 1e-6 * C), ""),
    ],
)  # fmt: skip
def test_a_factor_of_the_sizes_is_named_with_what_they_count(law, said):
    ratios = [law(p.N, p.X.shape[1], p.C) for p in HERE]
    assert facts._law(ratios, HERE) == said


def test_what_holds_for_several_gradients_is_said_once():
    def finding(name, text="{0} {1} zero"):
        return Finding("", (name,), statement=text, measured=name)

    said = facts._together([
        finding("W1"), None, finding("b1", "{0} {1} not"), finding("W2"), finding("b2"),
    ])  # fmt: skip
    assert [(f.statement, f.parameters, f.measured) for f in said] == [
        ("dW1, dW2 and db2 are zero", ("W1", "W2", "b2"), "W1"),
        ("db1 is not", ("b1",), "b1"),
    ]
    (two,) = facts._together([finding("W1"), finding("W2")])
    assert two.statement == "dW1 and dW2 are zero"
    assert facts._together([None]) == []


@pytest.mark.parametrize(
    ("mistake", "layer"),
    [
        (Mistake("penalty-missing", ("W2",)), 0),
        (Mistake("bias-mean", ("b1",)), 1),
        (Mistake("bias-mean", ("b2",)), 2),
        (Mistake("data-part-missing", ("W1",)), 1),
        (Mistake("batch-sum"), 2),
    ],
)
def test_a_mistake_stands_in_the_layer_where_it_is_first_met(mistake, layer):
    assert facts._layer_of(SimpleNamespace(network=SOFTMAX), mistake) == layer


def test_sizes_grow_from_the_smallest():
    sizes = list(_sizes(SOFTMAX))
    assert sizes[0] == (1, 1, 1, 2)
    assert len(sizes) == len(set(sizes)) == 4 * 3 * 3 * 2
    assert [sum(s) for s in sizes] == sorted(sum(s) for s in sizes)
    assert sizes[-1] == (4, 3, 3, 3)
    assert sizes[1:4] == [(1, 1, 1, 3), (1, 1, 2, 2), (1, 2, 1, 2)]
    assert {s[2] for s in _sizes(LINEAR)} == {1}
    assert {s[3] for s in _sizes(SOFTMAX, one_output=True)} == {1}
    assert {s[3] for s in _sizes(networks.get("logistic"))} == {1}
    squared = networks.get("deep", cost="squared")
    assert {s[3] for s in _sizes(squared)} == {1, 2, 3}


def test_a_small_example_has_one_decimal_and_no_zero():
    problem = _round_problem(SOFTMAX, np.random.default_rng(0), (4, 3, 2, 3), 0.5)
    assert {k: p.shape for k, p in problem.params.items()} == {
        "W1": (3, 2), "b1": (2,), "W2": (2, 3), "b2": (3,),
    }  # fmt: skip
    assert (problem.X.shape, problem.y.shape, problem.reg) == ((4, 3), (4,), 0.5)
    numbers = np.concatenate([problem.X.ravel(), *(p.ravel() for p in
                              problem.params.values())])  # fmt: skip
    assert np.allclose(numbers * 10, np.round(numbers * 10))
    assert (np.abs(numbers) >= 0.2).all()
    assert (np.abs(numbers) <= 1.5).all()
    assert (numbers < 0).any()
    assert (numbers > 0).any()


def test_no_example_is_looked_for_where_there_is_no_mistake():
    assert smallest_example(specify(SOFTMAX), []) is None


def evidence(mistakes=(), network=LINEAR, points=3):
    spec = specify(network)
    held = Evidence(spec)
    wrong = inject(network, mistakes) if mistakes else network.loss_and_grads
    for seed in range(points):
        p = draw_problem(network, np.random.default_rng(seed), reg=0.3)
        held.add(p, dict(wrong(p.params, p.X, p.y, p.reg)[1]))
    return held


def test_evidence_bears_out_what_was_committed_and_nothing_else():
    batch, missing = Mistake("batch-sum"), Mistake("penalty-missing", ("W",))
    held = evidence([batch])
    assert held.verify([batch])
    assert not held.verify([])
    assert not held.verify([missing])
    assert not held.verify([batch, missing])
    assert evidence().verify(())
    assert not Evidence(specify(LINEAR)).verify(())


def test_an_empty_answer_is_no_exhibit():
    held = evidence(points=1)
    problem = held.exhibits[0].problem
    held.add(problem, {})
    assert len(held.exhibits) == 1


def test_an_answer_of_another_shape_fits_nothing():
    held = evidence(points=1)
    exhibit = held.exhibits[0]
    assert held.misfit(exhibit, ()) <= 1.0
    assert held.misfit(exhibit, (), ["b"]) <= 1.0
    del exhibit.grads["W"]
    assert held.misfit(exhibit, ()) == np.inf
    assert held.misfit(exhibit, (), ["b"]) <= 1.0
    exhibit.grads["W"] = np.zeros((1, 1))
    assert held.misfit(exhibit, ()) == np.inf


@pytest.mark.parametrize(("guess", "found"), [(0.9, 0.3), (0.0, 0.3), (0.3, 0.3)])
def test_a_constant_is_refitted_on_all_exhibits(guess, found):
    held = evidence([Mistake("updated-weights", (1,), "", found)], SOFTMAX)
    (fitted,) = held.refit([Mistake("updated-weights", (1,), "", guess)])
    assert fitted == Mistake("updated-weights", (1,), "", found)
    assert held.verify([fitted])


def test_a_constant_is_as_plain_as_the_numbers_allow():
    for exact in (0.3, 0.25, 0.123, 0.1234567):
        held = evidence([Mistake("leaky-slope", (1,), "", exact)], SOFTMAX)
        near = Mistake("leaky-slope", (1,), "", exact * (1 + 1e-13))
        assert held._plainest([near], [0]) == (Mistake("leaky-slope", (1,), "", exact),)
    assert held._plainest([Mistake("batch-sum")], []) == (Mistake("batch-sum"),)


@pytest.mark.parametrize(
    ("mistake", "network", "value"),
    [
        (Mistake("sign-flipped"), LINEAR, -1.0),
        (factor(0.3), LINEAR, 0.3),
        (Mistake("batch-sum"), LINEAR, 5.0),
    ],
)
def test_a_mistake_of_scale_has_a_factor(mistake, network, value):
    held = Evidence(specify(network))
    p = draw_problem(network, np.random.default_rng(0), N=5)
    held.add(p, dict(network.loss_and_grads(p.params, p.X, p.y, p.reg)[1]))
    assert held.factor_of(held.exhibits[0], mistake) == value


def test_facts_are_the_findings_without_a_name():
    named, fact = Finding("batch-sum"), Finding("", ("W",))
    assert Diagnosis(findings=(named, fact)).facts == (fact,)
