"""What happens to a store's items, as it happens: mortmain's watch, told in namespaces and keys."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import mortmain

if TYPE_CHECKING:
    from types import TracebackType

    from mortmain import Event, Snapshot, Store
    from mortmain.aio import AsyncWatch

    from ._connection import Connection
    from ._items import Keys


@dataclass(frozen=True)
class ItemEvent:
    """One item was put or deleted, by a user or because its ttl was over.

    kind: put | delete. value: what was put, None of a delete. version: of the item after it, as `VersionedItem` has
    it. revision: of the commit; the items of one batch share it. committed_at: aware, UTC.
    """

    kind: str
    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any] | None = field(hash=False)
    version: int
    revision: int
    writer: str
    committed_at: datetime


class ItemWatch:
    """What `MortmainStore.watch` gives: an iterator over ItemEvents. A live handle: for one thread at a time, not
    picklable; close it, or leave its `with` block, to end the iteration."""

    def __init__(self, store: Store, keys: Keys, prefix: str, after: int | None, timeout: float | None) -> None:
        self._store = store
        self._keys = keys
        self._events = store.watch(prefix, after=after, values=True, timeout=timeout)

    @property
    def revision(self) -> int:
        """Everything up to here was given out: `watch(..., after=watch.revision)` goes on from it, in any process."""
        return self._events.revision

    def __iter__(self) -> ItemWatch:
        return self

    def __next__(self) -> ItemEvent:
        for event in self._events:
            if event.kind != "reclaim":
                return _told(event, self._keys, self._gone(event))
        raise StopIteration

    def _gone(self, event: Event) -> Snapshot[Any] | None:
        """The item before a delete, where its key does not say how it is called."""
        if not self._keys.is_hashed(event.key) or event.value is not None:
            return None
        try:
            return self._store.read(event.key, revision=event.revision - 1)
        except mortmain.RevisionCompacted:
            return None

    def close(self) -> None:
        """End the iteration; the event that was given out last was the last one."""
        self._events.close()

    def __enter__(self) -> ItemWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._events!r}>"


class AsyncItemWatch:
    """What `MortmainStore.awatch` gives: `async for event in store.awatch(...)`. For one task at a time, not picklable.

    "From now on" is the moment of `events = await store.awatch(...)`, or of the first step of the iteration.
    """

    def __init__(
        self, connection: Connection, keys: Keys, prefix: str, after: int | None, timeout: float | None
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._what = (prefix, after, timeout)
        self._events: AsyncWatch | None = None
        self._closed = False

    @property
    def revision(self) -> int:
        """As in `ItemWatch`."""
        return self._events.revision if self._events is not None else self._what[1] or 0

    def __await__(self) -> Generator[Any, None, AsyncItemWatch]:
        return self._bound().__await__()

    async def _bound(self) -> AsyncItemWatch:
        if self._events is None:
            prefix, after, timeout = self._what
            store = await self._connection.attached()
            self._events = await store.aio.watch(prefix, after=after, values=True, timeout=timeout)
        return self

    def __aiter__(self) -> AsyncItemWatch:
        return self

    async def __anext__(self) -> ItemEvent:
        if self._closed:
            raise StopAsyncIteration
        await self._bound()
        assert self._events is not None
        async for event in self._events:
            if event.kind != "reclaim":
                return _told(event, self._keys, await self._gone(event))
        raise StopAsyncIteration

    async def _gone(self, event: Event) -> Snapshot[Any] | None:
        if not self._keys.is_hashed(event.key) or event.value is not None:
            return None
        try:
            store = await self._connection.attached()
            return await store.aio.read(event.key, revision=event.revision - 1)
        except mortmain.RevisionCompacted:
            return None

    async def close(self) -> None:
        """End the iteration; the event that was given out last was the last one."""
        self._closed = True
        if self._events is not None:
            await self._events.close()

    async def __aenter__(self) -> AsyncItemWatch:
        return await self._bound()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._keys.prefix}>"


def _told(event: Event, keys: Keys, before: Snapshot[Any] | None) -> ItemEvent:
    """An event of the journal in the words of a LangGraph store."""
    record = event.value if before is None else before.value
    return ItemEvent(
        kind="delete" if event.value is None else "put",
        namespace=keys.namespace_of(event.key),
        key=keys.name_of(event.key) if record is None else record["key"],
        value=None if event.value is None else event.value["value"],
        version=event.version,
        revision=event.revision,
        writer=event.writer,
        committed_at=event.committed_at,
    )
