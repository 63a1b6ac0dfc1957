"""Cost: losses evaluated, and the checker's own memory, from 1e2 to 1e7 parameters.

Counted is every array made during the check, the loss's own temporaries included; the
parameters and the gradient that is handed in, which exist before it, are not. With
``--whole`` it is `check_gradients` that is measured, hygiene and all: its count holds
the submitted gradient too, twice while two calls are compared.
"""

import argparse
import gc
import time
import tracemalloc

import numpy as np

from gradcheck import check_gradients
from gradcheck.comparison import examine


def net(size: int, N: int = 4, C: int = 10):  # type: ignore[no-untyped-def]
    """Return params, losses and gradient of a ReLU net of about `size` parameters."""
    rng = np.random.default_rng(size)
    D = 1000 if size >= 1e5 else max(4, int(np.sqrt(size)))
    H = max(4, (size - C) // (D + C + 1))
    p = {
        "W1": rng.standard_normal((D, H)) / np.sqrt(D),
        "b1": 0.1 * rng.standard_normal(H),
        "W2": rng.standard_normal((H, C)) / np.sqrt(H),
        "b2": 0.1 * rng.standard_normal(C),
    }
    X, y = rng.standard_normal((N, D)), rng.integers(C, size=N)
    rows = np.arange(N)

    def forward(p):  # type: ignore[no-untyped-def]
        hidden = np.maximum(X @ p["W1"] + p["b1"], 0)
        scores = hidden @ p["W2"] + p["b2"]
        scores -= scores.max(axis=1, keepdims=True)
        return hidden, scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def losses(points):  # type: ignore[no-untyped-def]
        values = []
        for p in points:
            penalty = 0.005 * (np.vdot(p["W1"], p["W1"]) + np.vdot(p["W2"], p["W2"]))
            values.append(-forward(p)[1][rows, y].mean() + penalty)
        return np.array(values)

    def grads(p):  # type: ignore[no-untyped-def]
        hidden, log_probs = forward(p)
        ds = np.exp(log_probs)
        ds[rows, y] -= 1
        ds /= N
        dz = (ds @ p["W2"].T) * (hidden > 0)
        dW1 = X.T @ dz
        dW1 += 0.01 * p["W1"]
        return {
            "W1": dW1,
            "b1": dz.sum(axis=0),
            "W2": hidden.T @ ds + 0.01 * p["W2"],
            "b2": ds.sum(axis=0),
        }

    return p, losses, grads


def check(p, losses, grads, g):  # type: ignore[no-untyped-def]
    """Return verdict, losses and gradients; of the whole check where `g` is None."""
    if g is not None:
        found = examine(losses, grads, p, g)
        return found.verdict, found.evaluations, found.gradient_calls

    def loss(p):  # type: ignore[no-untyped-def]
        return losses([p])[0]

    report = check_gradients(lambda p: (loss(p), grads(p)), p, loss=loss)
    cost = report.cost
    return report.verdict.value, cost.loss_evaluations, cost.gradient_evaluations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=float, default=1e7)
    parser.add_argument("--smallest", type=float, default=1e2)
    parser.add_argument("--whole", action="store_true", help="check_gradients")
    options = parser.parse_args()
    print("parameters  verdict  losses  gradients  peak/params  seconds")
    for size in (1e2, 1e3, 1e4, 1e5, 1e6, 1e7):
        if not options.smallest <= size <= options.largest:
            continue
        p, losses, grads = net(int(size))
        g = None if options.whole else grads(p)
        count = sum(x.size for x in p.values())
        gc.collect()
        tracemalloc.start()
        started = time.perf_counter()
        verdict, evaluations, calls = check(p, losses, grads, g)
        seconds = time.perf_counter() - started
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(
            f"{count:10d}  {verdict}  {evaluations:6d} "
            f"{calls:6d} {peak / (8 * count):14.2f} {seconds:9.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
