"""The calls of a store as flows: what is sent, what comes back, when it is tried again. Written once for both
twins.

A method that is a generator function yields effects (see `_link`) and returns what the public method returns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from . import _arguments as arguments
from . import _frames
from . import _replies as replies
from . import _requests as requests
from ._codec import encode, to_json
from ._effects import Ask, Flow
from ._errors import MortmainError, invalid
from ._frames import Reply
from ._link import Link
from ._models import ClaimInfo, Event, Receipt, Snapshot, Ticket
from ._request_id import encode_request_id
from ._requests import Author, Draft
from ._rounds import overwritten

Meta = Mapping[str, str] | None
# What one page asks for, of a scan, and of a history or a watch.
_PAGE, _EVENTS = 500, 1000


class Flows:
    """The flows of one store and author. Immutable, thread-safe."""

    __slots__ = ("author", "codec", "link")

    def __init__(self, link: Link, author: Author) -> None:
        self.link = link
        self.author = author
        self.codec = link.codec

    def seconds(self, timeout: float | None) -> float | None:
        """A call's None is the store's timeout, the store's None is no limit."""
        if timeout is None:
            return self.link.timeout
        if not isinstance(timeout, (int, float)) or math.isnan(timeout) or timeout < 0:
            raise invalid("timeout", "seconds, at least 0")
        return arguments.limited(timeout)

    def deadline(self, timeout: float | None) -> float | None:
        """`seconds` from now, on time.monotonic()."""
        seconds = self.seconds(timeout)
        return None if seconds is None else monotonic() + seconds

    # ------------------------------------------------------------ reads

    def read_many(
        self,
        keys: Iterable[str],
        timeout: float | None = None,
        *,
        at: int | None = None,
        last: int | None = None,
        values: bool = True,
    ) -> Flow[list[Snapshot[Any]]]:
        fields: dict[str, Any] = {"keys": [arguments.check_key(key) for key in keys]}
        if last is not None:
            if not isinstance(last, int) or isinstance(last, bool) or last < 0:
                raise invalid("last", "a number of items, at least 0")
            fields["last"] = last
        if at is not None:
            fields["at"] = at
        if not values:
            fields["values"] = False
        reply, _ = yield Ask(self.link, requests.simple(_frames.READ, fields), self.deadline(timeout))
        return replies.parse_snapshots(reply, self.codec)

    def read(
        self,
        key: str,
        last: int | None,
        timeout: float | None = None,
        version: int | None = None,
        revision: int | None = None,
    ) -> Flow[Snapshot[Any]]:
        if version is not None and revision is not None:
            raise invalid("version", "either a version or a revision")
        if revision is not None:
            revision = arguments.check_count("revision", revision)
        if version is None:
            found = yield from self.read_many((key,), timeout, last=last, at=revision)
            return found[0]
        reply = yield from self._read_version(key, version, last, timeout)
        return replies.parse_snapshots(reply, self.codec)[0]

    def _read_version(self, key: str, version: int, last: int | None, timeout: float | None) -> Flow[Reply]:
        fields: dict[str, Any] = {"keys": [arguments.check_key(key)]}
        fields["version"] = arguments.check_count("version", version)
        if last is not None:
            fields["last"] = arguments.check_count("last", last)
        reply: Reply
        reply, _ = yield Ask(self.link, requests.simple(_frames.READ, fields), self.deadline(timeout))
        return reply

    # ------------------------------------------------------------ history

    def history(
        self, key: str, limit: int | None, before: int | None, values: bool, timeout: float | None
    ) -> Flow[list[Event]]:
        found: list[Event] = []
        left = None if limit is None else arguments.check_count("limit", limit)
        if before is not None:
            before = arguments.check_count("before", before)
        while left is None or left > 0:
            page, more = yield from self.history_page(key, left, before, values, timeout)
            found += page
            if not more or not page:
                break
            before = page[-1].version
            left = None if left is None else left - len(page)
        return found

    def history_page(
        self, key: str, limit: int | None, before: int | None, values: bool, timeout: float | None
    ) -> Flow[tuple[list[Event], bool]]:
        """Events, newest first, and whether there are more."""
        fields: dict[str, Any] = {"key": arguments.check_key(key)}
        fields["limit"] = _EVENTS if limit is None else min(limit, _EVENTS)
        if before is not None:
            fields["before"] = before
        if values:
            fields["values"] = True
        reply, _ = yield Ask(self.link, requests.simple(_frames.HISTORY, fields), self.deadline(timeout))
        return replies.parse_events(reply, self.codec), bool(reply.fields["more"])

    def watch_page(
        self, prefix: str, after: int | None, store_id: str | None, values: bool, wait: float, deadline: float | None
    ) -> Flow[tuple[list[Event], int, str, bool]]:
        """(events, everything up to this revision was seen, the store, whether there are more now). wait: seconds
        for the first one.
        """
        fields: dict[str, Any] = {"prefix": arguments.check_key(prefix, "prefix"), "limit": _EVENTS, "wait": wait}
        if after is not None:
            fields["after"] = after
        if store_id is not None:
            fields["store"] = store_id
        if values:
            fields["values"] = True
        reply, _ = yield Ask(self.link, requests.simple(_frames.WATCH, fields), deadline)
        answer = reply.fields
        events = replies.parse_events(reply, self.codec)
        return events, answer["read_revision"], answer["store_id"], bool(answer["more"])

    def restore(
        self,
        key: str,
        version: int,
        base: object,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        """The bytes as they were, with their content type: no codec has to understand them."""
        key, over = arguments.check_key(key), self.deadline(timeout)
        if base is None:
            raise invalid("base", "say what this goes on from: a base of the key as it is now", key=key)
        resolved = requests.resolve_base(base, key)
        reply = yield from self._read_version(key, version, None, timeout)
        old = reply.fields["snaps"][0]
        draft = Draft(self.codec)
        draft.base(resolved)
        if old["exists"]:
            draft.put(key, old["type"], bytes(reply.payload))
        else:
            draft.delete(key)
        request = draft.request(self.author, encode_request_id(request_id), meta)
        reply, _ = yield Ask(self.link, request, over)
        return replies.parse_receipt(reply.fields)

    def scan_page(
        self,
        prefix: str,
        after: str | None,
        limit: int | None,
        at: int | None,
        values: bool,
        timeout: float | None = None,
    ) -> Flow[tuple[list[Snapshot[Any]], int, str, bool]]:
        """(snapshots, the revision they were read at, store id, whether there are more)."""
        fields: dict[str, Any] = {"prefix": arguments.check_key(prefix, "prefix")}
        fields["limit"] = _PAGE if limit is None else min(limit, _PAGE)
        if after is not None:
            fields["after"] = after
        if at is not None:
            fields["at"] = at
        if not values:
            fields["values"] = False
        reply, _ = yield Ask(self.link, requests.simple(_frames.SCAN, fields), self.deadline(timeout))
        answer = reply.fields
        return (
            replies.parse_snapshots(reply, self.codec),
            answer["read_revision"],
            answer["store_id"],
            bool(answer.get("more")),
        )

    # ------------------------------------------------------------ one commit

    def send(self, draft: Draft, request_id: str | None, timeout: float | None, meta: Meta) -> Flow[Receipt]:
        request = draft.request(self.author, encode_request_id(request_id), meta)
        reply, _ = yield Ask(self.link, request, self.deadline(timeout))
        return replies.parse_receipt(reply.fields)

    def commit(
        self,
        key: str,
        value: Any,
        base: object,
        overwrite: bool,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        key = arguments.check_key(key)
        if overwrite:
            self._no_base(base)
            content_type, data = encode(value, self.codec)
            receipt = yield from overwritten(
                self, key, lambda draft: draft.put(key, content_type, data, True), request_id, timeout, meta
            )
            return receipt
        if base is None:
            raise _needs_base(key)
        request = requests.put(key, value, base, self.codec).request(self.author, encode_request_id(request_id), meta)
        reply, _ = yield Ask(self.link, request, self.deadline(timeout))
        return replies.parse_receipt(reply.fields)

    def delete(
        self,
        key: str | None,
        prefix: str | None,
        base: object,
        overwrite: bool,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        if (key is None) == (prefix is None):
            raise invalid("key", "either a key or prefix=")
        if prefix is not None:
            return self._delete_prefix(prefix, base, overwrite, request_id, timeout, meta)
        name = arguments.check_key(key)
        if overwrite:
            self._no_base(base)
            return overwritten(self, name, lambda draft: draft.delete(name, True), request_id, timeout, meta)
        if base is None:
            raise _needs_base(name)
        draft = Draft(self.codec)
        draft.base(requests.resolve_base(base, name))
        draft.delete(name)
        return self.send(draft, request_id, timeout, meta)

    def _delete_prefix(
        self,
        prefix: str,
        base: object,
        overwrite: bool,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        prefix = arguments.check_key(prefix, "prefix")
        if overwrite:
            raise invalid("overwrite", "a prefix is deleted on a ticket, or in a transaction that read it")
        if not isinstance(base, Ticket) or not base.key.startswith(prefix):
            raise invalid("base", "a ticket of a key below the prefix")
        draft = Draft(self.codec)
        draft.base(base)
        draft.delete_prefix(prefix)
        return self.send(draft, request_id, timeout, meta)

    @staticmethod
    def _no_base(base: object) -> None:
        if base is not None:
            raise invalid("base", "overwrite=True takes no base")

    # ------------------------------------------------------------ deltas

    def merge(
        self,
        key: str,
        patch: Mapping[str, Any],
        base: object,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        data = merge_patch(patch)
        if base is not None:
            draft.merge_base(requests.resolve_base(base, arguments.check_key(key)), patch)
        draft.merge(arguments.check_key(key), data)
        return self.send(draft, request_id, timeout, meta)

    # ------------------------------------------------------------ claims and what is held

    def check(self, base: object, timeout: float | None) -> Flow[None]:
        if not isinstance(base, (Snapshot, Receipt, Ticket)):
            raise invalid("base", f"a Snapshot, Receipt, Ticket or claim, not {type(base).__name__}")
        draft = Draft(self.codec)
        for part in base.keys.values() if isinstance(base, Receipt) else (base,):
            draft.base(requests.resolve_base(part, part.key))
        yield Ask(self.link, draft.check(), self.deadline(timeout))

    def reclaim(
        self,
        key: str | None,
        prefix: str | None,
        holder: str | None,
        reason: str,
        request_id: str | None,
        timeout: float | None,
    ) -> Flow[list[tuple[str, int, str | None]]]:
        given = {
            name: arguments.check_key(text, name)
            for name, text in (("key", key), ("prefix", prefix), ("holder", holder))
            if text is not None
        }
        if len(given) != 1:
            raise invalid("key", "exactly one of key, prefix, holder")
        fields = {**given, "writer": self.author.name, "reason": arguments.check_key(reason, "reason")}
        request = requests.simple(
            _frames.RECLAIM, fields, request_id=encode_request_id(request_id), mutating=True, stamp=True
        )
        reply, _ = yield Ask(self.link, request, self.deadline(timeout))
        return replies.parse_reclaimed(reply)

    def claims(self, prefix: str, timeout: float | None) -> Flow[list[ClaimInfo]]:
        fields = {"prefix": arguments.check_key(prefix, "prefix")} if prefix else {}
        reply, _ = yield Ask(self.link, requests.simple(_frames.CLAIMS, fields), self.deadline(timeout))
        return replies.parse_claim_infos(reply)


def merge_patch(patch: object) -> bytes:
    """The bytes of a JSON merge patch, which is an object."""
    if not isinstance(patch, Mapping):
        raise invalid("patch", f"a mapping, not {type(patch).__name__}")
    return to_json(dict(patch), "patch")


def _needs_base(key: str) -> MortmainError:
    return invalid("base", "say what this goes on from: base=snapshot, or overwrite=True", key=key)
