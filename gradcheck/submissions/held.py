"""A report in the file's own layout: shapes and places as the author knows them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.report import Finding, ParameterReport, Report

FORMS = ("in_out", "out_in", "vector", "flat", "row", "column", "scalar")
"""How a file may hold an array of its own; see `submissions.forms.shapes.Slot`."""

_OF_A_LINE = ("", "penalty-row-free", "penalty-on-biases")
"""Findings whose sentence speaks of rows and columns of a parameter."""


def as_held(report: Report, forms: Mapping[str, str]) -> Report:
    """Turn shapes, indices and words to how the file holds each parameter.

    Parameters
    ----------
    report : Report
        Rows are examples, weights are (inputs, outputs), biases flat.
    forms : mapping of str to str
        By parameter; one of `FORMS`. What is missing stays as it is.
    """
    parameters = {
        name: _turned(p, forms[name]) if forms.get(name) in FORMS else p
        for name, p in report.parameters.items()
    }
    curves = {name: dict(curve) for name, curve in report.curves.items()}
    for name, p in report.parameters.items():
        if forms.get(name) == "out_in" and "entries" in curves.get(name, {}):
            curves[name]["entries"] = _transposed(curves[name]["entries"], p.shape)
    turned = {name for name, form in forms.items() if form == "out_in"}
    return replace(
        report,
        parameters=parameters,
        curves=curves,
        findings=tuple(
            _reworded(f) if f.id in _OF_A_LINE and {*f.parameters} <= turned else f
            for f in report.findings
        ),
    )


def _turned(p: ParameterReport, form: str) -> ParameterReport:
    worst = p.worst
    if worst is not None:
        worst = replace(worst, index=_place(worst.index, p.shape, form))
    pattern = re.sub(
        r"\[([\d, ]*)\]",
        lambda m: f"[{', '.join(map(str, _place(_numbers(m[1]), p.shape, form)))}]",
        p.pattern,
    )
    if form == "out_in":
        pattern = _swapped(pattern)
    return replace(p, shape=_shape(p.shape, form), worst=worst, pattern=pattern)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in text.split(",") if n.strip())


def _shape(shape: tuple[int, ...], form: str) -> tuple[int, ...]:
    size = int(np.prod(shape))
    if form in ("in_out", "out_in"):
        whole = shape if len(shape) == 2 else (size, 1)
        return whole[::-1] if form == "out_in" else whole
    shapes: dict[str, tuple[int, ...]] = {"row": (1, size), "column": (size, 1)}
    shapes["scalar"] = () if size == 1 else shape
    return shapes.get(form, (size,))


def _place(
    index: tuple[int, ...], shape: tuple[int, ...], form: str
) -> tuple[int, ...]:
    """Return where the file holds the entry at an index of ours."""
    flat = int(np.ravel_multi_index(index, shape)) if len(index) == len(shape) else 0
    held = _shape(shape, form)
    if form == "out_in":
        return tuple(int(i) for i in np.unravel_index(flat, held[::-1]))[::-1]
    return tuple(int(i) for i in np.unravel_index(flat, held)) if held else ()


def _transposed(entries: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    if len(shape) < 2:
        return dict(entries)
    turned: dict[str, Any] = {}
    for part, numbers in entries.items():
        if part == "shape":
            turned[part] = list(shape)[::-1]
        elif np.size(numbers) == np.prod(shape):
            turned[part] = np.reshape(numbers, shape).T.reshape(-1).tolist()
        else:
            turned[part] = numbers
    return turned


def _reworded(finding: Finding) -> Finding:
    def turn(text: str) -> str:
        return re.sub(r"\((\d+), (\d+)\)", r"(\2, \1)", _swapped(text))

    return replace(
        finding,
        statement=turn(finding.statement),
        measured=turn(finding.measured),
        expected=turn(finding.expected),
        advice=turn(finding.advice),
    )


def _swapped(text: str) -> str:
    """Write row for column, and column for row."""
    other = {"row": "column", "column": "row"}
    return re.sub(r"\b(row|column)(?=s?\b)", lambda m: other[m[1]], text)
