"""MortmainSaver: a LangGraph checkpointer that cannot lose an update."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import mortmain
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from ._admin import Keeper, ThreadInfo, keeper, newest, threads
from ._claim import ThreadClaim
from ._connection import connect
from ._drive import Flow, drive, drive_async
from ._shared import Shared
from ._tickets import RunTicket, asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        DeltaChannelHistory,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.types import StateSnapshot
    from mortmain import Conflict, Store
    from typing_extensions import Self

    from ._flows import SaverFlows

# How many checkpoints `list` reads at once.
_PAGE = 25


class MortmainSaver(BaseCheckpointSaver[str]):
    """Keeps a graph's checkpoints in a mortmain store; for sync and async graphs alike.

        graph = builder.compile(checkpointer=MortmainSaver.open("state"))

    Of two runs that go on from one state of a thread exactly one wins; the other gets a `mortmain.Conflict` (most
    often `VersionConflict`, `Fenced` where the thread was deleted or its claim expired). Thread-safe, fork-aware,
    bound to no event loop; a copy is the same connection. Works with and without `with`.

    store: an open `mortmain.Store`, which is never closed here, or a state directory, attached at the first use.
    strict: refuse what a graph writes without having read the thread through this saver; False stores it unfenced.
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str],
        prefix: str = "langgraph",
        *,
        serde: SerializerProtocol | None = None,
        strict: bool = True,
    ) -> None:
        super().__init__(serde=serde)
        self._shared = Shared(connect(store), prefix, strict)

    @classmethod
    def open(
        cls,
        store: Store | str | os.PathLike[str],
        prefix: str = "langgraph",
        *,
        serde: SerializerProtocol | None = None,
        strict: bool = True,
    ) -> Self:
        """The same as the constructor."""
        return cls(store, prefix, serde=serde, strict=strict)

    # ------------------------------------------------------------ the object

    @property
    def prefix(self) -> str:
        """Below which key prefix everything lies."""
        return self._shared.layout.prefix

    def close(self) -> None:
        """Give the connection back; one that this process opened for nobody else is closed."""
        self._shared.connection.leave()

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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._shared.connection.directory} {self.prefix}>"

    @property
    def _store(self) -> Store:
        return self._shared.connection.store

    async def _attached(self) -> Store:
        return await self._shared.connection.attached()

    @property
    def _flows(self) -> SaverFlows:
        return self._shared.flows(self.serde)

    # ------------------------------------------------------------ the fence

    @property
    def fence_error(self) -> Conflict | None:
        """The last conflict that ended a run through this saver, which LangGraph may have hidden."""
        return self._shared.fence.error(None)

    def raise_if_fenced(self, thread_id: str | None = None) -> None:
        """Raise the last conflict (of a thread) and forget it: for where another node's error hid it."""
        error = self._shared.fence.error(thread_id, clear=True)
        if error is not None:
            raise error

    def claim(
        self,
        thread_id: str,
        ttl: float = 30.0,
        wait: float | None = 0.0,
        max_hold: float | None = 600.0,
    ) -> ThreadClaim:
        """Only runs with the claim's config may write the thread, so that a second run does not even start:

            with saver.claim("thread-1", ttl=60.0) as claim:
                graph.invoke(update, claim.config)

        ttl: seconds without a renewal until it expires; it is renewed in the background until max_hold seconds are
        over, so a stalled claimer loses it and its run is Fenced. wait: seconds in the queue; 0 raises ClaimHeld at
        once, None waits as long as it takes. Also `async with`.
        """
        head = self._shared.layout.space(str(thread_id), "").head
        return ThreadClaim(self._shared.connection, self._shared.fence, str(thread_id), head, ttl, wait, max_hold)

    def if_unchanged(self, snapshot: StateSnapshot) -> RunnableConfig:
        """The config of a snapshot whose thread nobody wrote since, with which only an unchanged thread is written:

            graph.update_state(saver.if_unchanged(snapshot), values)

        `snapshot.config` alone names a checkpoint, and a write on it is a fork that hides newer work. VersionConflict
        if there is a newer checkpoint already.
        """
        return drive(self._flows.if_unchanged(snapshot.config), self._store)

    async def aif_unchanged(self, snapshot: StateSnapshot) -> RunnableConfig:
        """The twin of `if_unchanged`."""
        return await drive_async(self._flows.if_unchanged(snapshot.config), await self._attached())

    @property
    def get_next_version(self) -> Callable[[str | None, None], str]:
        """LangGraph asks for it once per run, just before the run's first read; what it gets ends a refused run at
        its next step. The random end tells versions of different forks apart."""
        versions = asked()

        def next_version(current: str | None, channel: None = None) -> str:
            run: RunTicket | None = versions.run
            if run is not None:
                run.check()
            number = 0 if current is None else int(str(current).split(".")[0])
            return f"{number + 1:032}.{secrets.randbelow(10**16):016}"

        return next_version

    # ------------------------------------------------------------ reads

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that the config names, or the newest of its thread and namespace."""
        return drive(self._flows.get_tuple(config), self._store)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The twin of `get_tuple`."""
        return await drive_async(self._flows.get_tuple(config), await self._attached())

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints, greatest id first; `filter` matches all of its metadata keys."""
        flows = self._flows
        spots = drive(flows.find(config, before), self._store)
        for page in _pages(spots, filter, limit):
            for one in drive(flows.load(page, filter), self._store):
                if limit is not None:
                    limit -= 1
                    if limit < 0:
                        return
                yield one

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The twin of `list`."""
        flows = self._flows
        spots = await drive_async(flows.find(config, before), await self._attached())
        for page in _pages(spots, filter, limit):
            for one in await drive_async(flows.load(page, filter), await self._attached()):
                if limit is not None:
                    limit -= 1
                    if limit < 0:
                        return
                yield one

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What delta channels are rebuilt from: the nearest stored value and the writes since, oldest first."""
        return drive(self._flows.delta_history(config, channels), self._store)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """The twin of `get_delta_channel_history`."""
        return await drive_async(self._flows.delta_history(config, channels), await self._attached())

    # ------------------------------------------------------------ writes

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, durable when it returns. A Conflict if another run wrote the thread since this one
        read it."""
        return drive(self._flows.put(config, checkpoint, metadata, new_versions), self._store)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """The twin of `put`."""
        return await drive_async(self._flows.put(config, checkpoint, metadata, new_versions), await self._attached())

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store what a task wrote, beside its checkpoint. A Conflict as in `put`."""
        drive(self._flows.put_writes(config, writes, task_id, task_path), self._store)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """The twin of `put_writes`."""
        await drive_async(self._flows.put_writes(config, writes, task_id, task_path), await self._attached())

    # ------------------------------------------------------------ whole threads

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread; a run that is in flight on it is refused and cannot bring it back."""
        drive(self._flows.delete_thread(str(thread_id)), self._store)

    async def adelete_thread(self, thread_id: str) -> None:
        """The twin of `delete_thread`."""
        await drive_async(self._flows.delete_thread(str(thread_id)), await self._attached())

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints whose metadata names one of the runs, with their writes."""
        drive(self._flows.delete_for_runs(_several(run_ids, "run_ids")), self._store)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """The twin of `delete_for_runs`."""
        await drive_async(self._flows.delete_for_runs(_several(run_ids, "run_ids")), await self._attached())

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread."""
        drive(self._flows.copy_thread(str(source_thread_id), str(target_thread_id)), self._store)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """The twin of `copy_thread`."""
        await drive_async(self._flows.copy_thread(str(source_thread_id), str(target_thread_id)), await self._attached())

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """keep_latest: of each namespace the newest checkpoint and what its delta channels need, but nothing of a
        subgraph's call from a root checkpoint that goes; delete or delete_all: nothing. A run in flight is refused if
        something was removed."""
        for thread_id in _doomed(thread_ids, strategy):
            self.delete_thread(thread_id)
        if strategy == "keep_latest":
            drive(self._flows.prune([str(one) for one in thread_ids], newest), self._store)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """The twin of `prune`."""
        for thread_id in _doomed(thread_ids, strategy):
            await self.adelete_thread(thread_id)
        if strategy == "keep_latest":
            await drive_async(self._flows.prune([str(one) for one in thread_ids], newest), await self._attached())

    # ------------------------------------------------------------ operators

    def threads(self) -> Iterator[ThreadInfo]:
        """Every thread, with the number of its checkpoints and when it was last written."""
        return iter(drive(threads(self._shared.layout), self._store))

    async def athreads(self) -> AsyncIterator[ThreadInfo]:
        """The twin of `threads`."""
        for one in await drive_async(threads(self._shared.layout), await self._attached()):
            yield one

    def retain(
        self,
        thread_ids: Sequence[str] | None = None,
        *,
        keep: int | None = None,
        max_age: timedelta | None = None,
    ) -> None:
        """Keep of each namespace the newest `keep` checkpoints and those younger than `max_age`, the newest always, and
        what their delta channels need. None: of all threads. A run in flight is refused if something was removed."""
        drive(self._retain(thread_ids, keeper(keep, max_age)), self._store)

    async def aretain(
        self,
        thread_ids: Sequence[str] | None = None,
        *,
        keep: int | None = None,
        max_age: timedelta | None = None,
    ) -> None:
        """The twin of `retain`."""
        await drive_async(self._retain(thread_ids, keeper(keep, max_age)), await self._attached())

    def _retain(self, thread_ids: Sequence[str] | None, choose: Keeper) -> Flow[None]:
        if thread_ids is None:
            chosen = [one.thread_id for one in (yield from threads(self._shared.layout))]
        else:
            chosen = [str(one) for one in _several(thread_ids, "thread_ids")]
        yield from self._flows.prune(chosen, choose)


def _several(ids: Sequence[str], name: str) -> Sequence[str]:
    """One id instead of several would be taken letter by letter, each as an id."""
    if isinstance(ids, str):
        raise TypeError(f"{name}: a list of ids, not a str")
    return ids


def _doomed(thread_ids: Sequence[str], strategy: str) -> Sequence[str]:
    _several(thread_ids, "thread_ids")
    if strategy in ("delete", "delete_all"):
        return [str(thread_id) for thread_id in thread_ids]
    if strategy != "keep_latest":
        raise mortmain.InvalidRequest(
            f"strategy: keep_latest, delete or delete_all, not {strategy!r}",
            field="strategy",
            reason="unknown",
        )
    return []


def _pages(spots: Sequence[Any], filter: dict[str, Any] | None, limit: int | None) -> Iterator[Sequence[Any]]:
    """Without a filter no more is read than is wanted."""
    if limit is not None and not filter:
        spots = spots[: max(0, limit)]
    for at in range(0, len(spots), _PAGE):
        yield spots[at : at + _PAGE]
