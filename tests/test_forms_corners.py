"""Reading files: what is rare in them."""

import ast
import textwrap
import types

import numpy as np
import pytest

from gradcheck.submissions import forms
from gradcheck.submissions.forms import (
    advice,
    calls,
    chains,
    containers,
    function_units,
    layers,
    modules,
    names,
    offer,
    pairs,
    penalties,
    reading,
    running,
    selecting,
    surroundings,
    wording,
)
from gradcheck.submissions.forms.classes import ClassForm, empty_of
from gradcheck.submissions.forms.gradients import Held
from gradcheck.submissions.forms.names import Function
from gradcheck.submissions.forms.refusal import Refused
from gradcheck.submissions.forms.shapes import Slot

pytestmark = pytest.mark.usefixtures("apart")


def functions(source, owner=""):
    """Read the functions of a text, by name."""
    return {
        n.name: Function(n.name, n, owner)
        for n in ast.parse(textwrap.dedent(source)).body
        if isinstance(n, ast.FunctionDef)
    }


def executed(source):
    space = {"np": np}
    exec(textwrap.dedent(source), space)
    return space


def class_form(source, name="Net"):
    tree = ast.parse(textwrap.dedent(source))
    space = executed(source)
    return ClassForm(space[name], [tree], space, ())


def layer_of(source, name="Layer"):
    form = class_form(source, name)
    return modules.module(form.cls, form.methods)


def pair_of(source, stem="f"):
    found = functions(source)
    forward, backward = found[f"{stem}_forward"], found[f"{stem}_backward"]
    return pairs.pair(forward, backward, executed(source))


@pytest.fixture
def load(tmp_path):
    """Load source text as a file; forget its modules afterwards."""
    offers = []

    def loaded(source, *objects):
        data = textwrap.dedent(source).encode()
        path = tmp_path / "homework.py"
        path.write_bytes(data)
        offers.append(forms.load(data, str(path), objects))
        return offers[-1]

    yield loaded
    for each in offers:
        each.close()


def refused(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value


# Texts


def test_utf_16_is_decoded():
    assert reading.decode("x = 1".encode("utf-16")) == "x = 1"


def test_an_encoding_that_is_none_is_taken_for_latin_1():
    source = b"# coding: zork\r\nx = '\xe9'\r"
    assert reading.decode(source) == "# coding: zork\nx = 'é'\n"


def test_magics_in_a_plain_file_are_blanked_out():
    tree, text, notes = reading.parse(b"%matplotlib inline\nx = 1\n", "a.py")
    assert text == "pass\nx = 1\n"
    assert tree.body[1].lineno == 2
    assert notes == []


def test_a_file_too_deep_to_parse_is_refused():
    problem = refused(reading.parse, b"x = " + b"-" * 200_000 + b"1\n", "a.py")
    assert problem.code == "syntax"
    assert "does not parse" in problem.text


# Statements


def statement(text):
    return ast.parse(text).body[0]


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("x = y = 1", ["x", "y"]), ("x: int = 1", ["x"]), ("x += 1", ["x"]),
        ("print(x)", []), ("(a, b) = 1, 2", ["a", "b"]),
    ],
)  # fmt: skip
def test_the_targets_of_a_statement(text, assigned):
    assert selecting.targets(statement(text)) == assigned


@pytest.mark.parametrize(
    ("text", "defines"),
    [
        ("x = 1", True), ("x: int", False), ("x = load()", False),
        ("f = lambda x: open(x)", True), ("x = [lambda: 1]", False),
        ("x = np.load('a')", False), ("x = np.zeros(3)[0]", True),
        ("x = (yield)", False), ("if 1 > 0:\n  x = 1\nelse:\n  x = 2", True),
        ("if f():\n  x = 1", False), ("for i in x: pass", False),
        ("try:\n  import a\nexcept ImportError:\n  pass", True),
        ("try:\n  import a\nexcept ImportError:\n  print(1)", False),
        ("x = (lambda: 1)()", False), ("x = __import__('a')", True),
        ("x = importlib.import_module('a')", True), ("x = __import__(a)", False),
        ("x = __import__()", False),
    ],
)  # fmt: skip
def test_what_is_a_definition(text, defines):
    assert selecting.is_definition(statement(text)) is defines


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("'text'", True), ("print(1)", False), ("pass", True), ("for i in x: pass", 0),
        ("if __name__ == '__main__': main()", True), ("if x: main()", False),
    ],
)  # fmt: skip
def test_what_may_go_unsaid(text, inert):
    assert selecting.is_inert(statement(text)) == inert


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("x = make(3)", True),
        ("x = zork(3)", False),
        ("x = np.load('a')", False),
        ("x = open('a')", False),
        ("x = eval('a')", False),
        ("x = len([])", True),
    ],
)
def test_calls_that_stay_in_the_file(text, local):
    space = {"make": dict, "eval": eval, "open": open}
    assert selecting.calls_only_local(statement(text), space) is local


# Running


@pytest.fixture
def workspace(tmp_path):
    """Run text as a file beside others; forget its modules afterwards."""
    made = []

    def run(source, path="homework.py", **neighbours):
        for stem, text in neighbours.items():
            place = tmp_path / (stem + ".py")
            place.parent.mkdir(exist_ok=True, parents=True)
            place.write_text(textwrap.dedent(text))
        place = tmp_path / path
        place.parent.mkdir(exist_ok=True, parents=True)
        made.append(running.Workspace(str(place)))
        module = made[-1].load(ast.parse(textwrap.dedent(source)))
        return made[-1], module

    yield run
    for each in made:
        each.close()


def test_what_a_real_module_lacks_is_stood_in_for(workspace):
    space, module = workspace("""
        from numpy import zork as z
        import numpy.zork
        from numpy.zork import *
    """)
    assert module.z._name == "numpy.zork"
    assert space.missing == ["numpy", "numpy.zork"]


def test_a_file_deep_in_a_package_has_its_parents(workspace, tmp_path):
    for folder in ("outer", "outer/inner"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    _, module = workspace(
        "from ..other import x", "outer/inner/homework.py", **{"outer/other": "x = 7"}
    )
    assert module.__name__ == "outer.inner.homework"
    assert module.x == 7


def test_a_left_out_assignment_that_fails_supplies_nothing(workspace):
    space, module = workspace("""
        def make(n):
            return 1 / n
        bad = make(0)
        good = make(2)
    """)
    assert sorted(space.skipped) == ["bad", "good"]
    assert not space.supply("bad")
    assert space.supply("good")
    assert module.good == 0.5
    assert not space.supply("good")


def test_a_folder_beside_the_file_is_a_package(workspace, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "part.py").write_text("x = 3")
    space, module = workspace(
        "import bare.part\nimport whole", **{"whole/__init__": "y = 4"}
    )
    assert module.bare.part.x == 3
    assert module.whole.y == 4
    assert space.missing == []


def test_a_neighbour_that_does_not_parse_gives_placeholders(workspace):
    space, module = workspace(
        "from odd import f\nimport odd\nimport blank", odd="def f(:", blank=""
    )
    assert module.f._name == "odd.f"
    assert not hasattr(module.odd, "__zork__")
    assert space.missing == ["odd (syntax)"]


def test_a_neighbour_that_cannot_be_read_is_empty(workspace, monkeypatch):
    def fail(self):
        raise OSError("gone")

    monkeypatch.setattr(running.Path, "read_bytes", fail)
    space, module = workspace("import beside", beside="x = 1")
    assert not hasattr(module.beside, "x")
    assert space.neighbours == []


def test_a_helper_of_a_course_that_is_known_is_supplied(workspace, monkeypatch):
    monkeypatch.setitem(running.SOURCES, "coursehelper", "def twice(x): return 2 * x")
    space, module = workspace("from coursehelper import twice")
    assert module.twice(4) == 8
    assert len(space.neighbours) == 1


def test_the_standard_library_is_left_to_python():
    finder = running._Finder(running.Workspace("homework.py"))
    assert finder.find_spec("json.zork", None) is None
    assert finder.find_spec("numpy.zork", None) is None
    assert finder.find_spec("gradcheck.zork", None) is None


# Objects


def test_what_stands_for_no_layer_is_said_in_full():
    assert chains.label(("layers", 0, "W")) == "layers[0].W"
    assert chains.labels([("a", "W"), ("b", "W"), ("c",), ("d", 1)]) == [
        "a.W", "b.W", "c", "d[1]"
    ]  # fmt: skip


def test_no_parameters_are_looked_for_very_deep_or_in_a_number():
    deep = types.SimpleNamespace(W={"a": {"b": {"c": {"d": {"W": np.ones(2)}}}}})
    assert list(chains.walk(deep)) == []
    assert list(chains.walk(3)) == []


def test_a_number_is_no_weight_and_one_array_is_held_once():
    W = np.ones((5, 3))
    made = types.SimpleNamespace(W=2.0, W1=W, W2=W, weights=[np.ones((2, 2))], b=0.5)
    assert [(p, k) for p, _, k in chains.held_by(made)] == [
        (("W1",), "W"), (("weights", 0), "W"), (("b",), "b")
    ]  # fmt: skip


def test_weights_that_do_not_follow_on_one_another_are_no_chain():
    made = types.SimpleNamespace(W1=np.ones((5, 4)), W2=np.ones((7, 3)))
    assert chains.chain_of(made, None) is None
    made = types.SimpleNamespace(W1=np.ones((5, 4, 2)))
    assert chains.chain_of(made, None) is None
    made = types.SimpleNamespace(**{f"W{k}": np.ones((2, 2)) for k in range(1, 9)})
    assert chains.chain_of(made, None) is None


def test_a_bias_that_fits_no_layer_is_left_out():
    made = types.SimpleNamespace(W1=np.ones((5, 4)), b1=np.ones(9))
    chain = chains.chain_of(made, (5, 4))
    assert [s.name for s in chain.slots] == ["W1"]
    assert not chain.biases


def test_parameters_are_put_in_what_the_file_wants():
    values = [np.arange(4.0).reshape(2, 2), np.ones(2)]
    assert containers.contain("tuple", "ab", values) == tuple(values)
    assert containers.contain("list", "ab", values) == values
    flat = containers.contain("unrolled F", "ab", values)
    assert flat.tolist() == [0, 2, 1, 3, 1, 1]
    column = containers.contain("unrolled column", "ab", values)
    assert column.ravel().tolist() == [0, 1, 2, 3, 1, 1]
    assert column.shape == (6, 1)


def loss_function(name="f", returned="a, b"):
    return functions(f"def {name}(x):\n    return {returned}")[name]


@pytest.mark.parametrize(
    ("result", "returned", "loss"),
    [
        ((2.0, np.ones(3)), "J, grad", 2.0), ((np.ones(3), 2.0), "dW, cost", 2.0),
        ((np.ones(3), 2.5), "a, b", 2.5), (({}, {}), "a, b", None),
        ({"cost": 3.0}, "r", 3.0), ({"zork": 3.0}, "r", None), (None, "r", None),
        (np.ones(3), "r", None), (np.array([[4.0]]), "r", 4.0),
    ],
)  # fmt: skip
def test_the_loss_in_what_a_call_returned(result, returned, loss):
    assert containers.loss_in(result, loss_function(returned=returned), False) == loss


@pytest.mark.parametrize(
    ("name", "result", "alone"),
    [("f", (np.ones(7), {}), True), ("f", np.ones(7), True), ("cost", np.ones(7), 0)],
)
def test_a_loss_of_many_numbers_is_refused(name, result, alone):
    function = loss_function(name)
    problem = refused(containers.loss_in, result, function, alone)
    assert problem.code == "loss-not-scalar"
    assert "(7,)" in problem.text


def test_the_loss_is_taken_out_of_what_comes_with_it():
    W = np.ones((2, 2))
    assert containers.drop_loss([("dW", W), ("loss", 1.0)]) == [("dW", W)]
    assert containers.drop_loss([("dW", W)]) == [("dW", W)]


def test_an_array_may_be_stored_into_the_one_that_is_there():
    old = np.zeros(3)
    made = types.SimpleNamespace(W=old, part={"b": 1.0})
    containers.put(made, ("W",), np.ones(3), False)
    assert made.W is old
    assert old.tolist() == [1, 1, 1]
    containers.put(made, ("part", "b"), 2.0, False)
    assert made.part == {"b": 2.0}


def test_gradients_beside_their_parameters_are_found():
    part = types.SimpleNamespace(W=np.ones((2, 3)), dW=np.full((2, 3), 2.0))
    made = types.SimpleNamespace(part=part, bag={"W": np.ones(2)})
    held = [
        Held(Slot("part.W", "same", "W1"), part.W),
        Held(Slot("bag.W", "same", "W2"), made.bag["W"]),
    ]
    paths = {"part.W": ("part", "W"), "bag.W": ("bag", "W")}
    found = containers.nested_gradients(made, paths, held, {})
    assert set(found) == {"part.W"}
    assert found["part.W"][0, 0] == 2
    part.dW = None
    assert containers.nested_gradients(made, paths, held, {}) == {}


# Advice


def test_an_adapter_is_filled_with_a_class():
    methods = functions("def __init__(s): pass\ndef step(a, b): pass")
    text = advice.adapter("hw", {}, {"Empty": {}, "Net": methods})
    assert "net = Net()" in text
    assert "... = net.step(a, b)" in text
    assert "__init__" not in text


def test_a_file_without_anything_is_told_what_was_expected():
    problem = advice.nothing_fits("a/hw.py", {}, {}, [4, 9], None)
    assert problem.code == "no-gradient"
    assert "from line 4" in problem.text
    assert problem.line == 4
    assert (
        "no function and no class" in advice.nothing_fits("hw", {}, {}, [], None).text
    )


# Layers of two functions

LINEAR = """
    def f_forward({takes}):
        return x @ w + b, (x, w)
    def f_backward(dout, {cache}):
        x, w = cache
        return {returns}
"""
RIGHT = "dout @ w.T, x.T @ dout, dout.sum(0)"


def linear(takes="x, w, b", cache="cache", returns=RIGHT):
    return LINEAR.format(takes=takes, cache=cache, returns=returns)


def test_a_layer_may_take_settings_and_have_defaults():
    made = pair_of(linear("x, w, b, layer_param, slope=1"))
    assert made.right
    assert list(made.symbols) == ["x", "w", "b"]


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        (linear("x, w, zork, b"), "unknown-layer", "wants 'zork'"),
        (linear("x, X, w, b"), "unknown-layer", "more than one input"),
        (linear(cache="cache, zork"), "unbound", "wants 'zork'"),
        (linear(returns="None"), "incomplete", "returns None"),
        (linear(returns="None, None, None"), "incomplete", "returns None"),
        (linear(returns="dout @ w.T, None, dout.sum(0)"), "incomplete", "of 'w'"),
        (linear(returns="dout, dout, dout"), "shape-mismatch", "shape"),
    ],
)
def test_a_pair_that_is_no_layer_is_refused(source, code, words):
    problem = refused(pair_of, source)
    assert problem.code == code
    assert words in problem.text


def test_a_backward_pass_may_take_inputs_of_the_forward_pass():
    made = pair_of("""
        def f_forward(x, w, b):
            return x @ w + b
        def f_backward(dout, x, w, b):
            return dout @ w.T, x.T @ dout, dout.sum(0)
    """)
    assert made.right


def test_a_forward_pass_that_gives_nothing_is_unfinished():
    source = linear().replace("return x @ w + b, (x, w)", "return None, None")
    problem = refused(pair_of, source)
    assert problem.code == "incomplete"
    assert "f_forward returns None" in problem.text


def test_a_gradient_of_one_number_is_spread():
    backward = loss_function("f_backward")
    assert layers.shaped(2.0, np.ones(3), "b", backward).tolist() == [2, 2, 2]


# Losses of scores


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "returns None"), ((None, None), "returns None"), ([1.0], "returns list"),
        ((0.0, 0.0), "as its template does"), ((1.0, None), "None for the gradient"),
    ],
)  # fmt: skip
def test_a_loss_of_scores_that_is_unfinished(result, words):
    function = functions("def softmax_loss(x, y): pass")["softmax_loss"]
    problem = refused(layers.scores, function, lambda x, y: result)
    assert problem.code == "incomplete"
    assert words in problem.text


def test_a_loss_of_scores_that_is_wrong_is_still_offered():
    function = functions("def softmax_loss(x, y): pass")["softmax_loss"]
    made = layers.scores(function, lambda x, y: (float(np.sum(x**2)), x))
    assert not made.right


def test_a_loss_of_scores_may_want_columns():
    def call(x, y):
        e = np.exp(x) / np.exp(x).sum(0)
        at = y, np.arange(7)
        loss = -np.log(e[at]).sum()
        e[at] -= 1
        return loss, e

    function = functions("def softmax_loss(x, y): pass")["softmax_loss"]
    assert layers.scores(function, call).right


# Layers that are classes

AFFINE = """
    class Layer:
        def __init__(self, {takes}):
            self.W, self.b = np.ones(({shape})), np.zeros(4)
        def forward(self, x):
            self.x = x
            return x @ self.W + self.b
        def backward(self, {given}):
            {body}
            return {returns}
"""


def affine(
    takes="n_in, n_out", given="dout", returns="dout @ self.W.T", shape="n_in, n_out",
    body="self.dW, self.db = self.x.T @ dout, dout.sum(0)",
):  # fmt: skip
    return AFFINE.format(
        takes=takes, given=given, returns=returns, body=body, shape=shape
    )


@pytest.mark.parametrize(
    "source",
    [
        affine(),
        affine("W, b", shape="5, 4"),
        affine("D, H", shape="D, H"),
        affine("*args, zork=3, **more", shape="5, 4"),
        affine("first, second", shape="first, second"),
        affine(returns="dout @ self.W.T, self.x.T @ dout, dout.sum(0)", body="pass"),
    ],
)
def test_an_affine_layer_may_be_made_in_many_ways(source):
    made = layer_of(source)
    assert made.right
    assert made.interface == "module"


def test_the_mean_may_stand_inside_a_class():
    body = "self.dW, self.db = self.x.T @ dout / len(dout), dout.mean(0)"
    made = layer_of(affine(body=body))
    assert made.right
    assert made.notes == ["the 1/N of the mean stands inside Layer.backward"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (affine(returns="None"), "gradient of its input 'x'"),
        (affine(body="self.dW = self.x.T @ dout"), "no gradient of 'b'"),
    ],
)
def test_a_class_without_all_its_gradients_is_unfinished(source, words):
    problem = refused(layer_of, source)
    assert problem.code == "incomplete"
    assert words in problem.text


@pytest.mark.parametrize(
    "source",
    [
        "class Layer:\n    def forward(self, x): return x",
        "class Layer:\n    def forward(self, x, z): return x\n"
        "    def backward(self, d): return d",
        "class Layer:\n    def forward(self, x): return x\n"
        "    def backward(self, d, e): return d",
        "class Layer:\n    def __init__(self): self.W1 = self.W2 = np.ones((5, 4)) * 1;"
        " self.W3 = np.ones((4, 3))\n"
        "    def forward(self, x): return x\n    def backward(self, d): return d",
    ],
)
def test_a_class_that_is_no_layer(source):
    assert layer_of(source) is None


def test_a_backward_pass_without_arguments_gives_the_slope_of_each_output():
    made = layer_of("""
        class Layer:
            def forward(self, x):
                self.x = x
                return x**2
            def backward(self):
                return 2 * self.x
    """)
    assert made.right


LOSS = """
    class Layer:
        def forward(self, x, y):
            e = np.exp(x - x.max(1, keepdims=True))
            self.p, self.y = e / e.sum(1, keepdims=True), y
            return {loss}
        def backward(self{more}):
            return {returns}
"""


def test_a_loss_class_may_want_labels_in_one_column_each():
    made = layer_of(
        LOSS.format(
            loss="-np.sum(y * np.log(self.p))", more=", d=1", returns="self.p - self.y"
        )
    )
    assert made.right
    assert made.interface == "module"


def test_a_loss_class_may_want_class_numbers():
    made = layer_of(
        LOSS.format(
            loss="-np.sum(np.log(self.p[np.arange(len(y)), y]))",
            more=", d",
            returns="self.p - np.eye(3)[self.y]",
        )
    )
    assert made.right


def test_a_loss_class_that_is_wrong_is_offered_and_one_that_raises_is_not():
    loss = "-np.sum(y * np.log(self.p))"
    made = layer_of(LOSS.format(loss=loss, more="", returns="2 * self.p"))
    assert not made.right
    with pytest.raises(ZeroDivisionError):
        layer_of(LOSS.format(loss=loss, more="", returns="1 / 0"))


def test_a_loss_class_may_keep_its_labels_as_an_attribute():
    source = """
        class Layer:
            {init}
            def forward(self, x):
                self.d = x - np.eye(3)[self.y]
                return 0.5 * np.sum(self.d**2)
            def backward(self):
                return self.d
    """
    for init in ("pass", "def __init__(self, shape): self.shape = shape"):
        made = layer_of(source.format(init=init))
        assert made.right
        assert made.labels


# Classes


def test_a_class_is_started_where_its_constructor_makes_no_weights():
    form = class_form("""
        class Net:
            def build_it(self, zork):
                pass
            def reset(self):
                self.ready = True
            def init_weights(self, n_in, n_out):
                self.W = np.ones((n_in, n_out))
    """)
    ((dims, made, chain),) = form.instances(0, 3)
    assert dims == (5, 3)
    assert made.ready
    assert chain.dims == (5, 3)


def test_a_constructor_that_fails_is_remembered():
    form = class_form("class Net:\n    def __init__(self):\n        1 / 0")
    assert list(form.instances(1, 3)) == []
    assert isinstance(form.failure, ZeroDivisionError)


def test_a_class_may_hold_its_data():
    form = class_form("""
        class Net:
            def __init__(self, n_in, n_out):
                self.W = np.ones((n_in, n_out))
                self.X = None
            def loss(self):
                return np.sum(self.X @ self.W) + len(self.y)
    """)
    ((_, made, _),) = form.instances(0, 3)
    assert sorted(form._data_attributes(made)) == ["X", "y"]


def test_containers_left_empty_are_named():
    made = types.SimpleNamespace(params={}, weights=[], other=3, grads={})
    assert empty_of(made) == ["params", "weights"]


@pytest.mark.parametrize(
    ("init", "code", "words"),
    [
        ("1 / 0", "crashes", "ZeroDivisionError"),
        ("self.params = {}", "incomplete", "leaves self.params empty"),
        ("self.zork = 3", "no-form", "no attributes that can be told to be weights"),
    ],
)
def test_a_class_without_parameters_says_why(load, init, code, words):
    source = f"""
        import numpy as np
        class Net:
            def __init__(self):
                {init}
            def loss(self, X, y):
                return np.sum(X), {{}}
    """
    problem = refused(load, source, "Net")
    assert problem.code == code
    assert words in problem.text


def test_a_class_may_dictate_two_hidden_layers_of_one_width(load):
    offered = load(
        """
        import numpy as np
        class Net:
            def __init__(self):
                self.W1, self.W2 = np.ones((6, 9)) / 9, np.ones((9, 9)) / 9
                self.W3 = np.ones((9, 4)) / 9
            def loss(self, X, y):
                a = X @ self.W1
                b = a @ self.W2
                d = b @ self.W3 - np.eye(4)[y]
                g = {"W3": b.T @ d, "W2": a.T @ (d @ self.W3.T)}
                g["W1"] = X.T @ (d @ self.W3.T @ self.W2.T)
                assert X.shape[1] == 6
                return 0.5 * np.sum(d**2), g
        """,
        "Net",
    )
    assert offered.units[0].hint["dims"] == [6, 9, 9, 4]


def test_a_loss_of_scores_may_be_a_method(load):
    offered = load(
        """
        import numpy as np
        class Loss:
            def softmax_loss(self, x, y):
                e = np.exp(x) / np.exp(x).sum(1, keepdims=True)
                at = np.arange(len(y)), y
                loss = -np.log(e[at]).sum()
                dx = e.copy()
                dx[at] -= 1
                return loss, dx
        """,
        "Loss",
    )
    assert offered.units[0].hint["kind"] == "scores"
    assert offered.units[0].hint["object"] == "Loss.softmax_loss"


# Offers


def test_names_that_nothing_defines():
    tree = ast.parse("def f():\n    return zork + known + len([])\n")
    assert offer.undefined_names([tree], {"known": 1}) == ("zork",)
    left = ast.parse("def f():\n    global zork\n    zork = 1\ndef g(): return zork")
    assert offer.undefined_names([left], {}) == ()


def test_names_of_functions_are_their_own():
    assert names.role_of("reg") == "reg"


class Strength:
    """A recipe whose loss and gradient have a penalty of a given scale."""

    slots = (Slot("W", "in_out", "W", ""),)
    reg_attributes, kept, steps = (), {}, ()

    def __init__(self, half=1.0, power=0, failing=False, lossless=False, implied=True):
        self.half, self.power, self.failing = half, power, failing
        self.lossless, self.implied = lossless, implied or None
        self.changes = {}

    def evaluate(self, params, X, y, reg, gradient):
        if self.failing:
            raise ValueError("odd")
        scale = reg * self.half / len(X) ** self.power
        loss = None if self.lossless else 0.5 * scale * np.sum(params["W"] ** 2)
        return types.SimpleNamespace(loss=loss, grads={"W": scale * params["W"]})

    def with_(self, **changes):
        self.changes = changes
        return self


@pytest.mark.parametrize(
    ("recipe", "reg", "changes"),
    [
        (Strength(failing=True), "none", {}), (Strength(lossless=True), "none", {}),
        (Strength(half=0.0), "none", {}), (Strength(half=3.3), "free", {}),
        (Strength(2.0), "free", {"penalty": 1.0, "reg_power": 0}),
        (Strength(1.0, 1), "free", {"penalty": 0.5, "reg_power": 1}),
        (Strength(1.0, 1, implied=False), "free", {"reg_power": 1}),
        (Strength(1.0, implied=False), "free", {}),
    ],
)  # fmt: skip
def test_the_scale_of_a_penalty_is_found(recipe, reg, changes):
    assert penalties.settle_penalty(recipe, (5, 3), 7) == (recipe, reg)
    assert recipe.changes == changes


def test_a_strength_may_be_an_attribute_or_an_argument():
    recipe = Strength()
    assert not penalties.mentions_penalty(recipe)
    recipe.steps = ((functions("def f(X, reg): pass")["f"], None),)
    assert penalties.mentions_penalty(recipe)
    recipe.steps, recipe.reg_attributes = (), ("reg",)
    assert penalties.mentions_penalty(recipe)


def test_a_function_that_was_never_run_is_plain():
    assert wording.interface_of(loss_function(), None) == "plain"


def test_labels_follow_the_name_of_their_argument():
    y = np.array([0, 2, 1])
    setting = calls.Setting({}, np.ones((3, 5)), y, 0.0, (5, 3), coding="ints")
    assert setting.labels("y").tolist() == [0, 2, 1]
    assert setting.labels("y_onehot").tolist() == np.eye(3)[y].tolist()


def test_a_layer_may_scale_and_shift():
    made = pair_of("""
        def f_forward(x, gamma, beta):
            return gamma * x + beta, (x, gamma)
        def f_backward(dout, cache):
            x, gamma = cache
            return dout * gamma, (dout * x).sum(0), dout.sum(0)
    """)
    assert made.right
    assert made.symbols["gamma"] == ("D",)


def test_an_output_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match="output of shape"):
        layers.demand(np.ones((2, 3)), loss_function(), (3, 2))
    assert layers.demand(np.ones((2, 3)), loss_function(), (2, 3)) is None


def test_functions_of_neighbours_can_be_called():
    tree = ast.parse("def near(x): return x\ndef gone(x): return x")
    module = types.SimpleNamespace(near=abs)
    maker = types.SimpleNamespace(
        workspace=types.SimpleNamespace(neighbours=[(module, tree)]),
        functions={"own": None},
        space={"own": len},
    )
    found = function_units.FunctionUnits._callables(maker)
    assert found == {"near": abs, "own": len}


def test_a_function_without_weights_is_refused():
    finish = function_units.FunctionUnits._finish
    problem = refused(finish, None, None, None, "f", "plain")
    assert problem.code == "no-form"
    assert "f takes no weights" in problem.text


def test_what_a_maker_raises_is_put_into_words():
    made = types.SimpleNamespace(
        problems=[],
        workspace=types.SimpleNamespace(path="homework.py", missing=[]),
    )
    unit = surroundings.Surroundings._guard(made, "f", lambda: 1 / 0)
    assert unit.run is None
    assert unit.hint["broken"]["code"] == "crashes"
    assert "ZeroDivisionError" in made.problems[0].text


@pytest.mark.parametrize(
    ("returned", "cache"),
    [("out", "cache"), ("out, x", "cache"), ("out, x, w, 1", "cache[0]"),
     ("[out, (x, w)]", "cache[0]")],
)  # fmt: skip
def test_a_forward_pass_may_return_any_number_of_things(returned, cache):
    source = (
        "def affine_forward(x, w):\n"
        f"    out = x @ w\n    return {returned}\n"
        "def affine_backward(dout, cache, w):\n"
        f"    x = {cache}\n"
        "    return dout @ w.T, x.T @ dout\n"
    )
    layer = pair_of(source, "affine")
    assert layer.right
