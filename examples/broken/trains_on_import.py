"""All work at the top level: nothing that could be called."""

import numpy as np

X = np.random.rand(100, 4)
y = np.random.rand(100, 1)
W = np.random.rand(4, 1)
for _ in range(1000):
    error = X @ W - y
    W -= 0.1 * X.T @ error / len(X)
print(W)
