"""Whether what a step returns is the loss of the parameters before it."""

import ast
from textwrap import dedent, indent

import pytest

from gradcheck.submissions.forms import steps
from gradcheck.submissions.forms.names import Function


def reported(body, arguments="X, y, W, lr", owner=""):
    code = f"def step({arguments}):\n" + indent(dedent(body).strip(), "    ")
    node = ast.parse(code).body[0]
    return steps.reports_loss(Function("step", node, owner))


@pytest.mark.parametrize(
    "body",
    [
        "loss = np.mean((X @ W - y) ** 2)\nW -= lr * g\nreturn loss",
        "p = X @ W\nW -= lr * g\nreturn -np.mean(np.log(p))",
        "e = X @ W - y\nW[:] = W - lr * X.T @ e\nreturn np.square(e).sum()",
        "e = X @ W - y\nparams['W1'] -= lr * g\nreturn (e ** 2).mean()",
        "p, q = f(X), 0\nW = W - lr * g\nreturn cross_entropy(p)",
    ],
)
def test_a_loss_made_before_the_step_counts(body):
    assert reported(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("W -= lr * g\nloss = f(W)\nreturn loss", "made after the step"),
        ("W -= lr * g\nreturn np.mean((X @ W - y) ** 2)", "reads the weights"),
        ("p = X @ W\nW -= lr * g\nreturn p, y", "two things"),
        ("p = X @ W\nW -= lr * g\nreturn (p > 0).mean()", "a rate"),
        ("p = X @ W\nW -= lr * g\nreturn p.sum()", "no form of a loss"),
        ("if y:\n    return 1\nW -= lr\nreturn (y ** 2)", "two returns"),
        ("loss = f(W)\nreturn loss", "nothing is changed"),
        (
            "loss = 0\nfor i in X:\n    W -= lr * g\n    loss = f(W)\nreturn loss",
            "a loop of steps",
        ),
        ("params['b1'] -= lr\nreturn -np.log(p).mean()", "p is made nowhere"),
    ],
)
def test_what_is_no_loss_before_the_step_does_not_count(body, why):
    assert not reported(body), why


def test_attributes_count_like_names_and_calls_of_methods_may_set_them():
    before = (
        "self.error = y - self.out\nself.W -= lr * g\nreturn (self.error ** 2).sum()"
    )
    assert reported(before, "self, y, lr", "Net")
    after = "self.W -= lr * g\nself.forward(X)\nreturn (self.error ** 2).sum()"
    assert not reported(after, "self, X, y, lr", "Net")
    method = "self.W -= lr * g\nreturn -np.log(self.predict(X)).mean()"
    assert not reported(method, "self, X, lr", "Net")
