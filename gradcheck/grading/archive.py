"""Unpacking an archive that strangers made: nothing gets out, nothing swells."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from gradcheck.errors import GradcheckError

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold once unpacked.

    Attributes
    ----------
    files : int
        Number of members.
    bytes : int
        Of all members together, as really read and not as the archive claims.
    file_bytes : int
        Of one member; a larger one is left out.
    """

    files: int = 20_000
    bytes: int = 1 << 30
    file_bytes: int = 64 << 20


def extract(archive: Path, folder: Path, *, limits: Limits | None = None) -> list[str]:
    """Unpack `archive` into `folder`, and return a note on each member left out.

    Links, members that point outside, encrypted, damaged and oversized ones are left
    out; nothing that exists is overwritten.

    Parameters
    ----------
    archive : Path
        A zip file.
    folder : Path
        Exists or is made.
    limits : Limits, optional

    Raises
    ------
    GradcheckError
        If it is no zip file, or holds more than `limits` in all.
    """
    limits = limits or Limits()
    notes: list[str] = []
    room = limits.bytes
    try:
        with ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > limits.files:
                raise GradcheckError(
                    f"{archive.name} holds {len(members)} files, but should hold at "
                    f"most {limits.files}"
                )
            for member in members:
                member.filename = _name_of(member)
                problem = _unwanted(member, limits)
                if not problem:
                    problem, size = _unpack(opened, member, folder, room, limits)
                    room -= size
                if room < 0:
                    raise GradcheckError(
                        f"{archive.name} unpacks to more than {limits.bytes} bytes"
                    )
                if problem:
                    notes.append(f"{archive.name}: {member.filename!r} {problem}")
    except (BadZipFile, OSError) as error:
        raise GradcheckError(f"{archive.name} cannot be unpacked: {error}") from error
    return notes


def _name_of(member: ZipInfo) -> str:
    """Return a member's name; in UTF-8 if it is, though the archive does not say so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _unwanted(member: ZipInfo, limits: Limits) -> str:
    """Return why a member is left out, or nothing."""
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and ":" in parts[0]):
        return "points outside of the folder and is left out"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device and is left out"
    if member.flag_bits & 1:
        return "is encrypted and is left out"
    if member.file_size > limits.file_bytes:
        return f"is larger than {limits.file_bytes} bytes and is left out"
    return ""


def _unpack(
    opened: ZipFile, member: ZipInfo, folder: Path, room: int, limits: Limits
) -> tuple[str, int]:
    """Write one member, and return a problem or nothing, and the bytes it took."""
    target = folder / member.filename.replace("\\", "/")
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return "", 0
    size, problem = 0, ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with (
            opened.open(member) as source,
            os.fdopen(os.open(target, flags, 0o600), "wb") as out,
        ):
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > min(room, limits.file_bytes):
                    problem = "is larger than it claims and is left out"
                    break
                out.write(chunk)
    except FileExistsError:
        return "is there twice; the first is kept", 0
    except (OSError, BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        problem = f"cannot be unpacked and is left out: {error}"
    if problem:
        target.unlink(missing_ok=True)
    return problem, size
