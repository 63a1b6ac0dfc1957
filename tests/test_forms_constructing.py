"""What the arguments of a constructor are: sizes, or the data themselves."""

from pathlib import Path

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

EXAMPLES = Path(__file__).parents[1] / "examples"
RIGHT = (EXAMPLES / "right.py").read_text(encoding="utf-8")
SIZES = (
    ("input", "hidden", "output"),
    ("inputs", "hidden_units", "classes"),
    ("features", "hidden_size", "labels"),
    ("features", "hidden", "targets"),
    ("n_x", "n_h", "n_y"),
)
HOLDS_DATA = """
import numpy as np

class Net:
    def __init__(self, inputs, labels, hidden):
        self.X = {data}
        self.Y = labels
        self.W1 = np.random.rand({features}, hidden)
        self.W2 = np.random.rand(hidden, self.Y.shape[1])

    def feedforward(self):
        self.h = 1 / (1 + np.exp(-self.X @ self.W1))
        self.out = 1 / (1 + np.exp(-self.h @ self.W2))

    def backprop(self):
        d = 2 * (self.out - self.Y) * self.out * (1 - self.out)
        dW2 = self.h.T @ d
        dW1 = self.X.T @ ((d @ self.W2.T) * self.h * (1 - self.h))
        self.W1 -= dW1
        self.W2 -= dW2
"""


@pytest.fixture
def check(tmp_path):
    def check(source):
        path = tmp_path / "net.py"
        path.write_text(source)
        return check_submission(path)

    return check


@pytest.mark.parametrize("stem", ["right", "wrong"])
def test_the_first_example_is_what_it_is_called(stem):
    report = check_submission(EXAMPLES / f"{stem}.py")
    assert report.verdict is {"right": Verdict.CORRECT, "wrong": Verdict.WRONG}[stem]
    assert [f.id for f in report.findings] == (
        [] if stem == "right" else ["sigmoid-derivative"]
    )
    assert report.loss_verdict == "specified"


@pytest.mark.parametrize("names", SIZES, ids="-".join)
def test_sizes_may_be_named_as_data_are(names, check):
    D, H, C = names
    source = RIGHT.replace("inputs", D).replace("outputs", C)
    head, rest = source.split("    def loss_and_grads")
    head = head.replace("hidden)", f"{H})").replace("hidden,", f"{H},")
    report = check(head.replace(f"{H} =", "hidden =") + "    def loss_and_grads" + rest)
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "b1", "W2", "b2"}


@pytest.mark.parametrize(
    ("data", "features"),
    [("inputs", "inputs.shape[1]"), ("np.asarray(inputs)", "len(inputs[0])")],
)
def test_data_that_an_object_is_made_of_stay_data(data, features, check):
    report = check(HOLDS_DATA.format(data=data, features=features))
    assert report.verdict is Verdict.CORRECT
    assert set(report.parameters) == {"W1", "W2"}
    wrong = HOLDS_DATA.replace("d = 2 * (", "d = (")
    assert check(wrong.format(data=data, features=features)).verdict != Verdict.BROKEN
