"""A net of one's own: weights as attributes, a step instead of a gradient."""

import numpy as np


class NeuralNetwork:
    def __init__(self, n_inputs, n_hidden, n_outputs, learning_rate=0.1):
        rng = np.random.default_rng(0)
        self.weights1 = rng.normal(size=(n_inputs, n_hidden))
        self.bias1 = np.zeros((1, n_hidden))
        self.weights2 = rng.normal(size=(n_hidden, n_outputs))
        self.bias2 = np.zeros((1, n_outputs))
        self.learning_rate = learning_rate

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def feedforward(self, X):
        self.hidden = self.sigmoid(X @ self.weights1 + self.bias1)
        self.output = self.sigmoid(self.hidden @ self.weights2 + self.bias2)
        return self.output

    def compute_loss(self, y, output):
        return 0.5 * np.sum((y - output) ** 2) / len(y)

    def backward(self, X, y, output):
        delta2 = (output - y) / len(y)
        delta1 = (delta2 @ self.weights2.T) * self.hidden * (1 - self.hidden)
        self.weights2 -= self.learning_rate * self.hidden.T @ delta2
        self.bias2 -= self.learning_rate * delta2.sum(axis=0, keepdims=True)
        self.weights1 -= self.learning_rate * X.T @ delta1
        self.bias1 -= self.learning_rate * delta1.sum(axis=0, keepdims=True)
