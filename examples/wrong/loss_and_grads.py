"""A plain function: the loss and its gradient, by name."""

import numpy as np


def loss_and_grads(params, X, y, reg):
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    N = X.shape[0]
    hidden = np.maximum(X @ W1 + b1, 0.0)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    penalty = 0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))
    loss = -log_probs[np.arange(N), y].mean() + penalty

    dscores = np.exp(log_probs)
    dscores[np.arange(N), y] -= 1.0
    dhidden = dscores @ W2.T
    dhidden[hidden <= 0.0] = 0.0
    grads = {
        "W1": X.T @ dhidden + reg * W1,
        "b1": dhidden.sum(axis=0),
        "W2": hidden.T @ dscores + reg * W2,
        "b2": dscores.sum(axis=0),
    }
    return loss, grads
