"""What is tried again until it is accepted: `update`, `overwrite=True`, the runs of `transact`.

The rounds of one call are attempts of one requestId, so that a lost answer never makes two of them count.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from . import _frames
from . import _replies as replies
from . import _requests as requests
from ._codec import encode
from ._effects import Ask, Flow, Invoke, Pause
from ._errors import (
    ClaimHeld,
    Conflict,
    Fenced,
    MortmainError,
    RevisionCompacted,
    StoreChanged,
    VersionConflict,
    invalid,
)
from ._frames import Request
from ._models import DELETE, Receipt, Snapshot
from ._request_id import encode_request_id
from ._requests import Draft, Put

if TYPE_CHECKING:
    from ._flows import Flows

Meta = Mapping[str, str] | None
# What makes a draft of a snapshot.
Attempt = Callable[[Snapshot[Any]], Flow[Any]]
# Of one talk with the gateway, in a call whose timeout of 0 leaves a single round (seconds).
_ONE_ROUND = 1.0
_REREAD = (VersionConflict, Fenced, StoreChanged)


class Begun:
    """A call whose first round was lost already. over: on time.monotonic(). number: of attempts that were sent."""

    __slots__ = ("conflict", "identity", "number", "over")

    def __init__(self, identity: bytes, over: float | None, number: int, conflict: Conflict) -> None:
        self.identity = identity
        self.over = over
        self.number = number
        self.conflict = conflict


def updated(
    flows: Flows,
    key: str,
    function: Callable[[Any], Any],
    default: Any,
    request_id: str | None,
    timeout: float | None,
    meta: Meta,
    begun: Begun | None = None,
) -> Flow[tuple[Receipt, int]]:
    """The receipt and the number of rounds. begun: goes on from there."""
    key = arguments.check_key(key)
    if not callable(function):
        raise invalid("fn", "a function of the value")

    def attempt(snapshot: Snapshot[Any]) -> Flow[Put | Draft]:
        # The function may change what it is given, so every round gets a default of its own.
        value = snapshot.value if snapshot.exists else copy.deepcopy(default)
        new = yield Invoke(function, value)
        return drafted(flows, snapshot, check_new(new, key))

    result = yield from _rounds(
        flows, key, attempt, request_id, timeout, meta, wait_for_claim=True, begun=begun
    )
    return result


def check_new(new: Any, key: str) -> Any:
    """What the function of `update` returned."""
    if new is None:
        raise invalid("fn", "it returned None: return the new value, or mortmain.DELETE", key=key)
    return new


def drafted(flows: Flows, snapshot: Snapshot[Any], new: Any) -> Put | Draft:
    """What it makes of a snapshot."""
    if new is not DELETE:
        return Put(snapshot, *encode(new, flows.codec))
    draft = Draft(flows.codec)
    draft.base(snapshot)
    draft.delete(snapshot.key)
    return draft


def overwritten(
    flows: Flows,
    key: str,
    write: Callable[[Draft], None],
    request_id: str | None,
    timeout: float | None,
    meta: Meta,
) -> Flow[Receipt]:
    """There is no blind overwrite: read and commit until nobody came between, recorded as such."""

    def attempt(snapshot: Snapshot[Any]) -> Flow[Draft]:
        yield from ()
        draft = Draft(flows.codec)
        draft.base(snapshot)
        write(draft)
        return draft

    receipt, _ = yield from _rounds(flows, key, attempt, request_id, timeout, meta, wait_for_claim=False)
    return receipt


def _rounds(
    flows: Flows,
    key: str,
    attempt: Attempt,
    request_id: str | None,
    timeout: float | None,
    meta: Meta,
    *,
    wait_for_claim: bool,
    begun: Begun | None = None,
) -> Flow[tuple[Receipt, int]]:
    """Read, make a draft of it, commit: until it is accepted or the timeout is over, checked between rounds.

    The first two rounds are optimistic. From the second lost one on, and at once where the key was contended a
    moment ago, a round waits for its turn on the key, so that it cannot starve.
    """
    link = flows.link
    conflict: Conflict | None
    if begun is None:
        identity, over, number, conflict = encode_request_id(request_id), flows.deadline(timeout), 0, None
    else:
        identity, over, number, conflict = begun.identity, begun.over, begun.number, begun.conflict
    timeout = of_a_talk(timeout)
    lost = held = 0
    contended = link.is_contended(key)
    known: Snapshot[Any] | None = None
    while True:
        if conflict is not None:
            conflict.attempts = max(number, 1)
            if _is_over(over):
                raise conflict
            if isinstance(conflict, ClaimHeld) and wait_for_claim:
                held += 1
                yield Pause(_until_free(conflict, held, over))
            elif isinstance(conflict, _REREAD):
                lost += 1
                link.note_contention(key)
                if lost < 2 and isinstance(conflict, VersionConflict):
                    known = _usable(conflict.current, key)
            else:
                raise conflict
        turn: int | None = None
        try:
            if contended or lost >= 2:
                turn, snapshot = yield from _take_turn(flows, key, timeout, over)
            elif known is not None:
                snapshot, known = known, None
            else:
                snapshot = (yield from flows.read_many((key,), timeout))[0]
        except Conflict as error:
            conflict = error
            continue
        # Whatever the user's function raises passes, a Conflict of another call of its own too.
        draft = yield from _in_turn(flows, turn, attempt(snapshot), timeout)
        request = draft.request(flows.author, identity, meta, plain=False, attempt=number, turn=turn)
        number += 1
        try:
            reply, _ = yield Ask(link, request, flows.deadline(timeout))
            return replies.parse_receipt(reply.fields), number
        except Conflict as error:
            conflict = error


def _take_turn(
    flows: Flows, key: str, timeout: float | None, over: float | None
) -> Flow[tuple[int, Snapshot[Any]]]:
    wait = None if over is None else max(0.0, over - time.monotonic())
    request = Request(_frames.TURN, requests.turn_fields(key, wait))
    reply, _ = yield Ask(flows.link, request, flows.deadline(timeout))
    return reply.fields["turn"], replies.parse_one(reply, flows.codec)


def _in_turn(flows: Flows, turn: int | None, making: Flow[Any], timeout: float | None) -> Flow[Any]:
    """A turn that leads to no commit is passed on, so that the others need not wait for it to run out."""
    if turn is None:
        draft = yield from making
        return draft
    try:
        draft = yield from making
    except Exception:
        yield from pass_on(flows, turn, timeout)
        raise
    return draft


def pass_on(flows: Flows, turn: int, timeout: float | None) -> Flow[None]:
    """End a turn without a commit."""
    try:
        request = requests.simple(_frames.TURN_END, {"turn": turn})
        yield Ask(flows.link, request, flows.deadline(timeout))
    except MortmainError:
        pass  # it runs out by itself


def of_a_talk(timeout: float | None) -> float | None:
    """There is one round at least, and it needs its answers: 0 is no time for them."""
    return _ONE_ROUND if timeout == 0 else timeout


def before_another_run(error: MortmainError, number: int, over: float | None) -> Flow[None]:
    """Wait before another run of a transaction, or raise what ended the last one."""
    if isinstance(error, Conflict):
        error.attempts = number
    if not isinstance(error, (*_REREAD, ClaimHeld, RevisionCompacted)) or _is_over(over):
        raise error
    if isinstance(error, ClaimHeld):
        yield Pause(_until_free(error, number, over))
    elif number > 1:
        # Several transactions over the same keys: the pauses spread them out.
        pause = random.random() * min(0.1, 0.001 * math.pow(2.0, min(number, 10)))
        yield Pause(pause if over is None else max(0.0, min(pause, over - time.monotonic())))


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
