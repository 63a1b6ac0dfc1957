"""A gradient computed from losses is found, and an honest one never accused."""

from pathlib import Path

import numpy as np
import pytest

from gradcheck import networks
from gradcheck.submissions import launch, numerical, warm
from gradcheck.submissions.session import Session

NETWORK = networks.get("softmax")
LOSS = """
import numpy as np

def loss_only(params, X, y, reg):
    hidden = X @ params["W1"] + params["b1"]
    hidden = hidden * (hidden.real > 0)
    scores = hidden @ params["W2"] + params["b2"]
    shifted = scores - scores.real.max(-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    data = -log_probs[..., np.arange(X.shape[0]), y].mean(-1)
    squares = (params["W1"] ** 2).sum((-2, -1)) + (params["W2"] ** 2).sum((-2, -1))
    return data + 0.5 * reg * squares
"""
HAND = """
def loss_and_grads(params, X, y, reg):
    N = X.shape[0]
    pre = X @ params["W1"] + params["b1"]
    hidden = np.maximum(pre, 0)
    scores = hidden @ params["W2"] + params["b2"]
    probs = np.exp(scores - scores.max(1, keepdims=True))
    probs /= probs.sum(1, keepdims=True)
    d = probs.copy(); d[np.arange(N), y] -= 1; d /= N
    dpre = (d @ params["W2"].T) * (pre > 0)
    grads = {"W1": X.T @ dpre + reg * params["W1"], "b1": dpre.sum(0),
             "W2": hidden.T @ d + reg * params["W2"], "b2": d.sum(0)}
    AFTER
    return loss_only(params, X, y, reg), grads
"""
ENTRY = """
def loss_and_grads(params, X, y, reg):
    loss, grads = loss_only(params, X, y, reg), {}
    for name, array in params.items():
        grads[name] = np.empty_like(array)
        for i in np.ndindex(array.shape):
            def at(h):
                moved = dict(params)
                moved[name] = array.astype(complex if np.iscomplexobj(h) else float)
                moved[name][i] += h
                return loss_only(moved, X, y, reg)
            h = 1e-5
            grads[name][i] = DIFFERENCE
    return loss, grads
"""
STACKED = """
def loss_and_grads(params, X, y, reg):
    loss, grads = loss_only(params, X, y, reg), {}
    def stack(name, array, h):
        size = array.size
        moved = {k: np.repeat(v[None], size, 0) for k, v in params.items()}
        moved = {k: v.astype(type(h)) for k, v in moved.items()}
        moved[name].reshape(size, -1)[np.arange(size), np.arange(size)] += h
        moved["b1"], moved["b2"] = moved["b1"][:, None], moved["b2"][:, None]
        return loss_only(moved, X, y, reg)
    for name, array in params.items():
        h = 1e-5
        grads[name] = (DIFFERENCE).reshape(array.shape)
    return loss, grads
"""
CHEATS = {
    "central": ENTRY.replace("DIFFERENCE", "(at(h) - at(-h)) / (2 * h)"),
    "forward": ENTRY.replace("DIFFERENCE", "(at(h) - loss) / h"),
    "richardson": ENTRY.replace(
        "DIFFERENCE",
        "(8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3",
    ),
    "complex": ENTRY.replace("DIFFERENCE", "at(1e-30j).imag / 1e-30"),
    "stacked": STACKED.replace(
        "DIFFERENCE", "(stack(name, array, h) - stack(name, array, -h)) / (2 * h)"
    ),
    "stacked-complex": STACKED.replace(
        "DIFFERENCE", "stack(name, array, 1e-30j).imag / 1e-30"
    ),
}
CLIP = "norm = sum((g * g).sum() for g in grads.values()) ** 0.5"
HONEST = {
    "by-hand": "",
    "penalty-on-biases": "grads['b1'] += reg * params['b1']",
    "penalty-squared": "grads['b1'] += reg ** 2 * params['b1']",
    "clipped": f"{CLIP}; grads = {{k: g / max(1, norm) for k, g in grads.items()}}",
    "bounded": "grads = {k: np.clip(g, -5, 5) for k, g in grads.items()}",
    "single-at-the-end": "grads = {k: np.float32(g) for k, g in grads.items()}",
    "single-throughout": """
    q = {k: np.float32(v) for k, v in params.items()}
    grads["W1"] = grads["W1"] - reg * params["W1"] + np.float32(reg) * q["W1"]
    grads["b1"] = np.float32(grads["b1"])""",
    "random": "grads['W1'] = grads['W1'] + np.random.default_rng().normal()",
    "not-a-number": "grads['b2'] = grads['b2'] * np.nan",
    "entry-by-entry": """
    def entry(i, j):
        return float((X[:, i] * dpre[:, j]).sum()) + reg * params["W1"][i, j]
    for i in range(X.shape[1]):
        for j in range(dpre.shape[1]): grads["W1"][i, j] = entry(i, j)""",
    "loops-over-everything": """
    grads["W1"] = reg * params["W1"]
    for n in range(N):
        for i in range(X.shape[1]):
            for j in range(dpre.shape[1]): grads["W1"][i, j] += X[n, i] * dpre[n, j]""",
}


@pytest.fixture(scope="module")
def problem():
    return networks.draw_problem(NETWORK, np.random.default_rng(0))


def here(source):
    names = {}
    exec(LOSS + source, names)
    return names["loss_and_grads"]


def honest(name):
    return HAND.replace("AFTER", HONEST[name])


@pytest.mark.parametrize("name", ["central", "forward", "richardson", "stacked"])
def test_differences_lose_their_digits_at_a_huge_penalty(name, problem):
    assert numerical.lost_digits(here(CHEATS[name]), problem) is not None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_gradient_keeps_its_digits(name, seed):
    problem = networks.draw_problem(NETWORK, np.random.default_rng(seed))
    assert numerical.lost_digits(here(honest(name)), problem) is None


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "FORMS", Path(__file__).with_name("standin_forms"))
    sessions = []

    def open_session(source):
        path = tmp_path / "student.py"
        path.write_text(LOSS + source)
        sessions.append(Session(path))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


def look(session, problem, **options):
    def answers(params, X, y, reg):
        return session.loss_and_grads(0, params, X, y, reg)

    def count(p):
        session.loss_and_grads(0, p.params, p.X, p.y, p.reg, count=True)
        return numerical.evaluations(session.notes())

    return numerical.look(answers, problem, **{"count": count, **options})


@pytest.mark.parametrize("name", CHEATS)
def test_a_gradient_computed_from_losses_is_reported(name, opened, problem):
    outcome = look(opened(CHEATS[name]), problem)
    assert (outcome.id, outcome.ok, outcome.fatal) == (
        "numerical-gradient",
        False,
        True,
    )
    if name == "complex":
        assert outcome.detail == (
            "the gradient is computed from losses: loss_only (line 4) gave the loss 52 "
            "times for one gradient of 51 entries"
        )
    if name == "central":
        assert outcome.detail == (
            "the gradient is computed from losses: at a penalty of 1e+08 the gradient "
            "of W1 is noise, as only a difference of losses is"
        )


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_gradient_is_not_reported(name, opened, problem):
    assert look(opened(honest(name)), problem).ok


def scaled():
    rng = np.random.default_rng(1)
    return tuple(
        networks.draw_problem(NETWORK, rng, N=N, D=6, hidden=(H,))
        for N, H in ((6, 6), (6, 24), (24, 6))
    )


@pytest.mark.slow
@pytest.mark.skipif(
    not warm.AVAILABLE, reason="the clock of another process is Linux's"
)
@pytest.mark.parametrize("name", ["complex", *HONEST])
def test_the_cost_tells_who_evaluates_once_an_entry(name, opened, problem):
    session = opened(honest(name) if name in HONEST else CHEATS[name])
    outcome = look(
        session,
        problem,
        count=None,
        clock=session.cpu_seconds,
        network=NETWORK,
        scaled=scaled,
    )
    assert outcome.ok == (name in HONEST), outcome
    if not outcome.ok:
        assert "its cost grows with the parameters" in outcome.detail


def ticking(*costs):
    """A clock by which the n-th measurement of a problem costs so much a call."""
    times = iter(np.repeat(costs, 3))
    state = {"now": 0.0, "odd": False, "calls": 0}

    def answers(params, X, y, reg):
        state["calls"] += 1

    def clock():
        if state["odd"]:
            state["now"] += next(times) * state["calls"]
        state["odd"], state["calls"] = not state["odd"], 0
        return state["now"]

    return answers, clock


def test_the_exponents_come_from_three_costs():
    problems = scaled()
    entries = [sum(a.size for a in p.params.values()) for p in problems]
    answers, clock = ticking(1.0, entries[1] / entries[0], 1.0)
    assert numerical.cost_law(answers, problems, clock, NETWORK) == pytest.approx(1.0)
    answers, clock = ticking(1.0, entries[1] / entries[0], 16.0)
    assert numerical.cost_law(answers, problems, clock, NETWORK) == pytest.approx(-1.0)
    answers, clock = ticking(1e-9, 3e-9, 1e-9)  # no evaluation is that cheap
    assert numerical.cost_law(answers, problems, clock, NETWORK) is None
    assert numerical.cost_law(answers, problems, lambda: None, NETWORK) is None


def test_a_dear_gradient_is_timed(problem, monkeypatch):
    monkeypatch.setattr(numerical, "_OVERHEAD", -1.0)
    answers = here(honest("by-hand"))
    for growth, ok in ((None, True), (0.5, True), (0.9, False)):
        monkeypatch.setattr(numerical, "cost_law", lambda *args, g=growth: g)
        outcome = numerical.look(
            answers, problem, clock=lambda: 1.0, network=NETWORK, scaled=scaled
        )
        assert outcome.ok is ok


def test_a_cheap_gradient_is_not_timed(problem, monkeypatch):
    monkeypatch.setattr(numerical, "_OVERHEAD", 1.0)

    def never():
        raise AssertionError

    outcome = numerical.look(
        here(HAND.replace("AFTER", "")),
        problem,
        clock=never,
        network=NETWORK,
        scaled=never,
    )
    assert outcome.ok


def test_rows_that_are_none_are_passed_over():
    rows = [["f", 1, 60], ["g", 1], 3, ["h", 2, "60"]]
    assert numerical.evaluations({"evaluations": rows}) == [["f", 1, 60]]
    assert numerical.evaluations({"evaluations": "x"}) == []
