"""What a file of the new forms is told, found in this process: the words alone."""

import pytest
import test_forms_clashes as clashes
import test_forms_lacking as lacking
import test_forms_layer_advice as advice
import test_forms_layered as layered

from gradcheck.submissions import forms

pytestmark = pytest.mark.usefixtures("apart")


def told(source):
    """Return what is said of a file that cannot be checked."""
    with pytest.raises(forms.Refused) as caught:
        forms.load(source.encode(), "hw.py").close()
    return caught.value.text


def names_of(source):
    """Return the parameters of the unit that a file offers."""
    offer = forms.load(source.encode(), "hw.py")
    offer.close()
    return offer.units[0].hint["names"]


@pytest.mark.parametrize(
    ("parts", "remedy"),
    [
        ({"returned": "return grads"}, "return loss, grads"),
        ({"returned": "return (grads,)"}, "return loss, grads"),
        ({"returned": "return loss"}, "return loss, grads"),
        ({"returned": "return {**grads, 'one_more': dW1, 'another': dW2, 'n': N}"},
         "return loss, {...}"),
        ({"returned": "return dict(one_more=dW1, another=dW2, n=N, x=X, **grads)"},
         "return loss, ...`"),
        ({"bag": "found", "returned": "return loss"}, "'W1': dW1"),
        ({"loss": "v", "returned": "return grads"}, "compute the loss and write"),
    ],
)  # fmt: skip
def test_the_half_that_lacks_is_told(parts, remedy):
    parts = {"name": "loss_and_grads", "loss": "loss", "bag": "grads", **parts}
    assert remedy in told(lacking.FUNCTION.format(**parts))


@pytest.mark.parametrize("returned", ["return None, grads", "return loss, None"])
def test_what_is_none_is_unfinished_and_lacks_nothing(returned):
    parts = {"name": "loss_and_grads", "loss": "loss", "bag": "grads"}
    said = told(lacking.FUNCTION.format(returned=returned, **parts))
    assert "finish it" in said


@pytest.mark.parametrize("returned", layered.LISTED + layered.BY_LAYER)
def test_gradients_in_lists_and_dicts_are_found(returned):
    text = layered.NET.format(unpack=layered.DICT, returned=returned)
    assert set(names_of(text)) == {"W1", "b1", "W2", "b2"}


@pytest.mark.parametrize("text", [layered.DEEP, layered.CLASS])
def test_parameters_in_a_dict_a_layer_are_found(text):
    assert {"W1", "b1", "W2", "b2"} <= set(names_of(text))


@pytest.mark.parametrize(
    "source",
    [advice.NORM, advice.ATTENTION, advice.CONV, advice.CELL, advice.BAG, advice.PLAIN],
)
def test_a_layer_is_told_its_check(source):
    said, _, snippet = told(source).partition("\n\n")
    assert "check_vjp takes any layer" in said
    compile(snippet, "check_hw.py", "exec")


def test_the_layers_that_clash_are_told():
    said = told(clashes.DEEP.format(step="(d @ weights[i].T) * (pres[i] > 0)"))
    assert "10 units in hidden layer 2 and 3 outputs" in said
