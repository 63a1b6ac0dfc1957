"""What a mistake is, as data: slots, variants, faults, and a fault committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from gradcheck.problem import Network

Site: TypeAlias = int | str | None
"""Where a slot stands: a layer (1 is the first), a parameter's name, or nowhere."""

Setting: TypeAlias = Callable[[Any, Any, Any, "Mistake"], Any]
"""``setting(pass_, site, value, mistake) -> value``: what fills a slot wrongly."""

SLOTS = (
    "call",
    "probs",
    "targets",
    "outer",
    "delta",
    "examples",
    "batch",
    "factor",
    "hidden",
    "hidden-after",
    "scale",
    "whole",
    "carried",
    "carrier",
    "incoming",
    "mask",
    "input",
    "layout",
    "tap",
    "reduce",
    "penalty",
    "loss-data",
    "loss-penalty",
    "finish",
)
"""The slots in the order of the pass, which is the order of the findings too."""

MULTIPLICATIVE = frozenset({"batch", "factor", "hidden", "hidden-after"}) | {
    "scale",
    "whole",
}
"""Slots that several mistakes may fill at once: their values multiply."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which people commit a mistake.

    Attributes
    ----------
    label : str
        What tells it from the others, in words; empty for the usual one.
    slot : str
        The slot of the pass that it fills; one of `SLOTS`.
    setting : callable
        ``(pass_, site, value, mistake) -> value``. In the slot ``"call"`` the value is
        a whole ``loss_and_grads`` and ``pass_`` is the `Specification`.
    also : tuple of (str, callable)
        Further slots that the same line of code spoils.
    when : callable
        ``network -> bool``: whether people can write it so there.
    """

    label: str
    slot: str
    setting: Setting
    also: tuple[tuple[str, Setting], ...] = ()
    when: Callable[[Network], bool] = lambda network: True


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue: a mistake that people make.

    Attributes
    ----------
    id : str
        Kebab-case name of the mistake; public, never changes.
    title, equation, wrong, right, advice, unnoticed, see : str
        The mistake in a few words; the equation that it breaks; the wrong and the
        right line (numpy); what to do; why it often goes unnoticed; how to see it.
    variants : tuple of Variant
        Ways to commit it; the first is the usual one.
    sites : callable
        ``network -> sequence of tuples``: where it can be committed, each tuple being
        one mistake; empty where it does not apply.
    constant : {None, "affine", "nonlinear"}
        How the slot's value depends on the free constant, if there is one.
    example : float or None
        A typical value of that constant.
    needs_equal_sizes : bool
        Whether the line runs only where two sizes agree.
    rare : bool
        Whether the choice between equal explanations should prefer another.
    """

    id: str
    title: str
    equation: str
    wrong: str
    right: str
    advice: str
    unnoticed: str
    see: str
    variants: tuple[Variant, ...] = ()
    sites: Callable[[Network], Sequence[tuple[Any, ...]]] = lambda network: ()
    constant: Literal["affine", "nonlinear"] | None = None
    example: float | None = None
    needs_equal_sizes: bool = False
    rare: bool = False

    def variant(self, label: str) -> Variant:
        """Return the variant with this label.

        Raises
        ------
        KeyError
            If there is none.
        """
        for variant in self.variants:
            if variant.label == label:
                return variant
        raise KeyError(f"{self.id} has no variant {label!r}")


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """A fault committed: which, where, in which form and with which constant.

    Attributes
    ----------
    id : str
        Key of `CATALOGUE`.
    sites : tuple
        Layers or names of parameters; empty where the fault has only one place.
    variant : str
        Label of the variant; empty for the usual one.
    constant : float or None
        The free constant: a factor, a slope, a learning rate, a threshold.
    """

    id: str
    sites: tuple[Any, ...] = ()
    variant: str = ""
    constant: float | None = None

    def __str__(self) -> str:
        where = "".join(f" {site}" for site in self.sites)
        how = f" [{self.variant}]" if self.variant else ""
        value = "" if self.constant is None else f" {self.constant:.6g}"
        return f"{self.id}{where}{how}{value}"
