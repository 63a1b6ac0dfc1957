"""Gradients without a loss whose penalty leaves the intercept free."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

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
