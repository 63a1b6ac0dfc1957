"""Small data sets: iris, the spiral of source 002, two moons for source 003."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from gradcheck._typing import Array


class Dataset(NamedTuple):
    """Examples in rows, `X` (N, D), and their labels `y` (N,)."""

    X: Array
    y: Array

    def split(self, train: int, rng: np.random.Generator) -> "tuple[Dataset, Dataset]":
        """Return `train` examples picked at random, and the others."""
        order = rng.permutation(len(self.y))
        return (
            Dataset(self.X[order[:train]], self.y[order[:train]]),
            Dataset(self.X[order[train:]], self.y[order[train:]]),
        )


IRIS_SPECIES = ("setosa", "versicolor", "virginica")
"""Names of the labels 0, 1 and 2 of `iris`."""


def iris() -> Dataset:
    """Return 150 flowers: sepal length and width, petal length and width (cm).

    References
    ----------
    .. [1] R. A. Fisher, *The use of multiple measurements in taxonomic problems*,
       Annals of Eugenics 7, 1936, table I.

    Examples
    --------
    >>> X, y = iris()
    >>> X.shape, X[0].tolist(), np.bincount(y).tolist()
    ((150, 4), [5.1, 3.5, 1.4, 0.2], [50, 50, 50])
    """
    table = _iris_table()
    return Dataset(table[:, :4].copy(), table[:, 4].astype(np.int64))


@cache
def _iris_table() -> Array:
    text = files("gradcheck.networks").joinpath("iris.csv").read_text(encoding="ascii")
    return np.asarray(np.loadtxt(text.splitlines(), delimiter=",", skiprows=1))


def spiral(
    rng: np.random.Generator, *, each: int = 100, C: int = 3, noise: float = 0.2
) -> Dataset:
    """Draw C arms of a spiral, `each` points an arm, radius 0 to 1.

    Arm c turns from 4c to 4c + 4 radians with normal noise of `noise` radians.

    Examples
    --------
    >>> X, y = spiral(np.random.default_rng(0))
    >>> X.shape, sorted(set(y.tolist()))
    ((300, 2), [0, 1, 2])
    """
    radius = np.tile(np.linspace(0.0, 1.0, each), C)
    y = np.repeat(np.arange(C), each)
    angle = 4.0 * y + 4.0 * radius + noise * rng.standard_normal(C * each)
    return Dataset(radius[:, np.newaxis] * np.c_[np.sin(angle), np.cos(angle)], y)


def moons(rng: np.random.Generator, *, each: int = 100, noise: float = 0.15) -> Dataset:
    """Draw two interleaved half circles of radius 1, with labels -1 and +1.

    Normal noise of standard deviation `noise` is added to both coordinates.

    Examples
    --------
    >>> X, y = moons(np.random.default_rng(0))
    >>> X.shape, sorted(set(y.tolist()))
    ((200, 2), [-1, 1])
    """
    angle = np.linspace(0.0, np.pi, each)
    upper = np.c_[np.cos(angle), np.sin(angle)]
    lower = np.c_[1.0 - np.cos(angle), 0.5 - np.sin(angle)]
    X = np.r_[upper, lower] + noise * rng.standard_normal((2 * each, 2))
    return Dataset(X, np.repeat([-1, 1], each))
