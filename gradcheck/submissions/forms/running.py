"""Run the definitions of a file, and only those.

A file that trains, downloads, plots or asks for input when imported still defines the
functions that are to be checked. Imports, functions, classes and plain constants are
taken; calls, loops and whatever fails are left out and listed.
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import sys
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import reading, smoothing, stubs
from .course import SOURCES
from .refusal import Refused
from .selecting import calls_only_local, is_definition, is_inert, targets
from .trees import walk

REAL = frozenset({"numpy", "scipy", "mpmath"})


class Workspace:
    """The file's surroundings: its folder, its package, and what they lack.

    Parameters
    ----------
    path : str
        Of the submission.
    smooth : bool
        Whether to leave small constants out of logarithms; see `smoothing`.
    """

    def __init__(self, path: str, *, smooth: bool = False) -> None:
        self.smooth = smooth
        self.path = Path(path).absolute()
        self.missing: list[str] = []
        self.skipped: dict[str, tuple[ast.stmt, dict[str, Any]]] = {}
        self.left_out: list[int] = []
        self.failures: dict[str, tuple[str, int]] = {}
        self.neighbours: list[Any] = []
        self._loaded: list[str] = []
        self._finder = _Finder(self)
        self.roots: list[Path] = []

    def close(self) -> None:
        """Forget the modules of this submission."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        for name in self._loaded:
            sys.modules.pop(name, None)

    def remember(self, name: str) -> None:
        """Note that a module of this name belongs to the submission."""
        self._loaded.append(name)

    def load(self, tree: ast.Module) -> Any:
        """Run the definitions of the submission and return its module."""
        stubs.restore_old_numpy()
        nodes = ast.walk(tree) if self.smooth else walk(tree)  # a tree that changes
        level = max(
            (n.level for n in nodes if isinstance(n, ast.ImportFrom)), default=0
        )
        package = self._package(level)
        name = ".".join([*package, self.path.stem or "submission"])
        name = name if name not in sys.modules else f"_submission_{self.path.stem}"
        sys.meta_path.insert(0, self._finder)
        for depth in range(1, len(package) + 1):
            self._parent(package, depth)
        module = types.ModuleType(name)
        module.__file__ = str(self.path)
        module.__package__ = ".".join(package)
        sys.modules[name] = module
        self.remember(name)
        self.execute(tree, module.__dict__, main=True)
        return module

    def _package(self, level: int) -> list[str]:
        folder, parts = self.path.parent, list[str]()
        while folder.name and ((folder / "__init__.py").exists() or len(parts) < level):
            parts.insert(0, folder.name)
            folder = folder.parent
        self.roots = [self.path.parent, folder]
        above = self.path.parent
        for _ in range(3):
            above = above.parent
            if len(above.parts) > 1 and above not in self.roots:
                self.roots.append(above)
        return [p for p in parts if p.isidentifier()]

    def _parent(self, package: Sequence[str], depth: int) -> None:
        name = ".".join(package[:depth])
        folder = self.path.parent
        for _ in range(len(package) - depth):
            folder = folder.parent
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        if name not in sys.modules:
            sys.modules[name] = module
            self.remember(name)

    def execute(
        self, tree: ast.Module, space: dict[str, Any], *, main: bool = False
    ) -> None:
        """Run what is safe of `tree` in the namespace `space`."""
        if self.smooth:
            tree = smoothing.without_offsets(tree)
        space.setdefault("__builtins__", builtins)
        space.setdefault("xrange", range)
        for name in ("exit", "quit"):  # which the module `site` would define
            space.setdefault(name, sys.exit)
        if any(
            isinstance(s, ast.ImportFrom) and s.names[0].name == "*" for s in tree.body
        ):  # a helper that is not there may have brought numpy along
            space.setdefault("np", np)
        for statement in tree.body:
            if not is_definition(statement):
                if isinstance(statement, ast.Assign | ast.AnnAssign):
                    for name in targets(statement):
                        self.skipped[name] = (statement, space)
                elif main and not is_inert(statement):
                    self.left_out.append(statement.lineno)
                continue
            self._run(statement, space, main)

    def _run(self, statement: ast.stmt, space: dict[str, Any], main: bool) -> None:
        code = compile(
            ast.Module([statement], []), str(space.get("__file__", "file")), "exec"
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(code, space)
        except ImportError as error:
            self._import_failed(statement, space, error)
        except (Exception, SystemExit) as error:
            if main and isinstance(statement, ast.FunctionDef | ast.ClassDef):
                text = f"{type(error).__name__}: {' '.join(str(error).split())}"
                self.failures[statement.name] = (text, statement.lineno)
            for name in targets(statement):
                self.skipped[name] = (statement, space)

    def _import_failed(
        self, statement: ast.stmt, space: dict[str, Any], error: ImportError
    ) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
            elif not isinstance(node, ast.Import):
                continue
            else:
                module = ""
            for alias in node.names:
                if alias.name == "*":
                    continue
                full = f"{module}.{alias.name}".strip(".")
                given = stubs.KNOWN.get(module, {}).get(alias.name)
                bound = alias.asname or alias.name.split(".")[0]
                space.setdefault(bound, given or stubs._Placeholder(full))
            self.note_missing(module or node.names[0].name)

    def note_missing(self, name: str) -> None:
        """Remember that module `name` is not there."""
        if name not in self.missing:
            self.missing.append(name)

    def supply(self, name: str) -> bool:
        """Run the left-out assignment that defines `name`; whether that worked."""
        statement, space = self.skipped.pop(name, (None, {}))
        if statement is None or not calls_only_local(statement, space):
            return False
        try:
            exec(compile(ast.Module([statement], []), "file", "exec"), space)
        except (Exception, SystemExit):
            return False
        return name in space


def _asked_by_a_library() -> bool:
    """Whether an installed package, and not the submission, is importing."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None:
        return False
    name = str(frame.f_globals.get("__name__", "")).split(".")[0]
    standard = name in sys.stdlib_module_names and frame.f_globals.get("__spec__")
    return name in REAL or bool(standard)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds neighbours of the submission, and stands in for what is missing."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or top in REAL or top == "gradcheck":
            return None
        if _asked_by_a_library():  # which knows what to do without it
            return None
        found = self._neighbour(name, path)
        if found is not None:
            loader: Any = _Neighbour(self.workspace, found)
            spec = importlib.machinery.ModuleSpec(name, loader, origin=str(found))
            if found.suffix != ".py":
                spec.submodule_search_locations = [str(found)]
            return spec
        return importlib.machinery.ModuleSpec(
            name, _Missing(self.workspace), is_package=True
        )

    def _neighbour(self, name: str, path: Sequence[str] | None) -> Path | None:
        last = name.rsplit(".", 1)[-1]
        folders = [Path(p) for p in path] if path else []
        places = [f / last for f in folders] or [
            root.joinpath(*name.split(".")) for root in self.workspace.roots
        ]
        for place in places:
            for candidate in (place.with_name(place.name + ".py"), place):
                if candidate.suffix == ".py" and candidate.is_file():
                    return candidate
                if candidate.is_dir() and any(candidate.glob("*.py")):
                    return candidate
        return None


class _Neighbour(importlib.abc.Loader):
    """Loads a neighbouring file, its definitions only."""

    def __init__(self, workspace: Workspace, place: Path) -> None:
        self.workspace, self.place = workspace, place

    def exec_module(self, module: Any) -> None:
        self.workspace.remember(module.__name__)
        file = self.place
        if file.suffix != ".py":
            file = file / "__init__.py"
            if not file.exists():
                return
        module.__file__ = str(file)
        try:
            tree, _, _ = reading.parse(file.read_bytes(), str(file))
        except Refused as refusal:
            if refusal.code != "empty":
                self.workspace.note_missing(f"{module.__name__} ({refusal.code})")
                module.__class__ = _Unreadable
            return
        except OSError:
            return
        self.workspace.execute(tree, module.__dict__)
        self.workspace.neighbours.append((module, tree))


class _Unreadable(types.ModuleType):
    """A neighbour that does not parse."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stubs._Placeholder(f"{self.__name__}.{name}")


class _Missing(importlib.abc.Loader):
    """Makes a stand-in for a module that is not there."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def create_module(self, spec: Any) -> Any:
        self.workspace.remember(spec.name)
        self.workspace.note_missing(spec.name)
        # which importlib.import_module does not
        sys.audit("import", spec.name, None, None, None, None)
        return stubs.StubModule(spec.name)

    def exec_module(self, module: Any) -> None:
        source = SOURCES.get(module.__name__)
        if source is not None:
            tree = ast.parse(source)
            self.workspace.execute(tree, module.__dict__)
            self.workspace.neighbours.append((module, tree))
