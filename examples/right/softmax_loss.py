"""Softmax regression, with a loop and without."""

import numpy as np


def softmax_loss_naive(W, X, y, reg):
    dW = np.zeros_like(W)
    loss = 0.0
    N = X.shape[0]
    for i in range(N):
        scores = X[i].dot(W)
        probs = np.exp(scores - scores.max())
        probs /= probs.sum()
        loss -= np.log(probs[y[i]])
        for c in range(W.shape[1]):
            dW[:, c] += (probs[c] - (c == y[i])) * X[i]
    loss = loss / N + reg * np.sum(W * W)
    dW = dW / N + 2.0 * reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    scores = X.dot(W)
    scores -= scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).mean() + reg * np.sum(W * W)
    probs[np.arange(N), y] -= 1.0
    dW = X.T.dot(probs) / N + 2.0 * reg * W
    return loss, dW
