"""The same wrong gradient has the same fingerprint, another one another."""

import json

import numpy as np

from gradcheck import fingerprint
from gradcheck.problem import Network, Problem


def right(params, X, y, reg):
    W, b = params["W"], params["b"]
    residual = X @ W + b - y
    loss = 0.5 * np.mean(residual**2) + 0.5 * reg * np.sum(W * W)
    dscores = residual / len(y)
    return loss, {"W": X.T @ dscores + reg * W, "b": np.array(dscores.sum())}


def network():
    return Network(
        name="linear",
        activations=(),
        cost="squared",
        loss_function=lambda *point: right(*point)[0],
        gradient_function=right,
        shape_function=lambda D, hidden, C: {"W": (D,), "b": ()},
    )


def problem():
    rng = np.random.default_rng(fingerprint.SEED)
    params = {"W": rng.standard_normal(4), "b": np.array(0.3)}
    return Problem(params, rng.standard_normal((7, 4)), rng.standard_normal(7), 0.1)


def spoilt(change):
    def loss_and_grads(params, X, y, reg):
        loss, grads = right(params, X, y, reg)
        return loss, change(grads, params, X, y, reg)

    return loss_and_grads


def measured(change):
    return fingerprint.measure(spoilt(change), network(), problem())


def no_penalty(grads, params, X, y, reg):
    return grads | {"W": grads["W"] - reg * params["W"]}


def no_penalty_spelt_otherwise(grads, params, X, y, reg):
    residual = X @ params["W"] + params["b"] - y
    return grads | {"W": np.einsum("nd,n->d", X, residual) / len(y)}


def test_two_spellings_of_one_mistake_share_a_fingerprint():
    one, other = measured(no_penalty), measured(no_penalty_spelt_otherwise)
    assert fingerprint.similar(one, other)
    assert one["W"][0] > 1e-3


def test_another_mistake_has_another_fingerprint():
    doubled = measured(lambda grads, *_: grads | {"W": 2 * grads["W"]})
    assert not fingerprint.similar(measured(no_penalty), doubled)


def test_the_same_mistake_in_another_parameter_differs():
    W = measured(lambda grads, *_: grads | {"W": 2 * grads["W"]})
    b = measured(lambda grads, *_: grads | {"b": 2 * grads["b"]})
    assert not fingerprint.similar(W, b)


def test_a_right_gradient_leaves_zeros():
    assert measured(lambda grads, *_: grads) == {"W": (0.0,) * 4, "b": (0.0,) * 4}


def test_rounding_leaves_no_trace():
    noisy = measured(lambda grads, *_: {k: v * (1 + 1e-9) for k, v in grads.items()})
    assert noisy == measured(lambda grads, *_: grads)


def test_equal_sizes_in_other_directions_are_told_apart():
    step = {"W": np.array([0.1, 0.0, 0.0, 0.0])}
    one = measured(lambda grads, *_: grads | {"W": grads["W"] + step["W"]})
    other = measured(lambda grads, *_: grads | {"W": grads["W"] + step["W"][::-1]})
    assert one["W"][0] == other["W"][0]
    assert not fingerprint.similar(one, other)


def test_what_cannot_be_measured_is_empty():
    assert measured(lambda grads, *_: {"W": grads["W"][:2]}) == {"W": (), "b": ()}
    assert measured(lambda grads, *_: grads | {"W": grads["W"] * np.nan})["W"] == ()

    def broken(params, X, y, reg):
        raise ZeroDivisionError

    assert fingerprint.measure(broken, network(), problem()) == {}
    assert measured(lambda grads, *_: grads | {"b": "words"}) == {}
    assert measured(lambda grads, *_: None) == {}


def test_the_accused_cannot_change_the_fixed_point():
    def vandal(params, X, y, reg):
        loss, grads = right(params, X, y, reg)
        for array in (*params.values(), X, y):
            array += 1.0
        return loss, grads

    point = problem()
    assert fingerprint.measure(vandal, network(), point)["W"] == (0.0,) * 4
    assert np.array_equal(point.X, problem().X)


def test_a_fingerprint_survives_json():
    one = measured(no_penalty)
    assert fingerprint.similar(json.loads(json.dumps(one)), one)
    assert not fingerprint.similar(one, {})
    assert not fingerprint.similar({"W": []}, {"W": [0.0]})
