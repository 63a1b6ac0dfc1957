"""Pages at the width of a phone: rows are stacked, and each cell says what it is."""

import re
from dataclasses import replace

from reports import FINDING, WRONG, mark

from gradcheck.rendering.classroom import class_page
from gradcheck.rendering.html import report_page
from gradcheck.rendering.marks import Row
from gradcheck.report import Subject


def test_a_stacked_cell_says_the_heading_of_its_column():
    page = report_page(WRONG)
    (table,) = re.findall(r'<table class="stack">.*?</table>', page, re.DOTALL)
    heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)
    rows = re.findall(r"<tr class=.*?</tr>", table, re.DOTALL)
    assert rows
    for row in rows:
        assert re.findall(r'data-l="(.*?)"', row) == heads[2:]
    assert "content: attr(data-l)" in page


def test_rows_are_stacked_and_code_is_wrapped_on_a_small_screen():
    narrow = report_page(WRONG).split("@media screen and (max-width: 40rem)")[1]
    assert ".gradcheck pre { white-space: pre-wrap;" in narrow
    assert ".gradcheck .stack tr { display: block;" in narrow
    page = class_page([Row.of(mark(WRONG, "student.py"))])
    small = page.split("@media screen and (max-width: 64rem)")[1]
    assert ".gradcheck #rows tbody tr { display: flex;" in small
    assert ".gradcheck #rows tbody tr[hidden] { display: none; }" in small


def test_what_scrolls_sideways_has_a_shadow_at_its_edge():
    (rule,) = re.findall(r"\.gradcheck \.scroll \{ overflow-x.*\}", report_page(WRONG))
    assert rule.count("linear-gradient") == 4
    assert rule.count("local") == 2


def test_the_heading_is_the_name_of_the_file_and_the_path_stands_below():
    for path, file in (
        ("/home/me/net.py", "net.py"),
        ("C:\\me\\net.py", "net.py"),
        ("work/", "work"),
    ):
        report = replace(WRONG, subject=Subject(path=path, object="loss"))
        page = report_page(report)
        assert f"<h1>{file}: loss</h1>\n" in page
        assert f'<p class="muted">{path}</p>' in page
        for page in (report_page(report, name="a"), report_page(report, public=True)):
            assert f'<p class="muted">{path}</p>' not in page
    report = replace(WRONG, subject=Subject(path="net.py", object="loss"))
    assert '<p class="muted">net.py</p>' not in report_page(report)


def test_a_page_shows_the_lines_of_a_place_once():
    twice = replace(WRONG, findings=(FINDING, replace(FINDING, parameters=("b1",))))
    page = report_page(twice)
    assert page.count("<mark>") == 1
    assert page.count(f":{FINDING.line}, shown above</p>") == 1
