"""The page of a class: what went wrong how often, and who made the same mistake.

One file without network; it sorts and filters with a little script and reads well
without it. A row costs about 500 bytes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from gradcheck import __version__, fingerprint
from gradcheck.faults import CATALOGUE
from gradcheck.rendering import svg
from gradcheck.rendering.marks import Row
from gradcheck.rendering.pages import environment
from gradcheck.report import Verdict


@dataclass(frozen=True, slots=True)
class Share:
    """How many made a mistake: its name, what it means, a number and a percentage."""

    name: str
    title: str
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Group:
    """Submissions with the same wrong gradient."""

    title: str
    message: str
    rows: tuple[Row, ...]


def class_page(rows: Sequence[Row], *, title: str = "Class report") -> str:
    """Return the page of a class.

    Parameters
    ----------
    rows : sequence of Row
        One a submission, in the order in which they are shown.
    title : str, optional
        Heading.

    Raises
    ------
    ImportError
        Without jinja2 (``pip install 'gradcheck[report]'``).
    """
    counts = Counter(row.verdict for row in rows)
    scores = [row.score for row in rows] or [0.0]
    return (
        environment()
        .get_template("class.html.j2")
        .render(
            title=title,
            rows=rows,
            verdicts=[(verdict, counts[verdict]) for verdict in Verdict],
            mean=fmean(scores),
            median=median(scores),
            most=max((row.max_points for row in rows), default=0.0),
            mistakes=shares(rows),
            groups=groups(rows),
            timing=timing(rows),
            histogram=histogram([row.seconds for row in rows]),
            version=__version__,
        )
    )


def shares(rows: Sequence[Row]) -> list[Share]:
    """Count each named mistake, most frequent first."""
    counts = Counter(name for row in rows for name in dict.fromkeys(row.mistakes))
    return [
        Share(name, _title(name), count, round(100 * count / len(rows)))
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def groups(rows: Sequence[Row]) -> list[Group]:
    """Gather submissions whose wrong gradients are the same, largest group first.

    Fingerprints decide where both have one, because they are measured; the names of
    the mistakes where there is none. A group has two members at least.
    """
    gathered: list[list[Row]] = []
    for row in rows:
        if row.verdict is not Verdict.WRONG or not (row.fingerprint or row.mistakes):
            continue
        for group in gathered:
            if _same(group[0], row):
                group.append(row)
                break
        else:
            gathered.append([row])
    gathered = [group for group in gathered if len(group) > 1]
    gathered.sort(key=len, reverse=True)
    return [
        Group(
            ", ".join(group[0].mistakes) or f"not named; {group[0].network}",
            group[0].message,
            tuple(group),
        )
        for group in gathered
    ]


def timing(rows: Sequence[Row]) -> str:
    """Say in a sentence what the checks took."""
    if not rows:
        return "Nothing was checked."
    seconds = sorted(row.seconds for row in rows)
    slowest = max(rows, key=lambda row: row.seconds)
    return (
        f"{sum(seconds):.1f} s of checking; median {median(seconds):.2f} s; "
        f"slowest {slowest.submission}, {slowest.seconds:.2f} s"
    )


def histogram(seconds: Sequence[float]) -> str:
    """Draw how long the checks took; nothing for fewer than two."""
    if len(seconds) < 2:
        return ""
    x = svg.linear_axis([0.0, *seconds], svg.LEFT, svg.WIDTH - svg.RIGHT)
    bins = 24
    width = (x.high - x.low) / bins
    counts = Counter(min(bins - 1, int((s - x.low) / width)) for s in seconds)
    y = svg.linear_axis(
        [0.0, float(max(counts.values()))], svg.HEIGHT - svg.BOTTOM, svg.TOP
    )
    body = svg.frame(x, y, "seconds", "submissions")
    for place, count in sorted(counts.items()):
        left, right = (x(x.low + width * i) for i in (place, place + 1))
        top, bottom = y(float(count)), y(0.0)
        body += (
            f'<rect class="bin" x="{left:.1f}" y="{top:.1f}" '
            f'width="{right - left - 0.5:.1f}" height="{bottom - top:.1f}"/>'
        )
    return svg.figure(body, f"seconds of {len(seconds)} checks")


def _title(mistake: str) -> str:
    """Return what the catalogue calls a mistake; nothing for an unnamed one."""
    fault = CATALOGUE.get(mistake.split(" ")[0])
    return fault.title if fault else ""


def _same(one: Row, other: Row) -> bool:
    if one.fingerprint and other.fingerprint:
        return fingerprint.similar(one.fingerprint, other.fingerprint)
    return not (one.fingerprint or other.fingerprint) and one.mistakes == other.mistakes
