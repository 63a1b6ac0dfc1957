"""A step that returns its own loss is judged against that loss."""

from pathlib import Path

import pytest

from gradcheck import check_submission

STEP = """\
import numpy as np
def gradient_descent_step(W, X, y, lr):
    s = X @ W
    p = np.exp(s - s.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    p[np.arange(len(y)), y] -= 1
    W -= lr * (X.T @ p)
    return loss
"""
NET = """\
import numpy as np
class Net:
    def __init__(self, input_size, hidden_size, output_size):
        self.W1 = np.random.randn(input_size, hidden_size)
        self.W2 = np.random.randn(hidden_size, output_size)
    def forward(self, X):
        self.X = X
        self.h = np.maximum(0, X @ self.W1)
        s = self.h @ self.W2
        p = np.exp(s - s.max(1, keepdims=True))
        self.p = p / p.sum(1, keepdims=True)
        return self.p
    def backward(self, y, lr):
        n = len(y)
        loss = -np.mean(np.log(self.p[np.arange(n), y]))
        d = self.p.copy()
        d[np.arange(n), y] -= 1
        dh = (d @ self.W2.T) * (self.h > 0)
        self.W2 -= lr * self.h.T @ d
        self.W1 -= lr * self.X.T @ dh
        return loss
"""
RATE = STEP.replace("-np.mean(np.log(p[np.arange(len(y)), y]))", "np.mean(p > 0.5)")
LATE = STEP.replace("    loss = ", "    q = p.copy()\n    loss = ").replace(
    "    return loss", "    loss = np.mean(X @ W)\n    return loss"
)


UNNAMED = (
    STEP.replace("    loss = -", "    q = p.copy()\n    p = p.copy()\n")
    .replace("np.mean(np.log(p[np.arange(len(y)), y]))\n", "", 1)
    .replace("return loss", "return -np.mean(np.log(q[np.arange(len(y)), y]))")
)
WITHIN = (
    NET.replace(
        "    def backward(self, y, lr):",
        "    def fit(self, X, y, lr):\n        self.forward(X)",
    )
    .replace("        loss = -np.mean(np.log(self.p[np.arange(n), y]))\n", "")
    .replace("return loss", "return -np.mean(np.log(self.p[np.arange(n), y]))")
)
AFTER = WITHIN.replace("        return -", "        self.forward(X)\n        return -")


@pytest.mark.parametrize(
    ("text", "verdict", "own"),
    [
        (STEP, "wrong", True),
        (STEP.replace("X.T @ p", "X.T @ p / len(y)"), "correct", True),
        (NET, "wrong", True),
        (NET.replace("-= 1\n", "-= 1\n        d /= n\n"), "correct", True),
        (UNNAMED, "wrong", True),
        (UNNAMED.replace("X.T @ p", "X.T @ p / len(y)"), "correct", True),
        (WITHIN, "wrong", True),
        (WITHIN.replace("-= 1\n", "-= 1\n        d /= n\n"), "correct", True),
        (AFTER, "correct", False),
        (UNNAMED.replace("log(q[", "abs(q["), "correct", False),
        (
            UNNAMED.replace("np.log(q[np.arange(len(y)), y])", "(q > 0) ** 2"),
            "correct",
            False,
        ),
        (UNNAMED.replace("np.log(q[", "np.log(np.exp(X @ W)["), "correct", False),
        (RATE, "correct", False),
        (LATE, "correct", False),
    ],
    ids=[
        "sum",
        "mean",
        "net-sum",
        "net-mean",
        "unnamed-sum",
        "unnamed-mean",
        "attribute-sum",
        "attribute-mean",
        "attribute-later",
        "no-cost",
        "compared",
        "of-weights",
        "rate-of-errors",
        "after-the-step",
    ],
)
def test_step_with_loss(tmp_path: Path, text: str, verdict: str, own: bool) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    result = check_submission(file)
    assert result.verdict == verdict
    assert ("has no loss" not in str(result)) == own
