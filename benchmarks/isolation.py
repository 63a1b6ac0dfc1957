"""What the walls cost: milliseconds added to a warm check, and a cold one.

Run as ``python benchmarks/isolation.py``. The same file is checked in turn without any
process (the child's code is called directly), and in each tier that this machine has;
the figures are medians, and minima where other work disturbs. The verdicts must agree.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np

from gradcheck import check_network, check_submission
from gradcheck.submissions import forms, tiers, warm
from gradcheck.submissions.cage import accused, wire
from gradcheck.submissions.session import Session

ROUNDS = 15
TWO_LAYERS = """
import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        shapes = (input_size, hidden_size), (hidden_size, output_size)
        W1, W2 = (std * np.random.randn(*shape) for shape in shapes)
        b1, b2 = np.zeros(hidden_size), np.zeros(output_size)
        self.params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        N = X.shape[0]
        hidden = np.maximum(0, X @ W1 + b1)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        data = -np.log(probs[np.arange(N), y]).mean()
        loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        d = probs.copy()
        d[np.arange(N), y] -= 1
        d /= N
        back = (d @ W2.T) * (hidden > 0)
        grads = {"W1": X.T @ back + reg * W1, "b1": back.sum(axis=0)}
        grads |= {"W2": hidden.T @ d + reg * W2, "b2": d.sum(axis=0)}
        return loss, grads
"""


class Direct:
    """Answers in this process, with the same code that runs in the child."""

    waited = 0.0

    def __init__(self, job):
        self.accused = accused.Accused(forms, job["memory_mb"], {})

    def ask_all(self, kind, asked, expect, *, seconds):
        """Answer as `Exchange.ask_all` does."""
        answers = []
        for body, exact in asked:
            header, _ = wire.request(kind, 1, body)
            said = wire.reply(header, *accused.answer(self.accused, kind, body))
            inbox = wire.Inbox(header, expect, exact)
            while inbox.missing:
                size = inbox.missing
                inbox.feed(said[:size])
                said = said[size:]
            answers.append(inbox)
        return answers

    def close(self):
        """Nothing was opened."""


class NoChild:
    """Stands for a process where there is none."""

    channel = out = err = None
    pid = os.getpid()

    def close(self):
        """Nothing was opened."""


def directly(path):
    talk = Direct({"memory_mb": 512})
    where = "gradcheck.submissions"
    with (
        mock.patch(f"{where}.launch.start", return_value=NoChild()),
        mock.patch(f"{where}.session.Exchange", return_value=talk),
    ):
        return check_submission(path)


def plainly(names):
    def loss_and_grads(params, X, y, reg):
        net = names["TwoLayerNet"](*params["W1"].shape, params["W2"].shape[1])
        net.params = params
        return net.loss(X, y, reg)

    return check_network(loss_and_grads, "softmax")


def milliseconds(ways):
    """Take turns, so that other work on the machine disturbs all alike."""
    taken = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            verdict = way().verdict.value
            taken[name].append(1e3 * (time.perf_counter() - started))
            assert verdict == "correct", (name, verdict)
    return taken


def one_session(path, tier):
    """Start, load, a batch of twenty points, close: the least that one costs."""
    params = {"W1": np.ones((4, 6)), "b1": np.ones(6)}
    params |= {"W2": np.ones((6, 3)), "b2": np.ones(3)}
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with Session(path, tier=tier) as session:
            session.losses(0, [params] * 20, np.ones((7, 4)), np.zeros(7, int), 0.1)
        found.append(1e3 * (time.perf_counter() - started))
    return found


def main():
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}, {ROUNDS} rounds")
    print("\nmilliseconds                            median  least")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "student.py")
        path.write_text(TWO_LAYERS, encoding="utf-8")
        names = {}
        exec(TWO_LAYERS, names)
        available = tuple(p.tier.name for p in tiers.probe() if not p.trouble)
        ways = {
            "check_network, in process": lambda: plainly(names),
            "check_submission, no process": lambda: directly(path),
            **{
                f"check_submission, {tier}": lambda t=tier: check_submission(
                    path, tier=t
                )
                for tier in available
            },
        }
        for way in ways.values():
            way()  # everything is imported and the server is up
        taken = milliseconds(ways)
        bare = taken["check_submission, no process"]
        for name, times in taken.items():
            added = statistics.median(a - b for a, b in zip(times, bare, strict=True))
            print(
                f"{name:38} {statistics.median(times):7.1f} {min(times):6.1f}", end=""
            )
            print(f"   isolation adds {added:5.1f}" * name.endswith(available))
        for tier in available:
            times = one_session(path, tier)
            name = f"start, load, one batch, close: {tier}"
            print(f"{name:38} {statistics.median(times):7.1f} {min(times):6.1f}")
        warm.stop()
        cold = [run_cold(path) for _ in range(5)]
    name = "gradcheck check, cold"
    print(f"{name:38} {statistics.median(cold):7.0f} {min(cold):6.0f}")


def run_cold(path):
    code = "from gradcheck.cli import run; run()"
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, "check", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return 1e3 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
