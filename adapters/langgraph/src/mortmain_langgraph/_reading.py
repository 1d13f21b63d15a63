"""What a saver reads, as flows: one checkpoint, lists, the history of delta channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import mortmain
from langgraph.checkpoint.base import CheckpointTuple

from ._drive import Flow, Read, Scan
from ._fields import field
from ._flow_base import KEYS, ROUNDS, Flows, address, disturbed, where
from ._layout import Form, Record, Space, Writes, id_of, piece_names, place_of
from ._tickets import BASE

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import Checkpoint, DeltaChannelHistory
    from mortmain import Snapshot

    from ._pieces import Value


# Keys that `get_tuple` reads at first: the head, the newest checkpoint, and what shows that no writes are left.
_FIRST_PAGE = 4


@dataclass(slots=True)
class Found:
    """A stored checkpoint with what lies beside it."""

    space: Space
    record: Record
    writes: list[tuple[int, Writes]]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where `list` found a checkpoint: the keys of its record and of its writes."""

    checkpoint_id: str
    record: str
    writes: tuple[str, ...]


class Reading(Flows):
    """The flows that only read. Thread-safe."""

    # ------------------------------------------------------------ one checkpoint

    def get_tuple(self, config: RunnableConfig) -> Flow[CheckpointTuple | None]:
        thread_id, ns, checkpoint_id = where(config)
        space = self.layout.space(thread_id, ns)
        ticketed = self.fence.expects_read(config, space)
        for _ in range(ROUNDS):
            values: dict[str, Value] = {}
            if checkpoint_id is None:
                head, found = yield from self._latest(space, ticketed)
            else:
                head, found = yield from self._exactly(space, checkpoint_id, ticketed)
            result = None
            if found is not None:
                result = yield from self._tuple(found, values)
                if result is None:
                    continue  # A piece is gone: the checkpoint was pruned meanwhile.
            if ticketed:
                assert head is not None
                run = self.fence.issue(config, space, head)
                if found is not None:
                    run.known.update(piece_names(list(found.record.values.values())))
                    run.values.update(values)
            return result
        raise disturbed(space.thread_id)

    def _latest(self, space: Space, ticketed: bool) -> Flow[tuple[Snapshot[Any] | None, Found | None]]:
        """Head, newest checkpoint and its writes in one scan, as a rule."""
        limit: int | None = _FIRST_PAGE
        while True:
            page = yield Scan(space.prefix, limit)
            head = page[0] if page and page[0].key == space.head else None
            found, complete = self._first(space, page)
            if not complete and limit is not None and len(page) == limit:
                limit = 200 if limit == _FIRST_PAGE else None
                continue
            if head is None and ticketed:
                (head,) = yield Read([space.head])
                if head.exists:
                    continue
            return head, found

    def _first(self, space: Space, page: list[Snapshot[Any]]) -> tuple[Found | None, bool]:
        """The first checkpoint on a page, and whether the page goes beyond it."""
        found: Found | None = None
        name = ""
        for snapshot in page:
            if snapshot.key == space.head:
                continue
            place = place_of(snapshot.key, self.layout.threads)
            if place.kind not in "cw":
                return found, True
            if found is not None and place.name != name:
                return found, True
            if place.kind == "c":
                found, name = Found(space, Record.unpack(snapshot.value), []), place.name
            elif found is not None:
                found.writes.append((snapshot.revision, Writes.unpack(snapshot.value)))
        return found, False

    def _exactly(
        self, space: Space, checkpoint_id: str, ticketed: bool
    ) -> Flow[tuple[Snapshot[Any] | None, Found | None]]:
        head = None
        if ticketed:
            # Before the data: a ticket that is older than what was read is refused, never laundered.
            (head,) = yield Read([space.head])
        page = yield Scan(space.at(checkpoint_id))
        found, _ = self._first(space, page)
        return head, found

    def _tuple(self, found: Found, values: dict[str, Value] | None = None) -> Flow[CheckpointTuple | None]:
        """The tuple of a record; None if one of its pieces is gone. values: takes up those of its channels."""
        writes = _ordered(found.writes)
        forms = [*found.record.values.items(), *(("", form) for _, _, form in writes)]
        pieces = yield from self._read_pieces(found.space, forms)
        if pieces is None:
            return None
        return self._assemble(found, writes, pieces, values)

    def _read_pieces(self, space: Space, forms: list[tuple[str, Form]]) -> Flow[dict[bytes, bytes] | None]:
        """The pieces of some channels' values; None if one is gone."""
        known = self.pieces.known(space.prefix, forms)
        missing = [name for name in piece_names([form for _, form in forms]) if name not in known]
        for at in range(0, len(missing), KEYS):
            some = missing[at : at + KEYS]
            read = yield Read([space.piece(name) for name in some])
            if not all(snapshot.exists for snapshot in read):
                return None
            fresh = {name: snapshot.value for name, snapshot in zip(some, read, strict=True)}
            self.pieces.keep(space.prefix, fresh)
            known.update(fresh)
        return known

    def _assemble(
        self,
        found: Found,
        writes: list[tuple[str, str, Form]],
        pieces: Mapping[bytes, bytes],
        known: dict[str, Value] | None,
    ) -> CheckpointTuple:
        record, prefix = found.record, found.space.prefix
        loads = self.serde.loads_typed
        checkpoint = loads(record.checkpoint)
        values = {
            channel: loads(self.pieces.loaded(prefix, channel, form, pieces, known))
            for channel, form in record.values.items()
        }
        return CheckpointTuple(
            config=address(record.thread_id, record.ns, record.checkpoint_id),
            checkpoint=cast("Checkpoint", {**checkpoint, "channel_values": values}),
            metadata=loads(record.metadata),
            parent_config=(
                address(record.thread_id, record.ns, record.parent_id) if record.parent_id else None
            ),
            pending_writes=[
                (task_id, channel, loads(self.pieces.loaded(prefix, "", form, pieces)))
                for task_id, channel, form in writes
            ],
        )

    def if_unchanged(self, config: RunnableConfig) -> Flow[RunnableConfig]:
        thread_id, ns, checkpoint_id = where(config)
        space = self.layout.space(thread_id, ns)
        head, found = yield from self._latest(space, True)
        assert head is not None
        newest = found.record.checkpoint_id if found is not None else None
        if newest != checkpoint_id:
            raise mortmain.VersionConflict(
                f"checkpoint {checkpoint_id} is behind checkpoint {newest} of thread {thread_id}: "
                "get its state again and redo your change",
                key=space.head,
                winner=head.writer,
            )
        guarded = dict(config["configurable"])
        guarded[BASE] = str(head.ticket())
        return {"configurable": guarded}

    # ------------------------------------------------------------ lists

    def find(
        self, config: RunnableConfig | None, before: RunnableConfig | None
    ) -> Flow[list[Spot]]:
        """Where the checkpoints lie that `list` may yield, newest id first."""
        conf = config["configurable"] if config else {}
        prefix, only = self.layout.threads, conf.get("checkpoint_id") or None
        if config is not None and "thread_id" in conf:
            thread_id, ns, _ = where(config)
            space = self.layout.space(thread_id, ns)
            if self.fence.expects_read(config, space):
                (head,) = yield Read([space.head])
                self.fence.issue(config, space, head)
            prefix = self.layout.thread(thread_id) if conf.get("checkpoint_ns") is None else space.checkpoints
        limit = before["configurable"].get("checkpoint_id") if before else None
        records: dict[tuple[str, str], str] = {}
        writes: dict[tuple[str, str], list[str]] = {}
        for snapshot in (yield Scan(prefix, None, False)):
            place = place_of(snapshot.key, self.layout.threads)
            if place.kind == "c":
                records[place.space, place.name] = snapshot.key
            elif place.kind == "w":
                writes.setdefault((place.space, place.name), []).append(snapshot.key)
        spots = [Spot(id_of(at[1]), record, tuple(writes.get(at, ()))) for at, record in records.items()]
        wanted = [
            spot
            for spot in spots
            if (only is None or spot.checkpoint_id == only) and (not limit or spot.checkpoint_id < limit)
        ]
        return sorted(wanted, key=lambda spot: spot.checkpoint_id, reverse=True)

    def load(self, spots: Sequence[Spot], filter: dict[str, Any] | None) -> Flow[list[CheckpointTuple]]:
        """The tuples of some of them that match; what was deleted meanwhile is left out."""
        read = yield Read([spot.record for spot in spots])
        matching: list[tuple[Spot, Record]] = []
        for spot, snapshot in zip(spots, read, strict=True):
            if snapshot.exists:
                record = Record.unpack(snapshot.value)
                if not filter or _matches(self.serde.loads_typed(record.metadata), filter):
                    matching.append((spot, record))
        keys = [key for spot, _ in matching for key in spot.writes]
        writes = {}
        for at in range(0, len(keys), KEYS):
            for snapshot in (yield Read(keys[at : at + KEYS])):
                if snapshot.exists:
                    writes[snapshot.key] = (snapshot.revision, Writes.unpack(snapshot.value))
        tuples = []
        for spot, record in matching:
            space = self.layout.space(record.thread_id, record.ns)
            beside = [writes[key] for key in spot.writes if key in writes]
            loaded = yield from self._tuple(Found(space, record, beside))
            if loaded is not None:
                tuples.append(loaded)
        return tuples

    # ------------------------------------------------------------ delta channels

    def delta_history(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Flow[Mapping[str, DeltaChannelHistory]]:
        """Walks the parents once for all channels; each stops at the nearest stored value."""
        result: dict[str, Any] = {channel: {"writes": []} for channel in channels}
        thread_id, ns, checkpoint_id = where(config)
        space = self.layout.space(thread_id, ns)
        if not channels:
            return {}
        if checkpoint_id is None:
            _, found = yield from self._latest(space, False)
        else:
            _, found = yield from self._exactly(space, checkpoint_id, False)
        remaining = set(channels)
        seen: set[str] = set()
        while found is not None and remaining and found.record.parent_id:
            parent_id = found.record.parent_id
            if parent_id in seen:
                break  # A checkpoint that was put again below its own child.
            seen.add(parent_id)
            _, found = yield from self._exactly(space, parent_id, False)
            if found is not None:
                yield from self._collect(found, remaining, result)
        for entry in result.values():
            entry["writes"].reverse()
        return result

    def _collect(self, found: Found, remaining: set[str], result: dict[str, Any]) -> Flow[None]:
        writes = [write for write in _ordered(found.writes) if write[1] in remaining]
        seeds = {c: form for c, form in found.record.values.items() if c in remaining}
        forms = [*seeds.items(), *(("", form) for _, _, form in writes)]
        pieces = yield from self._read_pieces(found.space, forms)
        if pieces is None:
            raise disturbed(found.space.thread_id)
        prefix, loads = found.space.prefix, self.serde.loads_typed
        for task_id, channel, form in reversed(writes):
            value = loads(self.pieces.loaded(prefix, "", form, pieces))
            result[channel]["writes"].append((task_id, channel, value))
        for channel, form in seeds.items():
            result[channel]["seed"] = loads(self.pieces.loaded(prefix, "", form, pieces))
            remaining.discard(channel)


def _ordered(stored: list[tuple[int, Writes]]) -> list[tuple[str, str, Form]]:
    """(task id, channel, form) in the order in which a run applies them.

    Of one (task, index) the first write counts; errors, interrupts and resumes (below 0) are replaced by later ones.
    """
    chosen: dict[tuple[str, int], tuple[str, str, Form]] = {}
    for _, writes in sorted(stored, key=lambda one: one[0]):
        for idx, channel, form in writes.items:
            if idx < 0 or (writes.task_id, idx) not in chosen:
                chosen[writes.task_id, idx] = (writes.task_path, channel, form)
    ordered = sorted(chosen.items(), key=lambda one: (one[1][0], *one[0]))
    return [(task_id, channel, form) for (task_id, _), (_, channel, form) in ordered]


def _matches(metadata: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    return all(field(metadata, name) == value for name, value in filter.items())
