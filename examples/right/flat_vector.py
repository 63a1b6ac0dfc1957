"""Cost and gradient of all parameters in one vector; the cost is a sum."""

import numpy as np


def forward_backward_prop(data, labels, params, dimensions):
    ofs = 0
    Dx, H, Dy = (dimensions[0], dimensions[1], dimensions[2])
    W1 = np.reshape(params[ofs : ofs + Dx * H], (Dx, H))
    ofs += Dx * H
    b1 = np.reshape(params[ofs : ofs + H], (1, H))
    ofs += H
    W2 = np.reshape(params[ofs : ofs + H * Dy], (H, Dy))
    ofs += H * Dy
    b2 = np.reshape(params[ofs : ofs + Dy], (1, Dy))

    h = 1 / (1 + np.exp(-(data @ W1 + b1)))
    scores = h @ W2 + b2
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    yhat = e / e.sum(axis=1, keepdims=True)
    cost = -np.sum(labels * np.log(yhat))

    d2 = yhat - labels
    gradW2 = h.T @ d2
    gradb2 = np.sum(d2, axis=0)
    d1 = (d2 @ W2.T) * h * (1 - h)
    gradW1 = data.T @ d1
    gradb1 = np.sum(d1, axis=0)
    grad = np.concatenate(
        (gradW1.flatten(), gradb1.flatten(), gradW2.flatten(), gradb2.flatten())
    )
    return cost, grad
