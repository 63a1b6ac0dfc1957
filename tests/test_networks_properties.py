"""Properties of every network at random shapes, batches, penalties and conventions."""

import numpy as np
import planted
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gradcheck import networks
from gradcheck.laws import check_laws
from gradcheck.numeric import numeric_gradient

RTOL = {"central": 1e-7, "complex": 1e-12}
CONVENTIONS = st.fixed_dictionaries(
    {
        "penalty": st.sampled_from(["half", "full", "none"]),
        "reduction": st.sampled_from(["mean", "sum"]),
    }
)
LAYOUTS = st.fixed_dictionaries(
    {"layout": st.sampled_from(["rows", "columns"]), "biases": st.booleans()}
)
KINDS = st.fixed_dictionaries(
    {
        "activations": st.lists(
            st.sampled_from(["sigmoid", "tanh", "relu", "identity"]), max_size=3
        ),
        "cost": st.sampled_from(["squared", "softmax", "sigmoid"]),
        "output": st.sampled_from(["identity", "sigmoid", "tanh"]),
    }
)


@st.composite
def points(draw, name, *, plain=False):
    """Draw a network and a point for it, batches of one and no penalty included."""
    conventions = draw(CONVENTIONS)
    if not plain:
        conventions |= draw(LAYOUTS) | (draw(KINDS) if name == "deep" else {})
    network = networks.get(name, **conventions)
    size = st.integers(1, 6)
    problem = networks.draw_problem(
        network,
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        N=draw(size),
        D=draw(size),
        hidden=(draw(size),),
        C=draw(st.integers(2, 5)),
        reg=draw(st.sampled_from([0.0, 1e-3, 0.1, 2.0])),
    )
    return network, problem


def assert_derivative(function, network, problem, method):
    """Compare a gradient with the derivative of the network's loss by `method`.

    Relative to the largest entry; for differences also to a hundredth of the loss,
    whose own rounding they divide by the step.
    """
    X, y, reg = problem.X, problem.y, problem.reg
    loss, grads = function(problem.params, X, y, reg)
    numeric = numeric_gradient(
        lambda params: network.loss(params, X, y, reg), problem.params, method=method
    ).values
    largest = max(np.abs(n).max() for n in numeric.values())
    if method == "central":
        largest = max(largest, 0.01 * abs(loss))
    for name, n in numeric.items():
        error = np.abs(grads[name] - n).max()
        assert error <= RTOL[method] * largest, (name, error / largest)


def assert_lawful(function, network, problem):
    for law in check_laws(function, network, problem, rng=np.random.default_rng(0)):
        assert law.ok, law


CHECKS = {
    "central": lambda f, network, problem: assert_derivative(
        f, network, problem, "central"
    ),
    "complex": lambda f, network, problem: assert_derivative(
        f, network, problem, "complex"
    ),
    "laws": assert_lawful,
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", networks.NAMES)
@given(data=st.data())
def test_the_gradient_is_right(name, check, data):
    network, problem = data.draw(points(name))
    CHECKS[check](network.loss_and_grads, network, problem)


@pytest.mark.parametrize("mistake", planted.MISTAKES)
@pytest.mark.parametrize("check", CHECKS)
def test_the_checks_fail_for_every_planted_mistake(mistake, check):
    for name in planted.MISTAKES[mistake]:
        if name == "deep":
            continue  # its point of failure is the others'

        @settings(max_examples=100, phases=[Phase.generate], derandomize=True)
        @given(point=points(name, plain=True))
        def the_check(point):
            network, problem = point
            with np.errstate(all="ignore"):
                CHECKS[check](planted.plant(network, mistake), network, problem)

        with pytest.raises(AssertionError):
            the_check()


def test_there_are_at_least_twenty_planted_mistakes():
    assert len(planted.MISTAKES) >= 20
    assert {"batch-sum", "penalty-missing"} <= set(planted.MISTAKES)
