"""The frames of docs/frames.md: bytes of a request, parts of a reply. No I/O.

A Request is built once and sent perhaps several times: `since` and the store id are fixed at the first send,
so that every re-send is the same request; only the deadline, which lives on one gateway's clock, is written
per send.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

FORMAT: Final = 1
PROTOCOL_MIN: Final = 1
PROTOCOL_MAX: Final = 1

HELLO: Final = 1
READ: Final = 2
COMMIT: Final = 3
CLAIM: Final = 4
RENEW: Final = 5
RELEASE: Final = 6
RECLAIM: Final = 7
CHECK: Final = 8
SCAN: Final = 9
RESOLVE: Final = 10
CLAIMS: Final = 11
INFO: Final = 12
VERIFY: Final = 13
STOP: Final = 14
TURN: Final = 15
PING: Final = 16
TURN_END: Final = 17
HISTORY: Final = 18
WATCH: Final = 19
MOUNT: Final = 20
UNMOUNT: Final = 21
ADOPT: Final = 22
BACKUP: Final = 30
CONTENTION: Final = 31
RETAIN: Final = 40
CONFIGURE: Final = 41
COMPACT: Final = 42

# length prefix, format, op, requestId length, flags, attempt, deadline, since, fields length
_REQUEST = struct.Struct(">IBBBBIqqI")
# format, status, zero, durable revision, fields length
_REPLY = struct.Struct(">BBBxqI")
REQUEST_HEAD: Final = _REQUEST.size - 4
# In the byte behind the status.
_ALONE = 1
REPLY_HEAD: Final = _REPLY.size
# What a reply is, apart from 0, an answer.
_ERROR: Final = 1
_RECEIPT: Final = 2
_TURN: Final = 3
# A feature of the gateway, and the flags of a request: numbers may stand for the object of its answer; they stand for
# the object of its fields.
BRIEF: Final = "brief"
ANSWER_BRIEFLY: Final = 1
BRIEF_FIELDS: Final = 2
# Of a commit: turn, version, tag, epoch, base revision, the lengths of writer, key and content type, and these texts;
# behind them the store.
pack_brief: Final = struct.Struct(">qqqqqHHH").pack
# Of a commit: version, tag, epoch, revision. Of a turn: its id, version, tag, epoch, the revision of the read; behind
# them the content type, nothing where there is no value.
_unpack_receipt = struct.Struct(">qqqq").unpack
_unpack_turn = struct.Struct(">qqqqq").unpack
_TURN_SIZE: Final = 40
_NO_FIELDS: Final[dict[str, Any]] = {}
LENGTH: Final = struct.Struct(">I")

# What a request carries: a view is one of bytes that nobody changes.
Data = bytes | memoryview
# A frame behind its length, in one piece or, from so many bytes on, as what lies one after the other in it: copying a
# large value costs as much as sending it.
Frame = bytes | list[Data]
IN_PIECES: Final = 64 * 1024

pack_head: Final = _REQUEST.pack
_unpack_reply = _REPLY.unpack_from
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def _make_dumps() -> Callable[[Any], str]:
    """Strict, compact JSON text of a value. JSONEncoder.encode makes a new encoder per call, which costs more
    than the encoding of a small value; this one is made once. A value that contains itself is a
    RecursionError."""
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return encoder.encode
    quote = json.encoder.encode_basestring
    chunks = make(None, encoder.default, quote, None, ":", ",", False, False, False)
    join = "".join

    def dumps(value: Any) -> str:
        return join(chunks(value, 0))

    return dumps


dumps = _make_dumps()


def encode_fields(fields: dict[str, Any] | str) -> bytes:
    """The fields of a frame. Lone surrogates raise UnicodeEncodeError."""
    return dumps(fields).encode()


def stamped(fields: bytes, store_id: str) -> bytes:
    """The fields of a request without a base name the store that is first asked."""
    return b'%b,"store":%b}' % (fields[:-1], encode_fields(store_id))


class Request:
    """One request, not bound to a connection. Not thread-safe: it belongs to the call that made it.

    payload: in parts, guards before writes. length: of the frame, once it was made.
    mutating: an unanswered send leaves the outcome unconfirmed. stamp: the request has no base, so that the
    store id and the durable revision of the connection that first carries it are written into it. brief: its fields are
    no object; only for a gateway with that feature.
    """

    # Until the first send.
    length = 0
    since = -1
    store_id: str | None = None

    def __init__(
        self,
        op: int,
        fields: bytes,
        payload: Sequence[Data] = (),
        *,
        request_id: bytes = b"",
        attempt: int = 0,
        mutating: bool = False,
        stamp: bool = False,
        brief: bool = False,
    ) -> None:
        self.op = op
        self.fields = fields
        self.payload = payload
        self.request_id = request_id
        self.attempt = attempt
        self.mutating = mutating
        self.stamp = stamp
        self.brief = brief

    def sent_as(self, frame: Data, since: int, store_id: str) -> None:
        """Its first frame was made without it."""
        self.length = len(frame) - LENGTH.size
        self.since = since
        self.store_id = store_id

    def bytes(self, deadline_ms: int, store_id: str, revision: int) -> bytes:
        """`frame` in one piece."""
        return whole(self.frame(deadline_ms, store_id, revision))

    def frame(self, deadline_ms: int, store_id: str, revision: int) -> Frame:
        """The frame behind its length. store_id, revision: of the connection; they count at the first call
        only.
        """
        if self.since < 0:
            self.since = revision
            self.store_id = store_id
            if self.stamp:
                self.fields = stamped(self.fields, store_id)
        request_id, fields, payload = self.request_id, self.fields, self.payload
        ids, size = len(request_id), len(fields)
        self.length = length = REQUEST_HEAD + ids + size + sum(map(len, payload))
        flags = BRIEF_FIELDS if self.brief else 0
        head = pack_head(length, FORMAT, self.op, ids, flags, self.attempt, deadline_ms, self.since, size)
        if length < IN_PIECES:
            return b"".join((head, request_id, fields, *payload))
        return [b"".join((head, request_id, fields)), *payload]


def whole(frame: Frame) -> bytes:
    """A frame in one piece."""
    return b"".join(frame) if isinstance(frame, list) else frame


class Reply(NamedTuple):
    """One reply. ok: an answer, not an error. revision: the durable one. payload: the values, one after the
    other. alone: the gateway served nobody else since the last request of this connection, and has a core of its own.
    brief: the numbers, and the text, that stand for the fields, if that was asked for.
    """

    ok: bool
    revision: int
    fields: dict[str, Any]
    payload: bytes | memoryview
    alone: bool = False
    brief: tuple[Any, ...] | None = None


_make = tuple.__new__


class MalformedReply(Exception):
    """The peer does not speak this format; internal, the connection is dropped."""


def parse_reply(buffer: memoryview, at: int, end: int, copy: bool) -> Reply:
    """The reply in a frame that lies there, behind its length. copy: the buffer is used again, so the payload is copied
    out of it.
    """
    try:
        form, status, hints, revision, length = _unpack_reply(buffer, at)
        body = at + REPLY_HEAD
        at = body + length
        if form != FORMAT or at > end:
            raise MalformedReply("not a reply frame")
        if status <= _ERROR:
            fields, brief = _scan(str(buffer[body:at], "utf-8"), 0)[0] if length else {}, None
        elif status == _RECEIPT:
            fields, brief = _NO_FIELDS, _unpack_receipt(buffer[body:at])
        elif status == _TURN and length >= _TURN_SIZE:
            behind = body + _TURN_SIZE
            fields, brief = _NO_FIELDS, (*_unpack_turn(buffer[body:behind]), str(buffer[behind:at], "utf-8"))
        else:
            raise MalformedReply("not a reply frame")
    except (struct.error, StopIteration, ValueError) as error:
        raise MalformedReply("not a reply frame") from error
    payload: bytes | memoryview = b""
    if at < end:
        payload = bytes(buffer[at:end]) if copy else buffer[at:end]
    # Past the function that a NamedTuple has for it: whatever a store is asked comes this way.
    return _make(Reply, (status != _ERROR, revision, fields, payload, hints & _ALONE != 0, brief))
