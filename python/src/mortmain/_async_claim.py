"""The asynchronous twin of the claim handle; the renewals still run in the one background thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._async_drive import drive_async
from ._claim import ClaimView
from ._effects import Flow
from ._errors import invalid
from ._grant import UNKNOWN, Grant
from ._models import Receipt, Snapshot

if TYPE_CHECKING:
    from ._async_store import AsyncStore

T = TypeVar("T")


class PendingClaim:
    """A claim that is asked for when it is entered (`async with`) or awaited. For one use."""

    def __init__(self, store: AsyncStore, key: str, ask: Callable[[], Flow[Grant]]) -> None:
        self._store = store
        self._key = key
        self._ask = ask
        self._claim: AsyncClaim | None = None

    def __await__(self) -> Generator[Any, None, AsyncClaim]:
        return self._acquire().__await__()

    async def _acquire(self) -> AsyncClaim:
        return AsyncClaim(self._store, await self._store._run("claim", self._key, self._ask()))

    async def __aenter__(self) -> AsyncClaim:
        self._claim = await self._acquire()
        return self._claim

    async def __aexit__(self, *_: object) -> None:
        if self._claim is not None:
            await self._claim.release()


class AsyncClaim(ClaimView):
    """A live claim, as `store.claim` gives it. Thread-safe; leaving the `with` block releases it and never
    raises.

    Not picklable; in a forked child every use is ClaimLost (why="forked").
    """

    def __init__(self, store: AsyncStore, grant: Grant) -> None:
        self._store = store
        self._grant = grant
        self._lock = asyncio.Lock()

    def __enter__(self) -> AsyncClaim:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.release()

    @property
    def value(self) -> Any:
        """The value that the next commit goes on from, None where the key is absent. After a delta it is read
        again.
        """
        if self._grant.value is UNKNOWN:
            raise invalid("value", "not known after a delta: await claim.read() first", key=self._grant.key)
        return self._grant.value

    async def read(self, *, timeout: float | None = None) -> Snapshot[Any]:
        """The key as it is now, which becomes the base of the next commit."""
        return await self._run("claim.read", self._grant.read(timeout))

    async def commit(
        self,
        value: Any,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Write the value; the base moves with it. Fenced once the key was reclaimed."""
        return await self._run("claim.commit", self._grant.commit(value, request_id, timeout, meta))

    async def delete(
        self,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Delete the key; the claim stays."""
        return await self._run("claim.delete", self._grant.delete(request_id, timeout, meta))

    async def append(
        self,
        item: Any,
        unique: str | None = None,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Append to the list, fenced by the claim."""
        return await self._run("claim.append", self._grant.append(item, unique, request_id, timeout, meta))

    async def merge(
        self,
        patch: Mapping[str, Any],
        *,
        request_id: str | None = None,
        timeout: float | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Apply a JSON merge patch, fenced by the claim."""
        return await self._run("claim.merge", self._grant.merge(patch, request_id, timeout, meta))

    async def check(self, *, timeout: float | None = None) -> None:
        """Raise Fenced (or ClaimLost) if a commit would now: for effects outside the store, just before they
        happen.
        """
        await self._run("claim.check", self._grant.check(timeout))

    async def release(self) -> None:
        """Give the key back. Never raises; a second time does nothing."""
        async with self._lock:
            await drive_async(self._grant.release())

    async def _run(self, name: str, flow: Flow[T]) -> T:
        # One write at a time: the base moves with each.
        async with self._lock:
            return await self._store._run(name, self._grant.key, flow)
