"""The checks of a file as a list, which the command shows and writes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gradcheck.report import Line, wrapped
from gradcheck.testing.checks import checks_for

Listed = dict[str, Any]


def list_checks(subject: str | Path, *, network: str, seed: int) -> list[Listed]:
    """Run every check of a file.

    Parameters
    ----------
    subject : str or Path
        ``FILE`` or ``FILE:OBJECT``, see `checks_for`.
    network : str
        Name of the reference, or ``"auto"``.
    seed : int
        Of points and directions.

    Returns
    -------
    list of dict
        ``id``, ``kind``, ``ok``, and ``detail``: why it fails, or a remark.

    Raises
    ------
    GradcheckError
        If there is nothing that can be checked.
    """
    reference = None if network == "auto" else network
    found = []
    for check in checks_for(subject, network=reference, seed=seed):
        ok, detail = check.outcome()
        found.append({"id": check.id, "kind": check.kind, "ok": ok, "detail": detail})
    return found


def check_lines(found: Sequence[Listed]) -> Iterator[Line]:
    """Yield a list of checks as text, a line each where it fits.

    Examples
    --------
    >>> one = {"id": "batch-mean", "kind": "law", "ok": True, "detail": ""}
    >>> two = {"id": "b-N7-reg0", "kind": "gradient", "ok": False, "detail": "wrong: b"}
    >>> for line in check_lines([one, two]):
    ...     print(line.text)
    checks: 2, of which 1 fails
      ok    batch-mean
      FAIL  b-N7-reg0   wrong: b
    """
    failed = sum(not check["ok"] for check in found)
    verb = "fails" if failed == 1 else "fail"
    yield Line("text", f"checks: {len(found)}, of which {failed or 'none'} {verb}")
    width = max((len(check["id"]) for check in found), default=0)
    for check in found:
        role, mark = ("right", "ok  ") if check["ok"] else ("wrong", "FAIL")
        if check["ok"] and check["detail"]:
            role = "unsure"
        first = f"  {mark}  {check['id']:<{width}}  "
        detail = check["detail"].split("\n")[0].removeprefix(f"{check['id']}: ")
        if detail:
            yield from wrapped(role, detail, first=first)
        else:
            yield Line(role, first.rstrip())
