"""The gradient of one example, its products written out; no loss of its own."""

import numpy as np


def sigm(x):
    return 1 / (1 + np.exp(-x))


def gradient_nn(X, Y, Wi, bi, Wo, bo):
    H = np.maximum(np.matmul(X, Wi) + bi, 0)
    Yo = np.dot(Wo, H) + bo
    h, d = len(Wo), len(X)
    grad_s_bo = -Y * sigm(-Y * Yo)
    grad_s_Wo = grad_s_bo * H
    mask = np.diag((H > 0) * 1.0)
    grad_h_Wi = mask @ np.kron(X, np.eye(h))
    grad_s_Wi = grad_s_bo * (Wo @ grad_h_Wi).reshape(d, h)
    grad_s_bi = grad_s_bo * Wo
    return grad_s_Wi, grad_s_bi, grad_s_Wo, grad_s_bo
