"""The results as they come: one line a submission, appended, never rewritten.

A line that a kill tore apart is dropped when the journal is next opened, so that a
rerun does what is left and repeats nothing.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from gradcheck.errors import GradcheckError


class Journal:
    """``reports.jsonl``: opened once, held by one writer.

    Each line is a JSON object with at least ``submission`` and ``key``; the last line
    of a submission counts. Only places are kept in memory, so that a class of any size
    can be graded.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    GradcheckError
        If another process is writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = open(path, "a+b")  # noqa: SIM115 - closed by close()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise GradcheckError(
                f"{path} is being written by another gradcheck; wait for it, or choose "
                "another --out"
            ) from None
        self._places: dict[str, tuple[str, int]] = {}
        self._scan()

    def _scan(self) -> None:
        """Find what is there, and cut off a torn last line."""
        self._file.seek(0)
        place = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            record = _parsed(line)
            if record is not None:
                self._places[record["submission"]] = (record["key"], place)
            place += len(line)
        self._file.truncate(place)
        self._file.seek(0, os.SEEK_END)

    def __contains__(self, entry: tuple[str, str]) -> bool:
        """Return whether this submission was graded under this key."""
        submission, key = entry
        return self._places.get(submission, ("", 0))[0] == key

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one result and hand it to the system at once."""
        line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(line + b"\n")
        self._file.flush()
        self._places[record["submission"]] = (record["key"], place)

    def read(self, submission: str) -> dict[str, Any]:
        """Return the last result of a submission.

        Raises
        ------
        KeyError
            If there is none.
        """
        self._file.seek(self._places[submission][1])
        record: dict[str, Any] = json.loads(self._file.readline())
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._places))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(record, dict) and {"submission", "key"} <= set(record)
    return record if whole else None
