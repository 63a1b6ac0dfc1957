"""Directions in parameter space: scaled by the parameters, made when needed.

A step `t` along a direction changes entry `i` by ``t * s_i * u_i`` with the entry's own
scale ``s_i = max(|x_i|, 0.1 * rms(x))``, so `t` is a relative change and one step suits
parameters of any size. Random directions are remade from their seed rather than kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Protocol

import numpy as np

from gradcheck._typing import Array, Params

CHUNK = 1 << 16  # entries worked on at once: temporaries stay small
_SHARE = 0.1  # of a block's rms: the least scale of its entries
_SMALL = 512  # entries up to which the numbers of a random direction are kept
_LONE = 1e-2  # the scale when every parameter is zero


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a relative change of 1, by parameter.

    Attributes
    ----------
    floors : mapping of str to float
        Least scale of an entry: a tenth of its block's root mean square.
    reach : mapping of str to float
        How many times larger than its own block's the largest block's rms is, >= 1.
    """

    floors: Mapping[str, float]
    reach: Mapping[str, float]

    def entry(self, params: Params, name: str, index: tuple[int, ...]) -> float:
        """Return the scale of one entry."""
        return max(abs(float(params[name][index])), self.floors[name])


def measure_scale(params: Params) -> Scale:
    """Measure the scale of every parameter in `params`.

    A block of zeros takes the rms of the others, or 1e-2 if all are zero.
    """
    sizes = {name: _rms(x) for name, x in params.items()}
    alive = [size for size in sizes.values() if size > 0]
    rest = sqrt(sum(s * s for s in alive) / len(alive)) if alive else _LONE
    largest = max(alive, default=_LONE)
    floors = {n: _SHARE * s if s > 0 else rest for n, s in sizes.items()}
    reach = {n: largest / s if s > 0 else 1.0 for n, s in sizes.items()}
    return Scale(floors, reach)


def _rms(x: Array) -> float:
    flat = x.reshape(-1)
    largest = max((float(np.abs(c).max()) for c in _chunks(flat)), default=0.0)
    if not 0 < largest < np.inf:
        return 0.0
    total = sum(float(np.sum((c / largest) ** 2)) for c in _chunks(flat))
    return largest * sqrt(total / flat.size)  # scaled: no overflow of squares


def _chunks(flat: Array) -> Iterator[Array]:
    for start in range(0, flat.size, CHUNK):
        yield flat[start : start + CHUNK]


class Direction(Protocol):
    """Something that can say by how much each parameter moves for a step of 1."""

    def vectors(self, params: Params) -> dict[str, Array]:
        """Return the movement of the parameters that move."""
        ...


@dataclass(frozen=True, slots=True)
class Seeded:
    """A random direction ``s_i * u_i``, remade from its seed each time.

    The ``u_i`` are independent, uniform on [-3/2, -1/2] and [1/2, 3/2]: none is near
    zero, so a single wrong entry cannot hide, and their density is bounded, so no
    combination can hide except with the small probability of `certificate`.
    """

    names: tuple[str, ...]
    scale: Scale
    seed: tuple[int, ...]

    def vectors(self, params: Params) -> dict[str, Array]:
        """Return the movement of the parameters that move."""
        made = {}
        for place, name in enumerate(self.names):
            x = params[name]
            seed = (*self.seed, place)
            v = (
                _units_of(seed, x.size).copy()
                if x.size <= _SMALL
                else _units(seed, x.size)
            )
            origin = x.reshape(-1)
            for start in range(0, v.size, CHUNK):
                part = origin[start : start + CHUNK]
                v[start : start + CHUNK] *= np.maximum(
                    np.abs(part), self.scale.floors[name]
                )
            made[name] = v.reshape(x.shape)
        return made


def _units(seed: tuple[int, ...], size: int) -> Array:
    """Draw the ``u_i`` of a random direction, for one parameter."""
    flat = np.random.default_rng(seed).random(size)
    for start in range(0, size, CHUNK):
        u = flat[start : start + CHUNK]
        u -= 0.5
        u *= 2.0
        u += np.copysign(0.5, u)  # in [-3/2, -1/2] or [1/2, 3/2]
    return flat


@lru_cache(1024)
def _units_of(seed: tuple[int, ...], size: int) -> Array:
    """Keep what is drawn again and again; to be copied."""
    return _units(seed, size)


@dataclass(frozen=True, slots=True)
class Axis:
    """One entry of one parameter, moved by its own scale."""

    name: str
    index: tuple[int, ...]
    scale: Scale

    def vectors(self, params: Params) -> dict[str, Array]:
        """Return the movement of the parameters that move."""
        v = np.zeros_like(params[self.name])
        v[self.index] = self.scale.entry(params, self.name, self.index)
        return {self.name: v}


@dataclass(frozen=True, slots=True, eq=False)
class Explicit:
    """A direction given by its arrays."""

    arrays: Mapping[str, Array]

    def vectors(self, params: Params) -> dict[str, Array]:
        """Return the movement of the parameters that move."""
        return dict(self.arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Ray:
    """Points ``x + t * v`` for several steps `t`, made one at a time."""

    params: Params
    direction: Direction
    steps: Sequence[complex]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Params]:
        vectors = self.direction.vectors(self.params)
        for step in self.steps:
            yield displace(self.params, vectors, step)


def displace(params: Params, vectors: Mapping[str, Array], step: complex) -> Params:
    """Return ``params + step * vectors``; parameters that stay are shared."""
    point = dict(params)
    for name, v in vectors.items():
        moved = np.empty(v.shape, np.result_type(v, type(step)))
        np.multiply(v, step, out=moved)
        moved += params[name]
        point[name] = moved
    return point


def project(direction: Direction, params: Params, grads: Params) -> tuple[float, float]:
    """Return ``g . v`` and ``sum |g_i v_i|``, a share of which is its rounding."""
    value = magnitude = 0.0
    for name, v in direction.vectors(params).items():
        flat, g = v.reshape(-1), np.asarray(grads[name]).reshape(-1)
        for start in range(0, flat.size, CHUNK):
            part = g[start : start + CHUNK] * flat[start : start + CHUNK]
            value += float(part.sum())
            magnitude += float(np.abs(part, out=part).sum())
    return value, magnitude


def scaled_norm(scale: Scale, params: Params, grads: Params, name: str) -> float:
    """Return ``||S g||``, the norm of one gradient for relative changes."""
    x, g = params[name].reshape(-1), np.asarray(grads[name]).reshape(-1)
    total, largest = 0.0, 0.0
    for start in range(0, x.size, CHUNK):
        part = np.maximum(np.abs(x[start : start + CHUNK]), scale.floors[name])
        part *= np.abs(g[start : start + CHUNK])
        peak = float(part.max())
        if peak > largest:
            total, largest = total * (largest / peak) ** 2, peak
        if largest > 0:
            part /= largest
            total += float(part @ part)
    return largest * sqrt(total)
