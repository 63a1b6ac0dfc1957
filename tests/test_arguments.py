"""What is handed over by mistake is refused in a sentence, never in a traceback."""

import numpy as np
import pytest

import gradcheck
from gradcheck import GradcheckError, check_gradients, check_network, check_vjp
from gradcheck.report import Verdict

X = np.array([1.0, 2.0, 3.0])


def square(p):
    return float(p @ p), 2 * p


def double(x):
    return 2 * x, None


def double_backward(dout, cache):
    return 2 * dout


def told(call):
    with pytest.raises(GradcheckError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": "a"}, "seed = 'a', but should be a whole number >= 0"),
        ({"seed": 1.5}, "seed = 1.5, but should be a whole number >= 0"),
        ({"seed": None}, "seed = None, but should be a whole number >= 0"),
        ({"seed": True}, "seed = True, but should be a whole number >= 0"),
        ({"seed": -1}, "seed = -1, but should be a whole number >= 0"),
        (
            {"rtol_required": -1},
            "rtol_required = -1, but should be a number > 0: the largest relative "
            "error that may stay unseen",
        ),
        (
            {"rtol_required": np.nan},
            "rtol_required = nan, but should be a number > 0: the largest relative "
            "error that may stay unseen",
        ),
        (
            {"rtol_required": "x"},
            "rtol_required = 'x', but should be a number > 0: the largest relative "
            "error that may stay unseen",
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    network = gradcheck.networks.get("softmax")
    assert told(lambda: check_gradients(square, X, **options)) == message
    assert told(lambda: check_vjp(double, double_backward, [X], **options)) == message
    assert (
        told(lambda: check_network(network.loss_and_grads, network, **options))
        == message
    )


@pytest.mark.parametrize("noise", [-1, np.nan, np.inf, "x", True])
def test_noise_is_a_finite_number(noise):
    assert told(lambda: check_gradients(square, X, noise=noise)) == (
        f"noise = {noise!r}, but should be a finite number >= 0: the absolute error of "
        "one loss"
    )


def test_numbers_of_numpy_are_numbers():
    report = check_gradients(
        square, X, seed=np.int64(3), noise=np.float32(0), rtol_required=np.float64(0.1)
    )
    assert report.ok
    assert report.seed == 3


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (3, "known = 3, but should be a mapping of names to numbers"),
        ({"N": 0}, "known['N'] = 0, but should be a finite number other than 0"),
        ({"N": "a"}, "known['N'] = 'a', but should be a finite number other than 0"),
    ],
)
def test_known_numbers_have_an_inverse(known, message):
    assert told(lambda: check_gradients(square, X, known=known)) == message


def test_what_is_no_function_is_said_so():
    assert told(lambda: check_gradients(3, X)) == (
        "loss_and_grads is of type int, but should be a function: "
        "loss_and_grads(params) -> (loss, grads)"
    )
    assert told(lambda: check_gradients(square, X, loss=3.0)) == (
        "loss is of type float, but should be a function: loss(params) -> float"
    )
    assert told(lambda: check_network(None, "softmax")) == (
        "loss_and_grads is of type NoneType, but should be a function: "
        "loss_and_grads(params, X, y, reg) -> (loss, grads)"
    )
    assert told(lambda: check_vjp("relu", double_backward, [X])) == (
        "forward is of type str, but should be a function: "
        "forward(*inputs) -> (out, cache)"
    )
    assert told(lambda: check_vjp(double, X, [X])) == (
        "backward is of type ndarray, but should be a function: "
        "backward(dout, cache) -> gradients of the inputs"
    )


def test_parameters_that_hold_themselves_are_refused():
    looped = {"W": X}
    looped["more"] = {"again": looped}
    assert told(lambda: check_gradients(square, looped)) == (
        "params['more.again'] is a dict that holds itself, but should hold arrays"
    )
    ring = [X]
    ring.append(ring)
    assert told(lambda: check_gradients(square, ring)) == (
        "params['1'] is a list that holds itself, but should hold arrays"
    )
    shared = {"W": X}  # the same twice is no loop
    report = check_gradients(
        lambda p: (
            float(p["a"]["W"] @ p["b"]["W"]),
            {"a": {"W": p["b"]["W"]}, "b": {"W": p["a"]["W"]}},
        ),
        {"a": shared, "b": shared},
    )
    assert report.ok


def test_a_gradient_that_holds_itself_is_broken():
    looped = {}
    looped["W"] = looped
    report = check_gradients(lambda p: (1.0, looped), {"W": X})
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "grads['W'] is a dict that holds itself, but should hold arrays"
    )


def test_a_gradient_of_none_is_said_to_be_none():
    report = check_gradients(lambda p: (float(p["W"] @ X), {"W": None}), {"W": X})
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "grads['W'] is None, but should be an array of shape (3,), the gradient by "
        "params['W']"
    )


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (
            lambda x: ((x, [x * 2]), x),
            "forward returned an output of type tuple that is no array, but should "
            "return (out, cache) with an array of real numbers as out",
        ),
        (
            lambda x: ("a", x),
            "forward returned an output of type str that is no array, but should "
            "return (out, cache) with an array of real numbers as out",
        ),
        (
            lambda x: ({"a": x}, x),
            "forward returned an output of type dict that is no array, but should "
            "return (out, cache) with an array of real numbers as out",
        ),
        (
            lambda x: (None, x),
            "forward returned an output of type NoneType that is no array, but should "
            "return (out, cache) with an array of real numbers as out",
        ),
        (
            lambda x: (x, x, x),
            "forward returned a tuple of 3, but should return (out, cache): put what "
            "backward needs into one cache",
        ),
        (
            lambda x: (x + 1j, x),
            "forward returned an output of type complex128, but should return real "
            "numbers",
        ),
        (
            lambda x: (x + np.array([0.0, np.inf, 0.0]), x),
            "forward returned out[1] = inf, but should be finite",
        ),
        (lambda x: (np.nan, x), "forward returned out = nan, but should be finite"),
    ],
)
def test_an_output_that_is_no_array_is_said_so(out, message):
    report = check_vjp(out, lambda dout, cache: dout, [X])
    assert report.verdict is Verdict.BROKEN
    assert report.message == message


def test_an_output_in_a_list_is_an_array():
    report = check_vjp(lambda x: ([x, 2 * x], x), lambda d, c: d[0] + 2 * d[1], [X])
    assert report.ok


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (None, "inputs is of type NoneType, but should be a list or dict of arrays"),
        (7, "inputs is of type int, but should be a list or dict of arrays"),
        (
            [[X, X[:1]]],
            "inputs[0] is of type list and no array, but should be an array",
        ),
        (
            {"x": [X, X[:1]]},
            "inputs['x'] is of type list and no array, but should be an array",
        ),
    ],
)
def test_inputs_are_arrays(inputs, message):
    assert told(lambda: check_vjp(double, double_backward, inputs)) == message


def product(x, w):
    return x * w, (x, w)


@pytest.mark.parametrize(
    "gradients", [lambda dx: (dx, None), lambda dx: {"x": dx, "w": None}]
)
def test_an_input_without_its_gradient_is_told_what_to_do(gradients):
    report = check_vjp(product, lambda d, c: gradients(d * c[1]), [X, X + 1])
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "backward returned None for 'w', but should return its gradient, of shape "
        "(3,): an input that needs none is one of integers, or is left to forward "
        "itself (lambda x: forward(x, w))"
    )


def test_gradients_are_as_many_as_the_inputs():
    report = check_vjp(product, lambda d, c: d * c[1], [X, X + 1])
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "backward returned 1 gradient, but should return 2: those of 'x', 'w'"
    )
    report = check_vjp(double, lambda d, c: (2 * d, d, d), [X])
    assert report.message == (
        "backward returned 3 gradients, but should return 1: that of 'x'"
    )
    report = check_vjp(double, lambda d, c: (2 * d).tolist(), [X])
    assert report.ok
    report = check_vjp(double, lambda d, c: [2 * d], [X])
    assert report.ok


def test_dropout_with_a_generator_of_its_own_is_not_repeatable():
    rng = np.random.default_rng(0)

    def forward(x):
        mask = (rng.random(x.shape) < 0.5) / 0.5
        return x * mask, mask

    report = check_vjp(forward, lambda dout, mask: dout * mask, [np.arange(1.0, 13.0)])
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "seeding the global generators does not help" in report.message
    rules = {rule.id: rule for rule in report.hygiene}
    assert not rules["linear-upstream"].fatal
    assert rules["linear-upstream"].detail == (
        "whether backward is linear in its upstream gradient was not looked at: no two "
        "calls agree"
    )


def test_an_upstream_changed_in_place_is_shown():
    def backward(dout, cache):
        dout *= 2
        return dout

    report = check_vjp(double, backward, [X])
    assert report.ok
    rule = next(rule for rule in report.hygiene if rule.id == "mutates-upstream")
    assert not rule.ok
    assert rule.detail.startswith("the call changed dout in place: dout[0] was ")
    assert rule.detail.endswith("; work on a copy")
    assert "mutates-upstream" in str(report)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(2, Verdict.INCONCLUSIVE), (3, Verdict.WRONG)]
)
def test_a_loss_below_the_smallest_numbers_is_no_division_by_zero(factor, verdict):
    tiny = 1e-320
    report = check_gradients(lambda w: (tiny * (w @ w), factor * tiny * w), np.ones(3))
    assert report.verdict is verdict
