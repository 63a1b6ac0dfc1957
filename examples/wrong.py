"""The same with one mistake: ``gradcheck check examples/wrong.py``."""

import numpy as np


class Net:
    """Two layers, tanh between them, softmax on top, and an L2 penalty."""

    def __init__(self, inputs, hidden, outputs):
        rng = np.random.default_rng(0)
        self.params = {
            "W1": rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
            "b1": np.zeros(hidden),
            "W2": rng.normal(size=(hidden, outputs)) / np.sqrt(hidden),
            "b2": np.zeros(outputs),
        }

    def loss_and_grads(self, X, y, reg=0.0):
        """Return the loss and its gradient by name."""
        p, rows = self.params, np.arange(len(X))
        hidden = np.tanh(X @ p["W1"] + p["b1"])
        scores = hidden @ p["W2"] + p["b2"]
        scores = scores - scores.max(axis=1, keepdims=True)
        log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        penalty = 0.5 * reg * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
        loss = -log_probs[rows, y].mean() + penalty

        dscores = np.exp(log_probs)
        dscores[rows, y] -= 1
        dscores /= len(X)
        dz = (dscores @ p["W2"].T) * (1 - hidden)
        grads = {
            "W1": X.T @ dz + reg * p["W1"],
            "b1": dz.sum(axis=0),
            "W2": hidden.T @ dscores + reg * p["W2"],
            "b2": dscores.sum(axis=0),
        }
        return loss, grads
