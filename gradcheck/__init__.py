"""Is this gradient, written by hand, right; and if not, what is the mistake.

Importing the package imports no numpy; the parts are loaded when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcheck.checker import check_gradients as check_gradients
    from gradcheck.checker import check_network as check_network
    from gradcheck.checker import check_vjp as check_vjp
    from gradcheck.errors import GradcheckError as GradcheckError
    from gradcheck.errors import GradientMismatchError as GradientMismatchError
    from gradcheck.errors import SubmissionError as SubmissionError
    from gradcheck.numeric import numeric_gradient as numeric_gradient
    from gradcheck.rendering import render_html as render_html
    from gradcheck.report import Report as Report
    from gradcheck.report import Verdict as Verdict
    from gradcheck.submissions import check_submission as check_submission

    from . import networks as networks
    from . import strategies as strategies

__version__ = "0.1.0"

when_problem_is_imported: "list[Callable[[], None]]" = []
"""Called at the end of `gradcheck.problem`: a way to wait for types without them."""

_HOMES = {
    "check_gradients": "checker",
    "check_network": "checker",
    "check_vjp": "checker",
    "check_submission": "submissions",
    "numeric_gradient": "numeric",
    "GradcheckError": "errors",
    "GradientMismatchError": "errors",
    "SubmissionError": "errors",
    "render_html": "rendering",
    "Report": "report",
    "Verdict": "report",
}
_MODULES = ("networks", "strategies", "testing")

__all__ = ["__version__", *_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(import_module(f"gradcheck.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"gradcheck.{name}")
    else:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
