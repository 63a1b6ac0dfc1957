"""Plain data that any JSON reader takes."""

from collections.abc import Mapping
from enum import StrEnum
from math import isfinite
from typing import Any


def json_safe(value: Any) -> Any:
    """Turn tuples into lists, and numbers that JSON cannot hold into strings."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return str(value) if isinstance(value, StrEnum) else value
