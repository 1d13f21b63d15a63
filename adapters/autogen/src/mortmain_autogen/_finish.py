"""Mutations that a cancelled task began are finished before the cancellation goes on, so that what the team believes
and what is stored do not drift apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from autogen_core import CancellationToken

T = TypeVar("T")


async def finish(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do work that a cancellation of this task does not stop half-way; the cancellation follows it."""
    task = asyncio.ensure_future(work())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # The store's own timeout bounds how long this takes.
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise


async def linked(work: Callable[[], Coroutine[Any, Any, T]], token: CancellationToken | None) -> T:
    """Do work that AutoGen's cancellation token cancels, too."""
    if token is None:
        return await work()
    if token.is_cancelled():
        raise asyncio.CancelledError
    task = asyncio.ensure_future(work())
    token.link_future(task)
    return await task
