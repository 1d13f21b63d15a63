"""`key`: any parts as one legal key."""

from __future__ import annotations

import hashlib
import re

from ._errors import invalid

# A key is at most 1 KiB of UTF-8.
_MAX_BYTES = 1024
_UNSAFE = re.compile(r"[^A-Za-z0-9._\-@+=,:]")
_SAFE = re.compile(r"[A-Za-z0-9._\-@+=,:]+")


def _escape_char(match: re.Match[str]) -> str:
    raw = match.group().encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in raw)


def _escape(part: str) -> str:
    # Letters of any script stay readable; what separates, controls or escapes does not.
    text = part
    if not _SAFE.fullmatch(part):
        text = "".join(
            char if char.isalnum() and not "\ud800" <= char <= "\udfff" else _UNSAFE.sub(_escape_char, char)
            for char in part
        )
    if text in ("", ".", ".."):
        return text.replace(".", "%2E") or "%"
    return text


def key(*parts: object) -> str:
    """One legal key out of any parts: `key("threads", thread_id, ns)`.

    Each part becomes one path segment, escaped so that different parts never make the same key; str, int and
    UUID parts are what is meant, anything else is used as str(part). A key that would be longer than 1,024
    bytes keeps its first part and ends in a hash of the whole.
    """
    if not parts:
        raise invalid("parts", "at least one part")
    segments = [_escape(part if isinstance(part, str) else str(part)) for part in parts]
    name = "/".join(segments)
    raw = name.encode()
    if len(raw) <= _MAX_BYTES:
        return name
    digest = hashlib.sha256(raw).hexdigest()
    first = segments[0]
    # "%H" is no escape of a byte, so that no escaped part looks like a hash.
    return f"{first}/%H{digest}" if len(segments) > 1 and len(first.encode()) < 512 else f"%H{digest}"
