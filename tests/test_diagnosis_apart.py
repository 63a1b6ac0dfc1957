"""Mistakes in the penalty beside a data loss that no reference has."""

import numpy as np
import pytest

from gradcheck import check_network, networks
from gradcheck.diagnosis import diagnose

LINEAR = networks.get("linear")


def hinge(params, X, y, reg, k=1.0, penalty=lambda W, reg, N: 2 * reg * W):
    """Multiclass hinge loss with ``k * reg * sum(W**2)``, and its gradient."""
    W, N = params["W"], len(X)
    s = X @ W + params["b"]
    rows = np.arange(N)
    margins = np.maximum(0, s - s[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / N + k * reg * np.sum(W * W)
    d = (margins > 0).astype(float)
    d[rows, y] = -d.sum(axis=1)
    d /= N
    return loss, {"W": X.T @ d + penalty(W, reg, N), "b": d.sum(axis=0)}


@pytest.mark.parametrize(
    ("penalty", "id"),
    [
        (lambda W, reg, N: reg * W, "penalty-halved"),
        (lambda W, reg, N: 4 * reg * W, "penalty-doubled"),
        (lambda W, reg, N: 0 * W, "penalty-missing"),
        (lambda W, reg, N: -2 * reg * W, "penalty-sign"),
        (lambda W, reg, N: 2 * reg * W / N, "penalty-averaged"),
    ],
)
def test_a_penalty_is_judged_whatever_the_data_loss(penalty, id):
    def wrong(*arguments):
        return hinge(*arguments, penalty=penalty)

    found = diagnose(wrong, LINEAR)
    assert [m.id for m in found.mistakes] == [id]
    assert not found.explained
    report = check_network(wrong, "linear")
    assert [f.id for f in report.findings] == [id]
    assert report.findings[0].proof == (
        "what reg adds to the gradient is that of this mistake, to the last digits"
    )


def test_a_right_penalty_beside_a_wrong_data_part_is_given_no_mistake():
    def wrong(*arguments):
        loss, grads = hinge(*arguments)
        return loss, {**grads, "b": 2 * grads["b"]}

    assert diagnose(wrong, LINEAR).mistakes == ()


def test_a_right_gradient_of_another_loss_is_given_no_mistake():
    found = diagnose(hinge, LINEAR)
    assert found.mistakes == ()
    assert found.facts == ()
