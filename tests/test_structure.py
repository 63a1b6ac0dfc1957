"""Parameters in every form in which people keep them."""

from collections import namedtuple

import numpy as np
import pytest

from gradcheck.errors import GradcheckError
from gradcheck.structure import name_leaves, read_leaves

Pair = namedtuple("Pair", "W b")


@pytest.mark.parametrize(
    ("params", "names"),
    [
        (np.ones((2, 3)), ("params",)),
        (2.5, ("params",)),
        ({"W": np.ones(2), "b": 1.0}, ("W", "b")),
        ([np.ones(2), np.ones(3)], ("0", "1")),
        (Pair(np.ones(2), np.ones(3)), ("0", "1")),
        ([1.0, 2.0], ("params",)),
        ({"a": [np.ones(2), {"c": np.ones(1)}]}, ("a.0", "a.1.c")),
    ],
)
def test_every_structure_comes_back_as_it_went_in(params, names):
    named, structure = name_leaves(params)
    assert structure.names == names
    again = structure.rebuild(named)
    assert type(again) is type(params) or structure.names == ("params",)
    assert structure.names == tuple(name_leaves(again)[0])
    assert {k: v.tolist() for k, v in name_leaves(again)[0].items()} == {
        k: v.tolist() for k, v in named.items()
    }


def test_parameters_become_float64_and_large_ones_are_not_copied():
    W, b = np.arange(3), np.ones(2)
    named, _ = name_leaves({"W": W, "b": b})
    assert named["W"].dtype == np.float64
    assert W.dtype.kind == "i"
    assert np.shares_memory(named["b"], b)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "params holds no numbers"),
        ({"W": np.array([np.nan])}, r"params\['W'\] holds NaN or infinity"),
        ({"W": np.array([1j])}, r"params\['W'\].dtype = complex128"),
        ({"W": "x"}, r"params\['W'\].dtype = <U1"),
        ({"a": {"b": 1.0}, "a.b": 2.0}, "two parameters would be called 'a.b'"),
        (np.ones((1, 1)).view(np.matrix), "is a numpy.matrix, but should be an array"),
        ([object()], r"params\['params'\].dtype = object"),
    ],
)
def test_what_is_not_a_real_array_is_refused_in_words(params, message):
    with pytest.raises(GradcheckError, match=message):
        name_leaves(params)


def test_the_gradient_of_one_array_needs_no_name():
    _, structure = name_leaves(np.ones(2))
    assert read_leaves(structure, [1.0, 2.0]) == {"params": [1.0, 2.0]}
    assert read_leaves(structure, {"params": 3.0}) == {"params": 3.0}


@pytest.mark.parametrize("key", ["W", "dW"])
def test_the_gradient_of_an_array_may_be_a_nested_list(key):
    _, structure = name_leaves({"W": np.ones((2, 3)), "b": np.ones(2)})
    nested = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert read_leaves(structure, {key: nested, "b": [1.0, 2.0]}) == {
        key: nested,
        "b": [1.0, 2.0],
    }
