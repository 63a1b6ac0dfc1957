"""What a loss says about its own derivative, by evaluation alone."""

from gradcheck.numeric.gradient import NumericGradient, numeric_gradient
from gradcheck.numeric.plans import Driver, gather, run

__all__ = ["Driver", "NumericGradient", "gather", "numeric_gradient", "run"]
