"""What the accused says, and what its silence means, put into sentences.

Everything in here comes from a stranger: it is cleaned and bounded, and nothing of it
can make a verdict other than `broken`.
"""

import json
import signal
from collections.abc import Mapping
from typing import Any, TypeGuard

from gradcheck.submissions import problems
from gradcheck.submissions.cage import wire
from gradcheck.submissions.exchange import FloodError, LateError
from gradcheck.submissions.launch import Ending
from gradcheck.submissions.problems import BrokenSubmissionError, printable
from gradcheck.submissions.sources import Source

_LATE = (
    "gave no answer within {:g} s; look for a loop that does not end, or allow more "
    "with --timeout"
)
_FLOOD = "printed more than 8 MiB; remove the print from the loop"
_SPOILED = (
    "sent no answer that could be read ({}); a submission computes and returns, it "
    "does not write to open descriptors"
)
_SCRATCH = "wrote more than 64 MB of files; a submission computes, it needs no files"
_EXITED = (
    "ended with exit status {} before it had answered; a submission returns its "
    "result, remove sys.exit and os._exit"
)
_KILLED = (
    "was ended by the system ({}) before it had answered: it crashed, ran out of "
    "memory or did what a submission may not do; run the file by itself to see where"
)
_DEPTH = 12


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object that the child wrote, every text in it made printable.

    Raises
    ------
    wire.ProtocolError
        It is no such thing.
    """
    try:
        found = _clean(json.loads(body[4:]), _DEPTH)
    except (ValueError, RecursionError) as error:
        raise wire.ProtocolError(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise wire.ProtocolError("no JSON object")
    return found


def complaint(
    body: bytes,
    source: Source,
    kind: type[BrokenSubmissionError],
    shapes: Mapping[str, tuple[int, ...]],
) -> BrokenSubmissionError:
    """Make the exception for a PROBLEM that the child reports.

    Parameters
    ----------
    body : bytes
        As it came.
    source : Source
        Of the submission; a line that it does not have is dropped.
    kind : type
        The exception's, unless a shape is the problem.
    shapes : mapping
        Of the gradients that were asked for.
    """
    record = read_object(body)
    line = record.get("line")
    if type(line) is not int or not 1 <= line <= source.lines:
        line = None
    code = problems.code_of(record.get("code"))
    text = str(record.get("text") or "could not be checked")
    name, got = str(record.get("parameter")), record.get("got")
    if code != "shape-mismatch" or name not in shapes or not _is_shape(got):
        return kind(source.name, code, text, line)
    error = problems.WrongShapeError(source.name, code, text, line)
    error.parameter, error.got, error.should = name, tuple(got), shapes[name]
    return error


def silence(
    name: str, error: Exception, ending: Ending | None, timeout: float
) -> BrokenSubmissionError:
    """Make the exception for an answer that did not come.

    Parameters
    ----------
    name : str
        Of the file.
    error : Exception
        What the exchange raised.
    ending : Ending or None
        Of the process, if it ended.
    timeout : float
        Seconds that were allowed.
    """
    if ending is not None and ending.why != "stopped":
        return problems.DiedError(name, *_death(ending, timeout))
    if isinstance(error, LateError):
        return problems.TimedOutError(name, "timeout", _LATE.format(timeout))
    if isinstance(error, FloodError):
        return problems.FloodedError(name, "flood", _FLOOD)
    how = "it closed the line" if ending else printable(error, limit=200)
    text = _SPOILED.format(how)
    return problems.BadReplyError(name, "protocol", text)


def _death(ending: Ending, timeout: float) -> tuple[str, str]:
    if ending.why == "scratch":
        return "scratch", _SCRATCH
    number = -ending.status if ending.status is not None else 0
    if ending.why == "time" or number == getattr(signal, "SIGXCPU", -1):
        return "timeout", _LATE.format(timeout)
    if number <= 0:
        return "exit", _EXITED.format(ending.status)
    names = {s.value: s.name for s in signal.Signals}
    return "killed", _KILLED.format(names.get(number, f"signal {number}"))


def _is_shape(value: object) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) <= 32
        and all(type(n) is int and 0 <= n < 2**63 for n in value)
    )


def _clean(value: Any, depth: int) -> Any:
    """Rebuild a JSON value with every text in it made printable."""
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {printable(k): _clean(v, depth - 1) for k, v in value.items()}
    return value
