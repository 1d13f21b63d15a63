"""MortmainStore: LangGraph's long-term memory, shared by any number of processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from langgraph.store.base import (
    NOT_PROVIDED,
    BaseStore,
    IndexConfig,
    Op,
    Result,
    TTLConfig,
    ensure_embeddings,
)

from ._connection import connect
from ._drive import drive, drive_async
from ._gates import Gates
from ._item_watch import AsyncItemWatch, ItemWatch
from ._items import Keys, VersionedItem, check_labels
from ._store_flows import StoreFlows, tokens_of
from ._sweeper import Stopped, Sweeper, Sweeping, Swept

if TYPE_CHECKING:
    from types import TracebackType

    from langgraph.store.base import NotProvided
    from mortmain import Store
    from typing_extensions import Self


class MortmainStore(StoreFlows, BaseStore):
    """LangGraph's store on mortmain: a batch is one commit, and items carry versions.

        store = MortmainStore.open("state", index={"dims": 64, "embed": embed})
        store.put(("users", "7"), "plan", {"step": 1})
        item = store.get(("users", "7"), "plan")
        store.put(("users", "7"), "plan", {"step": 2}, expected_version=item.version)

    A plain `put` replaces what is there, as the contract of `BaseStore` says; `expected_version=` and `update` do not
    lose an update. Thread-safe, fork-aware, bound to no event loop; a copy is the same connection.

    store: an open `mortmain.Store`, which is never closed here, or a state directory. index, ttl: as LangGraph's own
    stores take them.
    """

    supports_ttl = True

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        *,
        prefix: str = "langgraph",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        self._connection = connect(store)
        self._keys = Keys(prefix)
        self.ttl_config = ttl
        self.index_config = index
        self.embeddings = ensure_embeddings(index.get("embed")) if index else None
        self._fields = [(path, tokens_of(path)) for path in (index.get("fields") or ["$"])] if index else []
        self._sweeper: Sweeper | None = None
        self._gates = Gates()

    @classmethod
    def open(
        cls,
        store: Store | str | os.PathLike[str],
        *,
        prefix: str = "langgraph",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> Self:
        """The same as the constructor."""
        return cls(store, prefix=prefix, index=index, ttl=ttl)

    # ------------------------------------------------------------ the object

    @property
    def prefix(self) -> str:
        """Below which key prefix everything lies."""
        return self._keys.prefix

    def close(self) -> None:
        """Stop the sweeper and give the connection back."""
        self.stop_ttl_sweeper(5.0)
        self._connection.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> MortmainStore:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connection.directory} {self.prefix}>"

    # ------------------------------------------------------------ the contract

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Reads first, then all puts in one commit."""
        return drive(self._batch(list(ops)), self._connection.store)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """The twin of `batch`."""
        async with self._gates.turn():
            return await drive_async(self._batch(list(ops)), await self._connection.attached())

    def put(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any] | None,
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
        expected_version: int | None = None,
    ) -> None:
        """Store a value; None deletes. expected_version: VersionConflict unless the item has it now (0: unless there is
        none)."""
        flow = self._put(namespace, key, value, index, ttl, expected_version)
        drive(flow, self._connection.store)

    async def aput(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any] | None,
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
        expected_version: int | None = None,
    ) -> None:
        """The twin of `put`."""
        flow = self._put(namespace, key, value, index, ttl, expected_version)
        async with self._gates.turn():
            await drive_async(flow, await self._connection.attached())

    def update(
        self, namespace: tuple[str, ...], key: str, fn: Callable[[dict[str, Any] | None], Any]
    ) -> VersionedItem | None:
        """Store fn(value), read again and recomputed until nobody came between; fn gets None where there is no item
        and may return `mortmain.DELETE`. The item that was stored; its ttl and index stay as they are configured."""
        return drive(self._update(namespace, key, fn), self._connection.store)

    async def aupdate(
        self, namespace: tuple[str, ...], key: str, fn: Callable[[dict[str, Any] | None], Any]
    ) -> VersionedItem | None:
        """The twin of `update`; fn is a plain function."""
        return await drive_async(self._update(namespace, key, fn), await self._connection.attached())

    def watch(
        self, namespace_prefix: tuple[str, ...] = (), *, after: int | None = None, timeout: float | None = None
    ) -> ItemWatch:
        """An iterator over ItemEvents of the items below a namespace, in order, each once, from now on:

            with store.watch(("users", "7")) as events:
                for event in events:
                    print(event.kind, event.namespace, event.key, event.value)

        after: a revision (`events.revision` of an earlier watch, in any process) instead of now; RevisionCompacted if
        it is not kept any more. timeout: seconds of silence after which the iteration ends; None waits for ever. It
        reconnects by itself, without a gap or a double.
        """
        check_labels(namespace_prefix)
        below = self._keys.below("i", namespace_prefix)
        return ItemWatch(self._connection.store, self._keys, below, after, timeout)

    def awatch(
        self, namespace_prefix: tuple[str, ...] = (), *, after: int | None = None, timeout: float | None = None
    ) -> AsyncItemWatch:
        """The twin of `watch`: `async for event in store.awatch(...)`; `await store.awatch(...)` begins now."""
        check_labels(namespace_prefix)
        below = self._keys.below("i", namespace_prefix)
        return AsyncItemWatch(self._connection, self._keys, below, after, timeout)

    # ------------------------------------------------------------ ttl

    def sweep_ttl(self) -> Swept:
        """Delete what expired; how many items it were. It can be awaited, as this and the next two can in LangGraph's
        async stores; it holds the event loop then, which `asweep_ttl` does not."""
        return Swept(drive(self._sweep(), self._connection.store))

    async def asweep_ttl(self) -> int:
        """The twin of `sweep_ttl`."""
        return await drive_async(self._sweep(), await self._connection.attached())

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> Sweeping:
        """Sweep in the background, every so many minutes (default: of the ttl configuration, else 5). Cancelling the
        future stops it."""
        if self._sweeper is None or not self._sweeper.is_alive():
            configured = (self.ttl_config or {}).get("sweep_interval_minutes")
            minutes = sweep_interval_minutes or configured or 5.0
            self._sweeper = Sweeper(self.sweep_ttl, 60.0 * float(minutes))
            self._sweeper.start()
        return self._sweeper.future

    def stop_ttl_sweeper(self, timeout: float | None = None) -> Stopped:
        """Stop sweeping; whether it has stopped within so many seconds."""
        return Stopped(self._sweeper is None or self._sweeper.stop(timeout))
