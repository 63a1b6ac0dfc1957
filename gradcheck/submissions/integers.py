"""Gradients that are arrays of integers, and lose what follows the point."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradcheck.report import Finding, Outcome, Report, Verdict


def remark(report: Report, notes: Mapping[str, Any]) -> Report:
    """Say which of the wrong gradients are arrays of integers.

    What was measured of them without a name says nothing more, and is left out.

    Parameters
    ----------
    report : Report
        Of one unit.
    notes : mapping
        What the child has seen; see `Session.notes`. It is believed only of gradients
        that are wrong where they hold a whole number.
    """
    told = notes.get("dtypes")
    seen: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    types = {
        name: str(seen[name])
        for name in report.parameters
        if str(seen.get(name)).startswith(("int", "uint")) and _whole(report, name)
    }
    if not types:
        return report
    named = _named(types)
    rule = Outcome("integer-arithmetic", False, named.statement, fatal=False)
    others = [
        f for f in report.findings
        if f.id or not f.parameters or not set(f.parameters) <= set(types)
    ]  # fmt: skip
    hygiene = (*report.hygiene, rule)
    return replace(report, findings=(named, *others), hygiene=hygiene)


def _whole(report: Report, name: str) -> bool:
    """Whether a gradient is wrong, and a whole number where it is so most."""
    parameter = report.parameters[name]
    wrong, worst = parameter.verdict is Verdict.WRONG, parameter.worst
    return wrong and worst is not None and float(worst.analytic).is_integer()


def _named(types: Mapping[str, str]) -> Finding:
    """Say what is lost, and how to keep it."""
    *others, last = types
    listed = f"{', '.join(others)} and {last}" if others else last
    what = f"gradients of {listed} are" if others else f"gradient of {last} is"
    first = types[last]
    return Finding(
        "integer-arithmetic",
        tuple(types),
        first,
        "float64",
        f"the {what} of type {first}, but should be float64: what follows the point "
        "is cut off",
        f"make it with np.zeros({last}.shape), without astype(int)",
    )
