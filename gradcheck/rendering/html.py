"""One report as a page: a single file that needs no network, for screen and paper.

The page works in light and dark and at the width of a phone; its order is that of the
terminal: verdict, points, parameters, mistakes, measurements, laws, certificate.
"""

from typing import Any

from gradcheck import __version__
from gradcheck.rendering.figures import Figure, figures
from gradcheck.rendering.heatmap import LEGEND
from gradcheck.rendering.marks import Mark, without_seed
from gradcheck.rendering.pages import environment
from gradcheck.report import Report, headline


def report_page(
    report: Report,
    *,
    name: str = "",
    mark: Mark | None = None,
    public: bool = False,
    back: str = "",
) -> str:
    """Return a whole page on one report.

    Parameters
    ----------
    report : Report
        New, or read back with `gradcheck.report.from_dict`.
    name : str, optional
        Heading; by default the file and the object in it.
    mark : Mark, optional
        Points to show.
    public : bool, default=False
        Whether to leave out the seed and how to repeat the check: for a student who
        is graded at points that stay secret.
    back : str, optional
        Address of the page of the class.

    Raises
    ------
    ImportError
        Without jinja2 (``pip install 'gradcheck[report]'``).
    """
    words = _words(without_seed(report) if public else report, name, public)
    template = environment().get_template("report.html.j2")
    return template.render(words, mark=mark, back=back)


def report_fragment(report: Report) -> str:
    """Return a report as a piece of HTML with its own style, as notebooks show it."""
    words = _words(report, "", public=False)
    template = environment().get_template("report_fragment.html.j2")
    return template.render(words, mark=None, back="")


def certificate(report: Report) -> str:
    """Return in a sentence what could have escaped the check; or nothing."""
    bounds = [p.bound for p in report.parameters.values() if p.bound is not None]
    if not bounds or not report.ok:
        return ""
    largest = max(bounds, key=lambda bound: bound.rel_error)
    return (
        f"A relative error above {largest.rel_error:.0e} in any parameter would have "
        f"escaped with probability below {largest.probability:.0e}."
    )


def _words(report: Report, name: str, public: bool) -> dict[str, Any]:
    """Everything that the template says."""
    label, text = headline(report)
    subject = report.subject
    path = subject.path or ""
    file = path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    title = name or ": ".join(part for part in (file, subject.object) if part)
    drawn = [(key, figures(report.curves, key)) for key in report.parameters]
    plots: list[tuple[str, list[Figure]]] = [(key, made) for key, made in drawn if made]
    return {
        "report": report,
        "name": title or "gradient",
        "path": "" if name or public or path == file else path,
        "label": label,
        "headline": text,
        "plots": plots,
        "legend": LEGEND,
        "certificate": certificate(report),
        "public": public,
        "version": __version__,
    }
