"""The catalogue is whole, and every mistake in it can be committed."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.faults import (
    CATALOGUE,
    SLOTS,
    Mistake,
    Pass,
    compatible,
    inject,
    singles,
    specify,
    touched,
    typical,
    upstream_first,
)
from gradcheck.networks import draw_problem
from gradcheck.problem import Problem

NETWORKS = {
    "softmax": networks.get("softmax"),
    "softmax-full": networks.get("softmax", penalty="full"),
    "logistic": networks.get("logistic"),
    "logistic-sum": networks.get("logistic", reduction="sum", penalty="none"),
    "linear": networks.get("linear"),
    "linear-no-biases": networks.get("linear", biases=False),
    "deep-sigmoid": networks.get("deep", activations="sigmoid", cost="sigmoid"),
    "deep-tanh": networks.get("deep", activations="tanh", cost="softmax"),
    "deep-relu": networks.get("deep", activations="relu", cost="softmax"),
    "deep-mixed": networks.get(
        "deep", activations=("relu", "identity"), cost="softmax"
    ),
    "squared": networks.get(
        "deep", activations="sigmoid", cost="squared", output="sigmoid"
    ),
    "squared-plain": networks.get("deep", depth=2, activations="tanh", cost="squared"),
}

IDS = [
    "batch-sum", "batch-mean-twice", "batch-mean-hidden-twice", "batch-mean-of-sum",
    "batch-mean-partial", "divided-by-classes", "divided-by-features",
    "divided-by-n-minus-one", "constant-factor", "bias-mean", "bias-scalar",
    "bias-wrong-axis", "bias-not-reduced", "bias-missing", "bias-one-example",
    "bias-before-mask", "penalty-missing", "penalty-missing-in-loss",
    "penalty-doubled", "penalty-halved", "penalty-sign", "penalty-averaged",
    "penalty-on-biases", "bias-penalty-missing", "penalty-constant",
    "penalty-wrong-matrix", "relu-mask-missing", "relu-mask-inverted",
    "relu-on-gradient", "relu-mask-wrong-layer", "relu-mask-threshold",
    "relu-saturates", "leaky-slope", "activation-times-gradient",
    "sigmoid-derivative", "upstream-missing", "target-missing", "sign-flipped",
    "labels-shifted", "target-whole-column", "softmax-derivative-twice",
    "softmax-jacobian-diagonal", "softmax-not-normalised", "softmax-over-batch",
    "softmax-over-all", "softmax-unshifted", "log-of-zero", "log-clipped",
    "targets-not-one-hot", "probabilities-overwritten", "gradient-as-weights",
    "updated-weights", "weights-magnitude", "transposed", "reshaped",
    "preactivation-as-activation", "example-dropped", "accumulates", "stale-cache",
    "mutates-input", "mutates-parameters", "nondeterministic", "keys-swapped",
    "keys-missing", "shape-mismatch", "integer-arithmetic", "single-precision",
    "not-finite", "numerical-gradient", "rounded", "clipped", "derivative-missing",
    "output-derivative-missing", "loss-without-logarithm", "loss-sign",
    "penalty-averaged-in-loss", "target-added", "examples-mixed",
    "penalty-row-free", "penalty-strength-missing-in-loss",
    "data-part-missing",
]  # fmt: skip


def arguments(problem):
    params = {k: np.array(v, dtype=float) for k, v in problem.params.items()}
    return params, problem.X.copy(), problem.y.copy(), problem.reg


def point(network, seed=0, **sizes):
    return draw_problem(network, np.random.default_rng(seed), **sizes)


@pytest.mark.parametrize("name", NETWORKS)
def test_without_mistakes_the_slotted_pass_is_the_reference_network(name):
    network = NETWORKS[name]
    for seed in range(5):
        problem = point(network, seed)
        loss, grads = network.loss_and_grads(*arguments(problem))
        own_loss, own_grads = inject(network, [])(*arguments(problem))
        sizes = Pass(specify(network), problem).sizes()
        assert abs(own_loss - loss) <= 4e-15 * max(1.0, abs(loss))
        assert list(own_grads) == list(grads)
        for key, g in grads.items():
            assert own_grads[key].shape == g.shape
            assert np.all(
                np.abs(own_grads[key] - g) <= 1e-15 * np.maximum(sizes[key], 1)
            )


def test_the_ids_are_public_and_never_change():
    assert sorted(CATALOGUE) == sorted(IDS)


@pytest.mark.parametrize("name", IDS)
def test_every_entry_explains_itself(name):
    fault = CATALOGUE[name]
    assert fault.id == name
    texts = (fault.title, fault.equation, fault.wrong, fault.right, fault.advice)
    assert all(texts)
    assert fault.unnoticed
    assert fault.see
    assert fault.wrong != fault.right
    assert len({variant.label for variant in fault.variants}) == len(fault.variants) > 0
    assert {variant.slot for variant in fault.variants} <= set(SLOTS)


@pytest.mark.parametrize("name", IDS)
def test_every_mistake_applies_somewhere_and_touches_something(name):
    homes = [n for n in NETWORKS.values() if list(singles(n, name))]
    assert homes
    mistake = typical(homes[0], name)
    loss_alone = {"log-of-zero", "log-clipped", "loss-sign", "loss-without-logarithm"}
    assert bool(touched(homes[0], mistake)) is (name not in loss_alone)


LATER = {  # what shows only at other points, on other sizes, or in a second call
    "relu-mask-threshold", "relu-saturates", "softmax-unshifted", "log-of-zero",
    "log-clipped", "accumulates", "stale-cache", "mutates-input",
    "mutates-parameters", "clipped", "numerical-gradient",
}  # fmt: skip
NEEDS_EQUAL_SIZES = {"relu-mask-wrong-layer", "transposed"}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_mistake_shows_at_a_generic_point(name):
    network = NETWORKS[name]
    problem = point(network)
    loss, grads = inject(network, [])(*arguments(problem))
    for mistake in singles(network):
        if mistake.id in LATER | NEEDS_EQUAL_SIZES:
            continue
        if network.cost == "logistic" and mistake.id == "reshaped":
            continue  # a column is its own reshape
        wrong_loss, wrong = inject(network, [mistake])(*arguments(problem))
        same = set(wrong) == set(grads) and all(
            np.shape(wrong[k]) == g.shape
            and np.allclose(wrong[k], g, rtol=1e-9, atol=1e-13)
            for k, g in grads.items()
        )
        assert not (same and np.isclose(wrong_loss, loss)), str(mistake)


def test_equal_sizes_let_the_wrong_layer_and_the_transpose_run():
    network = NETWORKS["softmax"]
    problem = point(network, D=4, hidden=(4,), C=4, N=6)
    _, right = inject(network, [])(*arguments(problem))
    for name in NEEDS_EQUAL_SIZES:
        for mistake in singles(network, name):
            _, wrong = inject(network, [mistake])(*arguments(problem))
            assert any(not np.allclose(wrong[k], right[k]) for k in right), str(mistake)


def test_the_mistakes_of_large_scores_show_there():
    network = NETWORKS["softmax"]
    problem = point(network)
    large = {**problem.params, "W2": problem.params["W2"] * 5000.0}
    large = Problem(large, problem.X, problem.y, 0.0)
    right, grads = inject(network, [])(*arguments(large))
    loss, wrong = inject(network, ["softmax-unshifted"])(*arguments(large))
    assert np.isnan(loss)
    assert np.isnan(wrong["W2"]).any()
    assert np.isfinite(grads["W2"]).all()
    assert inject(network, ["log-of-zero"])(*arguments(large))[0] == np.inf
    assert inject(network, ["log-clipped"])(*arguments(large))[0] <= 18.5 < right


def test_state_shows_in_the_second_call():
    network = NETWORKS["softmax"]
    a, b = point(network, 1), point(network, 2)
    right = {id(p): inject(network, [])(*arguments(p))[1]["W1"] for p in (a, b)}
    adds = inject(network, ["accumulates"])
    assert np.allclose(adds(*arguments(a))[1]["W1"], right[id(a)])
    assert np.allclose(adds(*arguments(a))[1]["W1"], 2 * right[id(a)])
    for label, later in (("one call behind", a), ("the first is kept", a)):
        stale = inject(network, [Mistake("stale-cache", (), label)])
        stale(*arguments(a))
        assert np.allclose(stale(*arguments(b))[1]["W1"], right[id(later)])
    for mistake, place in (("mutates-input", 1), ("mutates-parameters", 0)):
        given = arguments(a)
        inject(network, [mistake])(*given)
        before = a.X if place else a.params["W1"]
        assert not np.array_equal(given[1] if place else given[0]["W1"], before)


def test_mistakes_compose_by_slots():
    network = NETWORKS["softmax"]
    sums, mask = Mistake("batch-sum"), Mistake("relu-mask-missing", (1,))
    problem = point(network)
    assert compatible(network, [sums, mask])
    assert not compatible(network, [mask, Mistake("relu-mask-inverted", (1,))])
    assert not compatible(network, [sums, sums])
    assert compatible(network, [sums, Mistake("divided-by-features")])
    assert upstream_first(network, [mask, sums]) == (sums, mask)
    masked = inject(network, [mask])(*arguments(problem))[1]
    both = inject(network, [mask, sums])(*arguments(problem))[1]
    assert np.allclose(both["b1"], 7 * masked["b1"])


def test_what_cannot_be_committed_is_said():
    network = NETWORKS["linear"]
    with pytest.raises(KeyError, match="no-such-mistake"):
        inject(network, ["no-such-mistake"])
    with pytest.raises(KeyError, match="batch-sum has no variant 'upside down'"):
        inject(network, [Mistake("batch-sum", (), "upside down")])
    with pytest.raises(
        ValueError, match="relu-mask-missing does not apply to the netw"
    ):
        inject(network, ["relu-mask-missing"])


def test_a_mistake_prints_as_what_and_where():
    assert str(Mistake("batch-sum")) == "batch-sum"
    mistake = Mistake("updated-weights", (1,), "with the penalty", 0.1)
    assert str(mistake) == "updated-weights 1 [with the penalty] 0.1"


def test_a_mistake_reaches_what_lies_below_it():
    network = NETWORKS["deep-relu"]
    below = ("W2", "b2", "W1", "b1")
    assert touched(network, Mistake("relu-mask-missing", (2,))) == below
    assert touched(network, Mistake("batch-sum")) == ("W3", "b3", *below)
    assert touched(network, Mistake("preactivation-as-activation", (3,))) == ("W3",)
    assert touched(network, Mistake("bias-before-mask", (1,))) == ("b1",)
    assert touched(network, Mistake("keys-swapped", ("W1", "W2"))) == ("W2", "W1")


def test_what_spoils_the_whole_call_is_committed():
    network = NETWORKS["linear"]
    problem = point(network, N=3, D=2, C=3)
    _, right = inject(network, [])(*arguments(problem))
    for label in ("", "forward"):
        near = inject(network, [Mistake("numerical-gradient", (), label)])
        _, grads = near(*arguments(problem))
        for k, g in right.items():
            assert np.allclose(grads[k], g, atol=1e-4)
            assert not np.array_equal(grads[k], g)
    _, grads = inject(network, ["not-finite"])(*arguments(problem))
    assert np.isnan(grads["W"]).all()
    given = arguments(problem)
    inject(network, [Mistake("mutates-input", (), "y")])(*given)
    assert (given[2] == given[2][0]).all()


def test_one_output_overflows_as_well():
    network = NETWORKS["logistic"]
    problem = point(network)
    wrong = inject(network, ["softmax-unshifted"])
    for sign in (1e6, -1e6):
        large = {**problem.params, "W2": problem.params["W2"] * sign}
        scores = Pass(specify(network), Problem(large, problem.X, problem.y)).scores
        loss, grads = wrong(large, problem.X, problem.y, 0.0)
        overflows = bool((scores > 710).any())
        assert np.isnan(grads["W2"]).any() == overflows
        assert not (overflows and np.isfinite(loss))
