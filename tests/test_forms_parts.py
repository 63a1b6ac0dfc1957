"""The small parts of reading a file: names, stand-ins, calls, layers."""

import ast
import sys
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck.submissions import forms
from gradcheck.submissions.forms import (
    calls,
    chains,
    constructing,
    course,
    gradients,
    holders,
    names,
    search,
    smoothing,
    stubs,
)
from gradcheck.submissions.forms.gradients import Held
from gradcheck.submissions.forms.shapes import Slot

pytestmark = pytest.mark.usefixtures("apart")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("X_train", "X"), ("labels", "y"), ("Y", "y"), ("lambda_", "reg"),
        ("learning_rate", "lr"), ("m", "N"), ("n_hidden", "H"), ("num_classes", "C"),
        ("layer_dims", "dims"), ("keep_prob", "keep"), ("zork", ""), ("D", "D"),
    ],
)  # fmt: skip
def test_names_have_roles(name, role):
    assert names.role_of(name) == role


@pytest.mark.parametrize(
    ("gradient", "parameter"),
    [
        ("dW1", "W1"), ("W1_grad", "w1"), ("grad_s_Wi", "Wi"), ("dLdW", "W"),
        ("db", "b"), ("weights1_delta", "weights1"), ("gradW2", "W2"),
    ],
)  # fmt: skip
def test_gradients_are_told_by_their_names(gradient, parameter):
    assert names.looks_like_gradient(gradient, parameter)
    assert not names.looks_like_gradient(parameter, parameter)
    assert not names.looks_like_gradient("hidden", parameter)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("W1", "W"), ("theta", "W"), ("bias_hidden", "b"), ("hidden_weights", "W"),
     ("output_bias", "b"), ("V", "W"), ("scores", "")],
)  # fmt: skip
def test_parameters_are_told_by_their_names(name, kind):
    assert names.kind_of(name) == kind


def test_layers_come_in_the_order_of_their_names():
    keys = ["weights_hidden_output", "weights_input_hidden", "bo", "bh"]
    weights, biases = holders.in_order(keys)
    assert weights[0] == "weights_input_hidden"
    assert biases == ["bh", "bo"]
    assert names.index_of("W12") == 12.0


def test_a_missing_helper_is_noticed_only_when_it_is_used():
    module = stubs.StubModule("course.helpers")
    helper = module.fancy
    assert helper.more is not None
    with pytest.raises(stubs.MissingHelperError, match=r"course\.helpers\.fancy"):
        helper(1, 2)
    with pytest.raises(stubs.MissingHelperError):
        list(helper)
    with helper as inside:
        inside.x = 1
        assert inside.x == 1
    assert helper["a"] is helper
    with pytest.raises(AttributeError):
        _ = helper.__wrapped__
    with pytest.raises(AttributeError):
        _ = module.__wrapped__

    def function():
        return 1

    assert helper(function) is function
    assert stubs.StubModule("numba").jit(nopython=True)(function) is function
    plot = stubs.StubModule("matplotlib").pyplot
    figure, axes = plot.subplots(2)
    assert figure.show() is not axes.show()

    class Child(helper):
        pass

    assert Child.__bases__ == (object,)


def test_what_courses_give_out_does_what_it_says():
    z = np.array([[-1.0, 2.0], [0.5, -3.0]])
    given = stubs.KNOWN["dnn_utils"]
    assert given["relu"](z)[0].min() == 0.0
    assert np.allclose(given["softmax"](z)[0].sum(axis=0), 1.0)
    assert np.array_equal(given["relu_backward"](z, z), np.where(z > 0, z, 0))
    s = given["sigmoid"](z)[0]
    assert np.allclose(given["sigmoid_backward"](np.ones(z.shape), z), s * (1 - s))
    book = stubs.KNOWN["common.functions"]
    y = book["softmax"](z)
    assert np.allclose(y.sum(axis=1), 1.0)
    assert np.allclose(book["softmax"](z[0]).sum(), 1.0)
    hot = np.eye(2)
    assert book["cross_entropy_error"](y, hot) == book["cross_entropy_error"](
        y, np.array([0, 1])
    )
    assert book["identity_function"](z) is z
    assert np.allclose(book["sigmoid_grad"](z), s * (1 - s))
    assert book["relu_grad"](z).sum() == 2.0
    assert np.allclose(stubs.KNOWN["q1_softmax"]["softmax"](z).sum(axis=1), 1.0)
    q2 = stubs.KNOWN["q2_sigmoid"]
    assert np.allclose(q2["sigmoid_grad"](q2["sigmoid"](z)), s * (1 - s))
    encoder = stubs.KNOWN["sklearn.preprocessing"]["OneHotEncoder"]()
    assert encoder.fit_transform([[1], [3]]).toarray().tolist() == [[1, 0], [0, 1]]
    dummies = stubs.KNOWN["pandas"]["get_dummies"](np.array([3, 1]))
    assert dummies.values.tolist() == dummies.as_matrix().tolist() == [[0, 1], [1, 0]]
    binarizer = stubs.KNOWN["sklearn.preprocessing"]["LabelBinarizer"]()
    assert binarizer.fit([1, 3]).transform([3]).tolist() == [[0, 1]]
    assert stubs.KNOWN["keras.utils"]["to_categorical"]([1, 0]).tolist() == [
        [0, 1], [1, 0]
    ]  # fmt: skip
    assert list(stubs.KNOWN["six"]["iteritems"]({1: 2})) == [(1, 2)]


def test_the_layers_of_the_course_go_forward_and_back():
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    affine, relu, sigmoid = course.Affine(W, b), course.Relu(), course.Sigmoid()
    top = course.SoftmaxWithLoss()

    def loss(W):
        affine.W = W
        out = sigmoid.forward(relu.forward(affine.forward(x)))
        return top.forward(out, np.array([0, 1, 1, 0]))

    loss(W)
    dx = affine.backward(relu.backward(sigmoid.backward(top.backward())))
    step = np.zeros_like(W)
    step[1, 0] = 1e-6
    slope = (loss(W + step) - loss(W - step)) / 2e-6
    assert np.isclose(affine.dW[1, 0], slope, atol=1e-8)
    assert dx.shape == x.shape


def test_old_names_of_numpy_come_back():
    stubs.restore_old_numpy()
    assert np.float64 is np.float64
    assert np.reshape(np.arange(4), newshape=(2, 2)).shape == (2, 2)
    assert np.reshape(np.arange(4), (2, 2)).shape == (2, 2)
    assert np.asscalar(np.array([3])) == 3


def test_small_constants_leave_logarithms_and_nothing_else():
    tree = ast.parse(
        "def f(p, eps=1e-8):\n"
        "    return np.log(p + eps) + np.log(1e-9 + p) + p + 1e-7\n"
        "class A:\n    def g(self):\n        self.d = 10 ** -7\n"
        "        return log(self.p + self.d) + np.log(1 + self.p)\n"
    )
    assert smoothing.has_offset([tree])
    text = ast.unparse(smoothing.without_offsets(tree))
    assert "np.log(p) + np.log(p) + p + 1e-07" in text
    assert "log(self.p) + np.log(1 + self.p)" in text
    assert not smoothing.has_offset([ast.parse("np.log(p) + 1e-8")])


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("np.log(p + 1 / 100000000)", "np.log(p)"),
        ("np.log(p + 10 ** (-8))", "np.log(p)"),
        ("np.log(1 - p + 1e-08 * y)", None),
        ("eps = 1e-09\ny / (p + eps) - np.divide(1 - y, eps + 1 - p)", None),
        ("eps = 1e-09\ny / (p + eps)", "eps = 1e-09\ny / p"),
        ("np.divide(y, p + 1e-09)", "np.divide(y, p)"),
        ("np.divide(y + 1e-09, p)", None),
        ("y / np.sqrt(p + 1e-08)", None),
        ("y / (p + 1e-05)", None),
        ("np.log(p + 10 ** 400)", None),
        ("np.log(p + 1 / 0)", None),
        ("np.log(y / (p + 1e-05))", "np.log(y / p)"),
    ],
)
def test_tiny_constants_leave_divisors(text, without):
    tree = ast.parse(text)
    found = smoothing.has_offset([tree])
    after = ast.unparse(smoothing.without_offsets(tree))
    assert after == (without or after)
    assert found == (after != ast.unparse(ast.parse(text)))
    assert found or without is None


def make(source, name="f"):
    tree = ast.parse(textwrap.dedent(source))
    node = next(n for n in ast.walk(tree) if getattr(n, "name", "") == name)
    return names.Function(name, node)


def board(layout="rows", outputs=3):
    params, X, y = search.problem((5, 8, outputs))
    coding = "onehot" if layout == "rows" else "onehot columns"
    return calls.Board(
        calls.Setting(params, X, y, 0.5, (5, 8, outputs), layout, coding)
    )


def test_arguments_get_what_their_names_ask_for():
    laid = board()
    laid.record(
        make("def g(X):\n    return A2, cache", "g"), (np.ones((7, 3)), {"Z": 1})
    )
    function = make(
        "def f(X, labels, reg, lr, m, n_x, n_h, n_y, dims, A2, cache, memory, yhat,"
        " verbose=True, seed=3, *, keep_prob=1.0): pass"
    )
    values, named = laid.bind(function)
    assert values[0].shape == (7, 5)
    assert values[2:8] == [0.5, 1.0, 7, 5, 8, 3]
    assert values[8] == [5, 8, 3]
    assert values[10] == {"Z": 1} == values[11]
    assert values[12].shape == (7, 3)
    assert named == {"keep_prob": 0.8}


def test_an_argument_after_one_left_alone_is_passed_by_name():
    laid = board()
    values, named = laid.bind(make("def f(X, zork=1, reg=0.0): pass"))
    assert len(values) == 1
    assert named == {"reg": 0.5}
    with pytest.raises(forms.Refused, match="wants 'zork'"):
        laid.bind(make("def f(X, zork): pass"))
    values, _ = laid.bind(make("def f(zork): pass"), [["X"]])
    assert values[0].shape == (7, 5)


def test_the_cache_is_what_a_forward_pass_leaves():
    laid = board("columns")
    for result, expected in (
        ((np.ones((3, 7)), [1]), [1]),
        ((np.ones((3, 7)), np.ones(2)), None),
        ({"A": 1}, {"A": 1}),
        (np.ones((3, 7)), None),
    ):
        laid.results = [result]
        found = laid.cache()
        assert (found == expected) if expected is not None else found is result
    assert laid.output().shape == (3, 7)
    laid.results = [{"dZ": np.ones(2)}]
    laid.instance = SimpleNamespace(delta=np.ones((3, 7)), out=2 * np.ones((3, 7)))
    assert laid.output()[0, 0] == 2.0


def test_what_is_one_number_and_what_is_not():
    assert calls.is_number(np.array([[2.0]]))
    for value in (None, "a", True, [1, 2], 1j, [[1], [2, 3]]):
        assert not calls.is_number(value)


def test_constructors_get_sizes_by_name_and_by_place():
    class Net:
        def __init__(self, input_size, middle, num_classes, activation, dtype=None):
            self.seen = (input_size, middle, num_classes, activation, dtype)

    made = constructing.construct(Net, board())
    assert made.seen == (5, 8, 3, "sigmoid", np.float64)

    class Listed:
        def __init__(self, hidden_dims, output_dim=10, X=None, *args, **more):
            self.seen = (hidden_dims, output_dim)

    assert constructing.construct(Listed, board()).seen == ([8], 3)

    class Odd:
        def __init__(self, a, b, c, d):
            pass

    with pytest.raises(forms.Refused, match="nothing in the file says"):
        constructing.construct(Odd, board())

    class Shaped:
        def __init__(self, scores_shape, n_layers, learning_rate, X, y):
            self.seen = scores_shape, n_layers, learning_rate

    assert constructing.construct(Shaped, board()).seen == ((7, 3), 1, 1.0)
    assert isinstance(constructing.construct(int, board()), int)


def test_an_objects_parameters_are_a_chain_of_layers():
    W1, b1 = np.zeros((4, 6)), np.zeros(6)
    net = SimpleNamespace(
        fc1=SimpleNamespace(W=W1, b=b1), fc2=SimpleNamespace(W=np.zeros((6, 3))),
        dW=np.ones((4, 6)), prev_W=W1, lr=0.1,
    )  # fmt: skip
    chain = chains.chain_of(net, None)
    assert chain is not None
    assert chain.dims == (4, 6, 3)
    assert [s.name for s in chain.slots] == ["fc1.W", "fc2.W", "b"]
    augmented = SimpleNamespace(V=np.zeros((6, 5)), W=np.zeros((3, 7)))
    found = chains.chain_of(augmented, (4, 6, 3))
    assert found is not None
    assert [s.form for s in found.slots] == ["out_in+first"] * 2
    assert chains.chain_of(SimpleNamespace(x=1), None) is None
    assert chains.chain_of(SimpleNamespace(W=np.zeros((2, 3, 4))), None) is None


def test_gradients_are_paired_by_name_then_shape_or_refused():
    held = [Held(Slot("W1", "in_out", "W1"), np.zeros((4, 6))),
            Held(Slot("W2", "in_out", "W2"), np.zeros((6, 4)))]  # fmt: skip
    a, b = np.ones((4, 6)), np.ones((6, 4))
    assert gradients.match(held, [("dW2", b), ("dW1", a)])["W1"] is a
    assert gradients.match(held, [("", a), ("", b)])["W2"] is b
    with pytest.raises(forms.Refused, match="could be any of them"):
        gradients.match(held, [("", a), ("", a), ("", a)])
    assert gradients.match(held[:1], [("", a), ("gW", 2 * a), ("", a)])["W1"][0, 0] == 2
    assert not gradients.is_array("text")
    assert not gradients.is_array([[1], [2, 3]])
    named = gradients.arrays_in({"dW": [a, b], "more": {"db": 1.0}, "x": 2}, ())
    assert [n for n, _ in named] == ["dW[0]", "dW[1]", "db", "x"]
    named = gradients.arrays_in(({"a": 1}, [1.0, 2.0]), ("g", "v"))
    assert [n for n, _ in named] == ["a", "v"]
    assert gradients.arrays_in(None, ()) == []


@pytest.fixture
def offer(tmp_path):
    offers = []

    def loaded(source, *objects):
        path = tmp_path / "f.py"
        path.write_text(textwrap.dedent(source))
        offers.append(forms.load(path.read_bytes(), str(path), objects))
        return offers[-1]

    yield loaded
    for made in offers:
        made.close()


LAYERS = """
    import numpy as np
    class Square:
        def forward(self, x):
            self.x = x
            return x ** 2
        def backward(self):
            return 2 * self.x
    class Norm:
        def __init__(self, units, in_features=5):
            self.layers = [Square()]
            self.W, self.b = np.zeros((4, 5)), np.zeros((4, 1))
        def forward(self, x):
            self.x = x
            return x @ self.W.T + self.b.T
        def backward(self, d):
            return d @ self.W, d.T @ self.x, d.sum(0)
    class Half:
        def __init__(self):
            self.W = np.zeros((5, 4))
        def forward(self, x):
            return x @ self.W
        def backward(self, d):
            return d @ self.W.T
    class Quiet:
        def forward(self, x):
            return x
        def backward(self, d):
            pass
    class Labelled:
        def set(self, labels):
            self.labels = labels
        def forward(self, scores):
            e = np.exp(scores); e /= e.sum(1, keepdims=True)
            r = np.arange(len(e))
            self.g = e - np.eye(e.shape[1])[self.labels]
            return -np.log(e[r, self.labels]).sum()
        def backward(self, d=1):
            return self.g
    def lazy_forward(x):
        return None
    def lazy_backward(dout, cache):
        return None
    def half_forward(x, w):
        return x @ w, (x, w)
    def half_backward(dout, cache):
        return None, None
    def part_backward(dout, cache):
        return dout @ cache[1].T,
    def part_forward(x, w):
        return x @ w, (x, w)
    def more_forward(x, w):
        return x @ w
    def more_backward(dout, x, w):
        return dout @ w.T, x.T @ dout
    def odd_forward(x):
        return x
    def odd_backward(dout, zork, frob):
        return dout
    def flat_forward(x):
        return x, x
    def flat_backward(dout, cache):
        return dout[0]
    def two_forward(x, inputs):
        return x, x
    def two_backward(dout, cache):
        return dout
    def softmax_loss(x, y):
        return None
    def svm_loss(x, y):
        return 1.0, None
"""


@pytest.mark.parametrize("name", ["Square", "Norm", "Labelled", "more"])
def test_a_layer_in_many_shapes_is_a_layer(offer, name):
    unit = offer(LAYERS, name).units[0]
    assert unit.run is not None
    assert unit.hint["kind"] in ("vjp", "scores")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Half", "stores no gradient of 'W'"), ("Quiet", "backward returns None"),
        ("lazy", "lazy_forward returns None"), ("half", "half_backward returns None"),
        ("part", "gives no gradient of 'w'"), ("odd", "odd_backward"),
        ("flat", "flat_backward gives no gradient of 'x'"),
        ("two", "more than one input"), ("softmax_loss", "returns None"),
        ("svm_loss", "returns None for the gradient of 'x'"),
    ],
)  # fmt: skip
def test_an_unfinished_layer_says_what_is_missing(offer, name, says):
    with pytest.raises(forms.Refused) as caught:
        offer(LAYERS, name)
    assert says in caught.value.text


def test_modules_of_a_submission_are_forgotten(offer):
    before = set(sys.modules)
    made = offer("import strange_helper\n" + textwrap.dedent(LAYERS), "Square")
    assert "strange_helper" in sys.modules
    made.close()
    assert set(sys.modules) <= before | {"strange_helper"}
    assert "strange_helper" not in sys.modules
