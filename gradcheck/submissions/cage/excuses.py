"""Puts what a submission raised into a sentence: what happened, and what to do."""

from typing import Any, Protocol


class Circumstances(Protocol):
    """What is known of the submission whose code raised."""

    forms: Any
    path: str
    memory_mb: int


class UnanswerableError(Exception):
    """A question that the submission cannot answer, and why."""

    def __init__(
        self, code: str, text: str, line: int | None = None, **facts: Any
    ) -> None:
        super().__init__(text)
        self.record = {"code": code, "text": text, "line": line, **facts}


_LONGEST = 5000
_WITHHELD = (
    "imports {}, which differentiates by itself and is withheld: a submission derives "
    "its gradient by hand, with numpy. Without it, {}"
)
_MEMORY = (
    "{} needed more than the {} MB that it may have; use less, or allow more with "
    "--memory"
)


def explain(
    error: BaseException, what: str, context: str, of: Circumstances
) -> UnanswerableError:
    """Word an exception that came out of the submission's code.

    Parameters
    ----------
    error : BaseException
        Of any kind; its message is foreign code too.
    what : str
        What was being done: begins the sentence.
    context : str
        How it was called, if that helps.
    of : Circumstances
        Path of the file, its memory, and the package of forms.
    """
    line = _line_in(of.path, error)
    refused = getattr(of.forms, "Refused", ())
    if isinstance(error, refused):
        found: Any = error
        own = found.line if found.line is not None else line
        return UnanswerableError(found.code, found.text, own)
    if isinstance(error, SystemExit):
        text = f"{what} called exit(); a submission returns, remove the call"
        return UnanswerableError("exit", text, line)
    if isinstance(error, MemoryError):
        return UnanswerableError("memory", _MEMORY.format(what, of.memory_mb), line)
    if isinstance(error, RecursionError):
        text = f"{what} called itself without end; look at the recursion"
        return UnanswerableError("recursion", text, line)
    hint = context or "run the file by itself to see more"
    text = f"{what} raised {type(error).__name__}: {words(error)}; {hint}"
    return UnanswerableError("raised", text, line)


def name_libraries(problem: UnanswerableError, notes: dict[str, Any]) -> dict[str, Any]:
    """Give a problem's record; say so if the file asked for what it may not have."""
    record = {**problem.record, "text": str(problem.record["text"])[:_LONGEST]}
    found = notes.get("autodiff")
    if found:
        record["code"] = "autodiff-library"
        record["text"] = _WITHHELD.format(", ".join(found), record["text"])
    return record


def _line_in(path: str, error: BaseException) -> int | None:
    """Find the last line of the file that the exception passed through."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or None
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def words(error: BaseException) -> str:
    """Give an exception's message, which is foreign code too."""
    try:
        return str(error)[:500]
    except BaseException:
        return "(its message cannot be read)"


def article(value: Any) -> str:
    """Name the type of a value, with its article."""
    name = type(value).__name__[:60]
    return f"{'an' if name[:1] in 'aeioAEIO' else 'a'} {name}"
