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
