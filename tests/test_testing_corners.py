"""Checks in tests, where what is checked is broken or barely wrong."""

import numpy as np
import pytest
from hypothesis import strategies as st

from gradcheck import networks
from gradcheck.errors import GradientMismatchError
from gradcheck.laws import LAWS
from gradcheck.report import ParameterReport, Report, Verdict
from gradcheck.testing import checks, properties
from gradcheck.testing.listing import check_lines

LINEAR = networks.get("linear")


def lawless(params, X, y, reg):
    """Be right everywhere, and obey no law of the mean."""
    loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
    return 3 * loss, {k: 3 * g for k, g in grads.items()}


def test_the_smallest_example_is_in_the_report(monkeypatch):
    whole = Report(Verdict.WRONG, message="the whole")
    monkeypatch.setattr(properties, "check_network", lambda *_, **__: whole)
    with pytest.raises(GradientMismatchError) as caught:
        properties.assert_network(lawless, LINEAR, max_examples=1)
    assert "N=" in str(caught.value)
    assert "reg=" in str(caught.value)


def test_a_property_that_holds_is_quiet():
    problem = networks.draw_problem(LINEAR, np.random.default_rng(0))
    assert properties._smallest(st.just(problem), lambda p: None, 1) is None
    report = Report(Verdict.WRONG)
    found = properties._smallest(st.just(problem), lambda p: report, 1)
    assert found == (problem, report)


def test_a_law_that_is_broken_is_named():
    problem = networks.draw_problem(LINEAR, np.random.default_rng(0))
    assert properties._broken_law(LINEAR.loss_and_grads, LINEAR, problem, 0) == ""
    said = properties._broken_law(lawless, LINEAR, problem, 0)
    assert said.split(":")[0] in LAWS


def test_an_entry_is_told_as_far_as_it_is_known():
    found = ParameterReport(Verdict.BROKEN, detail="no array")
    assert checks._entry("W", found) == ": no array"
    assert checks._entry("W", ParameterReport(Verdict.BROKEN)) == ""


def test_a_file_that_does_not_run_fails_one_check():
    report = Report(Verdict.BROKEN, message="hw.py: it raises")
    (item,) = checks._whole_checks("affine.", "affine", report)
    assert item.id == "affine.runs"
    with pytest.raises(GradientMismatchError, match="it raises"):
        item()


def whole_number_gradient(params, X, y, reg):
    """Cut what should be fractions."""
    loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
    return loss, {k: np.rint(g).astype(int) for k, g in grads.items()}


def test_whole_numbers_break_the_rule_of_precision():
    found = {c.id: c for c in checks.checks_for(whole_number_gradient, network=LINEAR)}
    with pytest.warns(UserWarning, match="^integer-arithmetic: "):
        found["single-precision"]()


def test_a_remark_is_no_failure():
    found = {c.id: c for c in checks.checks_for(whole_number_gradient, network=LINEAR)}
    ok, said = found["single-precision"].outcome()
    assert ok
    assert said.startswith(
        "integer-arithmetic: the gradients of W and b are of type int"
    )
    remark = {"id": "single-precision", "kind": "hygiene", "ok": ok, "detail": said}
    last = list(check_lines([remark]))[1]
    assert last.role == "unsure"
    assert found["W-N7-reg0.1"].outcome()[0] is False


def test_the_search_looks_quickly_once_it_has_found_something(monkeypatch):
    asked = []
    checked = properties._gradient_at

    def counted(function, problem, seed):
        asked.append(problem)
        return checked(function, problem, seed)

    monkeypatch.setattr(properties, "_gradient_at", counted)

    def wrong(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return loss, {"W": grads["W"], "b": len(y) * grads["b"]}

    with pytest.raises(GradientMismatchError, match=r"N=2, D=1, W .1, 2., b .2,."):
        properties.assert_network(wrong, LINEAR, max_examples=10)
    assert len(asked) <= 10  # and not the sixty that the search tries


def test_a_look_that_deceives_is_followed_by_a_whole_search():
    problem = networks.draw_problem(LINEAR, np.random.default_rng(0))
    reports = iter([Report(Verdict.WRONG), None, Report(Verdict.WRONG, message="2")])

    def failure(_):
        return next(reports, Report(Verdict.WRONG, message="later"))

    found = properties._smallest(st.just(problem), failure, 1, lambda *_: True)
    assert found is not None
    assert found[1].message


@pytest.mark.parametrize("broken", ["raises", "no loss", "no gradient"])
def test_a_look_at_what_does_not_run_finds_nothing(broken):
    problem = networks.draw_problem(LINEAR, np.random.default_rng(0))
    loss = {"raises": None, "no loss": float("nan"), "no gradient": 1.0}[broken]

    def function(params, X, y, reg):
        if loss is None:
            raise ValueError
        bad = np.nan if broken == "no gradient" else 0.0
        return loss, {k: p + bad for k, p in params.items()}

    assert not properties._looks_wrong(function, problem, ["W"], 0)
