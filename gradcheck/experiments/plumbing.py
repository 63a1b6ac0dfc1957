"""Names and shapes of what is returned; each oddity comes with its undoing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.experiments.accused import Repair
from gradcheck.problem import Network, Problem


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing wrong with a name or a shape.

    Attributes
    ----------
    id : str
        Id of the mistake.
    sites : tuple of str
        Parameters.
    detail : str
        Got, but should be.
    """

    id: str
    sites: tuple[str, ...]
    detail: str


def examine_plumbing(
    grads: Grads, problem: Problem, network: Network
) -> tuple[tuple[Oddity, ...], tuple[Repair, ...]]:
    """Compare names and shapes with the parameters; distinct sizes tell them apart."""
    names = (*network.weights, *network.bias_names)
    wanted = {name: np.shape(problem.params[name]) for name in names}
    missing = tuple(name for name in names if name not in grads)
    found: list[Oddity] = []
    repairs: list[Repair] = []
    if missing:
        extra = [k for k in grads if k not in wanted]
        listed = f"; it has {', '.join(extra)} besides" if extra else ""
        detail = f"the gradients lack {', '.join(missing)}{listed}"
        found.append(Oddity("keys-missing", missing, detail))
        repairs.append(_fill(missing))
    swapped = _swaps(grads, wanted)
    for one, other in swapped:
        detail = f"grads[{one!r}] has the shape of {other}, and the other way round"
        found.append(Oddity("keys-swapped", (one, other), detail))
        repairs.append(_swap(one, other))
    moved = {name for pair in swapped for name in pair}
    for name in names:
        if name in missing or name in moved or grads[name].shape == wanted[name]:
            continue
        detail = f"grads[{name!r}] has shape {grads[name].shape}, but should have "
        detail += f"{wanted[name]}"
        kind, undo = _odd_shape(grads[name].shape, wanted[name], problem.X.shape[0])
        found.append(Oddity(kind, (name,), detail))
        repairs.append(_apply(name, undo))
    return tuple(found), tuple(repairs)


def _odd_shape(
    got: tuple[int, ...], wanted: tuple[int, ...], N: int
) -> tuple[str, Callable[[Array, Array], Array]]:
    size = int(np.prod(wanted))
    if len(got) == 2 and len(wanted) == 2 and got == wanted[::-1]:
        return "transposed", lambda g, p: g.T if g.T.shape == p.shape else g
    if int(np.prod(got)) == size:
        return (
            "shape-mismatch",
            lambda g, p: g.reshape(p.shape) if g.size == p.size else g,
        )
    if len(wanted) < 2 and got in ((N, size), (N,) if size == 1 else (N, size)):
        return (
            "bias-not-reduced",
            lambda g, p: g if g.shape == p.shape else g.sum(axis=0).reshape(p.shape),
        )
    if len(wanted) < 2 and int(np.prod(got)) == 1:
        return "bias-scalar", lambda g, p: np.full(p.shape, g.reshape(-1)[0])
    if len(wanted) < 2 and got in ((N,), (N, 1)):
        return "bias-wrong-axis", lambda g, p: g
    return "shape-mismatch", lambda g, p: g


def _swaps(grads: Grads, wanted: dict[str, tuple[int, ...]]) -> list[tuple[str, str]]:
    wrong = [n for n in wanted if n in grads and grads[n].shape != wanted[n]]
    pairs = []
    for i, one in enumerate(wrong):
        for other in wrong[i + 1 :]:
            fits = grads[one].shape == wanted[other]
            if fits and grads[other].shape == wanted[one]:
                pairs.append((one, other))
    return pairs


def _fill(names: tuple[str, ...]) -> Repair:
    def repair(grads: Grads, problem: Problem) -> Grads:
        zeros = {n: np.zeros(np.shape(problem.params[n])) for n in names}
        return {**zeros, **grads}

    return repair


def _swap(one: str, other: str) -> Repair:
    def repair(grads: Grads, problem: Problem) -> Grads:
        if one not in grads or other not in grads:
            return grads
        return {**grads, one: grads[other], other: grads[one]}

    return repair


def _apply(name: str, undo: Callable[[Array, Array], Array]) -> Repair:
    def repair(grads: Grads, problem: Problem) -> Grads:
        if name not in grads:
            return grads
        try:
            undone = undo(grads[name], np.asarray(problem.params[name]))
        except ValueError:
            return grads
        return {**grads, name: np.asarray(undone)}

    return repair
