"""What is measured of a wrong gradient that has no name."""

import numpy as np
import pytest

from gradcheck import check_gradients

POINT = {
    "W": np.array([[1.0, -2.0, 0.7], [0.5, 3.0, -1.1]]),
    "b": np.array([0.2, -1.5]),
}


def right(p):
    loss = np.sum(p["W"] ** 3) + np.prod(p["b"]) * np.sum(p["W"])
    dW = 3 * p["W"] ** 2 + np.prod(p["b"])
    return loss, {"W": dW, "b": p["b"][::-1] * np.sum(p["W"])}


def spoiled(change):
    def function(p):
        loss, grads = right(p)
        return loss, {**grads, "W": change(grads["W"], p["W"])}

    return function


@pytest.mark.parametrize(
    ("change", "statement"),
    [
        (
            lambda g, W: 7 * g,
            "W's gradient is 7.000 times the derivative, at all 3 points; that is N, "
            "for N = 7",
        ),
        (
            lambda g, W: g / 7,
            "W's gradient is 0.143 of the derivative, at all 3 points; that is 1/N, "
            "for N = 7",
        ),
        (
            lambda g, W: 2 * g,
            "W's gradient is 2.000 times the derivative, at all 3 points",
        ),
        (
            lambda g, W: g + 0.3 * W,
            "W's gradient is the derivative plus 0.3 times W, at all 3 points",
        ),
        (lambda g, W: 0 * g, "W's gradient is zero, the derivative is not"),
    ],
)
def test_how_a_gradient_differs_is_measured(change, statement):
    report = check_gradients(spoiled(change), POINT, known={"N": 7})
    assert [finding.statement for finding in report.findings] == [statement]
    assert report.findings[0].parameters == ("W",)
    assert statement.split(",")[0] in str(report).replace("\n", " ")


def test_a_right_gradient_has_no_facts():
    assert check_gradients(right, POINT).findings == ()


def test_nothing_is_measured_of_very_many_entries():
    def function(p):
        return np.sum(p**2), p

    report = check_gradients(function, np.linspace(1, 2, 500))
    assert report.verdict.value == "wrong"
    assert report.findings == ()


def test_a_function_that_is_not_defined_elsewhere_is_measured_at_its_point():
    def function(p):
        if np.linalg.norm(p - 1.5) > 0.2:
            raise TypeError("elsewhere")
        return np.sum(p**2), 3 * p

    report = check_gradients(function, np.full(5, 1.5))
    (finding,) = report.findings
    assert finding.statement == (
        "params's gradient is 1.500 times the derivative, at this point"
    )


def test_a_gradient_that_is_a_parameter_called_x_is_told():
    report = check_gradients(
        lambda p: (float(np.sum(p["x"] ** 3)), {"x": p["x"]}),
        {"x": np.array([1.0, 2.0, -3.0])},
    )
    assert report.verdict.value == "wrong"
    assert report.findings[0].measured == "1 times x"
