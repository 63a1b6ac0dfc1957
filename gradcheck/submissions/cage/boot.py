"""The first lines that run in a child; started by path, with one JSON argument."""

import importlib.util
import json
import os
import sys
from types import ModuleType
from typing import Any

CAGE, FORMS = "_gradcheck_cage", "_gradcheck_forms"


def package(name: str, folder: str) -> ModuleType:
    """Import the package in `folder` under a private name.

    Its modules import each other relatively; ``gradcheck`` never becomes importable.
    """
    spec = importlib.util.spec_from_file_location(
        name,
        os.path.join(folder, "__init__.py"),
        submodule_search_locations=[folder],
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(settings: dict[str, Any]) -> None:
    """Become the accused of one submission, or the server that forks many."""
    package(CAGE, os.path.dirname(os.path.abspath(__file__)))
    watch = importlib.import_module(f"{CAGE}.watch")
    sys.meta_path.append(watch.Shelf(settings["libraries"]))
    role = importlib.import_module(f"{CAGE}.{settings['role']}")
    role.run(package(FORMS, settings["forms"]), settings)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
