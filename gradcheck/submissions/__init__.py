"""Files that people hand in: loaded, understood and run apart."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.submissions.judge import check_submission as check_submission

__all__ = ["check_submission"]


def __getattr__(name: str) -> Any:
    """Load the judge when it is first asked for."""
    if name == "check_submission":
        return import_module("gradcheck.submissions.judge").check_submission
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
