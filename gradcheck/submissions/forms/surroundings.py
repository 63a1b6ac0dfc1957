"""What is known of a file before anything in it is called."""

from typing import Any

from . import search
from .functions import functions_of
from .offer import Unit
from .patience import EndlessError
from .refusal import Refused
from .running import Workspace
from .search import Search, Trial


class Surroundings:
    """A file, its neighbours, and what was found wrong on the way.

    Parameters
    ----------
    tree : ast.Module
    text : str
        Its source.
    workspace : Workspace
    notes : sequence of str
        What was left out so far.
    """

    space: dict[str, Any]
    trees: list[Any]
    undefined: tuple[str, ...]
    search: Search
    classes: dict[str, Any]

    def __init__(self, tree: Any, text: str, workspace: Workspace, notes: Any) -> None:
        self.tree, self.text, self.workspace = tree, text, workspace
        self.notes = list(notes)
        self.functions = functions_of(tree)
        self.problems: list[Refused] = []

    def _guard(self, name: str, make: Any) -> Unit:
        try:
            unit: Unit = make()
            return unit
        except Refused as refused:
            problem = refused
        except (Exception, EndlessError) as error:
            problem = search.refusal_of(
                error, str(self.workspace.path), self.workspace.missing
            )
        self.problems.append(problem)
        broken = {"code": problem.code, "text": problem.text, "line": problem.line}
        interface = getattr(problem, "interface", None)
        hint = {"object": name, "interface": interface, "broken": broken}
        return Unit({**hint, "begun": problem.begun})


def better(trial: Trial, best: Trial) -> bool:
    """Whether one trial is to be preferred to another."""
    return trial.merit > best.merit
