"""A class made up for measuring: right files, files with one known mistake, vandals.

The mistakes are edits of one line of a right two-layer net, so that a file looks as a
student's does. Everything here is our own.
"""

import random
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"

RIGHT = '''"""Homework 1, {name}."""

import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {{}}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N, D = X.shape
        z1 = X.dot(W1) + b1
        h1 = np.maximum(0, z1)
        scores = h1.dot(W2) + b2
        if y is None:
            return scores
        shifted = scores - scores.max(axis=1, keepdims=True)
        probs = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        loss = -np.log(probs[np.arange(N), y]).sum() / N
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        grads = {{}}
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads["W2"] = h1.T.dot(dscores) + reg * W2
        grads["b2"] = dscores.sum(axis=0)
        dh1 = dscores.dot(W2.T)
        dz1 = dh1 * (z1 > 0)
        grads["W1"] = X.T.dot(dz1) + reg * W1
        grads["b1"] = dz1.sum(axis=0)
        return loss, grads
'''

EDITS = {
    "batch-sum": ("        dscores /= N\n", ""),
    "batch-mean-twice": ("dscores /= N\n", "dscores /= N * N\n"),
    "batch-mean-hidden-twice": (
        "dh1 = dscores.dot(W2.T)",
        "dh1 = dscores.dot(W2.T) / N",
    ),
    "divided-by-classes": ("dscores /= N\n", "dscores /= scores.shape[1]\n"),
    "divided-by-features": ("dscores /= N\n", "dscores /= D\n"),
    "sign-flipped": ("dscores /= N\n", "dscores /= -N\n"),
    "target-missing": ("        dscores[np.arange(N), y] -= 1\n", ""),
    "target-whole-column": ("dscores[np.arange(N), y] -= 1", "dscores[:, y] -= 1"),
    "penalty-missing W1": ("X.T.dot(dz1) + reg * W1", "X.T.dot(dz1)"),
    "penalty-missing W2": ("h1.T.dot(dscores) + reg * W2", "h1.T.dot(dscores)"),
    "penalty-doubled W1": ("X.T.dot(dz1) + reg * W1", "X.T.dot(dz1) + 2 * reg * W1"),
    "penalty-sign W2": ("h1.T.dot(dscores) + reg * W2", "h1.T.dot(dscores) - reg * W2"),
    "penalty-halved W1": ("X.T.dot(dz1) + reg * W1", "X.T.dot(dz1) + 0.5 * reg * W1"),
    "relu-mask-missing": ("dz1 = dh1 * (z1 > 0)", "dz1 = dh1"),
    "relu-mask-inverted": ("dz1 = dh1 * (z1 > 0)", "dz1 = dh1 * (z1 <= 0)"),
    "relu-on-gradient": ("dz1 = dh1 * (z1 > 0)", "dz1 = dh1 * (dh1 > 0)"),
    "activation-times-gradient": ("dz1 = dh1 * (z1 > 0)", "dz1 = dh1 * h1"),
    "bias-before-mask": ('grads["b1"] = dz1.sum', 'grads["b1"] = dh1.sum'),
    "bias-mean b1": ('"b1"] = dz1.sum(axis=0)', '"b1"] = dz1.mean(axis=0)'),
    "bias-mean b2": ('"b2"] = dscores.sum(axis=0)', '"b2"] = dscores.mean(axis=0)'),
    "preactivation-as-activation": ("h1.T.dot(dscores)", "z1.T.dot(dscores)"),
    "gradient-as-weights": ("dscores.dot(W2.T)", 'dscores.dot(grads["W2"].T)'),
    "updated-weights": (
        "        dh1 = dscores",
        '        W2 -= 0.1 * grads["W2"]\n        dh1 = dscores',
    ),
    "not-returned": ("        return loss, grads\n", ""),
    "crash": ("        dh1 = dscores.dot(W2.T)", "        dh1 = dscores.dot(W2)"),
    "syntax": ("    def loss(self, X", "    def loss(self X"),
}
"""By name: what stands in the right file, and what the student wrote."""

HOSTILE = {
    "loop-at-import": "while True: pass\n",
    "loop-in-loss": "def loss(W, X, y, reg):\n    while True: pass\n",
    "memory": "hoard = []\nwhile True: hoard.append(bytearray(10 ** 7))\n",
    "forks": "import os\nwhile True: os.fork()\n",
    "flood": "while True: print('x' * 10 ** 6)\n",
    "exit": "import os\nos._exit(0)\n",
    "system-exit": "raise SystemExit(0)\n",
    "kills": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n",
    "segfault": "import ctypes\nctypes.string_at(0)\n",
    "recursion": "def f(n): return f(n + 1)\nf(0)\n",
}


def make_class(folder: Path, number: int, *, hostile: int = 0, seed: int = 0) -> dict:
    """Write `number` submissions and return the kind of each: a third is right.

    One in four is a copy of a bundled example, in whatever form that is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    kinds = ["right"] * (len(EDITS) // 2) + list(EDITS)
    examples = sorted(p for p in EXAMPLES.glob("*/*.py") if p.parent.name != "broken")
    made = {}
    for i in range(number):
        name = f"student{i:03d}"
        if i < hostile:
            kind = list(HOSTILE)[i % len(HOSTILE)]
            source = HOSTILE[kind]
        elif i % 4 == 3:
            example = examples[i // 4 % len(examples)]
            kind = f"example {example.parent.name}"
            source = example.read_text() + f"\n# {name}\n"
        else:
            kind = kinds[i % len(kinds)]
            source = RIGHT.format(name=name)
            if kind != "right":
                old, new = EDITS[kind]
                assert old in source, kind
                source = source.replace(old, new)
            for word in ("dscores", "h1", "probs", "shifted"):
                if rng.random() < 0.3:
                    source = source.replace(word, f"my_{word}")
        (folder / f"{name}.py").write_text(source)
        made[f"{name}.py"] = kind
    return made
