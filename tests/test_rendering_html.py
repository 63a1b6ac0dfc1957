"""Pages: everything is said, nothing is fetched, nobody's text becomes markup."""

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from reports import BROKEN, FINDING, RIGHT, UNSURE, WRONG, curves, mark

import gradcheck
from gradcheck.faults import CATALOGUE
from gradcheck.rendering import heatmap, svg
from gradcheck.rendering.figures import figures
from gradcheck.rendering.html import certificate, report_fragment, report_page
from gradcheck.rendering.marks import Item
from gradcheck.rendering.pages import environment, number, points, shape
from gradcheck.report import Finding, Report, Subject, Verdict

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Text, tags and addresses of a page; raises where tags do not close."""

    def __init__(self, source):
        super().__init__()
        self.open, self.tags, self.words, self.addresses = [], [], [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        self.addresses += [attributes[k] for k in ("src", "href") if k in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def test_a_wrong_gradient_is_told_in_the_order_of_the_terminal():
    text = Page(report_page(WRONG)).text
    said = (
        "WRONG the gradient is not the derivative of its own loss",
        "Parameters",
        "-0.42711 -0.06102 ± 3.0e-10 [1, 2]",
        "The mistake batch-sum in W1 the loss is a mean, the gradient a sum",
        "measured 7.000 x should be 1 x",
        "proof the same mistake",
        "fix divide dscores by N",
        "two_layer.py :41",
        "# a < b & c",
        "hidden.T @ dscores",
        "not divided by N",
        "Measurements W1 wrong Error of each entry",
        "fitted slope 7, should be 1",
        "slope 1.00;",
        "Laws and conduct batch-mean broken it grew",
        "dtype remark float32 gradients",
        "smallest failing example: N=2, D=1, H=1, C=2",
        "gradcheck check two_layer.py --seed 918273645",
        "gradcheck explain batch-sum",
        "412 evaluations of the loss",
    )
    places = [text.replace("two_layer.py:41", "two_layer.py :41").find(s) for s in said]
    assert -1 not in places, said[places.index(-1)]
    assert places == sorted(places)


def test_a_named_mistake_comes_with_its_equation():
    fault = CATALOGUE["batch-sum"]
    text = Page(report_page(WRONG)).text
    assert f"equation {fault.equation} wrong {fault.wrong} right {fault.right}" in text
    unnamed = replace(WRONG, findings=(replace(FINDING, id=""),))
    assert "equation" not in Page(report_page(unnamed)).text


def test_a_right_gradient_shows_its_certificate():
    text = Page(report_page(RIGHT)).text
    assert "RIGHT the gradient is the derivative of its own loss, and" in text
    assert (
        "A relative error above 2e-08 in any parameter would have escaped with "
        "probability below 1e-06." in text
    )
    assert "The mistake" not in text
    assert certificate(WRONG) == certificate(BROKEN) == ""


def test_a_broken_and_an_inconclusive_one_say_why():
    assert (
        "BROKEN two_layer.py:27: loss() returned None" in Page(report_page(BROKEN)).text
    )
    text = Page(report_page(UNSURE)).text
    assert "INCONCLUSIVE" in text
    assert text.count("every hidden unit is dead at the points tried") == 1


def test_another_loss_is_a_second_line():
    other = {"loss_verdict": "other", "loss_message": "the loss divides by N twice"}
    wrong = Page(report_page(replace(WRONG, **other))).text
    assert "also: the loss divides by N twice" in wrong
    right = Page(report_page(replace(RIGHT, **other))).text
    assert "RIGHT derivative, OTHER loss the loss divides by N twice" in right


@pytest.mark.parametrize("report", [WRONG, RIGHT, BROKEN, UNSURE])
def test_a_page_needs_nothing_from_outside(report):
    source = report_page(report)
    page = Page(source)
    assert page.addresses == ["data:,"]
    assert "script" not in page.tags
    assert not re.search(r"https?:|@import|url\(", source)


def test_text_of_a_student_is_never_markup():
    evil = '<script>alert(1)</script><img src=x onerror="x">'
    finding = Finding(evil, (evil,), *[evil] * 4, ties=(evil,), file=evil, line=1)
    finding = replace(finding, snippet=((1, evil),), remark=evil, proof=evil)
    parameters = {evil: replace(WRONG.parameters["W1"], pattern=evil, detail=evil)}
    report = replace(
        WRONG,
        message=evil,
        subject=Subject(evil, evil, title=evil, loss=evil, notes=(evil,)),
        parameters=parameters,
        findings=(finding, replace(finding, column=3, end_column=8)),
        curves={evil: curves(7.0)},
        example=evil,
        again=evil,
    )
    for source in (report_page(report), report_fragment(report)):
        assert "<script" not in source
        assert "<img" not in source
        assert "alert(1)" in Page(source).text


def test_a_student_graded_at_secret_points_sees_no_seed():
    assert "918273645" not in report_page(WRONG, public=True)
    assert "points that are not published" in report_page(WRONG, public=True)
    assert "918273645" in report_page(WRONG)


def test_points_and_the_way_back_are_shown_when_there_are_any():
    text = Page(report_page(WRONG, mark=mark(WRONG), back="../class.html")).text
    assert "3.33 of 10 points" in text
    assert "W1 0 / 5 dense b1 5 / 5" in text
    remark = Item("law: x", 0.0, 0.0, False, "for information")
    informed = replace(mark(WRONG), items=(*mark(WRONG).items, remark))
    assert "for information" not in report_page(WRONG, mark=informed)
    assert "../class.html" in report_page(WRONG, back="../class.html")
    assert "points" not in Page(report_page(RIGHT)).text


def test_a_notebook_gets_a_fragment_with_its_own_style():
    source = report_fragment(WRONG)
    assert source.startswith('<div class="gradcheck"><style>')
    assert "<html" not in source
    assert not re.search(r"^(body|html|:root)\b", source, re.MULTILINE)
    Page(source)


def test_the_name_is_the_file_unless_given():
    assert "<h1>two_layer.py: TwoLayerNet.loss</h1>" in report_page(WRONG)
    assert "<h1>alice</h1>" in report_page(WRONG, name="alice")
    assert "<h1>gradient</h1>" in report_page(Report(Verdict.CORRECT))


def test_a_line_without_columns_is_marked_as_a_whole():
    finding = replace(FINDING, column=None, end_column=None, remark="")
    source = report_page(replace(WRONG, findings=(finding,)))
    assert "<mark>    dW2 = hidden.T @ dscores</mark>" in source
    empty = replace(FINDING, snippet=())
    assert "<pre" not in report_page(replace(WRONG, findings=(empty,), again=""))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_of_text_has_contrast_in_both_themes():
    css, _, _ = environment().loader.get_source(environment(), "base.css")
    themes = re.findall(r"--bg:[^}]*", css)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", theme))
        for text in ("fg", "muted", "right", "wrong", "unsure", "broken", "link"):
            for ground in ("bg", "panel"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["fg"], colours["mark"]) >= 4.5


def test_numbers_are_written_for_people():
    assert [number(-0.42711), number(1e-12)] == ["-0.42711", "1e-12"]
    assert [points(10.0), points(3.3333), points(0.5), points(0)] == [
        "10",
        "3.33",
        "0.5",
        "0",
    ]
    assert [shape((4, 6)), shape((6,)), shape(())] == ["4 × 6", "6", "scalar"]


def test_figures_come_as_far_as_the_data_goes():
    assert [figure.title for figure in figures(WRONG.curves, "W1")] == [
        "Error of each entry",
        "Yours against measured",
        "Error against step",
        "Taylor remainder",
    ]
    assert figures(WRONG.curves, "b1") == figures({}, "W1") == []
    assert figures({"W1": "nonsense"}, "W1") == figures({"W1": []}, "W1") == []
    part = {"steps": {"h": [0.01, 0.1], "error": [0.1, "inf"]}}
    assert [figure.title for figure in figures({"W": part}, "W")] == [
        "Error against step"
    ]


@pytest.mark.parametrize(
    "part",
    [
        {
            "entries": {
                "shape": [2],
                "analytic": [1.0],
                "numeric": [1.0, 2.0],
                "error": [],
            }
        },
        {"entries": {"shape": [0], "analytic": [], "numeric": [], "error": []}},
        {"entries": {"shape": [1], "analytic": ["x"], "numeric": [1.0]}},
        {"steps": {"h": [1.0]}},
        {"steps": {"h": [1.0], "error": [1.0, 2.0]}},
        {"steps": [1.0], "taylor": "words"},
        {"taylor": {"h": [1.0, 2.0], "remainder": [0.0, None]}},
    ],
)
def test_unusable_data_makes_no_figure(part):
    assert figures({"W": part}, "W") == []


def test_entries_that_are_not_finite_have_a_class_of_their_own():
    part = {"shape": [3], "analytic": [None, 1.0, "inf"], "numeric": [1.0, 1.0, 1.0]}
    part["error"] = [0.0, 0.0, 0.0]
    heat, spread = figures({"b": {"entries": part}}, "b")
    assert 'class="cx"' in heat.drawing
    assert "2 of 3 entries" in heat.caption
    assert "fitted slope 1" in spread.caption
    part["analytic"] = ["nan"] * 3
    assert [f.title for f in figures({"b": {"entries": part}}, "b")] == [
        "Error of each entry"
    ]


def test_a_wrong_direction_is_not_called_a_slope():
    part = {"shape": [2], "analytic": [1.0, -1.0], "numeric": [1.0, 1.0]}
    part["error"] = [0.0, 0.0]
    _, spread = figures({"b": {"entries": part}}, "b")
    assert spread.caption == (
        "fitted slope 0, should be 1; off that line by 100% of the gradient"
    )
    part["numeric"] = [0.0, 0.0]
    _, spread = figures({"b": {"entries": part}}, "b")
    assert spread.caption == "fitted slope nan"


def test_the_classes_of_a_heat_map_follow_the_error():
    classes = [
        heatmap._class(e)
        for e in (0.0, 1e-9, 2e-8, 2e-6, 2e-4, 2e-3, 2e-2, 0.5, float("inf"))
    ]
    assert classes == ["c0", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "cx"]
    assert heatmap._class(float("nan")) == "dead"


def test_the_error_is_what_exceeds_the_interval():
    assert heatmap.relative_error(2.0, 1.0, 0.0, 1.0) == 0.5
    assert heatmap.relative_error(1.0 + 1e-9, 1.0, 1e-8, 1.0) == 0.0
    tiny = heatmap.relative_error(2e-12, 1e-12, 0.0, 1.0)
    assert tiny == pytest.approx(1e-9)  # of the largest entry's thousandth
    dead = heatmap.relative_error(0.0, 1e-13, 1e-12, 1.0)
    assert dead != dead


def test_a_large_parameter_is_pooled_by_its_worst_entry():
    size = 300 * 200
    numeric = [1.0] * size
    analytic = [1.0] * size
    analytic[299 * 200 + 199] = 2.0
    drawing, words = heatmap.heat_map((300, 200), analytic, numeric, [0.0] * size, "W")
    assert words == "1 of 60000 entries off by more than 1e-6"
    assert drawing.count('class="c6"') == 1
    assert "<title>" not in drawing
    assert len(drawing) < 200_000


def test_each_cell_of_a_small_map_carries_its_numbers():
    drawing, _ = heatmap.heat_map((2, 1), [1.0, 2.0], [1.0, 1.0], [0.0, 1e-9], "W")
    assert "<title>W[1, 0]: yours 2, measured 1 ± 1e-09</title>" in drawing
    drawing, _ = heatmap.heat_map((), [1.0], [1.0], [0.0], "b2")
    assert "<title>b2: yours 1, measured 1 ± 0e+00</title>" in drawing
    drawing, _ = heatmap.heat_map((2,), [1.0, 2.0], [1.0, 2.0], [0.0, 0.0], "b1")
    assert "<title>b1[1]: " in drawing


def test_ticks_are_round_numbers():
    assert [words for _, words in svg.linear_axis([0, 1], 0, 100).ticks()] == [
        "0",
        "0.5",
        "1",
    ]
    axis = svg.log_axis([1e-12, 1.0], 0, 100)
    assert [words for _, words in axis.ticks()] == [f"1e{k}" for k in range(-12, 1, 2)]
    assert axis(1e-6) == pytest.approx(50)
    assert svg.linear_axis([], 0, 1).low < svg.linear_axis([], 0, 1).high
    assert svg.linear_axis([3.0], 0, 1).low < 3 < svg.linear_axis([3.0], 0, 1).high


def test_a_line_leaves_out_what_the_axes_cannot_show():
    x, y = svg.log_axis([1.0, 10.0], 0, 100), svg.linear_axis([0.0, 1.0], 0, 100)
    assert svg.line([(0.0, 0.5), (1.0, 0.5)], x, y, "main") == ""
    assert svg.line([(1.0, 0.5), (10.0, 0.5), (1e9, 0.5)], x, y, "main").count("L") == 1
    assert svg.dots([(float("nan"), 0.5), (2.0, 0.5)], x, y, "dot").count("circle") == 1


def test_a_notebook_shows_a_report_without_being_asked():
    shown = []
    WRONG._repr_pretty_(SimpleNamespace(text=shown.append), cycle=False)
    assert shown == [str(WRONG)]
    assert WRONG._repr_html_() == report_fragment(WRONG)
    assert gradcheck.render_html(WRONG) == report_page(WRONG)


def test_without_jinja_a_notebook_falls_back_to_text(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradcheck.rendering.html", None)
    monkeypatch.delattr("gradcheck.rendering.html", raising=False)
    assert WRONG._repr_html_() is None
