"""The line of a mistake in code as students of a course write it.

Each source is wrong in the line marked ``# !``; one without a mark is to get no line.
"""

from dataclasses import replace

import pytest
from test_source import edited, marked, pointed, report_of

from gradcheck.report import Finding
from gradcheck.report.words import plain_text
from gradcheck.submissions.source import locate

MASKS = {
    "before the bias": ("W1", edited("(pre > 0)", "(X @ W1 > 0)  # !")),
    "before the bias, by the bias": ("b1", edited("(pre > 0)", "(X @ W1 > 0)  # !")),
    "of any example": ("b1", edited("(pre > 0)", "(pre > 0).any(axis=0)  # !")),
    "with numpy's functions": ("W1", edited("(pre > 0)", "(X @ W1 > 0)  # !").replace(
        "dz.sum(axis=0)", "np.sum(dz, axis=0) / N").replace(
        "d @ W2.T", "np.dot(d, W2.T)")),
    "with methods": ("W1", edited("(pre > 0)", "(X @ W1 > 0)  # !").replace(
        "d @ W2.T", "d.dot(W2.T)")),
    "something added on the way": ("W1", edited("d @ W2.T", "d @ W2.T + b1")),
    "added in place on the way": ("W1", edited(
        "    dz =", "    dh += b1\n    dz =")),
    "another delta": ("W1", edited("d @ W2.T", "probs @ W2.T")),
    "other weights": ("W1", edited("d @ W2.T", "d @ (W2 + 1).T")),
    "some of the weights": ("W1", edited("d @ W2.T", "d @ W2[:].T")),
    "elsewhere on the way": ("W1", edited("d @ W2.T", "down(d, W2)")),
    "weights that are not turned": ("W1", edited("d @ W2.T", "np.dot(d, W2)")),
    "no sum of the delta": ("W1", edited("dz.sum(axis=0)", "np.ones(3) @ dz")),
    "a sum of something else": ("W1", edited("dz.sum(axis=0)", "dh.sum(axis=0)")),
    "a sum of some": ("W1", edited("dz.sum(axis=0)", "dz.sum(0, None, None, True)")),
}  # fmt: skip


def both_wrong(name):
    """Return the report of two wrong gradients of which neither has a name."""
    report = report_of("", "W1 b1")
    return replace(report, findings=(Finding("", (name,), statement="so it is"),))


@pytest.mark.parametrize("style", MASKS)
def test_a_wrong_delta_without_a_name_is_pointed_at(tmp_path, style):
    name, source = MASKS[style]
    found = pointed(tmp_path, source, both_wrong(name))
    assert (found.line, found.remark) == (marked(source), "")


def test_a_gradient_in_a_dict_is_never_said_to_be_unused(tmp_path):
    for tail in ("dh", "np.sin(dh)"):
        source = edited("dh * (pre > 0)", tail).replace("d @ W2.T", "f(d, W2)")
        assert pointed(tmp_path, source, both_wrong("W1")).remark == ""


def test_a_loss_that_nothing_reads_is_not_to_blame(tmp_path):
    source = edited("d @ W2.T", "down(d, W2)").replace("return loss, ", "return ")
    source = source.replace("    loss +=", "    cost =").replace(
        "    d = probs", "    dh = 0.5 * probs"
    )
    assert pointed(tmp_path, source, both_wrong("W1")).line is None


def test_the_same_line_is_shown_once(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(MASKS["before the bias"][1], encoding="utf-8")
    one, two = both_wrong("W1"), both_wrong("b1")
    report = locate(path, replace(one, findings=one.findings + two.findings))
    assert [f.line for f in report.findings] == [21, 21]
    assert plain_text(report).count("--> student.py:21\n") == 1
    assert plain_text(report).count("--> student.py:21, shown above\n") == 1
    assert plain_text(report).count(" ^^^^") == 1
