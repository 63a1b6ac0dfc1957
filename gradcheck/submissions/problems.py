"""Every way in which a submission can fail to answer, each with its sentence.

The texts begin after the file's name: ``student.py: gave no answer within 10 s``.
"""

import re

from gradcheck.errors import SubmissionError

TEXT_LIMIT = 6000
_VERDICTS = ("correct", "wrong", "inconclusive")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


class BrokenSubmissionError(SubmissionError):
    """A submission that could not be read, loaded or run.

    Attributes
    ----------
    name : str
        The file's name, fit for a terminal and for a page.
    code : str
        In kebab-case, stable.
    text : str
        What happened, what was expected, the next step.
    line : int or None
        In the file, from 1.
    """

    def __init__(
        self, name: str, code: str, text: str, line: int | None = None
    ) -> None:
        where = name if line is None else f"{name}:{line}"
        super().__init__(f"{where}: {text}")
        self.name = name
        self.code = code
        self.text = text
        self.line = line


class UnreadableError(BrokenSubmissionError):
    """The file itself cannot be read."""


class RefusedError(BrokenSubmissionError):
    """The child could not load the file, or found nothing in it to check."""


class FailedCallError(BrokenSubmissionError):
    """A call raised, or returned what is no loss and no gradient."""


class WrongShapeError(FailedCallError):
    """A gradient has another shape than its parameter.

    Attributes
    ----------
    parameter : str
        Its name.
    got, should : tuple of int
        The two shapes.
    """

    parameter: str = ""
    got: tuple[int, ...] = ()
    should: tuple[int, ...] = ()


class TimedOutError(BrokenSubmissionError):
    """The submission did not answer in time."""


class DiedError(BrokenSubmissionError):
    """The process ended before it had answered."""


class FloodedError(BrokenSubmissionError):
    """The submission printed more than anybody would read."""


class BadReplyError(BrokenSubmissionError):
    """What came back over the channel was no answer."""


def printable(text: object, *, limit: int = TEXT_LIMIT) -> str:
    r"""Keep of a text what a terminal, XML and HTML show as it is.

    Control characters, escape sequences, marks of direction, lone surrogates and
    characters without a meaning go; the ends of lines stay.

    Examples
    --------
    >>> printable("red: \x1b[31m, backwards: \u202e.")
    'red: [31m, backwards: .'
    """
    kept = "".join(c for c in str(text) if c.isprintable() or c == "\n")
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def code_of(text: object) -> str:
    """Keep a code if it is one, else call the problem by its most general name."""
    plausible = isinstance(text, str) and _CODE.fullmatch(text)
    return str(text) if plausible and text not in _VERDICTS else "failed"
