"""Every law at once: what they ask for is asked in as few rounds as there are."""

from collections.abc import Sequence
from dataclasses import replace

from gradcheck._typing import Grads
from gradcheck.laws.examination import (
    Answer,
    Examination,
    LawResult,
    NotApplicableError,
    epsilon,
)
from gradcheck.laws.law import Asking, Law
from gradcheck.problem import Problem

_Answers = dict[int, Answer | NotApplicableError]
_Waiting = tuple[Law, Asking, Sequence[Problem]]


def conclude(laws: Sequence[Law], exam: Examination) -> tuple[LawResult, ...]:
    """Try each law, and return what each says, in their order.

    What the function returns without a penalty says how precisely it computes; with
    one, single and double precision may be mixed.
    """
    answers: _Answers = {}
    exam = _precise(exam, answers)
    results: dict[str, LawResult] = {}
    waiting: list[_Waiting] = []
    for law in laws:
        _go_on(law, law.check(exam), None, waiting, results)
    kept: list[Problem] = []  # for they are known by their ids
    while waiting:
        round_, waiting = waiting, []
        every = {id(p): p for _, _, points in round_ for p in points}
        points = [p for key, p in every.items() if key not in answers]
        for point, answer in zip(points, exam.ask(points), strict=True):
            answers[id(point)] = _with_errors(exam, point, answer)
        kept += points
        for law, asking, wanted in round_:
            found = [answers[id(p)] for p in wanted]
            _go_on(law, asking, found, waiting, results)
    return tuple(results[law.id] for law in laws)


def _precise(exam: Examination, answers: _Answers) -> Examination:
    """Ask at the problem itself; return the examination with the precision there."""
    (answer,) = exam.ask([exam.here])
    if not isinstance(answer, NotApplicableError):
        exam = replace(exam, eps=epsilon(*answer))
    answers[id(exam.here)] = _with_errors(exam, exam.here, answer)
    return exam


def _with_errors(
    exam: Examination,
    point: Problem,
    answer: tuple[float, Grads] | NotApplicableError,
) -> Answer | NotApplicableError:
    if isinstance(answer, NotApplicableError):
        return answer
    return exam.answer(point, *answer)


def _go_on(
    law: Law,
    asking: Asking,
    found: Sequence[Answer | NotApplicableError] | None,
    waiting: list[_Waiting],
    results: dict[str, LawResult],
) -> None:
    """Let a law work until it asks again, or concludes."""
    try:
        if found is None:
            wanted = next(asking)
        else:
            failed = [a for a in found if isinstance(a, NotApplicableError)]
            given = [a for a in found if isinstance(a, Answer)]
            wanted = asking.throw(failed[0]) if failed else asking.send(given)
    except StopIteration as end:
        results[law.id] = end.value
    except NotApplicableError as reason:
        text = f"not tested: {reason}"
        results[law.id] = LawResult(law.id, True, text, applicable=False)
    else:
        waiting.append((law, asking, wanted))
