"""One mark as the ``results.json`` that Gradescope reads.

The fields are those of https://gradescope-autograders.readthedocs.io/en/latest/specs:
``score`` overrides the sum of the tests; a test without a score is for information.
"""

from typing import Any

from gradcheck import __version__
from gradcheck.rendering.marks import Item, Mark, mistakes, without_seed
from gradcheck.report import plain_text

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


def gradescope_results(
    mark: Mark, *, public: bool = True, visibility: str = "visible"
) -> dict[str, Any]:
    """Return the results of one submission, JSON-safe.

    Parameters
    ----------
    mark : Mark
        The submission, graded.
    public : bool, default=True
        Whether to leave out how to repeat the check, which holds the seed.
    visibility : str, default="visible"
        When students see it: one of `VISIBILITIES`.

    Raises
    ------
    ValueError
        If `visibility` is none of these.
    """
    if visibility not in VISIBILITIES:
        raise ValueError(
            f"visibility is {visibility!r}, but should be one of "
            f"{', '.join(VISIBILITIES)}"
        )
    return {
        "score": mark.score,
        "execution_time": round(mark.seconds, 3),
        "output": plain_text(without_seed(mark.report) if public else mark.report),
        "output_format": "ansi",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": [_test(item, i) for i, item in enumerate(mark.items, 1)],
        "extra_data": {
            "gradcheck": __version__,
            "verdict": str(mark.report.verdict),
            "mistakes": list(mistakes(mark.report)),
        },
    }


def _test(item: Item, number: int) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": item.name,
        "number": str(number),
        "status": "passed" if item.ok else "failed",
        "output": item.text,
    }
    if item.max_points > 0:
        test |= {"score": item.points, "max_score": item.max_points}
    return test
