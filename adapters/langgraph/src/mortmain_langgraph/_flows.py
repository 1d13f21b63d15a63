"""What a saver does, as flows: each method's work is written once, for threads and for tasks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import mortmain
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    CheckpointTuple,
    get_checkpoint_metadata,
)

from ._drive import Commit, Flow, Pause, Read, Reclaim, Scan
from ._layout import Form, Layout, Place, Record, Space, Writes, digests, id_of, place_of
from ._pieces import Pieces
from ._tickets import BASE, Fence, RunTicket, is_of_a_graph

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import (
        ChannelVersions,
        Checkpoint,
        CheckpointMetadata,
        DeltaChannelHistory,
    )
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from mortmain import Receipt, Snapshot

# Below the limit of 1,000 keys of a commit, with room for the head and the record.
_KEYS = 900
# Below the limit of 128 MiB of a commit.
_BYTES = 64 * 1024 * 1024
# Rounds of an operation on whole threads that somebody else's writes disturb.
_ROUNDS = 20


def where(config: RunnableConfig) -> tuple[str, str, str | None]:
    """(thread id, namespace, checkpoint id or None) of a config."""
    conf = config["configurable"]
    return str(conf["thread_id"]), conf.get("checkpoint_ns") or "", conf.get("checkpoint_id") or None


def address(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {"thread_id": thread_id, "checkpoint_ns": ns, "checkpoint_id": checkpoint_id}
    }


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


class SaverFlows:
    """The flows of one saver and serializer. Thread-safe."""

    def __init__(
        self, layout: Layout, pieces: Pieces, fence: Fence, serde: SerializerProtocol, strict: bool
    ) -> None:
        self.layout = layout
        self.pieces = pieces
        self.fence = fence
        self.serde = serde
        self.strict = strict

    # ------------------------------------------------------------ one checkpoint

    def get_tuple(self, config: RunnableConfig) -> Flow[CheckpointTuple | None]:
        thread_id, ns, checkpoint_id = where(config)
        space = self.layout.space(thread_id, ns)
        ticketed = self.fence.expects_read(config, space)
        for _ in range(_ROUNDS):
            if checkpoint_id is None:
                head, found = yield from self._latest(space, ticketed)
            else:
                head, found = yield from self._exactly(space, checkpoint_id, ticketed)
            result = None
            if found is not None:
                result = yield from self._tuple(found)
                if result is None:
                    continue  # A piece is gone: the checkpoint was pruned meanwhile.
            if ticketed:
                assert head is not None
                run = self.fence.issue(config, space, head)
                if found is not None:
                    run.known.update(digests(list(found.record.values.values())))
            return result
        raise _disturbed(space.thread_id)

    def _latest(self, space: Space, ticketed: bool) -> Flow[tuple[Snapshot[Any] | None, Found | None]]:
        """Head, newest checkpoint and its writes in one scan, as a rule."""
        limit: int | None = 6
        while True:
            page = yield Scan(space.prefix, limit)
            head = page[0] if page and page[0].key == space.head else None
            found, complete = self._first(space, page)
            if not complete and limit is not None and len(page) == limit:
                limit = 200 if limit == 6 else None
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

    def _tuple(self, found: Found) -> Flow[CheckpointTuple | None]:
        """The tuple of a record; None if one of its pieces is gone."""
        writes = _ordered(found.writes)
        forms = [*found.record.values.values(), *(form for _, _, form in writes)]
        pieces = yield from self._read_pieces(found.space, digests(forms))
        if pieces is None:
            return None
        return self._assemble(found, writes, pieces)

    def _read_pieces(self, space: Space, wanted: list[bytes]) -> Flow[dict[bytes, bytes] | None]:
        known = self.pieces.known(space.prefix, wanted)
        missing = [digest for digest in wanted if digest not in known]
        for at in range(0, len(missing), _KEYS):
            some = missing[at : at + _KEYS]
            read = yield Read([space.piece(digest) for digest in some])
            if not all(snapshot.exists for snapshot in read):
                return None
            fresh = {digest: snapshot.value for digest, snapshot in zip(some, read, strict=True)}
            self.pieces.keep(space.prefix, fresh)
            known.update(fresh)
        return known

    def _assemble(
        self, found: Found, writes: list[tuple[str, str, Form]], pieces: Mapping[bytes, bytes]
    ) -> CheckpointTuple:
        record, prefix = found.record, found.space.prefix
        loads = self.serde.loads_typed
        checkpoint = loads(record.checkpoint)
        values = {
            channel: loads(self.pieces.loaded(prefix, channel, form, pieces))
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

    # ------------------------------------------------------------ writing

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Flow[RunnableConfig]:
        thread_id, ns, parent_id = where(config)
        space = self.layout.space(thread_id, ns)
        run = self._writer(config, space)
        rest = cast("dict[str, Any]", checkpoint.copy())
        values = rest.pop("channel_values")
        dumps = self.serde.dumps_typed
        forms: dict[str, Form] = {}
        pieces: dict[bytes, bytes] = {}
        for channel, value in values.items():
            forms[channel], needed = self.pieces.form(space.prefix, channel, *dumps(value))
            pieces.update(needed)
        full = get_checkpoint_metadata(config, metadata)
        run_id = full.get("run_id")
        record = Record(
            thread_id,
            ns,
            checkpoint["id"],
            parent_id,
            dumps(rest),
            dumps(full),
            forms,
            run_id if isinstance(run_id, str) else None,
        )
        key, data = space.record(checkpoint["id"]), record.pack()
        receipt = yield from self._write(space, run, key, data, pieces, checkpoint["id"])
        if receipt.keys[key].revision != receipt.revision:
            # This id was there already: `ensure` kept the old record, and the new one replaces it.
            yield from self._write(space, run, key, data, {}, checkpoint["id"], replace=True)
        return address(thread_id, ns, checkpoint["id"])

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Flow[None]:
        thread_id, ns, checkpoint_id = where(config)
        if checkpoint_id is None:
            raise mortmain.InvalidRequest(
                "config: put_writes needs a checkpoint_id", field="config", reason="no checkpoint_id"
            )
        space = self.layout.space(thread_id, ns)
        run = self._writer(config, space)
        items: list[tuple[int, str, Form]] = []
        pieces: dict[bytes, bytes] = {}
        for index, (channel, value) in enumerate(writes):
            form, needed = self.pieces.form(space.prefix, "", *self.serde.dumps_typed(value))
            pieces.update(needed)
            items.append((WRITES_IDX_MAP.get(channel, index), channel, form))
        data = Writes(task_id, task_path, items).pack()
        yield from self._write(space, run, space.new_writes(checkpoint_id), data, pieces, checkpoint_id)

    def _writer(self, config: RunnableConfig, space: Space) -> RunTicket | None:
        run = self.fence.current(config, space)
        if run is not None:
            run.check()
        elif self.strict and is_of_a_graph(config):
            raise mortmain.InvalidRequest(
                f"config: a graph writes thread {space.thread_id} without having read it through this saver "
                f"(langgraph {_langgraph_version()} carries its config in a way that is not known here); "
                "MortmainSaver(..., strict=False) accepts such writes unfenced",
                field="config",
                reason="no ticket",
            )
        return run

    def _write(
        self,
        space: Space,
        run: RunTicket | None,
        key: str,
        data: bytes,
        pieces: dict[bytes, bytes],
        checkpoint_id: str,
        replace: bool = False,
    ) -> Flow[Receipt]:
        """The one commit of every write: guards, head, record and the pieces that may be missing."""
        if run is not None:
            pieces = {digest: piece for digest, piece in pieces.items() if digest not in run.known}
        pieces = yield from self._write_ahead(space, pieces)
        about = {"thread": space.thread_id, "ns": space.ns, "checkpoint": checkpoint_id}

        def build(txn: Any) -> None:
            if run is not None:
                run.guard(txn)
                txn.put(space.head, about)
            else:
                # Not a run's write, so it follows nothing; the head moves, and runs that read before are refused.
                txn.merge(space.head, {**about, "raw": secrets.token_hex(4)})
            (txn.put if replace else txn.ensure)(key, data)
            for digest, piece in pieces.items():
                txn.ensure(space.piece(digest), piece)

        try:
            receipt = yield Commit(build, None if run is not None else {"langgraph": "raw"})
        except mortmain.Conflict as error:
            if run is not None:
                run.refuse(error)
                self.fence.record(space.thread_id, error)
            raise
        if run is not None:
            run.known.update(pieces)
        self.pieces.keep(space.prefix, pieces)
        return cast("Receipt", receipt)

    def _write_ahead(self, space: Space, pieces: dict[bytes, bytes]) -> Flow[dict[bytes, bytes]]:
        """Pieces that do not fit into one commit go first; alone they mean nothing."""
        while len(pieces) > _KEYS or sum(map(len, pieces.values())) > _BYTES:
            batch: dict[bytes, bytes] = {}
            size = 0
            for digest, piece in pieces.items():
                if len(batch) >= _KEYS or size + len(piece) > _BYTES:
                    break
                batch[digest] = piece
                size += len(piece)

            def build(txn: Any, batch: dict[bytes, bytes] = batch) -> None:
                for digest, piece in batch.items():
                    txn.ensure(space.piece(digest), piece)

            yield Commit(build)
            pieces = {digest: piece for digest, piece in pieces.items() if digest not in batch}
        return pieces

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
        spots: dict[tuple[str, str], tuple[str, list[str]]] = {}
        for snapshot in (yield Scan(prefix, None, False)):
            place = place_of(snapshot.key, self.layout.threads)
            if place.kind == "c":
                spots.setdefault((place.space, place.name), ("", []))
                spots[place.space, place.name] = (snapshot.key, spots[place.space, place.name][1])
            elif place.kind == "w":
                spots.setdefault((place.space, place.name), ("", []))[1].append(snapshot.key)
        found = [
            Spot(id_of(name), record, tuple(writes))
            for (_, name), (record, writes) in spots.items()
            if record
        ]
        return sorted(
            (
                spot
                for spot in found
                if (only is None or spot.checkpoint_id == only)
                and (not limit or spot.checkpoint_id < limit)
            ),
            key=lambda spot: spot.checkpoint_id,
            reverse=True,
        )

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
        for at in range(0, len(keys), _KEYS):
            for snapshot in (yield Read(keys[at : at + _KEYS])):
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
        forms = [*seeds.values(), *(form for _, _, form in writes)]
        pieces = yield from self._read_pieces(found.space, digests(forms))
        if pieces is None:
            raise _disturbed(found.space.thread_id)
        prefix, loads = found.space.prefix, self.serde.loads_typed
        for task_id, channel, form in reversed(writes):
            value = loads(self.pieces.loaded(prefix, "", form, pieces))
            result[channel]["writes"].append((task_id, channel, value))
        for channel, form in seeds.items():
            result[channel]["seed"] = loads(self.pieces.loaded(prefix, "", form, pieces))
            remaining.discard(channel)

    # ------------------------------------------------------------ whole threads

    def delete_thread(self, thread_id: str) -> Flow[None]:
        """Takes the thread away from every run in flight, then deletes it."""
        prefix = self.layout.thread(thread_id)
        yield Reclaim(prefix, "the thread was deleted")

        def delete() -> Flow[None]:
            yield Commit(lambda txn: txn.delete(prefix=prefix))

        yield from self._again(delete, thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> Flow[None]:
        wanted = {str(run_id) for run_id in run_ids}
        if not wanted:
            return
        spaces: dict[str, Space] = {}
        for snapshot in (yield Scan(self.layout.threads)):
            place = place_of(snapshot.key, self.layout.threads)
            if place.kind == "c":
                record = Record.unpack(snapshot.value)
                if record.run_id in wanted:
                    spaces[place.space] = self.layout.space(record.thread_id, record.ns)

        def keep(records: list[Record], _: list[Snapshot[Any]]) -> Iterable[Record]:
            return [record for record in records if record.run_id not in wanted]

        for space in spaces.values():
            yield from self._thin(space, keep)

    def prune(
        self, thread_ids: Sequence[str], keep: Callable[[list[Record], list[Snapshot[Any]]], Iterable[Record]]
    ) -> Flow[None]:
        """Keeps of each namespace what `keep` chooses (newest first) and what their delta channels need."""

        def with_ancestors(records: list[Record], snapshots: list[Snapshot[Any]]) -> list[Record]:
            return self._with_ancestors(list(keep(records, snapshots)), records)

        for thread_id in thread_ids:
            for space in (yield from self.spaces(thread_id)):
                yield from self._thin(space, with_ancestors)

    def spaces(self, thread_id: str) -> Flow[list[Space]]:
        """The namespaces of a thread that hold something."""
        found = {}
        for snapshot in (yield Scan(self.layout.thread(thread_id), None, False)):
            place = place_of(snapshot.key, self.layout.threads)
            if place.kind == "a":
                found[place.space] = snapshot.key
        heads = (yield Read(list(found.values()))) if found else []
        return [self.layout.space(thread_id, head.value["ns"]) for head in heads if head.exists]

    def _with_ancestors(self, kept: list[Record], records: list[Record]) -> list[Record]:
        by_id = {record.checkpoint_id: record for record in records}
        needed = {record.checkpoint_id: record for record in kept}
        for record in kept:
            counters = self.serde.loads_typed(record.metadata).get("counters_since_delta_snapshot") or {}
            missing = set(counters) - set(record.values)
            seen: set[str] = set()
            while missing and record.parent_id in by_id and record.parent_id not in seen:
                seen.add(record.parent_id)
                record = by_id[record.parent_id]
                needed[record.checkpoint_id] = record
                missing -= set(record.values)
        return list(needed.values())

    def _thin(
        self, space: Space, keep: Callable[[list[Record], list[Snapshot[Any]]], Iterable[Record]]
    ) -> Flow[None]:
        """Deletes what is not kept, and the pieces that nothing kept needs; runs in flight are refused."""

        def once() -> Flow[None]:
            (head,) = yield Read([space.head])
            page = yield Scan(space.prefix)
            places = [(snapshot, place_of(snapshot.key, self.layout.threads)) for snapshot in page]
            stored = [snapshot for snapshot, place in places if place.kind == "c"]
            records = [Record.unpack(snapshot.value) for snapshot in stored]
            kept = {record.checkpoint_id: record for record in keep(records, stored)}
            gone = self._gone(places, kept, {record.checkpoint_id for record in records})
            run = RunTicket(space, head.ticket(), None, None, None)
            for at in range(0, len(gone), _KEYS):
                batch = gone[at : at + _KEYS]

                def build(txn: Any, batch: list[str] = batch) -> None:
                    run.guard(txn)
                    txn.put(space.head, {"thread": space.thread_id, "ns": space.ns, "pruned": True})
                    for key in batch:
                        txn.delete(key)

                yield Commit(build)

        yield from self._again(once, space.thread_id)

    def _gone(
        self, places: list[tuple[Snapshot[Any], Place]], kept: dict[str, Record], all_ids: set[str]
    ) -> list[str]:
        forms: list[Form] = [form for record in kept.values() for form in record.values.values()]
        gone, pieces = [], {}
        for snapshot, place in places:
            if place.kind == "v":
                pieces[place.name] = snapshot.key
            elif place.kind in "cw":
                checkpoint_id = id_of(place.name)
                # Writes may come before their checkpoint: those of none are kept.
                if checkpoint_id in all_ids and checkpoint_id not in kept:
                    gone.append(snapshot.key)
                elif place.kind == "w":
                    forms.extend(form for _, _, form in Writes.unpack(snapshot.value).items)
        needed = {digest.hex() for digest in digests(forms)}
        return [*gone, *(key for name, key in pieces.items() if name not in needed)]

    def copy_thread(self, source: str, target: str) -> Flow[None]:
        """All of it: checkpoints, writes, pieces, in every namespace."""
        for space in (yield from self.spaces(source)):
            to = self.layout.space(target, space.ns)
            pieces: dict[str, bytes] = {}
            rest: dict[str, bytes] = {}
            for snapshot in (yield Scan(space.prefix)):
                place = place_of(snapshot.key, self.layout.threads)
                key = to.prefix + snapshot.key[len(space.prefix) :]
                if place.kind == "v":
                    pieces[key] = snapshot.value
                elif place.kind == "w":
                    rest[key] = snapshot.value
                elif place.kind == "c":
                    record = Record.unpack(snapshot.value)
                    record.thread_id = target
                    rest[key] = record.pack()
            yield from self.write_all(to, {**pieces, **rest})

    def write_all(self, space: Space, values: dict[str, bytes]) -> Flow[None]:
        """Stores what a copy or an import brings, pieces first."""
        about = {"thread": space.thread_id, "ns": space.ns}
        batch: dict[str, bytes] = {}
        size = 0
        items = list(values.items())
        for at, (key, data) in enumerate(items):
            batch[key] = data
            size += len(data)
            if len(batch) < _KEYS and size < _BYTES and at + 1 < len(items):
                continue

            def build(txn: Any, batch: dict[str, bytes] = batch) -> None:
                txn.merge(space.head, {**about, "raw": secrets.token_hex(4)})
                for key, data in batch.items():
                    txn.ensure(key, data)

            yield Commit(build, {"langgraph": "raw"})
            batch, size = {}, 0

    def _again(self, work: Callable[[], Flow[None]], thread_id: str) -> Flow[None]:
        """Repeats what another writer's commits disturbed: this one works on what is there now, whatever it is."""
        for attempt in range(_ROUNDS):
            try:
                yield from work()
                return
            except (mortmain.VersionConflict, mortmain.Fenced, mortmain.ClaimHeld):
                if attempt + 1 == _ROUNDS:
                    raise
            yield Pause(min(0.5, 0.005 * 2**attempt))


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
    return all(metadata.get(name) == value for name, value in filter.items())


def _disturbed(thread_id: str) -> mortmain.MortmainError:
    return mortmain.VersionConflict(
        f"thread {thread_id} was pruned or deleted while it was read: read it again", key=thread_id
    )


def _langgraph_version() -> str:
    from importlib.metadata import version

    return version("langgraph")

