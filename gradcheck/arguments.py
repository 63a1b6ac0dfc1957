"""What a check is asked for: numbers that make sense, and functions."""

from collections.abc import Mapping
from math import isfinite
from numbers import Integral, Real
from typing import Any

from gradcheck.errors import GradcheckError
from gradcheck.misuse import refuse_no_function


def check_options(
    *,
    seed: Any = 0,
    rtol_required: Any = None,
    noise: Any = None,
    known: Any = None,
) -> None:
    """Refuse options that mean nothing.

    Raises
    ------
    GradcheckError
        If the seed is no whole number >= 0, the required error no number above 0, the
        noise no finite number >= 0, or a known number has no inverse.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise GradcheckError(f"seed = {seed!r}, but should be a whole number >= 0")
    if rtol_required is not None and not (_number(rtol_required) and rtol_required > 0):
        raise GradcheckError(
            f"rtol_required = {rtol_required!r}, but should be a number > 0: the "
            "largest relative error that may stay unseen"
        )
    if noise is not None and not (_number(noise) and isfinite(noise) and noise >= 0):
        raise GradcheckError(
            f"noise = {noise!r}, but should be a finite number >= 0: the absolute "
            "error of one loss"
        )
    _check_known({} if known is None else known)


def _check_known(known: Any) -> None:
    if not isinstance(known, Mapping):
        raise GradcheckError(
            f"known = {known!r}, but should be a mapping of names to numbers"
        )
    for name, value in known.items():
        if not (_number(value) and isfinite(value) and value != 0):
            raise GradcheckError(
                f"known[{name!r}] = {value!r}, but should be a finite number other "
                "than 0"
            )


def check_function(function: Any, name: str, form: str) -> None:
    """Refuse what cannot be called.

    Raises
    ------
    GradcheckError
        Naming the argument and the form that it should have.
    """
    refuse_no_function(function, name, form)


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
