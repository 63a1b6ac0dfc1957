"""Epochs of stochastic gradient descent that change the weights in place."""

import numpy as np


def softmax_regression_epoch(X, y, theta, lr=0.1, batch=100):
    for start in range(0, X.shape[0], batch):
        Xb, yb = X[start : start + batch], y[start : start + batch]
        Z = np.exp(Xb @ theta)
        Z /= Z.sum(axis=1, keepdims=True)
        Z[np.arange(len(yb)), yb] -= 1
        theta -= lr * (Xb.T @ Z) / len(yb)


def nn_epoch(X, y, W1, W2, lr=0.1, batch=100):
    for start in range(0, X.shape[0], batch):
        Xb, yb = X[start : start + batch], y[start : start + batch]
        Z1 = np.maximum(Xb @ W1, 0)
        G2 = np.exp(Z1 @ W2)
        G2 /= G2.sum(axis=1, keepdims=True)
        G2[np.arange(len(yb)), yb] -= 1
        W2 -= lr * (Z1.T @ G2 / len(yb))
        G1 = (Z1 > 0) * (G2 @ W2.T)
        W1 -= lr * (Xb.T @ G1 / len(yb))
