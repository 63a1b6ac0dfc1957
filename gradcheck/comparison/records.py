"""What an examination finds: plain numbers, and the few words they cannot say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Ruling: TypeAlias = Literal["correct", "wrong", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient, measured by itself.

    Attributes
    ----------
    index : tuple of int
        Place in the parameter.
    analytic, numeric : float
        The gradient under examination and the measured derivative.
    error : float
        Half-width of the interval that holds the derivative.
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float

    @property
    def rel_error(self) -> float:
        """Gap over the larger of the two values; 1 where that is not finite."""
        largest = max(abs(self.analytic), abs(self.numeric))
        gap = abs(self.analytic - self.numeric)
        return gap / largest if 0 < largest < float("inf") else float(gap != 0)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Relative error of a gradient, exceeded only with the probability given."""

    rel_error: float
    probability: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about the gradient of one parameter.

    Relative errors are shares of ``||S g||``, the norm of the gradient for relative
    changes of the entries, unless it is said otherwise.

    Attributes
    ----------
    verdict : {"correct", "wrong", "inconclusive"}
        Of this parameter alone.
    shape : tuple of int
        Of the parameter.
    max_rel_error : float or None
        Largest relative error seen; for a wrong gradient that of the worst entry,
        relative to the larger of its two values.
    worst : Entry or None
        For a wrong gradient, the entry furthest outside its measured error.
    bound : Certificate or None
        What the whole gradient's relative error stays below; None for a wrong gradient
        and where nothing could be measured.
    detectable : float or None
        Smallest relative error that the check would have seen.
    pattern : str
        Which entries are wrong, in words: ``"row 3"``, ``"dense"``.
    detail : str
        Why, where the numbers do not say it.
    wrong_entries : tuple of Entry
        Those found wrong, where they are few.
    """

    verdict: Ruling
    shape: tuple[int, ...] = ()
    max_rel_error: float | None = None
    worst: Entry | None = None
    bound: Certificate | None = None
    detectable: float | None = None
    pattern: str = ""
    detail: str = ""
    wrong_entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found about a gradient.

    Attributes
    ----------
    parameters : mapping of str to Judgement
        In the order of the parameters.
    verdict : {"correct", "wrong", "inconclusive"}
        Of them all.
    message : str
        Why, in a sentence, where the verdict is not plain; or empty.
    evaluations, gradient_calls : int
        What it cost.
    curves : mapping
        By parameter, errors against steps and Taylor remainders; JSON-safe.
    noise : float
        Half-width of the error of one loss, absolute.
    """

    parameters: Mapping[str, Judgement]
    verdict: Ruling
    message: str = ""
    evaluations: int = 0
    gradient_calls: int = 0
    curves: Mapping[str, Any] = field(default_factory=dict)
    noise: float = 0.0
