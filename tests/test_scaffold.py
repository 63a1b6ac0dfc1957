"""`gradcheck init`: a test file that runs as it is, and an adapter where needed."""

import pytest
from written import LINEAR

import gradcheck.testing  # noqa: F401 - numpy is not loaded twice in one process
from gradcheck.cli import main
from gradcheck.errors import GradcheckError
from gradcheck.scaffold import scaffold, write

LAYERS = """
import numpy as np

def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    return dout * (cache > 0)
"""

UNKNOWN = """
def alpha_pass(quux, frob=2):
    return quux

class Omega:
    def zork(self, a):
        return a
"""


def written(path, source, **options):
    """Write a source and what `init` makes of it; return the names written."""
    path.write_text(source, encoding="utf-8")
    files = scaffold(path, **options)
    write(files)
    return [file.name for file in files]


def run(pytester, *arguments):
    return pytester.runpytest_inprocess("-p", "gradcheck.pytest_plugin", *arguments)


def test_the_test_of_a_right_file_passes_as_it_is(pytester):
    assert written(pytester.path / "net.py", LINEAR) == ["test_net.py"]
    text = (pytester.path / "test_net.py").read_text(encoding="utf-8")
    assert 'gradcheck(f"{FILE}:loss_and_grads", network="linear")' in text
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_the_test_of_a_wrong_file_fails_with_its_report(pytester):
    written(pytester.path / "net.py", LINEAR.replace("probs / N", "probs"))
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E  *GradientMismatchError: wrong: *"])


@pytest.mark.slow
def test_each_of_several_has_its_own_item(pytester):
    written(pytester.path / "layers.py", LAYERS)
    result = run(pytester, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_gradient?affine? PASSED*"])


def test_a_form_unknown_gets_an_adapter_to_fill_in(pytester):
    names = written(pytester.path / "odd.py", UNKNOWN)
    assert names == ["odd_adapter.py", "test_odd.py"]
    adapter = (pytester.path / "odd_adapter.py").read_text(encoding="utf-8")
    assert "from odd import alpha_pass, Omega  # noqa: F401" in adapter
    assert "        alpha_pass(quux, frob=2)\n        Omega.zork(self, a)" in adapter
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*fill in odd_adapter.py*"])


@pytest.mark.slow
def test_an_adapter_that_is_filled_in_is_checked(pytester):
    odd = LINEAR.replace("def loss_and_grads(params, X, y, reg)", "def alpha(quux)")
    odd = odd.replace('W, b = params["W"], params["b"]', "X, y, W, b, reg = quux")
    assert "odd_adapter.py" in written(pytester.path / "odd.py", odd)
    adapter = pytester.path / "odd_adapter.py"
    text = adapter.read_text(encoding="utf-8")
    call = 'return alpha((X, y, params["W"], params["b"], reg))'
    text = text.replace('raise NotImplementedError("fill in odd_adapter.py")', call)
    adapter.write_text(text, encoding="utf-8")
    run(pytester).assert_outcomes(passed=1)


def test_what_raises_is_tested_as_it_is(tmp_path):
    broken = LINEAR.replace("N = len(y)", "N = nowhere")
    assert written(tmp_path / "net.py", broken) == ["test_net.py"]
    text = (tmp_path / "test_net.py").read_text(encoding="utf-8")
    assert "    gradcheck(FILE)\n" in text


def test_a_workflow_runs_the_test_from_the_root(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "week1").mkdir()
    names = written(tmp_path / "week1" / "net.py", LINEAR, github=True)
    assert names == ["test_net.py", "gradients.yml"]
    workflow = tmp_path / ".github" / "workflows" / "gradients.yml"
    text = workflow.read_text(encoding="utf-8")
    assert "pytest week1/test_net.py --junitxml=gradients.xml" in text


def test_a_workflow_without_a_repository_stands_beside_the_file(tmp_path):
    (tmp_path / "net.py").write_text(LINEAR, encoding="utf-8")
    files = scaffold(tmp_path / "net.py", github=True)
    assert tmp_path.resolve() / ".github/workflows/gradients.yml" in files


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(GradcheckError, match=r"none.py: there is no such file"):
        scaffold(tmp_path / "none.py")
    (tmp_path / "bad.py").write_text("def f(:\n", encoding="utf-8")
    with pytest.raises(GradcheckError, match="does not parse"):
        scaffold(tmp_path / "bad.py")
    (tmp_path / "not-a-name.py").write_text(UNKNOWN, encoding="utf-8")
    with pytest.raises(GradcheckError, match="its name should be that of a module"):
        scaffold(tmp_path / "not-a-name.py")


def test_the_command_writes_once(tmp_path, capsys):
    path = tmp_path / "odd.py"
    path.write_text(UNKNOWN, encoding="utf-8")
    assert main(["init", str(path)]) == 0
    out = capsys.readouterr().out
    assert f"wrote {tmp_path / 'odd_adapter.py'}\n" in out
    assert "fill in odd_adapter.py: nothing in odd.py has a form known\n" in out
    assert f"now run: pytest {tmp_path / 'test_odd.py'}\n" in out
    assert main(["init", str(path)]) == 2
    assert "odd_adapter.py exists; --force writes over it" in capsys.readouterr().err
    assert main(["init", str(path), "--force"]) == 0
