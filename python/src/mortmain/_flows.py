"""The calls of a store as flows: what is sent, what comes back, when it is tried again. Written once for both
twins.

A method that is a generator function yields effects (see `_link`) and returns what the public method returns.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import _frames
from . import _operations as ops
from ._codec import encode, to_json
from ._errors import (
    ClaimHeld,
    Conflict,
    Fenced,
    ForeignEdit,
    MortmainError,
    RevisionCompacted,
    StoreChanged,
    Unsupported,
    VersionConflict,
    invalid,
)
from ._link import Flow, Invoke, Link, Pause
from ._models import (
    DELETE,
    ClaimInfo,
    Committed,
    NotCommitted,
    Receipt,
    Snapshot,
    Ticket,
    VerifyReport,
)
from ._operations import Author, Draft
from ._request_id import encode_request_id

Meta = Mapping[str, str] | None
# What one page of a scan asks for.
_PAGE = 500
_REREAD = (VersionConflict, Fenced, StoreChanged)


class Flows:
    """The flows of one store and author. Immutable, thread-safe."""

    __slots__ = ("author", "codec", "link")

    def __init__(self, link: Link, author: Author) -> None:
        self.link = link
        self.author = author
        self.codec = link.codec

    def deadline(self, timeout: float | None) -> float | None:
        """On time.monotonic(); a call's None is the store's timeout, the store's None is no deadline."""
        if timeout is None:
            timeout = self.link.timeout
            if timeout is None:
                return None
        elif not isinstance(timeout, (int, float)) or math.isnan(timeout) or timeout < 0:
            raise invalid("timeout", "seconds, at least 0")
        return time.monotonic() + timeout if timeout < 1e9 else None

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
        fields: dict[str, Any] = {"keys": [ops.check_key(key) for key in keys]}
        if last is not None:
            if not isinstance(last, int) or isinstance(last, bool) or last < 0:
                raise invalid("last", "a number of items, at least 0")
            fields["last"] = last
        if at is not None:
            fields["at"] = at
        if not values:
            fields["values"] = False
        reply, _ = yield from self.link.call(ops.simple(_frames.READ, fields), self.deadline(timeout))
        return ops.parse_snapshots(reply, self.codec)

    def read(self, key: str, last: int | None, timeout: float | None = None) -> Flow[Snapshot[Any]]:
        found = yield from self.read_many((key,), timeout, last=last)
        return found[0]

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
        fields: dict[str, Any] = {"prefix": ops.check_key(prefix, "prefix")}
        fields["limit"] = _PAGE if limit is None else min(limit, _PAGE)
        if after is not None:
            fields["after"] = after
        if at is not None:
            fields["at"] = at
        if not values:
            fields["values"] = False
        reply, _ = yield from self.link.call(ops.simple(_frames.SCAN, fields), self.deadline(timeout))
        answer = reply.fields
        return (
            ops.parse_snapshots(reply, self.codec),
            answer["read_revision"],
            answer["store_id"],
            bool(answer.get("more")),
        )

    # ------------------------------------------------------------ one commit

    def send(self, draft: Draft, request_id: str | None, timeout: float | None, meta: Meta) -> Flow[Receipt]:
        request = draft.request(self.author, encode_request_id(request_id), meta)
        reply, _ = yield from self.link.call(request, self.deadline(timeout))
        return ops.parse_receipt(reply.fields)

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
        key = ops.check_key(key)
        if overwrite:
            self._no_base(base)
            content_type, data = encode(value, self.codec)
            receipt = yield from self._overwrite(
                key, lambda draft: draft.put(key, content_type, data, True), request_id, timeout, meta
            )
            return receipt
        if base is None:
            raise _needs_base(key)
        request = ops.put_request(
            self.author, self.codec, key, value, base, meta, encode_request_id(request_id)
        )
        reply, _ = yield from self.link.call(request, self.deadline(timeout))
        return ops.parse_receipt(reply.fields)

    def create(
        self, key: str, value: Any, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        draft.guard("absent", ops.check_key(key))
        draft.put(key, *encode(value, self.codec))
        return self.send(draft, request_id, timeout, meta)

    def ensure(
        self, key: str, value: Any, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        draft.ensure(ops.check_key(key), *encode(value, self.codec))
        return self.send(draft, request_id, timeout, meta)

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
        name = ops.check_key(key)
        if overwrite:
            self._no_base(base)
            return self._overwrite(name, lambda draft: draft.delete(name, True), request_id, timeout, meta)
        if base is None:
            raise _needs_base(name)
        draft = Draft(self.codec)
        draft.base(ops.resolve_base(base, name))
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
        prefix = ops.check_key(prefix, "prefix")
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

    def _overwrite(
        self,
        key: str,
        write: Callable[[Draft], None],
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        """There is no blind overwrite: read and commit until nobody came between, recorded as such."""

        def attempt(snapshot: Snapshot[Any]) -> Flow[Draft]:
            yield from ()
            draft = Draft(self.codec)
            draft.base(snapshot)
            write(draft)
            return draft

        receipt, _ = yield from self.rounds(key, attempt, request_id, timeout, meta, wait_for_claim=False)
        return receipt

    # ------------------------------------------------------------ update

    def update(
        self,
        key: str,
        function: Callable[[Any], Any],
        default: Any,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[tuple[Receipt, int]]:
        """The receipt and the number of rounds."""
        key = ops.check_key(key)
        if not callable(function):
            raise invalid("fn", "a function of the value")

        def attempt(snapshot: Snapshot[Any]) -> Flow[Draft]:
            # The function may change what it is given, so every round gets a default of its own.
            value = snapshot.value if snapshot.exists else copy.deepcopy(default)
            new = yield Invoke(function, value)
            draft = Draft(self.codec)
            draft.base(snapshot)
            if new is DELETE:
                draft.delete(key)
            elif new is None:
                raise invalid("fn", "it returned None: return the new value, or mortmain.DELETE", key=key)
            else:
                draft.put(key, *encode(new, self.codec))
            return draft

        result = yield from self.rounds(key, attempt, request_id, timeout, meta, wait_for_claim=True)
        return result

    def rounds(
        self,
        key: str,
        attempt: Callable[[Snapshot[Any]], Flow[Draft]],
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
        *,
        wait_for_claim: bool,
    ) -> Flow[tuple[Receipt, int]]:
        """Read, make a draft of it, commit: until it is accepted or the timeout is over, checked between
        rounds.

        The first two rounds are optimistic. From the second lost one on, and at once where the key was
        contended a moment ago, the round
        waits for its turn on the key, so that it cannot starve. Every round is another attempt of one
        requestId.
        """
        identity = encode_request_id(request_id)
        over = self.deadline(timeout)
        number = lost = held = 0
        contended = self.link.is_contended(key)
        known: Snapshot[Any] | None = None
        while True:
            turn: int | None = None
            try:
                if contended or lost >= 2:
                    turn, snapshot = yield from self._take_turn(key, timeout, over)
                elif known is not None:
                    snapshot, known = known, None
                else:
                    snapshot = (yield from self.read_many((key,), timeout))[0]
                draft = yield from self._in_turn(turn, attempt(snapshot), timeout)
                request = draft.request(self.author, identity, meta, plain=False, attempt=number, turn=turn)
                number += 1
                reply, _ = yield from self.link.call(request, self.deadline(timeout))
                return ops.parse_receipt(reply.fields), max(number, 1)
            except ForeignEdit:
                raise
            except Conflict as conflict:
                conflict.attempts = max(number, 1)
                waits = wait_for_claim and isinstance(conflict, ClaimHeld)
                if _is_over(over) or not (waits or isinstance(conflict, _REREAD)):
                    raise
                if isinstance(conflict, ClaimHeld):
                    held += 1
                    yield Pause(_until_free(conflict, held, over))
                    continue
                lost += 1
                self.link.note_contention(key)
                if lost < 2 and isinstance(conflict, VersionConflict):
                    known = _usable(conflict.current, key)

    def _take_turn(
        self, key: str, timeout: float | None, over: float | None
    ) -> Flow[tuple[int, Snapshot[Any]]]:
        wait = None if over is None else max(0.0, over - time.monotonic())
        request = ops.simple(_frames.TURN, {"key": key, "wait": wait})
        reply, _ = yield from self.link.call(request, self.deadline(timeout))
        return reply.fields["turn"], ops.parse_one(reply, self.codec)

    def _in_turn(self, turn: int | None, making: Flow[Draft], timeout: float | None) -> Flow[Draft]:
        """A turn that leads to no commit is passed on, so that the others need not wait for it to run out."""
        if turn is None:
            draft = yield from making
            return draft
        try:
            draft = yield from making
        except Exception:
            try:
                yield from self.link.call(
                    ops.simple(_frames.TURN_END, {"turn": turn}), self.deadline(timeout)
                )
            except MortmainError:
                pass
            raise
        return draft

    # ------------------------------------------------------------ deltas

    def append(
        self,
        key: str,
        items: list[Any],
        unique: list[str | None] | None,
        request_id: str | None,
        timeout: float | None,
        meta: Meta,
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        draft.append(ops.check_key(key), [to_json(item, "item") for item in items], unique)
        return self.send(draft, request_id, timeout, meta)

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
            draft.merge_base(ops.resolve_base(base, ops.check_key(key)), patch)
        draft.merge(ops.check_key(key), data)
        return self.send(draft, request_id, timeout, meta)

    def increment(
        self, key: str, by: object, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        draft.increment(ops.check_key(key), ops.number_text(by))
        return self.send(draft, request_id, timeout, meta)

    def add_to_set(
        self, key: str, item: Any, request_id: str | None, timeout: float | None, meta: Meta
    ) -> Flow[Receipt]:
        draft = Draft(self.codec)
        draft.add_to_set(ops.check_key(key), to_json(item, "item"))
        return self.send(draft, request_id, timeout, meta)

    def reduce(self, key: str, function: str, argument: Any) -> Flow[Receipt]:
        yield from ()
        ops.check_key(key)
        if not isinstance(function, str) or function.count(":") != 1:
            raise invalid("function", '"package.module:function"')
        to_json(argument, "argument")
        raise Unsupported(
            "this gateway cannot run Python functions: use update, or a gateway with the jep extra",
            operation="reduce",
        )

    # ------------------------------------------------------------ operators and questions

    def check(self, base: object, timeout: float | None) -> Flow[None]:
        if not isinstance(base, (Snapshot, Receipt, Ticket)):
            raise invalid("base", f"a Snapshot, Receipt, Ticket or claim, not {type(base).__name__}")
        draft = Draft(self.codec)
        for part in base.keys.values() if isinstance(base, Receipt) else (base,):
            draft.base(ops.resolve_base(part, part.key))
        yield from self.link.call(draft.check(), self.deadline(timeout))

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
            name: ops.check_key(text, name)
            for name, text in (("key", key), ("prefix", prefix), ("holder", holder))
            if text is not None
        }
        if len(given) != 1:
            raise invalid("key", "exactly one of key, prefix, holder")
        fields = {**given, "writer": self.author.name, "reason": ops.check_key(reason, "reason")}
        request = ops.simple(
            _frames.RECLAIM, fields, request_id=encode_request_id(request_id), mutating=True, stamp=True
        )
        reply, _ = yield from self.link.call(request, self.deadline(timeout))
        return ops.parse_reclaimed(reply)

    def claims(self, prefix: str, timeout: float | None) -> Flow[list[ClaimInfo]]:
        fields = {"prefix": ops.check_key(prefix, "prefix")} if prefix else {}
        reply, _ = yield from self.link.call(ops.simple(_frames.CLAIMS, fields), self.deadline(timeout))
        return ops.parse_claim_infos(reply)

    def resolve(self, request_id: str, timeout: float | None) -> Flow[Committed | NotCommitted]:
        encode_request_id(request_id if request_id is not None else "")
        fields = {"request_id": request_id, "writer": self.author.name}
        reply, _ = yield from self.link.call(ops.simple(_frames.RESOLVE, fields), self.deadline(timeout))
        if reply.fields["outcome"] == "committed":
            return Committed(ops.parse_receipt(reply.fields))
        return NotCommitted()

    def info(self, timeout: float | None) -> Flow[dict[str, Any]]:
        reply, _ = yield from self.link.call(ops.simple(_frames.INFO, {}), self.deadline(timeout))
        return reply.fields

    def verify(self, timeout: float | None) -> Flow[VerifyReport]:
        reply, _ = yield from self.link.call(ops.simple(_frames.VERIFY, {}), self.deadline(timeout))
        return ops.parse_report(reply)

    # ------------------------------------------------------------ transact

    def again(self, error: MortmainError, number: int, over: float | None) -> Flow[None]:
        """Wait before another run of a transaction, or raise what ended the last one."""
        if isinstance(error, Conflict):
            error.attempts = number
        repeatable = isinstance(error, (*_REREAD, ClaimHeld, RevisionCompacted))
        if not repeatable or isinstance(error, ForeignEdit) or _is_over(over):
            raise error
        if isinstance(error, ClaimHeld):
            yield Pause(_until_free(error, number, over))
        elif number > 1:
            # Several transactions over the same keys: the pauses spread them out.
            pause = random.random() * min(0.1, 0.001 * math.pow(2.0, min(number, 10)))
            yield Pause(pause if over is None else max(0.0, min(pause, over - time.monotonic())))


def merge_patch(patch: object) -> bytes:
    """The bytes of a JSON merge patch, which is an object."""
    if not isinstance(patch, Mapping):
        raise invalid("patch", f"a mapping, not {type(patch).__name__}")
    return to_json(dict(patch), "patch")


def outcome_of(error: BaseException) -> str:
    """What `observe` calls an error."""
    if isinstance(error, MortmainError):
        return error.code
    return type(error).__name__


def _is_over(over: float | None) -> bool:
    return over is not None and time.monotonic() >= over


def _until_free(conflict: ClaimHeld, tries: int, over: float | None) -> float:
    """Its holder may release early, so look again before it would expire, ever more seldom."""
    pause = min(1.0, 0.01 * math.pow(2.0, min(tries, 8)))
    if conflict.retry_after is not None:
        pause = min(pause, max(conflict.retry_after, 0.001))
    return pause if over is None else max(0.0, min(pause, over - time.monotonic()))


def _usable(current: Snapshot[Any] | None, key: str) -> Snapshot[Any] | None:
    """What the rejection was judged with is as good as a read, if all of it is there."""
    if current is None or current.key != key or current.partial or not current.store_id:
        return None
    return current


def _needs_base(key: str) -> MortmainError:
    return invalid("base", "say what this goes on from: base=snapshot, or overwrite=True", key=key)
