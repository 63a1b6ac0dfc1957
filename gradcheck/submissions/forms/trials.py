"""What came of one reading of a file, and which reading is to be preferred."""

from dataclasses import dataclass

from . import usage
from .recipe import Outcome, Recipe
from .refusal import Refused


@dataclass(slots=True)
class Trial:
    """What came of one recipe.

    Attributes
    ----------
    rank : int
        3 consistent, 2 runs, 1 runs but something is missing, 0 raises.
    moves : bool
        Whether the loss depends on the parameters at all.
    """

    recipe: Recipe
    rank: int
    outcome: Outcome | None = None
    error: Refused | None = None
    progress: int = 0
    missing: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    dims: tuple[int, ...] = ()
    moves: bool = True

    @property
    def merit(self) -> tuple[bool, bool, int, int, bool, bool, int]:
        """What to prefer: a whole batch that runs, then what is consistent, and so on.

        The file's own loss comes before one that we supply. One example at a time
        comes last: it hides every mistake about the batch. A net of several outputs
        whose bias has one number for a gradient comes after a net of one output.
        """
        batch, runs = not self.recipe.each, self.stands
        own = self.recipe.loss_step is not None
        right, rank = len(self.right), 2 if self.turned else self.rank
        plain = self.moves and not (self.outcome and self.outcome.scalars)
        return (
            runs and batch, runs and own, rank, right, plain, batch, self.progress
        )  # fmt: skip

    @property
    def turned(self) -> bool:
        """Whether only a gradient's transposed shape keeps a batch from running.

        The sizes are all distinct, so that no wrong reading comes as far.
        """
        code = self.error.code if self.error is not None else ""
        return code == "transposed" and not self.recipe.each

    @property
    def stands(self) -> bool:
        """Whether no reading of one example at a time is needed.

        A step in which no parameter goes with any loss may be many steps, one an
        example, each from where the last has led.
        """
        recipe = self.recipe
        alone = recipe.by_step and recipe.loss_step is None and not self.right
        lost = alone and usage.goes_through_examples(recipe.steps[-1][0])
        return (self.rank >= 2 and not lost) or self.turned

    @property
    def settled(self) -> bool:
        """Whether a loss of our own choice would hide what the file's loss shows.

        One example at a time settles nothing: arrays of one row broadcast.
        """
        own = self.recipe.loss_step is not None
        return self.rank >= 2 and own and not self.recipe.each


@dataclass(slots=True)
class Sizes:
    """Sizes to try a file with, and whether it runs with no others."""

    dims: tuple[int, ...]
    biases: bool = True
    fixed: bool = False
