"""Lines of a source file with a caret and a remark, however narrow the terminal."""

import io

import pytest

from gradcheck.rendering import terminal
from gradcheck.report import Finding, Report, Verdict
from gradcheck.report.excerpt import excerpt

LINE = '    grads["W1"], grads["b1"] = X.T @ dhidden + reg * W1, dhidden.mean(axis=0)'
REMARK = "a mean, not the sum"


def finding(line, marked, remark=REMARK):
    column = line.index(marked)
    return Finding(
        "bias-mean", statement="it is a mean", file="hw.py", line=7, column=column,
        end_column=column + len(marked), remark=remark,
        snippet=((6, "    # before"), (7, line), (8, "    return loss, grads")),
    )  # fmt: skip


def shown(line, marked, width, remark=REMARK):
    return [each.text for each in excerpt(finding(line, marked, remark), width)][2:]


def under_carets(lines):
    """Return what stands in the source line above the carets."""
    carets = lines[2]
    return lines[1][carets.index("^") : carets.rindex("^") + 1]


def test_a_line_that_fits_is_shown_whole_with_its_remark_beside_the_carets():
    assert shown("    db1 = dhidden.mean(axis=0)", "dhidden.mean(axis=0)", 80) == [
        "     6 |     # before",
        "     7 |     db1 = dhidden.mean(axis=0)",
        "       |           ^^^^^^^^^^^^^^^^^^^^ a mean, not the sum",
        "     8 |     return loss, grads",
    ]


def test_a_remark_that_does_not_fit_stands_below_the_carets():
    assert shown(LINE, "dhidden.mean(axis=0)", 87)[1:4] == [
        f"     7 | {LINE}",
        f"       | {' ' * 57}{'^' * 20}",
        f"       | {' ' * 57}a mean, not the sum",
    ]


def test_a_line_that_does_not_fit_is_shifted_to_what_is_marked():
    assert shown(LINE, "dhidden.mean(axis=0)", 60) == [
        "     6 |     # before",
        "     7 | …] = X.T @ dhidden + reg * W1, dhidden.mean(axis=0)",
        "       |                                ^^^^^^^^^^^^^^^^^^^^",
        "       |                                a mean, not the sum",
        "     8 |     return loss, grads",
    ]


def test_a_mark_at_the_beginning_leaves_the_end_of_a_long_line_out():
    lines = shown(LINE, 'grads["W1"]', 60)
    assert lines[1] == '     7 |     grads["W1"], grads["b1"] = X.T @ dhidden + reg…'
    assert lines[2] == "       |     ^^^^^^^^^^^ a mean, not the sum"


@pytest.mark.parametrize("width", range(20, 110))
@pytest.mark.parametrize(
    "marked", ["dhidden.mean(axis=0)", "reg * W1", 'grads["W1"]', "X.T", LINE[4:]]
)
def test_the_carets_stand_under_what_they_mark_at_every_width(marked, width):
    lines = shown(LINE, marked, width)
    assert all(len(line) <= width for line in lines)
    seen = under_carets(lines)
    assert seen
    assert seen.strip("…") in marked
    assert seen == marked or len(seen) >= width - 9 - 2
    assert "a mean" in "".join(lines)


def test_a_remark_wider_than_the_terminal_is_wrapped():
    lines = shown(
        "    db1 = d", "d", 40, "a mean over the examples, and it should be a sum"
    )
    assert lines[2:5] == [
        "       |     ^",
        "       | a mean over the examples, and",
        "       | it should be a sum",
    ]


def test_a_line_without_a_place_in_it_has_no_carets():
    bare = Finding("x", file="hw.py", line=7, snippet=((7, LINE),))
    assert [line.text for line in excerpt(bare, 40)] == [
        "",
        "   --> hw.py:7",
        '     7 |     grads["W1"], grads["b1"] =…',
    ]
    assert list(excerpt(Finding("x"), 80)) == []


@pytest.mark.parametrize(("columns", "width"), [(60, 60), (80, 80), (100, 80), (5, 40)])
def test_a_terminal_is_as_wide_as_it_is_and_never_wider_than_a_page(
    monkeypatch, columns, width
):
    monkeypatch.setenv("COLUMNS", str(columns))
    report = Report(Verdict.WRONG, findings=(finding(LINE, "dhidden.mean(axis=0)"),))
    out = io.StringIO()
    terminal.print_report(report, file=out, color=False)
    expected = [line.text.rstrip() for line in excerpt(report.findings[0], width)]
    assert "\n".join(expected) in out.getvalue()
