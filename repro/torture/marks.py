"""Values that say where they come from, and the short marks by which a history names them.

A written value carries the request id that wrote it, the number of the try and the mark of the value that it was made
from, so that a lost update, a torn value or somebody else's bytes show in the value itself. Pure functions.
"""

from __future__ import annotations

import zlib
from typing import Any

ABSENT = "-"


def make(request_id: str, attempt: int, previous: str, size: int, **more: Any) -> dict[str, Any]:
    """The value that a try writes. previous: the mark of the value that it was made from; size: bytes of padding."""
    return {"op": request_id, "try": attempt, "prev": previous, "pad": _pad(request_id, attempt, size), **more}


def mark(value: Any, exists: bool = True) -> str:
    """What a value is: who wrote it; of a list its length and checksum; "damaged" where the padding is not its own."""
    if not exists:
        return ABSENT
    if isinstance(value, dict) and "op" in value:
        whole = value["pad"] == _pad(value["op"], value["try"], len(value["pad"]))
        return f"{value['op']}#{value['try']}" if whole else f"damaged {value['op']}#{value['try']}"
    if isinstance(value, list):
        return list_mark(len(value), list_sum(value))
    return f"number {value}"


def list_sum(items: list[Any], before: int = 0) -> int:
    """The checksum of a list, or of its end behind a beginning with the checksum `before`."""
    for item in items:
        before = zlib.crc32(f"{item}\n".encode(), before)
    return before


def list_mark(length: int, checksum: int) -> str:
    return f"list {length} {checksum:08x}"


def writer_of(written: str) -> str:
    """The request id in the mark of a written value."""
    return written.rpartition("#")[0]


def _pad(request_id: str, attempt: int, size: int) -> str:
    word = f"{request_id}#{attempt}|"
    return (word * (size // len(word) + 1))[:size]
