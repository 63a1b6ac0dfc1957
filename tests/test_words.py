"""The words of a report, whole, as a person reads them."""

import io
from dataclasses import replace

import pytest

from gradcheck.rendering.terminal import one_line, print_report
from gradcheck.report import (
    Bound,
    Cost,
    Finding,
    Outcome,
    ParameterReport,
    Report,
    Subject,
    Verdict,
    Worst,
    plain_text,
)
from gradcheck.report import lines as report_lines

WRONG = Report(
    Verdict.WRONG,
    loss_verdict="specified",
    subject=Subject(
        path="two_layer.py",
        object="TwoLayerNet",
        interface="cs231n-two-layer",
        title="two_layer.py: TwoLayerNet.loss(X, y, reg), a two-layer ReLU/softmax net",
        loss="mean cross-entropy + 0.5 * reg * sum(W^2); biases free",
        notes=("matplotlib was replaced by a stand-in",),
    ),
    parameters={
        "W1": ParameterReport(
            Verdict.WRONG,
            (4, 6),
            worst=Worst((2, 3), -0.42711, -0.06102, 3e-10),
            pattern="row 2",
        ),
        "b1": ParameterReport(
            Verdict.INCONCLUSIVE, (6,), detail="every hidden unit is dead"
        ),
        "b2": ParameterReport(
            Verdict.CORRECT, (), max_rel_error=2.5e-10, bound=Bound(2e-9, 1e-6)
        ),
    },
    findings=(
        Finding(
            "batch-sum",
            ("W1", "b1"),
            measured="7.000 x the derivative",
            expected="1 x",
            statement="the loss is a mean over the N = 7 examples, the gradient a sum",
            advice="divide dscores by N once",
            verified=True,
            proof="the same mistake made in the reference net gives these numbers",
            file="two_layer.py",
            line=41,
            column=10,
            end_column=28,
            snippet=((40, "    db2 = dscores.sum(axis=0) / N"), (41, "    dW2 = h.T")),
            remark="not divided by N",
            ties=("divided-by-classes",),
        ),
        Finding("", statement="b2's gradient is 0.500 of the derivative, everywhere"),
    ),
    hygiene=(Outcome("single-precision", False, "the gradient is float32", False),),
    laws=(Outcome("batch-mean", False, "repeating every example changes the mean"),),
    measurements=("kappa(W1) = 7",),
    example="N=2, D=1, H=1, C=2",
    again="gradcheck check two_layer.py --seed 0",
)


def test_a_wrong_gradient_reads_from_the_verdict_to_the_fix():
    assert (
        plain_text(WRONG)
        == """\
two_layer.py: TwoLayerNet.loss(X, y, reg), a two-layer ReLU/softmax net
(cs231n-two-layer form)
loss: mean cross-entropy + 0.5 * reg * sum(W^2); biases free
note: matplotlib was replaced by a stand-in

  WRONG   the gradient is not the derivative of its own loss

  W1  (4, 6)  wrong   yours -0.42711   measured -0.06102 +- 3e-10   at [2, 3]
              (row 2)
  b1  (6,)    cannot tell   every hidden unit is dead
  b2  scalar  right   max relative error: 2.5e-10   certified below 2e-09

batch-sum in W1, b1: the loss is a mean over the N = 7 examples, the gradient a
sum
  measured   7.000 x the derivative
  should be  1 x
  proof      the same mistake made in the reference net gives these numbers
  or         divided-by-classes: nothing can tell these apart

   --> two_layer.py:41
    40 |     db2 = dscores.sum(axis=0) / N
    41 |     dW2 = h.T
       |           ^^^^^^^^^^^^^^^^^^ not divided by N
  fix        divide dscores by N once

measured: b2's gradient is 0.500 of the derivative, everywhere

  single-precision: the gradient is float32
smallest failing example: N=2, D=1, H=1, C=2
again: gradcheck check two_layer.py --seed 0
more: gradcheck explain batch-sum"""
    )


def test_a_file_is_introduced_by_what_was_found_in_it():
    subject = Subject("net.py", "Net", "cs231n-two-layer", network="softmax")
    assert plain_text(Report(Verdict.CORRECT, subject=subject)).startswith(
        "net.py: Net, a two-layer ReLU/softmax net (cs231n-two-layer form)\n\n"
    )


@pytest.mark.parametrize("pattern", ["dense", "20 of 24 entries"])
def test_a_pattern_that_narrows_nothing_is_left_out(pattern):
    worst = Worst((), 1.0, 2.0, 1e-9)
    parameter = ParameterReport(Verdict.WRONG, (2,), worst=worst, pattern=pattern)
    text = plain_text(Report(Verdict.WRONG, parameters={"b": parameter}))
    assert pattern not in text


def test_right_is_said_of_what_was_checked_alone():
    notes = ("not checked: Net: forward raises ValueError",)
    report = replace(RIGHT, subject=replace(RIGHT.subject, notes=notes))
    text = " ".join(plain_text(report).split())
    assert "; this holds of what was checked, and not all was: see the notes" in text
    assert "not all was" not in plain_text(RIGHT)


def test_verbose_says_what_the_laws_are_that_hold():
    report = replace(
        RIGHT, laws=(Outcome("permute-examples", True), Outcome("x", True))
    )
    text = plain_text(report, verbose=True)
    assert "\n  permute-examples: The order of the examples changes nothing.\n" in text
    assert "\n  x: holds\n" in text


def test_verbose_adds_the_measurements():
    assert "  kappa(W1) = 7" in plain_text(WRONG, verbose=True)
    assert "  batch-mean: repeating every" in plain_text(WRONG, verbose=True)
    assert "kappa" not in plain_text(WRONG)


RIGHT = Report(
    Verdict.CORRECT,
    loss_verdict="specified",
    parameters={
        "W": ParameterReport(
            Verdict.CORRECT, (2, 3), max_rel_error=3.1e-10, bound=Bound(2e-8, 1e-6)
        )
    },
    hygiene=(Outcome("mutates-input", True, "inputs unchanged"),),
    laws=(Outcome("batch-mean", True, "a mean"), Outcome("penalty", True, "reg*W")),
    cost=Cost(412, 37, 0.2),
)


def test_a_right_gradient_is_certified():
    assert (
        plain_text(RIGHT)
        == """\
  RIGHT   the gradient is the derivative of its own loss, and the loss is the
          specified one

  W  (2, 3)  right   max relative error: 3.1e-10   certified below 2e-08

a relative error above 2e-08 in any of them would have escaped with probability
below 1e-06
2 laws hold; inputs unchanged; repeatable; 412 loss evaluations"""
    )


@pytest.mark.parametrize(
    ("report", "text"),
    [
        (
            Report(Verdict.BROKEN, message="net.py:27: loss() returned None"),
            "  BROKEN   net.py:27: loss() returned None\n",
        ),
        (
            Report(Verdict.INCONCLUSIVE, message="every hidden unit is dead"),
            "  INCONCLUSIVE   this check cannot tell\n  every hidden unit is dead\n",
        ),
        (
            Report(
                Verdict.CORRECT, loss_verdict="other", loss_message="the loss is a sum"
            ),
            "  RIGHT derivative, OTHER loss   the loss is a sum\n",
        ),
        (
            Report(
                Verdict.WRONG,
                message="accumulates: it adds up",
                loss_verdict="other",
                loss_message="the loss is a sum",
            ),
            "  WRONG   accumulates: it adds up\n  also: the loss is a sum\n",
        ),
        (
            Report(Verdict.BROKEN, message="write an adapter:\n    def f(p):\n    ..."),
            "  BROKEN   write an adapter:\n               def f(p):\n"
            "               ...\n",
        ),
    ],
)
def test_every_other_verdict_says_why(report, text):
    assert plain_text(report) == text


def test_a_broken_law_is_told_where_no_mistake_explains_it():
    law = Outcome("batch-mean", False, "repeating every example changes the mean")
    text = plain_text(Report(Verdict.WRONG, laws=(law,)))
    assert "  batch-mean: repeating every example changes the mean" in text


def test_an_exhaustive_check_claims_no_probability():
    parameter = ParameterReport(Verdict.CORRECT, (2,), bound=Bound(3e-11, 0.0))
    text = plain_text(Report(Verdict.CORRECT, parameters={"b": parameter}))
    assert "every entry was measured; none is off by more than 3e-11" in text


def printed(report, **options):
    stream = io.StringIO()
    print_report(report, file=stream, **options)
    return stream.getvalue()


def test_a_stream_that_is_no_terminal_gets_plain_text():
    assert printed(WRONG) == plain_text(WRONG) + "\n"
    assert printed(RIGHT, verbose=True, color=False).startswith("  RIGHT   the")


def test_quiet_is_one_line():
    assert one_line(WRONG) == "two_layer.py: wrong: batch-sum"
    assert one_line(RIGHT) == "correct"
    broken = Report(Verdict.BROKEN, message="no\nway", subject=Subject(path="a.py"))
    assert one_line(broken) == "a.py: broken: no"


def test_people_read_every_entry_for_dense():
    assert ParameterReport(Verdict.WRONG, pattern="dense").places == "every entry"
    assert ParameterReport(Verdict.WRONG, pattern="row 3").places == "row 3"


def test_a_remark_that_does_not_fit_stands_below_its_caret():
    finding = Finding(
        "batch-sum", ("W",), statement="a sum", file="s.py", line=3, column=20,
        end_column=60, remark="not this activation's derivative",
        snippet=((3, " " * 20 + "x" * 40),),
    )  # fmt: skip
    report = Report(Verdict.WRONG, findings=(finding,))
    shown = [line.text for line in report_lines(report) if line.role == "caret"]
    assert shown == [
        "       | " + " " * 20 + "^" * 40,
        "       | " + " " * 20 + "not this activation's derivative",
    ]
