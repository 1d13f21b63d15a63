"""Where things lie, and how a checkpoint becomes bytes.

    PREFIX/t/THREAD/NS/a            the head: written by every put and put_writes of the namespace
    PREFIX/t/THREAD/NS/c/ID/0       a checkpoint without its values; ID sorts newest first
    PREFIX/t/THREAD/NS/c/ID/w/…     what one call of put_writes stored
    PREFIX/t/THREAD/NS/v/NAME       a piece of a value, stored once

So one scan of PREFIX/t/THREAD/NS/ begins with the head, the newest checkpoint and its pending writes. THREAD and NS
are escaped; one that is too long for a key is hashed (the records hold the originals).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import mortmain
import ormsgpack

# Bytes of UTF-8, so that every key stays below the limit of 1,024.
_THREAD_BYTES = 240
_NS_BYTES = 400
_ID_BYTES = 96
_COMPLEMENT = bytes(255 - byte for byte in range(256))
_FORMAT = 1


def part(text: str, limit: int) -> str:
    """A foreign id as one path segment; different ids never give the same one."""
    name = mortmain.key(text)
    if len(name.encode()) <= limit:
        return name
    return f"%H{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def inverted(checkpoint_id: str) -> str:
    """A segment that sorts the other way round than the ids do. "~" sorts after every digit, so a longer id comes
    first."""
    raw = checkpoint_id.encode()
    if not raw or len(raw) > _ID_BYTES:
        raise mortmain.InvalidRequest(
            f"checkpoint_id: 1 to {_ID_BYTES} bytes, not {len(raw)}", field="checkpoint_id", reason="length"
        )
    return raw.translate(_COMPLEMENT).hex() + "~"


def id_of(segment: str) -> str:
    """The checkpoint id of a segment that `inverted` made."""
    return bytes.fromhex(segment[:-1]).translate(_COMPLEMENT).decode()


# Spaces whose keys are remembered: escaping the ids costs as much as packing a record.
_SPACES = 2_000


class Layout:
    """The keys of one saver. Immutable but for what it remembers, thread-safe."""

    def __init__(self, prefix: str) -> None:
        name = prefix.strip("/")
        if not name or len(name.encode()) > 100:
            raise mortmain.InvalidRequest("prefix: 1 to 100 bytes", field="prefix", reason="length")
        self.prefix = f"{name}/"
        self.threads = f"{name}/t/"
        self.space = lru_cache(_SPACES)(self._space)

    def thread(self, thread_id: str) -> str:
        return f"{self.threads}{part(thread_id, _THREAD_BYTES)}/"

    def _space(self, thread_id: str, ns: str) -> Space:
        return Space(f"{self.thread(thread_id)}{part(ns, _NS_BYTES)}/", thread_id, ns)


@dataclass(frozen=True)
class Space:
    """The keys of one (thread, namespace)."""

    prefix: str
    thread_id: str
    ns: str

    @cached_property
    def head(self) -> str:
        return f"{self.prefix}a"

    @property
    def checkpoints(self) -> str:
        return f"{self.prefix}c/"

    def at(self, checkpoint_id: str) -> str:
        return f"{self.prefix}c/{inverted(checkpoint_id)}/"

    def record(self, checkpoint_id: str) -> str:
        return f"{self.at(checkpoint_id)}0"

    def new_writes(self, checkpoint_id: str) -> str:
        return f"{self.at(checkpoint_id)}w/{os.urandom(8).hex()}"

    def piece(self, name: bytes) -> str:
        return f"{self.prefix}v/{name.hex()}"


class Place(NamedTuple):
    """What a key below a thread's prefix holds. kind: a (head), c (checkpoint), w (writes), v (piece)."""

    space: str
    kind: str
    name: str


def place_of(key: str, threads: str) -> Place:
    """Takes a key apart that this layout made."""
    thread, ns, kind, *rest = key[len(threads) :].split("/")
    space = f"{threads}{thread}/{ns}/"
    if kind == "c":
        return Place(space, "c" if rest[1] == "0" else "w", rest[0])
    return Place(space, kind, rest[0] if rest else "")


# -------------------------------------------------------------------- records

# A value: [type, bytes], or in pieces [type, first bytes, [name, ...]].
Form = list[Any]


class Record(NamedTuple):
    """A checkpoint as it is stored; `values` are forms."""

    thread_id: str
    ns: str
    checkpoint_id: str
    parent_id: str | None
    checkpoint: tuple[str, bytes]
    metadata: tuple[str, bytes]
    values: dict[str, Form]
    run_id: str | None

    def pack(self) -> bytes:
        return ormsgpack.packb((_FORMAT, *self))

    @classmethod
    def unpack(cls, data: bytes) -> Record:
        form, thread_id, ns, checkpoint_id, parent_id, checkpoint, metadata, values, run_id = _unpack(data, 9)
        _check_format(form)
        return cls(
            thread_id, ns, checkpoint_id, parent_id, tuple(checkpoint), tuple(metadata), values, run_id
        )


class Writes(NamedTuple):
    """What one call of put_writes stored: (idx, channel, form) of each."""

    task_id: str
    task_path: str
    items: list[tuple[int, str, Form]]

    def pack(self) -> bytes:
        return ormsgpack.packb((_FORMAT, *self))

    @classmethod
    def unpack(cls, data: bytes) -> Writes:
        form, task_id, task_path, items = _unpack(data, 4)
        _check_format(form)
        return cls(task_id, task_path, [(idx, channel, value) for idx, channel, value in items])


def _unpack(data: bytes, fields: int) -> list[Any]:
    found = ormsgpack.unpackb(data)
    if not isinstance(found, list) or len(found) < fields:
        raise mortmain.InvalidRequest(
            "value: not a record of mortmain-langgraph", field="value", reason="foreign record"
        )
    return found[:fields]


def _check_format(form: object) -> None:
    if form != _FORMAT:
        raise mortmain.Unsupported(
            f"a record of format {form} needs a newer mortmain-langgraph", operation="read"
        )


def piece_names(forms: list[Form]) -> list[bytes]:
    """The pieces that forms need, each once."""
    return list(dict.fromkeys(name for form in forms if len(form) > 2 for name in form[2]))
