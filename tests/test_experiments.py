"""The experiments read off what they say they read off."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.experiments import Sizes, measure_conventions, ramp
from gradcheck.experiments.accused import Accused
from gradcheck.experiments.finish import read_finish
from gradcheck.experiments.plumbing import examine_plumbing
from gradcheck.experiments.points import make, plan
from gradcheck.experiments.sections import Reader
from gradcheck.experiments.state import examine_state, same
from gradcheck.experiments.sweep import Switch
from gradcheck.faults import Mistake, Pass, inject, specify

SOFTMAX = networks.get("softmax")
NETWORKS = {
    "softmax": SOFTMAX,
    "linear": networks.get("linear"),
    "linear-no-biases": networks.get("linear", biases=False),
    "logistic": networks.get("logistic"),
    "deep": networks.get("deep", activations="tanh", cost="softmax"),
    "squared": networks.get("deep", depth=2, cost="squared", output="sigmoid"),
}


def rng(seed=0):
    return np.random.default_rng(seed)


def drawn(network=SOFTMAX, seed=0, **more):
    C = 1 if network.cost == "logistic" else 3
    sizes = {"N": 5, "D": 7, "hidden": (9, 8)[: network.depth - 1], "C": C}
    return make(network, rng(seed), **{**sizes, **more})


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("penalty", ["half", "full", "none"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_conventions_are_measured_and_not_assumed(name, penalty, reduction):
    network = NETWORKS[name]
    other = network.variant(penalty=penalty, reduction=reduction)
    found = measure_conventions(other.loss, network)
    assert (found.penalty_name, found.reduction) == (penalty, reduction)
    assert found.specified
    assert found.finite == ()
    assert found.sentences == ()


LOSSES = {  # how a loss may differ: what is said about it
    "loss-sign": "the data part of the loss is -1 times the cross-entropy",
    "loss-without-logarithm": "the data part of the loss is 1 - p: the logarithm is"
    " missing",
    "penalty-missing-in-loss": "the loss does not penalise W1",
    "bias-penalty-missing": "the loss penalises the biases b1 as well",
    "penalty-strength-missing-in-loss": "the penalty of W1 does not depend on reg",
}


@pytest.mark.parametrize("mistake", LOSSES)
def test_a_loss_that_differs_is_described(mistake):
    wrong = inject(SOFTMAX, [mistake])
    found = measure_conventions(lambda *a: wrong(*a)[0], SOFTMAX)
    assert found.sentences == (LOSSES[mistake],)
    assert found.specified is (mistake == "bias-penalty-missing")


@pytest.mark.parametrize("mistake", ["softmax-unshifted", "log-of-zero", "log-clipped"])
def test_what_goes_wrong_at_large_scores_is_a_remark(mistake):
    wrong = inject(SOFTMAX, [mistake])
    found = measure_conventions(lambda *a: wrong(*a)[0], SOFTMAX)
    assert found.finite == (mistake,)
    assert found.specified


def penalty(form):
    def loss(params, X, y, reg):
        data = SOFTMAX.variant(penalty="none").loss(params, X, y, reg)
        weights = [params["W1"], params["W2"]]
        return data + reg * sum(form(W, X.shape[0]) for W in weights)

    return loss


@pytest.mark.parametrize(
    ("form", "name", "said"),
    [
        (lambda W, N: np.sum(W * W) / 2 / N, "averaged", "the penalty is divided by N"),
        (lambda W, N: np.linalg.norm(W), "norm", "made of the norm, not of squares"),
        (lambda W, N: np.abs(W).sum(), "absolute", "absolute values, not of squares"),
        (lambda W, N: np.sum(W**4), "other", "no multiple of reg * sum(W**2)"),
        (lambda W, N: 0.3 * np.sum(W * W), "squares", "0.3, 0.3 * reg * sum(W**2)"),
    ],
)
def test_the_form_of_a_penalty_is_measured(form, name, said):
    found = measure_conventions(penalty(form), SOFTMAX)
    assert found.penalty_form == name
    assert said in found.sentences[0]
    spec = found.specification(SOFTMAX)
    assert spec.averaged == ({"W1", "W2"} if name == "averaged" else set())
    assert (found.penalty_name == "half") is (name == "averaged")


@pytest.mark.parametrize(
    ("each", "name"),
    [
        (lambda s, p, t: np.square(p - t).sum(1) / 2, "squared probabilities"),
        (lambda s, p, t: -np.log((p * np.roll(t, -1, 1)).sum(1)), "shifted labels"),
        (lambda s, p, t: -(p * t).sum(1), "minus probability"),
        (lambda s, p, t: -(s * t).sum(1), "score"),
        (lambda s, p, t: np.square(s - t).sum(1) / 2, "squared scores"),
    ],
)
def test_another_data_loss_is_recognised(each, name):
    def loss(params, X, y, reg):
        s = X @ params["W"] + params["b"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return each(s, e / e.sum(axis=1, keepdims=True), np.eye(3)[y]).mean()

    found = measure_conventions(loss, networks.get("linear"), sizes={"C": 3})
    assert found.data_form == name
    assert not found.own_data


def test_a_mean_over_examples_and_classes_is_a_scale():
    def loss(*arguments):
        return networks.get("linear").loss(*arguments) / 3

    found = measure_conventions(loss, networks.get("linear"), sizes={"C": 3})
    assert found.scale == pytest.approx(1 / 3)
    assert "times the cross-entropy" in found.sentences[0]


@pytest.mark.parametrize(
    ("divisor", "per", "said"),
    [
        (lambda N, C: C, "classes", "divided by N * C: it is a mean over classes"),
        (lambda N, C: (N - 1) / N, "n-minus-one", "divided by N - 1"),
    ],
)
def test_what_else_divides_the_data_loss_is_measured(divisor, per, said):
    def loss(params, X, y, reg):
        network = networks.get("linear")
        penalty = network.loss(params, X, y, reg) - network.loss(params, X, y, 0.0)
        data = network.loss(params, X, y, 0.0)
        return data / divisor(len(X), params["W"].shape[1]) + penalty

    found = measure_conventions(loss, networks.get("linear"))
    assert (found.per, found.scale) == (per, 1.0)
    assert said in found.sentences[0]
    assert not found.specified
    problem = drawn(networks.get("linear"))
    committed = Pass(found.specification(networks.get("linear")), problem).loss()
    arguments = problem.params, problem.X, problem.y, problem.reg
    assert committed == pytest.approx(loss(*arguments), rel=1e-12)


def test_a_loss_that_raises_is_unknown():
    found = measure_conventions(lambda *a: 1 / 0, SOFTMAX)
    assert found.data_form == "unknown"
    assert not found.specified
    assert found.evaluations > 10
    assert found.specification(SOFTMAX) == specify(SOFTMAX)


def test_sizes_are_read_from_words():
    assert Sizes.of({"D": 4, "H": 6, "N": 5}) == Sizes(4, (6,), None, (5,))
    assert Sizes.of({"hidden": [6, 5], "N": (3, 4)}) == Sizes(
        None, (6, 5), None, (3, 4)
    )
    assert Sizes.of(None) == Sizes.of(Sizes()) == Sizes()


@pytest.mark.parametrize("name", NETWORKS)
def test_points_are_built_with_the_preactivations_that_were_wanted(name):
    network = NETWORKS[name]
    for seed in range(5):
        p = Pass(specify(network), drawn(network, seed, span=(0.2, 1.5)))
        for z in p.z.values():
            assert 0.2 - 1e-9 <= np.abs(z).min() <= np.abs(z).max() <= 1.5 + 1e-9
        for i in range(1, network.depth):
            assert (p.z[i][:, 0] < 0).all()
            assert (p.z[i][:, 1] > 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_delta_of_a_batch_comes_back_from_one_gradient(name):
    network = NETWORKS[name]
    for problem in plan(network, rng(), Sizes()).reading:
        reader = Reader(specify(network), problem)
        right = Pass(specify(network), problem)
        delta = right.scaled(right.top())
        section = reader.cut(right.grads())
        assert section.unread == ()
        for i in range(network.depth, 0, -1):
            assert np.allclose(section.delta[i], delta, rtol=1e-9, atol=1e-12)
            if i > 1:
                delta = right.down(i - 1, delta, right.weight(i, delta))


def test_dictated_sizes_are_kept():
    sizes = Sizes(4, (6,), 3, (5, 10))
    places = plan(SOFTMAX, rng(), sizes)
    for p in (*places.reading, *places.fresh, *places.triggers):
        assert p.X.shape[0] in (5, 10)
        assert p.params["W1"].shape == (4, 6)
        assert p.params["W2"].shape == (6, 3)


def test_whatever_the_accused_does_is_an_answer():
    def leaves(*arguments):
        raise SystemExit(3)

    problem = drawn()
    assert Accused(leaves).at(problem).error == "SystemExit: 3"
    assert "ZeroDivisionError" in Accused(lambda *a: 1 / 0).at(problem).error
    assert "TypeError" in Accused(lambda *a: None).at(problem).error
    text = Accused(lambda *a: (0.0, {"W1": "no"})).at(problem).error
    assert text.startswith("ValueError")
    with pytest.raises(KeyboardInterrupt):
        Accused(_interrupted).at(problem)


def _interrupted(*arguments):
    raise KeyboardInterrupt


def test_answers_are_remembered_until_forgotten():
    accused = Accused(SOFTMAX.loss_and_grads)
    problem = drawn()
    assert accused.at(problem) is accused.at(problem)
    assert accused.calls == 1
    accused.forget()
    accused.at(problem)
    assert accused.calls == 2


STATES = {
    "accumulates": ("difference", ("accumulates", "")),
    "stale-cache": ("second", ("stale-cache", "one call behind")),
    "nondeterministic": ("plain", ("nondeterministic", "")),
    "mutates-input": ("plain", ("mutates-input", "X")),
    "mutates-parameters": ("plain", ("mutates-parameters", "")),
}


@pytest.mark.parametrize("mistake", STATES)
def test_state_is_seen_and_worked_around(mistake):
    mode, found = STATES[mistake]
    accused = Accused(inject(SOFTMAX, [mistake]))
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (found,)
    assert accused.mode == mode
    assert state.repeatable is (mistake != "nondeterministic")
    if state.repeatable:
        problem = drawn(seed=3, N=4)
        _, right = SOFTMAX.loss_and_grads(
            problem.params, problem.X, problem.y, problem.reg
        )
        assert same(accused.at(problem).grads, right, 1e-9)


@pytest.mark.parametrize("mistake", ["accumulates", "stale-cache"])
def test_a_memory_of_calls_before_the_diagnosis_is_no_randomness(mistake):
    function = inject(SOFTMAX, [mistake])
    before = drawn(seed=9)
    for _ in range(2):
        function(before.params, before.X, before.y, before.reg)
    accused = Accused(function)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (STATES[mistake][1],)
    assert accused.mode == STATES[mistake][0]


def test_only_the_gradients_that_add_up_are_told_apart():
    total = {"W1": 0.0}

    def adding(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        kept = total["W1"] if np.shape(total["W1"]) == grads["W1"].shape else 0.0
        total["W1"] = kept + grads["W1"]
        return loss, {**grads, "W1": total["W1"]}

    accused = Accused(adding)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (("accumulates", ""),)
    assert accused.adding == {"W1"}
    points = [drawn(seed=s, N=4) for s in (3, 4, 5)]
    before = accused.calls
    accused.gather(points)
    assert accused.calls == before + 4
    for problem in points:
        right = SOFTMAX.loss_and_grads(
            problem.params, problem.X, problem.y, problem.reg
        )[1]
        assert same(accused.at(problem).grads, right, 1e-9)


def test_a_gradient_that_grows_unevenly_is_random_and_adds_nothing_up():
    calls = []

    def growing(params, X, y, reg):
        calls.append(0)
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {k: g * len(calls) ** 2 for k, g in grads.items()}

    accused = Accused(growing)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (("nondeterministic", ""),)


def test_the_same_number_everywhere_is_nothing_that_was_kept():
    def constant(params, X, y, reg):
        return 1.0, {k: np.zeros(np.shape(p)) for k, p in params.items()}

    state = examine_state(Accused(constant), drawn(seed=1), drawn(seed=2))
    assert state.ids == ()


@pytest.mark.parametrize("factory", [False, True])
def test_a_first_pass_that_is_kept_is_seen_with_or_without_a_factory(factory):
    def fresh():
        return inject(SOFTMAX, [Mistake("stale-cache", (), "the first is kept")])

    accused = Accused(fresh(), fresh if factory else None)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (("stale-cache", "the first is kept"),)
    assert accused.mode == ("fresh" if factory else "plain")


def test_a_cache_that_only_a_fresh_object_betrays_is_seen():
    calls = []

    def fresh():
        calls.append(0)
        first = len(calls) == 1

        def call(params, X, y, reg):
            loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
            return loss, {k: g * (2.0 if first else 1.0) for k, g in grads.items()}

        return call

    accused = Accused(fresh(), fresh)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (("stale-cache", "the first is kept"),)


def test_global_random_numbers_are_fixed_where_that_helps():
    def noisy(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {k: g * np.random.rand() for k, g in grads.items()}  # noqa: NPY002

    accused = Accused(noisy)
    state = examine_state(accused, drawn(seed=1), drawn(seed=2))
    assert state.ids == (("nondeterministic", ""),)
    assert accused.mode == "seeded"
    assert state.repeatable


@pytest.mark.parametrize(
    ("spoil", "kind", "sites"),
    [
        (lambda g: {**g, "W1": g["W2"], "W2": g["W1"]}, "keys-swapped", ("W1", "W2")),
        (lambda g: {k: g[k] for k in ("W1", "W2", "b2")}, "keys-missing", ("b1",)),
        (lambda g: {**g, "W1": g["W1"].T}, "transposed", ("W1",)),
        (lambda g: {**g, "b1": g["b1"][None]}, "shape-mismatch", ("b1",)),
        (lambda g: {**g, "b1": g["b1"].sum()}, "bias-scalar", ("b1",)),
        (
            lambda g: {**g, "b1": np.tile(g["b1"] / 5, (5, 1))},
            "bias-not-reduced",
            ("b1",),
        ),
        (lambda g: {**g, "b1": np.ones(5)}, "bias-wrong-axis", ("b1",)),
        (lambda g: {**g, "W1": np.ones(4)}, "shape-mismatch", ("W1",)),
    ],
)
def test_names_and_shapes_are_told_apart_and_repaired(spoil, kind, sites):
    problem = drawn()
    grads = SOFTMAX.loss_and_grads(problem.params, problem.X, problem.y, 0.1)[1]
    (oddity,), (repair,) = examine_plumbing(spoil(grads), problem, SOFTMAX)
    assert (oddity.id, oddity.sites) == (kind, sites)
    repaired = repair(spoil(grads), problem)
    if kind in ("keys-swapped", "transposed", "bias-not-reduced"):
        assert same(repaired, grads, 1e-9)
    if kind == "shape-mismatch" and sites == ("b1",):
        assert same(repaired, grads)
    assert repair({}, problem).keys() <= {"b1"}


def test_further_names_are_listed_beside_missing_ones():
    problem = drawn()
    grads = SOFTMAX.loss_and_grads(problem.params, problem.X, problem.y, 0.1)[1]
    other = {f"d{k}": g for k, g in grads.items()}
    (oddity,), _ = examine_plumbing(other, problem, SOFTMAX)
    assert oddity.detail == (
        "the gradients lack W1, W2, b1, b2; it has dW1, db1, dW2, db2 besides"
    )
    (oddity,), _ = examine_plumbing({}, problem, SOFTMAX)
    assert (oddity.id, oddity.sites) == ("keys-missing", ("W1", "W2", "b1", "b2"))


def answers(mistake=None, count=6):
    f = inject(SOFTMAX, [mistake] if mistake else [])
    made = [
        f(p.params, p.X, p.y, 0.3)[1]
        for p in (drawn(seed=s, reach=4.0) for s in range(count))
    ]
    return made


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("rounded", (), "", 2.0),
        Mistake("rounded", (), "", 6.0),
        Mistake("single-precision"),
        Mistake("clipped", (), "", 0.3),
        Mistake("clipped", (), "each norm", 0.4),
        Mistake("clipped", (), "the norm of all together", 0.5),
    ],
    ids=str,
)
def test_a_finish_is_read_from_the_numbers(mistake):
    kind, variant, constant = read_finish(answers(mistake))
    assert (kind, variant) == (mistake.id, mistake.variant)
    if mistake.constant is not None:
        assert constant == pytest.approx(mistake.constant, rel=1e-12)


def test_plain_numbers_have_no_finish():
    assert read_finish(answers()) is None
    assert read_finish([{"b": np.zeros(20)}]) is None
    assert read_finish([{"b": np.arange(3.0)}]) is None


def test_a_switch_is_the_roundest_number_of_its_bracket():
    assert Switch(0.0999999, 0.1000001, True).roundest == 0.1
    assert 0.123456 <= Switch(0.123456, 0.123457, True).roundest <= 0.123457
    assert Switch(1.0, np.nextafter(1.0, 2.0), True).roundest == 1.0


def test_a_ramp_is_told_from_a_step():
    z = np.concatenate([-np.geomspace(1e-8, 1e-2, 20), np.geomspace(1e-8, 1e-2, 20)])
    central = np.clip(0.5 + z / 2e-4, 0.0, 1.0)
    kind, h = ramp._fit(z, central)
    assert (kind, h) == ("", pytest.approx(1e-4))
    kind, h = ramp._fit(z, np.clip(1.0 + z / 1e-3, 0.0, 1.0))
    assert (kind, h) == ("forward", pytest.approx(1e-3))
    assert ramp._fit(z, np.where(z > 0, 1.0, 0.0)) is None
    assert ramp._fit(z, np.clip(0.3 + z / 1e-3, 0.0, 1.0)) is None
    assert ramp._fit(z, 0.5 + 0.3 * np.sin(1e4 * z)) is None
    assert ramp._fit(z, np.clip(0.5 - z / 2e-4, 0.0, 1.0)) is None
