"""Strategies: generic by default, edges on request, and the smallest that shows it."""

import subprocess
import sys
from collections import Counter

import hypothesis
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gradcheck import networks, strategies
from gradcheck.problem import Network, Problem
from gradcheck.strategies import REGIMES, Sizes, shapes

PROBLEMS = {
    "softmax": (networks.get("softmax"), strategies.softmax_problems()),
    "logistic": (networks.get("logistic"), strategies.logistic_problems()),
    "linear": (networks.get("linear"), strategies.linear_problems()),
    "deep": (
        networks.get("deep", depth=3, activations="relu", cost="softmax"),
        strategies.deep_problems(),
    ),
    "columns": (
        networks.get(
            "deep", depth=4, activations="tanh", cost="squared", layout="columns"
        ),
        strategies.deep_problems(
            depth=4, activation="tanh", cost="squared", layout="columns"
        ),
    ),
    "bits": (
        networks.get("deep", depth=2, activations="sigmoid", cost="sigmoid"),
        strategies.deep_problems(depth=2, activation="sigmoid", cost="sigmoid"),
    ),
}


QUICK = settings(
    database=None,
    derandomize=True,
    phases=set(Phase) - {Phase.explain},
    max_examples=500,
)


def find(drawn, wanted):
    """Return the smallest example, whatever former runs have left behind."""
    return hypothesis.find(drawn, wanted, settings=QUICK)


def anything(_):
    return True


def hidden_pre(problem):
    return problem.X @ problem.params["W1"] + problem.params["b1"]


def sizes_of(problem):
    N, D = problem.X.shape
    return N, D, problem.params["W1"].shape[1], problem.params["b2"].shape[0]


def unit_kinds(problem):
    live = hidden_pre(problem) > 0
    return np.where(live.all(0), "live", np.where(live.any(0), "mixed", "dead"))


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_network_accepts_its_problems(name):
    network, problems = PROBLEMS[name]

    @settings(max_examples=20)
    @given(problems)
    def accepts(problem):
        loss, grads = network.loss_and_grads(
            problem.params, problem.X, problem.y, problem.reg
        )
        assert np.isfinite(loss)
        assert list(grads) == list(problem.params)
        for parameter, grad in grads.items():
            assert grad.shape == problem.params[parameter].shape
            assert np.isfinite(grad).all()
            assert np.abs(grad).max() > 0

    accepts()


@given(strategies.softmax_problems())
def test_generic_points_have_nothing_to_hide_behind(problem):
    sizes = sizes_of(problem)
    assert len(set(sizes)) == 4
    assert min(sizes) > 1
    assert problem.reg > 0
    assert all((p != 0).all() for p in problem.params.values())
    assert len(set(problem.y)) == min(sizes[0], sizes[3])
    assert np.abs(hidden_pre(problem)).min() > 0.044
    if sizes[2] > 2:
        assert set(unit_kinds(problem)) == {"dead", "live", "mixed"}


@given(strategies.softmax_problems())
def test_entries_print_short(problem):
    for array in (problem.X, *problem.params.values()):
        assert all(len(repr(entry)) <= 5 for entry in array.ravel().tolist())


def test_the_simplest_example_is_a_generic_point_of_short_numbers():
    problem = find(strategies.softmax_problems(), anything)
    assert problem.X.tolist() == [[0.8, -0.4, 1.5, 0.4], [-0.9, 1.1, -0.2, -1.3]]
    assert problem.params["b1"].tolist() == [0.49, -0.88, -0.08]
    assert problem.y.tolist() == [0, 1]
    assert list(unit_kinds(problem)) == ["live", "dead", "mixed"]


EDGES = {
    "one-example": lambda p: p.X.shape[0] == 1,
    "no-penalty": lambda p: p.reg == 0,
    "on-a-kink": lambda p: (hidden_pre(p) == 0).any(),
    "saturated": lambda p: np.abs(p.params["W2"]).min() >= 5,
    "tiny": lambda p: np.abs(p.X).max() < 2e-4 and np.abs(p.params["W1"]).max() < 0.02,
    "huge": lambda p: np.abs(p.X).max() >= 1e3,
    "repeated-examples": lambda p: len(np.unique(p.X, axis=0)) < len(p.X),
    "missing-classes": lambda p: len(set(p.y)) < p.params["b2"].size,
}


@pytest.mark.parametrize("regime", REGIMES)
def test_an_edge_regime_is_what_it_says(regime):
    @settings(max_examples=30)
    @given(strategies.softmax_problems(regimes=(regime,)))
    def holds(problem):
        assert EDGES[regime](problem)
        network = networks.get("softmax")
        loss, _ = network.loss_and_grads(
            problem.params, problem.X, problem.y, problem.reg
        )
        assert np.isfinite(loss)

    holds()


def test_regimes_hold_at_once():
    both = strategies.softmax_problems(regimes=("one-example", "on-a-kink", "huge"))
    problem = find(both, anything)
    assert problem.X.shape[0] == 1
    assert (hidden_pre(problem) == 0).any()
    assert np.abs(problem.X).max() >= 1e3


def test_saturated_hidden_layers_lose_their_derivative():
    deep = strategies.deep_problems(activation="tanh", regimes=("saturated",))
    problem = find(deep, anything)
    assert np.median(np.abs(hidden_pre(problem))) > 3


@settings(max_examples=30)
@given(strategies.deep_problems(biases=False, depth=2))
def test_a_net_without_biases_has_none(problem):
    assert list(problem.params) == ["W1", "W2"]


@pytest.mark.parametrize(
    ("regimes", "message"),
    [
        (("tiny", "huge"), "the regimes 'huge' and 'tiny' exclude each other"),
        (
            ("odd",),
            "regime 'odd' is unknown; the regimes are one-example, no-penalty, "
            "on-a-kink, saturated, tiny, huge, repeated-examples, missing-classes",
        ),
        ("tiny", "regimes = 'tiny', but should be a tuple of names"),
    ],
)
def test_regimes_that_cannot_be_are_refused(regimes, message):
    with pytest.raises(ValueError, match="regime") as caught:
        strategies.softmax_problems(regimes=regimes)
    assert str(caught.value) == message


def test_regimes_are_drawn_from_those_wanted():
    drawn = strategies.regimes(among=("tiny", "one-example"))
    assert find(drawn, anything) == "generic"
    assert find(drawn, lambda regime: regime != "generic") == "one-example"


@given(shapes(depth=4, max_side=3))
def test_sizes_make_room_for_themselves(sizes):
    flat = (sizes.N, sizes.D, *sizes.hidden, sizes.C)
    assert len(sizes.hidden) == 3
    assert len(set(flat)) == 6


@given(shapes(N=3, hidden=(5, 3), C=2))
def test_sizes_given_are_kept(sizes):
    assert (sizes.N, sizes.hidden, sizes.C) == (3, (5, 3), 2)
    assert sizes.D not in (1, 2, 3, 5)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"N": 0}, "N = 0, but should be 1 or more"),
        ({"depth": 0}, "depth = 0, but should be 1 or more"),
        ({"hidden": (3, 0)}, "hidden = (3, 0), but every width should be 1 or more"),
    ],
)
def test_impossible_sizes_are_refused(fixed, message):
    with pytest.raises(ValueError, match="should be") as caught:
        shapes(**fixed)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("cost", "wanted"),
    [
        ("softmax", lambda y, N, C: y.shape == (N,) and set(y) <= set(range(C))),
        ("logistic", lambda y, N, C: y.shape == (N,) and set(y) == {-1, 1}),
        ("sigmoid", lambda y, N, C: y.shape == (N, C) and (y.sum(axis=1) == 1).all()),
        ("squared", lambda y, N, C: y.shape == (N, C) and (y != 0).all()),
    ],
)
def test_batches_suit_the_cost(cost, wanted):
    @settings(max_examples=20)
    @given(strategies.batches(cost=cost, sizes=shapes(N=4, D=2, C=3, depth=1)))
    def holds(batch):
        X, y = batch
        assert X.shape == (4, 2)
        assert wanted(y, 4, 3)

    holds()


def test_an_unknown_cost_is_refused():
    with pytest.raises(ValueError, match="cost='hinge', but should be one of softmax"):
        strategies.batches(cost="hinge")


@given(strategies.parameters(of={"w": (3, 2), "g": ()}, scale=1e-3))
def test_parameters_of_your_own_model(params):
    assert params["w"].shape == (3, 2)
    assert params["g"].shape == ()
    assert all(0 < np.abs(p).min() <= np.abs(p).max() <= 1e-3 for p in params.values())


@settings(max_examples=10)
@given(strategies.parameters(of="linear", sizes=shapes(D=2, C=3, depth=1)))
def test_parameters_of_a_network(params):
    assert {name: p.shape for name, p in params.items()} == {"W": (2, 3), "b": (3,)}


def grads_of(problem, reg=None):
    reg = problem.reg if reg is None else reg
    network = networks.get("softmax")
    return network.loss_and_grads(problem.params, problem.X, problem.y, reg)[1]


def batch_sum(problem):
    data, N = grads_of(problem, reg=0.0), len(problem.y)
    return {k: N * data[k] + g - data[k] for k, g in grads_of(problem).items()}


def penalty_missing(problem):
    return grads_of(problem, reg=0.0)


def mask_missing(problem):
    """Take every hidden unit for live: subtract what the mask kept, add the whole."""
    params, N = problem.params, len(problem.y)
    hidden = np.maximum(hidden_pre(problem), 0)
    scores = hidden @ params["W2"] + params["b2"]
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = shifted / shifted.sum(axis=1, keepdims=True)
    dscores[np.arange(N), problem.y] -= 1
    dhidden = dscores / N @ params["W2"].T
    W1 = problem.X.T @ dhidden + problem.reg * params["W1"]
    return {**grads_of(problem), "W1": W1, "b1": dhidden.sum(axis=0)}


def shows(mistake):
    def visible(problem):
        right, wrong = grads_of(problem), mistake(problem)
        return any(not np.allclose(right[k], wrong[k], rtol=1e-6) for k in right)

    return visible


SMALLEST = {
    batch_sum: Sizes(N=2, D=1, hidden=(1,), C=2),
    penalty_missing: Sizes(N=1, D=1, hidden=(1,), C=2),
    mask_missing: Sizes(N=1, D=1, hidden=(1,), C=2),
}


@pytest.mark.parametrize("mistake", SMALLEST, ids=lambda m: m.__name__)
def test_a_mistake_shrinks_to_the_smallest_sizes_that_show_it(mistake):
    free = strategies.softmax_problems(sizes=shapes(distinct=False))
    N, D, H, C = sizes_of(find(free, shows(mistake)))
    assert Sizes(N, D, (H,), C) == SMALLEST[mistake]


@pytest.mark.parametrize("mistake", SMALLEST, ids=lambda m: m.__name__)
def test_a_mistake_shrinks_to_the_smallest_generic_point(mistake):
    problem = find(strategies.softmax_problems(), shows(mistake))
    assert sizes_of(problem) == (2, 4, 3, 5)
    assert problem.reg == 0.1


def test_a_mistake_that_needs_a_large_batch_shrinks_to_the_least_of_them():
    visible = shows(batch_sum)
    problem = find(
        strategies.softmax_problems(), lambda p: len(p.y) >= 5 and visible(p)
    )
    assert sizes_of(problem) == (5, 3, 2, 4)


def sizes_seen(climbing):
    """Return the largest entries of dW1 that 1,000 examples came upon."""
    seen = []

    @hypothesis.seed(0)
    @settings(max_examples=1000, database=None)
    @given(strategies.softmax_problems())
    def search(problem):
        size = float(np.abs(grads_of(problem)["W1"]).max())
        seen.append(size)
        if climbing:
            strategies.climb(size, label="W1")

    search()
    return seen


@pytest.mark.slow
def test_the_search_climbs_towards_the_worst_case():
    climbing, wandering = sizes_seen(climbing=True), sizes_seen(climbing=False)
    assert max(climbing) > 1.1 * max(wandering)
    assert np.median(climbing) > 1.5 * np.median(wandering)


@pytest.mark.parametrize("error", [0.0, float("nan"), float("inf"), -1.0])
def test_climbing_accepts_any_number(error):
    @settings(max_examples=1, database=None)
    @given(st.just(error))
    def search(error):
        strategies.climb(error)

    search()


def test_types_have_strategies_through_the_entry_point():
    from gradcheck.registration import register

    register()
    problem = find(st.from_type(Problem), anything)
    assert sizes_of(problem) == (2, 4, 3, 5)
    assert isinstance(find(st.from_type(Network), anything), Network)


HOOK = "from gradcheck.registration import register; register();"
ORDERS = {
    "hook, then type": f"import hypothesis; {HOOK} from gradcheck.problem import {{}}",
    "hook twice": f"{HOOK}{HOOK} from gradcheck.problem import {{}}",
    "type, then hook": f"from gradcheck.problem import {{}}; {HOOK}",
    "hook, then another way to the type": (
        f"{HOOK} from gradcheck import networks; from gradcheck.problem import {{}}"
    ),
}


def run_python(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("order", ORDERS)
def test_types_have_strategies_in_every_order_of_imports(order):
    code = f"""
{ORDERS[order].format("Problem, Network")}
from hypothesis import find, strategies as st
def pair(problem: Problem, network: Network):
    return type(problem) is Problem, network.name
print(find(st.builds(pair), lambda drawn: drawn[1] == "logistic"))
"""
    assert run_python(code) == "(True, 'logistic')"


def test_the_hook_imports_nothing_until_the_types_are_there():
    code = f"""
import sys, hypothesis
before = {{*sys.modules, "gradcheck", "gradcheck.registration"}}
{HOOK}
print(set(sys.modules) - before)
"""
    assert run_python(code) == "set()"


def distribution(problems, count):
    """Return the share of each property among `count` examples."""
    seen = Counter()

    @settings(max_examples=count, database=None, derandomize=True, deadline=None)
    @given(problems)
    def look(problem):
        seen["examples"] += 1
        seen["N = 1"] += len(problem.y) == 1
        seen["N = 2"] += len(problem.y) == 2
        seen["N > C"] += len(problem.y) > problem.params["b2"].size
        seen["reg = 0"] += problem.reg == 0
        seen["reg >= 0.5"] += problem.reg >= 0.5
        seen["a kink within 0.04"] += np.abs(hidden_pre(problem)).min() < 0.04
        kinds = unit_kinds(problem)
        seen["units"] += kinds.size
        for kind in ("dead", "live", "mixed"):
            seen[f"{kind} units"] += (kinds == kind).sum()
            seen[f"no {kind} unit"] += kind not in kinds

    look()
    whole = {
        key: seen["units" if key.endswith("units") else "examples"] for key in seen
    }
    return {key: seen[key] / whole[key] for key in seen}


SHARES = {  # measured on 2,000 examples; at least and at most
    "generic": (
        strategies.softmax_problems(),
        {
            "N = 1": (0, 0),
            "N = 2": (0.1, 0.4),
            "N > C": (0.3, 0.6),
            "reg = 0": (0, 0),
            "reg >= 0.5": (0.1, 0.5),
            "a kink within 0.04": (0, 0),
            "dead units": (0.2, 0.4),
            "live units": (0.25, 0.5),
            "mixed units": (0.25, 0.5),
            "no dead unit": (0, 0.25),
            "no live unit": (0, 0.1),
            "no mixed unit": (0, 0.02),
        },
    ),
    "free sizes": (
        strategies.softmax_problems(sizes=shapes(distinct=False)),
        {"N = 1": (0.1, 0.3), "no mixed unit": (0.1, 0.35), "reg = 0": (0, 0)},
    ),
    "one example, no penalty": (
        strategies.softmax_problems(regimes=("one-example", "no-penalty")),
        {"N = 1": (1, 1), "reg = 0": (1, 1), "mixed units": (0, 0)},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
def test_distribution(name):
    problems, bounds = SHARES[name]
    shares = distribution(problems, 2000)
    assert {
        key: f"{shares[key]:.1%}, but should be {least:.0%} to {most:.0%}"
        for key, (least, most) in bounds.items()
        if not least <= shares[key] <= most
    } == {}


EVERY = {
    **{name: problems for name, (_, problems) in PROBLEMS.items()},
    **{name: strategies.softmax_problems(regimes=(name,)) for name in REGIMES},
    "parameters": strategies.parameters(),
    "own parameters": strategies.parameters(of={"w": (4, 3), "b": ()}),
    "batches": strategies.batches(),
    "shapes": shapes(depth=3, max_side=9),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_two_thousand_examples_are_healthy(name):
    count = Counter()

    @settings(max_examples=2000, database=None, deadline=None, suppress_health_check=())
    @given(EVERY[name])
    def draw(_):
        count["drawn"] += 1

    draw()
    assert count["drawn"] == 2000
