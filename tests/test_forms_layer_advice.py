"""A layer whose inputs cannot be told by their names is pointed to `check_vjp`."""

import ast
import contextlib
import io
import re

import pytest

from gradcheck import check_submission
from gradcheck.report import Verdict
from gradcheck.submissions.forms import layer_advice, layer_snippets
from gradcheck.submissions.forms.functions import functions_of
from gradcheck.submissions.forms.refusal import Refused

pytestmark = pytest.mark.usefixtures("apart")

NORM = """import numpy as np


def ln_apply(x, params):
    mu, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    return params["gamma"] * xhat + params["beta"], (xhat, var, params)


def ln_vjp(dout, cache):
    xhat, var, params = cache
    d = dout * params["gamma"]
    along = (d * xhat).mean(-1, keepdims=True)
    dx = (d - d.mean(-1, keepdims=True) - xhat * along) / np.sqrt(var + 1e-5)
    return dx, {"gamma": (dout * xhat).sum(axis=0), "beta": dout.sum(axis=0)}
"""
ATTENTION = """import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_forward(x, params):
    q, k, v = x @ params["Wq"], x @ params["Wk"], x @ params["Wv"]
    a = softmax(q @ k.T)
    return a @ v, (x, q, k, v, a, params)


def attention_backward(dout, cache):
    x, q, k, v, a, params = cache
    da, dv = dout @ v.T, a.T @ dout
    ds = a * (da - (da * a).sum(-1, keepdims=True))
    dq, dk = ds @ k, ds.T @ q
    dx = dq @ params["Wq"].T + dk @ params["Wk"].T + dv @ params["Wv"].T
    return dx, {"Wq": x.T @ dq, "Wk": x.T @ dk, "Wv": x.T @ dv}
"""
CONV = """import numpy as np


def forward(x, params):
    k = params["kernels"]
    n, c, h, w = x.shape
    out = np.zeros((n, len(k), h - 2, w - 2))
    for i in range(h - 2):
        for j in range(w - 2):
            out[:, :, i, j] = np.einsum("nchw,fchw->nf", x[:, :, i:i+3, j:j+3], k)
    return out, (x, k)


def backward(dout, cache):
    x, k = cache
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            dk += np.einsum("nf,nchw->fchw", d, x[:, :, i:i+3, j:j+3])
            dx[:, :, i:i+3, j:j+3] += np.einsum("nf,fchw->nchw", d, k)
    return dx, {"kernels": dk}
"""
CELL = """import numpy as np


class Gate:
    def __init__(self, input_dim, hidden_dim, eps=0.0):
        self.Uz = np.random.randn(input_dim, hidden_dim)
        self.Vz = np.random.randn(hidden_dim, hidden_dim)
        self.eps = eps

    def forward(self, x, h):
        self.x, self.h = x, h
        self.z = 1 / (1 + np.exp(-(x @ self.Uz + h @ self.Vz)))
        return self.z * h + self.eps

    def backward(self, dnext):
        dz = dnext * self.h * self.z * (1 - self.z)
        self.dUz, self.dVz = self.x.T @ dz, self.h.T @ dz
        return dz @ self.Uz.T, dnext * self.z + dz @ self.Vz.T
"""
BAG = """import numpy as np


class Filter:
    def __init__(self, channels, size):
        self.filters = np.random.randn(channels, channels, size, size)

    def forward(self, x):
        self.x = x
        out = np.zeros((x.shape[0], x.shape[1], x.shape[2] - 4, x.shape[3] - 4))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                part = x[:, :, i:i+5, j:j+5]
                out[:, :, i, j] = np.einsum("nchw,fchw->nf", part, self.filters)
        return out

    def backward(self, dout):
        dx, dk = np.zeros_like(self.x), np.zeros_like(self.filters)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                d, part = dout[:, :, i, j], self.x[:, :, i:i+5, j:j+5]
                dk += np.einsum("nf,nchw->fchw", d, part)
                dx[:, :, i:i+5, j:j+5] += np.einsum("nf,fchw->nchw", d, self.filters)
        self.grads = {"filters": dk}
        return dx
"""
PLAIN = """import numpy as np


def mix_fwd(a, c):
    return np.einsum("nd,dk->nk", np.sin(a), c), (a, c)


def mix_bwd(grad, saved):
    a, c = saved
    return (grad @ c.T) * np.cos(a), np.sin(a).T @ grad
"""


def message_of(tmp_path, source):
    (tmp_path / "layer.py").write_text(source)
    report = check_submission(tmp_path / "layer.py")
    assert report.verdict is Verdict.BROKEN
    return report.message


def printed(tmp_path, monkeypatch, snippet):
    monkeypatch.syspath_prepend(str(tmp_path))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(snippet, "check_layer.py", "exec"), {})
    return out.getvalue()


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        (NORM, ("x", "gamma", "beta")),
        (ATTENTION, ("x", "Wq", "Wk", "Wv")),
        (CONV, ("x", "kernels")),
        (CELL, ("x", "h", "Uz", "Vz")),
        (BAG, ("x", "filters")),
        (PLAIN, ("a", "c")),
    ],
)
def test_the_snippet_checks_every_input_as_it_is(tmp_path, monkeypatch, source, parts):
    message, _, snippet = message_of(tmp_path, source).partition("\n\n")
    assert "gradcheck.check_vjp takes any layer: save this as check_layer.py" in message
    said = printed(tmp_path, monkeypatch, snippet)
    assert "RIGHT" in said
    assert re.findall(r"(?m)^  (\w+) .*\)\s+right", said) == [*parts]
    assert max(map(len, snippet.splitlines())) <= 88


def test_the_message_names_the_passes_and_what_was_expected(tmp_path):
    message, _, snippet = message_of(tmp_path, NORM).partition("\n\n")
    assert message == (
        "layer.py:4: ln_apply(x, params) and ln_vjp(dout, cache) seem to be a layer, "
        "and its inputs could not be told by their names; f_forward(x, w, b) and "
        "f_backward(dout, cache), or a class that holds W and b, were expected. "
        "gradcheck.check_vjp takes any layer: save this as check_layer.py, put in the "
        "shapes that it takes, and run `python check_layer.py`:"
    )
    assert snippet.splitlines()[:9] == [
        "import numpy as np",
        "from gradcheck import check_vjp",
        "from layer import ln_apply, ln_vjp",
        "",
        "rng = np.random.default_rng(0)",
        "inputs = {",
        "    'x': rng.normal(size=(7, 5)),",
        "    'gamma': rng.normal(size=5),",
        "    'beta': rng.normal(size=5),",
    ]


def test_what_a_guess_broke_is_told_beside_it(tmp_path):
    message = message_of(tmp_path, ATTENTION)
    assert "(attention_forward raises KeyError: 'Wq' at line 10); f_forward" in message


def test_a_layer_that_no_shape_fits_has_the_likeliest_in_its_snippet(tmp_path):
    source = NORM.replace("    mu, var", "    assert x.shape == (1, 2, 3)\n    mu, var")
    snippet = message_of(tmp_path, source).partition("\n\n")[2]
    assert "'x': rng.normal(size=(7, 5))," in snippet


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, y):\n    return x, y\n\n\ndef back(dout, cache):\n    return dout\n",
        "def back(dout, cache):\n    return dout\n",
        "def f(x):\n    return x, 1\n\n\ndef back(dout, thing):\n    return dout\n",
    ],
)
def test_what_has_labels_or_no_two_passes_is_no_layer(source):
    assert layer_advice.found(functions_of(ast.parse(source)), {}) is None


def methods_of(source):
    node = ast.parse(source).body[0]
    return functions_of(ast.Module(node.body, []))


def test_a_class_that_takes_labels_or_nothing_is_no_layer():
    one = "class A:\n  def forward(self, x, y): pass\n  def backward(self): pass"
    two = "class A:\n  def forward(self): pass"
    classes = {"A": methods_of(one), "B": methods_of(two)}
    assert layer_advice.found({}, classes) is None


def test_other_problems_are_told_as_they_are():
    functions = functions_of(ast.parse(NORM))
    layer = layer_advice.found(functions, {})
    named = Refused("crashes", "other raises ValueError")
    named.interface = "plain"
    for problem in (Refused("incomplete", "ln_apply gives nothing"), named):
        assert layer_advice.instead(layer, problem, "hw", {}) is None
    assert layer_advice.instead(None, None, "hw", {}) is None


def test_what_cannot_be_told_of_a_class_is_left_as_dots():
    from gradcheck.submissions.forms.names import Function

    source = (
        "class A:\n"
        "  def __init__(self, n):\n    self.s = zeros(n); self.k = 3\n"
        "  def forward(self, x=None):\n    return self.s * x * self.k\n"
        "  def backward(self, d, more):\n    return d\n"
    )
    methods = {
        n.name: Function(n.name, n, "A")
        for n in ast.parse(source).body[0].body  # type: ignore[attr-defined]
    }
    layer = layer_advice.found({}, {"A": methods})
    lines = layer_snippets.of_class(layer)
    assert "layer = A(n=5)  # sizes that fit" in lines
    assert "    dx = layer.backward(dout, ...)" in lines
    assert "    return dx, ..." in lines
