"""The bundled student files, item by item: green where right, red where wrong."""

from pathlib import Path

import pytest

from gradcheck.errors import GradientMismatchError
from gradcheck.testing import checks_for

EXAMPLES = Path(__file__).parents[1] / "examples"


def at(names, *points):
    return {f"{name}-{point}" for name in names.split() for point in points}


PLAIN = ("N7-reg0", "N1-reg0", "N5-reg0", "N11-reg0")
PENALISED = ("N7-reg0.1", "N1-reg0.1", "N5-reg0", "N11-reg0.1")
WITH_PENALTY = tuple(point for point in PENALISED if point != "N5-reg0")
WRONG = {
    "backprop.py": at("W1 b1 W2 b2", "N3-reg0"),  # two hidden layers
    "backward_prop.py": at("b1 b2", "N11-reg0")
    | {"zero-weights-loss", "hidden-balance", "bias-is-weight"},
    "columns.py": at("W1 b1", *PLAIN),
    "cost_function.py": at("b1", *WITH_PENALTY) | {"penalty"},
    "fc_net.py": at("W1 b1", *PENALISED) | {"hidden-balance"},
    "flat_vector.py": at("W1 b1 W2 b2", "N7-reg0", "N5-reg0", "N11-reg0")
    | {"batch-mean", "additivity", "zero-weights-loss"},
    "from_scratch.py": at("W1 b1", *PLAIN),
    "he_class.py": at("W2", *WITH_PENALTY) | {"penalty"},
    "kronecker.py": at("b1", "N3-reg0") | {"hidden-balance", "bias-is-weight"},
    "layers.py": {"affine.b"},
    "linear_module.py": {"Linear.W"},
    "logistic_fit.py": at("b1", "N7-reg0", "N5-reg0", "N11-reg0")
    | {"batch-mean", "additivity", "zero-weights-loss", "bias-is-weight"},
    "loss_and_grads.py": at("W1 b1 W2 b2", "N7-reg0.1", "N5-reg0", "N11-reg0.1")
    | {"batch-mean", "additivity", "zero-weights-loss"},
    "margins.py": at("ridge.W1", *PENALISED),
    "notebook.ipynb": at("W1 b1", *PLAIN),
    "own_class.py": at("W1 b1 W2 b2", *PLAIN),
    "simple_ml.py": at("nn_epoch.W1", *PLAIN)
    | {"nn_epoch.additivity", "nn_epoch.hidden-balance"},
    "softmax_loss.py": at("softmax_loss_naive.W", *WITH_PENALTY)
    | {"softmax_loss_naive.penalty"},
    "two_layer_net.py": at("W1", *WITH_PENALTY) | {"penalty"},
}


def red(path):
    """Return the ids of the items that fail."""
    failed = set()
    for check in checks_for(path):
        try:
            check()
        except GradientMismatchError:
            failed.add(check.id)
    return failed


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((EXAMPLES / "right").glob("*.*")), ids=str)
def test_every_item_of_a_right_file_is_green(path):
    assert red(path) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRONG))
def test_the_items_of_a_wrong_file_are_red_where_a_person_expects(name):
    assert red(EXAMPLES / "wrong" / name) == WRONG[name]


def test_every_wrong_file_has_its_items():
    assert set(WRONG) == {path.name for path in (EXAMPLES / "wrong").glob("*.*")}
