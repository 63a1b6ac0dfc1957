"""Linear classifiers for labels -1 and +1; an example is a column of xTr."""

import numpy as np


def hinge(w, xTr, yTr, lambdaa):
    margin = yTr * (w.T @ xTr)
    loss = np.sum(np.maximum(1 - margin, 0)) + lambdaa * np.sum(w**2)
    gradient = -xTr @ (yTr * (margin < 1)).T + 2 * lambdaa * w
    return loss, gradient


def logistic(w, xTr, yTr):
    margin = yTr * (w.T @ xTr)
    loss = np.sum(np.log(1 + np.exp(-yTr * (w.T @ xTr))))
    gradient = -xTr @ (yTr / (1 + np.exp(margin))).T
    return loss, gradient


def ridge(w, xTr, yTr, lambdaa):
    residual = w.T @ xTr - yTr
    loss = np.mean(residual**2) + lambdaa * np.sum(w**2)
    gradient = xTr @ residual.T / xTr.shape[1] + 2 * lambdaa * w
    return loss, gradient
