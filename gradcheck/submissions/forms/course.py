"""The layers of a much-read course, for homework handed in without them."""

from typing import Any

import numpy as np


class Relu:
    """Rectified linear unit."""

    def forward(self, x: Any) -> Any:
        """Return ``max(x, 0)``."""
        self.mask = x <= 0
        return np.where(self.mask, 0.0, x)

    def backward(self, dout: Any) -> Any:
        """Return the gradient of the input."""
        return np.where(self.mask, 0.0, dout)


class Sigmoid:
    """Logistic function."""

    def forward(self, x: Any) -> Any:
        """Return ``1 / (1 + exp(-x))``."""
        self.out = 1.0 / (1.0 + np.exp(-x))
        return self.out

    def backward(self, dout: Any) -> Any:
        """Return the gradient of the input."""
        return dout * self.out * (1.0 - self.out)


class Affine:
    """Linear map and bias; keeps ``dW`` and ``db``."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b

    def forward(self, x: Any) -> Any:
        """Return ``x @ W + b``."""
        self.x = x.reshape(x.shape[0], -1)
        return self.x @ self.W + self.b

    def backward(self, dout: Any) -> Any:
        """Return the gradient of the input, and keep those of W and b."""
        self.dW, self.db = self.x.T @ dout, np.sum(dout, axis=0)
        return dout @ self.W.T


class SoftmaxWithLoss:
    """Softmax and mean cross-entropy."""

    def forward(self, x: Any, t: Any) -> Any:
        """Return the loss of scores `x` for labels or one-hot rows `t`."""
        shifted = x - x.max(axis=1, keepdims=True)
        self.y = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        self.t = t if t.size == x.size else np.eye(x.shape[1])[np.asarray(t).ravel()]
        return -np.sum(self.t * np.log(self.y)) / x.shape[0]

    def backward(self, dout: Any = 1) -> Any:
        """Return the gradient of the scores."""
        return dout * (self.y - self.t) / self.t.shape[0]


LAYERS: dict[str, Any] = {
    "Relu": Relu, "Sigmoid": Sigmoid, "Affine": Affine,
    "SoftmaxWithLoss": SoftmaxWithLoss,
}  # fmt: skip


THREE_LAYERS = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def relu(x):
    return np.maximum(0, x)

def forward_propagation(X, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    W3, b3 = parameters["W3"], parameters["b3"]
    Z1 = np.dot(W1, X) + b1
    A1 = relu(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = relu(Z2)
    Z3 = np.dot(W3, A2) + b3
    A3 = sigmoid(Z3)
    return A3, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)

def compute_cost(a3, Y):
    return -np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3)) / Y.shape[1]

compute_loss = compute_cost
"""
"""Source of the helpers that a course's exercises on regularisation import."""

SOURCES = dict.fromkeys(("reg_utils", "init_utils", "opt_utils"), THREE_LAYERS)
