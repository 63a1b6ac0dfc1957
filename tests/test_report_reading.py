"""A stored report is the report."""

import json
from dataclasses import replace

import pytest

from gradcheck.errors import GradcheckError
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
    from_dict,
)

FULL = Report(
    Verdict.WRONG,
    message="the gradient is too large",
    seed=17,
    subject=Subject(path="net.py", object="loss", network="softmax", notes=("stub",)),
    parameters={
        "W1": ParameterReport(
            Verdict.WRONG,
            (4, 6),
            0.857,
            Worst((2, 3), -0.42711, -0.06102, 3e-10),
            Bound(2e-8, 1e-6),
            1e-9,
            "dense",
        ),
        "b1": ParameterReport(Verdict.CORRECT, (6,)),
    },
    findings=(
        Finding("batch-sum", ("W1",), "7 x", "1 x", snippet=((40, "a"), (41, "b"))),
    ),
    hygiene=(Outcome("mutates-input", True),),
    laws=(Outcome("batch-mean", False, "seven times"),),
    cost=Cost(412, 37, 0.21),
    curves={"W1": {"taylor": {"h": [1.0, 2.0]}}},
    fingerprint={"W1": (1.0, 0.5)},
)


def through_json(report):
    return from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False)))


def test_a_report_survives_json():
    read = through_json(FULL)
    curves = {"W1": {"taylor": {"h": [1.0, 2.0]}}}
    assert read == replace(FULL, curves=curves)
    assert str(read) == str(FULL)


def test_numbers_that_json_cannot_hold_survive():
    worst = Worst((0,), float("inf"), float("-inf"), 0.0)
    parameter = ParameterReport(Verdict.WRONG, (1,), float("inf"), worst)
    report = Report(Verdict.WRONG, parameters={"b": parameter})
    assert through_json(report) == report


def test_keys_of_a_later_version_are_left_out():
    assert from_dict({**FULL.to_dict(), "colour": "red"}).seed == 17


@pytest.mark.parametrize("data", [{}, [], {"schema": 2, "verdict": "correct"}])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(GradcheckError, match='a report has "schema": 1, but this has'):
        from_dict(data)


@pytest.mark.parametrize(
    "data",
    [
        {"schema": 1},
        {"schema": 1, "verdict": "fine"},
        {"schema": 1, "verdict": "wrong", "parameters": []},
        {"schema": 1, "verdict": "wrong", "parameters": {"W": {"verdict": 3}}},
    ],
)
def test_a_torn_report_is_refused(data):
    with pytest.raises(GradcheckError, match="this is not a whole report"):
        from_dict(data)
