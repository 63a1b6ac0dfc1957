"""What the experiments make of answers that are rare."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.diagnosis import diagnose, numerals
from gradcheck.experiments.accused import Accused
from gradcheck.experiments.finish import read_finish
from gradcheck.experiments.forms import read_data
from gradcheck.experiments.plumbing import examine_plumbing
from gradcheck.experiments.ramp import read_ramp
from gradcheck.experiments.state import examine_state, same
from gradcheck.faults import inject, specify
from gradcheck.networks import draw_problem

SOFTMAX = networks.get("softmax")


def drawn(seed=0, **sizes):
    return draw_problem(SOFTMAX, np.random.default_rng(seed), **sizes)


def test_the_dust_of_a_measurement_is_not_written_out():
    assert numerals.numerals(1.0 + 1e-12) == "1.000"
    assert numerals.numerals(float("nan")) == "nan"
    assert numerals.percent(0.0) == "0%"


def test_answers_of_other_names_or_shapes_are_not_the_same():
    one = {"W": np.ones((2, 3))}
    assert not same(one, {"V": np.ones((2, 3))})
    assert not same(one, {"W": np.ones((3, 2))})
    assert same(one, {"W": np.ones((2, 3)) + 1e-15})


def test_a_cache_that_starts_with_the_first_point_is_one_call_behind():
    kept = []

    def late(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        kept.append(grads)
        return loss, dict(kept[max(len(kept) - 2, 0)])

    accused = Accused(late)
    state = examine_state(accused, drawn(1), drawn(2))
    assert state.ids == (("stale-cache", "one call behind"),)


@pytest.mark.parametrize("broken", [0, 1])
def test_shapes_that_come_and_go_add_nothing_up(broken):
    calls = []

    def odd(params, X, y, reg):
        calls.append(0)
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        factor = len(calls) if broken else 1 + len(calls) % 2
        grads = {k: g * factor for k, g in grads.items()}
        if len(calls) % 2:
            grads["b1"] = grads["b1"][:-1]
        return loss, grads

    accused = Accused(odd)
    state = examine_state(accused, drawn(1), drawn(2))
    assert "accumulates" not in dict(state.ids)


def test_what_cannot_be_undone_is_left_as_it_is():
    problem = drawn()
    grads = SOFTMAX.loss_and_grads(problem.params, problem.X, problem.y, 0.0)[1]
    odd = {**grads, "b1": np.tile(grads["b1"], (len(problem.X), 1))}
    _, (repair,) = examine_plumbing(odd, problem, SOFTMAX)
    other = {**grads, "b1": np.ones((2, 5))}
    assert repair(other, problem)["b1"].shape == (2, 5)
    gone = {k: g for k, g in grads.items() if k != "b1"}
    assert repair(gone, problem) is gone


def test_few_numbers_have_no_finish():
    assert read_finish([{"W": np.array([0.5, 0.25])}]) is None
    assert read_finish([{"W": np.zeros(20)}]) is None


def test_a_loss_that_is_nowhere_defined_has_no_form():
    points = [drawn(seed, N=3 + seed) for seed in range(4)]
    assert read_data(lambda p: float("nan"), SOFTMAX, points).name == "unknown"


def test_no_ramp_is_read_of_what_does_not_answer():
    from gradcheck.experiments.points import Sizes

    def silent(params, X, y, reg):
        return 0.0, {}

    rng = np.random.default_rng(0)
    assert read_ramp(Accused(silent), specify(SOFTMAX), rng, Sizes()) is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda g: {**g, "W1": g["W1"] * np.nan}, "not finite"),
        (lambda g: {**g, "W1": np.full_like(g["W1"], g["W1"].sum())}, "all the entr"),
        (lambda g: {**g, "b1": np.sin(g["b1"])}, "no multiple"),
    ],
)
def test_an_invention_is_described(spoil, words):
    def wrong(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, spoil(grads)

    found = diagnose(wrong, SOFTMAX)
    said = " ".join(f.statement for f in found.findings)
    assert words in said or "not-finite" in {m.id for m in found.mistakes}


def test_a_mask_that_is_on_and_off_at_random_is_no_threshold():
    def wrong(params, X, y, reg):
        z = X @ params["W1"] + params["b1"]
        h = np.maximum(z, 0)
        s = h @ params["W2"] + params["b2"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(d[np.arange(len(X)), y]).mean()
        loss += 0.5 * reg * sum(np.sum(params[k] ** 2) for k in ("W1", "W2"))
        d[np.arange(len(X)), y] -= 1
        d /= len(X)
        dz = d @ params["W2"].T * (np.sin(40 * z) > 0)
        return loss, {
            "W1": X.T @ dz + reg * params["W1"],
            "b1": dz.sum(0),
            "W2": h.T @ d + reg * params["W2"],
            "b2": d.sum(0),
        }

    found = diagnose(wrong, SOFTMAX)
    assert not found.mistakes
    assert "W1" in {name for f in found.facts for name in f.parameters}


def test_a_state_that_no_one_can_repeat_stops_the_diagnosis():
    rng = np.random.default_rng(0)

    def noisy(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {k: g * rng.uniform(0.5, 1.5) for k, g in grads.items()}

    found = diagnose(noisy, SOFTMAX)
    assert [m.id for m in found.mistakes] == ["nondeterministic"]
    assert not found.facts


def test_a_gradient_in_whole_numbers_beside_another_loss_is_told():
    wrong = inject(SOFTMAX, ["integer-arithmetic"])

    def other(params, X, y, reg):
        loss, grads = wrong(params, X, y, reg)
        return loss**2, grads

    found = diagnose(other, SOFTMAX)
    assert [m.id for m in found.mistakes] in ([], ["integer-arithmetic"])
