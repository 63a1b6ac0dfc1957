"""What functions repeat, leave out, or only pass on, in files from scratch."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

DESCENT = """
import numpy as np


def compute_cost(X, y, theta):
    return 0.5 * np.sum(np.square(X @ theta - y)) / X.shape[0]


def gradient_descent(X, y, theta, alpha=0.005, {rounds}=1500):
    history = []
    for i in range({rounds}):
        theta = theta - alpha * X.T @ (X @ theta - y) / {over}
        history.append(compute_cost(X, y, theta))
    return theta, history
"""


def checked(tmp_path, text):
    path = tmp_path / "work.py"
    path.write_text(text)
    return check_submission(path)


@pytest.mark.parametrize("rounds", ["iters", "num_iter", "often"])
def test_a_descent_is_asked_for_one_step_and_held_against_the_files_cost(
    tmp_path, rounds
):
    report = checked(tmp_path, DESCENT.format(rounds=rounds, over="len(X)"))
    assert report.verdict is Verdict.CORRECT
    wrong = checked(tmp_path, DESCENT.format(rounds=rounds, over="2"))
    assert wrong.verdict is Verdict.WRONG


def test_many_steps_at_once_are_no_gradient(tmp_path):
    text = DESCENT.format(rounds="often", over="len(X)")
    report = checked(tmp_path, text.replace("range(often)", "range(1500)"))
    assert report.verdict is Verdict.BROKEN
    assert report.message == (
        "work.py:11: gradient_descent makes many steps at once, in a loop of its own; "
        "one step was expected, from which the gradient is told: let the number of "
        "steps be an argument, or move the gradient into a function"
    )


LOGISTIC = """
import numpy as np


class Regression:
    def __init__(self, n_features, batch_size=2, lr=0.001, n_iters=1000):
        self.lr, self.n_iters, self.batch_size = lr, n_iters, batch_size
        self.weights = np.zeros((n_features, 1))

    def descend(self, X, y):
        for _ in range(self.n_iters):
            for start in range(0, len(X), self.batch_size):
                end = start + self.batch_size
                A, t = X[start:end], y[start:end]
                p = 1 / (1 + np.exp(-A @ self.weights))
                self.weights -= self.lr * A.T @ (p - t) / {over}

    def loss(self, X, y):
        p = 1 / (1 + np.exp(-X @ self.weights))
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(X)
"""


def test_rounds_and_batches_of_an_object_are_one(tmp_path):
    text = LOGISTIC.replace("descend", "gradient_descent")
    assert checked(tmp_path, text.format(over="len(A)")).verdict is Verdict.CORRECT
    assert checked(tmp_path, text.format(over="3")).verdict is Verdict.WRONG


DENSE = """
import numpy as np


class Dense:
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.biases = np.zeros((output_size, 1))
        self.dweights = self.dbiases = None

    def forward(self, x):
        self.input = x
        return self.weights @ x + self.biases

    def backward(self, output_gradient, learning_rate=None):
        self.dweights = output_gradient @ self.input.T {times}
        self.dbiases = output_gradient.sum(axis=1, keepdims=True)
        return self.weights.T @ output_gradient
"""


def test_a_layer_that_leaves_the_step_to_an_optimiser(tmp_path):
    assert checked(tmp_path, DENSE.format(times="")).verdict is Verdict.CORRECT
    report = checked(tmp_path, DENSE.format(times="* 2"))
    wrong = [n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert wrong == ["weights"]


PIECES = """
import numpy as np


def cost(y, t):
    return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))


def gradient_output(y, t):
    return y - t


def gradient_hidden(wo, grad_output):
    return grad_output * wo


def gradient_weight_out(h, grad_output):
    return h * grad_output
"""


def test_what_only_passes_a_gradient_on_is_not_the_gradient_of_weights(tmp_path):
    assert checked(tmp_path, PIECES).verdict is Verdict.BROKEN


OPTIONAL = """
import numpy as np


def forward_propagation(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}


def compute_cost(A2, Y, parameters={}, lambd=0):
    m = Y.shape[1]
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    if lambd > 0:
        squares = sum(np.sum(parameters[k] ** 2) for k in ("W1", "W2"))
        cost += lambd / 2 / m * squares
    return cost


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    A1 = cache["A1"]
    dZ2 = cache["A2"] - Y
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1 ** 2)
    return {
        "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }


def model(X, Y, parameters):
    A2, cache = forward_propagation(X, parameters)
    cost = compute_cost(A2, Y)
    return cost, backward_propagation(parameters, cache, X, Y)
"""


def test_a_penalty_that_only_the_loss_can_have_and_nothing_asks_for(tmp_path):
    assert checked(tmp_path, OPTIONAL).verdict is Verdict.CORRECT
    asked = OPTIONAL.replace(
        "(A2, Y)\n    return", "(A2, Y, parameters, 0.1)\n    return"
    )
    assert checked(tmp_path, asked).verdict is Verdict.WRONG


MINIMISED = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def f(params, *args):
    X, y, reg = args
    m, n = X.shape
    theta = params.reshape((n, 1))
    h = sigmoid(X @ theta)
    data = -np.sum(y * np.log(h) + (1 - y) * np.log(1 - h)) / m
    return data + 0.5 * reg * theta[1:].T @ theta[1:] / m


def gradf(params, *args):
    X, y, reg = args
    m, n = X.shape
    theta = params.reshape(-1, 1)
    grad = X.T @ (sigmoid(X @ theta) - y) / m
    grad[1:] += reg * theta[1:] / {over}
    return grad.ravel()
"""


def test_what_a_minimiser_passes_as_args_is_understood(tmp_path):
    assert checked(tmp_path, MINIMISED.format(over="m")).verdict is Verdict.CORRECT
    assert checked(tmp_path, MINIMISED.format(over="1")).verdict is Verdict.WRONG


NAMED = """
import numpy as np


def cost_function(theta, X, y, {lam}):
    m = len(y)
    h = 1 / (1 + np.exp(-X @ theta))
    squares = np.sum(theta ** 2)
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)) + {lam} / (2 * m) * (
        squares + 0)


def gradient(theta, X, y, {lam}):
    h = 1 / (1 + np.exp(-X @ theta))
    return X.T @ (h - y) / len(y) + {lam} / len(y) * theta


def both(theta, X, y, {lam}):
    return cost_function(theta, X, y, {lam}), gradient(theta, X, y, {lam})
"""


@pytest.mark.parametrize("lam", ["lmd", "lb", "lbd", "strong"])
def test_the_strength_of_a_penalty_by_any_name(tmp_path, lam):
    text = NAMED.format(lam=lam)
    assert checked(tmp_path, text).verdict is Verdict.CORRECT
    wrong = checked(tmp_path, text.replace("/ len(y) * theta", "* theta"))
    assert wrong.verdict is Verdict.WRONG


SOLVED = """
import numpy as np
from scipy.optimize import minimize


def linear_cost(theta, X, y, lam):
    r = X @ theta - y
    return (r @ r + lam * theta @ theta) / (2 * len(y))


def train_linear(theta, X, y, lam):
    found = minimize(linear_cost, theta, args=(X, y, lam))
    return found.x


def learning_curve(theta, X, y, lam):
    return [linear_cost(train_linear(theta, X, y, lam), X, y, lam)]


def fit_exactly(X, y, theta):
    theta = np.linalg.pinv(X.T @ X) @ X.T @ y
    return theta
"""


def test_what_a_solver_returns_is_no_step(tmp_path):
    report = checked(tmp_path, SOLVED)
    assert report.verdict is Verdict.BROKEN
    assert "train_linear leaves its work to a solver" in report.message


NG = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-np.array(z)))


def cost_of(theta, X, Y, m, n):
    theta = theta.reshape({size}, 1)
    H = sigmoid(X @ theta)
    J = 1 / m * (-Y.T @ np.log(H) - (1 - Y).T @ np.log(1 - H))
    return J.ravel()


def gradient(theta, X, Y, m, n):
    theta = theta.reshape({size}, 1)
    return {over} * X.T @ (sigmoid(X @ theta) - Y)
"""


@pytest.mark.parametrize("size", ["(n+1)", "n"])
def test_n_beside_m_is_the_number_of_features(tmp_path, size):
    assert checked(tmp_path, NG.format(size=size, over="1 / m")).verdict is (
        Verdict.CORRECT
    )
    assert checked(tmp_path, NG.format(size=size, over="1 / 2")).verdict is (
        Verdict.WRONG
    )


RENAMED = """
import numpy as np


def RegCostFunction(theta, X, Y, lam):
    error = X @ theta - Y
    JReg = error @ error / (2 * len(Y)) + lam / (2 * len(Y)) * theta @ theta
    gradReg = X.T @ error / len(Y) + lam / {over} * theta
    return JReg, gradReg
"""


def test_what_a_cost_function_returns_first_is_its_cost(tmp_path):
    right = checked(tmp_path, RENAMED.format(over="len(Y)"))
    assert right.verdict is Verdict.CORRECT
    assert checked(tmp_path, RENAMED.format(over="2")).verdict is Verdict.WRONG


BASE = """
class Layer:
    def forward(self, x):
        raise NotImplementedError

    def backward(self, output_gradient, learning_rate):
        raise NotImplementedError
"""


def test_what_a_base_class_leaves_out_is_not_what_is_said_first(tmp_path):
    forgets = DENSE.replace(".sum(axis=1, keepdims=True)", "").format(times="")
    report = checked(tmp_path, BASE + forgets)
    assert report.message == (
        "work.py:22: Dense.backward gives a gradient of 'biases' with shape (4, 7), "
        "but it should have (4, 1), the shape of 'biases'"
    )
