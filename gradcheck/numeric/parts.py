"""Tests of parts of a parameter: the residual of a gradient on some of its entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from gradcheck._typing import Array, Params
from gradcheck.numeric.directions import Axis, Direction, Explicit, Scale, displace
from gradcheck.numeric.ladder import climb
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.patterns import Index, Measured
from gradcheck.numeric.plans import Plan, gather


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a parameter seen as a matrix: rows and columns from, to."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def cells(self) -> tuple[slice, slice]:
        """The part as an index."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def thickness(self, axis: int) -> int:
        """Count the rows (axis 0) or columns (axis 1)."""
        return (self.bottom - self.top, self.right - self.left)[axis]

    def halves(self, axis: int) -> tuple["Part", "Part"]:
        """Cut the part in two across `axis`."""
        if axis == 0:
            cut = (self.top + self.bottom) // 2
            return (
                Part(self.top, cut, self.left, self.right),
                Part(cut, self.bottom, self.left, self.right),
            )
        cut = (self.left + self.right) // 2
        return (
            Part(self.top, self.bottom, self.left, cut),
            Part(self.top, self.bottom, cut, self.right),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One parameter whose gradient is wrong, and how slopes are measured there.

    Attributes
    ----------
    params : mapping of str to ndarray
        The point.
    name : str
        The parameter.
    analytic : ndarray
        The gradient under examination, shaped like the parameter.
    scale, origin, noise, grad_eps
        As for the probes.
    size : float
        ``||S g||`` of the parameter.
    step : float
        A relative step on which slopes were read well.
    seed : tuple of int
        Of the directions.
    known : tuple of (Direction, float, float), optional
        A direction of this parameter, the residual along it, and its tolerance.
    """

    params: Params
    name: str
    analytic: Array
    scale: Scale
    origin: float
    noise: Noise
    grad_eps: float
    size: float
    step: float
    seed: tuple[int, ...]
    known: tuple[Direction, float, float] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape as a matrix; a vector is a single row."""
        shape = self.params[self.name].shape
        if len(shape) < 2:
            return 1, self.params[self.name].size
        return shape[0], self.params[self.name].size // shape[0]

    def index(self, row: int, column: int) -> Index:
        """Return the parameter's own index of a cell."""
        flat = row * self.shape[1] + column
        place = np.unravel_index(flat, self.params[self.name].shape)
        return tuple(int(i) for i in place)

    def measure(self, indices: Sequence[Index]) -> Plan[list[Measured]]:
        """Measure entries by themselves, six evaluations each or more."""
        x = self.params[self.name]
        typical = self.size / sqrt(x.size) if self.size > 0 else 0.0
        slopes = yield from gather(
            climb(
                self.params,
                Axis(self.name, index, self.scale),
                self.origin,
                self.noise,
                typical,
                start=self.step,
                rungs=3,
                grow=False,
            )
            for index in indices
        )
        found = []
        for index, slope in zip(indices, slopes, strict=True):
            unit = self.scale.entry(self.params, self.name, index)
            g = float(self.analytic[index])
            rounding = 4 * self.grad_eps * abs(g) if isfinite(g) else 0.0
            error = slope.error / unit + rounding
            found.append(Measured(index, g, slope.value / unit, error))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One direction of a search, and the gradient with what was found put right.

    Attributes
    ----------
    search : Search
        Where.
    v : ndarray, shape (rows, columns)
        The direction.
    g : ndarray, shape (rows, columns)
        The gradient.
    jump : bool
        Whether a line may be read off the ratio of two residuals.
    """

    search: Search
    v: Array
    g: Array
    jump: bool = True

    def test(self, part: Part, ramp: int | None = None) -> Plan[tuple[float, float]]:
        """Return the residual of a part and its tolerance, by four evaluations.

        Two steps must agree, or two smaller ones; else a ladder is climbed. With a
        ramp, the direction grows from line to line along that axis, to 1 at the last.
        """
        search = self.search
        name, cells = search.name, part.cells
        partial = np.zeros(search.shape)
        partial[cells] = self.v[cells]
        if ramp is not None:
            lines = part.thickness(ramp)
            weights = np.arange(1, lines + 1) / lines
            partial[cells] *= weights[:, None] if ramp == 0 else weights
        direction = Explicit({name: partial.reshape(search.params[name].shape)})
        products = self.g[cells] * partial[cells]
        analytic, noise = float(products.sum()), search.noise.level
        rounding = 4 * search.grad_eps * float(np.abs(products).sum())
        for h in (search.step, search.step / 16):
            values = (yield _FourPoints(search.params, direction, h)).real
            near = (values[0] - values[1]) / (h / 2)
            far = (values[2] - values[3]) / (2 * h)
            bends = (values[0::2] + values[1::2] - 2 * search.origin) / h
            jump = abs(16 * bends[0] - bends[1]) / 3  # of a kink below both steps
            width = 2 * noise / h
            if abs(far - near) <= 5 * width and jump <= 16 * width:
                return analytic - float(far), float(8 * width + jump + rounding)
        slope = yield from climb(
            search.params, direction, search.origin, search.noise, search.size
        )
        return analytic - slope.value, slope.error + rounding

    def point_out(
        self, part: Part, residual: float, tolerance: float, axis: int
    ) -> Plan[Part | None]:
        """Return the row (column) that all of a part's residual comes from, if one.

        Along a ramp the residual of a single line shrinks by its place, so the ratio of
        two residuals tells the line; that of several is no whole number, as a rule.
        """
        lines = part.thickness(axis)
        leaning, width = yield from self.test(part, axis)
        place = lines * leaning / residual - 1
        doubt = lines * (width + tolerance) / abs(residual)
        line = round(place) if isfinite(place) else -1
        if not (doubt < 0.25 and abs(place - line) <= doubt and 0 <= line < lines):
            return None
        if axis == 0:
            top = part.top + line
            return Part(top, top + 1, part.left, part.right)
        left = part.left + line
        return Part(part.top, part.bottom, left, left + 1)


@dataclass(frozen=True, slots=True, eq=False)
class _FourPoints:
    """``x +- h v / 4`` and ``x +- h v``."""

    params: Params
    direction: Explicit
    step: float

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[Params]:
        for t in (self.step / 4, -self.step / 4, self.step, -self.step):
            yield displace(self.params, self.direction.arrays, t)
