"""Runs flows on an event loop. What blocks (finding and starting a gateway) goes to a thread; frames do not.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator
from typing import Any, TypeVar

from ._effects import Ask, Connect, Effect, Exchange, Flow, Invoke, Pause
from ._transport import Greeted

T = TypeVar("T")


class Done:
    """What a call returns that has nothing to wait for, for those who await it all the same."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


async def drive_async(flow: Flow[T]) -> T:
    """Await the effects of a flow. Cancelling the task ends the flow where it waits."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await perform(effect)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def perform(effect: Effect) -> Any:
    """One effect."""
    if isinstance(effect, Exchange):
        return await effect.connection.exchange_async(
            effect.frame, effect.deadline, asyncio.get_running_loop()
        )
    if isinstance(effect, Ask):
        return await drive_async(effect.link.call(effect.request, effect.deadline))
    if isinstance(effect, Pause):
        await asyncio.sleep(effect.seconds)
        return None
    if isinstance(effect, Invoke):
        result = effect.function(effect.argument)
        return await result if inspect.isawaitable(result) else result
    if isinstance(effect, Connect):
        return await _connect(effect)
    raise TypeError(f"unknown effect {effect!r}")


async def _connect(effect: Connect) -> Greeted:
    future = asyncio.get_running_loop().run_in_executor(None, effect.run)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        # The thread goes on; the connection that it makes is for the next call.
        future.add_done_callback(lambda done: _keep(effect, done))
        raise


def _keep(effect: Connect, done: asyncio.Future[Greeted]) -> None:
    if not done.cancelled() and done.exception() is None:
        effect.link.pool.give(done.result())
