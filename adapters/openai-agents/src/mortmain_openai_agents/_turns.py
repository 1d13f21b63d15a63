"""Order among the tasks of this process, and mutations that a cancellation does not stop half-way."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Turns:
    """One at a time, in the order of arrival, for tasks of any number of event loops and threads. Blocks no loop; a
    forked child begins with nobody inside."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._waiting: deque[Future[None]] = deque()
        self._busy = False

    async def __aenter__(self) -> None:
        if self._pid != os.getpid():
            self._reset()
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            ours: Future[None] = Future()
            self._waiting.append(ours)
        try:
            await asyncio.wrap_future(ours)
        except asyncio.CancelledError:
            # Either it was taken out of the queue, or the turn came at the same moment and is nobody's now.
            if not ours.cancel():
                self._pass_on()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            while self._waiting:
                following = self._waiting.popleft()
                if following.set_running_or_notify_cancel():
                    following.set_result(None)
                    return
            self._busy = False


async def finish(work: Awaitable[T]) -> T:
    """Await work to its end, however often this task is cancelled meanwhile; the cancellation follows it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = cancelled or error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()
        raise cancelled
    return task.result()
