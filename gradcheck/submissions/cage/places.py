"""What a submission may read: Python, numpy, scipy, the C library, its own folder."""

import os
import sys
from typing import NamedTuple

_LOADED_LATER = (
    *("libstdc++", "libgcc_s", "libgfortran", "libquadmath", "libgomp", "libm"),
    *("libmvec", "libdl", "librt", "libz", "libffi", "liblzma", "libbz2"),
    *("libexpat", "libuuid", "libcrypto", "libssl", "libmpdec"),
)


class Places(NamedTuple):
    """Folders to show, folders inside of them to hide, and what lies on top."""

    folders: list[str]
    hidden: list[str]
    libraries: list[str]

    def one_by_one(self) -> list[str]:
        """All that may be read, as a list that does not contain what is hidden.

        Landlock only adds: a folder with something hidden in it is named entry by
        entry.
        """
        found: list[str] = []
        for folder in self.folders:
            _expand(folder, self.hidden, found)
        return [*found, *self.libraries]

    def only(self, roots: list[str]) -> "Places":
        """Show other folders, with the same hidden: those of the submission."""
        return self._replace(folders=roots, libraries=[])


def identity(path: str) -> list[int]:
    """Return what tells a file or folder from all others; empty where there is none."""
    try:
        facts = os.stat(path)
    except OSError:
        return []
    return [facts.st_dev, facts.st_ino]


def of_python(libraries: dict[str, str], hidden: list[str]) -> Places:
    """Find what this interpreter needs to read, now that it has loaded numpy.

    Parameters
    ----------
    libraries : dict
        For each library the folder in which it lies.
    hidden : list of str
        Folders never to be shown: other libraries, the reference solution.
    """
    standard = os.path.realpath(os.path.dirname(os.__file__))
    dynamic = [os.path.realpath(path) for path in sys.path if os.path.isdir(path)]
    inside = [os.path.join(standard, name) for name in ("site", "dist")]
    hide = [f"{path}-packages" for path in inside]
    own = [
        path
        for name, folder in libraries.items()
        for path in (f"{folder}/{name}", f"{folder}/{name}.libs")
        if os.path.isdir(path)
    ]
    folders = [standard, *(p for p in dynamic if not _below(p, standard))]
    shown = (*folders, *own)
    other = [
        path
        for path in _shared_libraries()
        if not any(_below(path, folder) for folder in shown)
    ]
    return Places(folders, [*hide, *hidden], [*own, *other])


def _shared_libraries() -> list[str]:
    """Give the files that are mapped now, and those that may be wanted with them."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            mapped = {line.split(maxsplit=5)[-1].strip() for line in file}
    except OSError:
        return []
    files = {path for path in mapped if path.startswith("/") and os.path.isfile(path)}
    for path in tuple(files):
        folder, name = os.path.split(path)
        if name.startswith(("libc.so", "libc-", "ld-musl")):
            files |= {
                os.path.join(folder, other)
                for other in os.listdir(folder)
                if other.partition(".so.")[0] in _LOADED_LATER
            }
    return sorted(files)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _expand(path: str, hidden: list[str], found: list[str]) -> None:
    if path in hidden:
        return
    if not any(_below(secret, path) for secret in hidden if secret != path):
        found.append(path)
        return
    try:
        entries = os.listdir(path)
    except OSError:
        return
    for entry in entries:
        _expand(os.path.join(path, entry), hidden, found)
