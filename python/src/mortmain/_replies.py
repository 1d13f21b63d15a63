"""Replies into models. No I/O: the synchronous and the asynchronous twin both use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ._codec import JSON, Codec, decode
from ._errors import MortmainError, error_for
from ._frames import Reply
from ._models import ClaimInfo, Contention, Event, Mount, Receipt, Rejection, Snapshot, VerifyReport

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def moment(micros: int | None) -> datetime | None:
    """An aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros) if micros else None


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
    rows = fields["keys"]
    store_id, request_id = fields["store_id"], fields["request_id"]
    replayed, mirrored = fields["replayed"], fields.get("mirrored")
    if len(rows) == 1:
        key, version, tag, epoch, revision, result = rows[0][:6]
        return Receipt(key, version, tag, epoch, revision, store_id, request_id, replayed, result, mirrored)
    parts = [
        Receipt(key, version, tag, epoch, revision, store_id, request_id, replayed, result, mirrored)
        for key, version, tag, epoch, revision, result, *_ in rows
    ]
    return Receipt(
        "", 0, 0, 0, fields["revision"], store_id, request_id, replayed, None, mirrored, tuple(parts)
    )


def receipt_of(reply: Reply, key: str, store_id: str, request_id: bytes) -> Receipt:
    """The receipt of a COMMIT of one key. store_id, request_id: of what was asked, for a brief answer does not repeat
    them."""
    if reply.brief is None:
        return parse_receipt(reply.fields)
    version, tag, epoch, revision = reply.brief
    return Receipt(key, version, tag, epoch, revision, store_id, request_id.decode())


def turn_of(reply: Reply, store_id: str) -> tuple[int, int, int, int, int, str, str]:
    """Of TURN: the turn, then version, tag and epoch, the revision of the read and the store, and the content type,
    which is empty where there is no value. store_id: of the gateway that was asked.
    """
    if reply.brief is not None:
        turn, version, tag, epoch, revision, kind = reply.brief
        return turn, version, tag, epoch, revision, store_id, kind
    fields = reply.fields
    snap = fields["snap"]
    kind = snap["type"] if snap["exists"] else ""
    return (
        fields["turn"], snap["version"], snap["tag"], snap["epoch"], fields["read_revision"], fields["store_id"], kind
    )  # fmt: skip


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
