"""How often a mistake is named rightly: alone, in company, and not at all.

Prints, for each network: every id committed alone, random pairs and triples, right
gradients in many spellings; then line edits that do not use the catalogue's injection,
inventions that no id fits, and the algorithm of source 004 as written.

    python benchmarks/diagnosis.py            minutes
    python benchmarks/diagnosis.py --full     an hour: 50 problems, 300 pairs, 10,000
    python benchmarks/diagnosis.py --others   other conventions, depths and sizes
"""

import argparse
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck import networks
from gradcheck.diagnosis import diagnose
from gradcheck.diagnosis.search import OF_SEVERAL_OUTPUTS
from gradcheck.faults import CATALOGUE, compatible, inject, singles, specify
from gradcheck.networks import draw_problem

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from line_edits import EDITS, INVENTIONS, edited

NETWORKS = {
    "softmax": networks.get("softmax"),
    "logistic": networks.get("logistic"),
    "logistic sum": networks.get("logistic", reduction="sum"),
    "linear": networks.get("linear"),
    "deep relu": networks.get("deep", activations="relu", cost="softmax"),
    "deep tanh": networks.get("deep", activations="tanh", cost="softmax"),
    "deep sigmoid": networks.get("deep", activations="sigmoid", cost="sigmoid"),
    "deep squared": networks.get("deep", activations="sigmoid", output="sigmoid"),
}
SPECIFIED = {name: specify(network) for name, network in NETWORKS.items()}

OTHERS = {  # the network, its conventions, and what else is special
    "softmax, full, sum": ("softmax", {"penalty": "full", "reduction": "sum"}, {}),
    "softmax, biases penalised": ("softmax", {}, {"biases": 0.5}),
    "softmax, penalty over N": ("softmax", {}, {"averaged": True}),
    "softmax, 17-13-7": ("softmax", {}, {"sizes": {"D": 17, "hidden": 13, "C": 7}}),
    "softmax, 5-9-3": ("softmax", {}, {"sizes": {"D": 5, "hidden": 9, "C": 3}}),
    "softmax, no biases": ("softmax", {"biases": False}, {}),
    "logistic, full": ("logistic", {"penalty": "full"}, {}),
    "linear, sum, no penalty": ("linear", {"reduction": "sum", "penalty": "none"}, {}),
    "linear, no biases": ("linear", {"biases": False}, {}),
    "deep, four layers": ("deep", {"depth": 4, "activations": "relu"}, {}),
    "deep, one layer": ("deep", {"depth": 1, "cost": "sigmoid"}, {}),
    "deep, one layer, one output": (
        "deep", {"depth": 1, "cost": "sigmoid"}, {"sizes": {"C": 1}},
    ),
    "deep tanh, squared, sum": (
        "deep", {"activations": "tanh", "output": "identity", "cost": "squared",
                 "reduction": "sum"}, {},
    ),
}  # fmt: skip
SIZES = {}
SEED = 0


def add_others():
    """Add the networks of `OTHERS` to those that are asked for."""
    for title, (name, conventions, more) in OTHERS.items():
        network = NETWORKS[title] = networks.get(name, **conventions)
        spec = specify(network)
        k = dict.fromkeys(network.bias_names, more.get("biases", 0.0))
        averaged = network.weights if more.get("averaged") else ()
        SPECIFIED[title] = replace(
            spec, penalty={**spec.penalty, **k}, averaged=frozenset(averaged)
        )
        SIZES[title] = more.get("sizes")


LOSS_ONLY = {"loss-sign", "loss-without-logarithm", "log-of-zero", "log-clipped"}
LOSS_ONLY |= {"softmax-unshifted"}  # remarks, not mistakes in a gradient
CALLS = {"integer-arithmetic", "numerical-gradient", "nondeterministic", "not-finite"}
CALLS |= {"accumulates", "stale-cache", "mutates-input", "mutates-parameters"}
CALLS |= {"keys-swapped", "keys-missing", "shape-mismatch", "clipped", "rounded"}
CALLS |= {"single-precision", "transposed", "bias-wrong-axis", "relu-mask-wrong-layer"}


def equal(network, one, other):
    """Whether two sets give the same gradient everywhere tried."""
    for seed in range(4):
        rng = np.random.default_rng(900 + seed)
        square = {m.id for m in (*one, *other)} & {
            "transposed",
            "relu-mask-wrong-layer",
        }
        N, D, H = (5, 5, 5) if square else (5 + seed, 4, 6)
        widths = (H,) * (network.depth - 1) if square else (H,)
        C = 5 if square else (5, 3)[seed % 2]
        p = draw_problem(network, rng, N=N, D=D, hidden=widths, C=C)
        with np.errstate(all="ignore"):
            a, b = (
                inject(network, s)(p.params, p.X, p.y, 0.3)[1] for s in (one, other)
            )
        for k in a:
            if np.shape(a[k]) == np.shape(b[k]) and not np.allclose(
                a[k], b[k], rtol=1e-9, atol=1e-11, equal_nan=True
            ):
                return False
    return True


def key(mistake):
    """Return what must agree for a name to be exact."""
    c = mistake.constant
    usual = CATALOGUE[mistake.id].example
    value = None if c is None or (usual is not None and abs(c - usual) < 1e-5) else c
    return mistake.id, mistake.sites, mistake.variant, value


def judge(network, given, found):
    """Say ``exact``, ``equal``, ``unnamed`` or ``wrong``."""
    if sorted(map(str, map(key, given))) == sorted(map(str, map(key, found.mistakes))):
        return "exact"
    if sorted({m.id for m in given}) == sorted({m.id for m in found.mistakes}):
        return "equal"  # another way of writing the same mistakes
    if not found.mistakes and not found.right:
        return "unnamed"
    if not found.explained and {m.id for m in found.mistakes} <= {m.id for m in given}:
        return "unnamed"  # a part is named, the rest is measured
    outer = {"bias-not-reduced"}
    ties = [sorted(str(key(m)) for m in tie) for tie in found.ties]
    if sorted(str(key(m)) for m in given) in ties:
        return "equal"
    left = [m for m in given if m.id not in outer]
    named = [m for m in found.mistakes if m.id not in outer]
    return "equal" if equal(network, left, named) else "wrong"


class Tally:
    """Counts answers, calls and seconds of processor time."""

    def __init__(self, title):
        self.title, self.words, self.calls, self.seconds = title, {}, [], []

    def ask(self, name, given, seed):
        """Diagnose, judge and count."""
        network, function = NETWORKS[name], inject(SPECIFIED[name], given)
        started = time.process_time()
        found = diagnose(function, network, seed=SEED + seed, sizes=SIZES.get(name))
        self.seconds.append(time.process_time() - started)
        self.calls.append(found.calls)
        word = judge(network, given, found)
        self.words[word] = self.words.get(word, 0) + 1
        if word in ("wrong", "unnamed"):
            names = " + ".join(map(str, given)), " + ".join(map(str, found.mistakes))
            print(f"    {word}: {names[0]} -> {names[1] or '-'}")

    def show(self):
        """Print one line."""
        total = max(sum(self.words.values()), 1)
        words = ", ".join(f"{w} {n}" for w, n in sorted(self.words.items()))
        good = self.words.get("exact", 0) + self.words.get("equal", 0)
        print(
            f"{self.title:28s} {words}  = {good / total:.2%}  calls"
            f" {np.median(self.calls):.0f} (p95 {np.quantile(self.calls, 0.95):.0f},"
            f" max {max(self.calls)})  seconds"
            f" {np.median(self.seconds):.3f} (p95"
            f" {np.quantile(self.seconds, 0.95):.2f}, max {max(self.seconds):.2f})",
            flush=True,
        )


def forms(network, *, calls=True):
    """Return the mistakes that change a gradient, by id."""
    by_id = {}
    for m in singles(network):
        shows = not (
            network.cost == "logistic" and m.id == "reshaped" and m.sites != ("W1",)
        )
        if m.id not in LOSS_ONLY and shows and (calls or m.id not in CALLS):
            by_id.setdefault(m.id, []).append(m)
    return by_id


def applies(name, mistake):
    """Whether a mistake is one, for the loss and the sizes of a network."""
    spec, sizes = SPECIFIED[name], SIZES.get(name) or {}
    penalised = any(spec.penalty.get(b) for b in spec.network.bias_names)
    one_output = sizes.get("C") == 1 and (
        mistake.id in OF_SEVERAL_OUTPUTS | {"labels-shifted", "reshaped"}
    )
    return not (
        one_output
        or (sizes and CATALOGUE[mistake.id].needs_equal_sizes)
        or (mistake.id == "penalty-on-biases" and penalised)
        or (mistake.id == "penalty-averaged-in-loss" and spec.averaged)
    )


def alone(name, problems):
    """Commit every id by itself, each time in one of its forms."""
    network, tally = NETWORKS[name], Tally(f"{name}, alone")
    for ids, listed in forms(network).items():
        count = min(problems, 2) if ids == "numerical-gradient" else problems
        for seed in range(count):
            if ids == "numerical-gradient" and "relu" not in network.activations[:1]:
                continue  # nothing but a kink shows it
            mistake = listed[seed % len(listed)]
            if applies(name, mistake):
                tally.ask(name, [mistake], seed)
    tally.show()


def together(name, size, count):
    """Commit random compatible sets."""
    network, tally = NETWORKS[name], Tally(f"{name}, sets of {size}")
    draw = random.Random(size + SEED)
    listed = [m for some in forms(network, calls=False).values() for m in some]
    done = 0
    while done < count:
        chosen = draw.sample(listed, size)
        if compatible(network, chosen) and all(applies(name, m) for m in chosen):
            done += 1
            tally.ask(name, chosen, 1000 * size + done)
    tally.show()


def spelled(network, kind):
    """Write the same right gradient in another way."""
    if kind == 0:
        return network.loss_and_grads
    if kind == 1:  # one example at a time

        def loop(params, X, y, reg):
            loss, total = network.loss_and_grads(params, X, y, reg)
            total = {k: np.zeros_like(g) for k, g in total.items()}
            for i in range(len(X)):
                g = network.loss_and_grads(params, X[i : i + 1], y[i : i + 1], reg)[1]
                total = {k: total[k] + g[k] for k in g}
            if network.reduction == "mean":
                return loss, {k: g / len(X) for k, g in total.items()}
            zero = network.loss_and_grads(params, X[:0], y[:0], reg)[1]
            return loss, {k: g - (len(X) - 1) * zero[k] for k, g in total.items()}

        return loop
    if kind == 2:  # the examples in another order
        return lambda p, X, y, reg: network.loss_and_grads(p, X[::-1], y[::-1], reg)
    return inject(network, [])


def right(count):
    """Diagnose right gradients; none may be given a mistake."""
    accused, started, asked = 0, time.process_time(), 0
    conventions = [
        {"penalty": penalty, "reduction": reduction}
        for penalty in ("half", "full", "none")
        for reduction in ("mean", "sum")
    ]
    while asked < count:
        for name, network in NETWORKS.items():
            variant = network.variant(**conventions[asked % len(conventions)])
            found = diagnose(spelled(variant, asked % 4), network, seed=asked)
            if found.mistakes or not found.right:
                accused += 1
                print("    accused:", name, [str(m) for m in found.mistakes])
            asked += 1
    each = (time.process_time() - started) / asked
    print(
        f"right gradients              {accused} of {asked} accused, {each:.3f} s each"
    )


def edits(seeds):
    """Diagnose lines written wrongly, and inventions."""
    network, good, seconds = NETWORKS["softmax"], 0, []
    for name, line, instead in EDITS:
        for seed in range(seeds):
            started = time.process_time()
            found = diagnose(edited((line, instead)), network, seed=seed)
            seconds.append(time.process_time() - started)
            good += [m.id for m in found.mistakes] == [name]
            if [m.id for m in found.mistakes] != [name]:
                print(f"    {instead}: {[str(m) for m in found.mistakes]}")
    total = len(EDITS) * seeds
    print(
        f"line edits                   {good} of {total} named,"
        f" at most {max(seconds):.2f} s each"
    )
    named = pointed = 0
    for where, line, instead in INVENTIONS:
        for seed in range(seeds):
            found = diagnose(edited((line, instead)), network, seed=seed)
            named += bool(found.mistakes)
            pointed += where in {name for f in found.facts for name in f.parameters}
    total = len(INVENTIONS) * seeds
    print(
        f"inventions                   {named} of {total} named, {pointed} pointed at"
    )


def pairs_of_edits(count):
    """Diagnose two wrong lines at once."""
    network, draw, words = NETWORKS["softmax"], random.Random(5), {}
    done = 0
    while done < count:
        (one, a, b), (other, c, d) = draw.sample(EDITS, 2)
        if a == c or a in d or c in b or "loss = " in a + c or one == other:
            continue
        done += 1
        found = diagnose(edited((a, b), (c, d)), network, seed=done)
        got = sorted(m.id for m in found.mistakes)
        word = "exact" if got == sorted([one, other]) else "other" if got else "unnamed"
        words[word] = words.get(word, 0) + 1
        if word != "exact":
            print(f"    {word}: {one} + {other} -> {', '.join(got)}")
    print(f"pairs of line edits          {words}")


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--network", action="append")
    parser.add_argument("--others", action="store_true", help="other conventions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("right", "edits", "alone", "sets"))
    args = parser.parse_args()
    global SEED
    SEED = args.seed
    chosen = list(NETWORKS)
    if args.others:
        add_others()
        chosen = list(OTHERS)
    problems, pairs, triples, rights = (
        (50, 300, 100, 10_000) if args.full else (3, 40, 20, 400)
    )
    if args.only in (None, "edits"):
        edits(5 if args.full else 1)
        pairs_of_edits(pairs)
    if args.only in (None, "right"):
        right(rights)
    for name in args.network or chosen:
        if args.only in (None, "alone"):
            alone(name, problems)
        if args.only in (None, "sets"):
            together(name, 2, pairs)
            together(name, 3, triples)


if __name__ == "__main__":
    main()
