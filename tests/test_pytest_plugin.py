"""The plugin, run by pytest inside pytest: what a user sees, and what others read."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import gradcheck.rendering.html
import gradcheck.testing  # noqa: F401 - numpy is not loaded twice in one process

PLUGIN = (
    *("-p", "gradcheck.pytest_plugin", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # it is loaded here already
)

NETS = """
import numpy as np
from gradcheck import networks

right = networks.get("linear").loss_and_grads

def wrong(params, X, y, reg):
    loss, grads = right(params, X, y, reg)
    return loss, {**grads, "b": 2 * grads["b"]}

def noisy(x):
    rng = np.random.default_rng()
    return float(x @ x), 2 * x + rng.standard_normal(x.shape)
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a function that runs pytest on a test file in a project of its own."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(nets=NETS)

    def run(source, *arguments):
        pytester.makepyfile(test_it=source)
        return pytester.runpytest_inprocess(*PLUGIN, *arguments)

    run.path = pytester.path
    run.ini = pytester.makeini
    return run


THREE_LINES = """
    from nets import wrong
    def test_gradient(gradcheck):
        gradcheck(wrong, network="linear")
"""


def test_three_lines_show_a_wrong_gradient(project):
    result = project(THREE_LINES)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*gradcheck(wrong, network=*",
            "E  *GradientMismatchError: wrong: *",
            "E  *WRONG   the gradient is not the derivative of its own loss*",
            "E  *W  (4, 3)  right *",
            "E  *b  (3,)    wrong   yours *",
            "test_it.py:3: GradientMismatchError",
            "*= gradcheck =*",
            "wrong        test_it.py::test_gradient: *",
            "1 wrong; * loss evaluations",
            "FAILED test_it.py::test_gradient - wrong: *",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin*")


def test_a_right_gradient_passes_with_one_line(project):
    result = project(
        """
        from nets import right
        def test_gradient(gradcheck):
            assert gradcheck(right).ok
        """
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*= gradcheck =*", "1 correct; * loss evaluations"])


def test_a_run_that_does_not_use_it_shows_nothing(project):
    result = project("def test_nothing(): pass")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*gradcheck*=*")


NOISY = """
    import numpy as np
    from nets import noisy
    def test_gradient(gradcheck):
        gradcheck(noisy, np.array([1.0, 2.0]))
"""


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ("fail", {"failed": 1}),
        ("skip", {"skipped": 1}),
        ("warn", {"passed": 1, "warnings": 1}),
    ],
)
def test_inconclusive_fails_skips_or_warns(project, policy, outcome):
    project.ini(
        f"[pytest]\ngradcheck_inconclusive = {policy}\nfilterwarnings = default"
    )
    result = project(NOISY, "-rs")
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines(["*inconclusive*"])


@pytest.mark.parametrize(
    ("ini", "argument", "message"),
    [
        (
            "gradcheck_inconclusive = shrug",
            "-q",
            "gradcheck_inconclusive = shrug, but should be fail, skip or warn",
        ),
        (
            "gradcheck_seed = x",
            "-q",
            "gradcheck_seed = x, but should be a whole number",
        ),
        (
            "",
            "--gradcheck-report=x.pdf",
            "--gradcheck-report=x.pdf, but should end in .html or .json",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(project, ini, argument, message):
    project.ini(f"[pytest]\n{ini}")
    result = project(THREE_LINES, argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


def test_the_page_needs_jinja(project, monkeypatch):
    monkeypatch.setattr("gradcheck.pytest_plugin.results.find_spec", lambda name: None)
    result = project(THREE_LINES, "--gradcheck-report=x.html")
    result.stderr.fnmatch_lines(["*needs jinja2: pip install 'gradcheck?report?'"])


def test_the_seed_is_that_of_the_option(project):
    project.ini("[pytest]\ngradcheck_seed = 3")
    source = """
        from nets import right
        def test_gradient(gradcheck, gradcheck_seed):
            assert gradcheck(right, network="linear").seed == gradcheck_seed == {}
    """
    result = project(source.format(17), "--gradcheck-seed=17")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["gradcheck: seed 17"])
    project(source.format(3)).assert_outcomes(passed=1)


def test_reports_are_written_as_data_and_as_a_page(project):
    pytest.importorskip("jinja2")
    result = project(
        """
        from nets import right, wrong
        def test_gradient(gradcheck):
            gradcheck(wrong)
        def test_other(gradcheck):
            gradcheck(right)
        """,
        "--gradcheck-report=out/r.json",
        "--gradcheck-report=out/r.html",
    )
    result.stdout.fnmatch_lines(["report: out/r.json", "report: out/r.html"])
    data = json.loads((project.path / "out/r.json").read_text())
    assert data["schema"] == 1
    assert [test["test"] for test in data["tests"]] == [
        "test_it.py::test_gradient",
        "test_it.py::test_other",
    ]
    assert data["tests"][0]["outcome"] == "failed"
    assert data["tests"][0]["report"]["parameters"]["b"]["verdict"] == "wrong"
    page = (project.path / "out/r.html").read_text()
    assert "test_it.py::test_gradient" in page
    assert page.rstrip().endswith("</html>")


def junit_of(path):
    (case,) = ElementTree.parse(path).iter("testcase")
    properties = {p.get("name"): p.get("value") for p in case.iter("property")}
    return properties, case.find("failure").get("message")


def test_junit_has_the_verdict_in_the_message_and_as_a_property(project):
    project(THREE_LINES, "--junitxml=x.xml")
    properties, message = junit_of(project.path / "x.xml")
    assert properties["gradcheck_verdict"] == "wrong"
    assert properties["gradcheck_seed"] == "0"
    assert message.startswith("wrong: ")


@pytest.mark.slow
def test_everything_survives_processes_of_their_own(project):
    result = project(
        THREE_LINES, "-n", "2", "--junitxml=x.xml", "--gradcheck-report=r.json"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E  *WRONG*", "wrong        test_it.py::test_gradient: *", "report: r.json"]
    )
    properties, message = junit_of(project.path / "x.xml")
    assert properties["gradcheck_verdict"] == "wrong"
    assert message.startswith("wrong: ")
    assert len(json.loads((project.path / "r.json").read_text())["tests"]) == 1


def test_without_the_plugin_the_library_is_all_there_is(pytester):
    pytester.makepyfile(
        nets=NETS,
        test_it="""
        import gradcheck
        from nets import wrong
        def test_gradient():
            gradcheck.check_network(wrong, "linear").assert_ok()
        """,
    )
    result = pytester.runpytest_inprocess("-p", "no:gradcheck.pytest_plugin")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E  *GradientMismatchError: *", "E  *WRONG*"])
    result.stdout.no_fnmatch_line("*= gradcheck =*")


def test_one_report_is_one_page(project):
    pytest.importorskip("jinja2")
    project(THREE_LINES, "--gradcheck-report=r.html")
    assert "test_it.py::test_gradient" in (project.path / "r.html").read_text()


ITEMS = """
    from gradcheck.testing import parametrize_with_checks
    from nets import right, wrong
    {}
    def test_gradients(check):
        check()
"""


def test_checks_are_items_with_readable_names(project):
    result = project(ITEMS.format("@parametrize_with_checks([wrong])"), "-v")
    result.assert_outcomes(passed=22, failed=6)
    result.stdout.fnmatch_lines(
        [
            "*test_gradients?W-N7-reg0.1? PASSED*",
            "*test_gradients?b-N7-reg0.1? FAILED*",
            "*test_gradients?mutates-input? PASSED*",
            "wrong        *test_gradients?b-N7-reg0.1? and * more: *",
            "FAILED *test_gradients?b-N7-reg0.1? - wrong: b at N = 7*",
        ]
    )


def test_several_subjects_and_expected_failures(project):
    result = project(
        ITEMS.format(
            "@parametrize_with_checks([right, wrong], expected_failures="
            "{'wrong-b-N7-reg0.1': 'known', 'b-N1-reg0.1': 'known too'})"
        ),
        "-rx",
        "-k",
        "N7 or N1-",
    )
    result.assert_outcomes(passed=5, xfailed=2, xpassed=1)
    result.stdout.fnmatch_lines(["XFAIL *wrong-b-N7-reg0.1? - known*"])


def test_an_expected_failure_of_an_unknown_check_is_refused(project):
    result = project(
        ITEMS.format(
            "@parametrize_with_checks([right], expected_failures={'W9': 'typo'})"
        )
    )
    result.stdout.fnmatch_lines(
        ["*expected_failures?'W9'? is the id of no check; they are W-N7-reg0.1, *"]
    )


def test_importing_the_plugin_imports_nothing_of_gradcheck():
    code = (
        "import sys, pytest; before = set(sys.modules);"
        "import gradcheck.pytest_plugin;"
        "new = set(sys.modules) - before;"
        "print([m for m in new if m.split('.')[0] in ('numpy', 'gradcheck')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert sorted(eval(run.stdout)) == ["gradcheck", "gradcheck.pytest_plugin"]


def test_a_run_without_gradients_imports_nothing_more(pytester):
    pytester.makepyfile(test_it="def test_nothing():\n    pass\n")
    code = f"""
import sys, pytest
pytest.main(["-q", *{PLUGIN!r}])
print([m for m in sys.modules if m.split(".")[0] in ("numpy", "gradcheck")])
"""
    run = pytester.run(sys.executable, "-c", code)
    loaded = set(eval(run.outlines[-1])) - {"gradcheck.registration"}  # installed
    assert loaded == {"gradcheck", "gradcheck.pytest_plugin"}
