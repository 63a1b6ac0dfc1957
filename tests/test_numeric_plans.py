"""Plans and their driver: one door to the loss, counted."""

import numpy as np
import pytest

from gradcheck import GradcheckError
from gradcheck.numeric.plans import Driver, gather, run


def points(*values):
    return [{"x": np.array(float(v))} for v in values]


def square(batch):
    return np.array([p["x"] ** 2 for p in batch])


def ask(*values):
    got = yield points(*values)
    return got.tolist()


def ask_twice(value):
    (first,) = yield points(value)
    (second,) = yield points(first)
    return float(second)


def test_a_plan_receives_one_loss_a_point_and_is_counted():
    assert run(ask(1, 2, 3), square) == ([1.0, 4.0, 9.0], 3)


def test_a_plan_that_asks_nothing_costs_nothing():
    def nothing():
        return 7
        yield

    assert run(nothing(), square) == (7, 0)
    assert run(gather([]), square) == ([], 0)


def test_gathered_plans_share_their_requests_and_keep_their_order():
    sizes = []

    def counting(batch):
        batch = list(batch)
        sizes.append(len(batch))
        return square(batch)

    plans = [ask(2), ask_twice(3), ask(4, 5)]
    result, evaluations = run(gather(plans), counting)
    assert result == [[4.0], 81.0, [16.0, 25.0]]
    assert sizes == [4, 1]
    assert evaluations == 5


def test_a_point_where_the_loss_raises_is_nan_and_the_others_are_not():
    def fussy(batch):
        return np.array([1.0 / float(p["x"]) for p in batch])

    driver = Driver(fussy)
    values = driver.run(ask(2, 0, 4))
    assert values[0] == 0.5
    assert np.isnan(values[1])
    assert values[2] == 0.25
    assert driver.complaint == "ZeroDivisionError: float division by zero"
    assert driver.evaluations == 3


def test_complaints_of_gradcheck_itself_pass_through():
    def dead(batch):
        raise GradcheckError("the child process does not answer")

    with pytest.raises(GradcheckError, match="does not answer"):
        run(ask(1), dead)

    calls = []

    def dying(batch):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        raise GradcheckError("then dead")

    with pytest.raises(GradcheckError, match="then dead"):
        run(ask(1), dying)


def test_the_number_of_losses_must_be_the_number_of_points():
    with pytest.raises(GradcheckError) as caught:
        run(ask(1, 2), lambda batch: np.ones(3))
    assert str(caught.value) == (
        "evaluate(points) returned an array of shape (3,), but should return (2,): "
        "one loss for each of 2 points"
    )


def test_complex_losses_stay_complex():
    (value,), _ = run(ask(1), lambda batch: np.array([1 + 2j]))
    assert value == 1 + 2j


def test_an_empty_request_does_not_reach_the_loss():
    def empty():
        values = yield []
        return len(values)

    assert run(empty(), lambda batch: 1 / 0) == (0, 0)
