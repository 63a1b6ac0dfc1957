"""The catalogue: every mistake that has a name, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradcheck.faults.catalogue import (
    arithmetic,
    batch,
    biases,
    calls,
    examples,
    hidden,
    losses,
    output,
    penalties,
    weights,
)
from gradcheck.faults.records import Fault

_MODULES = (
    batch,
    biases,
    penalties,
    hidden,
    output,
    examples,
    losses,
    weights,
    calls,
    arithmetic,
)

CATALOGUE: Mapping[str, Fault] = MappingProxyType(
    {fault.id: fault for module in _MODULES for fault in module.FAULTS}
)
"""Every mistake by its id, in the order of the explanations."""
