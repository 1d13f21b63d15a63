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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read:
    """Several keys at one revision, in the order asked for."""

    keys: list[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """The keys below a prefix, in order."""

    prefix: str
    limit: int | None = None
    values: bool = True


@dataclass(slots=True)
class Commit:
    """One transaction; `build` gets it and only writes."""

    build: Callable[[Any], None]
    meta: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Transact:
    """Read the keys, let `work(txn, snapshots)` decide and write, commit; again on a conflict. Gives its result."""

    keys: list[str]
    work: Callable[[Any, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Await:
    """A call outside of the store, such as an embedding: in this thread, or awaited."""

    call: Callable[[], Any]
    call_async: Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Take everything below a prefix away from whoever goes on from a read of it."""

    prefix: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds before another try."""

    seconds: float


Effect = Read | Scan | Commit | Transact | Await | Reclaim | Pause
Flow = Generator[Effect, Any, T]


def drive(flow: Flow[T], store: Store) -> T:
    """Run a flow in this thread."""
    try:
        effect = flow.send(None)
        while True:
            try:
                result = _perform(effect, store)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def _perform(effect: Effect, store: Store) -> Any:
    if isinstance(effect, Commit):
        with store.transaction(meta=effect.meta) as txn:
            effect.build(txn)
        return txn.receipt
    if isinstance(effect, Scan):
        return list(store.scan(effect.prefix, limit=effect.limit, values=effect.values))
    if isinstance(effect, Read):
        found = store.read_many(effect.keys)
        return [found[key] for key in effect.keys]
    if isinstance(effect, Transact):
        return store.transact(lambda txn: effect.work(txn, txn.read_many(effect.keys))).result
    if isinstance(effect, Await):
        return effect.call()
    if isinstance(effect, Reclaim):
        return store.reclaim(prefix=effect.prefix, reason=effect.reason)
    time.sleep(effect.seconds)
    return None


async def drive_async(flow: Flow[T], store: Store) -> T:
    """Run a flow in this task."""
    try:
        effect = flow.send(None)
        while True:
            try:
                if isinstance(effect, (Commit, Transact, Reclaim)):
                    result = await finish(_perform_async(effect, store))
                else:
                    result = await _perform_async(effect, store)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def _perform_async(effect: Effect, store: Store) -> Any:
    twin = store.aio
    if isinstance(effect, Scan):
        return [one async for one in twin.scan(effect.prefix, limit=effect.limit, values=effect.values)]
    if isinstance(effect, Read):
        found = await twin.read_many(effect.keys)
        return [found[key] for key in effect.keys]
    if isinstance(effect, Commit):
        async with twin.transaction(meta=effect.meta) as txn:
            effect.build(txn)
        return txn.receipt
    if isinstance(effect, Transact):

        async def work(txn: Any) -> Any:
            return effect.work(txn, await txn.read_many(effect.keys))

        return (await twin.transact(work)).result
    if isinstance(effect, Await):
        return await effect.call_async()
    if isinstance(effect, Reclaim):
        return await twin.reclaim(prefix=effect.prefix, reason=effect.reason)
    await asyncio.sleep(effect.seconds)
    return None


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
