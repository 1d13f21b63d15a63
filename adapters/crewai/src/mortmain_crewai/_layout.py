"""Where things lie, and how a record becomes JSON.

    PREFIX/r/ID     a record, its embedding in base64
    PREFIX/t/ID     when it was last read: apart, so that a recall never moves a record's version
    PREFIX/m        how many dimensions the embeddings of this memory have
    PREFIX/d/ID     contents that could not be stored (dead letters)
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timezone
from typing import Any

import mortmain
import numpy as np
from crewai.memory.types import MemoryRecord
from mortmain import InvalidRequest, Unsupported

# Bytes of UTF-8, so that every key stays below the limit of 1,024.
_ID_BYTES = 500
_FORMAT = 1
_CONTENT = "content-"


def part(text: str) -> str:
    """A foreign id as one path segment; different ids never give the same one."""
    name = mortmain.key(text)
    if len(name.encode()) <= _ID_BYTES:
        return name
    return f"%H{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def prefix_of(prefix: str) -> str:
    """A prefix as it is kept: without a slash in front, with one at the end."""
    name = prefix.strip("/") if isinstance(prefix, str) else ""
    if not name or len(name.encode()) > 300:
        raise InvalidRequest("prefix: 1 to 300 bytes", field="prefix", reason="length")
    return f"{name}/"


class Layout:
    """The keys of one memory. Immutable, thread-safe."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix_of(prefix)
        self.records = f"{self.prefix}r/"
        self.touches = f"{self.prefix}t/"
        self.letters = f"{self.prefix}d/"
        self.dimensions = f"{self.prefix}m"

    def record(self, record_id: str) -> str:
        return self.records + part(record_id)

    def touch(self, record_key: str) -> str:
        return self.touches + record_key[len(self.records) :]


# -------------------------------------------------------------------- ids


def content_id(content: str, writer: str | None = None) -> str:
    """A record id made of what is said and, if it matters, of who says it. Saving such a record where one with its id
    is there already changes nothing and is no conflict, so equal findings are kept once, per writer if one is given.
    """
    data = json.dumps([content, writer]).encode()
    return f"{_CONTENT}{hashlib.sha256(data).hexdigest()}"


def is_content_id(record_id: str) -> bool:
    digest = record_id[len(_CONTENT) :]
    return record_id.startswith(_CONTENT) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")


# -------------------------------------------------------------------- scopes


def scope_of(scope: str | None) -> str:
    """A scope as it is compared: "" for all, else "/a/b"."""
    name = (scope or "").strip("/")
    return f"/{name}" if name else ""


def is_below(scope: str, parent: str) -> bool:
    """Whether a scope is the parent or lies below it, by path segment; both as `scope_of` gives them."""
    return not parent or scope == parent or scope.startswith(f"{parent}/")


# -------------------------------------------------------------------- times


def instant(time: datetime) -> datetime:
    """A time that can be compared with any other: CrewAI's naive ones are UTC."""
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


# -------------------------------------------------------------------- records


def pack(record: MemoryRecord) -> dict[str, Any]:
    """A record as JSON, with its embedding, which CrewAI leaves out of its own dumps."""
    return {
        "format": _FORMAT,
        "id": record.id,
        "content": record.content,
        "scope": record.scope,
        "categories": record.categories,
        "metadata": record.metadata,
        "importance": record.importance,
        "created_at": record.created_at.isoformat(),
        "last_accessed": record.last_accessed.isoformat(),
        "source": record.source,
        "private": record.private,
        "embedding": _pack_vector(record.embedding),
    }


def _pack_vector(embedding: Any) -> dict[str, str] | None:
    if embedding is None:
        return None
    wide = np.asarray(embedding, dtype="<f8")
    if wide.ndim != 1 or not np.isfinite(wide).all():
        raise InvalidRequest(
            "embedding: a list of finite numbers, nothing else", field="embedding", reason="not finite"
        )
    with np.errstate(over="ignore"):
        narrow = wide.astype("<f4")
    # Most models give 32 bits; where that is not all, nothing is rounded.
    form, data = ("f4", narrow) if np.array_equal(narrow.astype("<f8"), wide) else ("f8", wide)
    return {form: base64.b64encode(data.tobytes()).decode()}


def vector_of(value: dict[str, Any]) -> Any:
    """The embedding of a packed record as an array, or None."""
    stored = value["embedding"]
    if stored is None:
        return None
    ((form, text),) = stored.items()
    return np.frombuffer(base64.b64decode(text), dtype=f"<{form}")


def unpack(value: Any, touched: Any = None) -> MemoryRecord:
    """The record of a value that `pack` made; touched: what is stored about its last access."""
    if not isinstance(value, dict) or "format" not in value:
        raise InvalidRequest("value: not a record of mortmain-crewai", field="value", reason="foreign record")
    if value["format"] != _FORMAT:
        raise Unsupported(f"a record of format {value['format']} needs a newer mortmain-crewai", operation="read")
    fields = {name: one for name, one in value.items() if name not in ("format", "embedding")}
    vector = vector_of(value)
    fields["embedding"] = None if vector is None else vector.tolist()
    for name in ("created_at", "last_accessed"):
        fields[name] = datetime.fromisoformat(fields[name])
    if isinstance(touched, dict) and "at" in touched:
        at = datetime.fromisoformat(touched["at"])
        fields["last_accessed"] = max(fields["last_accessed"], at, key=instant)
    return MemoryRecord(**fields)
