"""Values in pieces, each stored once by its content.

A channel that grows is written again and again with the same beginning. A value's bytes are therefore cut where the
value before it was cut, as far as both agree, and only the rest is new. The length that msgpack puts in front of a
list differs each time, so it is kept apart. Small pieces at the end are joined once there are eight of about one
size: a value of n bytes that grew in small steps has O(log n) pieces, and each byte was written O(log n) times.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping
from hashlib import sha256

from ._layout import Form

# A value up to this many bytes lies inside the record that needs it: a key of its own costs more time than to write it
# again, and some 300 bytes of the gateway's memory and journal.
INLINE = 1024
# A piece is at most this long, so that a change in the middle rewrites little.
_PIECE = 64 * 1024
_JOIN = 8
_CACHE_BYTES = 32 * 1024 * 1024


def digest_of(data: bytes | memoryview) -> bytes:
    """160 bits: two pieces of a thread never meet by accident."""
    return sha256(data).digest()[:20]


def header_length(kind: str, data: bytes) -> int:
    """How many of the first bytes say how long a msgpack list or map is."""
    if kind != "msgpack" or not data:
        return 0
    first = data[0]
    if 0x80 <= first <= 0x9F:
        return 1
    return {0xDC: 3, 0xDE: 3, 0xDD: 5, 0xDF: 5}.get(first, 0)


def cut(body: bytes, before: tuple[bytes, list[tuple[bytes, int]]] | None) -> list[tuple[bytes, int]]:
    """(digest, length) of each piece of a value; those of the value before are kept as far as both agree."""
    pieces: list[tuple[bytes, int]] = []
    done = 0
    if before is not None:
        old, cuts = before
        for digest, size in cuts:
            end = done + size
            # Slices of bytes are compared at once, those of a memoryview byte by byte.
            if end > len(body) or body[done:end] != old[done:end]:
                break
            pieces.append((digest, size))
            done = end
    done = _join_small(pieces, len(body), done)
    view = memoryview(body)
    while done < len(body):
        piece = view[done : done + _PIECE]
        pieces.append((digest_of(piece), len(piece)))
        done += len(piece)
    return pieces


def _join_small(pieces: list[tuple[bytes, int]], total: int, done: int) -> int:
    """Gives up kept pieces at the end that are many and no longer than what is new, so that they become one."""
    while done < total:
        fresh = total - done
        count, size = 0, 0
        for _, length in reversed(pieces):
            if length > 2 * fresh or size + length + fresh > _PIECE:
                break
            count += 1
            size += length
        if count < _JOIN:
            break
        del pieces[-count:]
        done -= size
    return done


class Pieces:
    """What this process knows of pieces and of the last value of each channel: two caches that only save work.

    Thread-safe. Both are bounded in bytes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._data_bytes = 0
        self._last: OrderedDict[tuple[str, str], tuple[bytes, list[tuple[bytes, int]]]] = OrderedDict()
        self._last_bytes = 0

    def form(
        self, space: str, channel: str, kind: str, data: bytes, stored: Container[bytes]
    ) -> tuple[Form, dict[bytes, bytes]]:
        """How a value is written down, and the pieces that it needs beside those that are stored for sure."""
        if len(data) <= INLINE:
            return [kind, data], {}
        at = header_length(kind, data)
        body = data[at:]
        with self._lock:
            before = self._last.get((space, channel))
        pieces = cut(body, before)
        self._remember(space, channel, body, pieces)
        return [kind, data[:at], [digest for digest, _ in pieces]], _contents(body, pieces, stored)

    def loaded(self, space: str, channel: str, form: Form, found: Mapping[bytes, bytes]) -> tuple[str, bytes]:
        """(type, bytes) of a form whose pieces were read."""
        if len(form) == 2:
            return form[0], form[1]
        parts = [found[digest] for digest in form[2]]
        body = b"".join(parts)
        if channel:
            self._remember(
                space, channel, body, [(digest, len(part)) for digest, part in zip(form[2], parts, strict=True)]
            )
        return form[0], form[1] + body

    def _remember(self, space: str, channel: str, body: bytes, pieces: list[tuple[bytes, int]]) -> None:
        with self._lock:
            old = self._last.pop((space, channel), None)
            self._last_bytes += len(body) - (len(old[0]) if old else 0)
            self._last[(space, channel)] = (body, pieces)
            while self._last_bytes > _CACHE_BYTES and len(self._last) > 1:
                _, (gone, _) = self._last.popitem(last=False)
                self._last_bytes -= len(gone)

    def known(self, space: str, wanted: Iterable[bytes]) -> dict[bytes, bytes]:
        """Those of the pieces that were read lately."""
        found = {}
        with self._lock:
            for digest in wanted:
                data = self._data.get((space, digest))
                if data is not None:
                    self._data.move_to_end((space, digest))
                    found[digest] = data
        return found

    def keep(self, space: str, pieces: Mapping[bytes, bytes]) -> None:
        """Remember pieces that are stored."""
        with self._lock:
            for digest, data in pieces.items():
                if (space, digest) not in self._data:
                    self._data_bytes += len(data)
                    self._data[(space, digest)] = data
            while self._data_bytes > _CACHE_BYTES and len(self._data) > 1:
                _, gone = self._data.popitem(last=False)
                self._data_bytes -= len(gone)


def _contents(body: bytes, pieces: list[tuple[bytes, int]], stored: Container[bytes]) -> dict[bytes, bytes]:
    found, at = {}, 0
    for digest, size in pieces:
        if digest not in stored:
            found[digest] = body[at : at + size]
        at += size
    return found
