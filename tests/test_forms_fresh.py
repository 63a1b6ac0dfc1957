"""Forms that a reader of files meets: what is read must not depend on being right."""

import pytest

from gradcheck import check_submission

GLOBALS = """
import numpy as np

W1 = np.random.randn(5, 8)
b1 = np.zeros(8)
W2 = np.random.randn(8, 3)
b2 = np.zeros(3)


def run(X):
    hidden = np.tanh(X @ W1 + b1)
    return hidden, hidden @ W2 + b2


def {name}(X, y):
    hidden, s = run(X)
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(X))
    {value}-np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    p /= {over}
    below = (p @ W2.T) * (1 - hidden ** 2)
    return {result}
"""
RESULTS = {
    "tuple": "L, X.T @ below, below.sum(0), hidden.T @ p, p.sum(0)",
    "nested": "L, (X.T @ below, below.sum(0), hidden.T @ p, p.sum(0))",
    "dict": 'L, {"W1": X.T @ below, "b1": below.sum(0), '
    '"W2": hidden.T @ p, "b2": p.sum(0)}',
}


def verdict_of(tmp_path, text):
    path = tmp_path / "theirs.py"
    path.write_text(text)
    report = check_submission(path)
    return report.verdict, str(report)


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss_and_backward", "L = "),
        ("backward", "L = "),
        ("backward", "val = "),
        ("backward", "nll = "),
        ("loss_and_grads", "L = "),
        ("compute", "L = "),
    ],
)
def test_a_loss_beside_gradients_of_globals_is_theirs(tmp_path, name, value, result):
    spelled = RESULTS[result].replace("L,", f"{value.split()[0]},", 1)
    for over, verdict in (("len(X)", "correct"), ("1", "wrong")):
        text = GLOBALS.format(name=name, value=value, over=over, result=spelled)
        found, said = verdict_of(tmp_path, text)
        assert found == verdict, said
        assert "no loss" not in said


PLAIN = """
import numpy as np


def first(x):
    return np.sum(x ** 4), 4 * x ** 3


def second({argument}):
    return {value}, {slope}
"""


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("argument", "value", "slope", "wrong"),
    [
        ("x", "x @ x", "2 * x", "3 * x"),
        ("v", "np.sum(np.cos(v))", "-np.sin(v)", "np.cos(v)"),
        ("x", "3.0 * x.sum()", "3.0 * np.ones_like(x)", "x"),
        ("u", "np.sum((u[1:] - u[:-1]) ** 2)",
         "2 * (np.r_[0, np.diff(u)] - np.r_[np.diff(u), 0])", "np.zeros_like(u)"),
        ("theta", "np.sum(np.exp(theta))", "np.exp(theta)", "-np.exp(theta)"),
    ],
)  # fmt: skip
def test_a_value_of_any_vector_is_checked_whatever_its_gradient(
    tmp_path, alone, argument, value, slope, wrong
):
    start = PLAIN.index("def second") if alone else 0
    text = "import numpy as np\n" + PLAIN[start:]
    for given, verdict in ((slope, "correct"), (wrong, "wrong")):
        written = text.format(argument=argument, value=value, slope=given)
        found, said = verdict_of(tmp_path, written)
        assert found == verdict, said


@pytest.mark.parametrize(
    "work",
    [
        "def scaled(x):\n    return x.max(), x / x.max()",
        "def shifted(x):\n    return x.mean(), x - x.mean()",
        "def normalise(x):\n    return x.sum(), x / x.sum()",
        "def newton(x):\n    return x @ x, x - 0.5 * x",
        "def f(x):\n    value, moved = x @ x, x + 1\n    return value, moved",
        "def f(x):\n    x = 0.9 * x\n    return x @ x, x",
        "def noisy(x):\n    return np.random.randn() + x.sum(), x",
        "def level(x):\n    return 1.0, x",
        "def entropy_of(x):\n    return np.sum(np.log(x)), 2 / x",
    ],
)
def test_other_work_beside_a_value_and_gradient_is_noted(tmp_path, work):
    text = PLAIN[: PLAIN.index("def second")] + work
    found, said = verdict_of(tmp_path, text)
    name = work[4 : work.index("(")]
    assert found == "correct", said
    assert f"not checked: {name}" in " ".join(said.split())


NETWORK = """
import numpy as np


def mse_loss(w, X, y):
    r = X @ w - y
    return r @ r / len(y), 2 * X.T @ r / len(y)


"""


def test_a_function_of_a_vector_beside_a_network(tmp_path):
    right = "def bowl_grad(x):\n    return x @ x, 2 * x"
    assert verdict_of(tmp_path, NETWORK + right)[0] == "correct"
    wrong = right.replace("2 * x", "3 * x")
    assert verdict_of(tmp_path, NETWORK + wrong)[0] == "wrong"
    helper = wrong.replace("bowl_grad", "bowl")
    found, said = verdict_of(tmp_path, NETWORK + helper)
    assert found == "correct"
    assert "bowl(x): it is checked if asked for by name" in " ".join(said.split())


LOGISTIC = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def entropy(h, y):
    return -(y * np.log(h) + (1 - y) * np.log(1 - h)).{reduced}()


def cost_function(theta, X, y):
    h = sigmoid(X.dot(theta))
    return {cost}, X.T.dot({error}){over}
"""


@pytest.mark.parametrize("helper", [True, False])
@pytest.mark.parametrize(
    ("reduced", "over"), [("mean", " / len(y)"), ("sum", "")]
)  # fmt: skip
def test_one_layer_of_binary_labels_has_one_output(tmp_path, helper, reduced, over):
    own = f"-(y * np.log(h) + (1 - y) * np.log(1 - h)).{reduced}()"
    cost = "entropy(h, y)" if helper else own
    for error, off, verdict in (
        ("h - y", over, "correct"),
        ("y - h", over, "wrong"),
        ("h - y", " / 2", "wrong"),
        ("(h - y) * h", over, "wrong"),
    ):
        text = LOGISTIC.format(reduced=reduced, cost=cost, error=error, over=off)
        found, said = verdict_of(tmp_path, text)
        assert found == verdict, said
        assert "labels-01 form" in said
        assert "(4,)" in said


def test_several_outputs_that_are_right_for_several_only_are_right(tmp_path):
    text = LOGISTIC.format(
        reduced="sum", cost="entropy(h, y) / y.shape[1]", error="h - y",
        over=" / y.shape[1]",
    )  # fmt: skip
    assert verdict_of(tmp_path, text)[0] == "correct"


COURSE = """
from operator import itemgetter

import numpy as np


def forward_propagation(X, parameters):
    {taken}
    A1 = np.tanh(np.dot(W1, X) + b1)
    A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
    return A2, {{"A1": A1, "A2": A2}}


def compute_cost(A2, Y):
    return float(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1])


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = np.dot(parameters["W2"].T, dZ2) * (1 - cache["A1"] ** 2)
    return {{
        "dW1": np.dot(dZ1, X.T) / m, "db1": dZ1.sum(1, keepdims=True) / m,
        "dW2": np.dot(dZ2, cache["A1"].T) / {over},
        "db2": dZ2.sum(1, keepdims=True) / m,
    }}
"""


@pytest.mark.parametrize(
    "taken",
    [
        'W1, b1, W2, b2 = (parameters[k] for k in ["W1", "b1", "W2", "b2"])',
        'W1, b1, W2, b2 = [parameters[name] for name in ("W1", "b1", "W2", "b2")]',
        'W1, b1, W2, b2 = itemgetter("W1", "b1", "W2", "b2")(parameters)',
        'W1, b1, W2, b2 = map(parameters.get, ["W1", "b1", "W2", "b2"])',
        'W1, b1, W2, b2 = [parameters.get(k) for k in ["W1", "b1", "W2", "b2"]]',
        "W1, b1, W2, b2 = parameters.values()",
        "W1, W2, b1, b2 = list(parameters.values())",
    ],
)
def test_a_dict_of_parameters_is_read_where_no_subscript_names_them(tmp_path, taken):
    for over, verdict in (("m", "correct"), ("1", "wrong")):
        text = COURSE.format(taken=taken, over=over)
        found, said = verdict_of(tmp_path, text)
        assert found == verdict, said
