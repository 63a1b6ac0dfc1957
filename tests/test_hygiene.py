"""Each rule of hygiene: kept by a clean function, and broken by one offender."""

import random

import numpy as np
import pytest

from gradcheck.errors import GradcheckError
from gradcheck.guard import Guarded
from gradcheck.hygiene import inspect
from gradcheck.reading import UnusableError
from gradcheck.structure import name_leaves

PARAMS = {"W": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.25, -1.5])}


def clean(p):
    loss = 0.5 * np.sum(p["W"] ** 2) + np.sum(p["b"] ** 3)
    return loss, {"W": p["W"].copy(), "b": 3 * p["b"] ** 2}


def inspected(function, params=PARAMS, **options):
    named, structure = name_leaves(params)
    guarded = Guarded(function, named, structure, loss=options.pop("loss", None))
    return inspect(guarded, named, **options), guarded


def broken_rules(inspection):
    return [rule.id for rule in inspection.rules if not rule.ok]


def test_a_clean_function_keeps_every_rule():
    inspection, guarded = inspected(clean)
    assert broken_rules(inspection) == []
    assert inspection.loss == clean(PARAMS)[0]
    assert inspection.grads["b"].tolist() == [0.1875, 6.75]
    assert guarded.gradient_calls <= 7
    ids = [rule.id for rule in inspection.rules]
    assert len(ids) == len(set(ids))


def mutates(p):
    loss, grads = clean(p)
    p["W"][0, 1] += 1.0
    return loss, grads


def aliases(p):
    loss, grads = clean(p)
    return loss, {**grads, "W": p["W"]}


def accumulating():
    total = {"W": 0.0, "b": 0.0}

    def function(p):
        loss, grads = clean(p)
        for key in total:
            total[key] = total[key] + grads[key]
        return loss, dict(total)

    return function


def caching():
    last = [clean(PARAMS)[1]]

    def function(p):
        loss, grads = clean(p)
        late = last.pop()
        last.append(grads)
        return loss, late

    return function


def used(function):
    for scale in (1.0, 3.0):
        function({name: scale * p for name, p in PARAMS.items()})
    return function


def first_only():
    calls = []

    def function(p):
        calls.append(0)
        loss, grads = clean(p)
        return loss, {k: g * (1 + (len(calls) == 1)) for k, g in grads.items()}

    return function


def unseeded():
    rng = np.random.default_rng(0)

    def function(p):
        loss, grads = clean(p)
        return loss, {
            k: g * (1 + 1e-3 * rng.standard_normal()) for k, g in grads.items()
        }

    return function


def dropout(p):
    keep = np.random.random(2)  # noqa: NPY002 - what submissions do
    loss = np.sum(p["b"] * keep) + np.sum(p["W"])
    return loss, {"W": np.ones((2, 2)), "b": keep}


def reseeds(p):
    np.random.seed(7)  # noqa: NPY002
    random.seed(7)
    return clean(p)


def single(p):
    loss, grads = clean(p)
    return loss, {k: g.astype(np.float32) for k, g in grads.items()}


def whole(p):
    loss, grads = clean(p)
    return loss, {k: g.astype(int) for k, g in grads.items()}


@pytest.mark.parametrize(
    ("function", "id", "words"),
    [
        (
            mutates,
            "mutates-parameters",
            "the call changed params['W'] in place: params['W'][0, 1] was -2 and is -1",
        ),
        (aliases, "aliased-gradients", "grads['W'] shares memory with params['W']"),
        (accumulating(), "accumulates", "returns twice the gradient of the first"),
        (caching(), "stale-cache", "it is that of an earlier call"),
        (used(accumulating()), "accumulates", "adds its gradient to that of the first"),
        (used(caching()), "stale-cache", "it is that of an earlier call"),
        (first_only(), "nondeterministic", "than every later one"),
        (unseeded(), "nondeterministic", "does not help: freeze the randomness"),
        (reseeds, "global-random-state", "put back after it"),
        (single, "single-precision", "of type float32, but should be float64"),
        (whole, "integer-arithmetic", "of type int64, but should be float64"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_an_offender_breaks_its_own_rule_and_no_other(function, id, words):
    inspection, _ = inspected(function)
    assert broken_rules(inspection) == [id]
    assert words in next(r.detail for r in inspection.rules if r.id == id)


def test_randomness_from_the_global_generator_is_frozen():
    inspection, guarded = inspected(dropout)
    assert broken_rules(inspection) == ["global-random-state", "nondeterministic"]
    assert guarded.seeded
    assert inspection.repeatable
    assert guarded.loss(PARAMS) == guarded.loss(PARAMS)


def test_other_randomness_is_not_repeatable():
    inspection, guarded = inspected(unseeded())
    assert not inspection.repeatable
    assert not guarded.seeded


def test_inspecting_leaves_the_global_generators_alone():
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    expected = np.random.random(), random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    inspected(reseeds)
    inspected(dropout)
    assert (np.random.random(), random.random()) == expected  # noqa: NPY002


def test_data_that_was_handed_over_is_compared():
    X = np.array([1.0, np.nan])
    inspection, _ = inspected(
        clean,
        watched={"X": X, "y": np.array([1])},
        snapshot=lambda: {"X": np.array([5.0, np.nan]), "y": np.array([1])},
    )
    assert broken_rules(inspection) == ["mutates-input"]
    detail = next(r.detail for r in inspection.rules if r.id == "mutates-input")
    assert detail == (
        "the call changed X in place: X[0] was 1 and is 5; work on a copy"
    )


def test_a_loss_that_differs_from_its_pair_is_told():
    inspection, _ = inspected(clean, loss=lambda p: clean(p)[0] + 1.0)
    assert broken_rules(inspection) == ["loss-differs-alone"]


def test_a_noisy_loss_is_no_other_loss():
    rng = np.random.default_rng(0)

    def noisy(p):
        loss, grads = clean(p)
        return loss + 1e-6 * rng.standard_normal(), grads

    inspection, _ = inspected(noisy, loss=lambda p: noisy(p)[0])
    assert broken_rules(inspection) == ["nondeterministic"]


def test_a_gradient_outside_the_domain_is_nan_and_other_troubles_are_told():
    import math

    named, structure = name_leaves(np.array([2.0]))
    guarded = Guarded(lambda x: (math.log(x[0]), 1 / x), named, structure)
    assert np.isnan(guarded.gradient({"params": np.array([-1.0])})["params"]).all()
    guarded = Guarded(lambda x: (np.log(x[0]), 1 / x), named, structure)
    assert np.isnan(guarded.gradient({"params": np.array([-1.0])})["params"]).all()
    guarded = Guarded(lambda x: None, named, structure)
    with pytest.raises(UnusableError):
        guarded.gradient(named)


def test_a_function_undefined_elsewhere_is_not_accused():
    def function(p):
        if p["b"][0] != PARAMS["b"][0]:
            raise ValueError("elsewhere")
        return clean(p)

    inspection, _ = inspected(function)
    assert broken_rules(inspection) == []


def raising(p):
    raise KeyError("W9")


@pytest.mark.parametrize(
    ("function", "id", "message"),
    [
        (
            lambda p: None,
            "return-value",
            "loss_and_grads returned None, but should return (loss, grads): is a "
            "`return loss, grads` missing?",
        ),
        (
            lambda p: 1.0,
            "return-value",
            "loss_and_grads returned a float, but should return (loss, grads)",
        ),
        (
            lambda p: (np.ones(3), {}),
            "loss-not-scalar",
            "loss_and_grads returned a loss of shape (3,), but should return one "
            "number: sum or average it over the examples",
        ),
        (
            lambda p: ("x", {}),
            "loss-not-scalar",
            "loss_and_grads returned a loss of type str, but should return one real "
            "number",
        ),
        (
            lambda p: ([[1.0], [1.0, 2.0]], {}),
            "loss-not-scalar",
            "loss_and_grads returned a loss of type list, but should return one real "
            "number",
        ),
        (
            lambda p: (1 + 2j, {}),
            "loss-not-real",
            "loss_and_grads returned the complex loss 1+2j, but should return a real "
            "one",
        ),
        (
            lambda p: (np.inf, {}),
            "not-finite",
            "loss_and_grads returned the loss inf, but should be finite",
        ),
        (
            lambda p: (1.0, None),
            "keys-missing",
            "grads['W'] is missing, but there should be a gradient for each of 'W', "
            "'b'; found nothing",
        ),
        (
            lambda p: (1.0, {"W": p["W"], "c": 1.0}),
            "keys-missing",
            "grads['b'] is missing, but there should be a gradient for each of 'W', "
            "'b'; found 'W', 'c'",
        ),
        (
            lambda p: (1.0, {"W": p["W"], "b": np.ones((1, 2))}),
            "shape-mismatch",
            "grads['b'].shape = (1, 2), but should be (2,), the shape of params['b']",
        ),
        (
            lambda p: (1.0, {"W": p["W"], "b": np.array([1.0, np.nan])}),
            "not-finite",
            "grads['b'][1] = nan, but should be finite; so in 1 of 2 entries",
        ),
        (
            lambda p: (1.0, {"W": p["W"], "b": np.array([1j, 1.0])}),
            "not-real",
            "grads['b'].dtype = complex128, but should hold real numbers",
        ),
        (
            lambda p: (1.0, {"W": p["W"], "b": [[1.0], [1.0, 2.0]]}),
            "keys-missing",
            "grads['b'] is missing, but there should be a gradient for each of 'W', "
            "'b'; found 'W', 'b.0', 'b.1'",
        ),
    ],
)
def test_what_is_no_gradient_is_said_in_one_sentence(function, id, message):
    with pytest.raises(UnusableError) as caught:
        inspected(function)
    assert caught.value.id == id
    assert str(caught.value) == message


def test_an_exception_is_told_with_its_place():
    with pytest.raises(UnusableError) as caught:
        inspected(raising)
    assert caught.value.id == "does-not-run"
    assert "loss_and_grads raised KeyError: 'W9'" in str(caught.value)
    assert "test_hygiene.py" in str(caught.value)
    assert "in raising" in str(caught.value)


@pytest.mark.parametrize(
    "grads",
    [
        {"dW": PARAMS["W"], "db": PARAMS["b"]},
        {"W": PARAMS["W"], "db": PARAMS["b"]},
        (PARAMS["W"], PARAMS["b"]),
        {"W": PARAMS["W"] + 0j, "b": list(PARAMS["b"]), "loss": 3.0},
    ],
    ids=["prefixed", "half prefixed", "in order", "with more"],
)
def test_gradients_are_matched_by_name_then_by_order(grads):
    inspection, _ = inspected(lambda p: (1.0, grads))
    assert inspection.grads["b"].tolist() == PARAMS["b"].tolist()


def test_points_outside_the_domain_of_a_loss_are_nan():
    named, structure = name_leaves(np.array([2.0]))

    def log(x):
        import math

        return math.log(x[0]), 1 / x

    guarded = Guarded(log, named, structure)
    points = [{"params": np.array([v])} for v in (1.0, -1.0)]
    assert guarded.evaluate(points).tolist()[0] == 0.0
    assert np.isnan(guarded.evaluate(points)[1])
    assert guarded.evaluate([]).shape == (0,)
    assert guarded.loss_calls == 4


def test_a_complex_point_gives_a_complex_loss_or_nan():
    named, structure = name_leaves(np.array([2.0]))
    guarded = Guarded(lambda x: (np.sum(x * x), 2 * x), named, structure)
    assert guarded.evaluate([{"params": np.array([2.0 + 1j])}])[0] == 3 + 4j

    def real_buffer(x):
        buffer = np.zeros(1)
        buffer[:] = x
        return buffer.sum(), 2 * x

    guarded = Guarded(real_buffer, named, structure)
    assert np.isnan(guarded.evaluate([{"params": np.array([2.0 + 1j])}])[0])


def test_large_parameters_are_lent_and_not_copied(monkeypatch):
    monkeypatch.setattr("gradcheck.hygiene.LARGE", 1)
    _, guarded = inspected(clean)
    assert guarded.lending
    assert guarded.loss(PARAMS) == clean(PARAMS)[0]
    _, guarded = inspected(mutates)
    assert not guarded.lending

    def in_place(p):
        p["b"] += 1.0
        p["b"] -= 1.0
        return clean(p)

    _, guarded = inspected(in_place)
    assert guarded.lending
    assert guarded.loss(PARAMS) == clean(PARAMS)[0]
    assert not guarded.lending

    def picky(p):
        raise TypeError("no")

    guarded.lending, guarded._pair = True, picky
    with pytest.raises(UnusableError, match="TypeError: no"):
        guarded.loss(PARAMS)


def test_many_points_may_be_evaluated_in_one_go():
    named, structure = name_leaves(np.array([2.0]))
    guarded = Guarded(
        lambda x: (np.sum(x), np.ones(1)),
        named,
        structure,
        batch=lambda points: np.array([p["params"].sum() for p in points]),
    )
    assert guarded.evaluate([named, named]).tolist() == [2.0, 2.0]
    assert guarded.loss(named) == 2.0
    assert guarded.loss_calls == 3


def test_what_a_loss_alone_returns_is_read_as_strictly():
    named, structure = name_leaves(np.array([2.0]))
    guarded = Guarded(lambda x: None, named, structure)
    with pytest.raises(UnusableError, match="returned None"):
        guarded.loss(named)
    with pytest.raises(UnusableError, match="returned None"):
        guarded.evaluate([named])

    def own(x):
        raise GradcheckError("ours")

    with pytest.raises(GradcheckError, match="ours"):
        Guarded(own, named, structure).loss(named)


class Unreadable:
    def __array__(self, *args, **options):
        raise RuntimeError("never")


def test_a_gradient_that_is_no_array_is_said_so():
    with pytest.raises(UnusableError) as caught:
        inspected(lambda p: (1.0, {"W": Unreadable(), "b": p["b"]}))
    assert str(caught.value) == "grads['W'] is not an array: never"
