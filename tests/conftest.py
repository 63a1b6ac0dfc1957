"""Fixtures for several test modules."""

import sys
import tempfile

import numpy as np
import pytest


@pytest.fixture
def apart():
    """Undo what loading a file does to this process, as its own process's end would."""
    finders, path = list(sys.meta_path), list(sys.path)
    modules, names = dict(sys.modules), dict(vars(np))
    yield
    sys.meta_path[:], sys.path[:] = finders, path
    for name, module in list(sys.modules.items()):
        if name not in modules and _is_theirs(module):
            del sys.modules[name]
    sys.modules.update(modules)
    for name in ("reshape", "int", "float", "object", "complex", "str"):
        if name in names:
            setattr(np, name, names[name])
        elif name in vars(np):
            delattr(np, name)


def _is_theirs(module):
    """Whether a module is a stand-in, or one that lies beside a file of the test."""
    file = str(getattr(module, "__file__", None) or "")
    stand_in = type(module).__module__.startswith("gradcheck.submissions")
    return stand_in or file.startswith(tempfile.gettempdir())
