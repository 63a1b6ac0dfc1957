"""Rules of the house that a machine can check."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "gradcheck"
LAYERS = """
_typing errors
| misuse
| problem structure randomness arguments
| recall
| lanes
| asking
| networks numeric
| reading
| rules
| guard
| comparison entries fingerprint hygiene laws
| faults factors
| experiments
| diagnosis
| report
| checker
| rendering
| submissions frameworks strategies
| registration
| grading testing scaffold
| commands
| cli pytest_plugin
"""
LEVEL = {m: i for i, layer in enumerate(LAYERS.split("|")) for m in layer.split()}


def imported_modules(source):
    """Yield the modules of gradcheck that a source imports, by their first name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = (
                [f"gradcheck.{alias.name}" for alias in node.names]
                if module == "gradcheck"
                else [module]
            )
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "gradcheck" and len(parts) > 1 and parts[1] in LEVEL:
                yield parts[1]


def broken_rules(here, source):
    """Return the imports in `source`, a part of module `here`, that point upwards."""
    return [
        there
        for there in imported_modules(source)
        if there != here and LEVEL[there] >= LEVEL[here]
    ]


SOURCES = sorted(p for p in ROOT.rglob("*.py") if p.parent != ROOT or p.stem in LEVEL)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_downwards(path):
    here = path.relative_to(ROOT).with_suffix("").parts[0]
    assert broken_rules(here, path.read_text(encoding="utf-8")) == []


def test_an_upward_import_is_noticed():
    assert broken_rules("numeric", "from gradcheck.networks import softmax") == [
        "networks"
    ]
    assert broken_rules("networks", "from gradcheck import numeric") == ["numeric"]
    assert broken_rules("laws", "import gradcheck.checker") == ["checker"]


def test_every_module_has_its_layer():
    stems = {p.stem for p in ROOT.glob("*.py")} - {"__init__", "__main__"}
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert stems | packages <= set(LEVEL)


def test_importing_gradcheck_imports_no_numpy():
    code = "import sys, gradcheck; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
