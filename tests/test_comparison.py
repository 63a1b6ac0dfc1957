"""examine: verdicts from measured errors, and what they say when they cannot tell."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import GradcheckError
from gradcheck.comparison import BUDGET, examine
from gradcheck.comparison.records import Entry

RANGE = np.arange(1, 20.0) / 7
FEW = settings(max_examples=max(1, settings.default.max_examples // 5))


def judge(loss, gradient, params, grads=None, **options):
    params = {name: np.asarray(x) for name, x in params.items()}

    def evaluate(points):
        return np.array([loss(p) for p in points])

    given_grads = gradient(params) if grads is None else grads
    return examine(evaluate, gradient, params, given_grads, **options)


def quartic(p):
    return float(np.sum(p["W"] ** 4) + np.sum(p["W"]) * np.sum(np.sin(p["b"])))


def quartic_gradient(p):
    return {
        "W": 4 * p["W"] ** 3 + np.sum(np.sin(p["b"])),
        "b": np.sum(p["W"]) * np.cos(p["b"]),
    }


POINT = {"W": np.linspace(-1.0, 2.0, 12).reshape(3, 4), "b": np.array([0.3, -0.7])}


def square(p):
    return float(np.sum(p["a"] ** 2))


def square_gradient(p):
    return {"a": 2.0 * p["a"]}


def test_a_right_gradient_is_correct_and_certified():
    found = judge(quartic, quartic_gradient, POINT)
    assert found.verdict == "correct"
    assert found.message == ""
    assert found.gradient_calls == 0
    assert 0 < found.evaluations < 250
    for judgement in found.parameters.values():
        assert judgement.verdict == "correct"
        assert judgement.bound.rel_error < 1e-6
        assert judgement.bound.probability == 1e-6
        assert judgement.detectable < 1e-6
        assert judgement.max_rel_error < judgement.bound.rel_error
        assert judgement.worst is None
    assert found.parameters["W"].shape == (3, 4)


@FEW
@given(st.integers(0, 10_000))
def test_a_right_gradient_is_never_called_wrong(seed):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(5, 4)), rng.normal(size=4) * 10 ** rng.uniform(-2, 1)
    y = rng.normal(size=5)

    def loss(p):
        return float(np.sum((np.maximum(X @ p["w"], 0) - y) ** 2))

    def gradient(p):
        h = X @ p["w"]
        return {"w": X.T @ (2 * (np.maximum(h, 0) - y) * (h > 0))}

    assert judge(loss, gradient, {"w": w}, seed=seed).verdict != "wrong"


@FEW
@given(st.integers(0, 10_000))
def test_a_wrong_entry_is_never_called_right(seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(6, 5))
    place = tuple(int(i) for i in rng.integers((6, 5)))

    def loss(p):
        return float(np.sum(np.tanh(p["w"]) * np.exp(0.1 * p["w"])))

    def gradient(p):
        t = np.tanh(p["w"])
        g = (1 - t * t + 0.1 * t) * np.exp(0.1 * p["w"])
        g[place] *= 1.001
        return {"w": g}

    found = judge(loss, gradient, {"w": w}, seed=seed)
    assert found.verdict == "wrong"
    assert found.parameters["w"].pattern == f"entry {list(place)}"
    assert found.parameters["w"].worst.index == place


def test_the_wrong_parameter_is_named_with_its_worst_entry():
    def gradient(p):
        grads = quartic_gradient(p)
        grads["W"][1, 2] *= 1.001
        return grads

    found = judge(quartic, gradient, POINT)
    right = quartic_gradient(POINT)["W"][1, 2]
    W = found.parameters["W"]
    assert (found.verdict, W.verdict) == ("wrong", "wrong")
    assert found.parameters["b"].verdict == "correct"
    assert W.worst.index == (1, 2)
    assert W.worst.numeric == pytest.approx(right, rel=1e-7)
    assert W.worst.analytic == pytest.approx(1.001 * right)
    assert W.max_rel_error == pytest.approx(0.001, rel=0.01)
    assert W.pattern == "entry [1, 2]"
    assert W.bound is None
    assert [entry.index for entry in W.wrong_entries] == [(1, 2)]


def test_nothing_against_nothing_is_inconclusive():
    found = judge(lambda p: 3.0, lambda p: {"a": 0 * p["a"]}, {"a": RANGE})
    assert found.verdict == "inconclusive"
    assert found.message == (
        "grads['a'] is 0 and so is the derivative, as far as it can be measured: a "
        "wrong gradient could look the same"
    )


def test_an_optimum_and_a_vanishing_gradient_are_inconclusive():
    assert judge(square, square_gradient, {"a": np.zeros(9)}).verdict == "inconclusive"

    def loss(p):
        return 1.0 + 1e-18 * square(p)

    def gradient(p):
        return {"a": 2e-18 * p["a"]}

    found = judge(loss, gradient, {"a": RANGE})
    assert found.verdict == "inconclusive"
    assert "too small to measure here" in found.message


def test_dead_units_make_their_parameters_inconclusive_and_no_others():
    def loss(p):
        return float(np.sum(np.maximum(p["a"] - 100, 0)) + np.sum(p["b"] ** 2))

    def gradient(p):
        return {"a": 0 * p["a"], "b": 2 * p["b"]}

    found = judge(loss, gradient, {"a": RANGE, "b": RANGE})
    assert found.parameters["a"].verdict == "inconclusive"
    assert found.parameters["b"].verdict == "correct"
    assert found.verdict == "inconclusive"


def test_a_claim_that_a_flat_loss_slopes_is_wrong():
    found = judge(lambda p: 3.0, lambda p: {"a": 1 + 0 * p["a"]}, {"a": RANGE})
    assert found.verdict == "wrong"
    assert found.parameters["a"].pattern == "dense"


def test_a_gradient_of_zero_where_the_loss_slopes_is_wrong():
    found = judge(square, lambda p: {"a": 0 * p["a"]}, {"a": RANGE})
    assert found.verdict == "wrong"
    assert found.parameters["a"].worst.analytic == 0.0


@pytest.mark.parametrize("factor", [1e-290, 1e-200, 1e-6, 1e6, 1e200])
def test_the_size_of_the_loss_does_not_matter(factor):
    def loss(p):
        return factor * square(p)

    def gradient(p):
        return {"a": (2 * factor) * p["a"]}

    def doubled(p):
        return {"a": (4 * factor) * p["a"]}

    assert judge(loss, gradient, {"a": RANGE}).verdict == "correct"
    assert judge(loss, doubled, {"a": RANGE}).verdict == "wrong"


def test_an_offset_calls_for_segments():
    def loss(p):
        return 1e6 + float(np.sum(np.exp(p["a"])))

    def gradient(p):
        return {"a": np.exp(p["a"])}

    found = judge(loss, gradient, {"a": RANGE})
    assert found.verdict == "correct"
    assert found.gradient_calls > 0
    assert found.parameters["a"].bound.rel_error < 1e-7

    def slightly(p):
        return {"a": 1.000001 * np.exp(p["a"])}

    assert judge(loss, slightly, {"a": RANGE}).verdict == "wrong"


def small_net(offset=0.0, shift=0.0, factor=1.0):
    """Return loss, gradient and point of a ReLU net with four parameters."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(12, 5)), rng.normal(size=(12, 3))
    shapes = {"W1": (5, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}
    point = {name: factor * rng.normal(size=shape) for name, shape in shapes.items()}
    point["b1"] += shift - (X @ point["W1"])[0] - point["b1"]

    def forward(p):
        pre = X @ p["W1"] + p["b1"]
        return pre, np.maximum(pre, 0), np.maximum(pre, 0) @ p["W2"] + p["b2"] - y

    def loss(p):
        return offset + float(0.5 * np.sum(forward(p)[2] ** 2) / 12)

    def gradient(p):
        pre, hidden, error = forward(p)
        d = error / 12
        back = (d @ p["W2"].T) * (pre > 0)
        return {"W1": X.T @ back, "b1": back.sum(0), "W2": hidden.T @ d, "b2": d.sum(0)}

    return loss, gradient, point


@pytest.mark.parametrize(
    "kind",
    [
        {"shift": 0.3},
        {"shift": 0.3, "offset": 1e5},
        {"shift": 1e-9},  # next to a kink
        {"shift": 0.0},  # on one
        {"shift": 0.3, "factor": 1e-4, "offset": 1.0},
    ],
    ids=["ordinary", "offset", "near", "kink", "tiny"],
)
def test_the_budget_is_kept_and_an_entry_is_seen(kind):
    loss, gradient, point = small_net(**kind)
    found = judge(loss, gradient, point)
    assert found.verdict == "correct"
    assert found.evaluations <= BUDGET

    def off(p):
        grads = gradient(p)
        grads["W1"][3, 2] += 1e-4 * np.abs(grads["W1"]).max()
        return grads

    wrong = judge(loss, off, point)
    assert wrong.verdict == "wrong"
    assert wrong.parameters["W1"].pattern == "entry [3, 2]"


def test_an_entry_below_the_noise_of_steps_is_named_by_segments():
    x = np.linspace(0.5, 1.5, 12).reshape(4, 3)

    def loss(p):
        return np.sum(np.exp(p["W"].astype(np.float32)))

    def gradient(p):
        return {"W": np.exp(p["W"].astype(np.float32))}

    def off(p):
        grads = gradient(p)
        grads["W"][2, 1] *= np.float32(1.001)
        return grads

    assert judge(loss, gradient, {"W": x}).verdict == "correct"
    found = judge(loss, off, {"W": x}).parameters["W"]
    assert found.verdict == "wrong"
    assert found.pattern == "entry [2, 1]"
    assert found.worst.numeric == pytest.approx(np.exp(x[2, 1]), rel=1e-4)
    assert found.max_rel_error == pytest.approx(1e-3, rel=0.2)


def test_no_verdict_rests_on_complex_steps():
    seen = set()

    def loss(p):  # the offset hides the last term from steps
        seen.update(x.dtype.kind for x in p.values())
        return 1e5 + np.sum(p["a"] ** 2) + 1e-6 * np.sum(np.abs(p["a"]))

    def forgetful(p):  # so would complex steps
        return {"a": 2 * p["a"]}

    def right(p):
        return {"a": 2 * p["a"] + 1e-6 * np.sign(p["a"])}

    assert judge(loss, forgetful, {"a": RANGE}).verdict == "wrong"
    assert judge(loss, right, {"a": RANGE}).verdict == "correct"
    assert seen == {"f"}


def test_single_precision_is_judged_by_its_own_noise():
    def single(p):
        return {k: np.asarray(v, np.float32) for k, v in p.items()}

    def loss(p):
        return square(single(p)) + np.float32(1)

    def loss32(p):
        return np.sum(single(p)["a"] ** 2, dtype=np.float32)

    def gradient(p):
        return {"a": 2 * single(p)["a"]}

    found = judge(loss32, gradient, {"a": RANGE})
    assert found.verdict == "correct"
    assert 1e-8 < found.parameters["a"].bound.rel_error < 1e-2

    def wrong(p):
        return {"a": np.float32(2.02) * single(p)["a"]}

    assert judge(loss32, wrong, {"a": RANGE}).verdict == "wrong"
    assert judge(loss, wrong, {"a": RANGE}, dtype=np.float32).verdict == "wrong"


def test_known_noise_is_believed():
    quiet = judge(square, square_gradient, {"a": RANGE})
    loud = judge(square, square_gradient, {"a": RANGE}, noise=1e-3)
    assert loud.noise == 1e-3
    assert quiet.noise < 1e-12
    assert (
        loud.parameters["a"].bound.rel_error
        > 1e3 * quiet.parameters["a"].bound.rel_error
    )


def test_a_kink_at_the_point_is_walked_around():
    x = np.array([0.0, 0, 1, 2, -3, 0, 0, 0, 0, 4])

    def loss(p):
        return float(np.abs(p["a"]).sum())

    found = judge(loss, lambda p: {"a": np.sign(p["a"])}, {"a": x})
    assert found.verdict == "correct"
    assert found.parameters["a"].detail == (
        "checked about 1 % away from the point, where no kink is in the way"
    )
    wrong = judge(loss, lambda p: {"a": 2 * np.sign(p["a"])}, {"a": x})
    assert wrong.verdict == "wrong"


def test_a_loss_with_kinks_everywhere_is_inconclusive():
    def loss(p):
        return float(abs(np.sin(1e13 * p["a"]).sum()))

    found = judge(loss, lambda p: {"a": 0 * p["a"] + 1e13}, {"a": np.zeros(9)})
    assert found.verdict != "correct"


def test_the_edge_of_the_domain_is_measured_from_inside():
    def loss(p):
        return float(np.sum(np.where(p["a"] >= 0, np.exp(p["a"]), np.nan)))

    found = judge(loss, lambda p: {"a": np.exp(p["a"])}, {"a": np.array([0.0, 1, 2])})
    assert found.verdict == "correct"
    assert found.parameters["a"].detail == (
        "the loss exists on one side of the point only: measured forward"
    )


@pytest.mark.parametrize("times", [1.0, 2.0, 1.001, 0.0, -1.0])
def test_at_the_edge_of_the_domain_a_wrong_gradient_is_wrong(times):
    def loss(p):
        a = p["a"]
        return float(np.sum((1 - a) ** 1.5 + 3 * a + 0.1 * a * a))

    def grads(p):
        return {"a": times * (-1.5 * (1 - p["a"]) ** 0.5 + 3 + 0.2 * p["a"])}

    found = judge(loss, grads, {"a": np.ones(4)})
    assert found.verdict == ("correct" if times == 1.0 else "wrong")


EDGES = {
    "root": (np.sqrt, lambda a: 0.5 / np.sqrt(a)),
    "logarithm": (np.log, lambda a: 1 / a),
    "power": (lambda a: a**0.1, lambda a: 0.1 * a**-0.9),
}


@pytest.mark.parametrize("tiny", [1e-300, 1e-30, 1e-17, 1e-12, 1e-6])
@pytest.mark.parametrize(("function", "slope"), EDGES.values(), ids=EDGES)
def test_a_right_gradient_next_to_a_singularity_is_not_called_wrong(
    function, slope, tiny
):
    def loss(p):
        return float(np.sum(function(p["a"])))

    point = {"a": np.array([tiny, 0.5, 2.0])}
    found = judge(loss, lambda p: {"a": slope(p["a"])}, point)
    assert found.verdict != "wrong"
    doubled = judge(loss, lambda p: {"a": 2 * slope(p["a"])}, point)
    assert doubled.verdict != "correct"


def test_a_loss_that_raises_off_its_domain_is_judged_inside_it():
    def loss(p):
        return sum(math.log(x) for x in p["a"].tolist())

    found = judge(loss, lambda p: {"a": 1 / p["a"]}, {"a": np.array([1e-3, 0.5, 2, 3])})
    assert found.verdict == "correct"


def test_a_loss_that_is_not_finite_is_inconclusive():
    found = judge(lambda p: np.nan, square_gradient, {"a": RANGE})
    assert found.verdict == "inconclusive"
    assert found.message == "the loss at the point is nan"
    found = judge(lambda p: 1 / 0, square_gradient, {"a": RANGE})
    assert found.message == (
        "the loss at the point is nan (ZeroDivisionError: division by zero)"
    )


def test_undefined_gradients_are_wrong_and_located():
    def gradient(p):
        return {"a": np.where(p["a"] > 2.5, np.nan, 2 * p["a"]), "b": 2 * p["b"]}

    def loss(p):
        return square(p) + float(p["b"] ** 2)

    found = judge(loss, gradient, {"a": RANGE, "b": np.array(3.0)})
    a = found.parameters["a"]
    assert (found.verdict, a.verdict) == ("wrong", "wrong")
    assert a.detail == "grads['a'][17] is nan"
    assert a.pattern == "entries [17], [18]"
    assert a.max_rel_error == 1.0
    assert found.parameters["b"].verdict == "correct"
    scalar = judge(lambda p: float(p["b"]), lambda p: {"b": np.inf}, {"b": 3.0})
    assert scalar.parameters["b"].detail == "grads['b'] is inf"


def test_keys_and_shapes_must_be_those_of_the_parameters():
    with pytest.raises(GradcheckError) as caught:
        judge(square, lambda p: {}, {"a": RANGE})
    assert str(caught.value) == "grads['a'] is missing, but params has 'a'"
    with pytest.raises(GradcheckError) as caught:
        judge(square, lambda p: {"a": p["a"][:3]}, {"a": RANGE})
    assert str(caught.value) == (
        "grads['a'].shape = (3,), but should be (19,), the shape of params['a']"
    )


def test_a_gradient_that_cannot_be_had_elsewhere_is_judged_by_the_point():
    calls = []

    def gradient(p):
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("only once")
        return {"a": 2.5 * p["a"]}

    assert judge(square, gradient, {"a": RANGE}).verdict == "wrong"


def test_a_gradient_wrong_here_and_right_elsewhere_is_wrong():
    found = judge(square, square_gradient, {"a": RANGE}, grads={"a": 2.5 * RANGE})
    assert found.verdict == "wrong"


def test_a_gradient_that_complains_in_gradchecks_words_is_heard():
    def gradient(p):
        raise GradcheckError("the child process does not answer")

    with pytest.raises(GradcheckError, match="does not answer"):
        judge(square, gradient, {"a": RANGE}, grads={"a": 2.5 * RANGE})


def test_a_required_error_that_could_not_be_seen_is_inconclusive():
    found = judge(square, square_gradient, {"a": RANGE}, rtol_required=1e-15)
    assert found.verdict == "inconclusive"
    assert "could have stayed unseen, but none above 1.0e-15 may" in found.message
    assert judge(square, square_gradient, {"a": RANGE}, rtol_required=1e-6).verdict == (
        "correct"
    )


def test_scalars_integers_and_empty_parameters_are_parameters():
    def loss(p):
        return float(p["s"] ** 2 * np.sum(p["n"]))

    def gradient(p):
        return {
            "s": 2 * p["s"] * np.sum(p["n"]),
            "n": p["s"] ** 2 + 0 * p["n"],
            "none": p["none"],
        }

    params = {"s": 1.5, "n": np.arange(1, 5), "none": np.zeros((0, 3))}
    found = judge(loss, gradient, params)
    assert found.verdict == "correct"
    assert found.parameters["none"].bound.rel_error == 0.0
    assert found.parameters["s"].bound.rel_error < 1e-6


def test_noise_too_loud_for_steps_and_entries_still_condemns_by_segments():
    def loss(p):
        key = np.frombuffer(p["a"].tobytes(), np.uint32)
        return square(p) + 1e-2 * np.random.default_rng(key).normal()

    right = judge(loss, square_gradient, {"a": RANGE})
    assert right.verdict == "inconclusive"
    wrong = judge(loss, lambda p: {"a": 4 * p["a"]}, {"a": RANGE})
    assert wrong.verdict == "wrong"


def test_curves_are_json_and_tell_right_from_wrong():
    right = judge(quartic, quartic_gradient, POINT).curves
    json.dumps(right, allow_nan=False)
    assert right["W"]["taylor"]["slope"] == pytest.approx(2.0, abs=0.1)
    assert len(right["W"]["steps"]["h"]) == len(right["W"]["steps"]["error"]) > 6

    def gradient(p):
        return {k: 1.1 * v for k, v in quartic_gradient(p).items()}

    wrong = judge(quartic, gradient, POINT).curves
    assert wrong["W"]["taylor"]["slope"] == pytest.approx(1.0, abs=0.1)
    flat = judge(
        lambda p: float(np.sum(p["a"])), lambda p: {"a": 1 + 0 * p["a"]}, {"a": RANGE}
    )
    assert flat.curves["a"]["taylor"]["slope"] is None


def test_the_same_seed_gives_the_same_answer():
    once, again = (judge(quartic, quartic_gradient, POINT, seed=5) for _ in range(2))
    assert once == again
    other = judge(quartic, quartic_gradient, POINT, seed=6)
    assert other.parameters["W"].bound != once.parameters["W"].bound


def test_parameters_are_left_alone():
    before = {name: x.copy() for name, x in POINT.items()}
    judge(quartic, quartic_gradient, POINT)
    assert all((before[name] == POINT[name]).all() for name in POINT)


def test_an_entry_knows_its_relative_error():
    assert Entry((0,), -0.42711, -0.06102, 3e-10).rel_error == pytest.approx(
        0.857, abs=1e-3
    )
    assert Entry((0,), 0.0, 0.0, 1e-9).rel_error == 0.0
    assert Entry((0,), np.nan, 1.0, 1e-9).rel_error == 1.0


@pytest.mark.parametrize("exponent", [8, 9, 10, 11])
def test_errors_on_the_brink_of_sight_are_seen_or_stay_inside_the_bound(exponent):
    share = 10.0**-exponent

    def gradient(p):
        grads = quartic_gradient(p)
        grads["W"] *= 1 + share
        return grads

    for seed in range(5):
        found = judge(quartic, gradient, POINT, seed=seed).parameters["W"]
        assert found.verdict == "wrong" or found.bound.rel_error > share


def test_kinks_everywhere_and_edges_all_around_are_inconclusive():
    def teeth(p):
        return float(np.sum(np.abs(np.sin(1e11 * p["a"] + 1.0))))

    found = judge(teeth, lambda p: {"a": 1e10 + 0 * p["a"]}, {"a": RANGE})
    assert found.verdict != "correct"

    def island(p):
        far = np.max(np.abs(p["a"])) > 1e-5
        return np.nan if far else float(np.sum(np.abs(p["a"])))

    found = judge(island, lambda p: {"a": np.sign(p["a"])}, {"a": np.zeros(9)})
    assert found.verdict == "inconclusive"
    assert found.message == (
        "the point sits on a kink of the loss, and so do points near it"
    )


def test_a_loss_rougher_than_its_noise_is_inconclusive():
    """Noise in bursts: the quiet places where it is measured say nothing of others."""
    calls = []

    def loss(p):
        calls.append(1)
        wild = 1.0 if len(calls) > 17 else 0.0
        return square(p) + wild * np.random.default_rng(len(calls)).normal()

    found = judge(loss, square_gradient, {"a": RANGE})
    assert found.verdict == "inconclusive"


def test_curves_make_do_with_less_where_the_loss_is_dear():
    cheap = judge(quartic, quartic_gradient, POINT)
    dear = judge(quartic, quartic_gradient, POINT, loss_only=False)
    assert dear.evaluations < cheap.evaluations
    assert len(dear.curves["W"]["steps"]["h"]) < len(cheap.curves["W"]["steps"]["h"])
