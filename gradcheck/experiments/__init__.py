"""Controlled experiments: inputs so chosen that each term is read off by itself."""

from gradcheck.experiments.conventions import Conventions, measure_conventions
from gradcheck.experiments.points import Sizes

__all__ = ["Conventions", "Sizes", "measure_conventions"]
