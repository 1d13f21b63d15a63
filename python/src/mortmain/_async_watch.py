"""The asynchronous twin of `_watch`."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ._async_drive import drive_async
from ._call import Call
from ._flows import Flows
from ._models import Event
from ._watch import Position


class AsyncWatch:
    """The events of `store.aio.watch`: `async for event in store.watch("plans/")`. For one task at a time, not
    picklable.

    "From now on" is the moment of `events = await store.watch(...)`, or of the first step of the iteration.
    """

    def __init__(self, flows: Flows, prefix: str, after: int | None, values: bool, timeout: float | None) -> None:
        self._position = Position(flows, prefix, after, values, timeout)

    @property
    def revision(self) -> int:
        """Everything up to here was given out: `store.watch(prefix, after=watch.revision)` goes on from it, in any
        process.
        """
        return self._position.after or 0

    def __await__(self) -> Generator[Any, None, AsyncWatch]:
        return self._bound().__await__()

    async def _bound(self) -> AsyncWatch:
        await self._run(self._position.bind())
        return self

    def __aiter__(self) -> AsyncWatch:
        return self

    async def __anext__(self) -> Event:
        event: Event | None = await self._run(self._position.next())
        if event is None:
            raise StopAsyncIteration
        return event

    async def _run(self, flow: Generator[Any, Any, Any]) -> Any:
        call = Call(self._position.flows.link, "watch", self._position.prefix)
        try:
            return await drive_async(flow)
        except BaseException as error:
            call.failed(error)
            raise

    async def close(self) -> None:
        """End the iteration; the event that was given out last was the last one."""
        self._position.closed = True
        self._position._page.clear()

    async def __aenter__(self) -> AsyncWatch:
        return await self._bound()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<mortmain.AsyncWatch {self._position.prefix!r} after {self._position.after}>"
