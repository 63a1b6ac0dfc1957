"""Reports made by hand, for the tests of what is made from reports."""

from gradcheck.rendering.marks import Item, Mark
from gradcheck.report import (
    Bound,
    Cost,
    Finding,
    Outcome,
    ParameterReport,
    Report,
    Subject,
    Verdict,
    Worst,
)

SHAPES = {"W1": (2, 3), "b1": (3,)}
SUBJECT = Subject(
    path="two_layer.py",
    object="TwoLayerNet.loss",
    interface="cs231n-two-layer",
    network="softmax",
    title="two_layer.py: TwoLayerNet.loss(X, y, reg), a two-layer net",
    loss="mean cross-entropy + 0.5 * reg * sum(W^2)",
    notes=("matplotlib was replaced",),
)


def curves(factor):
    """Plot data of a gradient that is `factor` times too large."""
    numeric = [0.5, -0.25, 0.0, 1.0, 0.125, -1.0]
    h = [10.0**-k for k in range(10, 0, -1)]
    return {
        "entries": {
            "shape": [2, 3],
            "analytic": [factor * n for n in numeric],
            "numeric": numeric,
            "error": [1e-12] * 6,
        },
        "steps": {
            "h": h,
            "error": [abs(factor - 1) + 0.1 * x**2 + 1e-16 / x for x in h],
            "noise": [2e-16 / x for x in h],
            "chosen": 1e-5,
        },
        "taylor": {
            "h": h,
            "remainder": [x**2 + abs(factor - 1) * x for x in h],
            "slope": 2.0 if factor == 1 else 1.0,
        },
    }


FINDING = Finding(
    "batch-sum",
    ("W1",),
    "7.000 x",
    "1 x",
    "the loss is a mean, the gradient a sum",
    "divide dscores by N",
    verified=True,
    file="two_layer.py",
    line=41,
    column=10,
    end_column=28,
    proof="the same mistake made in the reference net gives these very numbers",
    snippet=((40, "    # a < b & c"), (41, "    dW2 = hidden.T @ dscores")),
    remark="not divided by N",
)
WRONG = Report(
    Verdict.WRONG,
    seed=918273645,
    subject=SUBJECT,
    parameters={
        "W1": ParameterReport(
            Verdict.WRONG,
            (2, 3),
            0.857,
            Worst((1, 2), -0.42711, -0.06102, 3e-10),
            pattern="dense",
        ),
        "b1": ParameterReport(Verdict.CORRECT, (3,), 2e-10, None, Bound(2e-9, 1e-6)),
    },
    findings=(FINDING,),
    hygiene=(
        Outcome("mutates-input", True),
        Outcome("dtype", False, "float32 gradients", fatal=False),
    ),
    laws=(Outcome("batch-mean", False, "it grew"), Outcome("additivity", True)),
    cost=Cost(412, 37, 0.21),
    curves={"W1": curves(7.0), "b1": {}},
    example="N=2, D=1, H=1, C=2",
    again="gradcheck check two_layer.py --seed 918273645",
    fingerprint={"W1": (6.0, 6.0, 0.5, 0.25), "b1": (0.0, 0.0, 0.0, 0.0)},
)
RIGHT = Report(
    Verdict.CORRECT,
    loss_verdict="specified",
    subject=SUBJECT,
    parameters={
        name: ParameterReport(Verdict.CORRECT, shape, 3e-10, None, Bound(2e-8, 1e-6))
        for name, shape in SHAPES.items()
    },
    laws=(Outcome("batch-mean", True, "repeating changes nothing"),),
    curves={"W1": curves(1.0)},
)
BROKEN = Report(
    Verdict.BROKEN,
    message="two_layer.py:27: loss() returned None, but should return (loss, grads)",
    subject=Subject(path="two_layer.py"),
)
UNSURE = Report(
    Verdict.INCONCLUSIVE,
    message="every hidden unit is dead at the points tried",
    parameters={"W1": ParameterReport(Verdict.INCONCLUSIVE, detail="derivative 0")},
)


def mark(report, submission="alice.py", score=None, seconds=0.25):
    """A mark of ten points with one item a parameter."""
    items = tuple(
        Item(name, 5.0 * (p.verdict == "correct"), 5.0,
             p.verdict == "correct", p.pattern)
        for name, p in report.parameters.items()
    )  # fmt: skip
    if score is None:
        score = report.score(10.0)
    return Mark(submission, report, items, score, 10.0, seconds)
