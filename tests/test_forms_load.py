"""What a file offers: found in process, from its text and a few calls."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck.submissions import forms
from gradcheck.submissions.forms import search

pytestmark = pytest.mark.usefixtures("apart")


EXAMPLES = Path(__file__).parents[1] / "examples"
ALL = sorted(p for d in ("right", "wrong") for p in (EXAMPLES / d).iterdir())


@pytest.fixture
def load(tmp_path):
    """Load source text as a file; forget its modules afterwards."""
    offers = []

    def loaded(source, *objects, name="homework.py", **neighbours):
        for stem, text in neighbours.items():
            (tmp_path / f"{stem}.py").write_text(textwrap.dedent(text))
        data = source if isinstance(source, bytes) else textwrap.dedent(source).encode()
        path = tmp_path / name
        path.write_bytes(data)
        offers.append(forms.load(data, str(path), objects))
        return offers[-1]

    yield loaded
    for offer in offers:
        offer.close()


def refusal(load, source, *objects, **more):
    with pytest.raises(forms.Refused) as caught:
        load(source, *objects, **more)
    return caught.value


def right(offer, number=0, examples=7):
    """Whether a unit's gradient is the slope of its loss, along random directions."""
    hint = offer.units[number].hint
    if hint["kind"] != "network":
        sizes = {"N": 7, "D": 5, "M": 4, "C": 3, "1": 1}
        rng = np.random.default_rng(0)
        params = {
            n: rng.uniform(0.2, 1, [sizes[s] for s in letters])
            for n, letters in hint["params"].items()
        }
        X = rng.normal(size=[sizes[s] for s in hint["data"]])
        y = np.arange(7) % 3
    else:
        dims = (5, *(8, 10, 12)[: hint["hidden"]], hint["outputs"])
        params, X, y = search.problem(hint["dims"] or dims, examples=examples)
        params = {k: v for k, v in params.items() if k in hint["names"]}
    _, grads = offer.evaluate(number, params, X, y, 0.3, True)

    def loss(point):
        return offer.evaluate(number, point, X, y, 0.3, False)[0]

    measured, directions = forms.implied.slopes(loss, params)
    return all(
        np.isclose(np.sum(grads[n] * directions[n]), measured[n], rtol=1e-4, atol=1e-7)
        for n in params
    )


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_units_of_every_example_are_right_or_wrong(path):
    offer = forms.load(path.read_bytes(), str(path))
    try:
        verdicts = [right(offer, i) for i in range(len(offer.units))]
        json.dumps(offer.describe())
    finally:
        offer.close()
    assert all(verdicts) == (path.parent.name == "right")


@pytest.mark.parametrize("path", sorted((EXAMPLES / "broken").iterdir()))
def test_a_broken_example_is_refused_or_offers_its_reason(path):
    if path.stem == "never_returns":
        return
    with pytest.raises(forms.Refused) as caught:
        forms.load(path.read_bytes(), str(path))
    assert caught.value.text
    assert caught.value.code


NET = """
    import numpy as np

    class Net:
        def __init__(self, n_in, n_hidden, n_out{more}):
            self.W1 = np.random.randn(n_in, n_hidden)
            self.b1 = np.zeros((1, n_hidden))
            self.W2 = np.random.randn(n_hidden, n_out)
            self.b2 = np.zeros((1, n_out))
            {init}
        def forward(self, X):
            self.a1 = np.tanh(X @ self.W1 + self.b1)
            z = self.a1 @ self.W2 + self.b2
            e = np.exp(z - z.max(axis=1, keepdims=True))
            self.probs = e / e.sum(axis=1, keepdims=True)
            return self.probs
"""


def net(body, more="", init="pass"):
    head = textwrap.dedent(NET.format(more=more, init=init))
    return head + textwrap.indent(textwrap.dedent(body), "    ")


def test_a_class_may_store_its_gradients_as_attributes(load):
    offer = load(
        net("""
        def loss(self, X, y):
            return -np.mean(np.log(self.forward(X)[np.arange(len(y)), y]))
        def backward(self, X, y):
            d = self.forward(X).copy()
            d[np.arange(len(y)), y] -= 1
            d /= len(y)
            self.dW2, self.db2 = self.a1.T @ d, d.sum(0, keepdims=True)
            d1 = d @ self.W2.T * (1 - self.a1**2)
            self.dW1, self.db1 = X.T @ d1, d1.sum(0, keepdims=True)
        """)
    )
    assert right(offer)
    assert offer.units[0].hint["labels"] == "ints"
    assert offer.units[0].hint["own_loss"]


def test_a_class_may_return_its_gradients_in_order(load):
    offer = load(
        net("""
        def cost(self, X, Y):
            return -np.sum(Y * np.log(self.forward(X))) / len(X)
        def gradients(self, X, Y):
            d = (self.forward(X) - Y) / len(X)
            d1 = d @ self.W2.T * (1 - self.a1**2)
            return X.T @ d1, d1.sum(0), self.a1.T @ d, d.sum(0)
        """)
    )
    assert right(offer)
    assert offer.units[0].hint["labels"] == "onehot"
    assert offer.units[0].hint["notes"][0] == (
        "the gradient of b1 has shape (8,) where b1 has (1, 8): the numbers were "
        "compared"
    )


def test_a_step_with_momentum_starts_afresh_every_time(load):
    offer = load(
        net(
            """
        def cost(self, y_pred, y):
            return -np.sum(y * np.log(y_pred)) / len(y)
        def train_step(self, X, y):
            d = (self.forward(X) - y) / len(X)
            d1 = d @ self.W2.T * (1 - self.a1**2)
            self.vW2 = self.mu * self.vW2 - self.lr * self.a1.T @ d
            self.W2 += self.vW2
            self.b2 -= self.lr * d.sum(0, keepdims=True)
            self.W1 -= self.lr * X.T @ d1
            self.b1 -= self.lr * d1.sum(0, keepdims=True)
        """,
            more=", lr=0.1, mu=0.9",
            init="self.lr, self.mu, self.vW2 = lr, mu, 0 * self.W2",
        )
    )
    assert offer.units[0].hint["interface"] == "in-place-step"
    assert right(offer)
    assert right(offer)


def test_a_gradient_without_a_loss_finds_its_cost_and_its_sign(load):
    offer = load(
        net("""
        def back(self, X, y, output):
            d = y - output
            d1 = d @ self.W2.T * (1 - self.a1**2)
            return X.T @ d1, d1.sum(0, keepdims=True), self.a1.T @ d, d.sum(0)
        def fit(self, X, y, lr):
            W1, b1, W2, b2 = self.back(X, y, self.forward(X))
            self.W1 += lr * W1
        """)
    )
    hint = offer.units[0].hint
    assert hint["implied"] == "softmax, sum"
    assert not hint["own_loss"]
    assert right(offer)


def test_the_files_own_loss_comes_before_one_of_ours(load):
    offer = load(
        net("""
        def loss(self, y, output):
            return np.mean((y - output) ** 2)
        def backward(self, X, y, output):
            d = (output - y) / len(X)
            d1 = d @ self.W2.T * (1 - self.a1**2)
            W = {"W1": X.T @ d1, "W2": self.a1.T @ d}
            return {**W, "b1": d1.sum(0), "b2": d.sum(0)}
        """)
    )
    assert offer.units[0].hint["own_loss"]
    assert not right(offer)


def test_a_loss_for_each_example_is_refused(load):
    found = refusal(
        load,
        net("""
        def loss(self, y, output):
            return -np.sum(y * np.log(output), axis=1)
        def backward(self, X, y, output):
            d = (output - y) / len(X)
            d1 = d @ self.W2.T * (1 - self.a1**2)
            W = {"W1": X.T @ d1, "W2": self.a1.T @ d}
            return {**W, "b1": d1.sum(0), "b2": d.sum(0)}
        """),
    )
    assert found.code == "loss-not-scalar"
    assert "Net.loss returns a loss of shape (7,)" in found.text


def test_data_may_be_attributes_and_arguments_of_the_constructor(load):
    offer = load("""
        import numpy as np
        def sigmoid(x):
            return 1 / (1 + np.exp(-x))
        class NeuralNetwork:
            def __init__(self, x, y):
                self.input = x
                self.weights1 = np.random.rand(self.input.shape[1], 4)
                self.weights2 = np.random.rand(4, 1)
                self.y = y
                self.output = np.zeros(y.shape)
            def feedforward(self):
                self.layer1 = sigmoid(np.dot(self.input, self.weights1))
                self.output = sigmoid(np.dot(self.layer1, self.weights2))
            def backprop(self):
                d2 = 2 * (self.y - self.output) * self.output * (1 - self.output)
                d1 = d2 @ self.weights2.T * self.layer1 * (1 - self.layer1)
                self.weights1 += self.input.T @ d1
                self.weights2 += self.layer1.T @ d2
        """)
    assert right(offer)
    assert offer.units[0].hint["implied"] == "squared x 2, sum"


def test_layers_in_a_list_hold_their_own_parameters(load):
    offer = load("""
        import numpy as np
        class Dense:
            def __init__(self, n, m):
                self.W, self.b = np.random.randn(n, m), np.zeros(m)
        class Model:
            def __init__(self, sizes):
                self.layers = [Dense(a, b) for a, b in zip(sizes[:-1], sizes[1:])]
            def forward(self, X):
                self.h = [X]
                for layer in self.layers:
                    self.h.append(np.tanh(self.h[-1] @ layer.W + layer.b))
                return self.h[-1]
            def loss(self, X, Y):
                return 0.5 * np.sum((self.forward(X) - Y) ** 2) / len(X)
            def backward(self, X, Y):
                d = (self.forward(X) - Y) / len(X)
                hs = self.h[::-1]
                for layer, h, out in zip(self.layers[::-1], hs[1:], hs):
                    d = d * (1 - out ** 2)
                    layer.dW, layer.db = h.T @ d, d.sum(0)
                    d = d @ layer.W.T
        """)
    assert right(offer)


def test_several_losses_of_one_class_are_units_and_a_stub_says_so(load):
    source = """
        import numpy as np
        class Softmax:
            def __init__(self, shape):
                self.g = np.zeros(shape)
            def softmax_loss_naive(self, scores, labels):
                e = np.exp(scores) / np.exp(scores).sum(axis=0)
                n = scores.shape[1]
                loss = -np.log(e[labels, np.arange(n)]).sum() / n
                e[labels, np.arange(n)] -= 1
                return loss, e / n
            def softmax_loss_vectorized(self, scores, labels):
                return 0.0, 0.0
        """
    offer = load(source, "Softmax")
    assert right(offer, 0)
    assert "as its template does" in offer.units[1].hint["broken"]["text"]
    with pytest.raises(forms.Refused, match="template"):
        offer.evaluate(1, {}, None, None, 0.0, True)
    only = load(source, "Softmax.softmax_loss_naive")
    assert len(only.units) == 1


LINEAR = """
    import numpy as np
    def loss_grad(W, X, y, reg):
        p = np.exp({scores}); p /= p.sum({axis}, keepdims=True)
        loss = -np.log(p[{pick}]).mean() + reg * np.sum(W * W){over}
        p[{pick}] -= 1
        return loss, {dW} / {n} + 2 * reg * W{over}
"""
ROWS = {
    "scores": "X @ W",
    "axis": 1,
    "pick": "range(len(y)), y",
    "dW": "X.T @ p",
    "n": "len(y)",
}
COLUMNS = {
    "scores": "W @ X",
    "axis": 0,
    "pick": "y, range(len(y))",
    "dW": "p @ X.T",
    "n": "len(y)",
}


@pytest.mark.parametrize("way", [ROWS, COLUMNS], ids=["rows", "columns"])
@pytest.mark.parametrize("over", ["", " / len(y)"])
def test_a_linear_loss_in_both_layouts_and_with_an_averaged_penalty(load, way, over):
    offer = load(LINEAR.format(**way, over=over))
    assert offer.units[0].hint["layout"] == ("columns" if way is COLUMNS else "rows")
    assert right(offer)
    params, X, y = search.problem((5, 3), examples=9)
    free = offer.evaluate(0, params, X, y, 0.0, False)[0]
    more = offer.evaluate(0, params, X, y, 1.0, False)[0]
    assert np.isclose(more - free, np.sum(params["W"] ** 2))


def test_a_flat_cost_and_a_separate_gradient_and_fortran_order(load):
    offer = load("""
        import numpy as np
        def unpack(t, D, H, C):
            return t
        def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels,
                           X, y, Lambda):
            n = hidden_layer_size * (input_layer_size + 1)
            Theta1 = nn_params[:n].reshape((hidden_layer_size, -1), order="F")
            Theta2 = nn_params[n:].reshape((num_labels, -1), order="F")
            m = len(X)
            h = 1 / (1 + np.exp(-np.c_[np.ones(m), X] @ Theta1.T))
            o = 1 / (1 + np.exp(-np.c_[np.ones(m), h] @ Theta2.T))
            Y = (np.arange(1, num_labels + 1) == y).astype(int)
            return -np.sum(Y * np.log(o) + (1 - Y) * np.log(1 - o)) / m
        def nnGradFunction(nn_params, input_layer_size, hidden_layer_size, num_labels,
                           X, y, Lambda):
            n = hidden_layer_size * (input_layer_size + 1)
            Theta1 = nn_params[:n].reshape((hidden_layer_size, -1), order="F")
            Theta2 = nn_params[n:].reshape((num_labels, -1), order="F")
            m = len(X)
            a1 = np.c_[np.ones(m), X]
            h = 1 / (1 + np.exp(-a1 @ Theta1.T))
            a2 = np.c_[np.ones(m), h]
            o = 1 / (1 + np.exp(-a2 @ Theta2.T))
            d = o - (np.arange(1, num_labels + 1) == y)
            d1 = d @ Theta2[:, 1:] * h * (1 - h)
            return np.r_[(d1.T @ a1).ravel("F"), (d.T @ a2).ravel("F")][:, None] / m
        """)
    hint = offer.units[0].hint
    assert hint["interface"] == "octave-cost-function"
    assert hint["labels"] == "from one column"
    assert right(offer)


def test_parameters_may_come_as_a_tuple_and_a_list_of_gradients_go(load):
    offer = load("""
        import numpy as np
        def compute_loss_and_gradients(weights, X, y):
            W1, b1, W2, b2 = weights
            h = np.maximum(0, X @ W1 + b1)
            d = h @ W2 + b2 - y
            loss = np.sum(d ** 2)
            dh = 2 * d @ W2.T * (h > 0)
            return loss, [X.T @ dh, dh.sum(0), 2 * h.T @ d, 2 * d.sum(0)]
        """)
    assert right(offer)


def test_a_net_of_any_depth_names_its_parameters_in_a_loop(load):
    offer = load("""
        import numpy as np
        def L_model_forward(X, parameters):
            A, caches = X, []
            L = len(parameters) // 2
            for l in range(1, L + 1):
                caches.append(A)
                Z = parameters["W" + str(l)] @ A + parameters[f"b{l}"]
                A = np.tanh(Z) if l < L else 1 / (1 + np.exp(-Z))
            return A, caches
        def compute_cost(AL, Y):
            m = Y.shape[1]
            return -np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m
        def L_model_backward(AL, Y, caches, parameters):
            grads, m = {}, Y.shape[1]
            dZ = AL - Y
            for l in range(len(caches), 0, -1):
                grads["dW%d" % l] = dZ @ caches[l - 1].T / m
                grads["db%d" % l] = dZ.sum(axis=1, keepdims=True) / m
                dZ = parameters["W%d" % l].T @ dZ * (1 - caches[l - 1] ** 2)
            return grads
        """)
    assert offer.units[0].hint["hidden"] == 2
    assert offer.units[0].hint["interface"] == "coursera"
    assert right(offer)


def test_weights_may_be_globals(load):
    offer = load("""
        import numpy as np
        W1 = np.random.randn(4, 6)
        W2 = np.random.randn(6, 3)
        def forward(X):
            global h
            h = np.tanh(X @ W1)
            return h @ W2
        def loss(out, Y):
            return 0.5 * np.sum((out - Y) ** 2)
        def backward(X, Y, out):
            d = out - Y
            return {"dW1": X.T @ (d @ W2.T * (1 - h ** 2)), "dW2": h.T @ d}
        """)
    assert right(offer)


def test_a_toy_and_a_trainer_are_no_units(load):
    offer = load("""
        import numpy as np
        def forward_propagation(x, theta):
            return theta * x
        def backward_propagation(x, theta):
            return x
        def propagate(w, b, X, Y):
            m = X.shape[1]
            A = 1 / (1 + np.exp(-(w.T @ X + b)))
            cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
            return {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}, cost
        def optimize(w, b, X, Y, num_iterations, learning_rate):
            grads, cost = propagate(w, b, X, Y)
            return {"w": w, "b": b}, grads, [cost]
        """)
    assert [u.hint["object"] for u in offer.units] == ["propagate"]
    assert right(offer)


def test_a_pair_of_layers_with_a_course_convention(load):
    offer = load(
        """
        import numpy as np
        def linear_forward(A, W, b):
            return W @ A + b, (A, W, b)
        def linear_backward(dZ, cache):
            A_prev, W, b = cache
            m = A_prev.shape[1]
            dW = dZ @ A_prev.T / m
            db = dZ.sum(axis=1, keepdims=True) / m
            return W.T @ dZ, dW, db
        def dropout_forward(x, dropout_param):
            mask = np.random.rand(*x.shape) < dropout_param["p"]
            return x * mask, mask
        def dropout_backward(dout, cache):
            return dout * cache
        """,
        "linear",
    )
    assert right(offer)
    assert "the 1/N of the mean stands inside linear_backward" in str(offer.describe())


UNKNOWN = """
def conv_forward(x, kernel, zork):
    return x
def conv_backward(d, c):
    return d
"""


@pytest.mark.parametrize(
    ("source", "objects", "code", "says"),
    [
        ("", (), "empty", "holds no code"),
        (b"\x00\x01" * 9, (), "not-text", "binary data"),
        (b"x" * 4_000_001, (), "too-large", "4,000,001 bytes"),
        ("x = 1", (), "no-gradient", "it defines no function and no class"),
        ("def f(x):\n    return x", ("g",), "no-such-object", "one of f was expected"),
        (UNKNOWN, ("conv",), "unknown-layer", "neither input, weight nor bias"),
        ("def a_forward(x):\n    return x", ("a",), "incomplete", "no a_backward"),
        ("class A(B): pass", ("A",), "crashes", "defining A raises NameError"),
        ("try:\n    pass\nexcept A, e:\n    pass", (), "python-2", "Python 2"),
        ("def f(:\n  pass", (), "syntax", "does not parse"),
        ("print 1", (), "python-2", "line 1 reads 'print 1'"),
    ],
)
def test_a_refusal_says_what_was_expected(load, source, objects, code, says):
    found = refusal(load, source, *objects)
    assert found.code == code
    assert says in found.text


def test_a_notebook_that_is_none_and_one_with_a_bad_cell(load):
    assert refusal(load, "{}", name="a.ipynb").code == "not-a-notebook"
    assert refusal(load, "[1]", name="a.ipynb").code == "not-a-notebook"
    cells = [{"cell_type": "code", "source": "def f(:"}]
    book = json.dumps({"worksheets": [{"cells": cells}]})
    assert refusal(load, book, name="a.ipynb").code == "syntax"
    code = textwrap.dedent(LINEAR.format(**ROWS, over=""))
    cells += [
        {"cell_type": "code", "input": code.splitlines(keepends=True)},
        {"cell_type": "code", "source": "%%bash\nls\n"},
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": "!ls\nf?\n%matplotlib inline"},
    ]
    offer = load(json.dumps({"cells": cells}), name="a.ipynb")
    assert right(offer)
    assert any("do not parse and were left out" in n for n in offer.notes)


def test_neighbours_are_used_and_their_work_is_not_run(load):
    offer = load(
        "from helper import *\nimport unreadable\nfrom helper import nothing\n"
        "from . import sibling\n"
        + textwrap.dedent(LINEAR.format(**ROWS, over="")).replace("np.exp(", "expo("),
        helper="import numpy as np\nexpo = np.exp\nraise SystemExit(3)\n",
        unreadable="print 1",
        sibling="x = 1",
    )
    assert right(offer)
    assert any("unreadable (python-2)" in n for n in offer.notes)


def test_left_out_assignments_are_run_when_a_name_is_missed(load):
    offer = load("""
        import numpy as np
        import matplotlib.pyplot as plt
        from tqdm import tqdm
        class Exp:
            def __call__(self, x):
                return np.exp(x)
        exp = Exp()
        data = open("nowhere").read()
        if np.float_ is None:
            plt.show()
        plt.plot([1])
        def softmax_loss(W, X, y, reg):
            p = exp(X @ W); p /= p.sum(1, keepdims=True)
            n = len(y)
            loss = -np.log(p[range(n), y]).mean() + 0.5 * reg * np.sum(W ** 2)
            p[range(n), y] -= 1
            return loss, X.T @ p / n + reg * W
        """)
    assert right(offer)
    assert any(n.startswith("definitions only") for n in offer.notes)


def test_a_constant_in_a_logarithm_can_be_left_out(load):
    offer = load("""
        import numpy as np
        eps = 1e-5
        def softmax_loss(W, X, Y, reg):
            p = np.exp(X @ W); p /= p.sum(1, keepdims=True)
            loss = -np.sum(Y * np.log(p + eps)) / len(X)
            return loss, X.T @ (p - Y) / len(X)
        """)
    hint = offer.units[0].hint
    assert hint["smooth"]
    assert hint["reg"] == "ignored"
    params, X, y = search.problem((5, 3))
    rough = offer.evaluate(0, params, X, y, 0.0, False)[0]
    smooth = offer.evaluate(1000, params, X, y, 0.0, False)[0]
    assert 0 < smooth - rough < 1e-3


def test_arrays_without_names_that_could_be_either_are_refused(load):
    found = refusal(
        load,
        """
        import numpy as np
        def loss_and_grads(params, X, Y):
            W1, W2 = params
            h = X @ W1
            d = h @ W2 - Y
            a, b = X.T @ (d @ W2.T), h.T @ d
            return np.sum(d ** 2) / 2, a, b, a + 1, b + 1
        """,
    )
    assert found.code in ("ambiguous", "incomplete", "crashes")


def test_matrices_scalars_and_shapes_are_written_both_ways():
    from gradcheck.submissions.forms import shapes

    params = {"W": np.arange(6.0).reshape(3, 2), "b": np.array([7.0, 8.0])}
    for form in ("in_out+first", "out_in+first", "in_out+last", "out_in+last"):
        slot = shapes.Slot("T", form, "W", "b")
        back = slot.read(slot.express(params), params)
        assert all(np.array_equal(back[k], params[k]) for k in params)
    for form in ("flat", "row", "column"):
        slot = shapes.Slot("b", form, "", "b")
        assert np.array_equal(slot.read(slot.express(params), params)["b"], params["b"])
    one = {"W": np.arange(3.0), "b": np.float64(2.0)}
    assert shapes.Slot("W", "out_in", "W").express(one).shape == (1, 3)
    assert shapes.Slot("b", "scalar", "", "b").express(one) == 2.0
    y = np.array([0, 1, 2])
    assert shapes.code_labels(y, "onehot columns", 3).shape == (3, 3)
    assert shapes.code_labels(y, "from one column", 3)[0, 0] == 1
    assert shapes.code_labels(y, "asis", 3) is not y
    assert shapes.code_labels(y, "signs row", 1).tolist() == [[-1, 1, 1]]
    assert shapes.code_labels(y, "real", 1).dtype == float
    assert shapes.code_labels(y % 2, "onehot", 1).shape == (3, 1)


HELPED = """
    import numpy as np

    def unroll(theta, n, h, k):
        {copied}
        cut = h * (n + 1)
        Theta1 = np.reshape(flat[:cut], (h, n + 1), order="F")
        return Theta1, np.reshape(flat[cut:], (k, h + 1), order="F")

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X,
                       y, {strength}):
        Theta1, Theta2 = unroll(
            nn_params, input_layer_size, hidden_layer_size, num_labels
        )
        m, one = len(y), np.ones((len(y), 1))
        A1 = np.hstack([one, X])
        A2 = np.hstack([one, sigmoid(A1 @ Theta1.T)])
        H = sigmoid(A2 @ Theta2.T)
        Y = np.eye(num_labels)[y.ravel() - 1]
        J = -np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H)) / m
        D3 = (H - Y) / m
        D2 = (D3 @ Theta2)[:, 1:] * A2[:, 1:] * (1 - A2[:, 1:])
        grad = np.concatenate([(D2.T @ A1).ravel("F"), (D3.T @ A2).ravel("F")])
        return J, grad
"""


@pytest.mark.parametrize("strength", ["lambda_", "learning_rate"])
@pytest.mark.parametrize("copied", ["flat = theta.copy()", "flat = theta"])
def test_a_helper_may_take_the_vector_apart(load, copied, strength):
    offer = load(HELPED.format(copied=copied, strength=strength))
    assert [u.hint["interface"] for u in offer.units] == ["octave-cost-function"]
    assert offer.units[0].hint["names"] == ["W1", "b1", "W2", "b2"]
