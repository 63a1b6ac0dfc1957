"""Small things that several tests write or differentiate."""

import numpy as np

LINEAR = """
import numpy as np

def loss_and_grads(params, X, y, reg):
    W, b = params["W"], params["b"]
    scores = X @ W + b
    scores = scores - scores.max(axis=1, keepdims=True)
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    N = len(y)
    loss = -np.log(probs[np.arange(N), y]).mean() + 0.5 * reg * (W * W).sum()
    probs[np.arange(N), y] -= 1
    return loss, {"W": X.T @ probs / N + reg * W, "b": probs.sum(axis=0) / N}
"""
"""A right file."""

BIAS_SUMMED = LINEAR.replace("axis=0) / N}", "axis=0)}")
"""The same with the 1/N of the bias forgotten."""

POINT = {"x": np.array([0.3, -0.8, 1.1])}


def curved(p):
    """Return a loss of three variables without a kink."""
    return float(np.sum(np.exp(p["x"])) + p["x"][0] * p["x"][1] ** 2)


def curved_gradient(p):
    """Return its gradient."""
    x = p["x"]
    return {"x": np.exp(x) + np.array([x[1] ** 2, 2 * x[0] * x[1], 0.0])}
