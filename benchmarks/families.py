"""Two-layer nets of every kind that fools a gradient checker, with right gradients.

Written apart from the package: what is measured must not measure itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.comparison import Examination, examine

SINGLE = {"dtype": np.float32}
RELU = {"act": "relu"}
FAMILIES: dict[str, dict[str, Any]] = {
    "tanh": {},
    "relu": RELU,
    "loss + 1e4": RELU | {"offset": 1e4},
    "loss x 1e-6": RELU | {"factor": 1e-6},
    "loss x 1e6": RELU | {"factor": 1e6},
    "weights x 30": RELU | {"w_std": 15.0},
    "weights x 30, tanh": {"w_std": 15.0},
    "init std 1e-4, zero biases": RELU | {"w_std": 1e-4, "b_std": 0.0, "reg": 1e-3},
    "features x 1e-3": RELU | {"x_scale": 1e-3},
    "features x 1e3": RELU | {"x_scale": 1e3},
    "features + 1e3": RELU | {"x_offset": 1e3},
    "1e-8 from a kink": RELU | {"kink": 1e-8},
    "on a kink (W1 = b1 = 0)": RELU | {"zero": True},
    "N = 1": RELU | {"N": 1},
    "saturated softmax": RELU | {"w_std": 10.0, "N": 50},
    "6,110 parameters": RELU | {"D": 50, "H": 100, "C": 10, "N": 64, "w_std": 0.1},
    "float32": RELU | SINGLE,
    "float32, tanh": SINGLE,
}
HARD = ("float32", "float32, tanh", "on a kink (W1 = b1 = 0)")


@dataclass
class Net:
    """A point of a two-layer net: ``loss(p)`` and ``grads(p, mistake)``."""

    params: dict[str, np.ndarray]
    X: np.ndarray
    y: np.ndarray
    act: str = "tanh"
    reg: float = 0.1
    offset: float = 0.0
    factor: float = 1.0
    dtype: Any = np.float64

    def forward(self, p: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        """Return pre-activations, activations and log-probabilities."""
        p = {k: np.asarray(v, self.dtype) for k, v in p.items()}
        pre = self.X.astype(self.dtype) @ p["W1"] + p["b1"]
        hidden = np.maximum(pre, 0) if self.act == "relu" else np.tanh(pre)
        scores = hidden @ p["W2"] + p["b2"]
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return pre, hidden, log_probs

    def loss(self, p: dict[str, np.ndarray]) -> float:
        """Return the loss, in the net's own precision."""
        *_, log_probs = self.forward(p)
        p = {k: np.asarray(v, self.dtype) for k, v in p.items()}
        data = -log_probs[np.arange(len(self.y)), self.y].mean()
        half = self.dtype(0.5 * self.reg)
        penalty = half * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
        return (data + penalty) * self.dtype(self.factor) + self.dtype(self.offset)

    def losses(self, points: Iterable[dict[str, np.ndarray]]) -> np.ndarray:
        """Return one loss a point."""
        return np.array([self.loss(p) for p in points])

    def grads(
        self, p: dict[str, np.ndarray], mistake: str = ""
    ) -> dict[str, np.ndarray]:
        """Return the gradient, right or with one mistake made on the way."""
        pre, hidden, log_probs = self.forward(p)
        p = {k: np.asarray(v, self.dtype) for k, v in p.items()}
        X, N, rows = self.X.astype(self.dtype), len(self.y), np.arange(len(self.y))
        ds = np.exp(log_probs)
        probs = ds.copy()
        if mistake == "softmax-over-batch":
            ds = np.exp(log_probs) / np.exp(log_probs).sum(axis=0)
        if mistake != "onehot-missing":
            ds[rows, self.y] -= 1
        if mistake == "onehot-twice":
            ds[rows, self.y] -= 1
        if mistake == "softmax-derivative-extra":
            ds *= probs * (1 - probs)
        if mistake == "example-dropped":
            ds[-1] = 0
        if mistake != "batch-sum":
            ds = ds / self.dtype(N)
        if mistake == "batch-twice":
            ds = ds / self.dtype(N)
        ds = ds * self.dtype(self.factor)
        r = self.dtype(self.reg * self.factor)
        dW2 = hidden.T @ ds
        if mistake == "pre-activation-used":
            dW2 = pre.T @ ds
        dh = ds @ (dW2.T if mistake == "dW2-backpropagated" else p["W2"].T)
        slope = (pre > 0) if self.act == "relu" else 1 - hidden * hidden
        if mistake == "mask-inverted":
            slope = 1 - slope if self.act != "relu" else ~slope
        dz = dh if mistake == "mask-missing" else dh * slope
        out = {
            "W1": X.T @ dz + r * p["W1"],
            "b1": (dh if mistake == "b1-before-mask" else dz).sum(0),
            "W2": dW2 + r * p["W2"],
            "b2": ds.sum(0),
        }
        return _spoil(out, mistake, p, r, N)


def _spoil(
    out: dict[str, np.ndarray], mistake: str, p: dict[str, np.ndarray], r: Any, N: int
) -> dict[str, np.ndarray]:
    weights = ("W1", "W2")
    shares = {"penalty-missing": -1, "penalty-halved": -0.5, "penalty-doubled": 1}
    if mistake in shares:
        return out | {
            k: out[k] + out[k].dtype.type(shares[mistake]) * r * p[k] for k in weights
        }
    if mistake == "penalty-over-N":
        return out | {k: out[k] + (r / N - r) * p[k] for k in weights}
    if mistake == "penalty-sign":
        return out | {k: out[k] - 2 * r * p[k] for k in weights}
    if mistake == "penalty-on-biases":
        return out | {k: out[k] + r * p[k] for k in ("b1", "b2")}
    if mistake == "penalty-missing-W2":
        return out | {"W2": out["W2"] - r * p["W2"]}
    if mistake == "sign-W1":
        return out | {"W1": -out["W1"]}
    if mistake == "b1-mean":
        return out | {"b1": out["b1"] / N}
    if mistake == "b2-mean":
        return out | {"b2": out["b2"] / N}
    if mistake == "b2-zero":
        return out | {"b2": 0 * out["b2"]}
    if mistake == "b2-scalar":
        return out | {"b2": np.full_like(out["b2"], out["b2"][0])}
    return out


MISTAKES = (
    "batch-sum",
    "batch-twice",
    "onehot-missing",
    "onehot-twice",
    "softmax-derivative-extra",
    "softmax-over-batch",
    "example-dropped",
    "pre-activation-used",
    "dW2-backpropagated",
    "mask-missing",
    "mask-inverted",
    "b1-before-mask",
    "penalty-missing",
    "penalty-halved",
    "penalty-doubled",
    "penalty-over-N",
    "penalty-sign",
    "penalty-on-biases",
    "penalty-missing-W2",
    "sign-W1",
    "b1-mean",
    "b2-mean",
    "b2-zero",
    "b2-scalar",
)


def draw(
    seed: int,
    *,
    act: str = "tanh",
    D: int = 8,
    H: int = 6,
    C: int = 4,
    N: int = 20,
    w_std: float = 0.5,
    b_std: float = 0.5,
    x_scale: float = 1.0,
    x_offset: float = 0.0,
    kink: float | None = None,
    zero: bool = False,
    **rest: Any,
) -> Net:
    """Draw a net at a random point at which some hidden unit is alive."""
    rng = np.random.default_rng(seed)
    while True:
        params = {
            "W1": w_std * rng.standard_normal((D, H)),
            "b1": b_std * rng.standard_normal(H),
            "W2": w_std * rng.standard_normal((H, C)),
            "b2": b_std * rng.standard_normal(C),
        }
        X = rng.standard_normal((N, D)) * x_scale + x_offset
        y = rng.integers(C, size=N)
        if kink is not None:
            pre = X @ params["W1"] + params["b1"]
            for h in range(H):
                near = kink * rng.standard_normal()
                params["b1"][h] -= pre[rng.integers(N), h] - near
        if zero:
            params |= {"W1": 0 * params["W1"], "b1": 0 * params["b1"]}
        net = Net(params, X, y, act, **rest)
        if zero or act != "relu" or (net.forward(params)[0] > 0).any():
            return net


def relative_error(net: Net, grads: Any, right: Any, name: str) -> float:
    """Return ``||S (g - right)|| / ||S g||`` for one parameter."""
    x = np.abs(net.params[name])
    rms = np.sqrt((x**2).mean())
    alive = [np.sqrt((v**2).mean()) for v in net.params.values() if v.any()]
    floor = 0.1 * rms if rms > 0 else np.sqrt(np.mean(np.square(alive)))
    scale = np.maximum(x, floor)
    size = float(np.linalg.norm(scale * grads[name]))
    gap = float(np.linalg.norm(scale * (grads[name] - right[name])))
    return gap / size if size > 0 else float(gap > 0)


def judge(
    net: Net, grads: Callable[[Any], Any] | None = None, seed: int = 0
) -> Examination:
    """Examine `grads`, by default the right ones, at the net's point."""
    gradient = grads or net.grads
    return examine(net.losses, gradient, net.params, gradient(net.params), seed=seed)
