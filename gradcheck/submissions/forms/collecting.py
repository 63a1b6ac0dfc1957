"""Collect the gradients that a recipe's calls returned, stored or made."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import gradients, listed, names, shapes
from .calls import Board
from .containers import (
    drop_loss,
    get,
    nested_gradients,
    split,
)
from .gradients import Held
from .refusal import Refused

ONE_NUMBER = "is one number for all of"
"""How a scalar gradient of several biases is told."""


class Collecting:
    """The part of a recipe that reads gradients."""

    paths: Mapping[str, tuple[Any, ...]]
    containers: Mapping[str, tuple[str, tuple[str, ...]]]
    assigned: Mapping[str, Sequence[list[str]]]
    steps: tuple[Any, ...]
    loss_step: int | None
    by_step: bool
    sign: float

    def gradients_of(
        self,
        board: Board,
        instance: Any,
        held: Sequence[Held],
        before: Mapping[str, Any],
        params: Mapping[str, Any],
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Find the gradients among results, and bring them into our shapes."""
        if self.by_step:
            after = {
                h.slot.name: get(instance, self.paths[h.slot.name])
                if h.slot.name in self.paths else h.value
                for h in held
            }  # fmt: skip
            result = board.results[-1]
            moved = gradients.revealed(before, after, 1.0)
            if not any(np.any(v) for v in moved.values()) and result is not None:
                returned = dict(self._named(board.results[-1:], self.steps[-1:]))
                fresh = {n: returned[n] for n in before if n in returned}
                moved = gradients.revealed(before, {**before, **fresh}, 1.0)
            still = not any(np.any(v) for v in moved.values())
            found: dict[str, Any] = {} if still else moved
        else:
            found = self._returned(board, instance, held)
        board.taken = found
        return self._read(found, held, params)

    def _named(self, results: Any, steps: Any) -> list[tuple[str, Any]]:
        named: list[tuple[str, Any]] = []
        for result, (function, _) in zip(results, steps, strict=False):
            spelled = function.returned()
            for alias in self.assigned.get(function.name, ()):
                if isinstance(result, tuple | list) and len(alias) == len(result):
                    better = sum(bool(names.plain(a)) for a in alias)
                    spelled = alias if better and not any(spelled) else spelled
            named += gradients.arrays_in(result, spelled)
        return named

    def _returned(
        self, board: Board, instance: Any, held: Sequence[Held]
    ) -> dict[str, Any]:
        """Take gradients by their names wherever they are, and then by shape.

        Other arrays have the shape of a gradient at some sizes: the outputs for one
        example that of a bias.
        """
        found: dict[str, Any] = {}
        steps = self.steps[: len(board.results)]
        last = len(steps) - 1
        by_shape: list[list[tuple[str, Any]]] = []
        for index in range(last, -1, -1):
            rest = [h for h in held if h.slot.name not in found]
            if not rest:
                break
            named = self._named([board.results[index]], [steps[index]])
            if index == self.loss_step:
                named = drop_loss(named)
            if self.containers:
                whole = self._unrolled(named, held) or listed.in_order(
                    board.results[index], self.containers,
                    {h.slot.name: h for h in held},
                )  # fmt: skip
                if whole:
                    return whole
            told = gradients.named_as(rest, named, bare=index == last)
            if index == last:
                whole = gradients.match(rest, named, bare=True)
                if len(whole) == len(held):
                    return whole
            found |= told
            if index == last or not names.FORWARD.fullmatch(steps[index][0].name):
                by_shape.append(named)
        stored = self._stored(instance)
        found |= gradients.named_as(_without(held, found), stored)
        for named in by_shape:
            taken = set(map(id, found.values()))
            spare = [(n, v) for n, v in named if id(v) not in taken]
            found |= gradients.match(_without(held, found), spare)
        rest = _without(held, found)
        if rest and instance is not None:
            likely = [(n, v) for n, v in stored if n.lower().startswith(("d", "g"))]
            found |= gradients.match(rest, likely)
            found |= nested_gradients(instance, self.paths, rest, found)
        return found

    def _stored(self, instance: Any) -> list[tuple[str, Any]]:
        """List what an object keeps besides its parameters."""
        if instance is None:
            return []
        own = {p[0] for p in self.paths.values()}
        kept = gradients.of_instance(instance)
        return [(n, v) for n, v in kept if n.partition("[")[0] not in own]

    def _unrolled(
        self, named: Sequence[tuple[str, Any]], held: Sequence[Held]
    ) -> dict[str, Any] | None:
        for kind, parts in self.containers.values():
            if not kind.startswith("unrolled"):
                continue
            total = sum(int(np.size(h.value)) for h in held)
            for _, value in reversed(named):
                if gradients.is_array(value) and np.size(value) == total:
                    return split(value, kind, parts, {h.slot.name: h for h in held})
        return None

    def _read(
        self, found: Mapping[str, Any], held: Sequence[Held], params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        grads: dict[str, Any] = {}
        adjusted: list[str] = []
        for item in held:
            name = item.slot.name
            if name not in found or found[name] is None:
                continue
            value = np.asarray(found[name])
            if value.dtype.kind not in "fiu":
                raise Refused(
                    "incomplete",
                    f"the gradient of {name!r} holds {value.dtype} values, but an "
                    f"array of numbers of shape {item.shape} was expected",
                )
            if value.size == 1 and np.size(item.value) > 1:
                value = np.full(item.shape, float(value.item()))
                adjusted.append(f"{name} {ONE_NUMBER} {item.shape}")
            elif value.shape == item.shape:
                pass
            elif not shapes.fits(item.shape, value):
                turned = value.ndim == 2 and value.shape == item.shape[::-1]
                raise Refused(
                    "transposed" if turned else "shape-mismatch",
                    f"the gradient of {name!r} has shape {value.shape}, but should "
                    f"have {item.shape}, the shape of the parameter"
                    + (": transpose it" if turned else ""),
                )
            else:
                adjusted.append(
                    f"{name} has shape {value.shape} where {name} has {item.shape}: "
                    "the numbers were compared"
                )
            value = value.reshape(item.shape)
            value = value if self.sign == 1.0 else self.sign * value
            grads.update(item.slot.read(value, params))
        return grads, tuple(adjusted)


def _without(held: Sequence[Held], found: Mapping[str, Any]) -> list[Held]:
    return [h for h in held if h.slot.name not in found]
