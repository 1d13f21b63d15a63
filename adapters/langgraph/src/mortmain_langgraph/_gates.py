"""How many calls of one store are under way at once in an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

# More of them would only wait in the gateway, where the time that each may take is already running.
_AT_ONCE = 64

_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("mortmain_inside_gate", default=False)


class Gates:
    """A program may begin any number of calls at once: those beyond some wait their turn, however long that takes.
    Thread-safe; each event loop has a gate of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        # What an embedding asks of a store belongs to the call that asked for the embedding.
        if _inside.get():
            yield
            return
        async with self._of_this_loop():
            token = _inside.set(True)
            try:
                yield
            finally:
                _inside.reset(token)

    def _of_this_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        with self._lock:
            gate = self._gates.get(loop)
            if gate is None:
                gate = self._gates[loop] = asyncio.Semaphore(_AT_ONCE)
            return gate
