"""Two lines of questions, in turn: who waits for whom, and what happens at the end."""

import threading
import warnings

import numpy as np
import pytest

from gradcheck import check_network, networks
from gradcheck.asking import ask_all
from gradcheck.checker import inquiry
from gradcheck.lanes import give_way, is_shared, side_by_side
from gradcheck.problem import Problem


def line(said, word, times):
    def run():
        for _ in range(times):
            said.append(word)
            give_way()
        return word

    return run


@pytest.mark.parametrize(
    ("one", "two", "order"),
    [(2, 2, "abab"), (3, 1, "abaa"), (1, 3, "abbb"), (0, 2, "bb"), (2, 0, "aa")],
)
def test_the_lines_take_turns_until_one_ends(one, two, order):
    said = []
    assert side_by_side(line(said, "a", one), line(said, "b", two)) == ("a", "b")
    assert "".join(said) == order


def test_without_another_line_nobody_waits():
    give_way()
    assert not is_shared()
    assert side_by_side(is_shared, is_shared) == (True, False)


def test_a_line_within_a_line_is_not_split_again():
    said = []
    inner = lambda: side_by_side(line(said, "c", 2), line(said, "d", 2))  # noqa: E731
    assert side_by_side(line(said, "a", 1), inner) == ("a", ("c", "d"))
    assert "".join(said) == "accdd"


def test_what_the_first_line_raises_ends_the_second():
    said = []

    def fails():
        give_way()
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        side_by_side(fails, line(said, "b", 5))
    assert said == ["b"]
    assert not is_shared()


def test_what_the_second_line_raises_is_raised_when_the_first_has_ended():
    said = []

    def fails():
        raise ValueError("second")

    with pytest.raises(ValueError, match="second"):
        side_by_side(line(said, "a", 3), fails)
    assert said == ["a", "a", "a"]


def test_a_line_that_was_never_needed_is_not_begun():
    said = []

    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(fails, line(said, "b", 1))
    assert said == []


def test_each_line_keeps_its_own_warnings_and_floating_point_settings():
    before = warnings.filters
    seen = []

    def strict():
        with warnings.catch_warnings(), np.errstate(divide="raise"):
            warnings.simplefilter("error")
            give_way()
            with pytest.raises(UserWarning):
                warnings.warn("here", stacklevel=1)
            give_way()
            assert np.geterr()["divide"] == "raise"

    def loose():
        with warnings.catch_warnings(), np.errstate(divide="ignore"):
            warnings.simplefilter("ignore")
            give_way()
            warnings.warn("there", stacklevel=1)
            give_way()
            seen.append(np.geterr()["divide"])

    side_by_side(strict, loose)
    assert seen == ["ignore"]
    assert warnings.filters is before


class Remote:
    """A network that is asked as something that runs elsewhere is."""

    def __init__(self, network, *, spoilt=False):
        self.network, self.spoilt, self.asked = network, spoilt, []

    def __call__(self, params, X, y, reg):
        self.asked.append(reg)
        give_way()
        loss, grads = self.network.loss_and_grads(params, X, y, reg)
        if self.spoilt:
            grads["W1"] = grads["W1"] * (1 + len(self.asked) % 2)
        return loss, grads

    def losses(self, points, X, y, reg):
        self.asked.append(reg)
        give_way()
        return np.array([self.network.loss(p, X, y, reg) for p in points])

    def many(self, problems):
        return [self(p.params, p.X, p.y, p.reg) for p in problems]


def test_a_line_that_is_given_up_hears_of_it_at_its_next_question():
    said = []

    def fails():
        give_way()
        raise ValueError("first")

    def stubborn(params, X, y, reg):
        said.append("asked")
        give_way()
        return 0.0, {}

    point = Problem({"W": np.zeros(1)}, np.zeros((1, 1)), np.zeros(1), 0.0)
    with pytest.raises(ValueError, match="first"):
        side_by_side(fails, lambda: ask_all(stubborn, [point] * 4))
    assert said == ["asked"]


def test_what_runs_in_this_process_stays_in_its_thread():
    threads = set()
    network = networks.get("linear")

    def here(params, X, y, reg):
        threads.add(threading.current_thread())
        return network.loss_and_grads(params, X, y, reg)

    check_network(here, "linear")
    assert threads == {threading.current_thread()}


@pytest.mark.parametrize("name", ["softmax", "logistic", "linear"])
def test_two_lines_come_to_the_report_that_one_comes_to(name, monkeypatch):
    network = networks.get(name)
    one, two, again = Remote(network), Remote(network), Remote(network)
    report = check_network(two, name)
    check_network(again, name)
    assert again.asked == two.asked
    monkeypatch.setattr(inquiry, "side_by_side", lambda a, b: (a(), b()))
    alone = check_network(one, name)
    told, known = report.to_dict(), alone.to_dict()
    assert told.pop("cost").keys() == known.pop("cost").keys()
    assert told == known
    assert len(one.asked) == len(two.asked)
    assert one.asked != two.asked  # in another order


def test_what_has_a_memory_is_asked_along_one_line(monkeypatch):
    def never(*_):
        raise AssertionError("two lines")

    monkeypatch.setattr(inquiry, "side_by_side", never)
    report = check_network(Remote(networks.get("softmax"), spoilt=True), "softmax")
    assert report.verdict.value in ("wrong", "inconclusive")
