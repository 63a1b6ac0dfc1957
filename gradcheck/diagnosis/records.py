"""What a diagnosis says, as records."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcheck.experiments import Conventions
from gradcheck.faults import Mistake


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake named and proven, or one measured fact (then `id` is empty).

    Attributes
    ----------
    id : str
        Key of `gradcheck.faults.CATALOGUE`.
    parameters : tuple of str
        Whose gradients it touches.
    measured, expected : str
        The number that gives it away, and what it should be.
    statement, advice : str
        One sentence each.
    verified : bool
        Whether committing it on the reference reproduces the gradient.
    ties : tuple of str
        Other explanations that fit equally well.
    proof : str
        How it is known.
    """

    id: str
    parameters: tuple[str, ...] = ()
    measured: str = ""
    expected: str = ""
    statement: str = ""
    advice: str = ""
    verified: bool = False
    ties: tuple[str, ...] = ()
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """The smallest example that still shows the mistake.

    Attributes
    ----------
    N, D, C : int
    hidden : tuple of int
    sentence : str
        What it is, and why nothing smaller would do.
    """

    N: int
    D: int
    hidden: tuple[int, ...]
    C: int
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that the experiments found.

    Attributes
    ----------
    mistakes : tuple of Mistake
        Named and verified, the closest to the loss first; empty if there are none,
        or none that could be named.
    ties : tuple of tuple of Mistake
        Other sets that give the same gradient everywhere tried.
    findings : tuple of Finding
        The mistakes in words, then measured facts.
    right : bool
        Whether the gradient equals the reference's, for the loss as measured.
    explained : bool
        Whether the named mistakes reproduce every answer.
    conventions : Conventions or None
        Of the loss.
    loss_statement : str
        What is to be said about the loss itself; empty if nothing.
    undo : str
        What undoing the mistakes does, in a sentence.
    example : Example or None
    calls : int
        Calls of the accused.
    measurements : tuple of str
        Lines for the curious.
    remarks : tuple of str
        Ids of what goes wrong in the loss at large scores.
    fickle : str
        What one call raised where the same call ran the next time.
    """

    mistakes: tuple[Mistake, ...] = ()
    ties: tuple[tuple[Mistake, ...], ...] = ()
    findings: tuple[Finding, ...] = ()
    right: bool = False
    explained: bool = False
    conventions: Conventions | None = None
    loss_statement: str = ""
    undo: str = ""
    example: Example | None = None
    calls: int = 0
    measurements: tuple[str, ...] = field(default=())
    remarks: tuple[str, ...] = ()
    fickle: str = ""

    @property
    def facts(self) -> tuple[Finding, ...]:
        """The findings that are measurements and not names."""
        return tuple(f for f in self.findings if not f.id)
