"""What a check found: its records, and the words made from them."""

from gradcheck.report.lines import Line, wrapped
from gradcheck.report.parts import (
    Bound,
    Finding,
    Outcome,
    ParameterReport,
    Verdict,
    Worst,
)
from gradcheck.report.reading import from_dict
from gradcheck.report.records import SCHEMA, Cost, Report, Subject
from gradcheck.report.words import headline, lines, plain_text

__all__ = [
    "SCHEMA",
    "Bound",
    "Cost",
    "Finding",
    "Line",
    "Outcome",
    "ParameterReport",
    "Report",
    "Subject",
    "Verdict",
    "Worst",
    "from_dict",
    "headline",
    "lines",
    "plain_text",
    "wrapped",
]
