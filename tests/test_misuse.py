"""What is handed over instead of a function or a path is told the right call."""

import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check_gradients, check_network, check_submission, check_vjp
from gradcheck.errors import GradcheckError

HERE = os.path.basename(__file__)
FORM = "loss_and_grads(params, X, y, reg) -> (loss, grads)"


class Net:
    def __init__(self):
        self.params = {"W": np.ones(2)}

    def loss(self, X, y=None, reg=0.0):
        return 0.0, {}


class Layer:
    def forward(self, x):
        return x


def solve(params, X, y, reg):
    return 0.0, {}


def told(call):
    with pytest.raises(GradcheckError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (
            Net,
            f"loss_and_grads is the class Net, but should be a function: {FORM}; a "
            "class is checked by gradcheck.testing.examine(Net), or from its file by "
            f"gradcheck.check_submission('{HERE}', objects=['Net'])",
        ),
        (
            Net(),
            f"loss_and_grads is of type Net, but should be a function: {FORM}; an "
            "object with params and loss is checked by gradcheck.testing.examine",
        ),
        (
            Net().loss,
            "loss_and_grads is the method Net.loss(X, y=None, reg=0.0), but should be "
            f"a function: {FORM}; an object with params and loss is checked by "
            "gradcheck.testing.examine",
        ),
        (
            "hw/net.py",
            f"loss_and_grads is of type str, but should be a function: {FORM}; a file "
            "is checked by gradcheck.check_submission('hw/net.py')",
        ),
        (
            Path("net.ipynb"),
            f"loss_and_grads is of type PosixPath, but should be a function: {FORM}; "
            "a file is checked by gradcheck.check_submission('net.ipynb')",
        ),
        (
            sys.modules[__name__],
            f"loss_and_grads is the module {__name__}, but should be a function: "
            f"{FORM}; give one of its functions, or its file to "
            f"gradcheck.check_submission('{HERE}')",
        ),
        (
            types.ModuleType("made"),
            f"loss_and_grads is the module made, but should be a function: {FORM}",
        ),
    ],
)
def test_what_is_no_function_is_told_the_call_that_suits_it(subject, message):
    assert told(lambda: check_network(subject, "softmax")) == message


def test_a_class_of_no_file_is_told_the_call_in_this_process():
    made = type("Made", (), {"__module__": "nowhere"})
    assert told(lambda: check_gradients(made, [1.0])).endswith(
        "a class is checked by gradcheck.testing.examine(Made)"
    )


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (
            Layer,
            "forward is the class Layer, but should be a function: forward(*inputs) -> "
            "(out, cache); give the methods of an object: layer = Layer(...), "
            "layer.forward, layer.backward",
        ),
        (
            Layer(),
            "forward is of type Layer, but should be a function: forward(*inputs) -> "
            "(out, cache); give the methods of an object: layer being the Layer, "
            "layer.forward, layer.backward",
        ),
        (
            "layer.py",
            "forward is of type str, but should be a function: forward(*inputs) -> "
            "(out, cache); a file is checked by gradcheck.check_submission('layer.py')",
        ),
    ],
)
def test_a_layer_that_is_no_function_is_told_its_methods(forward, words):
    assert told(lambda: check_vjp(forward, solve, [1.0])) == words


SHOULD = "but should be the path of a Python file or a notebook"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            Net,
            f"path is the class Net, {SHOULD}; a class is checked by "
            "gradcheck.testing.examine(Net), or from its file by "
            f"gradcheck.check_submission('{HERE}', objects=['Net'])",
        ),
        (
            solve,
            f"path is the function solve, {SHOULD}; give its file: "
            f"gradcheck.check_submission('{HERE}', objects=['solve']); a function is "
            "checked where it is by gradcheck.check_network(solve, 'softmax')",
        ),
        (len, f"path is the function len, {SHOULD}; a function is checked where it is "
              "by gradcheck.check_network(len, 'softmax')"),
        (b"net.py", f"path is of type bytes, {SHOULD}; give it as text: 'net.py'"),
        (
            ["a.py", "b.py"],
            f"path is of type list, {SHOULD}; check one file at a time, or a folder by "
            "`gradcheck grade`",
        ),
        (None, f"path is of type NoneType, {SHOULD}"),
        (3, f"path is of type int, {SHOULD}"),
    ],
)  # fmt: skip
def test_what_is_no_path_is_told_the_call_that_suits_it(path, message):
    assert told(lambda: check_submission(path)) == message


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (
            "Net",
            "objects = 'Net', but objects should be a list of names: objects=['Net']",
        ),
        (
            [Net],
            "one of objects is the class Net, but objects should be a list of names: "
            "objects=['Net']",
        ),
        (
            3,
            "one of objects is of type int, but objects should be a list of names: "
            "objects=['TwoLayerNet']",
        ),
    ],
)
def test_objects_are_names(objects, message):
    assert told(lambda: check_submission("net.py", objects=objects)) == message


def test_a_method_that_takes_what_is_wanted_is_a_function():
    class Solver:
        params = ()

        def loss_and_grads(self, params, X, y, reg):
            return 0.0, None

    report = check_network(Solver().loss_and_grads, "softmax")
    assert report.verdict.value == "broken"
