"""What the judge asks a submission: one batch of points, written down to be sent."""

from collections.abc import Sequence

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.submissions.cage import wire


class Question:
    """One EVALUATE: its body, and what has to come back.

    Parameters
    ----------
    unit, X, y, reg, seed, gradients, count
        See `Session`.
    points : sequence of mappings
        Parameters; all with the names and shapes of the first.
    """

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
