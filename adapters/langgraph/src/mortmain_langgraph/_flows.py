"""What a saver does, as flows: each method's work is written once, for threads and for tasks. Here: whole threads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import mortmain

from ._drive import Commit, Flow, Pause, Read, Reclaim, Scan
from ._flow_base import BYTES, KEYS, ROUNDS
from ._layout import Form, Place, Record, Space, Writes, id_of, piece_names, place_of
from ._reading import Reading
from ._tickets import RunTicket
from ._writing import Writing

if TYPE_CHECKING:
    from mortmain import Snapshot


class SaverFlows(Reading, Writing):
    """All flows of one saver and serializer. Thread-safe."""

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
        """Keeps of each namespace what `keep` chooses (newest first) and what their delta channels need. What a
        subgraph stored in a call goes with the root checkpoint that the call was made from."""
        for thread_id in thread_ids:
            roots: list[str] = []
            # The root comes first.
            for space in sorted((yield from self.spaces(thread_id)), key=lambda space: space.ns):

                def choose(
                    records: list[Record],
                    snapshots: list[Snapshot[Any]],
                    space: Space = space,
                    roots: list[str] = roots,
                ) -> list[Record]:
                    if self._is_over(space, records, roots):
                        return []
                    kept = self._with_ancestors(list(keep(records, snapshots)), records)
                    if not space.ns:
                        roots[:] = [record.checkpoint_id for record in kept]
                    return kept

                yield from self._thin(space, choose)

    def _is_over(self, space: Space, records: list[Record], roots: list[str]) -> bool:
        """Whether a namespace is that of a call, "node:task", whose root checkpoint is not kept. One that is newer
        than those that are kept may come yet: runs save in the background."""
        if ":" not in space.ns or not records or not roots:
            return False
        root = (self.serde.loads_typed(records[0].metadata).get("parents") or {}).get("")
        return root is not None and root not in roots and root < max(roots)

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
            nothing_stays = len(gone) + 1 == len(places)
            run = RunTicket(space, head.ticket(), None, None, None)
            for at in range(0, len(gone), KEYS):
                batch = gone[at : at + KEYS]

                def build(txn: Any, batch: list[str] = batch, last: bool = at + KEYS >= len(gone)) -> None:
                    run.guard(txn)
                    if last and nothing_stays:
                        txn.delete(space.head)
                    else:
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
        needed = {name.hex() for name in piece_names(forms)}
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
                    rest[key] = Record.unpack(snapshot.value)._replace(thread_id=target).pack()
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
            if len(batch) < KEYS and size < BYTES and at + 1 < len(items):
                continue

            def build(txn: Any, batch: dict[str, bytes] = batch) -> None:
                txn.merge(space.head, {**about, "raw": secrets.token_hex(4)})
                for key, data in batch.items():
                    txn.ensure(key, data)

            yield Commit(build, {"langgraph": "raw"})
            batch, size = {}, 0

    def _again(self, work: Callable[[], Flow[None]], thread_id: str) -> Flow[None]:
        """Repeats what another writer's commits disturbed: this one works on what is there now, whatever it is."""
        for attempt in range(ROUNDS):
            try:
                yield from work()
                return
            except (mortmain.VersionConflict, mortmain.Fenced, mortmain.ClaimHeld):
                if attempt + 1 == ROUNDS:
                    raise
            yield Pause(min(0.5, 0.005 * 2**attempt))
