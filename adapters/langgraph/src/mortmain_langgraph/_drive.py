"""Work written once for both worlds: a flow yields what it needs of the store and is driven by a thread or awaited.

A mutation that a cancelled task began is finished before the cancellation goes on, so that what the graph believes
and what is stored do not drift apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mortmain import Store
    from mortmain.aio import AsyncStore

T = TypeVar("T")


class Effect:
    """What a flow needs of the store."""

    __slots__ = ()

    # Whether a task that is cancelled meanwhile finishes it first.
    mutating = False

    def run(self, store: Store) -> Any:
        """Do it in this thread."""
        raise NotImplementedError

    async def run_async(self, store: AsyncStore) -> Any:
        """Do it in this task."""
        raise NotImplementedError


@dataclass(slots=True)
class Read(Effect):
    """Several keys at one revision, in the order asked for."""

    keys: list[str]

    def run(self, store: Store) -> Any:
        found = store.read_many(self.keys)
        return [found[key] for key in self.keys]

    async def run_async(self, store: AsyncStore) -> Any:
        found = await store.read_many(self.keys)
        return [found[key] for key in self.keys]


@dataclass(slots=True)
class Scan(Effect):
    """The keys below a prefix, in order."""

    prefix: str
    limit: int | None = None
    values: bool = True

    def run(self, store: Store) -> Any:
        return list(store.scan(self.prefix, limit=self.limit, values=self.values))

    async def run_async(self, store: AsyncStore) -> Any:
        return [one async for one in store.scan(self.prefix, limit=self.limit, values=self.values)]


@dataclass(slots=True)
class Commit(Effect):
    """One transaction; `build` gets it and only writes."""

    build: Callable[[Any], None]
    meta: dict[str, str] | None = None

    mutating = True

    def run(self, store: Store) -> Any:
        with store.transaction(meta=self.meta) as txn:
            self.build(txn)
        return txn.receipt

    async def run_async(self, store: AsyncStore) -> Any:
        async with store.transaction(meta=self.meta) as txn:
            self.build(txn)
        return txn.receipt


@dataclass(frozen=True, slots=True)
class Transact(Effect):
    """Read the keys, let `work(txn, snapshots)` decide and write, commit; again on a conflict. Gives its result."""

    keys: list[str]
    work: Callable[[Any, dict[str, Any]], Any]

    mutating = True

    def run(self, store: Store) -> Any:
        return store.transact(lambda txn: self.work(txn, txn.read_many(self.keys))).result

    async def run_async(self, store: AsyncStore) -> Any:
        async def work(txn: Any) -> Any:
            return self.work(txn, await txn.read_many(self.keys))

        return (await store.transact(work)).result


@dataclass(frozen=True, slots=True)
class Await(Effect):
    """A call outside of the store, such as an embedding: in this thread, or awaited."""

    call: Callable[[], Any]
    call_async: Callable[[], Awaitable[Any]]

    def run(self, store: Store) -> Any:
        return self.call()

    async def run_async(self, store: AsyncStore) -> Any:
        return await self.call_async()


@dataclass(frozen=True, slots=True)
class Reclaim(Effect):
    """Take everything below a prefix away from whoever goes on from a read of it."""

    prefix: str
    reason: str

    mutating = True

    def run(self, store: Store) -> Any:
        return store.reclaim(prefix=self.prefix, reason=self.reason)

    async def run_async(self, store: AsyncStore) -> Any:
        return await store.reclaim(prefix=self.prefix, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Pause(Effect):
    """Seconds before another try."""

    seconds: float

    def run(self, store: Store) -> None:
        time.sleep(self.seconds)

    async def run_async(self, store: AsyncStore) -> None:
        await asyncio.sleep(self.seconds)


Flow = Generator[Effect, Any, T]


def drive(flow: Flow[T], store: Store) -> T:
    """Run a flow in this thread."""
    try:
        effect = flow.send(None)
        while True:
            try:
                result = effect.run(store)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def drive_async(flow: Flow[T], store: Store) -> T:
    """Run a flow in this task."""
    twin = store.aio
    try:
        effect = flow.send(None)
        while True:
            try:
                if effect.mutating:
                    result = await finish(effect.run_async(twin))
                else:
                    result = await effect.run_async(twin)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def finish(work: Awaitable[T]) -> T:
    """Await work that a cancellation of this task does not stop half-way; the cancellation follows it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()
        raise
