"""Which reference network a unit of a submission follows, found by its losses."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from gradcheck import networks
from gradcheck._typing import Array, Grads, Params
from gradcheck.problem import Network, Problem
from gradcheck.reading import UnusableError
from gradcheck.submissions import problems
from gradcheck.submissions.offers import Offered
from gradcheck.submissions.session import Session

_ACTIVATIONS = ("relu", "sigmoid", "tanh", "identity")


_SAME = 1e-4


class Answers:
    """A unit as a callable: ``(params, X, y, reg) -> (loss, grads)``.

    Parameters
    ----------
    session : Session
    offered : Offered
    rename : mapping of str to str
        From the checker's names of parameters to the child's.
    seed : int
        Of the global generators at every call.
    """

    def __init__(
        self, session: Session, offered: Offered, rename: dict[str, str], seed: int
    ) -> None:
        self.session, self.unit, self.seed = session, offered.index, seed
        self.rename = rename
        self.kept = set(offered.names)

    def _given(self, params: Params) -> dict[str, Array]:
        return {self.rename.get(k, k): np.asarray(v) for k, v in params.items()}

    def __call__(
        self, params: Params, X: Array, y: Array, reg: float
    ) -> tuple[float, Grads]:
        """Ask for the loss and the gradient at one point."""
        answer = self.many([Problem(params, X, y, reg)])[0]
        if isinstance(answer, UnusableError):
            raise answer
        return answer

    def many(
        self, places: Sequence[Problem]
    ) -> list[tuple[float, Grads] | UnusableError]:
        """Ask at several points in one go; see `gradcheck.asking`."""
        given = [Problem(self._given(p.params), p.X, p.y, p.reg) for p in places]
        answers = self.session.at_many(self.unit, given, seed=self.seed)
        return [
            self._renamed(answer, p.params)
            for answer, p in zip(answers, places, strict=True)
        ]

    def _renamed(
        self,
        answer: tuple[float, Grads] | problems.FailedCallError,
        params: Params,
    ) -> tuple[float, Grads] | UnusableError:
        if isinstance(answer, problems.FailedCallError):
            unusable = UnusableError(answer.code, str(answer))
            unusable.__cause__ = answer
            return unusable
        loss, grads = answer
        return loss, {k: grads[self.rename.get(k, k)] for k in params}

    def losses(self, points: Iterable[Params], X: Array, y: Array, reg: float) -> Array:
        """Ask for the losses at many points in one go."""
        try:
            return self.session.losses(
                self.unit, (self._given(p) for p in points), X, y, reg, seed=self.seed
            )
        except problems.FailedCallError as error:
            raise UnusableError(error.code, str(error)) from error


def with_penalty(
    answers: "Answers", network: Network, regs: tuple[float, ...], seed: int,
    sizes: dict[str, Any],
) -> Network:  # fmt: skip
    """Take the penalty that the loss follows: half and full are both conventions."""
    problem = networks.draw_problem(
        network, np.random.default_rng(seed + 2), reg=regs[0], **sizes
    )
    try:
        value = answers.losses([problem.params], problem.X, problem.y, problem.reg)[0]
    except UnusableError:
        return network
    for penalty in ("half", "full"):
        variant = network.variant(penalty=penalty)
        own = float(variant.loss(problem.params, problem.X, problem.y, problem.reg))
        if abs(own - value) <= _SAME * max(abs(own), abs(value)):
            return variant
    return network


def sizes_of(offered: Offered) -> dict[str, Any]:
    """Return the sizes that a unit dictates."""
    sizes: dict[str, Any] = {}
    if offered.dims:
        sizes = {"D": offered.dims[0], "C": offered.dims[-1]}
        if len(offered.dims) > 2:
            sizes["hidden"] = offered.dims[1:-1]
    elif offered.outputs in (1, 10):
        sizes = {"C": offered.outputs}
    if offered.counts_classes:
        sizes["N"] = 11
    elif offered.each:
        sizes["N"] = 3
    return sizes


def names_of(network: Network, offered: Offered) -> dict[str, str] | None:
    """Map the reference's names to the child's; None if they do not correspond."""
    depth = offered.hidden + 1
    theirs = ["W"] if depth == 1 else [f"W{k}" for k in range(1, depth + 1)]
    biases = [n.replace("W", "b") for n in theirs]
    if len(network.weights) == len(theirs):
        mapping = dict(zip(network.weights, theirs, strict=True))
        if network.biases:
            mapping |= dict(zip(network.bias_names, biases, strict=True))
        if set(mapping.values()) == set(offered.names):
            return mapping
    return None


def _candidates(offered: Offered) -> Iterator[Network]:
    """Yield the references that a file with these parameters may follow."""
    depth = offered.hidden + 1
    biases = any(n.startswith("b") for n in offered.names)
    if depth == 2 and offered.signs and biases:
        yield networks.get("logistic")
    if depth == 2 and offered.outputs > 1:
        yield networks.get("softmax", biases=biases)
    if depth == 1 and offered.outputs > 1:
        yield networks.get("linear", biases=biases)
    hidden = [(a,) * offered.hidden for a in _ACTIVATIONS] if depth > 1 else [()]
    outs = ("identity", "sigmoid", "tanh", "relu")
    for activations, cost in product(hidden, ("softmax", "sigmoid", "squared")):
        if cost == "softmax" and offered.outputs == 1:
            continue
        for output in outs if cost == "squared" else ("identity",):
            yield networks.get(
                "deep", depth=depth, activations=activations, cost=cost,
                output=output, biases=biases,
            )  # fmt: skip


def reference(
    session: Session,
    offered: Offered,
    wanted: str | Network,
    seed: int,
    sizes: dict[str, Any],
) -> tuple[Network, bool]:
    """Find the reference whose loss this is, or the likeliest; and whether it is."""
    if isinstance(wanted, Network):
        return wanted, True
    if wanted != "auto":
        named = (n for n in _candidates(offered) if n.name == wanted)
        return next(named, None) or networks.get(wanted), True
    likeliest = None
    for network in _candidates(offered):  # made one by one: the first is the usual
        likeliest = likeliest or network
        for variant in _variants(network):
            if _has_loss(session, offered, variant, seed, sizes):
                return (network if variant.reduction == "mean" else variant), True
    assert likeliest is not None
    return likeliest, False


def _variants(network: Network) -> tuple[Network, ...]:
    free = network.variant(penalty="none")
    return free, free.variant(reduction="sum")


def _has_loss(
    session: Session, offered: Offered, network: Network, seed: int,
    sizes: dict[str, Any],
) -> bool:  # fmt: skip
    """Whether the unit's loss without a penalty is the network's, at two points."""
    rename = names_of(network, offered)
    if rename is None:
        return False
    answers = Answers(session, offered, rename, seed)
    rng = np.random.default_rng(seed + 1)
    for N in (6, 9):
        shape = {"N": N, **sizes}
        problem = networks.draw_problem(network, rng, reg=0.0, **shape)
        try:
            value = answers.losses([problem.params], problem.X, problem.y, 0.0)[0]
        except UnusableError:
            return False
        own = float(network.loss(problem.params, problem.X, problem.y, 0.0))
        if not abs(own - value) <= _SAME * max(abs(own), abs(value)):
            return False
    return True
