"""Which way is worse: a score for hypothesis' search to climb."""

from math import isnan, log10

from hypothesis import target
from hypothesis.control import currently_in_test_context

_FLOOR, _CEILING = 1e-20, 1e20


def climb(error: float, *, label: str = "relative error") -> None:
    """Tell hypothesis how bad this example was, so that it looks for worse ones.

    Parameters
    ----------
    error : float
        Anything that is zero where all is well and grows with the damage, such as a
        relative error. Its logarithm is the score, clipped to 20 decades either way;
        NaN counts as infinite. Outside a hypothesis test nothing happens.
    label : str, default="relative error"
        Different labels are climbed independently; use each once a test case.

    Examples
    --------
    >>> climb(1e-9)
    """
    if currently_in_test_context():
        size = _CEILING if isnan(error) else min(max(abs(error), _FLOOR), _CEILING)
        target(log10(size), label=label)
