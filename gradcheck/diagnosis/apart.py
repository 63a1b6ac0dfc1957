"""The penalty beside a data loss that no reference has.

What `reg` adds to loss and gradient has nothing to do with the data: put on top of the
reference's own data part, it is examined as if that were the whole.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck._typing import Array, Grads, LossAndGrads, Params
from gradcheck.diagnosis.records import Diagnosis
from gradcheck.problem import Network

_PROOF = "what reg adds to the gradient is that of this mistake, to the last digits"
_FORMS = ("squares", "averaged")


def penalty_apart(
    found: Diagnosis,
    function: LossAndGrads,
    network: Network,
    diagnose: Callable[[LossAndGrads], Diagnosis],
) -> Diagnosis:
    """Add the mistakes in the penalty to a diagnosis beside another data loss.

    Parameters
    ----------
    found : Diagnosis
        Of the whole; nothing could be named in it.
    function : callable
        Under examination.
    network : Network
        Whose data part takes the place of the function's own.
    diagnose : callable
        Examines a function in its place; asks about twice 40 calls.
    """
    conventions = found.conventions
    if conventions is None or conventions.penalty_form not in _FORMS:
        return found
    data = network.variant(penalty="none")

    def apart(params: Params, X: Array, y: Array, reg: float) -> tuple[float, Grads]:
        base, right = data.loss_and_grads(params, X, y, 0.0)
        (there, with_it), (here, without) = (
            _copied(function, params, X, y, strength) for strength in (reg, 0.0)
        )
        return float(base + there - here), {
            name: right[name] + np.asarray(with_it[name]) - np.asarray(without[name])
            for name in right
        }

    alone = diagnose(apart)
    if not alone.mistakes or any("penalty" not in m.id for m in alone.mistakes):
        return found
    named = tuple(replace(f, proof=_PROOF) for f in alone.findings if f.id)
    ids = {f.id for f in named}
    return replace(
        found,
        mistakes=(*found.mistakes, *alone.mistakes),
        findings=(*(f for f in found.findings if f.id not in ids), *named),
        calls=found.calls + 2 * alone.calls,
    )


def _copied(
    function: LossAndGrads, params: Params, X: Array, y: Array, reg: float
) -> Any:
    return function(
        {k: np.array(p) for k, p in params.items()}, X.copy(), y.copy(), reg
    )
