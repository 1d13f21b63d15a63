"""Commits and questions into requests. No I/O: the synchronous and the asynchronous twin both use it."""

from __future__ import annotations

import json
import os
import struct
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _frames
from ._arguments import check_meta
from ._codec import JSON, Codec, encode, from_json, to_json
from ._errors import invalid
from ._frames import Data, Request, dumps, encode_fields, pack_brief
from ._models import Receipt, Snapshot, Ticket

Base = Snapshot[Any] | Receipt | Ticket

_quote = json.encoder.encode_basestring


def _opening(name: str, meta: Mapping[str, str]) -> str:
    return f'{{"writer":{_quote(name)},{f""""meta":{dumps(meta)},""" if meta else ""}'


# How the fields of a commit end: it carries a fingerprint, which the attempts of `update` do not.
PLAIN = '"plain":true}'


def of_rounds(turn: int | None) -> str:
    """... of such an attempt, in a turn or without one."""
    return '"plain":false}' if turn is None else f'"plain":false,"turn":{turn:d}}}'


def _bytes(name: str) -> bytes | None:
    try:
        return name.encode()
    except UnicodeEncodeError:
        return None


class Author:
    """Who asks: the name and the meta that go with each commit. Thread-safe.

    opening: how the fields of a commit begin, if it has no meta of its own. brief: the name for brief fields, which
    have no place for a meta. derive: makes the name; a forked child asks it again, because the default name holds the
    process id.
    """

    __slots__ = ("__weakref__", "brief", "derive", "meta", "name", "opening")

    def __init__(
        self, name: str, meta: Mapping[str, str] | None = None, derive: Callable[[], str] | None = None
    ) -> None:
        if not isinstance(name, str) or not name:
            raise invalid("agent", "a name that is not empty")
        self.meta = check_meta(meta)
        self.rename(name)
        self.derive = derive
        if derive is not None:
            _derived.add(self)

    def rename(self, name: str) -> None:
        self.name = name
        self.opening = _opening(name, self.meta)
        self.brief = None if self.meta else _bytes(name)


_derived: weakref.WeakSet[Author] = weakref.WeakSet()


def _after_fork() -> None:
    for author in list(_derived):
        if author.derive is not None:
            author.rename(author.derive())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def resolve_base(base: object, key: str) -> Snapshot[Any] | Receipt | Ticket:
    """The base of this very key; of a receipt over several keys the key's own."""
    if isinstance(base, Receipt):
        if base.key == key and key:
            return base
        part = base.keys.get(key)
        if part is None:
            raise invalid("base", f"the receipt is not about {key}", key=key)
        return part
    if not isinstance(base, (Snapshot, Ticket)):
        raise invalid("base", f"a Snapshot, Receipt or Ticket of the key, not {type(base).__name__}", key=key)
    if base.key != key:
        raise invalid("base", f"it is a base of {base.key}, not of {key}", key=key)
    return check_whole(base) if isinstance(base, Snapshot) else base


def check_whole(base: Snapshot[Any]) -> Snapshot[Any]:
    """... of a snapshot."""
    if base.partial:
        raise invalid("base", "a partial snapshot is no base: read the whole value first", key=base.key)
    return base


class Draft:
    """Guards and writes of one commit, as the wire wants them. Not thread-safe: it belongs to one call.

    store_id, revision: of the newest base; without any base the request is stamped when it is first sent.
    """

    __slots__ = ("_guard_parts", "_parts", "codec", "guards", "revision", "store_id", "writes")

    def __init__(self, codec: Codec | None) -> None:
        self.codec = codec
        self.guards: list[list[Any]] = []
        self.writes: list[list[Any]] = []
        self._guard_parts: list[Data] = []
        self._parts: list[Data] = []
        self.store_id: str | None = None
        self.revision = -1

    def known(self, store_id: str, revision: int) -> None:
        self.store_id = store_id
        if revision > self.revision:
            self.revision = revision

    def base(self, base: Base) -> None:
        """Both checks: version alone misses the zombie, epoch alone misses the lost update."""
        key = base.key
        if isinstance(base, Ticket):
            self.guards.append(["follows", key, base.ticket_id, base.version, base.tag, base.epoch])
            self.known(base.store_id, base.revision)
            return
        self.guards.append(["version", key, base.version, base.tag])
        self.guards.append(["epoch", key, base.epoch])
        self.known(base.store_id, base.read_revision if isinstance(base, Snapshot) else base.revision)

    def merge_base(self, base: Base, patch: Mapping[str, Any]) -> None:
        """Guards the fields that the patch names, as the base had them; without its value, the version."""
        fields = _plain_object(base, self.codec) if isinstance(base, Snapshot) else None
        if fields is None or not isinstance(base, Snapshot):
            self.base(base)
            return
        part = to_json(_cut_down(fields, patch), "base")
        self.guards.append(["fields", base.key, base.version, base.tag, len(part)])
        self._guard_parts.append(part)
        self.guards.append(["epoch", base.key, base.epoch])
        self.known(base.store_id, base.read_revision)

    def guard(self, *guard: Any) -> None:
        self.guards.append(list(guard))

    def put(self, key: str, content_type: str, data: Data, overwrite: bool = False) -> None:
        self.writes.append(["put", key, content_type, len(data), overwrite])
        self._parts.append(data)

    def delete(self, key: str, overwrite: bool = False) -> None:
        self.writes.append(["delete", key, overwrite])

    def delete_prefix(self, prefix: str) -> None:
        self.writes.append(["delete_prefix", prefix])

    def ensure(self, key: str, content_type: str, data: Data) -> None:
        self.writes.append(["ensure", key, content_type, len(data)])
        self._parts.append(data)

    def append(self, key: str, items: Sequence[bytes], ids: Sequence[str | None] | None) -> None:
        self.writes.append(["append", key, [len(item) for item in items], None if ids is None else list(ids)])
        self._parts.extend(items)

    def increment(self, key: str, by: str) -> None:
        self.writes.append(["increment", key, by])

    def add_to_set(self, key: str, item: bytes) -> None:
        self.writes.append(["add_to_set", key, len(item)])
        self._parts.append(item)

    def merge(self, key: str, patch: bytes) -> None:
        self.writes.append(["merge", key, len(patch)])
        self._parts.append(patch)

    def reduce(self, key: str, function: str, argument: bytes) -> None:
        self.writes.append(["reduce", key, function, len(argument)])
        self._parts.append(argument)

    def request(
        self,
        author: Author,
        request_id: bytes,
        meta: Mapping[str, str] | None,
        *,
        plain: bool = True,
        attempt: int = 0,
        turn: int | None = None,
    ) -> Request:
        """The COMMIT. plain: it carries a fingerprint; not so the attempts of `update` and `transact`."""
        return Request(
            _frames.COMMIT,
            self.fields(author, meta, PLAIN if plain else of_rounds(turn)),
            self.parts(),
            request_id=request_id,
            attempt=attempt,
            mutating=True,
            stamp=self.store_id is None,
        )

    def fields(self, author: Author, meta: Mapping[str, str] | None, end: str = PLAIN) -> bytes:
        """... its fields; without a base they do not name the store yet."""
        begin = author.opening if meta is None else _opening(author.name, {**author.meta, **check_meta(meta)})
        try:
            known = (
                ""
                if self.store_id is None
                else f'"store":{_quote(self.store_id)},"base_revision":{self.revision:d},'
            )
            return f'{begin}"guards":{dumps(self.guards)},"writes":{dumps(self.writes)},{known}{end}'.encode()
        except UnicodeEncodeError:
            raise invalid("key", "a lone surrogate is not text") from None
        except (TypeError, ValueError) as error:
            raise invalid("request", str(error)) from None

    def parts(self) -> list[Data]:
        """The payload."""
        return self._guard_parts + self._parts

    def check(self) -> Request:
        """The CHECK of the same guards."""
        fields: dict[str, Any] = {"guards": self.guards}
        if self.store_id is not None:
            fields["store"] = self.store_id
            fields["base_revision"] = self.revision
        return Request(_frames.CHECK, _fields(fields), self._guard_parts)


class Put:
    """One value on one base: the common commit, written without a Draft between. What it says is what a Draft of it
    would say. Immutable.
    """

    __slots__ = ("base", "content_type", "data")

    def __init__(self, base: Snapshot[Any] | Receipt, content_type: str, data: Data) -> None:
        self.base = base
        self.content_type = content_type
        self.data = data

    def request(
        self,
        author: Author,
        request_id: bytes,
        meta: Mapping[str, str] | None,
        *,
        plain: bool = True,
        attempt: int = 0,
        turn: int | None = None,
    ) -> Request:
        """As of a Draft."""
        base, data = self.base, self.data
        known = base.revision if isinstance(base, Receipt) else base.read_revision
        end = PLAIN if plain else of_rounds(turn)
        fields = put_fields(
            author, meta, base.key, base.version, base.tag, base.epoch, base.store_id, known,
            self.content_type, len(data), end,
        )  # fmt: skip
        return Request(_frames.COMMIT, fields, [data], request_id=request_id, attempt=attempt, mutating=True)


_PUT = (
    '%s"guards":[["version",%s,%d,%d],["epoch",%s,%d]],"writes":[["put",%s,%s,%d,false]],'
    '"store":%s,"base_revision":%d,%s'
)


def put_fields(
    author: Author,
    meta: Mapping[str, str] | None,
    key: str,
    version: int,
    tag: int,
    epoch: int,
    store_id: str,
    revision: int,
    content_type: str,
    size: int,
    end: str,
) -> bytes:
    """The fields of a commit of one value, of `size` bytes, on a base: its version, tag, epoch and store, and the
    revision at which it was known. end: PLAIN or `of_rounds`.
    """
    name = _quote(key)
    begin = author.opening if meta is None else _opening(author.name, {**author.meta, **check_meta(meta)})
    try:
        kind, store = _quote(content_type), _quote(store_id)
        return (
            _PUT % (begin, name, version, tag, name, epoch, name, kind, size, store, revision, end)
        ).encode()
    except UnicodeEncodeError:
        raise invalid("key", "a lone surrogate is not text") from None
    except (TypeError, ValueError) as error:
        raise invalid("base", f"not one that mortmain made: {error}") from None


def put_briefly(
    author: Author,
    key: str,
    version: int,
    tag: int,
    epoch: int,
    store_id: str,
    revision: int,
    content_type: str,
    turn: int = 0,
) -> bytes:
    """What `put_fields` says, by numbers: some 20 µs less where the caches are cold. turn: 0 for a commit with a
    fingerprint. Empty where only `put_fields` can say it, or what is wrong.
    """
    writer = author.brief
    if writer is None:
        return b""
    try:
        name, kind = key.encode(), content_type.encode()
        numbers = pack_brief(turn, version, tag, epoch, revision, len(writer), len(name), len(kind))
        return b"".join((numbers, writer, name, kind, store_id.encode()))
    except (struct.error, ValueError, AttributeError):
        return b""


def put(key: str, value: Any, base: object, codec: Codec | None) -> Put | Draft:
    """A commit of one value on one base."""
    content_type, data = encode(value, codec)
    found = resolve_base(base, key)
    if not isinstance(found, Ticket):
        return Put(found, content_type, data)
    draft = Draft(codec)
    draft.base(found)
    draft.put(key, content_type, data)
    return draft


def _fields(fields: dict[str, Any]) -> bytes:
    try:
        return encode_fields(fields)
    except UnicodeEncodeError:
        raise invalid("key", "a lone surrogate is not text") from None
    except (TypeError, ValueError) as error:
        raise invalid("request", str(error)) from None


def _plain_object(base: Snapshot[Any], codec: Codec | None) -> dict[str, Any] | None:
    if not base.exists:
        return {}
    value = base.value
    if not isinstance(value, dict) and codec is not None and base.content_type == codec.content_type:
        value = from_json(encode(value, codec)[1]) if base.content_type.startswith(JSON) else None
    return value if isinstance(value, dict) else None


def _cut_down(value: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in patch if name in value}


def turn_fields(key: str, seconds: float | None) -> bytes:
    """The fields of TURN. seconds: how long it is waited for."""
    wait = "null" if seconds is None else seconds
    try:
        return f'{{"key":{_quote(key)},"wait":{wait}}}'.encode()
    except UnicodeEncodeError:
        raise invalid("key", "a lone surrogate is not text") from None


def simple(op: int, fields: dict[str, Any], **options: Any) -> Request:
    """A request without payload."""
    return Request(op, _fields(fields), **options)
