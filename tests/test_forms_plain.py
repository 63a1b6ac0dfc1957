"""Functions of one vector, with their gradient or beside it."""

import numpy as np
import pytest

from gradcheck import check_submission
from gradcheck.submissions import forms

pytestmark = pytest.mark.usefixtures("apart")

ROSENBROCK = """
import numpy as np

def rosenbrock(x):
    f = np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return f, g
"""
PLANE = """
def f(p):
    a, b = p
    return (1 - a) ** 2 + b * b, [2 * (a - 1), 2 * b]
"""
PAIR = """
def cube(x):
    return x ** 3

def cube_prime(x):
    return 3 * x ** 2
"""
COLUMN = """
import numpy as np
A = np.diag([1.0, 2.0, 3.0])

def energy(x):
    J = 0.5 * (x.T @ A @ x)[0, 0]
    grad = A @ x
    return J, grad
"""


def unit_of(source, *objects):
    offer = forms.load(source.encode(), "plain.py", objects)
    offer.close()
    assert len(offer.units) == 1
    return offer.units[0]


@pytest.mark.parametrize(
    ("source", "name", "shape"),
    [(ROSENBROCK, "rosenbrock", ["D"]), (PLANE, "f", ["2"]), (PAIR, "cube", ["1"]),
     (COLUMN, "energy", ["C", "1"])],
)  # fmt: skip
@pytest.mark.parametrize("asked", [False, True])
def test_a_function_of_one_vector_is_a_unit(source, name, shape, asked):
    unit = unit_of(source, *[name] * asked)
    assert unit.hint["kind"] == "plain"
    assert unit.hint["interface"] == "plain"
    assert unit.hint["object"] == name
    assert list(unit.hint["params"].values()) == [shape]


def test_its_value_and_gradient_come_as_numbers():
    unit = unit_of(PLANE)
    value, grads = unit.run({"p": np.array([3.0, 2.0])}, None, None, 0.0, True)
    assert value == 8.0
    assert grads["p"].tolist() == [4.0, 4.0]
    assert unit.run({"p": np.array([3.0, 2.0])}, None, None, 0.0, False) == (8.0, None)


@pytest.mark.parametrize(
    "source",
    [
        "def normalise(x):\n    return x.mean(), x - x.mean()",
        "def f(x):\n    return x.max(), x / x.max()",
        "def f(x):\n    return x, x, x",
        "def f(x):\n    return x + 1, 2 * x",
        "def f(x):\n    value, grad = 1.0, None\n    return value, grad",
        "def f(x):\n    return [2.0, 'a']",
        "def f(x):\n    out = x.sum()\n    return out",
        PLANE.replace("(p)", "(p, q)"),
        PAIR.replace("return 3", "return None or str"),
    ],
)
def test_what_is_no_value_and_gradient_is_not_guessed(source):
    with pytest.raises(forms.Refused) as caught:
        unit_of(source)
    assert caught.value.code == "no-form"


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [(ROSENBROCK, "- 2 * (1", "+ 2 * (1"), (PAIR, "3 * x", "2 * x"),
     (COLUMN, "grad = A", "grad = 2 * A")],
)  # fmt: skip
def test_a_wrong_gradient_of_one_vector_is_wrong(tmp_path, source, old, new):
    for text, verdict in ((source, "correct"), (source.replace(old, new), "wrong")):
        path = tmp_path / "plain.py"
        path.write_text(text)
        assert check_submission(path).verdict == verdict


@pytest.mark.parametrize(
    "beside",
    [
        "class Net:\n    pass",
        "def step(W, X):\n    return X @ W",
        "def accuracy(X, y):\n    return 1.0",
    ],
)
def test_what_stands_beside_a_network_is_its_helper(beside):
    assert unit_of(PAIR + beside, "cube").hint["kind"] == "plain"
    with pytest.raises(forms.Refused):
        unit_of(PAIR + beside)


@pytest.mark.parametrize(
    ("value", "gradient", "belong"),
    [
        ("f", "df", True), ("f", "fprime", True), ("f", "grad_f", True),
        ("rosen", "rosen_der", True), ("loss", "gradient", True), ("J", "dJ", True),
        ("cube", "square_prime", False), ("sigmoid", "sigmoid_prime", False),
        ("relu", "relu_derivative", False), ("predict", "gradient", False),
    ],
)  # fmt: skip
def test_a_gradient_belongs_to_what_its_name_says(value, gradient, belong):
    source = PAIR.replace("cube_prime", gradient).replace("cube", value)
    if belong:
        assert unit_of(source).hint["object"] == value
    else:
        with pytest.raises(forms.Refused):
            unit_of(source)
