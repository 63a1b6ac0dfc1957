"""The catalogue of mistakes, and a backward pass that can commit any of them."""

from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.commit import (
    compatible,
    inject,
    keys,
    singles,
    table,
    touched,
    typical,
    upstream_first,
)
from gradcheck.faults.passes import Pass
from gradcheck.faults.records import SLOTS, Fault, Mistake, Variant
from gradcheck.faults.specification import Specification, specify

__all__ = [
    "CATALOGUE",
    "SLOTS",
    "Fault",
    "Mistake",
    "Pass",
    "Specification",
    "Variant",
    "compatible",
    "inject",
    "keys",
    "singles",
    "specify",
    "table",
    "touched",
    "typical",
    "upstream_first",
]
