"""Values in pieces, each stored once.

A channel that grows is written again and again with the same beginning. A value's bytes are therefore cut where the
value before it was cut, as far as both agree, and only the rest is new. The length that msgpack puts in front of a
list differs each time, so it is kept apart. Small pieces at the end are joined once there are eight of about one
size: a value of n bytes that grew in small steps has O(log n) pieces, and each byte was written O(log n) times.

A piece has a name of its own, no digest: what is there already is known by comparing it with what this process wrote
or read last, which takes a fiftieth of the time and cannot be mistaken.

A key costs more time than some kilobytes do. A value of that size which is new as a whole therefore lies in the
record that needs it, and becomes a piece when it is there a second time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from ._layout import Form, piece_names

# A value up to this many bytes lies inside each record that needs it: a key of its own costs more time than to write it
# again, and some 300 bytes of the gateway's memory and journal.
INLINE = 1024
# So many bytes of values that are new as a whole lie in one record. The gateway serves requests below 16 KiB without
# handing the connection over to a thread of its own.
ROOM = 12 * 1024
# A piece is at most this long, so that a change in the middle rewrites little.
_PIECE = 64 * 1024
_JOIN = 8
# A last value counts twice: by its channel and by its sample.
_CACHE_BYTES = 64 * 1024 * 1024

# A value above this many bytes stays until the cache is full: its memory would not be used again but go back to the
# system, and that costs more.
_GIVEN_BACK = 256 * 1024

# Of a name: two pieces of a thread never meet.
_NAME_BYTES = 20
# How much of a value's beginning, middle and end tells whether it is worth a comparison.
_SAMPLE = 32

# (name, length) of each piece.
Cuts = list[tuple[bytes, int]]


@dataclass(slots=True)
class Value:
    """A value's bytes; behind the first `at` of them, which say how long it is, comes its body.

    known_cuts: the body's pieces; None of one that is one piece, which nobody needed yet. sample: as of `_sample`.
    before: the sample of what its channel held before it.
    """

    data: bytes
    at: int
    known_cuts: Cuts | None
    sample: bytes
    before: bytes | None = None

    def cuts(self) -> Cuts:
        """The body's pieces."""
        if self.known_cuts is None:
            self.known_cuts = cut(self.data, self.at, None)
        return self.known_cuts

    def begins(self, data: bytes, at: int) -> bool:
        """Whether the first of its pieces is the first of what lies behind `at` in a newer value."""
        # A slice is a copy: one of the whole piece is only made where its first bytes agree.
        if not data.startswith(self.data[self.at : self.at + _SAMPLE], at):
            return False
        end = len(self.data) if self.known_cuts is None else self.at + self.known_cuts[0][1]
        return data.startswith(self.data[self.at : end], at)


_NO_VALUE = Value(b"", 0, [], b"")


def header_length(kind: str, data: bytes) -> int:
    """How many of the first bytes say how long a msgpack list or map is."""
    return _HEADERS[data[0]] if kind == "msgpack" and data else 0


_LONG_HEADERS = {0xDC: 3, 0xDE: 3, 0xDD: 5, 0xDF: 5}
_HEADERS = bytes(1 if 0x80 <= first <= 0x9F else _LONG_HEADERS.get(first, 0) for first in range(256))


def cut(data: bytes, at: int, before: Value | None) -> Cuts:
    """The pieces of what lies behind `at`; those of the value before are kept as far as both agree."""
    pieces: Cuts = []
    done = at
    if before is not None:
        old, shift = before.data, before.at - at
        for name, size in before.cuts():
            end = done + size
            # Slices of bytes are compared at once, those of a memoryview byte by byte.
            if end > len(data) or not data.startswith(old[done + shift : end + shift], done):
                break
            pieces.append((name, size))
            done = end
        done = _join_small(pieces, len(data), done)
    for start in range(done, len(data), _PIECE):
        pieces.append((os.urandom(_NAME_BYTES), min(_PIECE, len(data) - start)))
    return pieces


def _join_small(pieces: Cuts, total: int, done: int) -> int:
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


def _sample(data: bytes) -> bytes:
    """Equal values have equal samples; different ones seldom do."""
    middle = len(data) // 2
    return b"%d/%b%b%b" % (len(data), data[:_SAMPLE], data[middle : middle + _SAMPLE], data[-_SAMPLE:])


class Pieces:
    """What this process knows of the last value of each channel, and of pieces that were read: two caches that only
    save work.

    Thread-safe. Both are bounded in bytes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._read_bytes = 0
        # By channel, and by sample: a task's write is the next checkpoint's value, most often as it is.
        self._last: OrderedDict[tuple[str, str | bytes], Value] = OrderedDict()
        self._last_bytes = 0

    def form(
        self,
        space: str,
        channel: str,
        kind: str,
        data: bytes,
        stored: Set[bytes],
        missing: dict[bytes, memoryview],
        known: dict[str, Value] | None = None,
        room: int = 0,
    ) -> Form:
        """How a value of more than INLINE bytes is written down; the pieces that it needs beside those that are stored
        for sure are added to `missing`. known: the last value of each channel in this run, kept up to date. room: bytes
        that a value which is new as a whole may take in the record."""
        at = header_length(kind, data)
        sample = _sample(data)
        before = self._last.get((space, channel))
        value = self._last.get((space, sample))
        if known is not None:
            before = known.get(channel, before)
        if value is None or value.at != at or value.data != data:
            if before is not None and not before.begins(data, at):
                before = None
            cuts = None if before is None and len(data) <= room else cut(data, at, before)
            value = Value(data, at, cuts, sample)
        else:
            value.cuts()
        self._remember(space, channel, value)
        if known is not None:
            known[channel] = value
        if value.known_cuts is None:
            return [kind, data]
        view = memoryview(data)
        for name, size in value.known_cuts:
            if name not in stored:
                missing[name] = view[at : at + size]
            at += size
        return [kind, data[: value.at], [name for name, _ in value.known_cuts]]

    def loaded(
        self,
        space: str,
        channel: str,
        form: Form,
        found: Mapping[bytes, bytes],
        known: dict[str, Value] | None = None,
    ) -> tuple[str, bytes]:
        """(type, bytes) of a form whose pieces were read. channel: "" if it is none's last value.
        known: takes it up."""
        kind, data = form[:2]
        cuts: Cuts | None = None
        at = header_length(kind, data)
        if len(form) > 2:
            at = len(data)
            parts = [found[name] for name in form[2]]
            data = b"".join((data, *parts))
            cuts = [(name, len(part)) for name, part in zip(form[2], parts, strict=True)]
        if channel and len(data) > INLINE:
            value = Value(data, at, cuts, _sample(data))
            self._remember(space, channel, value)
            if known is not None:
                known[channel] = value
        return kind, data

    def _remember(self, space: str, channel: str, value: Value) -> None:
        """By its channel, if it is one's, and by its sample, if there are pieces to share. Of what its channel held
        before only the last value stays: memory that is given back is used again, and fresh memory costs more than
        writing to it."""
        with self._lock:
            if channel:
                old = self._set((space, channel), value)
                if old is not None and len(value.data) <= _GIVEN_BACK:
                    self._succeed(space, old, value)
            if value.known_cuts is not None:
                self._set((space, value.sample), value)
            while self._last_bytes > _CACHE_BYTES and len(self._last) > 2:
                self._forget(next(iter(self._last)))

    def _succeed(self, space: str, old: Value, value: Value) -> None:
        if old.sample == value.sample:
            value.before = old.before
            return
        if old.before is not None and old.before != value.sample:
            self._forget((space, old.before))
        old.before = None
        value.before = old.sample

    def _set(self, name: tuple[str, str | bytes], value: Value) -> Value | None:
        """Gives what was there."""
        old = self._last.pop(name, None)
        self._last_bytes += len(value.data) if old is None else len(value.data) - len(old.data)
        self._last[name] = value
        return old

    def _forget(self, name: tuple[str, str | bytes]) -> None:
        value = self._last.pop(name, None)
        if value is not None:
            self._last_bytes -= len(value.data)

    def known(self, space: str, wanted: Iterable[tuple[str, Form]]) -> dict[bytes, bytes]:
        """Those pieces of some channels' values that are in memory."""
        found: dict[bytes, bytes] = {}
        with self._lock:
            for channel, form in wanted:
                needed = set(piece_names([form])).difference(found)
                last = self._last.get((space, channel), _NO_VALUE) if needed else _NO_VALUE
                at = last.at
                for name, size in last.known_cuts or ():
                    if name in needed:
                        found[name] = last.data[at : at + size]
                    at += size
                for name in needed.difference(found):
                    data = self._read.get((space, name))
                    if data is not None:
                        self._read.move_to_end((space, name))
                        found[name] = data
        return found

    def keep(self, space: str, pieces: Mapping[bytes, bytes]) -> None:
        """Remember pieces that were read."""
        with self._lock:
            for name, data in pieces.items():
                if (space, name) not in self._read:
                    self._read_bytes += len(data)
                    self._read[(space, name)] = data
            while self._read_bytes > _CACHE_BYTES and len(self._read) > 1:
                _, gone = self._read.popitem(last=False)
                self._read_bytes -= len(gone)
