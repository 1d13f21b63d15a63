"""One directory's gateway as this process sees it, and the one loop that gets a request answered exactly
once.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from time import monotonic
from typing import Any

from . import _gateway
from ._arguments import limited
from ._codec import Codec
from ._effects import Connect, Exchange, Flow, Pause, drive
from ._errors import (
    CommitUnconfirmed,
    GatewayUnavailable,
    JavaNotFound,
    JournalCorrupt,
    MortmainError,
    ProtocolMismatch,
    RequestIdExpired,
    StoreClosed,
    Unsupported,
    ValueTooLarge,
)
from ._frames import BRIEF_FIELDS, COMMIT, FORMAT, IN_PIECES, REQUEST_HEAD, Data, Frame, Reply, Request, pack_head
from ._replies import parse_error
from ._request_id import GivenId
from ._transport import Broken, Greeted, Pool

logger = logging.getLogger("mortmain")

# How long the client waits past a deadline for the gateway's own verdict on it, which says more than a
# silence. Seconds.
GRACE = 0.5
# A key that was contended this recently takes its turn at once. Seconds.
_CONTENDED_FOR = 3.0
_CONTENDED_KEYS = 256
# How many unconfirmed ids keep the revision that was known when they were made.
_UNCONFIRMED_IDS = 1000
_HOPELESS = frozenset({"bad-token", "insecure-directory", "start-failed", "locked"})


class Link:
    """The shared half of all Store objects of one `open`. Thread-safe; in a forked child it starts over with
    new connections.

    timeout: seconds for talk with the gateway per call, None for as long as it takes.
    """

    def __init__(
        self,
        directory: str,
        *,
        start: bool,
        create: bool,
        timeout: float | None,
        java: str | None,
        codec: Codec | None,
        observe: Callable[[Any], None] | None,
    ) -> None:
        self.directory = directory
        self.start = start
        self.create = create
        self.timeout = limited(timeout)
        self.java = java
        self.codec = codec
        self.observe = observe
        self.pool = Pool()
        self.closed = False
        self._contended: dict[str, float] = {}
        self._unconfirmed_ids: dict[str, tuple[int, str | None]] = {}

    # ------------------------------------------------------------ connections

    def connect(self, deadline: float | None, start: bool) -> Greeted:
        """A new connection, not in the pool. deadline: on time.monotonic(). start: the gateway, if none runs.
        """
        if self.closed:
            raise StoreClosed("the store object was closed: open another one", operation="connect")
        timeout = None if deadline is None else max(0.001, deadline - time.monotonic())
        reached = _gateway.reach_gateway(
            self.directory, start=start, create=self.create, java=self.java, timeout=timeout
        )
        self.pool.adopt(reached.connection)
        return reached.connection

    def attach(self) -> None:
        """Have a connection, so that what is wrong shows at `open`."""
        timeout = self.timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        self.pool.give(self.connect(deadline, self.start))

    def close(self) -> None:
        self.closed = True
        self.pool.close()

    # ------------------------------------------------------------ the one loop

    def ask(self, request: Request, deadline: float | None) -> tuple[Reply, str]:
        """`call` in this thread. The first attempt, which nearly always is the only one, needs no flow."""
        connection = self.pool.take()
        if connection is None:
            return drive(self.call(request, deadline))
        frame = self._frame(request, connection, deadline)
        outcome: Reply | Broken
        try:
            outcome = connection.exchange(frame, None if deadline is None else deadline + GRACE)
        except Broken as broken:
            return drive(self.call(request, deadline, (connection, broken)))
        if outcome.ok:
            self.pool.give(connection)
            return outcome, connection.store_id
        return drive(self.call(request, deadline, (connection, outcome)))

    def ask_at_once(
        self,
        op: int,
        fields: bytes,
        data: Data,
        request_id: bytes,
        seconds: float | None,
        connection: Greeted | None = None,
        brief: bool = False,
    ) -> tuple[Reply, Greeted | None]:
        """`ask` for an operation on one value, which becomes a Request only where the first attempt is not answered by
        yes. fields: they name the store. seconds: from now on. brief: as of a Request.

        Over a connection that the caller has taken, or one of the pool; it comes back with the answer, for the caller
        to give. None: it was given back.
        """
        if len(data) >= IN_PIECES:
            self.pool.give(connection)
            connection = None
        elif connection is None:
            connection = self.pool.take()
        deadline: float | None = None
        end: float | None = None
        stamp = 0  # as connection.deadline_ms says it
        if seconds is not None:
            deadline = monotonic() + seconds
            end = deadline + GRACE
            if connection is not None:
                stamp = int(deadline * 1000.0 + connection.clock_offset)
                if stamp < 1:
                    stamp = 1
        if connection is None:
            return drive(self.call(_single(op, fields, data, request_id, brief), deadline))[0], None
        since = connection.revision
        ids, size = len(request_id), len(fields)
        length = REQUEST_HEAD + ids + size + len(data)
        flags = connection.flags | BRIEF_FIELDS if brief else connection.flags
        head = pack_head(length, FORMAT, op, ids, flags, 0, stamp, since, size)
        frame = b"".join((head, request_id, fields, data))
        outcome: Reply | Broken
        try:
            outcome = connection.exchange(frame, end)
            if outcome.ok:
                return outcome, connection
        except Broken as broken:
            outcome = broken
        request = _single(op, fields, data, request_id, brief)
        request.sent_as(frame, since, connection.store_id)
        return drive(self.call(request, deadline, (connection, outcome)))[0], None

    def call(
        self, request: Request, deadline: float | None, attempted: tuple[Greeted, Reply | Broken] | None = None
    ) -> Flow[tuple[Reply, str]]:
        """The answer and the store id of its connection; an error reply is raised. attempted: what became of the first
        attempt, if it was made.

        Until the deadline: a failure before the request was sent is tried again freely; after that the same
        request is sent again, and the requestId keeps it from happening twice. Without an answer by then a
        mutation is CommitUnconfirmed, anything else GatewayUnavailable.
        """
        sent = False
        pauses = 0
        while True:
            if attempted is None:
                connection = self.pool.take()
                if connection is None:
                    try:
                        connection = yield Connect(self, deadline)
                    except MortmainError as error:
                        self._give_up(request, deadline, sent, error)
                        pauses += 1
                        yield Pause(_backoff(pauses, deadline))
                        continue
                if request.brief and not connection.flags:
                    self.pool.give(connection)
                    older = _older(self.directory)
                    raise self._unconfirmed(request, older) if sent else older
                frame = self._frame(request, connection, deadline)
                try:
                    outcome = yield Exchange(connection, frame, None if deadline is None else deadline + GRACE)
                except Broken as broken:
                    outcome = broken
            else:
                (connection, outcome), attempted = attempted, None
            if isinstance(outcome, Broken):
                sent = sent or outcome.sent
                self._give_up(request, deadline, sent, _silence(self.directory, outcome))
                continue
            self.pool.give(connection)
            if outcome.ok:
                return outcome, connection.store_id
            refusal = parse_error(outcome, self.codec, connection.store_id)
            if _on_its_way_out(refusal):
                # The gateway is on its way out. It has not judged this, or cannot say what became of it; its
                # successor can.
                sent = sent or isinstance(refusal, CommitUnconfirmed)
                connection.close()
                self._give_up(request, deadline, sent, refusal)
                pauses += 1
                yield Pause(_backoff(pauses, deadline))
                continue
            if not sent and _was_never_sent(request, connection, refusal):
                request.since = connection.revision
                request.attempt += 1  # the answer to this one is final
                continue
            if sent and request.mutating and isinstance(refusal, GatewayUnavailable):
                raise self._unconfirmed(request, refusal) from refusal
            raise refusal

    def _frame(self, request: Request, connection: Greeted, deadline: float | None) -> Frame:
        frame = request.frame(connection.deadline_ms(deadline), connection.store_id, connection.revision)
        if request.length > connection.frame_limit:
            self.pool.give(connection)
            raise _too_large(request, connection)
        return frame

    def _give_up(self, request: Request, deadline: float | None, sent: bool, error: MortmainError) -> None:
        """Raise if there is no point or no time in another try."""
        over = deadline is not None and time.monotonic() >= deadline
        hopeless = (
            self.closed
            or isinstance(error, (JavaNotFound, ProtocolMismatch, JournalCorrupt, Unsupported))
            or (isinstance(error, GatewayUnavailable) and error.reason in _HOPELESS)
            or not isinstance(error, (GatewayUnavailable, StoreClosed, CommitUnconfirmed))
        )
        if not over and not hopeless:
            return
        if sent and request.mutating:
            raise self._unconfirmed(request, error) from error
        raise error

    def _unconfirmed(self, request: Request, error: MortmainError) -> CommitUnconfirmed:
        request_id = request.request_id.decode()
        self._unconfirmed_ids.pop(request_id, None)
        self._unconfirmed_ids[request_id] = (request.since, request.store_id)
        if len(self._unconfirmed_ids) > _UNCONFIRMED_IDS:
            self._unconfirmed_ids.pop(next(iter(self._unconfirmed_ids)), None)
        return CommitUnconfirmed(
            f"request {request_id} was sent and no answer came ({error}): it may have been committed;"
            f" store.resolve({request_id!r}) says whether it was",
            request_id=request_id,
        )

    def known_of(self, request_id: str) -> tuple[int, str | None]:
        """The revision that was known when an unconfirmed id was made, and the store that it was first sent to; 0 and
        None for an id of somebody else: one that is no longer remembered is then never taken for one that did not
        happen.
        """
        return self._unconfirmed_ids.get(request_id, (0, None))

    # ------------------------------------------------------------ contention

    def note_contention(self, key: str) -> None:
        contended = self._contended
        contended.pop(key, None)
        contended[key] = time.monotonic() + _CONTENDED_FOR
        if len(contended) > _CONTENDED_KEYS:
            for oldest in list(contended)[: _CONTENDED_KEYS // 2]:
                contended.pop(oldest, None)

    def is_contended(self, key: str) -> bool:
        until = self._contended.get(key)
        return until is not None and monotonic() < until


def _single(op: int, fields: bytes, data: Data, request_id: bytes, brief: bool) -> Request:
    return Request(op, fields, [data] if data else [], request_id=request_id, mutating=op == COMMIT, brief=brief)


def _on_its_way_out(refusal: MortmainError) -> bool:
    """Closing, or ending after a disk failure. A deadline that was over before the request was taken up is an
    answer.
    """
    if isinstance(refusal, GatewayUnavailable):
        return refusal.reason != "timeout"
    return isinstance(refusal, (StoreClosed, CommitUnconfirmed))


def _was_never_sent(request: Request, connection: Greeted, refusal: MortmainError) -> bool:
    """Whether the id only looks older than the horizon, because the connection heard nothing for long: it was made for
    this call, and this was the first that anybody saw of it.
    """
    return (
        isinstance(refusal, RequestIdExpired)
        and not isinstance(request.request_id, GivenId)
        and request.since < connection.revision
    )


def _backoff(pauses: int, deadline: float | None) -> float:
    pause = min(0.25, 0.005 * math.pow(2.0, min(pauses, 10))) * (0.5 + random.random() / 2)
    return pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic()))


def _silence(directory: str, broken: Broken) -> GatewayUnavailable:
    what = "did not answer in time" if broken.expired else "closed the connection"
    return GatewayUnavailable(
        f"the gateway of {directory} {what}: try again", reason="timeout" if broken.expired else "refused"
    )


def _older(directory: str) -> GatewayUnavailable:
    return GatewayUnavailable(
        f"the gateway of {directory} has given way to an older one during the call: try again", reason="refused"
    )


def _too_large(request: Request, connection: Greeted) -> ValueTooLarge:
    limits = connection.limits
    size = sum(map(len, request.payload)) or len(request.fields)
    limit = limits.get("value", limits["frame"])
    if size <= limit:
        limit = min(limits.get("commit", limits["frame"]), limits["frame"])
    return ValueTooLarge(
        f"the request carries {size} bytes, the limit is {limit}: split the value over several keys",
        size=size,
        limit=limit,
    )
