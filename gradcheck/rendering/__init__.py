"""How a report looks: in a terminal, on a page, in a grader."""

from gradcheck.report import Report


def render_html(report: Report, *, fragment: bool = False) -> str:
    """Return a report as one HTML page that needs no network.

    Parameters
    ----------
    report : Report
        What a check found.
    fragment : bool, default=False
        Whether to return a piece for a notebook instead of a whole page.

    Raises
    ------
    ImportError
        Without jinja2 (``pip install 'gradcheck[report]'``).
    """
    from gradcheck.rendering import html

    return html.report_fragment(report) if fragment else html.report_page(report)
