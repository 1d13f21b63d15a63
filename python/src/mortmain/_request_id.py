"""RequestIds: UUIDv7, so that they sort by time. Python before 3.14 has none."""

from __future__ import annotations

import os
import time

from ._errors import invalid

_VERSION = 7 << 76
_VARIANT = 2 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1


def uuid7() -> str:
    """48 bits of milliseconds, then 74 random bits of the kernel, so that a fork never repeats one."""
    random = int.from_bytes(os.urandom(10), "big")
    number = (
        time.time_ns() // 1_000_000 << 80 | _VERSION | (random & _RANDOM_A) | _VARIANT | (random & _RANDOM_B)
    )
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def encode_request_id(request_id: str | None) -> bytes:
    """The bytes of a given id, or of a new one. 1 to 128 bytes."""
    if request_id is None:
        return uuid7().encode()
    if not isinstance(request_id, str):
        raise invalid("request_id", f"a str, not {type(request_id).__name__}")
    try:
        raw = request_id.encode()
    except UnicodeEncodeError:
        raise invalid("request_id", "a lone surrogate is not text") from None
    if not 1 <= len(raw) <= 128:
        raise invalid("request_id", f"{len(raw)} bytes of UTF-8, 1 to 128 are allowed")
    return raw
