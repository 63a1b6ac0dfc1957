"""Shapes and places are told as the file has them."""

import json

import numpy as np
import pytest

from gradcheck.report import Finding, ParameterReport, Report, Verdict, Worst
from gradcheck.submissions.held import as_held


def report(shape, index, pattern="", findings=(), entries=None):
    worst = Worst(index, 2.0, 1.0, 1e-9)
    p = ParameterReport(Verdict.WRONG, shape, worst=worst, pattern=pattern)
    curves = {} if entries is None else {"p": {"entries": entries, "path": [1.0]}}
    return Report(Verdict.WRONG, parameters={"p": p}, findings=findings, curves=curves)


@pytest.mark.parametrize(
    ("form", "shape", "index", "held", "there"),
    [
        ("in_out", (4, 6), (2, 3), (4, 6), (2, 3)),
        ("out_in", (4, 6), (2, 3), (6, 4), (3, 2)),
        ("in_out", (5,), (2,), (5, 1), (2, 0)),
        ("out_in", (5,), (2,), (1, 5), (0, 2)),
        ("vector", (4, 1), (2, 0), (4,), (2,)),
        ("flat", (6,), (5,), (6,), (5,)),
        ("flat", (), (), (1,), (0,)),
        ("row", (6,), (5,), (1, 6), (0, 5)),
        ("column", (6,), (5,), (6, 1), (5, 0)),
        ("scalar", (1,), (0,), (), ()),
        ("in_out+first", (4, 6), (2, 3), (4, 6), (2, 3)),
    ],
)
def test_a_place_is_told_where_the_file_has_it(form, shape, index, held, there):
    turned = as_held(report(shape, index), {"p": form}).parameters["p"]
    assert (turned.shape, turned.worst.index) == (held, there)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("row 3", "column 3"),
        ("columns 0, 2", "rows 0, 2"),
        ("entries [0, 1], [2, 5]", "entries [1, 0], [5, 2]"),
        ("dense", "dense"),
    ],
)
def test_a_pattern_is_turned_with_its_matrix(pattern, told):
    turned = as_held(report((4, 6), (0, 0), pattern), {"p": "out_in"})
    assert turned.parameters["p"].pattern == told


def test_a_sentence_about_rows_is_turned_and_one_about_classes_is_not():
    statement = "dp is wrong in 1 of its columns only: 1 of 11, where it is (7, 11)"
    facts = (Finding("", ("p",), statement=statement), Finding("b", ("p",), "a row"))
    told = as_held(report((4, 6), (0, 0), "", facts), {"p": "out_in"}).findings
    assert told[0].statement == (
        "dp is wrong in 1 of its rows only: 1 of 11, where it is (11, 7)"
    )
    assert told[1] == facts[1]
    assert as_held(report((4, 6), (0, 0), "", facts), {"p": "in_out"}).findings == facts


def test_the_entries_of_a_heat_map_are_turned():
    analytic = np.arange(6.0)
    entries = {"analytic": analytic, "steps": np.ones(2)}
    turned = as_held(report((2, 3), (1, 2), entries=entries), {"p": "out_in"})
    told = turned.curves["p"]["entries"]
    assert told["analytic"] == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert told["steps"].tolist() == [1.0, 1.0]
    flat = as_held(report((3,), (1,), entries=entries), {"p": "out_in"})
    assert flat.curves["p"]["entries"] == entries


def test_what_has_no_worst_entry_has_a_shape():
    alone = Report(
        Verdict.CORRECT, parameters={"p": ParameterReport(Verdict.CORRECT, (4, 6))}
    )
    assert as_held(alone, {"p": "out_in"}).parameters["p"].shape == (6, 4)


def test_entries_are_turned_and_stay_plain_lists():
    entries = {"shape": [4, 6], "numeric": list(range(24))}
    plain = report((4, 6), (0, 0), entries=entries)
    turned = as_held(plain, {"p": "out_in"}).curves["p"]["entries"]
    assert turned["shape"] == [6, 4]
    assert turned["numeric"][:4] == [0, 6, 12, 18]
    assert json.loads(json.dumps(turned)) == turned
    assert plain.curves["p"]["entries"] is entries
