"""Mistakes planted in a backward pass that is otherwise right."""

import numpy as np

from gradcheck.networks.conventions import penalty_gradient
from gradcheck.networks.layers import ACTIVATIONS, COSTS

ANY = ("softmax", "linear", "logistic", "deep")
SOFTMAX = ("softmax", "linear")
HIDDEN = ("softmax", "logistic", "deep")

MISTAKES = {
    "batch-sum": ANY,
    "batch-mean-twice": ANY,
    "batch-mean-hidden-twice": HIDDEN,
    "divided-by-n-minus-one": ANY,
    "constant-factor": ANY,
    "sign-flipped": ANY,
    "bias-mean": ANY,
    "bias-scalar": HIDDEN,
    "bias-missing": ANY,
    "bias-one-example": ANY,
    "bias-before-mask": HIDDEN,
    "penalty-missing": ANY,
    "penalty-doubled": ANY,
    "penalty-halved": ANY,
    "penalty-sign": ANY,
    "penalty-averaged": ANY,
    "penalty-on-biases": ANY,
    "penalty-constant": ANY,
    "relu-mask-missing": HIDDEN,
    "relu-mask-inverted": HIDDEN,
    "relu-on-gradient": HIDDEN,
    "leaky-slope": HIDDEN,
    "activation-times-gradient": HIDDEN,
    "upstream-missing": HIDDEN,
    "weights-magnitude": HIDDEN,
    "updated-weights": HIDDEN,
    "gradient-as-weights": HIDDEN,
    "preactivation-as-activation": HIDDEN,
    "target-missing": SOFTMAX,
    "labels-shifted": SOFTMAX,
    "target-whole-column": SOFTMAX,
    "softmax-derivative-twice": SOFTMAX,
    "softmax-over-batch": SOFTMAX,
    "softmax-not-normalised": SOFTMAX,
    "example-dropped": ANY,
    "reshaped": SOFTMAX,
    "one-entry": ANY,
}
"""Each mistake, and the networks in which it can be made."""


def plant(network, mistake):
    """Return the network's loss and gradient with one mistake in the gradient."""

    def loss_and_grads(params, X, y, reg):
        loss = network.loss(params, X, y, reg)
        return loss, _finish(
            network, mistake, params, reg, _data(network, mistake, params, X, y)
        )

    return loss_and_grads


def _delta(network, mistake, scores, y):
    """Return the gradient of the scores, wrong if that is the mistake."""
    N = len(scores)
    _, cache = COSTS[network.cost].forward(scores, y)
    delta = np.array(COSTS[network.cost].backward(1.0, cache))
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    if mistake == "target-missing":
        delta = p / p.sum(axis=1, keepdims=True)
    if mistake == "labels-shifted":
        wrong = (y + 1) % scores.shape[1]
        delta = COSTS["softmax"].backward(
            1.0, COSTS["softmax"].forward(scores, wrong)[1]
        )
    if mistake == "target-whole-column":
        delta = p / p.sum(axis=1, keepdims=True)
        delta[:, y] -= 1.0
    if mistake == "softmax-derivative-twice":
        q = p / p.sum(axis=1, keepdims=True)
        delta = delta * q * (1 - q)
    if mistake == "softmax-over-batch":
        delta += p / p.sum(axis=0, keepdims=True) - p / p.sum(axis=1, keepdims=True)
    if mistake == "softmax-not-normalised":
        delta += np.exp(scores) - p / p.sum(axis=1, keepdims=True)
    if mistake == "example-dropped":
        delta[-1] = 0.0
    share = 1.0 / N if network.reduction == "mean" else 1.0
    if mistake == "batch-sum":
        share *= N
    if mistake == "batch-mean-twice":
        share /= N
    if mistake == "divided-by-n-minus-one":
        share *= N / max(1, N - 1)
    if mistake == "constant-factor":
        share *= 1.01
    if mistake == "sign-flipped":
        share = -share
    return share * delta


def _data(network, mistake, params, X, y):
    """Return the gradient of the data loss, wrong if that is the mistake."""
    chain = (*network.activations, network.output)
    outs, pres, caches = [X], [], []
    for name, activation in zip(network.weights, chain, strict=True):
        pres.append(outs[-1] @ params[name] + params.get(name.replace("W", "b"), 0.0))
        out, cache = ACTIVATIONS[activation].forward(pres[-1])
        outs.append(out)
        caches.append(cache)
    delta = _delta(network, mistake, outs[-1], y)
    grads = {}
    for layer in range(len(chain), 0, -1):
        name = network.weights[layer - 1]
        bias, W = name.replace("W", "b"), params[name]
        upstream = delta
        delta = ACTIVATIONS[chain[layer - 1]].backward(delta, caches[layer - 1])
        if layer < len(chain):
            out, pre = outs[layer], pres[layer - 1]
            delta = {
                "relu-mask-missing": upstream,
                "relu-mask-inverted": upstream * (pre <= 0),
                "relu-on-gradient": np.maximum(delta, 0.0),
                "leaky-slope": np.where(pre > 0, delta, 0.01 * upstream),
                "activation-times-gradient": upstream * out,
                "upstream-missing": (pre > 0) / len(X),
                "batch-mean-hidden-twice": delta / len(X),
            }.get(mistake, delta)
        below = outs[layer - 1]
        if mistake == "preactivation-as-activation" and layer > 1:
            below = pres[layer - 2]
        grads[name] = below.T @ delta
        if mistake == "reshaped":
            grads[name] = grads[name].T.reshape(W.shape)
        source = upstream if mistake == "bias-before-mask" else delta
        grads[bias] = {
            "bias-mean": source.mean(axis=0),
            "bias-scalar": np.full(params[bias].shape, source.sum()),
            "bias-missing": np.zeros(params[bias].shape),
            "bias-one-example": source[0],
        }.get(mistake, source.sum(axis=0))
        back = {
            "weights-magnitude": np.abs(W),
            "updated-weights": W - 0.1 * grads[name],
            "gradient-as-weights": grads[name],
        }.get(mistake, W)
        delta = np.outer(delta, back) if back.ndim == 1 else delta @ back.T
    if mistake == "one-entry":
        last = np.atleast_1d(grads[network.weights[-1]])
        last[(-1,) * last.ndim] *= 1.0 + 1e-6
    return grads


def _finish(network, mistake, params, reg, grads):
    """Add the penalty's gradient, wrong if that is the mistake."""
    N_factor = {
        "penalty-missing": 0.0,
        "penalty-doubled": 2.0,
        "penalty-halved": 0.5,
        "penalty-sign": -1.0,
        "penalty-averaged": 1.0 / 7.0,
    }.get(mistake, 1.0)
    slopes = penalty_gradient(params, reg, network.penalty)
    done = {k: grads[k] + N_factor * slopes[k] for k in params}
    for name, p in params.items():
        if mistake == "penalty-on-biases" and name[0] == "b":
            done[name] = done[name] + reg * p
        if mistake == "penalty-constant" and name[0] == "W":
            done[name] = done[name] - slopes[name] + reg
    return done
