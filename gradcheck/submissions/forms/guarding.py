"""Call what a stranger wrote, and put what comes of it into words."""

import io
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from . import stubs
from .patience import SECONDS, EndlessError, limited
from .refusal import Refused

_SMALL = "a batch of seven examples"


def quietly(function: Callable[[], Any], *, seconds: float = SECONDS) -> Any:
    """Call `function` with its output thrown away and its warnings off.

    Raises
    ------
    EndlessError
        If it takes more than `seconds` of processor time.
    """
    with (
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        np.random.seed(0)  # noqa: NPY002
        with limited(seconds):
            return function()


def refusal_of(
    error: BaseException, path: str, missing: Sequence[str],
    told: tuple[str, str] | None = None,
) -> Refused:  # fmt: skip
    """Put an exception that the file raised into words, with the line it came from.

    Parameters
    ----------
    error : exception
        What it raised.
    path : str
        Of the file.
    missing : sequence of str
        Modules that are not there.
    told : tuple of str, optional
        What more is known of the exception, and a remedy of its own.
    """
    if isinstance(error, Refused):
        return error
    line, name = None, ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == path:
            line, name = trace.tb_lineno, code.co_name
        trace = trace.tb_next
    if isinstance(error, EndlessError):
        return Refused(
            "timeout",
            f"{name or 'it'} gave no answer within {SECONDS:g} s on {_SMALL} (it was "
            f"at line {line}); a loss and its gradient were expected: look for a loop "
            "that does not end",
            line,
        )
    if isinstance(error, stubs.MissingHelperError):
        module = str(error).rpartition(".")[0] or str(error)
        return Refused(
            "missing-helper",
            f"{name or 'the work'} needs {error}, and the module {module!r} is not "
            "there: put it next to the file, as the course does",
            line,
        )
    said = " ".join(str(error).split())  # on one line, for it is a stranger's
    text = f"{type(error).__name__}: {said}".rstrip(": ")
    undefined = isinstance(error, NameError) and missing
    if undefined:
        text += f" (not found on import: {', '.join(missing)})"
    where = f"{name} raises " if name and name != "<module>" else "it raises "
    at = f" at line {line}" if line else ""
    known, remedy = told or ("", f"run it once on {_SMALL} and mend that line")
    at += f": {known}" if known else ""
    return Refused(
        "crashes",
        f"{where}{text}{at}; a loss and its gradient were expected: {remedy}",
        line,
    )
