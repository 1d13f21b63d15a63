"""Arguments into requests, replies into models. No I/O: the synchronous and the asynchronous twin both use
it.
"""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from . import _frames
from ._codec import JSON, Codec, decode, encode, from_json, to_json
from ._errors import MortmainError, error_for, invalid
from ._frames import Data, Reply, Request, encode_fields
from ._models import ClaimInfo, Contention, Event, Mount, Receipt, Rejection, Snapshot, Ticket, VerifyReport

Base = Snapshot[Any] | Receipt | Ticket

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_quote = json.encoder.encode_basestring


def moment(micros: int | None) -> datetime | None:
    """An aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros) if micros else None


# ---------------------------------------------------------------- arguments


def check_key(key: object, field: str = "key") -> str:
    """The type only: the rules for names live in the coordinator."""
    if not isinstance(key, str):
        raise invalid(field, f"a str, not {type(key).__name__}")
    return key


def check_meta(meta: Mapping[str, str] | None) -> dict[str, str]:
    if meta is None:
        return {}
    if not isinstance(meta, Mapping) or not all(
        isinstance(name, str) and isinstance(text, str) for name, text in meta.items()
    ):
        raise invalid("meta", "a mapping of str to str")
    return dict(meta)


def number_text(by: object) -> str:
    """The JSON number of an increment."""
    if isinstance(by, (int, float, Decimal)) and not isinstance(by, bool):
        text = str(by).replace("E", "e") if isinstance(by, Decimal) else repr(by)
        if isinstance(by, int):
            text = str(int(by))
        if _JSON_NUMBER.fullmatch(text):
            return text
    raise invalid("by", "a finite int, float or Decimal")


def check_unique(unique: object) -> str | None:
    if unique is None or isinstance(unique, str):
        return unique
    raise invalid("unique", f"a str, not {type(unique).__name__}")


def check_uniques(unique: object, count: int) -> list[str | None] | None:
    if unique is None:
        return None
    if isinstance(unique, str) or not isinstance(unique, Iterable):
        raise invalid("unique", "one id per item")
    ids = [check_unique(one) for one in unique]
    if len(ids) != count:
        raise invalid("unique", f"one id per item: {len(ids)} ids for {count} items")
    return ids


def check_directory(directory: object) -> str:
    """Relative to the caller, not to the gateway. Links on the way are resolved now and refused from then on; the
    directory itself must not be one.
    """
    try:
        text = os.fsdecode(os.fspath(directory))  # type: ignore[call-overload]
    except TypeError:
        raise invalid("directory", f"a path, not {type(directory).__name__}") from None
    if not text or "\0" in text:
        raise invalid("directory", "a path that is not empty")
    path = os.path.abspath(text)
    parent, name = os.path.split(path)
    return os.path.join(os.path.realpath(parent), name)


def check_limit(limit: object) -> int | None:
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0):
        return limit
    raise invalid("limit", "a number of keys, at least 0, or None")


def check_items(items: object) -> list[Any]:
    if isinstance(items, (str, bytes, bytearray, Mapping)) or not isinstance(items, Iterable):
        raise invalid("items", "an iterable of items")
    return list(items)


class Author:
    """Who asks: the name and the meta that go with each commit. Thread-safe.

    derive: makes the name; a forked child asks it again, because the default name holds the process id.
    """

    __slots__ = ("__weakref__", "derive", "meta", "name")

    def __init__(
        self, name: str, meta: Mapping[str, str] | None = None, derive: Callable[[], str] | None = None
    ) -> None:
        if not isinstance(name, str) or not name:
            raise invalid("agent", "a name that is not empty")
        self.name = name
        self.meta = check_meta(meta)
        self.derive = derive
        if derive is not None:
            _derived.add(self)


_derived: weakref.WeakSet[Author] = weakref.WeakSet()


def _after_fork() -> None:
    for author in list(_derived):
        if author.derive is not None:
            author.name = author.derive()


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
    if isinstance(base, Snapshot) and base.partial:
        raise invalid("base", "a partial snapshot is no base: read the whole value first", key=key)
    return base


# ---------------------------------------------------------------- commits


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
        fields: dict[str, Any] = {"writer": author.name}
        merged = {**author.meta, **check_meta(meta)} if meta else author.meta
        if merged:
            fields["meta"] = merged
        fields["guards"] = self.guards
        fields["writes"] = self.writes
        if self.store_id is not None:
            fields["store"] = self.store_id
            fields["base_revision"] = self.revision
        fields["plain"] = plain
        if turn is not None:
            fields["turn"] = turn
        return Request(
            _frames.COMMIT,
            _fields(fields),
            self._guard_parts + self._parts,
            request_id=request_id,
            attempt=attempt,
            mutating=True,
            stamp=self.store_id is None,
        )

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

    __slots__ = ("base", "content_type", "data", "key")

    def __init__(self, key: str, base: Snapshot[Any] | Receipt, content_type: str, data: Data) -> None:
        self.key = key
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
        merged = {**author.meta, **check_meta(meta)} if meta else author.meta
        name = _quote(self.key)
        try:
            fields = (
                f'{{"writer":{_quote(author.name)},{f""""meta":{_frames.dumps(merged)},""" if merged else ""}'
                f'"guards":[["version",{name},{base.version:d},{base.tag:d}],["epoch",{name},{base.epoch:d}]],'
                f'"writes":[["put",{name},{_quote(self.content_type)},{len(data)},false]],'
                f'"store":{_quote(base.store_id)},'
                f'"base_revision":{base.revision if isinstance(base, Receipt) else base.read_revision:d},'
                f'"plain":{"true" if plain else "false"}{"" if turn is None else f""","turn":{turn:d}"""}}}'
            ).encode()
        except UnicodeEncodeError:
            raise invalid("key", "a lone surrogate is not text") from None
        except (TypeError, ValueError) as error:
            raise invalid("base", f"not one that mortmain made: {error}") from None
        return Request(_frames.COMMIT, fields, [data], request_id=request_id, attempt=attempt, mutating=True)


def put(key: str, value: Any, base: object, codec: Codec | None) -> Put | Draft:
    """A commit of one value on one base."""
    content_type, data = encode(value, codec)
    found = resolve_base(base, key)
    if not isinstance(found, Ticket):
        return Put(key, found, content_type, data)
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


def simple(op: int, fields: dict[str, Any], **options: Any) -> Request:
    """A request without payload."""
    return Request(op, _fields(fields), **options)


# ---------------------------------------------------------------- replies


def parse_snapshot(
    snap: Mapping[str, Any],
    payload: bytes | memoryview,
    offset: int,
    read_revision: int,
    store_id: str,
    codec: Codec | None,
) -> tuple[Snapshot[Any], int]:
    """One snapshot, and where the next one's value begins."""
    get = snap.get
    length = get("len")
    content_type = get("type")
    value = None
    if length is not None:
        end = offset + length
        value = decode(content_type or JSON, payload[offset:end], codec)
        offset = end
    micros = get("committed_at")
    return (
        Snapshot(
            snap["key"],
            value,
            snap["version"],
            snap["tag"],
            snap["epoch"],
            snap["revision"],
            read_revision,
            store_id,
            get("writer"),
            _EPOCH + timedelta(microseconds=micros) if micros else None,
            content_type,
            snap["exists"],
            get("partial", False),
            get("meta") or {},
        ),
        offset,
    )


def parse_snapshots(reply: Reply, codec: Codec | None) -> list[Snapshot[Any]]:
    """The snapshots of READ and SCAN, all of one revision."""
    fields, payload = reply.fields, reply.payload
    revision, store_id = fields["read_revision"], fields["store_id"]
    offset, found = 0, []
    for snap in fields["snaps"]:
        snapshot, offset = parse_snapshot(snap, payload, offset, revision, store_id, codec)
        found.append(snapshot)
    return found


def parse_one(reply: Reply, codec: Codec | None) -> Snapshot[Any]:
    """The snapshot of CLAIM and TURN."""
    fields = reply.fields
    return parse_snapshot(
        fields["snap"], reply.payload, 0, fields["read_revision"], fields["store_id"], codec
    )[0]


def parse_receipt(fields: Mapping[str, Any]) -> Receipt:
    """The receipt of COMMIT and RESOLVE."""
    store_id, request_id = fields["store_id"], fields["request_id"]
    replayed, mirrored = fields["replayed"], fields.get("mirrored")
    rows = fields["keys"]
    if len(rows) == 1:
        key, version, tag, epoch, revision, result, *_ = rows[0]
        return Receipt(key, version, tag, epoch, revision, store_id, request_id, replayed, result, mirrored)
    parts = [
        Receipt(key, version, tag, epoch, revision, store_id, request_id, replayed, result, mirrored)
        for key, version, tag, epoch, revision, result, *_ in rows
    ]
    return Receipt(
        "", 0, 0, 0, fields["revision"], store_id, request_id, replayed, None, mirrored, tuple(parts)
    )


def with_result(receipt: Receipt, result: Any) -> Receipt:
    """The receipt of `transact`, whose result is what the function returned; `keys` stays as it was."""
    parts = receipt._parts or ((receipt,) if receipt.key else ())
    return replace(receipt, result=result, _parts=parts)


def parse_contention(reply: Reply) -> list[Contention]:
    """The keys of CONTENTION."""
    found = []
    for row in reply.fields["keys"]:
        last = row.get("last")
        rejection = last and Rejection(last["agent"], last["code"], last["ago"], last.get("base"), last.get("winner"))
        found.append(
            Contention(row["key"], row["writers"], row["conflicts"], row["rejected"], row["overwrites"], rejection)
        )
    return found


def parse_events(reply: Reply, codec: Codec | None) -> list[Event]:
    """The events of HISTORY and WATCH."""
    payload = reply.payload
    offset, found = 0, []
    for row in reply.fields["events"]:
        get = row.get
        length, content_type, value = get("len"), get("type"), None
        if length is not None:
            # Appended items are plain JSON, whatever the list as a whole is for the codec.
            whole = codec if get("before") is None else None
            value = decode(content_type or JSON, payload[offset : offset + length], whole)
            offset += length
        found.append(
            Event(
                row["kind"],
                row["key"],
                row["version"],
                row["epoch"],
                row["revision"],
                row["writer"],
                _EPOCH + timedelta(microseconds=row["committed_at"]),
                row["size"],
                get("request_id"),
                get("meta") or {},
                value,
                content_type,
                get("before"),
                get("overwrite", False),
                get("holder"),
                get("reason"),
            )
        )
    return found


def parse_claim_infos(reply: Reply) -> list[ClaimInfo]:
    return [
        ClaimInfo(
            row["key"], row["holder"], row["epoch"], row["ttl"], row["remaining"], moment(row.get("since"))
        )
        for row in reply.fields["claims"]
    ]


def parse_reclaimed(reply: Reply) -> list[tuple[str, int, str | None]]:
    return [(row[0], row[1], row[2]) for row in reply.fields["reclaimed"]]


def parse_mount(fields: Mapping[str, Any]) -> Mount:
    """The answer of MOUNT, and each mount in `info`."""
    return Mount(
        fields["prefix"],
        fields["directory"],
        fields["sync"],
        fields["foreign"],
        fields["through"],
        fields["files"],
        fields["behind"],
        fields["edited"],
        tuple(fields["edited_keys"]),
        fields["problem"],
    )


def parse_report(reply: Reply) -> VerifyReport:
    fields = reply.fields
    return VerifyReport(
        fields["ok"],
        fields["segments"],
        fields["frames"],
        fields["records"],
        fields["bytes"],
        fields["revision"],
    )


def parse_error(reply: Reply, codec: Codec | None, store_id: str) -> MortmainError:
    """The typed error of a reply whose status is error. store_id: of the connection that it came over."""
    fields = dict(reply.fields)
    code, message = str(fields.pop("code", "UNKNOWN")), str(fields.pop("message", ""))
    retry = fields.pop("retry", None)
    failures = fields.pop("failures", None) or ()
    if "key" not in fields and failures:
        fields["key"] = failures[0].get("key")
    if "reclaimed_at" in fields:
        fields["reclaimed_at"] = moment(fields["reclaimed_at"])
    current = fields.pop("current", None)
    if current is not None:
        fields["current"] = _parse_current(current, reply, codec, store_id)
    return error_for(code, message, retry=retry.lower() if retry else None, failures=failures, **fields)


def _parse_current(
    current: dict[str, Any], reply: Reply, codec: Codec | None, store_id: str
) -> Snapshot[Any] | None:
    try:
        return parse_snapshot(current, reply.payload, 0, reply.revision, store_id, codec)[0]
    except Exception:
        # A winner's value that the caller's codec cannot decode must not hide the conflict itself.
        hidden = {**current, "len": None, "partial": True}
        return parse_snapshot(hidden, b"", 0, reply.revision, store_id, None)[0]
