"""The table of factors: what multiplies each stage, measured or committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradcheck._typing import Array, Grads
from gradcheck.experiments.penalty import PenaltyPoint
from gradcheck.experiments.sections import Reader, data_part, project
from gradcheck.experiments.stages import _product
from gradcheck.factors import UNIT, Row
from gradcheck.faults import Mistake, singles, table
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.passes import Table
from gradcheck.faults.records import MULTIPLICATIVE
from gradcheck.problem import Network
from gradcheck.recall import Recall, is_small, written

_ROWS: Recall[list[Row]] = Recall(64)
PENALTIES = ("penalty-doubled", "penalty-halved", "penalty-sign", "penalty-averaged")


def multiplicative(network: Network) -> list[Mistake]:
    """List the mistakes that only multiply: the rows of the table."""
    rows = []
    for mistake in singles(network):
        variant = CATALOGUE[mistake.id].variant(mistake.variant)
        plain = variant.slot in MULTIPLICATIVE and mistake.id != "data-part-missing"
        if plain or mistake.id == "bias-mean" or mistake.id in PENALTIES:
            rows.append(mistake)
    return rows


def cells(
    reader: Reader,
    grads: Grads,
    structure: Sequence[Mistake],
    unread: Sequence[str] = (),
) -> list[float]:
    """Return the factors of all stages at a reading point, NaN where unreadable.

    Parameters
    ----------
    grads : dict of ndarray
        Observed, or injected.
    structure : sequence of Mistake
        What is known to be wrong with the stages themselves.
    unread : sequence of str
        Biases whose gradient vanishes, so that it has no factor.
    """
    right = reader.right
    section = reader.cut(grads)
    right.table = table(right.network, structure)
    lost = {m.sites[0] for m in structure if m.id == "data-part-missing" and m.sites}
    factors: list[float] = []
    with np.errstate(all="ignore"):
        top = right.scaled(right.top())
        for i in range(right.depth, 0, -1):
            if i == right.depth:
                predicted = top
            else:
                predicted = right.down(
                    i, section.delta[i + 1], _product(right, section, i + 1)
                )
                right.table = table(right.network, structure)
            if right.weights[i] in lost:  # the bias alone shows what passes here
                section.delta[i] = predicted
            factors.append(project(section.delta[i], predicted)[0])
            if right.biases:
                reduced = right.bias(i, section.delta[i])
                observed = np.reshape(grads[right.biases[i]], -1)
                same = observed.shape == reduced.shape
                same = same and right.biases[i] not in unread
                factors.append(project(observed, reduced)[0] if same else np.nan)
    right.table = {}
    return factors


def _names(network: Network) -> tuple[str, ...]:
    return (*network.weights, *network.bias_names)


def rows(
    readers: Sequence[Reader],
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]],
    structure: Sequence[Mistake],
    mistakes: Sequence[Mistake],
) -> list[Row]:
    """Measure what each mistake multiplies each cell by, in company of `structure`.

    The same for every submission that is asked at the same points.
    """
    network = readers[0].network
    asked = [reader.problem for reader in readers]
    asked += [point.on for name in _names(network) for point in points[name]]
    key = (
        readers[0].spec.key, tuple(map(written, asked)),
        tuple(structure), tuple(mistakes),
    )  # fmt: skip

    def make() -> list[Row]:
        return _rows(readers, points, structure, mistakes)

    return list(_ROWS.get(key, make) if all(map(is_small, asked)) else make())


def _rows(
    readers: Sequence[Reader],
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]],
    structure: Sequence[Mistake],
    mistakes: Sequence[Mistake],
) -> list[Row]:
    base = _injected(readers, structure)
    found = []
    for index, mistake in enumerate(mistakes):
        free = CATALOGUE[mistake.id].constant is not None
        unit = Mistake(mistake.id, mistake.sites, mistake.variant, UNIT)
        chosen = unit if free else mistake
        slots = table(readers[0].network, [chosen])
        values = np.ones_like(base)
        if {slot for slot, _ in slots} != {"penalty"}:
            with np.errstate(all="ignore"):
                values = _injected(readers, structure, [chosen]) / base
        found.append(
            Row(index, np.append(values, _penalties(readers[0], points, slots)), free)
        )
    return found


def _injected(
    readers: Sequence[Reader],
    kept: Sequence[Mistake],
    more: Sequence[Mistake] = (),
) -> Array:
    """Return the cells of the data part when these mistakes are committed."""
    slots = table(readers[0].network, [*kept, *more])
    values: list[float] = []
    for reader in readers:
        with np.errstate(all="ignore"):
            grads = reader.right.wrongly(slots).grads()
        values += cells(reader, data_part(grads, reader.right), kept)
    return np.array(values)


def _penalties(
    reader: Reader,
    points: Mapping[str, tuple[PenaltyPoint, PenaltyPoint]],
    slots: Table,
) -> list[float]:
    """Return what multiplies each parameter's penalty at its two points."""
    values: list[float] = []
    for name in _names(reader.network):
        for point in points[name]:
            here = reader.at(point.on)
            here.table = slots
            factor = here.slot("penalty", name, np.ones(1)) * here.slot(
                "whole", name, 1.0
            )
            values.append(float(np.asarray(factor).reshape(-1)[0]))
            here.table = {}
    return values
