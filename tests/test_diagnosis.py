"""The guilty are named, the innocent are left alone, the unknown is measured."""

import numpy as np
import pytest
from line_edits import EDITS, INVENTIONS, edited

from gradcheck import check_network, networks
from gradcheck.diagnosis import diagnose, diagnose_fixed, words
from gradcheck.diagnosis.case import open_case
from gradcheck.diagnosis.search import Search
from gradcheck.experiments import Sizes
from gradcheck.faults import Mistake, Specification, inject
from gradcheck.faults.catalogue.penalties import BIAS_ROW
from gradcheck.networks import draw_problem

SOFTMAX = networks.get("softmax")
NETWORKS = {
    "softmax": SOFTMAX,
    "linear": networks.get("linear"),
    "linear-no-biases": networks.get("linear", biases=False),
    "logistic": networks.get("logistic"),
    "logistic-sum": networks.get("logistic", reduction="sum", penalty="none"),
    "deep-sigmoid": networks.get("deep", activations="sigmoid", cost="sigmoid"),
    "deep-relu": networks.get("deep", activations="relu", cost="softmax"),
    "squared": networks.get("deep", depth=2, cost="squared", output="sigmoid"),
}


def ids(found):
    return [m.id for m in found.mistakes]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("penalty", ["half", "full", "none"])
def test_a_right_gradient_is_never_given_a_mistake(name, penalty):
    network = NETWORKS[name]
    for seed in range(2):
        right = network.variant(penalty=penalty)
        found = diagnose(right.loss_and_grads, network, seed=seed)
        assert found.right
        assert found.explained
        assert (found.mistakes, found.findings, found.loss_statement) == ((), (), "")


def some(cases, every):
    """Mark all but one in `every` as slow."""
    return [
        pytest.param(*case, marks=() if i % every == 0 else pytest.mark.slow)
        for i, case in enumerate(cases)
    ]


@pytest.mark.parametrize(
    ("name", "line", "instead"), some(EDITS, 2), ids=lambda x: x[:40]
)
def test_a_line_written_wrongly_is_named(name, line, instead):
    found = diagnose(edited((line, instead)), SOFTMAX, seed=1)
    assert ids(found) == [name]
    assert found.explained
    assert not found.right
    assert found.calls <= 60
    (finding,) = found.findings
    assert finding.id == name
    assert finding.verified
    assert finding.statement
    assert finding.advice


@pytest.mark.parametrize(
    ("where", "line", "instead"), some(INVENTIONS, 3), ids=lambda x: x[:40]
)
def test_an_invention_is_measured_and_not_named(where, line, instead):
    found = diagnose(edited((line, instead)), SOFTMAX, seed=1)
    assert found.mistakes == ()
    assert not found.explained
    assert where in {name for f in found.facts for name in f.parameters}


SETS = [
    ("softmax", ["batch-sum", "relu-mask-missing"]),
    ("softmax", ["softmax-over-batch", "bias-mean", "penalty-sign"]),
    ("softmax", ["keys-swapped", "penalty-missing"]),
    ("softmax", ["accumulates", "batch-sum"]),
    ("softmax", ["bias-not-reduced", "target-missing"]),
    ("softmax", ["single-precision", "batch-sum"]),
    ("softmax", [Mistake("relu-mask-threshold", (1,), "", 0.1), Mistake("batch-sum")]),
    ("softmax", [Mistake("relu-saturates", (1,), "", 6.0)]),
    (
        "softmax",
        [
            Mistake("updated-weights", (1,), "", 0.3),
            Mistake("leaky-slope", (1,), "", 0.05),
        ],
    ),
    (
        "softmax",
        [
            Mistake("sign-flipped", (), "with the penalty"),
            Mistake("penalty-averaged-in-loss", ("W1",)),
        ],
    ),
    ("softmax", [Mistake("penalty-on-biases", ("b1",), "", 3.0)]),
    ("linear", ["target-missing", "batch-sum"]),
    ("linear-no-biases", ["penalty-doubled"]),
    ("linear", ["data-part-missing"]),
    ("logistic", ["bias-one-example", "sign-flipped"]),
    ("logistic-sum", ["batch-mean-of-sum", "relu-mask-inverted"]),
    ("deep-sigmoid", ["sigmoid-derivative", "batch-mean-twice"]),
    (
        "deep-relu",
        [Mistake("relu-mask-missing", (1, 2)), Mistake("bias-mean", ("b2",))],
    ),
    ("squared", ["output-derivative-missing", "derivative-missing"]),
]


@pytest.mark.parametrize(("name", "mistakes"), SETS, ids=str)
def test_several_mistakes_at_once_are_told_apart(name, mistakes):
    network = NETWORKS[name]
    found = diagnose(inject(network, mistakes), network, seed=3)
    wanted = sorted(m if isinstance(m, str) else m.id for m in mistakes)
    assert sorted(ids(found)) == wanted
    given = {m.id: m.constant for m in mistakes if isinstance(m, Mistake)}
    for m in found.mistakes:
        if given.get(m.id) is not None:
            assert m.constant == pytest.approx(given[m.id], rel=1e-9)
    every = {1: "this one change", 2: "these two changes", 3: "these three changes"}
    assert found.undo.startswith(f"with {every[len(mistakes)]} ")


def test_the_closest_to_the_loss_is_said_first():
    found = diagnose(inject(SOFTMAX, ["penalty-missing", "batch-sum"]), SOFTMAX)
    assert ids(found) == ["batch-sum", "penalty-missing"]
    assert [f.id for f in found.findings] == ids(found)


def test_one_finding_reads_well():
    found = diagnose(inject(SOFTMAX, ["batch-sum"]), SOFTMAX)
    (finding,) = found.findings
    assert finding.parameters == ("W1", "b1", "W2", "b2")
    assert finding.measured == (
        "data part of dW1, db1, dW2, db2: 5.000 x the derivative with N = 5,"
        " 4.000 x the derivative with N = 4"
    )
    assert finding.expected == "1 x"
    assert finding.statement == "the gradient is a sum over the batch, the loss a mean"
    assert finding.advice == (
        "divide dscores by N once, before anything is computed from it"
    )
    assert finding.proof.startswith(
        "the same mistake made in the reference net gives these very numbers (to "
    )
    assert found.undo == "with this one change all four gradients match"
    assert found.example.sentence == "N=2, D=1, H=1, C=2 (N=1 cannot show it)"
    assert (
        found.measurements[0]
        == f"{found.calls} calls of the function under examination"
    )


def test_a_factor_and_a_penalty_are_measured():
    one = diagnose(
        inject(SOFTMAX, [Mistake("constant-factor", ("b2",), "", 0.5)]), SOFTMAX
    )
    assert (
        one.findings[0].measured
        == "data part of db2: 0.500 x the derivative everywhere"
    )
    assert one.findings[0].statement == "off by a constant factor (factor 0.5)"
    two = diagnose(inject(SOFTMAX, ["penalty-missing"]), SOFTMAX)
    assert two.findings[0].measured == "0 * reg*W1"
    assert two.findings[0].expected == "1 * reg*W1"
    assert "reg=0 cannot show it" in two.example.sentence


def test_equal_explanations_are_said_to_be_equal():
    found = diagnose(inject(SOFTMAX, [Mistake("bias-scalar", ("b2",))]), SOFTMAX)
    assert ids(found) == ["bias-scalar"]
    assert found.findings[0].ties == ("bias-missing",)
    other = diagnose(inject(SOFTMAX, [Mistake("bias-missing", ("b2",))]), SOFTMAX)
    assert ids(other) == ["bias-missing"]


def test_layers_are_named_in_deep_nets():
    network = NETWORKS["deep-relu"]
    wrong = inject(network, [Mistake("relu-mask-missing", (2,))])
    (finding,) = diagnose(wrong, network).findings
    assert finding.statement == "the ReLU's mask is missing (layer 2)"


def test_the_algorithm_of_source_004_updates_too_early():
    network = networks.get(
        "deep", activations="sigmoid", cost="squared", output="sigmoid"
    )

    def as_written(params, X, y, reg, rate=0.1):
        loss, _ = network.loss_and_grads(params, X, y, reg)
        a = [X]
        for i in (1, 2, 3):
            z = a[-1] @ params[f"W{i}"] + params[f"b{i}"]
            a.append(1 / (1 + np.exp(-z)))
        C = a[3].shape[1]
        delta = (a[3] - np.eye(C)[y]) * a[3] * (1 - a[3]) / len(X)
        grads = {}
        for i in (3, 2, 1):
            grads[f"W{i}"] = a[i - 1].T @ delta
            grads[f"b{i}"] = delta.sum(axis=0)
            params[f"W{i}"] -= rate * grads[f"W{i}"]  # step 3, before step 4
            delta = (delta @ params[f"W{i}"].T) * a[i - 1] * (1 - a[i - 1])
        return loss, grads

    found = diagnose(as_written, network.variant(penalty="none"))
    assert "updated-weights" in ids(found)
    (m,) = [m for m in found.mistakes if m.id == "updated-weights"]
    assert m.constant == pytest.approx(0.1, rel=1e-9)


LOSSES = {
    "loss-sign": "the gradient is right, the loss is not: the data part of the loss is"
    " -1 times the cross-entropy",
    "loss-without-logarithm": "the gradient is right, the loss is not: the data part of"
    " the loss is 1 - p: the logarithm is missing",
}


@pytest.mark.parametrize("mistake", LOSSES)
def test_a_wrong_loss_beside_a_right_gradient_is_said_as_such(mistake):
    found = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX)
    assert found.right
    assert found.mistakes == ()
    assert found.loss_statement == LOSSES[mistake]


def test_the_right_gradient_of_another_loss_is_said_as_such():
    linear = networks.get("linear")

    def squares(params, X, y, reg):
        s = X @ params["W"] + params["b"]
        residual = s - np.eye(s.shape[1])[y]
        d = residual / len(X)
        loss = 0.5 * np.sum(residual**2) / len(X)
        return loss, {"W": X.T @ d, "b": d.sum(axis=0)}

    found = diagnose(squares, linear)
    assert found.mistakes == ()
    assert found.loss_statement == (
        "the gradient is the right one of another loss: the data part of the loss is"
        " half the squared error of the scores"
    )


CALLS = {
    "mutates-parameters": "W1, W2, b1, b2 differed after the call",
    "mutates-input": "X differed after the call",
    "keys-missing": "the gradients lack W1",
    "shape-mismatch": "grads['b1'] has shape (1, 7), but should have (7,)",
}


@pytest.mark.parametrize("mistake", CALLS)
def test_a_mistake_of_the_call_says_what_was_seen(mistake):
    found = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX)
    assert ids(found) == [mistake]
    assert found.findings[0].measured == CALLS[mistake]


@pytest.mark.parametrize(
    "mistake",
    [
        "stale-cache",
        "integer-arithmetic",
        "not-finite",
        "rounded",
        "clipped",
        "nondeterministic",
        "bias-wrong-axis",
        "transposed",
        pytest.param("numerical-gradient", marks=pytest.mark.slow),
        pytest.param(
            Mistake("numerical-gradient", (), "forward", 1e-6), marks=pytest.mark.slow
        ),
        Mistake("clipped", (), "each norm", 0.5),
    ],
    ids=str,
)
def test_the_rest_of_the_catalogue_is_named(mistake):
    found = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX)
    assert ids(found) == [mistake if isinstance(mistake, str) else mistake.id]


@pytest.mark.parametrize(
    ("mistake", "where"),
    [
        (Mistake("relu-mask-wrong-layer", (1,)), "H == C"),
        (Mistake("relu-mask-wrong-layer", (1,), "the layer below"), "D == H"),
    ],
)
def test_sizes_that_must_agree_are_found(mistake, where):
    found = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX)
    assert ids(found) == [mistake.id]
    assert found.findings[0].statement == f"the function runs only where {where}"


def test_a_transposed_carrier_is_found_where_it_runs():
    wrong = inject(SOFTMAX, [Mistake("transposed", ("W2",), "on the way down")])
    found = diagnose(wrong, SOFTMAX)
    named = {*ids(found), *found.findings[1].ties}
    assert "transposed" in named


def only(count, function):
    def call(params, X, y, reg):
        if len(X) != count:
            raise ValueError(f"{len(X)} examples")
        return function(params, X, y, reg)

    return call


def test_a_number_of_examples_that_is_dictated_is_found():
    wrong = only(5, inject(SOFTMAX, ["target-missing", "relu-mask-missing"]))
    found = diagnose(wrong, SOFTMAX)
    assert ids(found) == ["target-missing", "relu-mask-missing"]
    assert found.findings[0].statement == "the function runs only where N = 5"
    dictated = diagnose(only(3, wrong), SOFTMAX, sizes={"D": 4, "hidden": 6, "C": 3})
    assert dictated.mistakes == ()


@pytest.mark.parametrize("sizes", [{"D": 4, "hidden": (6,), "C": 3}, {"D": 2, "H": 3}])
def test_dictated_sizes_leave_enough_to_read(sizes):
    wrong = inject(SOFTMAX, ["batch-sum", "relu-mask-missing"])
    found = diagnose(wrong, SOFTMAX, sizes=sizes)
    assert ids(found) == ["batch-sum", "relu-mask-missing"]


def test_a_penalty_that_reg_does_not_move_is_allowed_for():
    def fixed(missing):
        def call(params, X, y, reg):
            loss, grads = SOFTMAX.loss_and_grads(params, X, y, 0.1)
            if missing:
                grads = {**grads, "W1": grads["W1"] - 0.1 * params["W1"]}
            return loss, grads

        return call

    assert diagnose(fixed(False), SOFTMAX).right
    assert ids(diagnose(fixed(True), SOFTMAX)) == ["penalty-missing"]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda *a: 1 / 0, "the call failed: ZeroDivisionError: division by zero"),
        (lambda *a: None, "the call failed: TypeError: cannot unpack non-iterable"),
        (
            lambda *a: ("x", {"W1": [1.0]}),
            "the call failed: ValueError: could not conv",
        ),
    ],
)
def test_what_does_not_run_is_said_and_never_raises(function, said):
    found = diagnose(function, SOFTMAX)
    assert found.mistakes == ()
    assert not found.right
    assert found.findings[0].statement.startswith(said)


def test_a_catalogue_mistake_beside_an_invention_is_named_only_if_proven():
    invention = ("dW1 = X.T @ dz1", "dW1 = X[:, ::-1].T @ dz1")
    above = diagnose(edited(invention, ("ds = ds / N", "pass")), SOFTMAX)
    assert not above.explained
    assert above.mistakes == ()
    assert {f.id for f in above.findings} <= {"", "batch-sum"}
    penalty = diagnose(edited(invention, ("dW2 = dW2 + reg * W2", "pass")), SOFTMAX)
    assert "penalty-missing" in {f.id for f in penalty.findings}


def black_box(seed=0, count=3, spoil=lambda name, n, p: n):
    points = []
    for i in range(count):
        problem = draw_problem(SOFTMAX, np.random.default_rng(seed + i))
        args = problem.params, problem.X, problem.y, problem.reg
        numeric = SOFTMAX.loss_and_grads(*args)[1]
        analytic = {k: spoil(k, n, problem.params[k]) for k, n in numeric.items()}
        points.append(
            (problem.params, analytic, numeric, dict.fromkeys(numeric, 1e-10))
        )
    return diagnose_fixed(*points[0], more=points[1:])


FIXED = [
    (
        lambda k, n, p: 0.5 * n if k == "W2" else n,
        "W2's gradient is 0.500 of the derivative",
    ),
    (
        lambda k, n, p: n - 0.1 * p if k == "W1" else n,
        "W1's gradient is the derivative minus 0.1 times W1",
    ),
    (
        lambda k, n, p: 2 * n + 0.3 * p if k == "W1" else n,
        "W1's gradient is 2.000 times the derivative plus 0.3 times W1",
    ),
    (
        lambda k, n, p: n + 0.25 if k == "b1" else n,
        "b1's gradient is the derivative plus 0.25",
    ),
    (
        lambda k, n, p: 0 * n if k == "b1" else n,
        "b1's gradient is zero, the derivative is not",
    ),
    (
        lambda k, n, p: n.sum() + 0 * n if k == "b1" else n,
        "all the entries of b1's gradient are equal",
    ),
    (
        lambda k, n, p: n.T.reshape(n.shape) if k == "W1" else n,
        "reshape stands where a transpose belongs",
    ),
    (
        lambda k, n, p: n.T if k == "W1" else n,
        "a transpose is missing, or one too many",
    ),
    (
        lambda k, n, p: n[None] if k == "b1" else n,
        "a gradient does not have the shape of its parameter",
    ),
    (lambda k, n, p: n * np.nan if k == "b1" else n, "NaN or infinity"),
    (
        lambda k, n, p: (
            np.where(np.arange(len(n))[:, None] == 2, 0, n) if k == "W1" else n
        ),
        "W1's gradient is wrong in row 2 only",
    ),
    (
        lambda k, n, p: (
            np.where(np.arange(n.shape[1]) < 2, n, n + p) if k == "W2" else n
        ),
        "W2's gradient is wrong in column 2 only",
    ),
]


@pytest.mark.parametrize(("spoil", "said"), FIXED, ids=[said for _, said in FIXED])
def test_fixed_inputs_still_tell_how_the_gradient_differs(spoil, said):
    (finding,) = black_box(spoil=spoil).findings
    assert finding.statement.removesuffix(", at all 3 points") == said


def test_fixed_inputs_and_a_right_gradient_say_nothing():
    assert black_box().findings == ()
    assert black_box().right


def test_fixed_inputs_and_an_unknown_mistake_say_how_much():
    (finding,) = black_box(
        spoil=lambda k, n, p: n + np.sin(p) if k == "W1" else n
    ).findings
    assert finding.statement.startswith(
        "W1's gradient is no multiple of the derivative"
    )


def test_fixed_inputs_show_swapped_names_and_absent_ones():
    p = {"u": np.array([1.0, 2.0, 3.0]), "v": np.array([4.0, 5.0, 7.0])}
    n = {"u": np.array([0.3, 0.1, 0.2]), "v": np.array([0.7, 0.5, 0.9])}
    swapped = diagnose_fixed(p, {"u": n["v"], "v": n["u"]}, n)
    assert [f.id for f in swapped.findings] == ["keys-swapped"]
    absent = diagnose_fixed(p, {"u": n["u"]}, n)
    assert [f.id for f in absent.findings] == ["keys-missing"]


def another_loss(factor, *, batch):
    """A linear net with squared scores: no loss of ours, a gradient times `factor`."""

    def loss(params, X, y):
        residual = X @ params["W"] + params["b"] - np.eye(len(params["b"]))[y]
        return 1.5 * np.sum(residual**2) / len(X) + np.sum(residual**4)

    def call(params, X, y, reg):
        residual = X @ params["W"] + params["b"] - np.eye(len(params["b"]))[y]
        d = factor * (3.0 * residual / len(X) + 4 * residual**3)
        return loss(params, X, y), {"W": X.T @ d, "b": d.sum(axis=0)}

    def losses(points, X, y, reg):
        return [loss(p, X, y) for p in points]

    if batch:
        call.losses = losses
    return call


@pytest.mark.parametrize("batch", [False, True])
def test_beside_a_loss_of_its_own_the_derivative_of_that_loss_is_measured(batch):
    found = diagnose(another_loss(0.5, batch=batch), NETWORKS["linear"])
    assert found.mistakes == ()
    assert [f.statement for f in found.findings] == [
        "W's gradient is 0.500 of the derivative, at both points",
        "b's gradient is 0.500 of the derivative, at both points",
    ]
    right = diagnose(another_loss(1.0, batch=batch), NETWORKS["linear"])
    assert right.findings == ()
    assert "the data part of the loss is none of the known ones" in right.loss_statement


@pytest.mark.parametrize(
    ("divisor", "statement"),
    [
        (lambda N, C: N, "dW and db are C times the derivative, for C classes"),
        (
            lambda N, C: 2 * N,
            "dW and db are 0.5 * C times the derivative, for C classes",
        ),
        (
            lambda N, C: 1,
            "dW and db are N * C times the derivative, for N examples and C classes",
        ),
        (lambda N, C: N * C, None),
    ],
)
def test_a_factor_that_is_a_size_is_called_by_its_letter(divisor, statement):
    network = networks.get("linear")

    def mean_over_all(params, X, y, reg):
        N, C = len(X), params["W"].shape[1]
        _, grads = network.loss_and_grads(params, X, y, 0.0)
        loss = network.loss(params, X, y, 0.0) / C
        return loss, {k: g * N / divisor(N, C) for k, g in grads.items()}

    found = diagnose(mean_over_all, network)
    assert [f.statement for f in found.facts] == ([statement] if statement else [])
    assert found.mistakes == ()


def test_a_loss_of_its_own_that_fails_is_passed_over():
    wrong = another_loss(0.5, batch=True)

    def fails(points, X, y, reg):
        raise RuntimeError("no")

    wrong.losses = fails
    assert diagnose(wrong, NETWORKS["linear"]).findings == ()
    wrong.losses = lambda points, X, y, reg: [np.nan for _ in points]
    assert diagnose(wrong, NETWORKS["linear"]).findings == ()
    wrong.losses = lambda points, X, y, reg: [0.0]
    assert diagnose(wrong, NETWORKS["linear"]).findings == ()
    large = {"D": 60, "C": 8}
    assert diagnose(wrong, NETWORKS["linear"], sizes=large).findings == ()


def test_the_mask_is_measured_where_it_is_the_same_on_all_units():
    changes = (
        "dz1 = dh * (z1 > 0)",
        "dz1 = np.where(z1 > 0, 0.5, 0.3) * dh ** 3 / dh**2",
    )
    found = diagnose(edited(changes, ("dW1 = X.T @ dz1", "dW1 = X.T @ dz1")), SOFTMAX)
    assert found.calls < 80
    odd = diagnose(edited(("dh = ds @ W2.T", "dh = np.tanh(ds @ W2.T)")), SOFTMAX)
    (text,) = [f.statement for f in odd.facts if "mask" in f.statement]
    assert text.endswith("(the mask is 0 on dead units)")


def test_a_scalar_where_a_bias_belongs_is_named_by_its_value():
    def scalar(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "b1": grads["b1"].sum()}

    assert ids(diagnose(scalar, SOFTMAX)) == ["bias-scalar"]


def test_a_threshold_below_zero_in_company_is_found():
    mistakes = [Mistake("relu-mask-threshold", (1,), "", -0.3), Mistake("batch-sum")]
    found = diagnose(inject(SOFTMAX, mistakes), SOFTMAX)
    assert ids(found) == ["batch-sum", "relu-mask-threshold"]


def test_odd_answers_end_in_words():
    rng = np.random.default_rng(0)
    odd = [
        lambda g: g * np.nan,
        lambda g: None,
        lambda g: "x",
        lambda g: g[None],
        lambda g: np.zeros(3),
        lambda g: g * 1e300,
        lambda g: np.zeros(0),
        lambda g: g.astype(complex),
        lambda g: g > 0,
        lambda g: [[1, 2], [3]],
    ]

    def wrong(i):
        def call(params, X, y, reg):
            loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
            return loss, {
                k: odd[(i + len(k)) % 10](g) if k != "b2" else g
                for k, g in grads.items()
            }

        return call

    for i in range(10):
        found = diagnose(wrong(i), SOFTMAX, seed=int(rng.integers(99)))
        assert found.findings or found.right


def test_what_changes_nothing_is_dropped_from_an_explanation():
    case = open_case(inject(SOFTMAX, ["batch-sum"]), SOFTMAX, 0, Sizes(), None)
    hunt = Search(case.evidence, case.measured)
    idle = Mistake("relu-saturates", (1,), "", 1e9)
    assert hunt.minimal((idle, Mistake("batch-sum"))) == (Mistake("batch-sum"),)


@pytest.mark.parametrize("mistake", ["accumulates", "stale-cache"])
def test_a_function_that_was_called_before_is_diagnosed_like_a_new_one(mistake):
    function = inject(SOFTMAX, [mistake])
    first, again = (diagnose(function, SOFTMAX) for _ in range(2))
    assert ids(first) == ids(again) == [mistake]
    assert again.explained
    assert max(first.calls, again.calls) <= 60


def test_adding_up_one_gradient_is_said_of_that_one():
    total = {}

    def adding(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        key = (np.shape(X), grads["b1"].shape)
        total[key] = total.get(key, 0.0) + grads["b1"]
        return loss, {**grads, "b1": total[key]}

    found = diagnose(adding, SOFTMAX)
    assert [str(m) for m in found.mistakes] == ["accumulates b1"]
    assert found.findings[0].parameters == ("b1",)


def test_what_never_changes_is_not_called_kept():
    def constant(params, X, y, reg):
        rng = np.random.RandomState(0)
        return 1.0, {k: rng.randn(*np.shape(p)) for k, p in params.items()}

    assert "stale-cache" not in ids(diagnose(constant, SOFTMAX))


FREE = ["none", "on-biases", "penalty-missing", "penalty-doubled", "batch-sum"]


@pytest.mark.parametrize("row", ["first", "last"])
@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("mistake", FREE)
def test_a_row_that_the_loss_leaves_free_is_free_in_the_gradient(
    row, averaged, mistake
):
    network = networks.get("deep", depth=1, cost="sigmoid", biases=False)
    spec = Specification(
        network,
        {"W1": 0.5},
        averaged=frozenset({"W1"} if averaged else ()),
        free={"W1": row},
    )
    whole = Mistake("penalty-on-biases", ("W1",), BIAS_ROW)
    given = {"none": [], "on-biases": [whole]}.get(mistake, [mistake])
    found = diagnose(inject(spec, given), network, seed=3)
    assert found.conventions.free == {"W1": row}
    assert not found.conventions.specified
    assert f"the loss does not penalise the {row} row of W1" in found.loss_statement
    assert ids(found) == [m if isinstance(m, str) else m.id for m in given]
    assert found.right is (mistake == "none")


def test_another_invention_beside_a_free_row_is_measured_and_not_named():
    spec = Specification(SOFTMAX, {"W1": 0.5, "W2": 0.5}, free={"W2": "first"})

    def odd(params, X, y, reg):
        loss, grads = inject(spec, [])(params, X, y, reg)
        return loss, {**grads, "W2": grads["W2"] + reg * params["W2"] ** 3}

    found = diagnose(odd, SOFTMAX)
    assert not found.mistakes
    assert "W2" in {name for f in found.facts for name in f.parameters}


def test_no_penalty_is_named_beside_one_whose_gradient_is_not_known():
    def norm(params, X, y, reg):
        none = SOFTMAX.variant(penalty="none")
        loss, grads = none.loss_and_grads(params, X, y, reg)
        loss += reg * sum(np.linalg.norm(params[k]) for k in ("W1", "W2"))
        return loss, {k: g + reg * (k[0] == "W") * params[k] / len(X)
                      for k, g in grads.items()}  # fmt: skip

    found = diagnose(norm, SOFTMAX)
    assert found.conventions.unmodelled
    assert not [m for m in found.mistakes if "penalty" in m.id]


def test_two_gradients_match_both():
    assert words.undo_sentence(networks.get("linear"), [Mistake("batch-sum")]) == (
        "with this one change both gradients match"
    )


def test_with_one_output_there_are_no_classes_to_divide_by():
    network = networks.get("deep", depth=1, cost="sigmoid")
    wrong = inject(network, ["batch-sum"])
    found = diagnose(wrong, network, sizes={"C": 1})
    assert ids(found) == ["batch-sum"]
    assert found.ties == ()
    assert found.example.C == 1


def _plain_sigmoid(params, X, y, reg):
    s = X @ params["W1"] + params["b1"]
    h = 1 / (1 + np.exp(-s))
    t = np.reshape(y, s.shape)
    return -np.mean(t * np.log(h) + (1 - t) * np.log(1 - h))


def _late_overflow(params, X, y, reg):
    s = X @ params["W1"] + params["b1"]
    h = np.exp(s) / (1 + np.exp(s))
    t = np.reshape(y, s.shape)
    return np.mean(np.logaddexp(0, s) - t * s) + 0 * h.sum()


@pytest.mark.parametrize(
    ("loss", "remark"),
    [(_plain_sigmoid, "log-of-zero"), (_late_overflow, "softmax-unshifted")],
)
def test_a_sigmoid_is_not_told_to_subtract_a_maximum(loss, remark):
    network = networks.get("deep", depth=1, cost="sigmoid")

    def pair(params, X, y, reg):
        return loss(params, X, y, reg), network.loss_and_grads(params, X, y, 0.0)[1]

    report = check_network(pair, network.variant(penalty="none"), sizes={"C": 1})
    said = next(rule.detail for rule in report.hygiene if rule.id == remark)
    assert "np.logaddexp(0, -s)" in said
    assert "row" not in said


@pytest.mark.parametrize(
    "company",
    [
        Mistake("leaky-slope", (1,), "", 0.2),
        Mistake("updated-weights", (1,), "", 0.03),
        Mistake("constant-factor", ("b1",), "", 3.0),
        Mistake("batch-sum"),
    ],
    ids=str,
)
def test_a_lost_data_part_hides_no_company(company):
    lost = Mistake("data-part-missing", ("W1",))
    found = diagnose(inject(SOFTMAX, [lost, company]), SOFTMAX, seed=1)
    assert sorted(ids(found)) == sorted([lost.id, company.id])


DICTATED = {"N": 8, "D": 4, "hidden": 6, "C": 3}


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("constant-factor", (), "", 2.0),
        Mistake("penalty-averaged-in-loss", ("W1",)),
        Mistake("stale-cache", (), "the first is kept"),
        Mistake("relu-mask-inverted", (1,)),
    ],
    ids=str,
)
def test_a_mistake_is_named_at_sizes_where_no_delta_can_be_read(mistake):
    found = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX, sizes=DICTATED)
    assert ids(found) == [mistake.id]


def test_what_one_size_cannot_tell_apart_is_a_tie():
    wrong = inject(SOFTMAX, ["divided-by-features"])
    found = diagnose(wrong, SOFTMAX, sizes=DICTATED)  # N / D = 2
    assert ids(found) == ["constant-factor"]
    assert ["divided-by-features"] in [[m.id for m in tie] for tie in found.ties]
    found = diagnose(wrong, SOFTMAX, sizes={**DICTATED, "N": 6})  # N / D = 1.5
    assert ids(found) == ["divided-by-features"]
    assert ["constant-factor"] in [[m.id for m in tie] for tie in found.ties]


COLUMNS = SOFTMAX.variant(layout="columns")


def in_columns(function):
    """Return a function of rows as a person writes it whose examples are columns."""

    def turned(params, X, y, reg):
        rows = {k: p[:, 0] if k[0] == "b" else p.T for k, p in params.items()}
        loss, grads = function(rows, X.T, y, reg)
        return loss, {
            k: g[:, None] if k[0] == "b" and g.ndim == 1 else np.transpose(g)
            for k, g in grads.items()
        }

    return turned


@pytest.mark.parametrize(
    "mistake",
    ["batch-sum", "relu-mask-missing", "penalty-missing", "bias-scalar", "transposed"],
)
def test_examples_may_be_columns(mistake):
    wrong = inject(SOFTMAX, [mistake])
    found = diagnose(
        in_columns(wrong), COLUMNS, factory=lambda: in_columns(wrong), sizes={"C": 3}
    )
    assert found.mistakes
    assert ids(found) == ids(diagnose(wrong, SOFTMAX, sizes={"C": 3}))


def test_a_right_gradient_of_columns_is_right():
    assert check_network(COLUMNS.loss_and_grads, COLUMNS).ok
    assert diagnose(COLUMNS.loss_and_grads, COLUMNS).mistakes == ()


@pytest.mark.parametrize("returned", [None, (1.0, [2.0]), (1.0, {"W1": "no"})])
def test_columns_may_hold_nonsense(returned):
    report = check_network(lambda params, X, y, reg: returned, COLUMNS)
    assert report.verdict.value == "broken"


def test_a_loss_that_never_changes_is_told_so_and_nothing_named():
    def constant(params, X, y, reg):
        return 1.0, {k: np.ones(np.shape(p)) for k, p in params.items()}

    found = diagnose(constant, SOFTMAX)
    assert not found.mistakes
    assert found.conventions.data_form == "constant"
    assert found.loss_statement == (
        "the data part of the loss is the number 1, whatever it is given"
    )


@pytest.mark.parametrize("every", [3, 5, 11])
def test_a_call_that_raises_now_and_then_is_asked_again_and_told(every):
    calls = []

    def fickle(params, X, y, reg):
        calls.append(0)
        if len(calls) % every == 0:
            raise RuntimeError("not now")
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    report = check_network(fickle, "softmax")
    said = [rule.detail for rule in report.hygiene if rule.id == "raises-now-and-then"]
    assert said == [
        "one call raised RuntimeError: not now, and the same call ran the next time"
    ]
    assert "softmax-unshifted" not in {rule.id for rule in report.hygiene}


@pytest.mark.parametrize(
    ("factor", "written"), [(1.000001, "1.0000010"), (0.9999, "0.99990")]
)
def test_a_factor_near_one_is_not_written_as_one(factor, written):
    mistake = Mistake("constant-factor", ("W1",), "", factor)
    (said,) = diagnose(inject(SOFTMAX, [mistake]), SOFTMAX).findings
    assert f"{written} x the derivative everywhere" in said.measured
    assert f"factor {written.rstrip('0')}" in said.statement


def test_columns_at_points_of_our_own_come_with_the_shape_there():
    def odd(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        wrong = grads["W1"].copy()
        wrong[:, :2] *= np.cos(wrong[:, :2])
        return loss, {**grads, "W1": wrong}

    found = diagnose(odd, SOFTMAX)
    said = [f.statement for f in found.facts if f.parameters == ("W1",)]
    assert said[0] == (
        "dW1 is wrong in 1 of its columns only: 1 of 11, at a point where its shape is "
        "(7, 11)"
    )


def test_a_lost_gradient_is_not_measured_to_be_zero_besides():
    def odd(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {
            **grads,
            "W2": reg * params["W2"],
            "b1": np.sin(grads["b1"]),
        }

    found = diagnose(odd, SOFTMAX)
    assert ids(found) == []
    assert [f.id for f in found.findings if "W2" in f.parameters] == [
        "data-part-missing"
    ]


def test_a_penalty_alone_is_told_so():
    p = {"w": np.array([3.0, 4.0, 5.0])}
    numeric = {"w": np.array([1.0, 2.0, 7.0])}
    (fact,) = diagnose_fixed(p, {"w": 2 * p["w"]}, numeric).findings
    assert fact.statement == (
        "w's gradient is 2 times w, and nothing of the derivative's own, at this point"
    )


def test_a_factor_that_is_n_says_so_where_n_cannot_be_chosen():
    (said,) = diagnose(
        inject(SOFTMAX, ["batch-sum"]), SOFTMAX, sizes={"N": 5, "D": 9, "hidden": 8}
    ).findings
    assert said.measured.endswith("5.000 x the derivative with N = 5")
    (said,) = diagnose(inject(SOFTMAX, ["penalty-averaged"]), SOFTMAX).findings
    assert said.measured == "0.125 * reg*W1 with N = 8"


@pytest.mark.parametrize("id", ["loss-sign", "loss-without-logarithm"])
def test_a_mistake_of_the_loss_alone_is_named_beside_a_right_gradient(id):
    found = diagnose(inject(SOFTMAX, [id]), SOFTMAX)
    (said,) = found.findings
    assert (said.id, said.verified, found.right) == (id, True, True)
    assert said.proof == "the gradient is that of the specified loss, to rounding"
    report = check_network(inject(SOFTMAX, [id]), "softmax")
    assert [finding.id for finding in report.findings] == [id]


@pytest.mark.parametrize(
    "network",
    [
        SOFTMAX.variant(penalty="full", reduction="sum"),
        networks.get("softmax", biases=False),
        networks.get("linear"),
        networks.get("deep", depth=1, cost="sigmoid"),
    ],
    ids=lambda n: f"{n.name}-{n.reduction}-{n.biases}",
)
@pytest.mark.parametrize("variant", ["", "each norm", "the norm of all together"])
def test_clipping_is_seen_whatever_it_bounds(network, variant):
    for seed in range(2):
        mistake = Mistake("clipped", (), variant, 2.0)
        found = diagnose(inject(network, [mistake]), network, seed=seed)
        (seen,) = found.mistakes
        assert (seen.id, seen.variant) == ("clipped", variant)
        assert seen.constant == pytest.approx(2.0, rel=1e-12)


def test_a_gradient_of_nothing_at_all_is_missing():
    network = networks.get("linear", biases=False)
    found = diagnose(inject(network, ["keys-missing"]), network)
    assert [str(m) for m in found.mistakes] == ["keys-missing W"]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_square_that_was_forgotten_is_a_wrong_derivative(activation):
    network = networks.get("deep", depth=2, activations=activation, cost="sigmoid")
    mistake = Mistake("sigmoid-derivative", (1,), "1 - h, no more")
    assert diagnose(inject(network, [mistake]), network).mistakes == (mistake,)


@pytest.mark.parametrize(
    ("network", "company"),
    [
        ("softmax", ["relu-mask-inverted", Mistake("sign-flipped", ("W2",))]),
        ("softmax", ["target-missing", Mistake("penalty-halved", ("W1",))]),
        ("softmax", ["weights-magnitude", "bias-one-example"]),
        ("linear", ["target-missing", "batch-mean-twice"]),
    ],
)
def test_pairs_are_named_where_there_are_more_examples_than_inputs(network, company):
    network = NETWORKS[network]
    sizes = {k: DICTATED[k] for k in ("N", "D", "C")}
    if network.depth > 1:
        sizes["hidden"] = DICTATED["hidden"]
    found = diagnose(inject(network, company), network, sizes=sizes)
    wanted = [m if isinstance(m, str) else m.id for m in company]
    assert sorted(ids(found)) == sorted(wanted)


def test_an_invention_is_no_pair_where_no_delta_can_be_read():
    def odd(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "W1": np.sin(grads["W1"]), "b2": 2 * grads["b2"]}

    found = diagnose(odd, SOFTMAX, sizes=DICTATED)
    assert not found.mistakes
    assert "W1" in {name for f in found.facts for name in f.parameters}


@pytest.mark.slow
def test_a_pair_is_named_where_a_hidden_layer_is_narrower_than_the_batch():
    company = ["relu-mask-inverted", Mistake("sign-flipped", ("W2",))]
    sizes = {"D": 8, "hidden": (3,), "C": 2, "N": 6}
    found = diagnose(inject(SOFTMAX, company), SOFTMAX, sizes=sizes)
    assert sorted(ids(found)) == ["relu-mask-inverted", "sign-flipped"]
