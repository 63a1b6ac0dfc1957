"""A two-layer net written out by hand, and single lines of it written wrongly.

Independent of the catalogue's own way of committing mistakes: the code below is edited
as text and run. Inventions are mistakes that the catalogue does not know.
"""

import numpy as np

SOURCE = """
def loss_and_grads(params, X, y, reg):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    N, D = X.shape
    H, C = W2.shape
    rows = np.arange(N)
    z1 = X @ W1 + b1
    h = np.maximum(z1, 0)
    scores = h @ W2 + b2
    shifted = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    probs = e / e.sum(axis=1, keepdims=True)
    data = (np.log(e.sum(axis=1)) - shifted[rows, y]).sum() / N
    loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    ds = probs.copy()
    ds[rows, y] -= 1
    ds = ds / N
    dW2 = h.T @ ds
    db2 = ds.sum(axis=0)
    dh = ds @ W2.T
    dz1 = dh * (z1 > 0)
    dW1 = X.T @ dz1
    db1 = dz1.sum(axis=0)
    dW1 = dW1 + reg * W1
    dW2 = dW2 + reg * W2
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""

EDITS = [  # (ids, any of which is right; the line; what stands there instead)
    ("batch-sum", "ds = ds / N", "pass"),
    ("batch-mean-twice", "ds = ds / N", "ds = ds / N / N"),
    ("divided-by-classes", "ds = ds / N", "ds = ds / C"),
    ("divided-by-classes", "ds = ds / N", "ds = ds / ds.size"),
    ("divided-by-features", "ds = ds / N", "ds = ds / D"),
    ("divided-by-n-minus-one", "ds = ds / N", "ds = ds / (N - 1)"),
    ("constant-factor", "ds = ds / N", "ds = 2 * ds / N"),
    ("constant-factor", "ds = ds / N", "ds = 0.37 * ds / N"),
    ("constant-factor", "dW2 = h.T @ ds", "dW2 = 2 * h.T @ ds"),
    ("constant-factor", "db1 = dz1.sum(axis=0)", "db1 = 4 * dz1.sum(axis=0)"),
    ("sign-flipped", "ds = ds / N", "ds = -ds / N"),
    ("sign-flipped", "dW1 = X.T @ dz1", "dW1 = -X.T @ dz1"),
    ("batch-mean-hidden-twice", "dh = ds @ W2.T", "dh = ds @ W2.T / N"),
    ("batch-mean-hidden-twice", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 > 0) / N"),
    ("batch-mean-partial", "dW1 = X.T @ dz1", "dW1 = N * X.T @ dz1"),
    ("batch-mean-partial", "db2 = ds.sum(axis=0)", "db2 = np.sum(ds * N, axis=0)"),
    ("bias-mean", "db2 = ds.sum(axis=0)", "db2 = ds.mean(axis=0)"),
    ("bias-mean", "db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)"),
    ("bias-scalar", "db1 = dz1.sum(axis=0)", "db1 = dz1.sum() * np.ones(H)"),
    ("bias-missing", "db1 = dz1.sum(axis=0)", "db1 = np.zeros(H)"),
    ("bias-one-example", "db1 = dz1.sum(axis=0)", "db1 = dz1[-1]"),
    ("bias-one-example", "db2 = ds.sum(axis=0)", "db2 = ds[0]"),
    ("bias-before-mask", "db1 = dz1.sum(axis=0)", "db1 = dh.sum(axis=0)"),
    ("bias-not-reduced", "db1 = dz1.sum(axis=0)", "db1 = dz1"),
    ("shape-mismatch", "db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=0, keepdims=True)"),
    ("penalty-missing", "dW1 = dW1 + reg * W1", "pass"),
    ("penalty-missing", "dW2 = dW2 + reg * W2", "pass"),
    ("penalty-doubled", "dW2 = dW2 + reg * W2", "dW2 = dW2 + 2 * reg * W2"),
    ("penalty-halved", "dW1 = dW1 + reg * W1", "dW1 = dW1 + 0.5 * reg * W1"),
    ("penalty-sign", "dW2 = dW2 + reg * W2", "dW2 = dW2 - reg * W2"),
    ("penalty-averaged", "dW1 = dW1 + reg * W1", "dW1 = dW1 + reg * W1 / N"),
    ("penalty-constant", "dW1 = dW1 + reg * W1", "dW1 = dW1 + reg * np.sum(W1)"),
    ("penalty-constant", "dW1 = dW1 + reg * W1", "dW1 = dW1 + reg"),
    ("penalty-row-free", "dW1 = dW1 + reg * W1", "dW1[:-1] += reg * W1[:-1]"),
    ("penalty-wrong-matrix", "dW2 = dW2 + reg * W2", "dW1 = dW1 + reg * W1"),
    ("penalty-on-biases", "db1 = dz1.sum(axis=0)", "db1 = dz1.sum(axis=0) + reg * b1"),
    (
        "penalty-missing-in-loss",
        "loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
        "loss = data",
    ),
    (
        "bias-penalty-missing",
        "loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
        "loss = data + 0.5 * reg * sum(np.sum(p * p) for p in params.values())",
    ),
    (
        "penalty-halved",
        "loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
        "loss = data + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
    ),
    ("batch-mean-of-sum", ".sum() / N", ".sum()"),
    ("data-part-missing", "dW2 = dW2 + reg * W2", "dW2 = reg * W2"),
    ("relu-mask-missing", "dz1 = dh * (z1 > 0)", "dz1 = dh"),
    ("relu-mask-missing", "dz1 = dh * (z1 > 0)", "dz1 = dh * (h >= 0)"),
    ("relu-mask-inverted", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 <= 0)"),
    ("relu-on-gradient", "dz1 = dh * (z1 > 0)", "dz1 = np.maximum(dh, 0)"),
    ("relu-on-gradient", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 > 0) * (dh > 0)"),
    ("relu-mask-threshold", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 > 0.01)"),
    ("relu-mask-threshold", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 > -0.3)"),
    ("relu-mask-threshold", "dz1 = dh * (z1 > 0)", "dz1 = dh * (h > 1)"),
    ("relu-saturates", "dz1 = dh * (z1 > 0)", "dz1 = dh * ((z1 > 0) & (z1 < 6))"),
    ("leaky-slope", "dz1 = dh * (z1 > 0)", "dz1 = dh * np.where(z1 > 0, 1, 0.01)"),
    ("leaky-slope", "dz1 = dh * (z1 > 0)", "dz1 = np.where(z1 > 0, dh, 0.2)"),
    ("activation-times-gradient", "dz1 = dh * (z1 > 0)", "dz1 = dh * h"),
    ("sigmoid-derivative", "dz1 = dh * (z1 > 0)", "dz1 = dh * h * (1 - h)"),
    ("upstream-missing", "dz1 = dh * (z1 > 0)", "dz1 = 1.0 * (z1 > 0)"),
    ("target-missing", "ds[rows, y] -= 1", "pass"),
    ("target-added", "ds[rows, y] -= 1", "ds[rows, y] += 1"),
    ("labels-shifted", "ds[rows, y] -= 1", "ds[rows, y - 1] -= 1"),
    ("target-whole-column", "ds[rows, y] -= 1", "ds[:, y] -= 1"),
    ("targets-not-one-hot", "ds[rows, y] -= 1", "ds = ds - y[:, None]"),
    ("softmax-derivative-twice", "ds = ds / N", "ds = ds * probs * (1 - probs) / N"),
    ("softmax-not-normalised", "ds = probs.copy()", "ds = np.exp(scores)"),
    ("softmax-not-normalised", "ds = probs.copy()", "ds = e.copy()"),
    ("softmax-not-normalised", "ds = probs.copy()", "ds = scores.copy()"),
    ("softmax-over-batch", "ds = probs.copy()", "ds = e / e.sum(axis=0)"),
    ("softmax-over-all", "ds = probs.copy()", "ds = e / e.sum()"),
    (
        "softmax-jacobian-diagonal",
        "ds = ds / N",
        "ds = ds / N; q = ds * 0; q[rows, y] = ds[rows, y]; ds = q",
    ),
    ("probabilities-overwritten", "dh = ds @ W2.T", "dh = (probs / N) @ W2.T"),
    ("gradient-as-weights", "dh = ds @ W2.T", "dh = ds @ dW2.T"),
    ("updated-weights", "dh = ds @ W2.T", "dh = ds @ (W2 - 0.1 * dW2).T"),
    ("updated-weights", "dh = ds @ W2.T", "dh = ds @ (W2 - 0.7 * (dW2 + reg * W2)).T"),
    ("weights-magnitude", "dh = ds @ W2.T", "dh = ds @ np.abs(W2).T"),
    ("reshaped", "dh = ds @ W2.T", "dh = ds @ W2.reshape(C, H)"),
    ("reshaped", "dW1 = X.T @ dz1", "dW1 = X.reshape(D, N) @ dz1"),
    ("reshaped", "dW2 = h.T @ ds", "dW2 = (ds.T @ h).reshape(H, C)"),
    ("preactivation-as-activation", "dW2 = h.T @ ds", "dW2 = z1.T @ ds"),
    ("example-dropped", "ds = ds / N", "ds = ds / N; ds[-1] = 0"),
    ("example-dropped", "ds = ds / N", "ds = ds / N; ds[0] = 0"),
    ("examples-mixed", "ds = ds / N", "ds = np.tile(ds.sum(axis=0), (N, 1)) / N"),
    (
        "keys-swapped",
        '"W1": dW1, "b1": db1, "W2": dW2',
        '"W2": dW1, "b1": db1, "W1": dW2',
    ),
    ("keys-missing", '"b1": db1, ', ""),
]

INVENTIONS = [  # (parameter that the tampered term reaches first, line, replacement)
    ("W2", "dW2 = h.T @ ds", "dW2 = (h - h.mean(axis=0)).T @ ds"),
    (
        "W2",
        "ds = probs.copy()",
        "q = np.exp(shifted / 2); ds = q / q.sum(1, keepdims=True)",
    ),
    ("W2", "ds[rows, y] -= 1", "ds[rows, y] -= 0.9; ds -= 0.1 / C"),
    ("W1", "dz1 = dh * (z1 > 0)", "dz1 = dh * (z1 > 0) * (np.arange(H) % 3 > 0)"),
    ("W1", "dz1 = dh * (z1 > 0)", "dz1 = dh / (1 + np.exp(-3 * z1))"),
    ("W2", "dW2 = dW2 + reg * W2", "dW2 = dW2 + reg * W2 ** 2"),
    ("W1", "dW1 = dW1 + reg * W1", "dW1 = dW1 + reg * np.sign(W1)"),
    ("W1", "dW1 = X.T @ dz1", "dW1 = (X / np.linalg.norm(X)).T @ dz1"),
    ("W1", "dW1 = X.T @ dz1", "dW1 = X.T @ dz1; dW1[0] *= 2"),
    ("W1", "dW1 = X.T @ dz1", "dW1 = X[:, ::-1].T @ dz1"),
    ("W2", "ds = ds / N", "ds = ds / N * (1 + y[:, None])"),
    ("W1", "dh = ds @ W2.T", "dh = ds @ W2.T / np.sqrt(H)"),
    (
        "W1",
        "dW1 = X.T @ dz1",
        "dW1 = X.T @ dz1 + 0.01 * np.sin(np.arange(D * H)).reshape(D, H)",
    ),
    ("W2", "dW2 = h.T @ ds", "dW2 = np.sqrt(h).T @ ds"),
    ("W2", "ds = ds / N", "ds = ds / N * np.abs(ds)"),
    ("W1", "dh = ds @ W2.T", "dh = np.tanh(ds @ W2.T)"),
    ("W1", "dh = ds @ W2.T", "dh = (ds - ds.mean(axis=0)) @ W2.T"),
    ("b1", "db1 = dz1.sum(axis=0)", "db1 = np.median(dz1, axis=0)"),
    ("b2", "db2 = ds.sum(axis=0)", "db2 = ds.max(axis=0)"),
    ("W2", "dW2 = h.T @ ds", "dW2 = (h * h).T @ ds"),
]


def edited(*changes):
    """Run the net with some of its lines replaced."""
    source = SOURCE
    for line, replacement in changes:
        assert line in source, line
        source = source.replace(line, replacement)
    namespace = {"np": np}
    exec(source, namespace)
    return namespace["loss_and_grads"]
