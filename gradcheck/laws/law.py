"""What a law is made of, and what the laws share."""

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from gradcheck.laws.examination import (
    Answer,
    Examination,
    LawResult,
    NotApplicableError,
)
from gradcheck.problem import Problem

Asking = Generator[Sequence[Problem], Sequence[Answer], LawResult]
"""A law at work: it asks for points, is given the answers there, and concludes.

A `NotApplicableError` is thrown into it where one of them has no answer.
"""


class Law(NamedTuple):
    """A law: its id, its sentence, and the function that checks it."""

    id: str
    sentence: str
    check: Callable[[Examination], Asking]


def law(name: str, sentence: str) -> Callable[[Callable[[Examination], Asking]], Law]:
    """Make a function a law."""
    return lambda check: Law(name, sentence, check)


def bias_of(weight: str) -> str:
    """Return the name of the bias that goes with a weight matrix."""
    return weight.replace("W", "b")


def softmax_layer(exam: Examination) -> str:
    """Return the weights that make the scores of a softmax.

    Raises
    ------
    NotApplicableError
        If the cost is another.
    """
    if exam.network.cost != "softmax" or exam.network.output != "identity":
        raise NotApplicableError("the cost is not a softmax of the scores")
    return exam.network.weights[-1]
