"""The asynchronous half: `async with mortmain.aio.open("state") as store`."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ._async_claim import AsyncClaim
from ._async_store import AsyncStore
from ._async_watch import AsyncWatch
from ._codec import Codec
from ._errors import Conflict, invalid
from ._open import Observer, author_of, make_link
from ._retry import check_retry, pause_after
from ._transaction import AsyncTransaction

__all__ = ["AsyncClaim", "AsyncStore", "AsyncTransaction", "AsyncWatch", "open", "retry"]

F = TypeVar("F", bound=Callable[..., Any])


class _Opening:
    """`async with` or `await` attaches; for one use."""

    def __init__(self, make: Callable[[], AsyncStore]) -> None:
        self._make = make
        self._store: AsyncStore | None = None

    def __await__(self) -> Generator[Any, None, AsyncStore]:
        return self._attach().__await__()

    async def _attach(self) -> AsyncStore:
        store = self._make()
        try:
            await asyncio.get_running_loop().run_in_executor(None, store._link.attach)
        except asyncio.CancelledError:
            store.close()
            raise
        return store

    async def __aenter__(self) -> AsyncStore:
        self._store = await self._attach()
        return self._store

    async def __aexit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()


def open(
    directory: str | os.PathLike[str] | None = None,
    *,
    agent: str | None = None,
    start: bool | None = None,
    create: bool = True,
    timeout: float | None = 30.0,
    java: str | os.PathLike[str] | None = None,
    codec: Codec | None = None,
    observe: Observer | None = None,
) -> _Opening:
    """`mortmain.open` for coroutines: `async with mortmain.aio.open(...) as store`, or `store = await
    mortmain.aio.open(...)`.
    """
    link = make_link(directory, start, create, timeout, java, codec, observe)
    author = author_of(agent)
    return _Opening(lambda: AsyncStore(link, author))


def retry(attempts: int = 5, backoff: float = 0.05) -> Callable[[F], F]:
    """`mortmain.retry` for async functions."""
    check_retry(attempts, backoff)

    def decorate(function: F) -> F:
        if not inspect.iscoroutinefunction(function):
            raise invalid("function", "not an async function: use mortmain.retry")

        @functools.wraps(function)
        async def repeated(*args: Any, **kwargs: Any) -> Any:
            attempt = 1
            while True:
                try:
                    return await function(*args, **kwargs)
                except Conflict as conflict:
                    pause = pause_after(conflict, attempt, attempts, backoff)
                    if pause is None:
                        raise
                await asyncio.sleep(pause)
                attempt += 1

        return repeated  # type: ignore[return-value]

    return decorate
