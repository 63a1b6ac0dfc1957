"""Logistic regression from scratch: `fit` makes the weights and trains them."""

import numpy as np


class LogisticRegression:
    def __init__(self, learning_rate=0.01, n_iters=1000):
        self.learning_rate = learning_rate
        self.n_iters = n_iters
        self.weights = None
        self.bias = None

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights = np.zeros(n_features)
        self.bias = 0.0
        for _ in range(self.n_iters):
            p = self._sigmoid(np.dot(X, self.weights) + self.bias)
            dw = np.dot(X.T, p - y) / n_samples
            db = np.sum(p - y) / n_samples
            self.weights -= self.learning_rate * dw
            self.bias -= self.learning_rate * db

    def predict(self, X):
        return (np.dot(X, self.weights) + self.bias > 0).astype(int)

    def _sigmoid(self, z):
        return 1 / (1 + np.exp(-z))
