"""RequestIds: UUIDv7, so that they sort by time. Python before 3.14 has none."""

from __future__ import annotations

import os
from time import time_ns

from ._errors import invalid

# Random bits are taken from the kernel for so many ids at once: a system call per id costs as much as the rest of it.
_IDS = 256
_DIGITS = 18


# What follows the time in an id, used once each: version, variant and 72 random bits. list.pop is atomic, so threads
# share it; a forked child drops its copy.
_tails: list[str] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tails.clear)


def _more_tails() -> str:
    digits = os.urandom(_IDS * _DIGITS // 2).hex()
    tails = [
        f"-7{digits[at : at + 3]}-8{digits[at + 3 : at + 6]}-{digits[at + 6 : at + _DIGITS]}"
        for at in range(0, len(digits), _DIGITS)
    ]
    _tails.extend(tails[1:])
    return tails[0]


def uuid7() -> bytes:
    """48 bits of milliseconds, then 72 random bits of the kernel; a forked child never repeats its parent's."""
    try:
        tail = _tails.pop()
    except IndexError:
        tail = _more_tails()
    return ((time_ns() // 1_000_000).to_bytes(6, "big").hex("-", -4) + tail).encode()


class GivenId(bytes):
    """An id that the caller brought: it may be older than the call."""

    __slots__ = ()


def encode_request_id(request_id: str | None) -> bytes:
    """The bytes of a given id (a GivenId), or of a new one. 1 to 128 bytes."""
    if request_id is None:
        return uuid7()
    if not isinstance(request_id, str):
        raise invalid("request_id", f"a str, not {type(request_id).__name__}")
    try:
        raw = request_id.encode()
    except UnicodeEncodeError:
        raise invalid("request_id", "a lone surrogate is not text") from None
    if not 1 <= len(raw) <= 128:
        raise invalid("request_id", f"{len(raw)} bytes of UTF-8, 1 to 128 are allowed")
    return GivenId(raw)
