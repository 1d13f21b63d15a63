"""What an operator calls, as flows: mirrored files, requests in doubt, contention, settings, facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _arguments as arguments
from . import _frames
from . import _replies as replies
from . import _requests as requests
from ._effects import Ask, Flow
from ._errors import invalid
from ._flows import Flows, Meta
from ._frames import Reply
from ._models import Committed, Contention, Mount, NotCommitted, Receipt
from ._request_id import encode_request_id


def mount(flows: Flows, prefix: str, directory: object, sync: bool, foreign: str, timeout: float | None) -> Flow[Mount]:
    if foreign not in ("raise", "adopt"):
        raise invalid("foreign", 'either "raise" or "adopt"')
    fields = {
        "prefix": arguments.check_key(prefix, "prefix"),
        "directory": arguments.check_directory(directory),
        "sync": bool(sync),
        "foreign": foreign,
        "writer": flows.author.name,
    }
    reply, _ = yield Ask(flows.link, requests.simple(_frames.MOUNT, fields), flows.deadline(timeout))
    return replies.parse_mount(reply.fields)


def unmount(flows: Flows, prefix: str, timeout: float | None) -> Flow[None]:
    fields = {"prefix": arguments.check_key(prefix, "prefix"), "writer": flows.author.name}
    yield Ask(flows.link, requests.simple(_frames.UNMOUNT, fields), flows.deadline(timeout))


def adopt(flows: Flows, key: str, request_id: str | None, timeout: float | None, meta: Meta) -> Flow[Receipt]:
    merged = {**flows.author.meta, **arguments.check_meta(meta)}
    fields: dict[str, Any] = {"key": arguments.check_key(key), "writer": flows.author.name}
    if merged:
        fields["meta"] = merged
    request = requests.simple(
        _frames.ADOPT, fields, request_id=encode_request_id(request_id), mutating=True, stamp=True
    )
    reply, _ = yield Ask(flows.link, request, flows.deadline(timeout))
    return replies.parse_receipt(reply.fields)


def resolve(flows: Flows, request_id: str, timeout: float | None) -> Flow[Committed | NotCommitted]:
    encode_request_id(request_id if request_id is not None else "")
    fields = {"request_id": request_id, "writer": flows.author.name}
    since, store_id = flows.link.known_of(request_id)
    if store_id is not None:
        fields["store"] = store_id
    request = requests.simple(_frames.RESOLVE, fields)
    request.since = since
    reply, _ = yield Ask(flows.link, request, flows.deadline(timeout))
    if reply.fields["outcome"] == "committed":
        return Committed(replies.parse_receipt(reply.fields))
    return NotCommitted()


def contention(flows: Flows, window: float, within: float, timeout: float | None) -> Flow[list[Contention]]:
    fields = {"window": arguments.check_seconds("window", window), "within": arguments.check_seconds("within", within)}
    reply, _ = yield Ask(flows.link, requests.simple(_frames.CONTENTION, fields), flows.deadline(timeout))
    return replies.parse_contention(reply)


def retain(
    flows: Flows, prefix: str, versions: int | None, days: float | None, timeout: float | None
) -> Flow[dict[str, Any]]:
    fields = {
        "prefix": arguments.check_key(prefix, "prefix") if prefix else "",
        "versions": arguments.check_count("versions", 0 if versions is None else versions),
        "seconds": round(arguments.check_seconds("days", 0 if days is None else days) * 86400),
        "writer": flows.author.name,
    }
    reply, _ = yield from flows.link.call(requests.simple(_frames.RETAIN, fields), flows.deadline(timeout))
    return reply.fields


def config(flows: Flows, settings: Mapping[str, int], timeout: float | None) -> Flow[dict[str, Any]]:
    deadline = flows.deadline(timeout)
    changes = [{"name": name, "value": arguments.check_count(name, value)} for name, value in settings.items()]
    for fields in changes or [{}]:
        request = requests.simple(_frames.CONFIGURE, {**fields, "writer": flows.author.name})
        reply, _ = yield from flows.link.call(request, deadline)
    return reply.fields


def compact(flows: Flows, timeout: float | None) -> Flow[dict[str, Any]]:
    whole: dict[str, Any] = {}
    more = True
    while more:
        reply, _ = yield from flows.link.call(requests.simple(_frames.COMPACT, {}), flows.deadline(timeout))
        part = reply.fields
        more = part.pop("more")
        dropped = whole.get("records_dropped", 0) + part["records_dropped"]
        first = whole or part
        whole = {
            **part,
            "segments_before": first["segments_before"],
            "bytes_before": first["bytes_before"],
            "records_dropped": dropped,
        }
    return whole


def info(flows: Flows, timeout: float | None) -> Flow[dict[str, Any]]:
    reply: Reply
    reply, _ = yield Ask(flows.link, requests.simple(_frames.INFO, {}), flows.deadline(timeout))
    return reply.fields
