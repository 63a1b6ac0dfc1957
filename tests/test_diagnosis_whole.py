"""A diagnosis from its first word to its last: findings, undoing, example, cost."""

import pytest

from gradcheck import networks
from gradcheck.diagnosis import diagnose
from gradcheck.faults import CATALOGUE, Mistake, inject

SOFTMAX = networks.get("softmax")
LINEAR = networks.get("linear")
BARE = networks.get("linear", biases=False)
LOGISTIC = networks.get("logistic")
DEEP = networks.get("deep", activations=("relu", "relu"), cost="softmax")
SHALLOW = ("W1", "b1", "W2", "b2")
PROOF = "the same mistake made in the reference net gives these very numbers (to 1e-16)"
SUMMED = "5.000 x the derivative with N = 5, 4.000 x the derivative with N = 4"
DIVIDED = "0.200 x the derivative with N = 5, 0.250 x the derivative with N = 4"

MEASURED = {
    "a sum": (
        LINEAR, ["batch-sum"], 31, "both gradients match",
        "N=2, D=1, C=2 (N=1 cannot show it)",
        [("batch-sum", ("W", "b"), f"data part of dW, db: {SUMMED}", "1 x", "")],
    ),
    "twice the penalty": (
        BARE, ["penalty-doubled"], 26, "the gradient matches",
        "N=1, D=1, C=2 (reg=0 cannot show it)",
        [("penalty-doubled", ("W",), "2 * reg*W", "1 * reg*W", "")],
    ),
    "two at once": (
        LOGISTIC, ["batch-sum", "penalty-missing"], 38, "all four gradients match",
        "N=1, D=1, H=1, C=1",
        [
            ("batch-sum", SHALLOW, f"data part of dW1, db1, dW2, db2: {SUMMED}", "1 x",
             ""),
            ("penalty-missing", ("W1",), "0 * reg*W1", "1 * reg*W1", ""),
        ],
    ),
    "a mask": (
        DEEP, ["relu-mask-missing"], 50, "all six gradients match",
        "N=1, D=1, H=2, C=2",
        [("relu-mask-missing", ("W1", "b1"), "dW1 is off by 124% of its size, db1 by "
          "145%", "", " (layer 1)")],
    ),
    "a threshold": (
        SOFTMAX, ["relu-mask-threshold"], 47, "all four gradients match",
        "N=2, D=2, H=3, C=2 (N=1 cannot show it)",
        [("relu-mask-threshold", ("W1", "b1"), "the mask switches at 0.1", "0",
          " (threshold 0.1)")],
    ),
    "a limit": (
        SOFTMAX, [Mistake("relu-saturates", (1,), "", 1.5)], 46,
        "all four gradients match", "N=1, D=1, H=1, C=2",
        [("relu-saturates", ("W1", "b1"), "the mask switches at 1.5",
          "nowhere above 0", " (limit 1.5)")],
    ),
    "a sign": (
        LINEAR, ["sign-flipped"], 31, "both gradients match", "N=1, D=1, C=2",
        [("sign-flipped", ("W", "b"), "data part of dW, db: -1.000 x the derivative "
          "everywhere", "1 x", "")],
    ),
    "a factor": (
        LINEAR, [Mistake("constant-factor", (), "", 0.3)], 31, "both gradients match",
        "N=1, D=1, C=2",
        [("constant-factor", ("W", "b"), "data part of dW, db: 0.300 x the derivative "
          "everywhere", "1 x", " (factor 0.3)")],
    ),
    "a slope": (
        SOFTMAX, [Mistake("leaky-slope", (1,), "", 0.05)], 39,
        "all four gradients match", "N=1, D=1, H=2, C=2",
        [("leaky-slope", ("W1", "b1"), "dW1 is off by 5% of its size, db1 by 6%", "",
          " (slope 0.05)")],
    ),
    "a step": (
        SOFTMAX, [Mistake("updated-weights", (1,), "", 0.3)], 39,
        "all four gradients match", "N=1, D=1, H=1, C=2",
        [("updated-weights", ("W1", "b1"), "dW1 is off by 8% of its size, db1 by 9%",
          "", " (learning rate 0.3)")],
    ),
    "an average": (
        LINEAR, ["penalty-averaged"], 31, "both gradients match",
        "N=2, D=1, C=2 (N=1 cannot show it; reg=0 cannot show it)",
        [("penalty-averaged", ("W",), "0.125 * reg*W with N = 8", "1 * reg*W", "")],
    ),
    "a bias": (
        LINEAR, ["bias-mean"], 31, "both gradients match",
        "N=2, D=1, C=2 (N=1 cannot show it)",
        [("bias-mean", ("b",), f"data part of db: {DIVIDED}", "1 x", "")],
    ),
    "a biased penalty": (
        LINEAR, ["penalty-on-biases"], 31, "both gradients match",
        "N=1, D=1, C=2 (reg=0 cannot show it)",
        [("penalty-on-biases", ("b",), "1 * reg*b", "0 * reg*b", "")],
    ),
    "nothing": (
        SOFTMAX, ["data-part-missing"], 39, "all four gradients match",
        "N=1, D=1, H=1, C=2",
        [("data-part-missing", ("W1",), "dW1 is off by 100% of its size", "", "")],
    ),
    "the classes": (
        LINEAR, ["divided-by-classes"], 31, "both gradients match", "N=1, D=1, C=2",
        [("divided-by-classes", ("W", "b"), "data part of dW, db: 1.667 x the "
          "derivative with N = 5, 0.800 x the derivative with N = 4", "1 x", "")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURED)
def test_a_mistake_is_told_with_number_proof_undoing_and_example(name):
    network, mistakes, calls, undone, example, told = MEASURED[name]
    found = diagnose(inject(network, mistakes), network)
    assert [
        (f.id, f.parameters, f.measured, f.expected, f.statement, f.advice)
        for f in found.findings
    ] == [
        (id, *rest, CATALOGUE[id].title + note, CATALOGUE[id].advice)
        for id, *rest, note in told
    ]
    assert {(f.proof, f.verified, f.ties) for f in found.findings} == {
        (PROOF, True, ())
    }
    change = "this one change" if len(mistakes) == 1 else "these two changes"
    assert found.undo == f"with {change} {undone}"
    assert found.example is not None
    assert found.example.sentence == example
    size = found.example
    given = [f"N={size.N}, D={size.D}", *(f"H={H}" for H in size.hidden[:1])]
    assert example.startswith(", ".join([*given, f"C={size.C}"]))
    assert len(size.hidden) == network.depth - 1
    assert (found.calls, found.right, found.explained) == (calls, False, True)
    assert (found.ties, found.loss_statement, found.remarks) == ((), "", ())
    assert [m.id for m in found.mistakes] == [id for id, *_ in told]


OF_THE_CALL = {
    "keys-swapped": (
        SOFTMAX, ("W1", "W2"), "grads['W1'] has the shape of W2, and the other way "
        "round", "gradients under each other's name", 39,
    ),
    "keys-missing": (
        LINEAR, ("W",), "the gradients lack W", "a parameter has no gradient", 31,
    ),
    "accumulates": (
        LINEAR, ("W", "b"), "", "adds to the gradient of the last call", 43,
    ),
    "mutates-parameters": (
        LINEAR, ("W", "b"), "W, b differed after the call", "changes the parameters",
        31,
    ),
    "mutates-input": (
        LINEAR, ("W", "b"), "X differed after the call", "changes X or y (X)", 31,
    ),
    "single-precision": (LINEAR, ("W", "b"), "", "computed in float32", 31),
    "rounded": (LINEAR, ("W", "b"), "", "the gradient is rounded to 3 decimals", 31),
    "not-finite": (LINEAR, ("W", "b"), "", "NaN or infinity", 31),
}  # fmt: skip


@pytest.mark.parametrize("id", OF_THE_CALL)
def test_a_mistake_of_the_call_as_a_whole_is_told(id):
    network, parameters, measured, statement, calls = OF_THE_CALL[id]
    mistake = Mistake(id, (), "", 3.0) if id == "rounded" else id
    found = diagnose(inject(network, [mistake]), network)
    (f,) = found.findings
    assert (f.id, f.parameters, f.measured, f.statement) == (
        id,
        parameters,
        measured,
        statement,
    )
    assert (f.expected, f.advice, f.verified) == ("", CATALOGUE[id].advice, True)
    assert (found.calls, found.explained, found.right) == (calls, True, False)
    assert found.example is None


def test_what_was_measured_is_listed_for_the_curious():
    found = diagnose(inject(LINEAR, ["penalty-averaged"]), LINEAR)
    assert found.measurements == (
        "31 calls of the function under examination",
        "loss: cross-entropy, mean, times 1; penalty k * reg * sum(p**2) with k = W: "
        "0.5",
        "penalty in dW: 0.125 and 0.2 times reg*W",
        "penalty in db: 0 and 0 times reg*b",
        "reading point: Problem(W(7, 3), b(3,), X(5, 7), reg=0)",
        "reading point: Problem(W(6, 5), b(5,), X(4, 6), reg=0)",
        "explanations verified at six points that the search did not use",
    )


def test_without_a_penalty_none_is_listed():
    plain = LINEAR.variant(penalty="none")
    found = diagnose(plain.loss_and_grads, plain)
    assert found.measurements[1].endswith("with k = none")
