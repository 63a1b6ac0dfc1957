"""The line pointed at is the line that makes the mistake; where unsure, none is.

Each source is wrong in the line marked ``# !``; a source without a mark is one where
several places fit, and nothing is to be said.
"""

import ast
import json

import pytest

from gradcheck.report import Finding, ParameterReport, Report, Subject, Verdict
from gradcheck.report.words import plain_text
from gradcheck.submissions.source import locate
from gradcheck.submissions.source.text import LARGEST, read_text

NET = """
import numpy as np

def loss_and_grads(params, X, y, reg):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    N = X.shape[0]
    pre = X @ W1 + b1
    hidden = np.maximum(pre, 0)
    scores = hidden @ W2 + b2
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(N), y]).mean()
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    d = probs.copy()
    d[np.arange(N), y] -= 1
    d /= N
    grads = {}
    grads["W2"] = hidden.T @ d + reg * W2
    grads["b2"] = d.sum(axis=0)
    dh = d @ W2.T
    dz = dh * (pre > 0)
    grads["W1"] = X.T @ dz + reg * W1
    grads["b1"] = dz.sum(axis=0)
    return loss, grads
"""


def edited(old, new):
    """Return the net with one piece of it written otherwise, and marked."""
    assert NET.count(old) == 1
    return NET.replace(old, new)


ALL = "W1 b1 W2 b2"
LINES = [
    ("batch-sum", ALL, edited("-= 1\n    d /= N", "-= 1  # !")),
    ("batch-mean-twice", ALL, edited(
        "    grads = {}", "    d = d / N  # !\n    grads = {}")),
    ("batch-mean-of-sum", ALL, edited("d /= N", "d /= N  # !")),
    ("batch-mean-hidden-twice", "W1 b1", edited(
        "dh = d @ W2.T", "dh = d @ W2.T / N  # !")),
    ("batch-mean-hidden-twice", "W1 b1", edited(
        "X.T @ dz + reg * W1", "X.T @ dz / N + reg * W1  # !")),
    ("batch-mean-partial", "b2", edited(
        "d.sum(axis=0)", "d.sum(axis=0) / N  # !")),
    ("batch-mean-partial", "b2", edited(
        "d.sum(axis=0)", "(d * N).sum(axis=0)  # !")),
    ("batch-mean-partial", "b2", edited(
        "d.sum(axis=0)", "probs.sum(axis=0)  # !")),
    ("batch-sum", "W2", edited("hidden.T @ d +", "hidden.T @ probs +  # !\\\n").replace(
        "+  # !\\\n", "+").replace("reg * W2\n", "reg * W2  # !\n")),
    ("divided-by-features", ALL, edited("d /= N", "d /= X.shape[1]  # !").replace(
        ").mean()", ").sum() / N")),
    ("divided-by-n-minus-one", ALL, edited("d /= N", "d = d / (N - 1)  # !")),
    ("constant-factor", "W2", edited("hidden.T @ d", "2 * hidden.T @ d").replace(
        "reg * W2\n", "reg * W2  # !\n")),
    ("constant-factor", "b2", edited(
        "d.sum(axis=0)", "d.sum(axis=0)  # !")),
    ("constant-factor", ALL, edited("d /= N", "d /= N\n    d *= 2  # !")),
    ("constant-factor", ALL, edited("d /= N", "d /= N / 2\n    d *= 4")),
    ("example-dropped", ALL, edited("d /= N", "d = d[1:] / N  # !")),
    ("example-dropped", ALL, edited("d /= N", "d /= N")),
    ("penalty-missing", "W2", edited(" + reg * W2", "  # !")),
    ("penalty-missing", "W1 W2", edited(" + reg * W2", "").replace(
        " + reg * W1", "").replace("W2 * W2))", "W2 * W2))  # !")),
    ("penalty-missing", "W1", edited(" + reg * W1", "").replace(
        " + reg * W2", '\n    grads["W2"] += reg * W2  # !')),
    ("penalty-missing", "W2", edited(" + reg * W2", "  # !").replace(
        " + reg * W1", "").replace("0.5 * reg * (", "0.5 * (")),
    ("penalty-halved", "W1", edited("reg * W1", "0.5 * reg * W1  # !")),
    ("penalty-doubled", "W2", edited("reg * W2", "2 * reg * W2  # !")),
    ("penalty-sign", "W2", edited("+ reg * W2", "- reg * W2  # !")),
    ("penalty-constant", "W2", edited("reg * W2", "reg * 1.0 * N  # !")),
    ("penalty-wrong-matrix", "W1", edited("reg * W1", "reg * W1  # !")),
    ("penalty-averaged", "W1", edited("reg * W1", "reg * W1 / N  # !")),
    ("penalty-averaged", "W1", edited(
        "reg * W1", 'reg * W1  # !\n    grads["W1"] /= N')),
    ("penalty-on-biases", "b1", edited(
        "dz.sum(axis=0)", "dz.sum(axis=0) + reg * b1  # !")),
    ("penalty-missing-in-loss", "W1 W2", edited(
        "    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))\n", "").replace(
        "reg * W2\n", "reg * W2  # !\n")),
    ("penalty-doubled", "W2", edited("reg * W2", "reg * W2 + reg * W2")),
    ("penalty-row-free", "W2", edited(
        "    grads = {}", "    R = W2.copy()\n    R[0] = 0  # !\n    grads = {}").replace(  # noqa: E501
        "reg * W2\n", "reg * R\n")),
    ("penalty-row-free", "W2", edited("reg * W2", "reg * np.triu(W2)  # !")),
    ("bias-penalty-missing", "b1 b2", edited(
        "(np.sum(W1 * W1)", "(np.sum(b1 * b1) + np.sum(W1 * W1)").replace(
        "W2 * W2))", "W2 * W2))  # !")),
    ("bias-penalty-missing", "b1 b2", NET),
    ("penalty-strength-missing-in-loss", "W1", edited(
        "    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))",
        "    loss += np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)  # !")),
    ("penalty-strength-missing-in-loss", "W1", NET),
    ("data-part-missing", "W2", edited(
        "+ reg * W2", '\n    grads["W2"] = reg * W2  # !')),
    ("relu-mask-missing", "W1 b1", edited("dh * (pre > 0)", "dh").replace(
        "d @ W2.T", "d @ W2.T  # !")),
    ("relu-mask-missing", "W1 b1", edited(
        "dh * (pre > 0)", "dh * (hidden >= 0)  # !")),
    ("relu-mask-missing", "W1 b1", edited(
        "dz = dh * (pre > 0)", "dz = dh\n    dz[hidden < 0] = 0  # !")),
    ("relu-mask-inverted", "W1 b1", edited("(pre > 0)", "(pre < 0)  # !")),
    ("relu-mask-threshold", "W1 b1", edited("(pre > 0)", "(pre > 1)  # !")),
    ("relu-on-gradient", "W1 b1", edited(
        "dh * (pre > 0)", "np.maximum(0, dh)  # !")),
    ("leaky-slope", "W1 b1", edited(
        "dh * (pre > 0)", "np.where(pre > 0, dh, 0.01 * dh)  # !")),
    ("activation-times-gradient", "W1 b1", edited("(pre > 0)", "hidden  # !")),
    ("sigmoid-derivative", "W1 b1", edited(
        "dh * (pre > 0)", "dh * hidden * (1 - hidden)  # !")),
    ("upstream-missing", "W1 b1", edited("dh * (pre > 0)", "(pre > 0) * 1.0  # !")),
    ("gradient-as-weights", "W1 b1", edited("d @ W2.T", 'd @ grads["W2"].T  # !')),
    ("weights-magnitude", "W1 b1", edited("d @ W2.T", "d @ np.abs(W2).T  # !")),
    ("updated-weights", "W1 b1", edited(
        "    dh = d @ W2.T", '    W2 -= 0.1 * grads["W2"]\n    dh = d @ W2.T  # !')),
    ("updated-weights", "W1 b1", NET),
    ("reshaped", "W2", edited("hidden.T @ d", "hidden.reshape(-1, N) @ d").replace(
        "reg * W2\n", "reg * W2  # !\n")),
    ("preactivation-as-activation", "W2", edited("hidden.T @ d", "pre.T @ d").replace(
        "reg * W2\n", "reg * W2  # !\n")),
    ("target-missing", ALL, edited(
        "    d = probs.copy()\n    d[np.arange(N), y] -= 1",
        "    d = probs.copy()  # !")),
    ("target-missing", ALL, edited(
        "    d[np.arange(N), y] -= 1", "    d[np.arange(N), y][:] -= 1  # !")),
    ("target-added", ALL, edited("y] -= 1", "y] += 1  # !")),
    ("target-whole-column", ALL, edited("d[np.arange(N), y] -= 1", "d[:, y] -= 1  # !")),  # noqa: E501
    ("labels-shifted", ALL, edited("d[np.arange(N), y]", "d[np.arange(N), y - 1]")
        .replace("-= 1\n", "-= 1  # !\n")),
    ("sign-flipped", ALL, edited("d /= N", "d /= -N  # !")),
    ("sign-flipped", ALL, edited(
        "    d[np.arange(N), y] -= 1", "    d = np.eye(3)[y] - probs  # !")),
    ("sign-flipped", "b2", edited("d.sum(axis=0)", "-d.sum(axis=0)  # !")),
    ("sign-flipped", ALL, NET),
    ("softmax-over-batch", ALL, edited(
        "probs.sum(axis=1, keepdims=True)", "probs.sum(axis=0)  # !")),
    ("softmax-derivative-twice", ALL, edited(
        "d /= N", "d = d * probs * (1 - probs) / N  # !")),
    ("softmax-jacobian-diagonal", ALL, edited(
        "d /= N", "d = probs * (1 - probs) / N  # !")),
    ("bias-mean", "b2", edited("d.sum(axis=0)", "d.mean(axis=0)  # !")),
    ("bias-mean", "b2", NET),
    ("bias-scalar", "b2", edited("d.sum(axis=0)", "d.sum() + 0 * b2  # !")),
    ("bias-missing", "b2", edited("d.sum(axis=0)", "np.zeros_like(b2)  # !")),
    ("bias-one-example", "b2", edited("d.sum(axis=0)", "d[0]  # !")),
    ("bias-before-mask", "b1", edited("dz.sum(axis=0)", "dh.sum(axis=0)  # !")),
    ("rounded", ALL, edited("d /= N", "d = np.round(d / N, 3)  # !")),
    ("clipped", ALL, edited("d /= N", "d = np.clip(d / N, -1, 1)  # !")),
    ("single-precision", ALL, edited("d /= N", "d = (d / N).astype(np.float32)  # !")),
    ("single-precision", ALL, edited("d /= N", 'd = (d / N).astype("float32")  # !')),
    ("", "b2", edited("d.sum(axis=0)", "np.sin(d).sum(axis=0)  # !")),
    ("", "W1", edited("X.T @ dz", "np.cos(X.T) @ dz").replace(
        "reg * W1\n", "reg * W1  # !\n")),
    ("", ALL, NET),
    ("accumulates", ALL, NET),
]  # fmt: skip

STYLES = {
    "loops": ("softmax-jacobian-diagonal", "W", "softmax_loss", """
def softmax_loss(W, X, y, reg):
    loss, dW = 0.0, np.zeros_like(W)
    for i in range(X.shape[0]):
        s = X[i].dot(W)
        p = np.exp(s) / np.sum(np.exp(s))
        loss -= np.log(p[y[i]])
        for j in range(W.shape[1]):
            if j == y[i]:
                dW[:, j] += (p[j] - 1) * X[i]  # !
    dW /= X.shape[0]
    return loss / X.shape[0] + reg * np.sum(W * W), dW + 2 * reg * W
"""),
    "batch of loops": ("batch-sum", "W", "softmax_loss", """
def softmax_loss(W, X, y, reg):
    loss, grad = 0.0, np.zeros_like(W)
    for i in range(len(X)):
        p = np.exp(X[i] @ W)
        p /= p.sum()
        loss -= np.log(p[y[i]])
        for j in range(len(p)):
            grad[:, j] += (p[j] - float(j == y[i])) * X[i]  # !
    return loss / len(X), grad
"""),
    "range": ("example-dropped", "W", "softmax_loss", """
def softmax_loss(W, X, y, reg):
    num_train, dW = len(X), np.zeros_like(W)
    for i in range(1, num_train):  # !
        dW += delta(W, X[i], y[i])
    return 0.0, dW
"""),
    "helpers": ("relu-mask-missing", "W1 b1", "loss", """
def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

def relu_backward(dout, x):
    return dout * (x >= -1e9)  # !

def loss(params, X, y, reg):
    h = np.maximum(X @ params["W1"] + params["b1"], 0)
    d = softmax(h @ params["W2"] + params["b2"]) - one_hot(y)
    dh, dW2, db2 = affine_backward(d, (h, params["W2"]))
    dz = relu_backward(dh, h)
    _, dW1, db1 = affine_backward(dz, (X, params["W1"]))
    return 0.0, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""),
    "class": ("activation-times-gradient", "W1 b1", "Net", """
class Base:
    def backward(self, X, y):
        d2 = (self.output - y) / len(y)
        d1 = (d2 @ self.weights2.T) * self.hidden  # !
        self.weights2 -= self.lr * self.hidden.T @ d2
        self.bias2 -= self.lr * d2.sum(axis=0)
        self.weights1 -= self.lr * X.T @ d1
        self.bias1 -= self.lr * d1.sum(axis=0)

class Net(Base):
    def __init__(self):
        self.weights1 = self.weights2 = None
        self.output = 1

    def forward(self, X):
        self.hidden = np.tanh(X @ self.weights1 + self.bias1)
        self.output = self.hidden @ self.weights2 + self.bias2
        return self.output

    def train(self, X, y):
        for _ in range(10):
            self.forward(X)
            self.backward(X, y)
"""),
    "down the layers": ("derivative-missing", "W1", "Network.backprop", """
class Network:
    def backprop(self, x, y):
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = self.activations[-1] - y
        nabla_w[-1] = np.dot(delta, self.activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(self.activations[-l])
            delta = np.dot(self.weights[-l + 1].transpose(), delta)  # !
            nabla_w[-l] = np.dot(delta, self.activations[-l - 1].T)
        return nabla_w
"""),
    "down the layers by a factor": (
        "sigmoid-derivative", "W1", "Network.backprop", """
class Network:
    def backprop(self, x, y):
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = self.activations[-1] - y
        nabla_w[-1] = np.dot(delta, self.activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(self.activations[-l])  # !
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            nabla_w[-l] = np.dot(delta, self.activations[-l - 1].T)
        return nabla_w
"""),
    "down the layers by a function": (
        "derivative-missing", "W1", "Network.backprop", """
class Network:
    def backprop(self, x, y):
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = self.activations[-1] - y
        nabla_w[-1] = np.dot(delta, self.activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(self.activations[-l])
            delta = np.dot(np.transpose(self.weights[-l + 1]), delta)  # !
            nabla_w[-l] = np.dot(delta, self.activations[-l - 1].T)
        return nabla_w
"""),
    "twice down the layers": ("derivative-missing", "W1", "Network.backprop", """
class Network:
    def backprop(self, x, y):
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = self.activations[-1] - y
        nabla_w[-1] = np.dot(delta, self.activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(self.activations[-l])
            delta = np.dot(self.weights[-l + 1].transpose(), delta)
            delta = np.dot(self.weights[-l].T, delta)
            nabla_w[-l] = np.dot(delta, self.activations[-l - 1].T)
        return nabla_w
"""),
    "another mistake": ("bias-one-example", "b1", "Network.backprop", """
class Network:
    def backprop(self, x, y):
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        delta = self.activations[-1] - y
        nabla_w[-1] = np.dot(delta, self.activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(self.activations[-l])
            delta = np.dot(self.weights[-l + 1].transpose(), delta)
            delta = np.dot(self.weights[-l].T, delta)
            nabla_w[-l] = np.dot(delta, self.activations[-l - 1].T)
        return nabla_w
"""),
    "method": ("bias-mean", "b1", "Net.gradient", """
class Net:
    def gradient(self, X, y):
        d, h = self.top(X, y)
        self.dW2, self.db2 = h.T @ d, d.sum(0)
        dz = d @ self.W2.T * (h > 0)
        self.dW1, self.db1 = X.T @ dz, dz.mean(0)  # !
"""),
    "method by its name": ("bias-mean", "b1", "Other.gradient", """
class Net:
    def gradient(self, X, y):
        self.dW1, self.db1 = X.T @ y, y.mean(0)  # !

class Other(Net):
    pass
"""),
    "lambda": ("sign-flipped", "W", "loss", """
def loss(W, X, y, reg):
    minus = lambda p, t: t - p  # !
    return 0.0, grad_of(W, X, y)

delta = lambda p, y: one_hot(y) - p  # !

def grad_of(W, X, y):
    dW = X.T @ delta(softmax(X @ W), y) / len(X)
    return dW
"""),
    "unpacking": ("batch-mean-partial", "b1", "backward", """
def backward(W2, X, Y, A1, A2):
    m = X.shape[1]
    dZ2 = A2 - Y
    dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
    dW1, db1, dW2, db2 = (
        dZ1 @ X.T / m,
        dZ1.sum(axis=1, keepdims=True),  # !
        dZ2 @ A1.T / m,
        dZ2.sum(axis=1, keepdims=True) / m,
    )
    return dW1, db1, dW2, db2
"""),
    "unknown count": ("batch-mean-of-sum", "W", "f", """
def f(W, X, y):
    rows, _ = X.shape
    d = softmax(X @ W) - one_hot(y)
    grad = X.T @ d / rows  # !
    return 0.0, grad
"""),
    "comprehension": ("constant-factor", "W", "f", """
def f(W, X, y):
    d = softmax(X @ W) - one_hot(y)
    grad = np.sum([3 * np.outer(x, e) for x, e in zip(X, d)], axis=0)  # !
    return 0.0, grad
"""),
    "appended": ("constant-factor", "W", "f", """
def f(W, X, y):
    rows = []
    for x, e in zip(X, softmax(X @ W) - one_hot(y)):
        rows.append(3 * np.outer(x, e))  # !
    grad = sum(rows)
    return 0.0, grad
"""),
    "scatter": ("target-added", "W", "f", """
def f(W, X, y):
    p = softmax(X @ W)
    np.add.at(p, (np.arange(len(X)), y), 1)  # !
    dW: object = X.T @ p / len(X)
    return 0.0, dW
"""),
    "chained": ("penalty-doubled", "W", "f", """
def f(W, X, y, reg):
    try:
        with np.errstate(all="ignore"):
            dW = grad = X.T @ (softmax(X @ W) - one_hot(y))
    except ValueError:
        raise
    while False:
        pass
    dW = dW / len(X)
    dW = dW + 4 * reg * W  # !
    return 0.0, dW
"""),
    "step": ("updated-weights", "W1", "nn_epoch", """
def nn_epoch(X, y, W1, W2, lr):
    Z1 = np.maximum(X @ W1, 0)
    G2 = softmax(Z1 @ W2) - one_hot(y)
    W2 -= lr * Z1.T @ G2
    G1 = (Z1 > 0) * (G2 @ W2.T)  # !
    W1 = W1 - lr * X.T @ G1
"""),
    "letters": ("penalty-missing", "W1", "f", """
def f(X, y, Wi, bi, Wo, bo, lam):
    h = np.maximum(X @ Wi + bi, 0)
    d = softmax(h @ Wo + bo) - one_hot(y)
    grad_Wo = h.T @ d + lam * Wo
    dz = d @ Wo.T * (h > 0)
    grad_Wi = X.T @ dz  # !
    return grad_Wi, dz.sum(0), grad_Wo, d.sum(0)
"""),
    "unused": ("", "W1", "f", """
def f(W1, W2, W3, X, y):
    h1 = sigmoid(X @ W1); h2 = sigmoid(h1 @ W2)
    e = h2 @ W3 - y
    e2 = e @ W3.T
    d2 = e2 * h2 * (1 - h2)
    e1 = d2 @ W2.T
    d1 = e2 * h1 * (1 - h1)  # !
    return X.T @ d1, {"dW1": X.T @ d1, "dW2": h1.T @ d2, "dW3": h2.T @ e}
"""),
    "stacked": ("bias-penalty-missing", "b1", "f", """
def f(W1, b1, X, y, reg):
    W1 = np.vstack((W1, b1))  # !
    loss = reg * np.sum(W1 * W1)
    dW1, db1 = X.T @ y + 2 * reg * W1, y.sum(0)
    return loss, dW1, db1
"""),
    "recursion": ("bias-mean", "b", "f", """
def f(W, b, X, y):
    dW, db = g(X, y), g(y, 0).mean(0)  # !
    return dW, db

def g(a, b):
    return g(b, a) if b else a
"""),
    "activation layer": ("sigmoid-derivative", "W1 b1", "Net", """
class Sigmoid:
    def backward(self, dout):
        return dout * self.out * (1 + self.out)  # !

class Net:
    def gradient(self, x, t):
        for layer in self.layers:
            dout = layer.backward(dout)
        return {"W1": layer.dW, "W2": layer.dW, "b1": layer.db, "b2": layer.db}
"""),
    "two layers of activation": ("sigmoid-derivative", "W1 b1", "Net", """
class Sigmoid:
    def backward(self, dout):
        return dout * self.out * (1 + self.out)

class Relu(Sigmoid):
    def backward(self, dout):
        return dout

class Net:
    def gradient(self, x, t):
        return {"W1": layer.dW, "W2": layer.dW, "b1": layer.db, "b2": layer.db}
"""),
    "many layers": ("relu-mask-missing", "W1 W2 b1 b2", "f", """
def f(weights, X, y):
    for k in reversed(range(3)):
        nabla_w[k] = a[k].T @ d
        d = d @ weights[k].T  # !
    return 0.0, nabla_w
"""),
    "nothing there": ("batch-sum", "W", "f", "def f(W, X, y):\n    return 0\n"),
    "another object": ("batch-sum", "W", "g", "def f(W, X, y):\n    return 0\n"),
}  # fmt: skip


def report_of(identity, names, label="loss_and_grads", params=None, **more):
    """Make the report in which one mistake was found."""
    wrong = tuple(names.split())
    every = params or sorted({*wrong, *(() if wrong[0] in ("W", "b") else ALL.split())})
    return Report(
        Verdict.WRONG,
        subject=Subject(object=label),
        parameters={
            n: ParameterReport(Verdict.WRONG if n in wrong else Verdict.CORRECT)
            for n in every
        },
        findings=(Finding(identity, wrong, statement="so it is", **more),),
    )


def pointed(tmp_path, source, report, name="student.py"):
    """Return the finding after the search for its line."""
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    return locate(path, report).findings[0]


def marked(source):
    """Return the line that a source marks, if any."""
    lines = [n for n, t in enumerate(source.split("\n"), 1) if "# !" in t]
    return lines[-1] if lines else None


@pytest.mark.parametrize(
    ("identity", "names", "source"),
    LINES,
    ids=[f"{i}-{identity}" for i, (identity, _, _) in enumerate(LINES)],
)
def test_the_line_that_was_changed_is_pointed_at(tmp_path, identity, names, source):
    ast.parse(source)
    found = pointed(tmp_path, source, report_of(identity, names))
    assert found.line == marked(source)
    assert (found.file, found.column) == (None, None) or found.file == "student.py"


def parameters_of(style):
    """Return the parameters that the sources of some styles have."""
    two = ["W1", "b1", "W2", "b2"]
    return {
        "step": ["W1", "W2"], "letters": ["W1", "W2"], "unused": ["W1", "W2", "W3"],
        "stacked": ["W1", "b1"], "recursion": ["W", "b"],
        "method by its name": ["W1", "b1"], "many layers": ["W1", "W2", "b1", "b2"],
    }.get(style, two if "1" in STYLES[style][1] else ["W"])  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_the_line_is_found_in_many_styles(tmp_path, style):
    identity, names, label, source = STYLES[style]
    report = report_of(identity, names, label, parameters_of(style))
    assert pointed(tmp_path, source, report).line == marked(source)


def test_every_rule_belongs_to_a_mistake():
    from gradcheck.faults import CATALOGUE
    from gradcheck.submissions.source.rules import RULES

    assert set(RULES) <= set(CATALOGUE)


def test_the_report_shows_the_line_with_carets_under_it(tmp_path):
    source = edited("d.sum(axis=0)", "d.mean(axis=0)").replace(
        "    dh =", "    # \x1b[31mµ" + "x" * 90 + "\n    dh ="
    )
    path = tmp_path / "net.py"
    path.write_text(source, encoding="utf-8")
    text = plain_text(locate(path, report_of("bias-mean", "b2")))
    assert (
        "   --> net.py:19\n"
        "    17 |     grads = {}\n"
        '    18 |     grads["W2"] = hidden.T @ d + reg * W2\n'
        '    19 |     grads["b2"] = d.mean(axis=0)\n'
        "       |                   ^^^^^^^^^^^^^^ a mean, not the sum\n"
        "    20 |     # [31mµ" + "x" * 59 + "…\n"
        "    21 |     dh = d @ W2.T\n"
    ) in text


def test_columns_count_characters_and_tabs_are_expanded(tmp_path):
    source = 'def f(W, X):\n\tµ = "é"; dW, db = X.T @ µ, µ.mean(0)\n\treturn dW, db\n'
    found = pointed(tmp_path, source, report_of("bias-mean", "b", "f", ["W", "b"]))
    shown = dict(found.snippet)[2]
    assert shown[found.column : found.end_column] == "µ.mean(0)"
    assert shown.startswith('    µ = "é"')


def test_a_statement_of_several_lines_is_marked_in_its_first(tmp_path):
    source = (
        "def f(W, X, d):\n    db = d.mean(\n        axis=0,\n    )\n    return db, W\n"
    )
    found = pointed(tmp_path, source, report_of("bias-mean", "b", "f", ["b"]))
    assert dict(found.snippet)[2][found.column : found.end_column] == "d.mean("


def test_a_line_too_long_to_show_is_not_pointed_at(tmp_path):
    source = (
        f"def f(W, d):\n    db = d.mean(0 * ({'+'.join('x' * 300)}))\n    return db\n"
    )
    report = report_of("bias-mean", "b", "f", ["b"])
    assert pointed(tmp_path, source, report).line is None


def notebook(*cells):
    """Write a notebook of code cells."""
    made = [{"cell_type": "markdown", "source": "no code"}]
    made += [{"cell_type": "code", "source": c.splitlines(True)} for c in cells]
    return json.dumps({"cells": made})


def test_a_line_of_a_notebook_is_a_line_of_its_cell(tmp_path):
    wrong = "def f(W, d):\n    db = d.mean(0)\n    return db"
    report = report_of("bias-mean", "b", "f", ["b"])
    for last in ("", "x = 1"):
        source = notebook("%matplotlib inline", "x = 1\ny = 2", wrong, last)
        found = pointed(tmp_path, source, report, "work.ipynb")
        assert (found.file, found.line) == ("work.ipynb, cell 3", 2)
        assert [n for n, _ in found.snippet] == [1, 2, 3]
    huge = notebook("x" * (LARGEST + 1), wrong)
    assert pointed(tmp_path, huge, report, "work.ipynb").line == 2


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.py", "def f(:\n"),
        ("a.py", "x = 1\n" * LARGEST),
        ("a.py", "x = " + "-" * 50_000 + "1\n"),
        ("a.py", "x = " + "1 + " * 20_000 + "1\n"),
        ("a.py", "x = " + "(" * 90_000 + "\n"),
        ("a.ipynb", "[1]"),
        ("a.ipynb", "{}"),
        ("a.ipynb", "[" * 100_000),
    ],
)
def test_a_file_that_cannot_be_parsed_safely_is_left_alone(tmp_path, name, source):
    report = report_of("batch-sum", ALL)
    assert pointed(tmp_path, source, report, name).line is None


def test_a_file_that_nobody_wrote_by_hand_is_left_alone(tmp_path):
    source = "def loss_and_grads(params, X, y, reg):\n" + "    dW2 = 1\n" * 2001
    assert pointed(tmp_path, source, report_of("batch-sum", ALL)).line is None


def test_deep_code_is_left_alone(tmp_path, monkeypatch):
    def deep(*_):
        raise RecursionError

    monkeypatch.setattr("gradcheck.submissions.source.roots", deep)
    assert pointed(tmp_path, NET, report_of("batch-sum", ALL)).line is None


def test_a_missing_file_is_left_alone(tmp_path):
    assert read_text(tmp_path / "none.py") is None


def test_only_findings_of_a_wrong_gradient_get_a_line(tmp_path):
    right = Report(Verdict.CORRECT, findings=(Finding("batch-sum", ("W1",)),))
    assert locate(tmp_path / "none.py", right) is right
    known = report_of("batch-sum", ALL, line=3)
    assert pointed(tmp_path, NET, known).line == 3
    strange = report_of("batch-sum", "W9", params=["W1"])
    assert pointed(tmp_path, NET, strange).line is None


def test_each_of_several_objects_has_its_own_lines(tmp_path):
    source = (
        "def f(W, d):\n    db = d.mean(0)\n    return W, db\n\n"
        "def g(W, d):\n    db = d.mean(1)\n    return W, db\n"
    )
    wrong = ParameterReport(Verdict.WRONG)
    report = Report(
        Verdict.WRONG,
        subject=Subject(object="f,g"),
        parameters={"f.b": wrong, "g.b": wrong},
        findings=(Finding("bias-mean", ("g.b",)), Finding("bias-mean", ("f.b",))),
    )
    path = tmp_path / "two.py"
    path.write_text(source)
    assert [f.line for f in locate(path, report).findings] == [6, 2]


def test_a_submission_is_checked_with_its_line(tmp_path):
    from gradcheck.submissions import check_submission

    path = tmp_path / "net.py"
    path.write_text(edited("d.sum(axis=0)", "d.mean(axis=0)"))
    (found,) = check_submission(path).findings
    assert (found.file, found.line) == ("net.py", 19)


ODD = [
    ("penalty-missing", "W", "f", "class A(Net.Base):\n    x: int\n"),
    ("bias-mean", "b", "A", "class A:\n    def g(self, d):\n        db = d.mean(0)  # !\n"),  # noqa: E501
    ("bias-mean", "b", "A.g", "class B:\n    def g(self, d):\n        db = d.mean(0)  # !\n"  # noqa: E501
     "class A(B):\n    pass\n"),
    ("bias-scalar", "b", "f", "def f(d):\n    A.h(d)\n    db = d.sum()  # !\n"),
    ("bias-scalar", "b", "f", "def f(d):\n    db = d.sum()\n    db += 1\n"),
    ("sign-flipped", "W", "f", "def f(X, y):\n    print(X); y.log(X)\n"
     "    np.add.at(X)\n    dW = -(X.T @ y)  # !\n"),
    ("batch-mean-twice", "W", "f", "def f(X, d, N):\n    grad = X.T @ d / N\n"),
    ("divided-by-classes", "W", "f", "def f(X, s, y):\n    p = s / s.sum()\n"
     "    p /= s.sum()\n    p -= one_hot(y)\n    dW = X.T @ p / p.size  # !\n"),
    ("target-added", "W", "f", "def f(X, p, y):\n    p += one_hot(y)  # !\n"
     "    dW = X.T @ p\n"),
    ("example-dropped", "W", "f", "def f(X, d, N):\n    dW = 0\n"
     "    for i in range(N - 1):  # !\n        dW += X[i] * d[i]\n"),
    ("rounded", "W", "f", "def f(X, d):\n    dW = np.array([1.0])\n"
     "    dW[:] = np.round(X.T @ d, 2)  # !\n"),
    ("penalty-doubled", "W", "f", "def f(X, d, reg, params):\n    W = params['W']\n"
     "    dW = X.T @ d\n    dW += 2 * params['reg'] * W  # !\n"),
]  # fmt: skip


@pytest.mark.parametrize(("identity", "names", "label", "source"), ODD)
def test_the_line_is_found_in_odd_code(tmp_path, identity, names, label, source):
    report = report_of(identity, names, label, [names])
    assert pointed(tmp_path, source, report).line == marked(source)


SEVERAL = {
    "steps": ("penalty-missing-in-loss", "W1 W2", "Net", """
class Net:
    def train(self, X):
        d, h = self.deltas(X)
        self.W[:, 1:] -= self.lr * (d.T @ h + self.l2 * self.W[:, 1:])  # !
        self.W[:, :1] -= self.lr * d.sum(0)
        self.V[:, 1:] -= self.lr * (h.T @ X + self.l2 * self.V[:, 1:])
"""),
    "attributes": ("target-added", ALL, "Net", """
class Net:
    def forward(self, X, y):
        self.probs = softmax(X)
        self.probs[np.arange(len(X)), y] += 1  # !

    def backward(self, X, h):
        self.params["dW1"] = 0
        def top():
            return self.probs
        if y is None:
            return None
        try:
            dW2, db2 = h.T @ self.probs, self.probs.sum(0)
        finally:
            dz = self.probs @ self.W2.T
        dW1, db1 = X.T @ dz, dz.sum(0)
        if h is X:
            return {**old, "dW1": dW1, "W2": dW2, "x": 1, "b1": db1, "b2": db2}
        return {"dW1": dW1, "W2": dW2, "x": 1, "b1": db1, "b2": db2}
"""),
    "a copy": ("", ALL, "f", """
def f(p, X, y, h, W2):
    p[np.arange(3), y][:5] -= 1  # !
    dW2, db2, dz = h.T @ p, p.sum(0), p @ W2.T
    grads = {"W1": X.T @ dz, "b1": dz.sum(0)}
"""),
    "an unknown name": ("", "W1", "f", """
def f(p, X, y, h):
    dW1, dQ = X.T @ p, h.T @ p
"""),
    "two ways down": ("sigmoid-derivative", "W1 b1", "f", """
def act(dh, h):
    k = 1 - h * h
    return k * dh

def f(p, X, y, h, W2):
    dW2, db2 = h.T @ p, p.sum(0)
    dh = p @ W2.T
    dz = act(dh, h)
    dW1, db1 = X.T @ dz, dz.sum(0)
"""),
    "elsewhere": ("sigmoid-derivative", "W1 b1", "Net", """
class Net:
    def top(self):
        self.dz = self.p @ self.W2.T * self.h  # !

    def backward(self, X):
        dW2, db2 = self.h.T @ self.p, self.p.sum(0)
        dW1, db1 = X.T @ self.dz, self.dz.sum(0)
"""),
}  # fmt: skip


@pytest.mark.parametrize("style", SEVERAL)
def test_the_line_is_found_among_several_gradients(tmp_path, style):
    identity, names, label, source = SEVERAL[style]
    report = report_of(identity, names, label, ALL.split())
    assert pointed(tmp_path, source, report).line == marked(source)
