"""A two-layer net whose strength of regularisation is an attribute."""

import numpy as np


class TwoLayerNet:
    def __init__(self, input_dim, hidden_dim, num_classes, weight_scale=1e-3, reg=0.0):
        rng = np.random.default_rng(0)
        self.reg = reg
        self.params = {}
        self.params["W1"] = weight_scale * rng.normal(size=(input_dim, hidden_dim))
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * rng.normal(size=(hidden_dim, num_classes))
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        before = X @ W1 + b1
        hidden = np.maximum(before, 0)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        rows = np.arange(len(X))
        scores = scores - scores.max(axis=1, keepdims=True)
        logp = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
        loss = -np.mean(logp[rows, y])
        loss += 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2))
        dscores = np.exp(logp)
        dscores[rows, y] -= 1
        dscores /= len(X)
        dbefore = dscores @ W2.T
        grads = {}
        grads["W2"] = hidden.T @ dscores + self.reg * W2
        grads["b2"] = dscores.sum(axis=0)
        grads["W1"] = X.T @ dbefore + self.reg * W1
        grads["b1"] = dbefore.sum(axis=0)
        return loss, grads
