"""What a filter compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def field(value: Mapping[str, Any], name: str) -> Any:
    """A field of an item or of metadata. Where none has this name, "a.b" is the field b of the field a, as in
    LangGraph's SQLite savers and stores; None if there is none."""
    if name in value or "." not in name:
        return value.get(name)
    found: Any = value
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found
