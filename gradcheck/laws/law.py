"""What a law is made of, and what the laws share."""

from collections.abc import Callable
from typing import NamedTuple

from gradcheck.laws.examination import (
    Examination,
    LawResult,
    NotApplicableError,
)


class Law(NamedTuple):
    """A law: its id, its sentence, and the function that checks it."""

    id: str
    sentence: str
    check: Callable[[Examination], LawResult]


def law(
    name: str, sentence: str
) -> Callable[[Callable[[Examination], LawResult]], Law]:
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
