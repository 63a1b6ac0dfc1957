"""The line of a mistake that has a name, in code as students of a course write it.

Each source is wrong in the line marked ``# !``; one without a mark is to get no line.
"""

import pytest
from test_source import ALL, edited, marked, pointed, report_of

STEP = """
def train_step(W1, b1, W2, b2, X, y, lr):
    h = np.maximum(X @ W1 + b1, 0)
    d = (softmax(h @ W2 + b2) - one_hot(y)) / len(X)
    dh = d @ W2.T * (h > 0)
    W2 -= lr * h.T @ d
    b2 -= lr * d.sum(0)
    W1 -= lr * X.T @ dh
    b1 -= lr * dh.sum(0)
"""

LISTS = """
def loss_and_grads(params, X, y, reg):
    acts, p = forward(params, X)
    m = len(X)
    loss = -np.log(p[np.arange(m), y]).mean()
    delta = p.copy()
    delta[np.arange(m), y] -= 1
    delta /= m
    grads = [None] * len(params)
    for i in reversed(range(len(params))):
        W, b = params[i]
        grads[i] = (acts[i].T @ delta + reg * W, delta.sum(axis=0))
        delta = (delta @ W.T) * (acts[i] > 0)
    return loss, grads
"""

LOGISTIC = """
def backward(parameters, cache, X, Y):
    m = X.shape[1]
    W2, A1, A2 = parameters["W2"], cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""

RETURNED = "def f(W, X, y):\n    e = X @ W - y\n    return (e ** 2).sum() / len(y), G\n"
SIX = "W1 b1 W2 b2 W3 b3"
NAME = "loss_and_grads"
WEIGHTS = "W1 W2 W3"

SOURCES = {
    "a step uphill": ("sign-flipped", "W2", "train_step", STEP.replace(
        "W2 -= lr * h.T @ d", "W2 += lr * h.T @ d  # !")),
    "steps uphill but one": ("sign-flipped", "W2", "train_step", STEP.replace(
        "-= lr", "+= lr").replace("W2 += lr * h.T @ d", "W2 -= lr * h.T @ d  # !")),
    "every step uphill": ("sign-flipped", ALL, "train_step", STEP.replace(
        "-= lr", "+= lr")),
    "a delta turned round": ("sign-flipped", SIX, NAME, LISTS.replace(
        "    delta[np.arange(m), y] -= 1",
        "    delta = -delta  # !\n    delta[np.arange(m), y] += 1")),
    "a delta turned twice": ("sign-flipped", SIX, NAME, LISTS.replace(
        "    delta /= m", "    delta = -delta\n    delta = -delta")),
    "turned for one": ("sign-flipped", "b2", "loss_and_grads", edited(
        "    d /= N", "    d = -d\n    d /= N")),
    "a penalty in a pair": ("penalty-averaged", WEIGHTS, NAME, LISTS.replace(
        "reg * W, delta.sum(axis=0))", "reg * W / m, delta.sum(axis=0))  # !")),
    "one pair of two": ("penalty-averaged", WEIGHTS, NAME, LISTS.replace(
        "reg * W, delta", "reg * W / m, delta").replace(
        "    for i", "    grads[-1] = (acts[-1].T @ delta, delta.sum(0))\n    for i")),
    "no pair of gradients": ("penalty-averaged", WEIGHTS, NAME, LISTS.replace(
        "reg * W, delta.sum(axis=0)", "reg * W / m, delta")),
    "p (1 - p) above tanh": ("softmax-derivative-twice", ALL, "backward",
        LOGISTIC.replace("A2 - Y\n", "(A2 - Y) * A2 * (1 - A2)  # !\n")),
    "weights written anew": ("updated-weights", "W1 b1", "backward", LOGISTIC.replace(
        "* (1 - np.power(A1, 2))", "* (1 - np.power(A1, 2))  # !").replace(
        "    dZ1 =", '    parameters["W2"] = W2 = W2 - 1.2 * dW2\n    dZ1 =')),
    "weights written anew later": ("updated-weights", "W1 b1", "backward",
        LOGISTIC.replace("    dW1 =", "    W2 = W2 - 1.2 * dW2\n    dW1 =")),
    "scores for probabilities": ("softmax-not-normalised", ALL, NAME, edited(
        "    d = probs.copy()\n    d[np.arange(N), y] -= 1",
        "    d = scores - np.eye(3)[y]  # !")),
    "a factor in what is returned": ("constant-factor", "W", "f", RETURNED.replace(
        ", G", ", 2 * X.T @ e / len(y)  # !")),
    "a sum in what is returned": ("batch-sum", "W", "f", RETURNED.replace(
        ", G", ", X.T @ e  # !")),
    "a residual of the loss": ("batch-sum", "W", "f", RETURNED.replace(
        "return", "grad = X.T @ e  # !\n    return").replace(", G", ", grad")),
    "two transposes returned": ("batch-sum", "W", "f", RETURNED.replace(
        "(e ** 2).sum()", "(e.T @ e)").replace(", G", ", X.T @ e")),
    "returned in two places": ("batch-sum", "W", "f", RETURNED.replace(
        ", G", ", X.T @ e\n    return 0.0, X.T @ e")),
    "weights turned in a forward pass": ("batch-sum", "W", "f",
        "def f(W, X, y):\n    s, _ = g(W, X)\n    return 0.0, G(s - y)\n\n"
        "def g(W, X):\n    return X @ W.T, X\n"),
    "turned, under a name": ("batch-sum", "W", "f", RETURNED.replace(", G", ", G.T")),
}  # fmt: skip


@pytest.mark.parametrize("style", SOURCES)
def test_the_line_of_a_named_mistake_is_found(tmp_path, style):
    identity, names, label, source = SOURCES[style]
    params = (SIX if "3" in names else "W" if names == "W" else ALL).split()
    report = report_of(identity, names, label, params)
    assert pointed(tmp_path, source, report).line == marked(source)
