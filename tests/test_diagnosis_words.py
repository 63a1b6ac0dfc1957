"""What a diagnosis says, to the word: of what has no name, and at fixed points."""

import numpy as np
import pytest

from gradcheck import check_gradients, networks
from gradcheck.comparison import examine
from gradcheck.diagnosis import diagnose, diagnose_fixed
from gradcheck.faults import inject
from gradcheck.networks.logistic import kronecker_grads
from gradcheck.numeric.ladder import CAP
from gradcheck.numeric.patterns import describe
from gradcheck.numeric.plans import run
from gradcheck.numeric.stencils import central

SOFTMAX = networks.get("softmax")
LINEAR = networks.get("linear")
SQUARED = networks.get("deep", cost="squared")


def spoiled(change):
    """Return a right gradient, of which `change` makes something else."""

    def function(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {**grads, **change(dict(grads), params, X, reg)}

    return function


def put(array, where, change):
    changed = array.copy()
    changed[where] = change(changed[where])
    return changed


def backward(delta=lambda d: d, mask=lambda z: z > 0):
    """Return a backward pass with other steps in it."""

    def function(params, X, y, reg):
        W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
        loss, _ = SOFTMAX.loss_and_grads(params, X, y, reg)
        z = X @ W1 + b1
        hidden = np.maximum(z, 0.0)
        probs = np.exp(hidden @ W2 + b2)
        probs /= probs.sum(axis=1, keepdims=True)
        probs[np.arange(len(X)), y] -= 1.0
        dscores = delta(probs) / len(X)
        dz = (dscores @ W2.T) * mask(z)
        return loss, {
            "W1": X.T @ dz + reg * W1,
            "b1": dz.sum(axis=0),
            "W2": hidden.T @ dscores + reg * W2,
            "b2": dscores.sum(axis=0),
        }

    return function


def raises(params, X, y, reg):
    raise ValueError("no")


def scaled(factor):
    """Return a change of W1's data part by a factor that depends on the batch."""
    return lambda g, p, X, r: {"W1": (g["W1"] - r * p["W1"]) * factor(X) + r * p["W1"]}


def off(name, much):
    text = f"d{name} is no multiple of the derivative; it is off by {much}% of its size"
    return ("", (name,), "", text)


NO_PRODUCT = (
    "",
    ("W1",),
    "",
    "dW1 is not the product of its layer's input and any delta",
)
NO_PENALTY = ("", ("W1",), "", "what reg adds to dW1 is no known form of the penalty")
OUTPUT = (
    "",
    ("W2",),
    "",
    "the delta of the output layer is not (p - t), nor a known mistake",
)
UNNAMED = {
    "one row": (
        spoiled(lambda g, p, X, r: {"W1": put(g["W1"], 2, lambda v: v + 0.3)}),
        [
            ("", ("W1",), "", "dW1 is wrong in 1 of its rows only: 2 of 7, at a point "
             "where its shape is (7, 11)"),
            NO_PRODUCT,
        ],
    ),
    "two rows": (
        spoiled(
            lambda g, p, X, r: {"W1": put(g["W1"], slice(1, 3), lambda v: v * v + 0.3)}
        ),
        [
            ("", ("W1",), "", "dW1 is wrong in 2 of its rows only: 1, 2 of 7, at a "
             "point where its shape is (7, 11)"),
            NO_PRODUCT,
            NO_PENALTY,
        ],
    ),
    "a column": (
        spoiled(
            lambda g, p, X, r: {
                "W1": put(g["W1"], (slice(None), 3), lambda v: v + 0.3)
            }
        ),
        [
            ("", ("W1",), "", "dW1 is wrong in 1 of its columns only: 3 of 11, at a "
             "point where its shape is (7, 11)"),
            NO_PRODUCT,
        ],
    ),
    "a bias": (
        spoiled(
            lambda g, p, X, r: {"b1": g["b1"] + 0.1 * np.cos(np.arange(g["b1"].size))}
        ),
        [
            off("b1", 28),
            ("", ("b1",), "", "db1 is not the sum of the delta that dW1 shows"),
        ],
    ),
    "all equal": (
        spoiled(lambda g, p, X, r: {"b2": np.full_like(g["b2"], 0.37)}),
        [("", ("b2",), "", "all the entries of db2 are equal")],
    ),
    "the penalty": (
        spoiled(lambda g, p, X, r: {"W1": g["W1"] + r * np.sin(3 * p["W1"])}),
        [NO_PENALTY],
    ),
    "the mask": (
        backward(mask=lambda z: np.where(z > 0, np.cos(z), 0.0)),
        [
            off("W1", 16),
            off("b1", 14),
            ("", ("W1",), "", "the delta that dW1 shows does not come from the one "
             "above it by the weights and the activation's derivative (the mask is 0 "
             "on dead units)"),
        ],
    ),
    "the output": (
        backward(delta=lambda d: d**3),
        [off("W1", 62), off("W2", 68), off("b1", 61), off("b2", 63), OUTPUT],
    ),
    "the output, whose rows sum to 0": (
        backward(delta=lambda d: d[:, ::-1]),
        [
            off("W1", 237),
            ("", ("W2",), "", "dW2 is wrong in 2 of its columns only: 0, 2 of 3, at a "
             "point where its shape is (11, 3)"),
            off("b1", 246),
            off("b2", 191),
            (*OUTPUT[:3], f"{OUTPUT[3]}; its rows sum to 0, as they should"),
        ],
    ),
    "a factor of the sizes": (
        spoiled(scaled(lambda X: 2 * X.shape[1])),
        [("", ("W1",), "14", "dW1 is 2 * D times the derivative, for D features")],
    ),
    "another factor": (
        spoiled(scaled(lambda X: 1 + np.sqrt(len(X)))),
        [("", ("W1",), "3.236", "dW1 is 3.236 x the derivative (N = 5, D = 7), 3 x the "
          "derivative (N = 4, D = 6)")],
    ),
    "the call": (raises, [("", (), "", "the call failed: ValueError: no")]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNNAMED)
def test_what_has_no_name_is_measured(name):
    function, said = UNNAMED[name]
    found = diagnose(function, SOFTMAX)
    assert [
        (f.id, f.parameters, f.measured, f.statement) for f in found.findings
    ] == said
    assert (found.right, found.explained) == (False, False)


@pytest.mark.parametrize(
    ("network", "mistakes", "sentence"),
    [
        (SOFTMAX, ["batch-sum"], "N=2, D=1, H=1, C=2 (N=1 cannot show it)"),
        (SOFTMAX, ["penalty-missing"], "N=1, D=1, H=1, C=2 (reg=0 cannot show it)"),
        (
            SOFTMAX,
            ["penalty-averaged"],
            "N=2, D=1, H=1, C=2 (N=1 cannot show it; reg=0 cannot show it)",
        ),
        (LINEAR, ["batch-sum"], "N=2, D=1, C=2 (N=1 cannot show it)"),
        (LINEAR, ["penalty-missing", "batch-sum"], "N=1, D=1, C=2"),
        (SQUARED, ["batch-sum"], "N=2, D=1, H=1, C=1 (N=1 cannot show it)"),
        (
            networks.get("logistic"),
            ["batch-sum"],
            "N=2, D=1, H=1, C=1 (N=1 cannot show it)",
        ),
    ],
)
def test_the_smallest_example_says_what_it_needs(network, mistakes, sentence):
    example = diagnose(inject(network, mistakes), network).example
    assert example is not None
    assert example.sentence == sentence


W = np.arange(1.0, 7.0).reshape(2, 3)
POINT = {"W": W**2, "V": W[::-1] + 0.5, "b": np.array([1.0, -2.0, 3.0])}
RIGHT = {"W": np.sin(W), "V": np.cos(W), "b": np.array([0.3, 0.7, -0.2])}
FIXED = {
    "swapped": (
        {"W": RIGHT["V"], "V": RIGHT["W"]},
        ("keys-swapped", ("W", "V"), "each has the other's numbers",
         "gradients under each other's name"),
    ),
    "reshaped": (
        {"W": RIGHT["W"].T.reshape(2, 3)},
        ("reshaped", ("W",), "the numbers stand in other places",
         "reshape stands where a transpose belongs"),
    ),
    "turned": (
        {"W": RIGHT["W"].T},
        ("transposed", ("W",), "shape (3, 2)",
         "a transpose is missing, or one too many"),
    ),
    "cut": (
        {"W": RIGHT["W"][:1]},
        ("shape-mismatch", ("W",), "got shape (1, 3), but should be (2, 3)",
         "a gradient does not have the shape of its parameter"),
    ),
    "equal": (
        {"b": np.full(3, 0.4)},
        ("", ("b",), "0.4", "all the entries of b's gradient are equal"),
    ),
    "a row": (
        {"W": put(RIGHT["W"], 1, lambda v: v**2 + 1)},
        ("", ("W",), "", "W's gradient is wrong in row 1 only"),
    ),
    "not finite": (
        {"b": np.array([0.3, np.nan, np.inf])},
        ("not-finite", ("b",), "2 of 3 entries", "NaN or infinity"),
    ),
    "whole numbers in a list": (
        {"b": [1, 2, 4]},
        ("", ("b",), "", "b's gradient is no multiple of the derivative; it is off by "
         "565% of its size"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_a_gradient_at_a_fixed_point_is_told_by_its_numbers(name):
    changed, said = FIXED[name]
    found = diagnose_fixed(POINT, {**RIGHT, **changed}, RIGHT)
    (one,) = found.findings
    assert (one.id, one.parameters, one.measured, one.statement) == said
    assert (found.right, found.explained) == (False, False)


def test_an_absent_gradient_is_said_to_be_absent():
    there = {name: RIGHT[name] for name in ("W", "V")}
    (one,) = diagnose_fixed(POINT, there, RIGHT).findings
    assert (one.id, one.measured) == ("keys-missing", "it is absent")


@pytest.mark.parametrize("gap", [2.5, 3.5])
def test_three_measured_errors_are_allowed_and_no_more(gap):
    errors = {"b": 1e-3}
    moved = {**RIGHT, "b": RIGHT["b"] + gap * 1e-3}
    assert diagnose_fixed(POINT, moved, RIGHT, errors).right is (gap < 3)


def differences(h):
    """Return central differences of the loss as a gradient."""

    def function(params, X, y, reg):
        loss = SOFTMAX.loss(params, X, y, reg)
        grads = {}
        for name, p in params.items():
            grads[name] = np.empty_like(p)
            for at in np.ndindex(p.shape):
                sides = []
                for step in (h, -h):
                    moved = {**params, name: put(p, at, lambda v, s=step: v + s)}
                    sides.append(SOFTMAX.loss(moved, X, y, reg))
                grads[name][at] = (sides[0] - sides[1]) / (2 * h)
        return loss, grads

    return function


def test_a_gradient_by_differences_is_told_with_its_step():
    found = diagnose(differences(1e-3), SOFTMAX)
    (one,) = (f for f in found.findings if f.id == "numerical-gradient")
    assert "(central differences, step 0.001)" in one.statement


def test_a_parameter_without_entries_cannot_be_wrong():
    point = {"x": np.array([1.0, 2.0]), "none": np.zeros((0, 3))}

    def evaluate(points):
        return np.array([float((p["x"] ** 2).sum()) for p in points])

    grads = {"x": 2 * point["x"], "none": np.zeros((0, 3))}
    found = examine(evaluate, lambda p: {**grads, "x": 2 * p["x"]}, point, grads)
    empty = found.parameters["none"]
    assert (empty.verdict, empty.shape, empty.max_rel_error) == ("correct", (0, 3), 0.0)
    assert (empty.bound.rel_error, empty.bound.probability) == (0.0, 0.0)
    curve = found.curves["x"]["steps"]
    h = np.array(curve["h"])
    assert np.array(curve["noise"]) * h == pytest.approx(2 * found.noise, abs=0.0)
    assert h[-1] == pytest.approx(CAP)
    assert np.ptp(np.diff(np.log(h[-5:]))) < 1e-9  # the four beyond the judgement's
    assert min(curve["error"]) < 1e-8  # it is the right gradient
    assert len(curve["h"]) == len(found.curves["x"]["taylor"]["h"])


def test_a_loss_that_is_not_there_costs_what_it_cost():
    point = {"x": np.array([1.0])}
    found = examine(lambda points: np.array([np.nan for _ in points]),
                    lambda p: point, point, point)  # fmt: skip
    assert (found.verdict, found.evaluations) == ("inconclusive", 1)


def test_the_error_of_a_central_difference_is_twice_its_truncation():
    h, x = 1e-2, 1.0

    def evaluate(points):
        return np.array([float(p["x"][0] ** 3) for p in points])

    (value, error), _ = run(central({"x": np.array([x])}, "x", (0,), h), evaluate)
    assert value == pytest.approx(3 * x**2 + h**2, rel=1e-9)
    assert error == pytest.approx(2 * h**2, rel=1e-6)


def test_the_kronecker_form_gives_the_gradient_of_one_example():
    network = networks.get("logistic", penalty="none", reduction="sum")
    problem = networks.draw_problem(network, np.random.default_rng(0), N=1, reg=0.0)
    _, wanted = network.loss_and_grads(problem.params, problem.X, problem.y, 0.0)
    found = kronecker_grads(problem.params, problem.X[0], problem.y[0])
    assert set(found) == set(wanted)
    for name, g in wanted.items():
        assert np.allclose(np.reshape(found[name], g.shape), g, rtol=1e-12)


@pytest.mark.parametrize(
    ("level", "slope", "unseen"),
    [
        (1e10, 1e-8, "a gradient wrong throughout"),
        (1e4, 1e-9, "an error of 6% of the gradient"),
    ],
)
def test_how_much_could_have_stayed_unseen_is_said(level, slope, unseen):
    def loss_and_grads(p):
        loss = level + slope * float(np.sin(p["x"]).sum()) + float((p["y"] ** 2).sum())
        return loss, {"x": slope * np.cos(p["x"]), "y": 2 * p["y"]}

    point = {"x": np.array([0.3, 0.7]), "y": np.array([1.0, 2.0])}
    found = check_gradients(loss_and_grads, point).parameters["x"]
    assert found.verdict.value == "inconclusive"
    assert found.detail == (
        f"the derivative by 'x' is too small to measure here: {unseen} could have "
        "stayed unseen"
    )


def test_a_row_that_is_not_a_number_is_called_a_row():
    x = np.arange(1.0, 13.0).reshape(4, 3)
    grads = 2 * x
    grads[1] = np.nan

    def evaluate(points):
        return np.array([float((p["x"] ** 2).sum()) for p in points])

    found = examine(evaluate, lambda p: {"x": grads}, {"x": x}, {"x": grads})
    assert found.parameters["x"].verdict == "wrong"
    assert found.parameters["x"].pattern == "row 1"
    assert found.parameters["x"].detail == "grads['x'][1, 0] is nan"


@pytest.mark.parametrize(("count", "said"), [(9, "dense"), (8, "8 of 10 entries")])
def test_nine_tenths_are_the_whole(count, said):
    mask = np.arange(10).reshape(1, 10) < count
    indices = [tuple(map(int, place)) for place in np.argwhere(mask)]
    assert describe(mask, indices, matrix=False) == said
