"""What the judge asks a submission: batches of points, written down to be sent."""

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck._typing import Array, Grads, Params
from gradcheck.problem import Problem
from gradcheck.submissions.cage import wire

TOGETHER = 1 << 20
"""Bytes of parameters and data up to which questions are sent in one frame."""


class Question:
    """One EVALUATE: its body, and what has to come back.

    Parameters
    ----------
    unit, X, y, reg, seed, gradients, count
        See `Session`.
    points : sequence of mappings
        Parameters; all with the names and shapes of the first.
    """

    kind = wire.EVALUATE

    def __init__(
        self, unit: int, points: Sequence[Params], X: Array, y: Array, reg: float,
        seed: int, *, gradients: bool = False, count: bool = False,
    ) -> None:  # fmt: skip
        stacks = {
            name: np.array([p[name] for p in points], np.float64) for name in points[0]
        }
        self.points = len(points)
        self.shapes = {name: stack.shape[1:] for name, stack in stacks.items()}
        self.asked = self.shapes if gradients else {}
        self.size = wire.values_size(self.asked, self.points)
        listed, blobs = wire.pack_arrays(
            {**stacks, "/X": np.asarray(X), "/y": np.asarray(y)}
        )
        head = {
            "unit": unit,
            "arrays": listed,
            "points": self.points,
            "parameters": list(self.shapes),
            "gradients": gradients,
            "reg": float(reg),
            "seed": seed,
            "count": count,
        }
        self.body = wire.pack_body(head, blobs)

    def pairs(self, body: bytes) -> list[tuple[float, Grads]]:
        """Read the loss and the gradients at each point from the answer."""
        losses, stacks = wire.unpack_values(body, self.asked, self.points)
        return [
            (float(loss), {name: stack[i] for name, stack in stacks.items()})
            for i, loss in enumerate(losses)
        ]


class Bundle:
    """One SEVERAL: questions for gradients that are sent, and answered, as one.

    Parameters
    ----------
    unit, seed
        See `Session`.
    places : sequence of Problem
        Neighbours with the same data share a question.
    alone : bool
        Whether no other frame goes with it: one question is then sent as it is.
    """

    def __init__(
        self, unit: int, places: Sequence[Problem], seed: int, *, alone: bool
    ) -> None:
        self.places = places
        self._questions = [
            Question(
                unit, [p.params for p in same], same[0].X, same[0].y, same[0].reg, seed,
                gradients=True,
            )
            for same in _neighbours(places)
        ]  # fmt: skip
        bodies = [question.body for question in self._questions]
        self.kind, self.body = wire.EVALUATE, bodies[0]
        if len(bodies) > 1 or not alone:
            self.kind = wire.SEVERAL
            self.body = wire.pack_body({"lengths": [len(b) for b in bodies]}, bodies)
        self.size = sum(question.size for question in self._questions)
        self.shapes = self._questions[0].shapes

    def pairs(self, body: bytes) -> list[tuple[float, Grads]]:
        """Read the loss and the gradients at each place from the answer."""
        found, start = list[tuple[float, Grads]](), 0
        for question in self._questions:
            stop = start + question.size
            found += question.pairs(body[start:stop])
            start = stop
        return found


def bundles(unit: int, places: Sequence[Problem], seed: int) -> list[Bundle]:
    """Share places out among frames that hold at most `TOGETHER`, or one place."""
    groups: list[list[Problem]] = []
    size = 0
    for place in places:
        arrays = (place.X, place.y, *place.params.values())
        more = sum(np.asarray(a).nbytes for a in arrays)
        if not groups or size + more > TOGETHER:
            groups.append([])
            size = 0
        groups[-1].append(place)
        size += more
    return [Bundle(unit, group, seed, alone=len(groups) == 1) for group in groups]


def _neighbours(places: Sequence[Problem]) -> Iterator[list[Problem]]:
    """Group places that follow each other and differ in their parameters alone."""
    group: list[Problem] = []
    for place in places:
        if group and not _alike(group[-1], place):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _alike(one: Problem, two: Problem) -> bool:
    return (
        one.reg == two.reg
        and _same(one.X, two.X)
        and _same(one.y, two.y)
        and [(k, np.shape(v)) for k, v in one.params.items()]
        == [(k, np.shape(v)) for k, v in two.params.items()]
    )


def _same(one: Array, two: Array) -> bool:
    """Whether two arrays are the same to the bit."""
    if one is two:
        return True
    one, two = np.asarray(one), np.asarray(two)
    same = (one.shape, one.dtype) == (two.shape, two.dtype)
    return same and one.tobytes() == two.tobytes()
