"""Forms that a reader of files meets: what is read must not depend on being right."""

import pytest

from gradcheck import check_submission

GLOBALS = """
import numpy as np

W1 = np.random.randn(5, 8)
b1 = np.zeros(8)
W2 = np.random.randn(8, 3)
b2 = np.zeros(3)


def run(X):
    hidden = np.tanh(X @ W1 + b1)
    return hidden, hidden @ W2 + b2


def {name}(X, y):
    hidden, s = run(X)
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(X))
    {value}-np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    p /= {over}
    below = (p @ W2.T) * (1 - hidden ** 2)
    return {result}
"""
RESULTS = {
    "tuple": "L, X.T @ below, below.sum(0), hidden.T @ p, p.sum(0)",
    "nested": "L, (X.T @ below, below.sum(0), hidden.T @ p, p.sum(0))",
    "dict": 'L, {"W1": X.T @ below, "b1": below.sum(0), '
    '"W2": hidden.T @ p, "b2": p.sum(0)}',
}


def verdict_of(tmp_path, text):
    path = tmp_path / "theirs.py"
    path.write_text(text)
    report = check_submission(path)
    return report.verdict, str(report)


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss_and_backward", "L = "),
        ("backward", "L = "),
        ("backward", "val = "),
        ("backward", "nll = "),
        ("loss_and_grads", "L = "),
        ("compute", "L = "),
    ],
)
def test_a_loss_beside_gradients_of_globals_is_theirs(tmp_path, name, value, result):
    spelled = RESULTS[result].replace("L,", f"{value.split()[0]},", 1)
    for over, verdict in (("len(X)", "correct"), ("1", "wrong")):
        text = GLOBALS.format(name=name, value=value, over=over, result=spelled)
        found, said = verdict_of(tmp_path, text)
        assert found == verdict, said
        assert "no loss" not in said
