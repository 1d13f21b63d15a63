"""The calls that programs make most, in a straight line: the commit of one value on its base, the commit of one write
without a base, and the round of `update` that has its turn on a contended key.

`_flows` and `_rounds` say the same for both twins at twice the byte codes, and byte codes are what a call costs where
several processes share the cores: each begins with caches that the others have emptied. Whatever is out of the
ordinary goes on in the flow.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._codec import decode, encode
from ._effects import drive
from ._errors import Conflict
from ._frames import COMMIT, TURN, Reply, stamped
from ._models import DELETE, Receipt, Snapshot
from ._replies import parse_receipt, receipt_of, turn_of
from ._request_id import encode_request_id, uuid7
from ._requests import PLAIN, Draft, check_whole, of_rounds, put_briefly, put_fields, turn_fields
from ._rounds import Begun, check_new, drafted, of_a_talk, pass_on, updated

if TYPE_CHECKING:
    from ._flows import Flows
    from ._transport import Greeted

Meta = Mapping[str, str] | None
# Of the same keys again and again.
_turn_fields = functools.lru_cache(256)(turn_fields)


def commit(
    flows: Flows,
    key: str,
    value: Any,
    base: object,
    overwrite: bool,
    request_id: str | None,
    timeout: float | None,
    meta: Meta,
) -> Receipt:
    """`Flows.commit`, in the calling thread."""
    if overwrite or not key or not isinstance(base, (Receipt, Snapshot)) or base.key != key:
        return drive(flows.commit(key, value, base, overwrite, request_id, timeout, meta))
    known = base.revision if isinstance(base, Receipt) else check_whole(base).read_revision
    content_type, data = encode(value, flows.codec)
    identity = uuid7() if request_id is None else encode_request_id(request_id)
    link = flows.link
    seconds = link.timeout if timeout is None else flows.seconds(timeout)
    connection = link.pool.take()
    fields = b""
    if meta is None and connection is not None and connection.flags:
        fields = put_briefly(
            flows.author, key, base.version, base.tag, base.epoch, base.store_id, known, content_type
        )
    brief = fields != b""
    if not brief:
        try:
            fields = put_fields(
                flows.author, meta, key, base.version, base.tag, base.epoch, base.store_id, known,
                content_type, len(data), PLAIN,
            )  # fmt: skip
        except BaseException:
            link.pool.give(connection)
            raise
    reply, connection = link.ask_at_once(COMMIT, fields, data, identity, seconds, connection, brief)
    link.pool.give(connection)
    return receipt_of(reply, key, connection.store_id if connection else "", identity)


def send(
    flows: Flows, key: str, draft: Draft, request_id: str | None, timeout: float | None, meta: Meta
) -> Receipt:
    """`Flows.send` of one write to a key that stands on no base, in the calling thread."""
    fields = draft.fields(flows.author, meta)
    parts = draft.parts()
    link = flows.link
    connection = link.pool.take() if len(parts) < 2 else None
    if connection is None:
        return drive(flows.send(draft, request_id, timeout, meta))
    identity = encode_request_id(request_id)
    reply, connection = link.ask_at_once(
        COMMIT,
        stamped(fields, connection.store_id),
        parts[0] if parts else b"",
        identity,
        flows.seconds(timeout),
        connection,
    )
    link.pool.give(connection)
    return receipt_of(reply, key, connection.store_id if connection else "", identity)


def update(
    flows: Flows,
    key: str,
    function: Callable[[Any], Any],
    default: Any,
    request_id: str | None,
    timeout: float | None,
    meta: Meta,
) -> tuple[Receipt, int]:
    """`updated`, in the calling thread."""
    link = flows.link
    if type(key) is not str or not link.is_contended(key) or not callable(function):
        return drive(updated(flows, key, function, default, request_id, timeout, meta))
    identity = uuid7() if request_id is None else encode_request_id(request_id)
    seconds = talk = link.timeout
    if timeout is not None:
        seconds, talk = flows.seconds(timeout), flows.seconds(of_a_talk(timeout))
    over = None if seconds is None else monotonic() + seconds
    outcome: Receipt | Conflict
    number = 0
    try:
        reply, connection = link.ask_at_once(TURN, _turn_fields(key, seconds), b"", b"", talk)
    except Conflict as error:
        outcome = error
    else:
        outcome = _commit_in_turn(flows, key, function, default, identity, meta, talk, reply, connection)
        number = 1
        if isinstance(outcome, Receipt):
            return outcome, number
    begun = Begun(identity, over, number, outcome)
    return drive(updated(flows, key, function, default, request_id, timeout, meta, begun))


def _commit_in_turn(
    flows: Flows,
    key: str,
    function: Callable[[Any], Any],
    default: Any,
    identity: bytes,
    meta: Meta,
    talk: float | None,
    reply: Reply,
    connection: Greeted | None,
) -> Receipt | Conflict:
    """What becomes of the value that came with the turn. Whatever the user's function raises passes, a Conflict of
    another call of its own too; the turn is passed on then.
    """
    link, codec = flows.link, flows.codec
    store_id = connection.store_id if connection else ""
    turn, version, tag, epoch, known, store_id, kind = turn_of(reply, store_id)
    try:
        value = decode(kind, reply.payload, codec) if kind else copy.deepcopy(default)
        new = check_new(function(value), key)
        if new is DELETE:
            base = Snapshot(key, value, version, tag, epoch, known, known, store_id)
            draft = drafted(flows, base, DELETE)
            deletion = draft.request(flows.author, identity, meta, plain=False, turn=turn)
        else:
            content_type, data = encode(new, codec)
            written = b""
            if reply.brief is not None and meta is None:
                written = put_briefly(flows.author, key, version, tag, epoch, store_id, known, content_type, turn)
            brief = written != b""
            if not brief:
                written = put_fields(
                    flows.author, meta, key, version, tag, epoch, store_id, known,
                    content_type, len(data), of_rounds(turn),
                )  # fmt: skip
    except BaseException as error:
        link.pool.give(connection)
        if isinstance(error, Exception):
            drive(pass_on(flows, turn, talk))
        raise
    try:
        if new is DELETE:
            link.pool.give(connection)
            return parse_receipt(link.ask(deletion, flows.deadline(talk))[0].fields)
        reply, connection = link.ask_at_once(COMMIT, written, data, identity, talk, connection, brief)
    except Conflict as error:
        return error
    link.pool.give(connection)
    return receipt_of(reply, key, store_id, identity)
