"""A notebook: what a student sees, and what a grading platform makes of it."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SETUP = """
import numpy as np
import gradcheck

def right(x):
    return x @ x, 2 * x

def wrong(x):
    return x @ x, np.array([2.0, 1.0, 2.0]) * x

point = np.array([1.0, -2.0, 0.5])
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Run each source in one kernel, and return its outputs."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    sources = {
        "setup": SETUP,
        "report of a right one": "gradcheck.check_gradients(right, point)",
        "report of a wrong one": "gradcheck.check_gradients(wrong, point)",
        "assert right": "gradcheck.check_gradients(right, point).assert_ok()",
        "assert wrong": "gradcheck.check_gradients(wrong, point).assert_ok()",
        "score right": "gradcheck.check_gradients(right, point).score(5)",
        "score wrong": "gradcheck.check_gradients(wrong, point).score(5)",
        "print": "print(gradcheck.check_gradients(wrong, point))",
    }
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources.values()]
    )
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    client = nbclient.NotebookClient(notebook, allow_errors=True, timeout=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", environment)
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        client.execute()
    return dict(zip(sources, (cell.outputs for cell in notebook.cells), strict=True))


def streams(outputs):
    return {output.name for output in outputs if output.output_type == "stream"}


def nbgrader_grade(outputs, most=5.0):
    """Grade a test cell by nbgrader's rules: errors, standard error, the last value."""
    for output in outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            return 0.0
    values = [o for o in outputs if o.output_type == "execute_result"]
    try:
        return float(values[-1].data["text/plain"])
    except (IndexError, ValueError):
        return most


@pytest.mark.filterwarnings("ignore")
def test_nothing_is_written_to_standard_error(cells):
    assert all("stderr" not in streams(outputs) for outputs in cells.values())


@pytest.mark.filterwarnings("ignore")
def test_a_report_is_shown_as_html_and_as_text(cells):
    for name, label in (("right", "RIGHT"), ("wrong", "WRONG")):
        (output,) = cells[f"report of a {name} one"]
        assert f"<strong>{label}</strong>" in output.data["text/html"]
        assert label in output.data["text/plain"]


@pytest.mark.filterwarnings("ignore")
def test_assert_ok_and_score_give_the_points_they_should(cells):
    assert nbgrader_grade(cells["assert right"]) == 5.0
    assert nbgrader_grade(cells["assert wrong"]) == 0.0
    assert nbgrader_grade(cells["score right"]) == 5.0
    assert nbgrader_grade(cells["score wrong"]) == 0.0


@pytest.mark.filterwarnings("ignore")
def test_a_displayed_report_is_no_grade(cells):
    assert nbgrader_grade(cells["report of a wrong one"]) == 5.0  # so the docs say


@pytest.mark.filterwarnings("ignore")
def test_the_error_says_what_is_wrong(cells):
    (error,) = cells["assert wrong"]
    assert error.ename == "GradientMismatchError"
    assert "WRONG   the gradient is not the derivative of its own loss" in error.evalue
    assert "WRONG" in cells["print"][0].text
