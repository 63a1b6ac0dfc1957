"""numeric_gradient: values, errors, containers and complaints."""

import numpy as np
import pytest

from gradcheck import GradcheckError, numeric_gradient

METHODS = ("auto", "central", "richardson", "complex")


def bowl(p):
    return np.sum(np.tanh(p["W"]) * p["W"] ** 3) + 2.0 * p["b"]


def bowl_gradient(W):
    return 3 * W**2 * np.tanh(W) + W**3 * (1 - np.tanh(W) ** 2)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_agrees_with_a_closed_form_within_its_error(method):
    W = np.linspace(-1.5, 2.0, 6).reshape(2, 3)
    result = numeric_gradient(bowl, {"W": W, "b": np.array(1.5)}, method=method)
    gap = np.abs(result.values["W"] - bowl_gradient(W))
    assert (gap <= result.errors["W"] + 1e-14).all()
    assert result.errors["W"].max() < 1e-6 * np.abs(bowl_gradient(W)).max()
    assert result.values["b"] == pytest.approx(2.0, rel=1e-8)
    assert result.evaluations > 0


def test_parameters_come_back_in_the_form_they_came_in():
    def f(p):
        return float(p[0] @ p[1])

    values = numeric_gradient(f, (np.array([1.0, 2.0]), np.array([3.0, 4.0]))).values
    assert isinstance(values, tuple)
    np.testing.assert_allclose(values[1], [1.0, 2.0], rtol=1e-9)


def test_integers_are_converted_and_left_alone():
    x = np.array([1, 2, 3])
    values = numeric_gradient(lambda v: float(v @ v), x).values
    np.testing.assert_allclose(values, [2.0, 4.0, 6.0], rtol=1e-9)
    assert x.dtype.kind == "i"
    assert x.tolist() == [1, 2, 3]


def test_complaints_are_sentences():
    with pytest.raises(GradcheckError, match="should be one of auto, central"):
        numeric_gradient(np.sum, np.ones(2), method="magic")
    with pytest.raises(GradcheckError, match="should be a finite number"):
        numeric_gradient(lambda x: np.nan, np.ones(2))
    with pytest.raises(GradcheckError, match="should return a scalar"):
        numeric_gradient(lambda x: x, np.ones(2))


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (lambda x: np.linalg.norm(x), lambda x: x / np.linalg.norm(x)),
        (lambda x: np.sum(np.abs(x) ** 3), lambda x: 3 * x * np.abs(x)),
        (lambda x: np.std(x), lambda x: (x - x.mean()) / (x.size * np.std(x))),
        (lambda x: np.vdot(x, x), lambda x: 2 * x),
        (lambda x: (x.conj() * x).sum(), lambda x: 2 * x),
        (lambda x: _through_a_buffer(x), lambda x: 2 * x),
    ],
    ids=["norm", "abs", "std", "vdot", "conj", "buffer"],
)
def test_code_that_drops_imaginary_parts_never_gives_a_wrong_reference(f, derivative):
    x = np.array([3.0, -4.0, 0.5])
    result = numeric_gradient(f, x)
    assert result.method == "ladder"
    np.testing.assert_allclose(result.values, derivative(x), rtol=1e-7)
    assert (np.abs(result.values - derivative(x)) <= result.errors).all()
    with pytest.raises(GradcheckError, match='method = "complex"'):
        numeric_gradient(f, x, method="complex")


def _through_a_buffer(x):
    buffer = np.zeros(x.shape)
    buffer[:] = x
    return (buffer**2).sum()


def test_code_that_carries_imaginary_parts_gives_every_digit():
    x = np.linspace(-1, 2, 7)
    result = numeric_gradient(lambda x: np.sum(np.sin(x) * np.exp(x)), x)
    assert result.method == "ladder+complex"
    exact = np.exp(x) * (np.sin(x) + np.cos(x))
    np.testing.assert_allclose(result.values, exact, rtol=1e-14, atol=1e-14)


def test_a_kink_has_an_infinite_error():
    result = numeric_gradient(lambda x: float(np.abs(x).sum()), np.array([0.0, 2.0]))
    assert result.errors[0] == np.inf
    assert result.values[1] == pytest.approx(1.0)
    assert result.errors[1] < 1e-9


def test_parameters_without_entries_have_gradients_without_entries():
    params = {"a": np.ones(2), "b": np.zeros((0, 3))}
    result = numeric_gradient(lambda p: float(np.sum(p["a"] ** 2)), params)
    assert result.values["b"].shape == (0, 3)
    np.testing.assert_allclose(result.values["a"], 2.0, rtol=1e-9)


def test_the_reference_is_independent_of_another_librarys():
    from scipy.optimize import approx_fprime, rosen, rosen_der

    x = np.array([0.3, -1.2, 2.0, 0.7])
    result = numeric_gradient(rosen, x)
    assert (np.abs(result.values - rosen_der(x)) <= result.errors).all()
    np.testing.assert_allclose(result.values, approx_fprime(x, rosen), rtol=1e-4)


def test_richardson_says_how_far_to_trust_it():
    result = numeric_gradient(
        lambda x: np.exp(x).sum(), np.array([0.0, 1.0]), method="richardson"
    )
    assert (np.abs(result.values - np.exp([0.0, 1.0])) <= result.errors).all()
    assert result.errors.max() < 1e-8
