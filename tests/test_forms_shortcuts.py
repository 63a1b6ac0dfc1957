"""Softmax and cross-entropy that are right together only are no mistakes alone."""

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict

FILE = """
import numpy as np


class Tanh:
    def forward(self, inputs):
        self.out = np.tanh(inputs)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out ** 2)


class Softmax:
    def forward(self, inputs):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        return {passed}


class CrossEntropy:
    def forward(self, predictions, targets):
        predictions = np.clip(predictions, 1e-15, 1 - 1e-15)
        return -np.sum(targets * np.log(predictions)) / len(predictions)

    def backward(self, predictions, targets):
        return {given}
"""
TOGETHER = {"passed": "dout", "given": "(predictions - targets) / len(predictions)"}
APART = {
    "passed": "self.out * (dout - (dout * self.out).sum(axis=1, keepdims=True))",
    "given": "-targets / predictions / len(predictions)",
}


def checked(tmp_path, **parts):
    path = tmp_path / "layers.py"
    path.write_text(FILE.format(**parts))
    return check_submission(path)


def test_what_is_derived_together_is_left_out_and_said(tmp_path):
    report = checked(tmp_path, **TOGETHER)
    assert report.verdict is Verdict.CORRECT
    assert report.subject.object == "Tanh"
    said = " ".join(report.subject.notes)
    assert "Softmax.backward passes the gradient on as it is" in said
    assert "derivative with regard to the scores before a softmax" in said


def test_what_is_derived_apart_is_checked(tmp_path):
    report = checked(tmp_path, **APART)
    assert report.verdict is Verdict.CORRECT
    assert report.subject.object == "Tanh,Softmax,CrossEntropy"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("passed", "dout * self.out"),
        ("given", "(predictions - targets)"),
        ("given", "targets / predictions / len(predictions)"),
    ],
)
def test_other_mistakes_in_them_are_wrong(tmp_path, part, text):
    report = checked(tmp_path, **{**APART, part: text})
    assert report.verdict is Verdict.WRONG
