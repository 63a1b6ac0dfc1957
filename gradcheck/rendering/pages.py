"""The templates and the small words that all pages share."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gradcheck.faults import CATALOGUE
from gradcheck.report import Finding, Verdict

_WORDS = {
    Verdict.CORRECT: "right",
    Verdict.WRONG: "wrong",
    Verdict.INCONCLUSIVE: "cannot tell",
    Verdict.BROKEN: "broken",
}


@cache
def environment() -> Environment:
    """Return the templates; what they are given is escaped."""
    made = Environment(
        loader=PackageLoader("gradcheck.rendering"),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "brief": brief,
        "equations": equations,
        "number": number,
        "points": points,
        "shape": shape,
        "snippet": snippet,
        "word": word,
    }
    return made


def word(verdict: str) -> str:
    """Return the word for a verdict: right, wrong, cannot tell, broken."""
    return _WORDS[Verdict(verdict)]


def brief(value: float | None) -> str:
    """Return an error in two digits, or nothing where there is none."""
    return "" if value is None else f"{value:.1e}"


def number(value: float) -> str:
    """Return a number in six digits."""
    return f"{value:.6g}"


def points(value: float) -> str:
    """Return points without needless zeros, in at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def shape(sides: Sequence[int]) -> str:
    """Return a shape as people write it: ``4 × 6``; a scalar has none."""
    return " × ".join(map(str, sides)) or "scalar"


def equations(finding: Finding) -> list[tuple[str, str]]:
    """Return what the catalogue says of a mistake: equation, wrong and right line."""
    fault = CATALOGUE.get(finding.id)
    if fault is None:
        return []
    terms = (
        ("equation", fault.equation),
        ("wrong", fault.wrong),
        ("right", fault.right),
    )
    return [(term, words) for term, words in terms if words]


def snippet(finding: Finding) -> Markup:
    """Return numbered source lines, with the mistaken part marked."""
    wide = max((len(str(no)) for no, _ in finding.snippet), default=1)
    lines = []
    for no, source in finding.snippet:
        code: Any = escape(source)
        if no == finding.line:
            start = finding.column or 0
            end = finding.end_column if finding.column is not None else None
            end = len(source) if end is None else max(end, start + 1)
            code = (
                escape(source[:start])
                + Markup("<mark>{}</mark>").format(source[start:end])
                + escape(source[end:])
            )
            if finding.remark:
                code += Markup('  <span class="remark">← {}</span>').format(
                    finding.remark
                )
        lines.append(
            Markup('<span class="no">{} |</span> {}').format(f"{no:>{wide}}", code)
        )
    return Markup("\n").join(lines)
