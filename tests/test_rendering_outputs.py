"""What other programs read: JUnit XML, Gradescope's results, CSV, the class page."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from reports import BROKEN, FINDING, RIGHT, UNSURE, WRONG, mark
from rich.console import Console
from test_rendering_html import Page

from gradcheck.faults import CATALOGUE
from gradcheck.rendering.classroom import class_page, groups, histogram, shares, timing
from gradcheck.rendering.gradescope import VISIBILITIES, gradescope_results
from gradcheck.rendering.junit import junit_xml
from gradcheck.rendering.marks import Item, Mark, Row, message, total, without_seed
from gradcheck.rendering.table import COLUMNS, class_table, csv_text, summary
from gradcheck.report import Finding, Outcome, Report, Verdict

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MARKS = [
    mark(WRONG, "alice.py"),
    mark(RIGHT, "bob.py"),
    mark(BROKEN, "<carol> & \x00.py"),
    mark(UNSURE, "dave.py"),
]
ROWS = [Row.of(m) for m in MARKS]

# The schema of JUnit XML as its readers agree on it: attributes and children by tag.
SCHEMA = {
    "testsuites": (
        set(),
        ["testsuite*"],
    ),
    "testsuite": (
        {
            *("name", "tests", "failures", "errors", "time"),
            *("timestamp", "hostname", "id", "package"),
        },
        ["properties", "testcase*", "system-out", "system-err"],
    ),
    "properties": (set(), ["property*"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"classname", "name", "time"}, ["failure?", "error?"]),
    "failure": ({"type", "message"}, []),
    "error": ({"type", "message"}, []),
    "system-out": (set(), []),
    "system-err": (set(), []),
}


def validate(element):
    """Assert that an element has the attributes and, in order, the children it may."""
    attributes, children = SCHEMA[element.tag]
    assert set(element.attrib) == attributes, element.tag
    pattern = "".join(re.sub(r"^([\w-]+)", r"(?:\1 )", child) for child in children)
    assert re.fullmatch(pattern, "".join(f"{child.tag} " for child in element))
    for key in {"tests", "failures", "errors", "id"} & set(element.attrib):
        assert int(element.attrib[key]) >= 0
    if "time" in element.attrib:
        assert float(element.attrib["time"]) >= 0
    for child in element:
        validate(child)


def test_junit_follows_its_schema_and_counts_right():
    root = ElementTree.fromstring(junit_xml(MARKS, moment=MOMENT))
    validate(root)
    assert [suite.get("name") for suite in root] == [
        "alice.py",
        "bob.py",
        "<carol> & \N{REPLACEMENT CHARACTER}.py",
        "dave.py",
    ]
    counts = [
        tuple(suite.get(key) for key in ("tests", "failures", "errors"))
        for suite in root
    ]
    assert counts == [
        ("7", "3", "0"),
        ("4", "0", "0"),
        ("1", "0", "1"),
        ("2", "2", "0"),
    ]
    assert root[0].get("time") == "0.250"
    assert root[0].get("timestamp") == "2026-01-02T03:04:05"
    assert root[0].find("properties/property[@name='score']").get("value") == "3.33333"


def test_junit_names_the_mistake_and_the_number():
    root = ElementTree.fromstring(junit_xml(MARKS))
    failures = {
        case.get("name"): case.find("failure")
        for case in root[0].iter("testcase")
        if case.find("failure") is not None
    }
    assert list(failures) == ["verdict", "W1", "law: batch-mean"]
    assert failures["verdict"].get("message") == (
        "batch-sum: the loss is a mean, the gradient a sum"
    )
    assert "fix        divide dscores by N" in failures["verdict"].text
    assert failures["W1"].text == (
        "W1[1, 2] = -0.42711, but should be -0.06102 +- 3e-10"
    )
    error = root[2].find("testcase/error")
    assert error.get("message") == BROKEN.message
    unsure = [case.find("failure").text for case in root[3].iter("testcase")]
    assert unsure[1] == "derivative 0"


def test_junit_of_nothing_is_valid():
    root = ElementTree.fromstring(junit_xml([]))
    validate(root)
    assert len(root) == 0
    bare = replace(UNSURE, message="", parameters={"W": UNSURE.parameters["W1"]})
    bare.parameters["W"] = replace(bare.parameters["W"], detail="")
    root = ElementTree.fromstring(junit_xml([mark(bare)]))
    messages = [element.get("message") for element in root.iter("failure")]
    assert messages == ["the gradient is inconclusive", "W is inconclusive"]


# Fields and types that Gradescope documents for results.json.
TOP = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": str,
    "test_output_format": str,
    "test_name_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
}
TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "number": str,
    "output": str,
}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}


def gradescope_problems(results):
    """Return what in `results` is not as Gradescope documents it."""
    fields = [(results, TOP), *((test, TEST) for test in results["tests"])]
    found = [
        (key, value)
        for part, known in fields
        for key, value in part.items()
        if key not in known or not isinstance(value, known[key])
    ]
    found += [
        (key, value)
        for key, value in results.items()
        if key.endswith("_format") and value not in FORMATS
    ]
    found += [t for t in results["tests"] if t["status"] not in ("passed", "failed")]
    found += [t for t in results["tests"] if ("score" in t) != ("max_score" in t)]
    return found


@pytest.mark.parametrize("one", MARKS, ids=lambda m: m.report.verdict)
def test_gradescope_results_have_the_documented_fields(one):
    results = json.loads(json.dumps(gradescope_results(one), allow_nan=False))
    assert gradescope_problems(results) == []
    assert results["score"] == one.score


def test_gradescope_shows_each_item_with_its_reason():
    items = (Item("W1", 0.0, 5.0, False, "dense"), Item("law x", 0.0, 0.0, True))
    results = gradescope_results(replace(MARKS[0], items=items))
    assert results["tests"] == [
        {
            "name": "W1",
            "number": "1",
            "status": "failed",
            "output": "dense",
            "score": 0.0,
            "max_score": 5.0,
        },
        {"name": "law x", "number": "2", "status": "passed", "output": ""},
    ]
    assert results["extra_data"]["mistakes"] == ["batch-sum W1"]
    assert "-->" in results["output"]


def test_gradescope_students_do_not_see_the_seed():
    text = json.dumps(gradescope_results(MARKS[0]))
    assert "918273645" not in text
    assert "918273645" in gradescope_results(MARKS[0], public=False)["output"]
    assert without_seed(WRONG).seed == 0


def test_an_unknown_visibility_is_refused():
    for visibility in VISIBILITIES:
        assert gradescope_results(MARKS[0], visibility=visibility)
    with pytest.raises(ValueError, match=re.escape("visibility is 'secret', but ")):
        gradescope_results(MARKS[0], visibility="secret")


def test_csv_has_its_columns_and_one_a_parameter():
    table = list(csv.DictReader(io.StringIO(csv_text(ROWS))))
    assert list(table[0]) == [*COLUMNS, "W1", "b1"]
    assert table[0] == {
        "submission": "alice.py",
        "verdict": "wrong",
        "score": "3.33333",
        "mistakes": "batch-sum W1",
        "message": "the loss is a mean, the gradient a sum",
        "seconds": "0.250",
        "W1": "wrong",
        "b1": "correct",
    }
    assert table[2]["W1"] == ""
    assert csv_text([]).splitlines() == [",".join(COLUMNS)]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3"])
def test_a_spreadsheet_runs_nothing_that_a_student_chose(name):
    row = replace(ROWS[0], submission=name, message=f"{name}\nsecond line")
    cells = next(csv.DictReader(io.StringIO(csv_text([row]))))
    assert cells["submission"] == f"'{name}"
    assert cells["message"] == f"'{name} second line"


def test_negative_numbers_stay_numbers():
    cells = next(csv.DictReader(io.StringIO(csv_text([replace(ROWS[0], score=-1.5)]))))
    assert cells["score"] == "-1.5"


def test_the_terminal_shows_mistake_or_reason():
    console = Console(file=io.StringIO(), width=110)
    console.print(class_table(ROWS, title="A1"))
    text = console.file.getvalue()
    assert "alice.py" in text
    assert "batch-sum W1" in text
    assert "3.333 / 10" in text
    assert "two_layer.py:27" in text
    assert "\x1b" not in text
    assert summary(ROWS) == (
        "4 submissions: 1 correct, 1 wrong, 1 inconclusive, 1 broken"
    )
    assert summary([]) == "0 submissions: none"


def test_the_terminal_shows_the_beginning_of_a_long_message():
    long = replace(ROWS[2], message="first line " + "word " * 99 + "\n    second line")
    console = Console(file=io.StringIO(), width=110)
    console.print(class_table([long]))
    text = console.file.getvalue()
    assert "first line word" in text
    assert "[...]" in text
    assert "second line" not in text


def test_one_sentence_says_what_matters_most():
    assert message(WRONG) == FINDING.statement
    assert message(BROKEN) == BROKEN.message
    assert message(replace(BROKEN, findings=(FINDING,))) == BROKEN.message
    assert message(RIGHT) == ""
    assert message(replace(RIGHT, loss_message="twice")) == "twice"
    assert message(replace(WRONG, findings=())) == "wrong in W1"
    assert message(Report(Verdict.WRONG)) == ""
    assert total(MARKS[0].items) == (5.0, 10.0)


def many(number):
    """A class in which every third is right and the others share two mistakes."""
    wrong = [replace(ROWS[0], fingerprint={"W1": (k, k, 0.5)}) for k in (1.0, 2.0)]
    rows = [ROWS[1], *wrong]
    return [
        replace(rows[i % 3], submission=f"student{i}.py", link=f"reports/{i}.html")
        for i in range(number)
    ]


def test_the_class_page_says_who_made_which_mistake_how_often():
    source = class_page(many(9), title="Assignment 1")
    page = Page(source)
    assert "Assignment 1" in page.text
    assert "3 right 6 wrong 0 cannot tell 0 broken" in page.text
    assert "67 % batch-sum W1" in page.text
    assert "3 submissions : batch-sum W1" in page.text
    assert source.count('<tr class="correct"') == 3
    assert page.addresses.count("reports/4.html") == 2
    assert not re.search(r"https?:|@import|url\(", source)


def test_a_class_of_a_thousand_stays_small():
    assert len(class_page(many(1000)).encode()) < 1_000_000


def test_the_class_page_escapes_what_students_chose():
    evil = '"><script>alert(1)</script>'
    row = replace(
        ROWS[0],
        submission=evil,
        message=evil,
        mistakes=(evil,),
        link=evil,
        network=evil,
    )
    source = class_page([row, replace(row, seconds=2.0)], title=evil)
    assert "<script>alert" not in source
    assert Page(source).tags.count("script") == 1


def test_an_empty_class_has_a_page():
    text = Page(class_page([])).text
    assert "0 submissions" in text
    assert "No mistake was named" in text
    assert timing([]) == "Nothing was checked."
    assert histogram([1.0]) == ""


def test_the_same_wrong_gradient_is_one_group_whatever_its_name():
    unnamed = replace(ROWS[0], mistakes=(), submission="x.py")
    other = replace(unnamed, fingerprint={"W1": (1.0, 0.0, 0.5, 0.25)})
    made = groups([ROWS[0], unnamed, other, ROWS[1], ROWS[2]])
    assert [(group.title, len(group.rows)) for group in made] == [("batch-sum W1", 2)]


def test_names_group_where_nothing_was_measured():
    bare = replace(ROWS[0], fingerprint={})
    assert [len(group.rows) for group in groups([bare, bare, ROWS[0]])] == [2]
    nothing = replace(bare, mistakes=())
    assert groups([nothing, nothing]) == []
    unnamed = replace(ROWS[0], mistakes=())
    assert groups([unnamed, unnamed])[0].title == (
        "not named; softmax, cs231n-two-layer"
    )


def test_shares_count_each_submission_once():
    two = replace(ROWS[0], mistakes=("a W1", "batch-sum W2", "a W1"))
    one = replace(ROWS[0], mistakes=("batch-sum W2",))
    assert [
        (s.name, s.count, s.percent, s.title) for s in shares([two, one, ROWS[1]])
    ] == [
        ("batch-sum W2", 2, 67, CATALOGUE["batch-sum"].title),
        ("a W1", 1, 33, ""),
    ]


def test_items_of_a_mark_without_findings_pass():
    report = Report(
        Verdict.CORRECT, laws=(Outcome("x", True),), findings=(Finding(""),)
    )
    row = Row.of(Mark("a", report, (), 1.0, 1.0))
    assert row.mistakes == ("unnamed",)
    twice = replace(report, findings=(Finding("", ("W",)), Finding("", ("W",))))
    assert Row.of(Mark("a", twice, (), 1.0, 1.0)).mistakes == ("unnamed W",)


def test_what_does_not_run_has_a_reason_and_no_mistakes():
    made = mark(replace(BROKEN, findings=(Finding("", statement="the call failed"),)))
    assert Row.of(made).mistakes == ()
    assert gradescope_results(made)["extra_data"]["mistakes"] == []
    error = ElementTree.fromstring(junit_xml([made])).find("*/testcase/error")
    assert error.get("message") == BROKEN.message
