"""Iterators over what happens. The journal is the queue: an iterator holds one page and a revision, and asks again
behind it, over
whatever connection there is, so neither a slow consumer nor a restart of the gateway costs an event or doubles one.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ._arguments import limited
from ._call import Call
from ._effects import Flow, drive
from ._errors import MortmainError, invalid
from ._flows import Flows
from ._models import Event

if TYPE_CHECKING:
    from collections.abc import Generator

# Seconds that one question waits in the gateway. A client that is gone costs a thread for so long.
_WAIT = 15.0


class Position:
    """Where a watch is, and what comes next. For one thread or task."""

    def __init__(self, flows: Flows, prefix: str, after: int | None, values: bool, timeout: float | None) -> None:
        if after is not None and (not isinstance(after, int) or isinstance(after, bool) or after < 0):
            raise invalid("after", "a revision, or None for now")
        if timeout is not None and (not isinstance(timeout, (int, float)) or math.isnan(timeout) or timeout < 0):
            raise invalid("timeout", "seconds of silence, at least 0, or None")
        self.flows = flows
        self.prefix = prefix
        self.values = values
        self.timeout = limited(timeout)
        self.after = after
        self.closed = False
        self._read = after
        self._store_id: str | None = None
        self._page: deque[Event] = deque()

    def bind(self) -> Flow[None]:
        """Make "from now on" a revision, a bad prefix an error, and a store that is restored meanwhile another one."""
        if self._store_id is None:
            _, now, self._store_id, _ = yield from self.flows.watch_page(
                self.prefix, None, None, False, 0.0, self.flows.deadline(None)
            )
            if self._read is None:
                self.after = self._read = now

    def next(self) -> Flow[Event | None]:
        """The next event; None after `timeout` seconds of silence."""
        if self._page:
            return self._take()
        yield from self.bind()
        over = None if self.timeout is None else time.monotonic() + self.timeout
        while not self.closed:
            left = math.inf if over is None else over - time.monotonic()
            try:
                more = yield from self._ask(min(_WAIT, max(0.0, left)), over)
            except MortmainError as error:
                # Silence is what the caller asked to be told of by the end of the iteration, whatever the reason.
                if error.code == "UNAVAILABLE" and over is not None and time.monotonic() >= over:
                    return None
                raise
            if self._page:
                return self._take()
            self.after = self._read
            if not more and over is not None and time.monotonic() >= over:
                return None
        return None

    def _ask(self, wait: float, over: float | None) -> Flow[bool]:
        patience = self.flows.link.timeout
        deadline = None if patience is None else time.monotonic() + wait + patience
        if over is not None:
            deadline = over + 1.0 if deadline is None else min(deadline, over + 1.0)
        page, self._read, self._store_id, more = yield from self.flows.watch_page(
            self.prefix, self._read, self._store_id, self.values, wait, deadline
        )
        self._page.extend(page)
        return more

    def _take(self) -> Event:
        event = self._page.popleft()
        if not self._page:
            self.after = self._read
        elif self._page[0].revision > event.revision:
            self.after = event.revision
        return event


class Watch:
    """The events of `store.watch`, one after the other. A live handle: for one thread at a time, not picklable; close
    it, or leave its
    `with` block, to end the iteration.
    """

    def __init__(self, flows: Flows, prefix: str, after: int | None, values: bool, timeout: float | None) -> None:
        self._position = Position(flows, prefix, after, values, timeout)
        self._run(self._position.bind())

    @property
    def revision(self) -> int:
        """Everything up to here was given out: `store.watch(prefix, after=watch.revision)` goes on from it, in any
        process.
        """
        return self._position.after or 0

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> Event:
        event: Event | None = self._run(self._position.next())
        if event is None:
            raise StopIteration
        return event

    def _run(self, flow: Generator[Any, Any, Any]) -> Any:
        call = Call(self._position.flows.link, "watch", self._position.prefix)
        try:
            return drive(flow)
        except BaseException as error:
            call.failed(error)
            raise

    def close(self) -> None:
        """End the iteration; the event that was given out last was the last one."""
        self._position.closed = True
        self._position._page.clear()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<mortmain.Watch {self._position.prefix!r} after {self._position.after}>"
