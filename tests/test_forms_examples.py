"""Every bundled file, in each form that people hand in, gets the verdict it should."""

from pathlib import Path

import pytest

from gradcheck import check_submission

EXAMPLES = Path(__file__).parents[1] / "examples"
INTERFACES = {
    "backprop": "nielsen",
    "backward_prop": "backward-prop",
    "columns": "coursera",
    "cost_function": "octave-cost-function",
    "fc_net": "cs231n-two-layer",
    "flat_vector": "cs224n",
    "from_scratch": "dlfs",
    "he_class": "source-002-class",
    "kronecker": "source-003-gradient",
    "layers": "cs231n-layer",
    "linear_module": "module",
    "logistic_fit": "in-place-step",
    "loss_and_grads": "plain",
    "margins": "labels-pm1",
    "notebook": "coursera",
    "own_class": "in-place-step",
    "simple_ml": "in-place-step",
    "softmax_loss": "cs231n-softmax",
    "two_layer_net": "cs231n-two-layer",
}
BROKEN = {
    "does_not_parse": "does_not_parse.py:20: the file does not parse: '(' was never "
    "closed at line 20",
    "loss_per_example": "loss_per_example.py:16: TwoLayerNet.loss returns a loss of "
    "shape (7,), but a single number was expected: take the mean",
    "missing_gradient": "missing_gradient.py:16: TwoLayerNet.loss gives no gradient of "
    "b1; one for each of W1, W2, b1, b2 was expected: finish it",
    "missing_helper": "missing_helper.py:18: loss needs course_helpers.fancy_affine, "
    "and the module 'course_helpers' is not there: put it next to the file",
    "nan": "nan.py:16: TwoLayerNet.loss gives the loss nan; a finite number was "
    "expected: finish it and return it",
    "never_returns": "never_returns.py: gave no answer within 1 s; look for a loop",
    "python_2": "python_2.py:43: this is Python 2, and Python 3 was expected: line 43 "
    "reads 'print \"loss\"'. Convert the file",
    "raises": "raises.py:20: loss raises NameError: name 'weights' is not defined at "
    "line 20; a loss and its gradient were expected: run it once",
    "returns_none": "returns_none.py:16: TwoLayerNet.loss gives neither a loss nor a "
    "gradient; a loss and the gradients of W1, W2, b1, b2 were expected",
    "template": "template.py:6: softmax_loss_vectorized returns a gradient that is "
    "zero everywhere, and the loss 0, as an unfinished template does",
    "trains_on_import": "trains_on_import.py:8: all of its work stands at the top "
    "level (from line 8), where it trains when it is imported",
    "unknown_form": "unknown_form.py: found alpha_pass(quux, frob), omega(zork), but "
    "nothing that gives a loss and its gradient in a form that is known. Save this "
    "adapter as unknown_form_adapter.py",
    "wrong_shape": "wrong_shape.py: the gradient of 'W1' has shape (8, 5), but should "
    "have (5, 8), the shape of the parameter",
}
QUICK = (
    "he_class",
    "kronecker",
    "layers",
    "loss_and_grads",
    "softmax_loss",
    "two_layer_net",
)


def files(folder):
    found = [p for p in sorted((EXAMPLES / folder).iterdir()) if p.is_file()]
    return [
        pytest.param(p, id=p.stem, marks=() if p.stem in QUICK else pytest.mark.slow)
        for p in found
    ]


@pytest.mark.parametrize("path", files("right"))
def test_a_right_file_is_called_right_in_every_form(path):
    report = check_submission(path)
    assert report.verdict.value == "correct", report.message
    assert report.subject.interface == INTERFACES[path.stem]
    assert report.loss_verdict != "" or path.stem in ("layers", "linear_module")


def test_the_strength_of_a_penalty_that_is_an_attribute_is_chosen():
    report = check_submission(EXAMPLES / "right" / "he_class.py")
    assert report.loss_verdict == "specified"
    assert report.subject.penalty == "half"
    wrong = check_submission(EXAMPLES / "wrong" / "he_class.py")
    assert [finding.id for finding in wrong.findings] == ["penalty-missing"]
    assert wrong.findings[0].expected == "1 * reg*W2"


@pytest.mark.parametrize("path", files("wrong"))
def test_a_wrong_file_is_called_wrong_in_every_form(path):
    report = check_submission(path)
    assert report.verdict.value == "wrong"
    assert report.subject.interface == INTERFACES[path.stem]


def test_every_form_has_a_right_and_a_wrong_file():
    for folder in ("right", "wrong"):
        stems = {p.stem for p in (EXAMPLES / folder).iterdir() if p.is_file()}
        assert stems == set(INTERFACES)


SOON = ("python_2", "raises", "template", "trains_on_import")


@pytest.mark.parametrize(
    "stem",
    [pytest.param(s, marks=() if s in SOON else pytest.mark.slow) for s in BROKEN],
)
def test_a_broken_file_says_where_what_and_what_next(stem):
    timeout = 1.0 if stem == "never_returns" else 10.0
    report = check_submission(EXAMPLES / "broken" / f"{stem}.py", timeout=timeout)
    assert report.verdict.value == "broken"
    assert report.message.startswith(BROKEN[stem])
    assert ":" in report.message[len(stem) + 3 :]


def test_every_broken_file_has_its_message():
    stems = {p.stem for p in (EXAMPLES / "broken").iterdir() if p.is_file()}
    assert stems == set(BROKEN)


def test_a_file_that_uses_scipy_is_checked(tmp_path):
    example = (EXAMPLES / "right" / "softmax_loss.py").read_text(encoding="utf-8")
    lines = "from scipy.special import expit\nHALF = expit(0.0)\n"
    path = tmp_path / "with_scipy.py"
    path.write_text(lines + example.replace('"""', "# ", 2), encoding="utf-8")
    report = check_submission(path, objects=("softmax_loss_vectorized",))
    assert report.verdict.value == "correct", report.message
    assert report.subject.notes == ()
