"""Named checks and property-based tests of a user's network."""

import json

import numpy as np
import pytest

from gradcheck import networks, strategies
from gradcheck.errors import GradcheckError, GradientMismatchError
from gradcheck.faults import inject
from gradcheck.report import ParameterReport, Report, Verdict
from gradcheck.testing import RULES, assert_network, checks_for, examine, require
from gradcheck.testing.subjects import adapt, first_line, guess_network

SOFTMAX = networks.get("softmax")
RIGHT = {
    "softmax": SOFTMAX,
    "full": networks.get("softmax", penalty="full"),
    "sum": networks.get("softmax", reduction="sum"),
    "linear": networks.get("linear"),
    "logistic": networks.get("logistic"),
    "deep": networks.get("deep", depth=3, activations="tanh", cost="softmax"),
    "columns": networks.get("deep", layout="columns"),
}


class TwoLayerNet:
    """A net in the form of the course's assignment."""

    def __init__(self, D, H, C, std=1e-4):
        self.params = {
            "W1": np.full((D, H), std),
            "b1": np.zeros(H),
            "W2": np.full((H, C), std),
            "b2": np.zeros(C),
        }

    def loss(self, X, y, reg=0.0):
        return SOFTMAX.loss_and_grads(self.params, X, y, reg)


class WithOwnReg(TwoLayerNet):
    """A net that keeps its penalty to itself."""

    reg = 0.0

    def loss(self, X, y):
        return SOFTMAX.loss_and_grads(self.params, X, y, self.reg)


class Positional(TwoLayerNet):
    """A net whose argument for the penalty has another name."""

    def loss(self, X, y, strength):
        return SOFTMAX.loss_and_grads(self.params, X, y, strength)


def failing(subject, **options):
    """Return the ids of the checks that fail, in order."""
    failed = []
    for check in checks_for(subject, **options):
        try:
            check()
        except GradientMismatchError:
            failed.append(check.id)
    return failed


SLOW = {
    name: pytest.param(name, marks=pytest.mark.slow)
    for name in ("sum", "logistic", "deep", "columns")
}


@pytest.mark.parametrize("name", [SLOW.get(name, name) for name in RIGHT])
def test_a_right_network_passes_every_check(name):
    assert failing(RIGHT[name].loss_and_grads, network=RIGHT[name]) == []


def test_ids_are_stable():
    ids = [check.id for check in checks_for(SOFTMAX.loss_and_grads)]
    points = ["N7-reg0.1", "N1-reg0.1", "N5-reg0", "N11-reg0.1"]
    names = ["W1", "b1", "W2", "b2"]
    assert ids[:16] == [f"{name}-{point}" for point in points for name in names]
    assert {"specified-loss", "batch-mean", "penalty", "mutates-input"} < set(ids)
    assert len(ids) == len(set(ids))
    kinds = [check.kind for check in checks_for(SOFTMAX.loss_and_grads)]
    assert list(dict.fromkeys(kinds)) == ["gradient", "loss", "law", "hygiene"]


def test_the_rules_are_those_that_a_report_has():
    report = examine(SOFTMAX.loss_and_grads)
    assert {rule.id for rule in report.hygiene} == set(RULES) - {"loss-differs-alone"}


def test_a_loss_alone_has_its_own_rule():
    def net(params, X, y, reg):
        return SOFTMAX.loss_and_grads(params, X, y, reg)

    def losses(points, X, y, reg):
        return np.array([1.0 + SOFTMAX.loss(p, X, y, reg) for p in points])

    assert "loss-differs-alone" not in [check.id for check in checks_for(net)]
    net.losses = losses
    assert "loss-differs-alone" in failing(net, network="softmax")


def at(names, *points):
    return {f"{name}-{point}" for name in names for point in points}


EVERYWHERE = ("N7-reg0.1", "N1-reg0.1", "N5-reg0", "N11-reg0.1")
SEVERAL = ("N7-reg0.1", "N5-reg0", "N11-reg0.1")
PENALISED = ("N7-reg0.1", "N1-reg0.1", "N11-reg0.1")
ALL = ("W1", "b1", "W2", "b2")
EXPECTED = {
    "batch-sum": at(ALL, *SEVERAL) | {"batch-mean", "additivity", "zero-weights-loss"},
    "penalty-missing": at(("W1",), *PENALISED) | {"penalty"},
    "penalty-on-biases": at(("b1",), *PENALISED) | {"penalty"},
    "relu-mask-missing": at(("W1", "b1"), *EVERYWHERE) | {"hidden-balance"},
    "bias-mean": at(("b1",), *SEVERAL)
    | {"batch-mean", "additivity", "hidden-balance", "bias-is-weight"},
    "sign-flipped": at(ALL, *EVERYWHERE) | {"zero-weights-loss"},
}


@pytest.mark.parametrize(
    "mistake",
    [
        "batch-sum",
        *(pytest.param(m, marks=pytest.mark.slow) for m in list(EXPECTED)[1:]),
    ],
)
def test_a_mistake_fails_the_items_that_a_person_would_expect(mistake):
    wrong = inject(SOFTMAX, [mistake])
    assert set(failing(wrong, network="softmax")) == EXPECTED[mistake]


def test_a_failure_says_first_what_is_wrong():
    wrong = inject(SOFTMAX, ["batch-sum"])
    check = next(checks_for(wrong, network="softmax"))
    with pytest.raises(GradientMismatchError) as caught:
        check()
    first, second, *_ = str(caught.value).split("\n")
    assert first.startswith("wrong: W1 at N = 7, reg = 0.1: grads['W1'][")
    assert ", but should be " in first
    assert second == ""
    assert check.gradcheck_reports[0].verdict is Verdict.WRONG
    assert str(check) == "W1-N7-reg0.1"


def test_a_changed_input_fails_its_own_rule():
    def mutating(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        X += 1.0
        return loss, grads

    assert failing(mutating, network="softmax") == ["mutates-input"]


def test_a_remark_is_a_warning():
    def single(params, X, y, reg):
        loss, grads = SOFTMAX.loss_and_grads(params, X, y, reg)
        return loss, {name: grad.astype(np.float32) for name, grad in grads.items()}

    checks = {check.id: check for check in checks_for(single, network="softmax")}
    with pytest.warns(UserWarning, match="single-precision: the gradient is of type"):
        checks["single-precision"]()


def test_another_loss_fails_the_loss_alone():
    summed = networks.get("softmax", reduction="sum").loss_and_grads
    assert failing(summed, network="softmax") == ["specified-loss"]


def test_what_does_not_run_is_broken_in_every_check():
    def broken(params, X, y, reg):
        raise RuntimeError("boom")

    reasons = []
    for check in checks_for(broken, network="linear"):
        with pytest.raises(GradientMismatchError) as caught:
            check()
        reasons.append(str(caught.value).split(":")[0])
    assert set(reasons) == {"broken"}


@pytest.mark.parametrize("cls", [TwoLayerNet, WithOwnReg, Positional])
def test_a_class_and_an_object_are_checked_like_a_function(cls):
    assert examine(cls).ok
    net = cls(3, 5, 4)
    assert examine(net).ok
    assert net.params["W1"][0, 0] == 1e-4


def test_a_class_without_sizes_is_made_without():
    class Small(TwoLayerNet):
        def __init__(self):
            super().__init__(2, 3, 4)

    assert adapt(Small()).sizes == {"D": 2, "hidden": (3,), "C": 4}
    assert examine(Small, network="softmax").ok


def test_sizes_are_those_of_the_weights():
    class Vectors:
        def __init__(self):
            self.params = {"w": np.ones(3)}

        def loss(self, X, y, reg):
            raise AssertionError

    assert adapt(Vectors()).sizes == {}


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(GradcheckError, match="3 cannot be checked: it should be a fun"):
        adapt(3)
    with pytest.raises(GradcheckError, match="runs on the parameters of none of the"):
        guess_network(adapt(lambda params, X, y, reg: None))


@pytest.mark.parametrize("name", ["softmax", "linear", "logistic"])
def test_a_network_is_found_by_its_loss(name):
    assert guess_network(adapt(networks.get(name).loss_and_grads)) == name


def test_a_network_is_found_by_running_where_its_loss_is_another():
    def squared(params, X, y, reg):
        return float((params["W"] ** 2).sum()), {
            "W": 2 * params["W"],
            "b": 0 * params["b"],
        }

    assert guess_network(adapt(squared)) == "linear"


def test_examine_takes_what_suits():
    def box(x):
        return float(x @ x), 2 * x

    def forward(x):
        return np.tanh(x), x

    def backward(dout, x):
        return dout * (1 - np.tanh(x) ** 2)

    point = np.array([1.0, -2.0])
    report = examine(box, point)
    assert report.ok
    assert examine(report) is report
    layer = examine((forward, backward), point)
    assert layer.ok
    assert json.loads(json.dumps(layer.to_dict()))["verdict"] == "correct"


def test_the_first_line_carries_the_verdict():
    wrong = ParameterReport(Verdict.WRONG)
    report = Report(Verdict.WRONG, parameters={"W1": wrong, "b1": wrong})
    assert first_line(report) == "wrong: the gradients of W1, b1"
    assert first_line(Report(Verdict.BROKEN, message="one\ntwo")) == "broken: one"
    assert first_line(Report(Verdict.WRONG)) == "wrong"
    with pytest.raises(GradientMismatchError, match=r"\Awrong: the gradients of W1"):
        require(report)
    require(Report(Verdict.CORRECT))


@pytest.mark.parametrize("name", ["softmax", "columns"])
def test_a_right_network_has_the_property(name):
    assert_network(RIGHT[name].loss_and_grads, RIGHT[name], max_examples=3)


@pytest.mark.parametrize("penalty", ["full", "none"])
def test_the_property_follows_the_penalty_of_the_loss(penalty):
    other = networks.get("linear", penalty=penalty)
    assert_network(other.loss_and_grads, "linear", max_examples=5)


@pytest.mark.parametrize(
    ("mistake", "smallest"),
    [
        ("batch-sum", "N=2, D=1, W1 (1, 1), b1 (1,), W2 (1, 2), b2 (2,), reg="),
        ("penalty-missing", "N=1, D=1, W1 (1, 1), b1 (1,), W2 (1, 2), b2 (2,), reg="),
    ],
)
@pytest.mark.slow
def test_the_smallest_example_is_reported(mistake, smallest):
    with pytest.raises(GradientMismatchError) as caught:
        assert_network(inject(SOFTMAX, [mistake]), "softmax", max_examples=30)
    text = " ".join(str(caught.value).split())
    assert f"smallest failing example: {smallest}" in text


@pytest.mark.slow
def test_a_broken_law_is_reported_where_the_gradient_is_right():
    def biased(params, X, y, reg):  # its own derivative, but no mean over examples
        loss, grads = SOFTMAX.loss_and_grads(params, X[1:], y[1:], reg)
        return loss, grads

    sizes = strategies.shapes(N=3)
    with pytest.raises(GradientMismatchError) as caught:
        assert_network(biased, "softmax", max_examples=10, sizes=sizes)
    text = " ".join(str(caught.value).split())
    assert "wrong: batch-mean: " in text
    assert "smallest failing example: N=3" in text


def test_objects_are_tested_at_their_own_sizes():
    assert_network(TwoLayerNet(2, 3, 4), max_examples=3)
