"""Losses that no reference has, and penalties that reg does not move: in words."""

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.diagnosis import diagnose
from gradcheck.faults import CATALOGUE, Mistake, inject

LINEAR = networks.get("linear")


def hinge(k):
    """Return a hinge loss whose penalty's gradient is `k` times the right one."""

    def function(params, X, y, reg):
        W, N = params["W"], len(X)
        scores = X @ W + params["b"]
        margins = np.maximum(0, scores - scores[np.arange(N), y][:, None] + 1)
        margins[np.arange(N), y] = 0
        d = (margins > 0).astype(float)
        d[np.arange(N), y] = -d.sum(axis=1)
        loss = margins.sum() / N + 0.5 * reg * (W**2).sum()
        return float(loss), {"W": X.T @ d / N + k * reg * W, "b": d.sum(axis=0) / N}

    return function


HINGE = "the data part of the loss is the hinge loss"
APART = "what reg adds to the gradient is that of this mistake, to the last digits"


@pytest.mark.parametrize(
    ("k", "id", "measured"),
    [
        (0.5, "penalty-halved", "0.5 * reg*W"),
        (0.0, "penalty-missing", "0 * reg*W"),
        (2.0, "penalty-doubled", "2 * reg*W"),
    ],
)
@pytest.mark.parametrize(("seed", "sizes"), [(0, None), (3, {"D": 4})])
def test_a_penalty_beside_a_hinge_loss_is_proven_by_what_reg_adds(
    k, id, measured, seed, sizes
):
    found = diagnose(hinge(k), LINEAR, seed=seed, sizes=sizes)
    assert found.mistakes == (Mistake(id, ("W",)),)
    (f,) = found.findings
    assert (f.id, f.parameters, f.measured, f.expected, f.proof) == (
        id, ("W",), measured, "1 * reg*W", APART,
    )  # fmt: skip
    assert (found.calls, found.loss_statement, found.undo) == (95, HINGE, "")
    D = (sizes or {}).get("D")
    points = [m for m in found.measurements if m.startswith("reading point")]
    assert len(points) == 2
    assert all(f"W({D}, " in p for p in points if D)


def test_a_right_gradient_of_a_hinge_loss_is_right_for_another_loss():
    found = diagnose(hinge(1.0), LINEAR)
    assert (found.findings, found.mistakes, found.calls) == ((), (), 35)
    assert found.loss_statement == (
        f"the gradient is the right one of another loss: {HINGE}"
    )


def fixed(mistakes, k):
    """Return a loss with a penalty that reg does not move, and `k` of it in dW."""
    inner = inject(LINEAR, mistakes) if mistakes else LINEAR.loss_and_grads

    def function(params, X, y, reg):
        loss, grads = inner(params, X, y, reg)
        W = params["W"]
        return loss + 0.05 * float((W**2).sum()), {**grads, "W": grads["W"] + k * W}

    return function


STILL = "the penalty of W does not depend on reg"


def test_a_penalty_that_reg_does_not_move_is_part_of_the_loss():
    found = diagnose(fixed([], 0.1), LINEAR)
    assert (found.right, found.findings) == (True, ())
    assert found.loss_statement == (
        f"the gradient is the right one of another loss: {STILL}"
    )
    found = diagnose(fixed(["batch-sum"], 0.1), LINEAR)
    assert [(f.id, f.measured) for f in found.findings] == [
        ("batch-sum", "dW is off by 390% of its size"),
    ]
    assert found.loss_statement == STILL
    lacking = diagnose(fixed(["batch-sum"], 0.0), LINEAR)
    assert lacking.explained
    assert lacking.findings[0].measured == (
        "data part of dW, db: 5.000 x the derivative with N = 5, 4.000 x the "
        "derivative with N = 4"
    )


@pytest.mark.parametrize(
    ("mistakes", "order"),
    [
        ([Mistake("rounded", (), "", 4.0)], ["rounded"]),
        ([Mistake("rounded", (), "", 4.0), "batch-sum"], ["rounded", "batch-sum"]),
        (["single-precision", "target-missing"],
         ["target-missing", "single-precision"]),
        (["mutates-input", "sign-flipped"], ["mutates-input", "sign-flipped"]),
    ],
)  # fmt: skip
def test_a_finish_is_told_before_what_it_loosens_but_for_single_precision(
    mistakes, order
):
    found = diagnose(inject(LINEAR, mistakes), LINEAR)
    assert [m.id for m in found.mistakes] == order
    assert (found.explained, found.right) == (True, False)


def test_a_loss_without_its_logarithm_is_told_beside_a_right_gradient():
    def function(params, X, y, reg):
        scores = X @ params["W"] + params["b"]
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        loss = -probs[np.arange(len(X)), y].mean()
        loss += 0.5 * reg * (params["W"] ** 2).sum()
        return float(loss), LINEAR.loss_and_grads(params, X, y, reg)[1]

    found = diagnose(function, LINEAR)
    assert (found.right, found.mistakes) == (True, ())
    assert found.loss_statement == (
        "the gradient is right, the loss is not: the data part of the loss is -p: the "
        "logarithm is missing"
    )


def test_the_sign_of_a_loss_is_told_by_its_gradient():
    def negated(params, X, y, reg):
        loss, grads = LINEAR.loss_and_grads(params, X, y, reg)
        return -loss, grads

    found = diagnose(negated, LINEAR)
    assert [m.id for m in found.mistakes] == ["sign-flipped"]
    (f,) = found.findings
    assert f.statement == CATALOGUE["sign-flipped"].title + " (with the penalty)"
    assert found.loss_statement == (
        "the data part of the loss is -1 times the cross-entropy; the penalty is -0.5 "
        "* reg * sum(W**2) on W"
    )


def test_a_gradient_in_whole_numbers_is_told():
    def whole(params, X, y, reg):
        cut = {k: np.trunc(p) for k, p in params.items()}
        return LINEAR.loss_and_grads(cut, np.trunc(X), y, reg)

    found = diagnose(whole, LINEAR)
    assert Mistake("integer-arithmetic") in found.mistakes
    assert CATALOGUE["integer-arithmetic"].title in {
        f.statement for f in found.findings
    }


def test_columns_are_diagnosed_with_a_fresh_function_each():
    columns = LINEAR.variant(layout="columns")

    def make():
        kept = []

        def function(params, X, y, reg):
            kept.append(columns.loss_and_grads(params, X, y, reg))
            return kept[0]

        return function

    found = diagnose(make(), columns, factory=make)
    assert [(m.id, m.variant) for m in found.mistakes] == [
        ("stale-cache", "the first is kept")
    ]
    assert found.explained


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mistake", ["penalty-missing", "penalty-doubled", "batch-sum"])
@pytest.mark.parametrize("penalty", ["half", "full"])
def test_a_mistake_is_named_in_code_that_computes_in_single_precision(
    mistake, penalty, seed
):
    network = networks.get("softmax", penalty=penalty)
    wrong = inject(network, [mistake])

    def single(params, X, y, reg):
        loss, grads = wrong(params, X, y, reg)
        return float(np.float32(loss)), {
            k: g.astype(np.float32).astype(float) for k, g in grads.items()
        }

    found = diagnose(single, network, seed=seed)
    assert [m.id for m in found.mistakes] == [mistake, "single-precision"]
    assert found.explained
    assert found.conventions.penalty_name == penalty
    assert not found.conventions.unmodelled
