"""From a function to a report: the three checks, and what makes each verdict."""

import json

import numpy as np
import pytest

import gradcheck
from gradcheck import faults, networks
from gradcheck.checker import check_gradients, check_network, check_vjp, scenarios
from gradcheck.checker.network import describe_loss
from gradcheck.checker.run import Run
from gradcheck.networks import layers
from gradcheck.report import Verdict

SOFTMAX = networks.get("softmax")


def cubic(p):
    loss = np.sum(p["W"] ** 3) + np.sum(p["b"] ** 2)
    return loss, {"W": 3 * p["W"] ** 2, "b": 2 * p["b"]}


POINT = {"W": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([0.25, -1.5])}


def spoiled(network, key, change):
    def function(params, X, y, reg):
        loss, grads = network.loss_and_grads(params, X, y, reg)
        return loss, {**grads, key: change(grads[key])}

    return function


def test_a_right_gradient_is_called_right():
    report = check_gradients(cubic, POINT)
    assert report.verdict is Verdict.CORRECT
    assert report.ok
    assert list(report.parameters) == ["W", "b"]
    assert all(rule.ok for rule in report.hygiene)
    assert report.cost.loss_evaluations > 0
    assert report.score(10) == 10.0
    report.assert_ok()


def test_a_wrong_entry_is_called_wrong_and_shown():
    def wrong(p):
        loss, grads = cubic(p)
        grads["W"][1, 0] *= 2
        return loss, grads

    report = check_gradients(wrong, POINT)
    assert report.verdict is Verdict.WRONG
    assert report.parameters["b"].verdict is Verdict.CORRECT
    worst = report.parameters["W"].worst
    assert worst.index == (1, 0)
    assert worst.analytic == 1.5
    assert abs(worst.numeric - 0.75) <= worst.error
    assert 0 < report.score(10) < 10
    with pytest.raises(gradcheck.GradientMismatchError, match="WRONG"):
        report.assert_ok()


@pytest.mark.parametrize("form", [np.array([1.0, -2.0]), [np.ones(2), np.array(3.0)]])
def test_parameters_come_in_any_structure(form):
    def squares(p):
        if isinstance(p, list):
            return sum(np.sum(a**2) for a in p), [2 * a for a in p]
        return np.sum(p**2), 2 * p

    before = [np.copy(a) for a in form]
    assert check_gradients(squares, form).ok
    assert all(np.array_equal(a, b) for a, b in zip(before, form, strict=True))


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_a_loss_beyond_single_precision_is_judged_without_a_warning(scale):
    def squares(x):
        return scale * (x @ x), 2 * scale * x

    assert check_gradients(squares, np.array([1.0, -2.0])).ok
    wrong = check_gradients(
        lambda x: (squares(x)[0], 1.001 * squares(x)[1]), np.ones(2)
    )
    assert wrong.verdict is Verdict.WRONG


def test_a_function_that_does_not_run_is_broken():
    report = check_gradients(lambda p: None, POINT)
    assert report.verdict is Verdict.BROKEN
    assert report.message.startswith("loss_and_grads returned None")
    assert report.score() == 0.0
    assert [rule.id for rule in report.hygiene] == ["return-value"]
    assert "BROKEN   loss_and_grads returned None" in str(report)


def test_breaking_a_fatal_rule_of_hygiene_is_wrong_though_entries_match():
    def mutating(p):
        answer = cubic(p)
        p["b"] += 1.0
        return answer

    report = check_gradients(mutating, POINT)
    assert report.verdict is Verdict.WRONG
    assert [finding.id for finding in report.findings] == ["mutates-parameters"]
    assert "the call changed params['b'] in place" in str(report)


def test_randomness_that_cannot_be_frozen_is_no_proof_of_a_mistake():
    rng = np.random.default_rng(0)

    def noisy(p):
        loss, grads = cubic(p)
        return loss, {k: g + rng.normal(size=g.shape) for k, g in grads.items()}

    report = check_gradients(noisy, POINT)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "two calls here differ" in report.message


@pytest.mark.parametrize("name", networks.NAMES)
def test_every_reference_network_is_called_right(name):
    report = check_network(networks.get(name).loss_and_grads, name)
    assert report.verdict is Verdict.CORRECT
    assert report.loss_verdict == "specified"
    assert report.subject.network == name


@pytest.mark.parametrize("key", ["W1", "b1", "W2", "b2"])
def test_the_wrong_parameter_of_a_network_is_named(key):
    report = check_network(spoiled(SOFTMAX, key, lambda g: 1.01 * g), "softmax")
    assert report.verdict is Verdict.WRONG
    wrong = [k for k, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    assert wrong == [key]


def test_the_penalty_convention_is_measured_and_not_assumed():
    full = networks.get("softmax", penalty="full").loss_and_grads
    report = check_network(full, "softmax")
    assert (report.verdict, report.loss_verdict) == (Verdict.CORRECT, "specified")
    assert report.subject.penalty == "full"
    report = check_network(full, SOFTMAX)
    assert (report.verdict, report.loss_verdict) == (Verdict.CORRECT, "other")
    assert report.loss_message == (
        "the loss is mean softmax cross-entropy + reg * sum(W^2); biases free, but "
        "should be mean softmax cross-entropy + 0.5 * reg * sum(W^2); biases free"
    )


def test_a_right_gradient_of_another_loss_is_said_to_be_one():
    def scaled(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return 3 * loss, {k: 3 * g for k, g in grads.items()}

    report = check_network(scaled, "softmax")
    assert (report.verdict, report.loss_verdict) == (Verdict.CORRECT, "other")
    assert "RIGHT derivative, OTHER loss" in str(report)


def test_a_gradient_wrong_for_one_example_only_is_found():
    def wrong_alone(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {**grads, "b1": grads["b1"] * (1 + (len(X) == 1))}

    report = check_network(wrong_alone, "softmax")
    assert report.verdict is Verdict.WRONG
    assert report.message == ("right at N = 7, reg = 0.1; wrong at N = 1, reg = 0.1")


def test_what_does_not_run_elsewhere_is_judged_where_it_runs():
    def fixed(params, X, y, reg):
        if len(X) != 7:
            raise ValueError("made for seven")
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    assert check_network(fixed, "softmax").verdict is Verdict.CORRECT


def test_data_changed_in_place_is_wrong():
    def centring(params, X, y, reg):
        X -= X.mean(axis=0)
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    report = check_network(centring, "softmax")
    assert report.verdict is Verdict.WRONG
    assert "mutates-input" in [finding.id for finding in report.findings]


def test_losses_in_a_batch_are_used():
    calls = []

    def function(params, X, y, reg):
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    def losses(points, X, y, reg):
        calls.append(1)
        return np.array([SOFTMAX.loss(p, X, y, reg) for p in points])

    function.losses = losses
    assert check_network(function, "softmax").ok
    assert calls


def smoothing(epsilon):
    def function(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        hidden = np.maximum(0, X @ params["W1"] + params["b1"])
        scores = np.exp(hidden @ params["W2"] + params["b2"])
        p = (scores / scores.sum(axis=1, keepdims=True))[np.arange(len(y)), y]
        return loss + np.mean(np.log(p) - np.log(p + epsilon)), grads

    return function


def test_a_small_constant_inside_the_logarithm_is_a_remark_and_no_mistake():
    report = check_network(smoothing(1e-7), "softmax")
    assert report.verdict is Verdict.CORRECT
    remark = next(rule for rule in report.hygiene if rule.id == "log-clipped")
    assert not remark.ok
    assert check_network(smoothing(1e-2), "softmax").verdict is Verdict.WRONG


def test_a_small_constant_is_blamed_only_where_the_loss_differs():
    points = scenarios(SOFTMAX)
    same = Run(SOFTMAX.loss_and_grads, points[0].problem)
    other = Run(smoothing(1e-7), points[0].problem)
    assert not same._almost(SOFTMAX, points)
    assert other._almost(SOFTMAX, points)


def test_every_law_holds_for_a_right_gradient():
    report = check_network(SOFTMAX.loss_and_grads, "softmax")
    assert len(report.laws) >= 9
    assert all(law.ok for law in report.laws)
    assert "laws hold" in str(report)


def test_a_penalty_that_cannot_be_chosen_is_not_chosen():
    def fixed(params, X, y, reg):
        assert reg == 0.3
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    report = check_network(fixed, "softmax", regs=(0.3,))
    assert report.ok
    assert all(law.ok for law in report.laws)
    law = next(law for law in report.laws if law.id == "penalty")
    assert "not tested" in law.detail


def test_an_unknown_network_is_a_usage_error():
    with pytest.raises(gradcheck.GradcheckError, match="network='perceptron', but"):
        check_network(SOFTMAX.loss_and_grads, "perceptron")


def test_dictated_sizes_are_kept():
    drawn = scenarios(SOFTMAX, sizes={"D": 9, "hidden": (4,), "C": 5}, regs=(0.5,))
    assert {s.problem.params["W1"].shape for s in drawn} == {(9, 4)}
    assert [s.name for s in drawn] == [
        "N7-reg0.5",
        "N1-reg0.5",
        "N5-reg0.5",
        "N11-reg0.5",
    ]


@pytest.mark.parametrize(
    ("conventions", "words"),
    [
        ({}, "mean softmax cross-entropy + 0.5 * reg * sum(W^2); biases free"),
        (
            {"penalty": "none", "reduction": "sum"},
            "sum softmax cross-entropy, no penalty",
        ),
    ],
)
def test_a_loss_is_described_in_one_line(conventions, words):
    assert describe_loss(networks.get("softmax", **conventions)) == words


X = np.array([[1.0, -2.0, 3.0], [0.5, 1.5, -0.7]])


def test_a_right_layer_is_called_right():
    W, b = np.array([[1.0, 2.0], [0.3, -1.0], [0.4, 0.9]]), np.array([0.1, -0.2])
    report = check_vjp(layers.affine, layers.affine_backward, [X, W, b])
    assert report.ok
    assert list(report.parameters) == ["x", "W", "b"]
    ids = [rule.id for rule in report.hygiene]
    assert ids[-3:] == ["mutates-upstream", "zero-upstream", "linear-upstream"]


def test_labels_are_handed_on_and_not_differentiated():
    y = np.array([2, 0])
    report = check_vjp(
        layers.softmax_cross_entropy, layers.softmax_cross_entropy_backward, [X, y]
    )
    assert report.ok
    assert list(report.parameters) == ["scores"]


def named_forward(x, slope):
    return x * slope, (x, slope)


def named_backward(dout, cache):
    x, slope = cache
    return {"dx": dout * slope, "slope": np.sum(dout * x)}


def test_inputs_and_gradients_may_have_names():
    inputs = {"x": X, "slope": np.array(0.3)}
    assert check_vjp(named_forward, named_backward, inputs).ok


def test_a_layer_without_a_cache_and_with_a_single_input():
    assert check_vjp(lambda x: 2 * x, lambda dout: 2 * dout, X).ok


def test_a_layer_that_forgets_its_upstream_is_found():
    report = check_vjp(
        lambda x: (np.maximum(0, x), x), lambda dout, x: 1.0 * (x > 0), [X]
    )
    assert report.verdict is Verdict.WRONG
    found = {finding.id: finding.statement for finding in report.findings}
    assert found["zero-upstream"] == (
        "a zero upstream gradient gives 1, but should give 0: something is not "
        "multiplied by it"
    )
    assert "linear-upstream" in found


def test_a_layer_that_keeps_its_first_mask_is_found():
    kept = []

    def forward(x):
        kept[:] = kept or [x > 0]
        return np.maximum(0, x), None

    report = check_vjp(forward, lambda dout, _: dout * kept[0], [X])
    assert report.verdict is Verdict.WRONG


def test_an_input_changed_in_place_is_found():
    def forward(x):
        x *= 2.0
        return x, None

    report = check_vjp(forward, lambda dout, _: 2.0 * dout, [X])
    assert report.verdict is Verdict.WRONG
    assert "mutates-input" in [finding.id for finding in report.findings]


def test_dropout_from_the_global_generator_is_checked_with_a_frozen_mask():
    def forward(x):
        mask = (np.random.random(x.shape) < 0.5) * 2.0  # noqa: NPY002
        return x * mask, mask

    assert check_vjp(forward, lambda dout, mask: dout * mask, [X]).ok

    def scaled(w):
        m = np.random.random(3) + 1.0  # noqa: NPY002
        return m @ (w * w), 2 * m * w

    assert check_gradients(scaled, np.array([1.0, 2.0, -0.5])).ok


def test_a_gradient_that_is_right_at_the_first_call_only_is_wrong():
    calls = []

    def function(x):
        calls.append(1)
        return x @ x, (2 if len(calls) == 1 else 3) * x

    report = check_gradients(function, np.array([1.0, -2.0]))
    assert report.verdict is Verdict.WRONG


def test_a_network_that_keeps_its_first_mask_is_found():
    kept = {}

    def function(params, X, y, reg):
        hidden = X @ params["W1"] + params["b1"]
        mask = kept.setdefault(hidden.shape, hidden > 0)
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        p = np.exp(np.maximum(0, hidden) @ params["W2"] + params["b2"])
        delta = p / p.sum(axis=1, keepdims=True)
        delta[np.arange(len(y)), y] -= 1
        down = (delta / len(y)) @ params["W2"].T * mask
        dW1 = X.T @ down + reg * params["W1"]
        return loss, {**grads, "W1": dW1, "b1": down.sum(axis=0)}

    report = check_network(function, "softmax")
    assert report.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": {"N": 0}}, "sizes['N'] = 0, but should be a positive whole number"),
        ({"sizes": {"Q": 3}}, "sizes['Q'], but sizes has N, D, hidden and C only"),
        (
            {"sizes": {"hidden": ()}},
            "sizes['hidden'] = (), but should be a positive whole number, or several",
        ),
        ({"regs": ()}, "regs = (), but should hold numbers >= 0"),
        ({"seed": -1}, "seed = -1, but should be a whole number >= 0"),
    ],
)
def test_what_cannot_be_asked_for_is_said_in_a_sentence(options, message):
    with pytest.raises(gradcheck.GradcheckError) as caught:
        check_network(SOFTMAX.loss_and_grads, "softmax", **options)
    assert str(caught.value) == message


def test_a_width_may_be_a_number():
    drawn = scenarios(SOFTMAX, sizes={"hidden": 4})
    assert {s.problem.params["b1"].shape for s in drawn} == {(4,)}


def test_a_function_that_exits_is_broken():
    def leaving(x):
        raise SystemExit(3)

    report = check_gradients(leaving, np.ones(2))
    assert report.verdict is Verdict.BROKEN
    assert "SystemExit: 3" in report.message


def test_an_upstream_changed_in_place_is_a_remark():
    def backward(dout, x):
        dout[x <= 0] = 0
        return dout

    report = check_vjp(lambda x: (np.maximum(0, x), x), backward, [X])
    assert report.ok
    rule = next(rule for rule in report.hygiene if rule.id == "mutates-upstream")
    assert not rule.ok
    assert not rule.fatal


def test_an_upstream_that_breaks_the_layer_is_told():
    def backward(dout, x):
        if not dout.any():
            raise ZeroDivisionError("no upstream")
        return dout

    report = check_vjp(lambda x: (1.0 * x, x), backward, [X])
    assert report.verdict is Verdict.WRONG
    assert "other upstreams: backward raised" in str(report).replace("\n", " ")


def returns_nothing(x):
    return None


def raises(x):
    raise ValueError("no")


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (returns_nothing, "forward returned None, but should return (out, cache)"),
        (raises, "forward raised ValueError: no"),
    ],
)
def test_a_forward_pass_that_does_not_run_is_broken(forward, message):
    report = check_vjp(forward, lambda dout: dout, [X])
    assert report.verdict is Verdict.BROKEN
    assert report.message == message


def test_a_layer_without_real_inputs_is_a_usage_error():
    with pytest.raises(gradcheck.GradcheckError, match="inputs holds no array of real"):
        check_vjp(lambda y: y, lambda dout: dout, [np.array([1, 2])])


def test_a_forward_pass_that_hides_its_arguments_gets_numbers():
    report = check_vjp(lambda *args: (args[0] * 2, None), lambda dout, _: 2 * dout, [X])
    assert list(report.parameters) == ["0"]
    assert check_vjp(np.negative, lambda dout: -dout, [X]).ok


def test_a_report_is_json_safe_and_keeps_its_keys():
    report = check_network(spoiled(SOFTMAX, "W1", lambda g: 7 * g), "softmax", seed=3)
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["schema"] == 1
    assert data["verdict"] == "wrong"
    assert data["seed"] == 3
    assert set(data["parameters"]["W1"]["worst"]) == {
        "index",
        "analytic",
        "numeric",
        "error",
    }
    assert {"path", "object", "interface", "network", "penalty", "reduction"} <= set(
        data["subject"]
    )
    assert {"findings", "hygiene", "laws", "cost"} <= set(data)


def test_a_named_mistake_is_proven_and_undone():
    report = check_network(faults.inject(SOFTMAX, ["batch-sum"]), "softmax")
    (finding,) = report.findings
    assert finding.id == "batch-sum"
    assert finding.verified
    assert finding.parameters == ("W1", "b1", "W2", "b2")
    assert "with this one change all four gradients match" in finding.proof
    assert report.example == "N=2, D=1, H=1, C=2 (N=1 cannot show it)"
    assert report.measurements


def test_a_mistake_at_large_activations_only_is_found():
    report = check_network(faults.inject(SOFTMAX, ["relu-saturates"]), "softmax")
    assert report.verdict is Verdict.WRONG
    assert all(p.verdict is Verdict.CORRECT for p in report.parameters.values())
    assert report.message.startswith("right at ordinary points, but relu-saturates: ")


def test_a_right_gradient_of_another_loss_is_given_no_mistake():
    def ridge(params, X, y, reg):
        residual = X @ params["W"] - np.eye(params["W"].shape[1])[y]
        return np.sum(residual**2), {"W": 2 * X.T @ residual}

    linear = networks.get("linear", biases=False)
    report = check_network(ridge, linear)
    assert (report.verdict, report.loss_verdict) == (Verdict.CORRECT, "other")
    assert report.findings == ()


def test_a_wrong_gradient_of_another_loss_is_given_no_name_of_ours():
    def ridge(params, X, y, reg):
        residual = X @ params["W"] - np.eye(params["W"].shape[1])[y]
        return np.sum(residual**2), {"W": X.T @ residual}

    report = check_network(ridge, networks.get("linear", biases=False))
    assert report.verdict is Verdict.WRONG
    assert [finding.id for finding in report.findings if finding.id] == []


def test_single_precision_is_a_remark():
    report = check_network(faults.inject(SOFTMAX, ["single-precision"]), "softmax")
    assert report.verdict is Verdict.CORRECT
    assert not report.findings


def test_a_gradient_under_another_name_is_broken_and_named():
    report = check_network(faults.inject(SOFTMAX, ["keys-swapped"]), "softmax")
    assert report.verdict is Verdict.BROKEN
    assert [finding.id for finding in report.findings] == ["keys-swapped"]


@pytest.mark.parametrize("id", ["accumulates", "stale-cache"])
def test_what_hygiene_saw_and_the_diagnosis_names_is_one_finding(id):
    report = check_network(faults.inject(SOFTMAX, [id]), "softmax")
    assert report.verdict is Verdict.WRONG
    assert [finding.id for finding in report.findings] == [id]


def test_a_loss_that_overflows_is_a_remark():
    report = check_network(faults.inject(SOFTMAX, ["softmax-unshifted"]), "softmax")
    assert report.verdict is Verdict.CORRECT
    remark = next(rule for rule in report.hygiene if rule.id == "softmax-unshifted")
    assert not remark.ok
    assert not remark.fatal


def test_a_penalty_that_cannot_be_chosen_is_diagnosed_all_the_same():
    wrong = faults.inject(SOFTMAX, ["target-missing"])
    report = check_network(
        lambda params, X, y, reg: wrong(params, X, y, 0.0), "softmax", regs=(0.0,)
    )
    assert [finding.id for finding in report.findings] == ["target-missing"]


def test_a_function_that_is_gone_is_reported_as_it_stands(monkeypatch):
    def gone(*args, **options):
        raise gradcheck.SubmissionError("gone")

    monkeypatch.setattr("gradcheck.diagnosis.diagnose", gone)
    report = check_network(faults.inject(SOFTMAX, ["batch-sum"]), "softmax")
    assert report.verdict is Verdict.WRONG
    assert report.findings == ()


def test_a_small_constant_in_the_loss_spoils_only_what_is_wrong_besides():
    wrong = faults.inject(SOFTMAX, ["relu-mask-missing"])

    def clipped(params, X, y, reg):
        loss, grads = wrong(params, X, y, reg)
        scores = np.maximum(X @ params["W1"] + params["b1"], 0) @ params["W2"]
        scores = scores + params["b2"]
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        p = p[np.arange(len(X)), y]
        return loss + np.mean(np.log(p) - np.log(p + 1e-7)), grads

    report = check_network(clipped, "softmax")
    assert report.verdict is Verdict.WRONG
    wrong = {n for n, p in report.parameters.items() if p.verdict is Verdict.WRONG}
    assert wrong == {"W1", "b1"}
    assert [finding.id for finding in report.findings] == ["relu-mask-missing"]


def test_a_zero_that_is_only_rounding_is_as_close_as_rounding():
    report = check_network(
        faults.inject(SOFTMAX, ["bias-scalar", "sign-flipped"]), "softmax"
    )
    first, *others = (finding.proof for finding in report.findings)
    assert "the same mistakes made in the reference net give these" in first
    assert float(first.split("(to ")[1].split(")")[0]) < 1e-9
    assert "with these two changes all four gradients match" in first
    assert others == [""]
