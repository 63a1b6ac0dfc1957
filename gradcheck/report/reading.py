"""A report read back from the data that `Report.to_dict` made of it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from gradcheck.errors import GradcheckError
from gradcheck.report.parts import (
    Bound,
    Finding,
    Outcome,
    ParameterReport,
    Verdict,
    Worst,
)
from gradcheck.report.records import SCHEMA, Cost, Report, Subject

T = TypeVar("T")


def from_dict(data: Any) -> Report:
    """Return the report that `data` was made from.

    Parameters
    ----------
    data : mapping
        As `Report.to_dict` returns it, also after a way through JSON. Keys that this
        version does not know are left out.

    Raises
    ------
    GradcheckError
        If `data` is not a report, or follows a newer schema.

    Examples
    --------
    >>> from gradcheck.report import Report, Verdict
    >>> report = Report(Verdict.WRONG, message="twice too large", seed=3)
    >>> from_dict(report.to_dict()) == report
    True
    """
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if schema != SCHEMA:
        raise GradcheckError(
            f'a report has "schema": {SCHEMA}, but this has {schema!r}: '
            "was it written by another version of gradcheck?"
        )
    try:
        return _report(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GradcheckError(f"this is not a whole report: {error!r}") from error


def _report(data: Mapping[str, Any]) -> Report:
    parts: dict[str, Any] = {
        "verdict": Verdict(data["verdict"]),
        "subject": _record(Subject, data.get("subject", {})),
        "cost": _record(Cost, data.get("cost", {})),
        "parameters": {
            name: _parameter(value)
            for name, value in data.get("parameters", {}).items()
        },
        "findings": tuple(_record(Finding, item) for item in data.get("findings", ())),
        "fingerprint": {
            name: tuple(numbers)
            for name, numbers in data.get("fingerprint", {}).items()
        },
    }
    for key in ("hygiene", "laws"):
        parts[key] = tuple(_record(Outcome, item) for item in data.get(key, ()))
    return _record(Report, {**data, **parts})


def _parameter(data: Mapping[str, Any]) -> ParameterReport:
    parts: dict[str, Any] = {"verdict": Verdict(data["verdict"])}
    for key in ("max_rel_error", "detectable"):
        parts[key] = _number(data.get(key))
    worst, bound = data.get("worst"), data.get("bound")
    if worst:
        numbers = {key: _number(worst[key]) for key in ("analytic", "numeric", "error")}
        parts["worst"] = _record(Worst, {**worst, **numbers})
    if bound:
        parts["bound"] = _record(Bound, bound)
    return _record(ParameterReport, {**data, **parts})


def _record(kind: type[T], data: Mapping[str, Any]) -> T:
    """Make a record of the keys that it has; lists become tuples again."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: _frozen(value) for key, value in data.items() if key in names})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _number(value: Any) -> float | None:
    """Undo the spelling of numbers that JSON cannot hold."""
    return None if value is None else float(value)
