"""Everything that is made from the journal: tables, pages, and what platforms read."""

import hashlib
import json
import os
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gradcheck.errors import GradcheckError
from gradcheck.rendering.gradescope import gradescope_results
from gradcheck.rendering.junit import junit_xml
from gradcheck.rendering.marks import Mark, Row
from gradcheck.rendering.table import csv_text

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Style:
    """How the outputs look.

    Attributes
    ----------
    title : str
        Heading of the class page.
    public : bool
        Whether what students get leaves out the seed.
    visibility : str
        When Gradescope shows the results to students.
    pages : bool
        Whether to write HTML, which needs jinja2.
    """

    title: str = "Class report"
    public: bool = False
    visibility: str = "visible"
    pages: bool = True


def write_outputs(marks: Iterable[Mark], out: Path, style: Style) -> list[Row]:
    """Write all outputs into a folder, and return what was kept of each mark.

    ``grades.csv``, ``junit.xml`` and ``class.html`` are about the class;
    ``reports/NAME.html`` and ``gradescope/NAME.json`` about one submission each.

    Parameters
    ----------
    marks : iterable of Mark
        Read once, one at a time, so that a class of any size fits.
    out : Path
        An existing folder.
    style : Style

    Raises
    ------
    GradcheckError
        If a file cannot be written.
    """
    rows: list[Row] = []
    try:
        for folder in ("gradescope", *(["reports"] if style.pages else [])):
            (out / folder).mkdir(exist_ok=True)
        xml = junit_xml(_each(marks, out, style, rows))
        write(out / "junit.xml", xml)
        write(out / "grades.csv", csv_text(rows))
        if style.pages:
            from gradcheck.rendering.classroom import class_page

            write(out / "class.html", class_page(rows, title=style.title))
    except OSError as error:
        raise GradcheckError(
            f"{error.filename}: cannot be written: {error.strerror}"
        ) from error
    return rows


def _each(
    marks: Iterable[Mark], out: Path, style: Style, rows: list[Row]
) -> Iterator[Mark]:
    """Write what is about one submission, keep its row, and pass it on."""
    taken: set[str] = set()
    for mark in marks:
        name = file_name(mark.submission, taken)
        taken.add(name.lower())
        results = gradescope_results(
            mark, public=style.public, visibility=style.visibility
        )
        write(out / "gradescope" / f"{name}.json", json.dumps(results, indent=1) + "\n")
        if style.pages:
            from gradcheck.rendering.html import report_page

            page = report_page(
                mark.report,
                name=mark.submission,
                mark=mark,
                public=style.public,
            )
            write(out / "reports" / f"{name}.html", page)
            mark = replace(mark, link=f"reports/{name}.html")
        rows.append(Row.of(mark))
        yield mark


def file_name(submission: str, taken: Container[str] = ()) -> str:
    """Return a name that is safe in any file system and address.

    Parameters
    ----------
    submission : str
        Name as it was handed in.
    taken : container of str, optional
        Names in use, in lower case: `Alice` and `alice` are one file to some systems.

    Examples
    --------
    >>> file_name("alice.py")
    'alice.py'
    >>> file_name("../Zoë?.py")
    'Zo-.py-2660abff'
    """
    if _PLAIN.fullmatch(submission) and submission.lower() not in taken:
        return submission
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", submission).strip("-.")[:40]
    tail = hashlib.sha256(submission.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain or 'submission'}-{tail}"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    os.replace(part, path)
