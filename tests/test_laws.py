"""The laws: each breaks for the mistakes it is there for, none for a right gradient."""

import numpy as np
import planted
import pytest

from gradcheck import networks
from gradcheck.laws import LAWS, check_laws
from gradcheck.networks.layers import Layer

BROKEN_BY = {
    "batch-mean": ["batch-sum", "batch-mean-twice", "divided-by-n-minus-one"],
    "additivity": ["example-dropped", "bias-one-example", "softmax-over-batch"],
    "penalty": [name for name in planted.MISTAKES if name.startswith("penalty-")],
    "permute-examples": ["example-dropped", "bias-one-example"],
    "permute-hidden": ["reshaped"],
    "permute-classes": ["labels-shifted", "reshaped"],
    "score-shift": ["softmax-not-normalised"],
    "delta-rows": ["target-missing", "target-whole-column", "softmax-derivative-twice"],
    "zero-weights-loss": ["sign-flipped", "constant-factor", "labels-shifted"],
    "hidden-balance": [
        "batch-mean-hidden-twice",
        "relu-mask-missing",
        "relu-mask-inverted",
        "relu-on-gradient",
        "leaky-slope",
        "activation-times-gradient",
        "upstream-missing",
        "weights-magnitude",
        "updated-weights",
        "gradient-as-weights",
        "preactivation-as-activation",
    ],
    "bias-is-weight": ["bias-mean", "bias-scalar", "bias-missing", "bias-before-mask"],
}


def laws_of(function, network, problem, seed=0):
    results = check_laws(function, network, problem, rng=np.random.default_rng(seed))
    assert [law.id for law in results] == list(LAWS)
    return {law.id: law for law in results}


@pytest.mark.parametrize(
    ("law", "mistake"), [(law, m) for law, ms in BROKEN_BY.items() for m in ms]
)
def test_a_law_is_broken_by_the_mistakes_it_is_there_for(law, mistake):
    for name in ("softmax", "logistic", "linear"):
        if name not in planted.MISTAKES[mistake]:
            continue
        if (law, name) == ("permute-hidden", "linear"):
            continue  # no hidden units
        network = networks.get(name)
        problem = networks.draw_problem(network, np.random.default_rng(5))
        results = laws_of(planted.plant(network, mistake), network, problem)
        assert not results[law].ok, (name, results[law])
        assert results[law].part == "gradient"


@pytest.mark.parametrize("mistake", planted.MISTAKES)
def test_every_planted_mistake_breaks_some_law(mistake):
    for name in planted.MISTAKES[mistake]:
        kind = {"activations": ("relu", "relu"), "cost": "softmax"}
        network = networks.get(name, **(kind if name == "deep" else {}))
        problem = networks.draw_problem(network, np.random.default_rng(6))
        results = laws_of(planted.plant(network, mistake), network, problem)
        assert not all(law.ok for law in results.values()), name


def ill_scaled(network, problem, kind, rng):
    """Return the problem at a scale that makes rounding errors large."""
    params = {k: p.copy() for k, p in problem.params.items()}
    X = problem.X.copy()
    if kind == "large weights":
        params = {k: 30 * p for k, p in params.items()}
    if kind == "tiny weights":
        params = {k: 1e-4 * p * (k[0] == "W") for k, p in params.items()}
    if kind == "features of all sizes":
        X = X * 10.0 ** rng.uniform(-3, 3, X.shape[1])
    if kind == "large offset":
        X = X + 1e3
    if kind == "at a kink":
        first = network.weights[0]
        params[first.replace("W", "b")] = -(X @ params[first])[0]
    if kind == "on all kinks":
        first = network.weights[0]
        params |= {k: 0 * params[k] for k in (first, first.replace("W", "b"))}
    if kind == "saturated":
        params[network.weights[-1]] = 1e3 * params[network.weights[-1]]
    return type(problem)(params, X, problem.y, problem.reg)


@pytest.mark.parametrize("name", ["softmax", "logistic", "linear", "deep"])
@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "large weights",
        "tiny weights",
        "features of all sizes",
        "large offset",
        "at a kink",
        "on all kinks",
        "saturated",
    ],
)
def test_a_right_gradient_is_never_accused_at_any_scale(name, kind):
    rng = np.random.default_rng(7)
    network = networks.get(name)
    for N in (1, 2, 7):
        problem = networks.draw_problem(network, rng, N=N)
        problem = ill_scaled(network, problem, kind, rng)
        for law in laws_of(network.loss_and_grads, network, problem).values():
            assert law.ok, law


def test_a_right_gradient_in_single_precision_is_not_accused():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(8))

    def single(params, X, y, reg):
        params = {k: p.astype(np.float32) for k, p in params.items()}
        loss, grads = network.loss_and_grads(params, X.astype(np.float32), y, reg)
        return np.float32(loss), {k: g.astype(np.float32) for k, g in grads.items()}

    for law in laws_of(single, network, problem).values():
        assert law.ok, law


def naive(params, X, y, reg, dtype=np.float64):
    """Two-layer ReLU and softmax as it is often written, in one precision."""
    W1, b1, W2, b2 = (params[k].astype(dtype) for k in ("W1", "b1", "W2", "b2"))
    X, n, rows = X.astype(dtype), dtype(len(X)), np.arange(len(X))
    hidden = np.maximum(X @ W1 + b1, dtype(0))
    scores = hidden @ W2 + b2
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = exp / exp.sum(axis=1, keepdims=True)
    loss = -np.log(probs[rows, y]).sum() / n
    loss += dtype(0.5 * reg) * ((W1 * W1).sum() + (W2 * W2).sum())
    probs[rows, y] -= dtype(1)
    probs /= n
    dhidden = probs @ W2.T
    dhidden[hidden <= 0] = 0
    grads = {
        "W1": X.T @ dhidden + dtype(reg) * W1,
        "b1": dhidden.sum(axis=0),
        "W2": hidden.T @ probs + dtype(reg) * W2,
        "b2": probs.sum(axis=0),
    }
    return loss, grads


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_a_right_gradient_naively_written_is_not_accused(dtype, scale):
    network = networks.get("softmax")
    for seed in range(5):
        problem = networks.draw_problem(network, np.random.default_rng(seed))
        params = {k: scale * p for k, p in problem.params.items()}
        point = type(problem)(params, problem.X, problem.y, 0.1)
        results = laws_of(lambda *at: naive(*at, dtype=dtype), network, point)
        for law in results.values():
            assert law.ok, law
        assert results["zero-weights-loss"].applicable


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("biases", [True, False])
def test_laws_hold_in_every_convention(reduction, layout, biases):
    for name in ("softmax", "logistic", "linear", "deep"):
        network = networks.get(
            name, reduction=reduction, layout=layout, biases=biases, penalty="full"
        )
        problem = networks.draw_problem(network, np.random.default_rng(9))
        for law in laws_of(network.loss_and_grads, network, problem).values():
            assert law.ok, law


def test_target_probabilities_obey_the_laws_too():
    rng = np.random.default_rng(10)
    for cost in ("softmax", "sigmoid", "squared"):
        network = networks.get("deep", cost=cost, activations=("relu",))
        problem = networks.draw_problem(network, rng)
        soft = rng.dirichlet(np.ones(3), size=7)
        point = type(problem)(problem.params, problem.X, soft, 0.1)
        results = laws_of(network.loss_and_grads, network, point)
        assert all(law.ok for law in results.values())
        assert results["permute-classes"].applicable


def test_laws_take_targets_in_columns():
    network = networks.get("deep", layout="columns", cost="softmax")
    problem = networks.draw_problem(network, np.random.default_rng(13))
    point = type(problem)(problem.params, problem.X, np.eye(3)[problem.y].T, 0.1)
    results = laws_of(network.loss_and_grads, network, point)
    assert all(law.ok for law in results.values())
    assert results["permute-classes"].applicable


def test_the_detail_says_which_entry_and_what_it_should_be():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(0))
    results = laws_of(planted.plant(network, "penalty-missing"), network, problem)
    assert results["penalty"].detail == (
        "grads['W1'][3, 5] is -0.465181 with reg=0.1, but should be -0.549838, what "
        "it is without penalty plus reg*W on weights alone"
    )
    assert sum(not law.ok for law in results.values()) == 1


def test_a_loss_that_breaks_a_law_is_told_from_a_gradient_that_does():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(1))

    def other_loss(params, X, y, reg):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss * len(X), grads

    law = laws_of(other_loss, network, problem)["batch-mean"]
    assert (law.ok, law.part) == (False, "loss")
    assert law.detail.startswith("the loss is ")
    wanted = other_loss(problem.params, problem.X, problem.y, 0)[0]
    assert law.detail.endswith(f", but should be {wanted:.6g}, as with each once")


def test_what_cannot_be_tested_is_not_called_broken():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(2))

    def only_seven(params, X, y, reg):
        if len(X) != 7:
            raise ValueError("seven examples only")
        return network.loss_and_grads(params, X, y, reg)

    results = laws_of(only_seven, network, problem)
    assert all(law.ok for law in results.values())
    assert not results["batch-mean"].applicable
    assert results["batch-mean"].detail == (
        "not tested: the function raised ValueError for N=21"
    )
    assert results["penalty"].applicable

    def not_finite(params, X, y, reg):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss, {k: g * np.nan for k, g in grads.items()}

    for law in laws_of(not_finite, network, problem).values():
        assert law.ok
        assert law.detail == "not tested: loss or gradient is not finite for N=7" or (
            law.detail.endswith("N=21") or not law.applicable
        )

    def wrong_shape(params, X, y, reg):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss, {k: g.ravel()[:2] for k, g in grads.items()}

    results = laws_of(wrong_shape, network, problem)
    assert not any(law.applicable for law in results.values())


def test_a_function_that_cannot_take_a_single_example_is_split_in_halves():
    network = networks.get("linear")
    problem = networks.draw_problem(network, np.random.default_rng(3))

    def at_least_two(params, X, y, reg):
        assert len(X) > 1
        return network.loss_and_grads(params, X, y, reg)

    assert laws_of(at_least_two, network, problem)["additivity"].applicable
    small = networks.draw_problem(network, np.random.default_rng(3), N=3)
    assert not laws_of(at_least_two, network, small)["additivity"].applicable


def test_laws_that_say_nothing_of_a_network_say_so():
    rng = np.random.default_rng(4)
    linear = networks.get("linear", biases=False)
    results = laws_of(
        linear.loss_and_grads, linear, networks.draw_problem(linear, rng, N=1)
    )
    silent = {law.id for law in results.values() if not law.applicable}
    assert silent == {
        "additivity",
        "permute-examples",
        "permute-hidden",
        "hidden-balance",
        "bias-is-weight",
    }
    deep = networks.get("deep", output="tanh")
    problem = networks.draw_problem(deep, rng, C=1)
    results = laws_of(deep.loss_and_grads, deep, problem)
    silent = {law.id for law in results.values() if not law.applicable}
    assert silent == {
        "permute-classes",
        "score-shift",
        "delta-rows",
        "zero-weights-loss",
        "hidden-balance",
    }
    own = networks.get(
        "deep",
        cost=Layer(
            "sum", lambda out, y: (out.sum(axis=1), out), lambda d, c: d + 0 * c
        ),
    )
    problem = networks.draw_problem(own, rng)
    results = laws_of(own.loss_and_grads, own, problem)
    assert not any(law.applicable for law in results.values())


def test_numbers_that_differ_are_written_so_that_they_differ():
    network = networks.get("softmax")
    problem = networks.draw_problem(network, np.random.default_rng(11))

    def offset(params, X, y, reg):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss + 1e-9, grads

    law = laws_of(offset, network, problem)["zero-weights-loss"]
    assert law.detail == (
        "the loss is 1.09861229 with all parameters 0, but should be 1.098612289, as "
        "all classes are equally likely"
    )


def test_the_function_is_called_twenty_times_at_most():
    calls = []
    for name in ("softmax", "deep", "logistic"):
        network = networks.get(name)
        problem = networks.draw_problem(network, np.random.default_rng(12), N=9)

        def counted(params, X, y, reg, network=network):
            calls.append(len(X))
            return network.loss_and_grads(params, X, y, reg)

        calls.clear()
        laws_of(counted, network, problem)
        assert len(calls) <= 20
