"""The reports of a test run as one page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from gradcheck.report import from_dict

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>gradcheck: {title}</title></head><body>
"""


def page(found: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return one page that needs no network.

    Parameters
    ----------
    found : sequence of (str, mapping)
        The name of each test, and its report as `Report.to_dict` made it.

    Raises
    ------
    ImportError
        Without jinja2 (``pip install 'gradcheck[report]'``).
    """
    from gradcheck.rendering.html import report_fragment, report_page

    if len(found) == 1:
        name, report = found[0]
        return report_page(from_dict(report), name=name)
    parts = [_HEAD.format(title=f"{len(found)} checks")]
    parts.append("<ul>")
    for place, (name, report) in enumerate(found):
        text = escape(f"{report['verdict']}: {name}")
        parts.append(f'<li><a href="#t{place}">{text}</a></li>')
    parts.append("</ul>")
    for place, (name, report) in enumerate(found):
        parts.append(f'<h2 id="t{place}">{escape(name)}</h2>')
        parts.append(report_fragment(from_dict(report)))
    return "\n".join([*parts, "</body></html>", ""])
