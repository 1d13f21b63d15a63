"""Where things lie.

    PREFIX SESSION                          the items of a session, one list
    PREFIX ~branches/SESSION/BRANCH         the items of a branch of it

SESSION and BRANCH are escaped; one that is too long for a key is hashed. No escaped id begins with "~".
"""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

import mortmain

# Bytes of UTF-8, so that every key stays below the limit of 1,024.
_PREFIX_BYTES = 200
_PART_BYTES = 380
MAIN = "main"


def part(text: str) -> str:
    """A foreign id as one path segment; different ids never give the same one."""
    name = mortmain.key(text)
    if len(name.encode()) <= _PART_BYTES:
        return name
    return f"%H{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def whole_part(text: str, field: str) -> str:
    """The same for a name that must be found again from its key: InvalidRequest if it is too long for that."""
    if not text.strip():
        raise mortmain.InvalidRequest(f"{field}: it is empty", field=field, reason="empty")
    name = part(text)
    if name.startswith("%H"):
        raise mortmain.InvalidRequest(f"{field}: too long", field=field, reason="length")
    return name


def text_of(segment: str) -> str:
    """The name that `whole_part` was given."""
    return unquote(segment, errors="surrogatepass")


def clean_prefix(prefix: str) -> str:
    """A prefix as the coordinator wants it: "" or one that ends in "/"."""
    name = prefix.strip("/")
    if len(name.encode()) > _PREFIX_BYTES:
        raise mortmain.InvalidRequest(
            f"prefix: at most {_PREFIX_BYTES} bytes", field="prefix", reason="length"
        )
    return f"{name}/" if name else ""


def session_key(prefix: str, session_id: str) -> str:
    return f"{prefix}{part(session_id)}"


def branches_prefix(prefix: str, session_id: str) -> str:
    return f"{prefix}~branches/{part(session_id)}/"
