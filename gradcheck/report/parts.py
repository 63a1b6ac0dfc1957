"""The parts of a report: verdicts, parameters, mistakes and rules, as records."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The four answers, each with the exit code of the command."""

    CORRECT = "correct"
    WRONG = "wrong"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"

    @property
    def exit_code(self) -> int:
        """Exit code: 0 correct, 1 wrong, 3 broken, 4 inconclusive (2 is usage)."""
        return {"correct": 0, "wrong": 1, "broken": 3, "inconclusive": 4}[self.value]


@dataclass(frozen=True, slots=True)
class Worst:
    """The entry of a parameter furthest outside its measured error.

    Attributes
    ----------
    index : tuple of int
        Place in the parameter.
    analytic, numeric : float
        The submitted gradient and the measured derivative there.
    error : float
        Half-width of the interval that holds the derivative.
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float


@dataclass(frozen=True, slots=True)
class Bound:
    """Relative error of a gradient, exceeded only with the probability given."""

    rel_error: float
    probability: float


@dataclass(frozen=True, slots=True)
class ParameterReport:
    """What was found about the gradient of one parameter.

    Attributes
    ----------
    verdict : Verdict
        Of this parameter alone.
    shape : tuple of int
        Of the parameter.
    max_rel_error : float or None
        Largest relative error seen, in units of the gradient's size.
    worst : Worst or None
        The worst entry, where one was measured by itself.
    bound : Bound or None
        The certificate; None where nothing could be certified.
    detectable : float or None
        Smallest relative error that this check would have seen.
    pattern : str
        Which entries are wrong, in words: ``"row 3"``, ``"dense"``, or empty.
    detail : str
        Why, where the verdict is not plain from the numbers; or empty.
    """

    verdict: Verdict
    shape: tuple[int, ...] = ()
    max_rel_error: float | None = None
    worst: Worst | None = None
    bound: Bound | None = None
    detectable: float | None = None
    pattern: str = ""
    detail: str = ""

    @property
    def places(self) -> str:
        """The pattern as people say it."""
        return "every entry" if self.pattern == "dense" else self.pattern


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, named and proven, or one measured fact.

    Attributes
    ----------
    id : str
        Id of the mistake (`gradcheck explain ID`); empty for a measured fact.
    parameters : tuple of str
        Whose gradients it touches.
    measured, expected : str
        The number that gives it away, and what it should be.
    statement, advice : str
        One sentence each: what is wrong, and what to change.
    verified : bool
        Whether committing it on the reference reproduces the submitted gradient.
    ties : tuple of str
        Other explanations that fit equally well.
    file, line, column, end_column : str, int
        Where in the submission; None where unsure. Columns count characters from 0.
    proof : str
        How it is known, and what undoing it does; or empty.
    snippet : tuple of (int, str)
        Numbered lines of the submission around `line`.
    remark : str
        What is wrong with the marked code, in a few words; or empty.
    """

    id: str
    parameters: tuple[str, ...] = ()
    measured: str = ""
    expected: str = ""
    statement: str = ""
    advice: str = ""
    verified: bool = False
    ties: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    proof: str = ""
    snippet: tuple[tuple[int, str], ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one law or one rule of hygiene.

    Attributes
    ----------
    id : str
        Id of the law or rule.
    ok : bool
        Whether it holds.
    detail : str
        What was found, in a sentence.
    fatal : bool
        Whether breaking it makes the gradient wrong, or is only worth a remark.
    """

    id: str
    ok: bool
    detail: str = ""
    fatal: bool = True
