"""The two calls that programs make most, in a straight line: the commit of one value on its base, and the round of
`update` that has its turn on a contended key.

`_flows` and `_rounds` say the same for both twins at twice the byte codes, and byte codes are what a call costs where
several processes share the cores: each begins with caches that the others have emptied. Whatever is out of the
ordinary goes on in the flow.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._codec import decode, encode
from ._errors import Conflict
from ._frames import COMMIT, TURN, Reply
from ._link import drive
from ._models import DELETE, Receipt, Snapshot
from ._replies import parse_one, parse_receipt
from ._request_id import encode_request_id
from ._requests import PLAIN, check_whole, of_rounds, put_fields, turn_fields
from ._rounds import Begun, check_new, drafted, of_a_talk, pass_on, updated

if TYPE_CHECKING:
    from ._flows import Flows

Meta = Mapping[str, str] | None


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
    fields = put_fields(
        flows.author, meta, key, base.version, base.tag, base.epoch, base.store_id, known,
        content_type, len(data), PLAIN,
    )  # fmt: skip
    identity = encode_request_id(request_id)
    reply = flows.link.ask_at_once(COMMIT, fields, data, identity, flows.deadline(timeout))
    return parse_receipt(reply.fields)


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
    identity = encode_request_id(request_id)
    over = flows.deadline(timeout)
    talk = of_a_talk(timeout)
    number = 0
    try:
        until = over if talk == timeout else flows.deadline(talk)
        reply = link.ask_at_once(TURN, turn_fields(key, over), b"", b"", until)
    except Conflict as error:
        lost = error
    else:
        # Whatever the user's function raises passes, a Conflict of another call of its own too.
        new = _computed(flows, key, function, default, reply, talk)
        number = 1
        try:
            return parse_receipt(_committed(flows, key, new, reply, identity, meta, talk).fields), 1
        except Conflict as error:
            lost = error
    begun = Begun(identity, over, number, lost)
    return drive(updated(flows, key, function, default, request_id, timeout, meta, begun))


def _computed(
    flows: Flows, key: str, function: Callable[[Any], Any], default: Any, reply: Reply, talk: float | None
) -> tuple[str, Any] | None:
    """What the function makes of the value that came with the turn, encoded; None where it deletes. A turn that leads
    to no commit is passed on.
    """
    fields = reply.fields
    try:
        snap = fields["snap"]
        exists = snap["exists"]
        value = decode(snap["type"], reply.payload, flows.codec) if exists else copy.deepcopy(default)
        new = check_new(function(value), key)
        return None if new is DELETE else encode(new, flows.codec)
    except Exception:
        drive(pass_on(flows, fields["turn"], talk))
        raise


def _committed(
    flows: Flows,
    key: str,
    new: tuple[str, Any] | None,
    reply: Reply,
    identity: bytes,
    meta: Meta,
    talk: float | None,
) -> Reply:
    fields = reply.fields
    turn = fields["turn"]
    if new is None:
        draft = drafted(flows, parse_one(reply, flows.codec), DELETE)
        request = draft.request(flows.author, identity, meta, plain=False, turn=turn)
        return flows.link.ask(request, flows.deadline(talk))[0]
    content_type, data = new
    snap = fields["snap"]
    written = put_fields(
        flows.author, meta, key, snap["version"], snap["tag"], snap["epoch"], fields["store_id"],
        fields["read_revision"], content_type, len(data), of_rounds(turn),
    )  # fmt: skip
    return flows.link.ask_at_once(COMMIT, written, data, identity, flows.deadline(talk))
