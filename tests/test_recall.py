"""What is kept of a point: the same again, nobody else's, and not too much of it."""

import threading

import numpy as np
import pytest

from gradcheck import check_network, networks, recall
from gradcheck.experiments import cells
from gradcheck.experiments.points import make
from gradcheck.laws import examination
from gradcheck.problem import Problem


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    for module, name in (
        (recall, "_points"), (cells, "_ROWS"), (examination, "_BOUNDS"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, recall.Recall(64))


def same(one, two):
    return recall.written(one) == recall.written(two)


DRAWS = {
    "rows": lambda rng: networks.draw_problem(networks.get("softmax"), rng),
    "columns": lambda rng: networks.draw_problem(
        networks.get("softmax", layout="columns"), rng, N=5
    ),
    "built": lambda rng: make(
        networks.get("logistic"), rng, N=4, D=6, hidden=(7,), C=1, tries=3
    ),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_point_is_drawn_again_as_it_was(draw, monkeypatch):
    rng = np.random.default_rng(3)
    rng.integers(0, 9, dtype=np.uint32)  # half of a word is kept for the next one
    first, after = draw(rng), rng.random(4).tolist()
    assert len(recall._points) == 1
    again = np.random.default_rng(3)
    again.integers(0, 9, dtype=np.uint32)
    second = draw(again)
    assert len(recall._points) == 1
    assert same(first, second)
    assert again.random(4).tolist() == after
    second.X[:] = 0.0
    for value in second.params.values():
        value *= 0.0
    third = np.random.default_rng(3)
    third.integers(0, 9, dtype=np.uint32)
    assert same(draw(third), first)


def test_another_state_draws_another_point():
    rng = np.random.default_rng(0)
    first, second = (DRAWS["rows"](rng) for _ in range(2))
    assert not same(first, second)
    other = networks.draw_problem(networks.get("linear"), np.random.default_rng(0))
    assert set(other.params) == {"W", "b"}
    assert len(recall._points) == 3


def test_what_depends_on_sizes_is_not_mixed_up():
    network = networks.get("softmax")
    sizes = [{"N": 3}, {"N": 4}, {"D": 6}, {"hidden": (5,)}, {"C": 5}, {"reg": 0.5}]
    for more in sizes:
        problem = networks.draw_problem(network, np.random.default_rng(1), **more)
        fresh = networks.draw_problem(
            network, np.random.Generator(np.random.PCG64(1)), **more
        )
        assert same(problem, fresh)
        assert problem.reg == more.get("reg", 0.1)
        assert problem.X.shape == (more.get("N", 7), more.get("D", 4))
    assert len(recall._points) == len(sizes)


def test_large_points_and_other_generators_are_not_kept():
    network = networks.get("softmax")
    networks.draw_problem(network, np.random.default_rng(0), D=3000)
    rng = np.random.Generator(np.random.MT19937(0))
    networks.draw_problem(network, rng)
    assert len(recall._points) == 0


def test_no_more_is_kept_than_is_allowed():
    kept = recall.Recall(3)
    for n in range(10):
        assert kept.get(n, lambda n=n: -n) == -n
        assert len(kept) <= 3
    assert kept.get(9, lambda: 5) == -9
    assert kept.get("no", lambda: 1, lambda answer: answer > 1) == 1
    assert kept.get("no", lambda: 2, lambda answer: answer > 1) == 2
    assert kept.get("no", lambda: 3) == 2


def test_threads_may_forget_what_others_look_up():
    kept, wrong = recall.Recall(2), []

    def look():
        for n in range(4000):
            if kept.get(n % 5, lambda n=n: n % 5 + 1) != n % 5 + 1:
                wrong.append(n)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_point_is_written_down_to_the_bit():
    point = Problem({"W": np.ones((2, 3))}, np.ones((4, 2)), np.arange(4), 0.1)
    params = {"W": np.ones((3, 2))}
    others = [
        Problem(params, point.X, point.y, 0.1),
        Problem(point.params, np.nextafter(point.X, 2.0), point.y, 0.1),
        Problem(point.params, point.X, point.y[::-1], 0.1),
        Problem(point.params, point.X, point.y.astype(float), 0.1),
        Problem(point.params, point.X, point.y, 0.2),
    ]
    keys = {recall.written(p) for p in (point, *others)}
    assert len(keys) == 1 + len(others)


def forgetful(params, X, y, reg):
    """Forget the penalty on W1, and divide the gradient of b2 by N once more."""
    loss, grads = networks.get("softmax").loss_and_grads(params, X, y, reg)
    grads["W1"] = grads["W1"] - reg * params["W1"]
    grads["b2"] = grads["b2"] / len(X)
    return loss, grads


def test_a_second_check_tells_what_the_first_did():
    softmax = networks.get("softmax").loss_and_grads
    told = []
    for function in (forgetful, softmax, forgetful, softmax):
        report = check_network(function, "softmax").to_dict()
        report["cost"].pop("seconds")
        told.append(report)
    assert told[0] == told[2]
    assert told[1] == told[3]
    assert told[0]["verdict"] == "wrong"
    assert len(cells._ROWS) > 0
    assert len(examination._BOUNDS) > 0
