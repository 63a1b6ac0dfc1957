"""Gradients without a loss whose penalty leaves the intercept free."""

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import implied

GRADIENT = """
import numpy as np


def gradient(theta, X, y, lam):
    m, n = X.shape
    theta = np.reshape(theta, (n, 1))
    h = 1 / (1 + np.exp(-X @ theta))
    grad = X.T @ (h - y.reshape(-1, 1)) / m
    penalty = (lam / m) * theta
    penalty[{row}] = 0
    return (grad + {times} * penalty).flatten()
"""


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("times", [1, 2])
def test_a_row_that_is_not_penalised_is_that_of_the_intercept(tmp_path, row, times):
    file = tmp_path / "gradient.py"
    file.write_text(GRADIENT.format(row=row, times=times))
    assert check_submission(file).verdict is Verdict.CORRECT


def test_another_row_that_is_not_penalised_is_no_intercept(tmp_path):
    file = tmp_path / "gradient.py"
    file.write_text(GRADIENT.format(row=1, times=1))
    assert check_submission(file).verdict is not Verdict.CORRECT


@pytest.mark.parametrize(
    ("dtype", "steps"), [(np.float64, 2), (np.float32, 3)], ids=["double", "single"]
)
def test_steps_become_longer_while_noise_may_explain_it(dtype, steps):
    x = np.linspace(-1.0, 1.0, 30)
    asked = []

    def loss(moved):
        asked.append(1)
        return np.mean(np.exp(moved["w"].astype(dtype)), dtype=dtype)

    wrong = {"w": -np.exp(x) / 30}
    assert implied.agreeing(loss, {"w": x}, wrong) == ()
    assert len(asked) == 2 * steps
    right = {"w": np.exp(x) / 30}
    assert implied.agreeing(loss, {"w": x}, right) == ("w",)
