"""MortmainStorage: CrewAI's storage of memories on mortmain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

import mortmain
from crewai.memory.types import MemoryRecord
from mortmain import InvalidRequest, Snapshot, Store, Ticket

from ._async import in_thread
from ._errors import EmbeddingDimensionMismatchError, changed, latched
from ._layout import is_below, is_content_id, pack, scope_of
from ._reading import Reading
from ._replica import Head
from ._rounds import (
    BYTES,
    KEYS,
    dimensions_of,
    dimensions_of_all,
    fitting,
    now,
    repeated,
    slices,
)


class MortmainStorage(Reading):
    """CrewAI's `StorageBackend` on a state directory or an open `mortmain.Store` (which it never closes).

    A record that somebody else wrote since it was read here, or whose id this object has never read, is a
    `mortmain.VersionConflict`, never an overwrite. Thread-safe, fork-aware; a deep copy uses the same connection.
    Works as it is and as a context manager, sync or async.

    prefix: where the keys lie. Raises mortmain's errors and `EmbeddingDimensionMismatchError`; where CrewAI hides one,
    `fence_error` shows the last and `raise_if_fenced` raises it.
    """

    def __repr__(self) -> str:
        return f"<MortmainStorage {self.directory!r} {self.prefix!r}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> MortmainStorage:
        twin = memo[id(self)] = type(self).__new__(type(self))
        twin._place = self._place.again()
        twin.layout = self.layout
        twin.bases = self.bases.copy()
        twin._replica = self._replica
        return twin

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self._place.store if self._place.is_given else self.directory, self.prefix)

    def close(self) -> None:
        """Let go of the connection, if it was opened here; the next use attaches again."""
        self._place.close()

    def __enter__(self) -> MortmainStorage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> MortmainStorage:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await in_thread(self.close)

    # ------------------------------------------------------------ writes

    @latched
    def save(self, records: list[MemoryRecord]) -> None:
        """Store records, durable when it returns; up to 400 of them are one commit. A `VersionConflict` if an id is
        there that this object has not read, or that somebody else wrote since."""
        for some in self._chunks(records):
            self._write(some, keep_equal=True)

    @latched
    def update(self, record: MemoryRecord) -> None:
        """Replace a record. The base is the read that the record was made from, else what was last read here."""
        for some in self._chunks([record]):
            self._write(some, keep_equal=False)

    def _chunks(self, records: Sequence[MemoryRecord]) -> Iterator[dict[str, tuple[MemoryRecord, Any]]]:
        """(record, packed) by key, in commits that are not too large; everything is checked before the first."""
        packed: dict[str, tuple[MemoryRecord, Any]] = {}
        for record in records:
            key = self.layout.record(record.id)
            value = pack(record)
            if key in packed and packed[key][1] != value and not is_content_id(record.id):
                raise InvalidRequest(
                    f"records: two different ones with the id {record.id}", field="records", reason="id twice"
                )
            packed.setdefault(key, (record, value))
        dimensions_of_all([value for _, value in packed.values()])
        some: dict[str, tuple[MemoryRecord, Any]] = {}
        size = 0
        for key, (record, value) in packed.items():
            size += len(record.content) + 24 * len(record.embedding or ()) + 1024
            if some and (len(some) >= KEYS or size > BYTES):
                yield some
                some, size = {}, 0
            some[key] = (record, value)
        if some:
            yield some

    def _write(self, records: dict[str, tuple[MemoryRecord, Any]], *, keep_equal: bool) -> None:
        ours = self._known(records, keep_equal)

        def attempt() -> None:
            read = self.store.read_many([self.layout.dimensions, *(key for key in records if key not in ours)])
            new = {}
            for key, (record, _) in records.items():
                if key in ours:
                    new[key] = ours[key]
                elif not read[key].exists:
                    new[key] = read[key].ticket()
                elif keep_equal and is_content_id(record.id):
                    self.bases.wrote(record.id, read[key].ticket())
                else:
                    raise changed(read[key], 0, "a record of this id is there, and it was not read here")
            with self.store.transaction() as txn:
                self.guard_dimensions(txn, read[self.layout.dimensions], [records[key][1] for key in new])
                for key, ticket in new.items():
                    txn.follow(key, ticket)
                    txn.put(key, records[key][1])
            for key, ticket in new.items():
                self.bases.wrote(records[key][0].id, ticket)

        repeated(attempt, ours)

    def _known(self, records: dict[str, tuple[MemoryRecord, Any]], keep_equal: bool) -> dict[str, Ticket]:
        """The tickets of the records that were read here. One that says by its id what it says is kept as it is."""
        ours = {}
        for key, (record, _) in records.items():
            ticket = self.bases.of(record.id)
            if ticket is not None and not (keep_equal and is_content_id(record.id)):
                ours[key] = ticket
        return ours

    def guard_dimensions(self, txn: mortmain.Transaction, stored: Snapshot[Any], values: Sequence[Any]) -> None:
        """Part of a commit of records: all embeddings of a memory have the same number of dimensions."""
        new, old = dimensions_of_all(values), dimensions_of(stored)
        if new is not None and old is not None and new != old:
            raise EmbeddingDimensionMismatchError(old, new)
        txn.follow(self.layout.dimensions, stored.ticket())
        if new is not None and old is None:
            txn.put(self.layout.dimensions, {"dimensions": new})

    def touch_records(self, record_ids: list[str]) -> None:
        """Note that records were read now. This never moves their versions."""
        keys = [self.layout.record(one) for one in dict.fromkeys(record_ids)]
        index = self._index()
        keys = [key for key in keys if index.version(key) is not None]
        at_once = now().isoformat()
        for at in range(0, len(keys), KEYS):
            with self.store.transaction() as txn:
                for key in keys[at : at + KEYS]:
                    txn.merge(self.layout.touch(key), {"at": at_once})

    # ------------------------------------------------------------ deletion

    @latched
    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete the records that match everything that is given; how many it were.

        A record that is named by its id, was read here and was written by somebody else since is a `VersionConflict`.
        """
        scope, fits = scope_of(scope_prefix), fitting(older_than, metadata_filter)
        if record_ids is not None:
            wanted = set(categories or ())

            def matches(head: Head) -> bool:
                fit = is_below(head.scope, scope) and (not wanted or not wanted.isdisjoint(head.categories))
                return fit and (fits is None or fits(head))

            keys = {self.layout.record(one): one for one in record_ids}
            index = self._index()
            named = [key for key in keys if index.version(key) is not None]
            if scope or wanted or fits is not None:
                chosen = {key for key, head in index.select() if matches(head)}
                named = [key for key in named if key in chosen]
            return sum(self._delete_named(some, keys) for some in slices(named))
        found = self._index().select(scope, categories, fits)
        ids = {key: head.record_id for key, head in found}
        return sum(self._delete_found(some, ids, scope, categories, fits) for some in slices(list(ids)))

    def _delete_named(self, keys: Sequence[str], ids: dict[str, str]) -> int:
        ours = {key: ticket for key in keys if (ticket := self.bases.last(ids[key])) is not None}

        def attempt() -> int:
            read = self._read(keys)
            there = [key for key in keys if read[key].exists]
            with self.store.transaction() as txn:
                for key in there:
                    txn.follow(key, ours.get(key) or read[key].ticket())
                    self.delete_record(txn, key, read[self.layout.touch(key)])
            return len(there)

        count = repeated(attempt, ours)
        for key in keys:
            self.bases.forget(ids[key])
        return count

    def delete_record(self, txn: mortmain.Transaction, key: str, touch: Snapshot[Any]) -> None:
        """Part of a commit: a record and its last access."""
        txn.delete(key)
        if touch.exists:
            txn.follow(touch.key, touch.ticket())
            txn.delete(touch.key)

    def _delete_found(
        self,
        keys: Sequence[str],
        ids: dict[str, str],
        scope: str,
        categories: Sequence[str] | None,
        fits: Callable[[Head], bool] | None,
    ) -> int:
        """Those of the keys that still match when they are deleted."""

        def attempt() -> int:
            self.follow()
            still = {key for key, _ in self._replica.select(scope, categories, fits)}
            versions = {key: self._replica.version(key) for key in keys if key in still}
            read = self._read(list(versions))
            doomed = [key for key, version in versions.items() if read[key].version == version and read[key].exists]
            with self.store.transaction() as txn:
                for key in doomed:
                    txn.follow(key, read[key].ticket())
                    self.delete_record(txn, key, read[self.layout.touch(key)])
            return len(doomed)

        count = repeated(attempt, ())
        for key in keys:
            self.bases.forget(ids[key])
        return count

    @latched
    def reset(self, scope_prefix: str | None = None) -> None:
        """Delete all records in a scope; without one also what is known about dimensions."""
        if scope_of(scope_prefix):
            self.delete(scope_prefix=scope_prefix)
            return

        def attempt() -> None:
            dimensions = self.store.read(self.layout.dimensions)
            with self.store.transaction() as txn:
                txn.delete(prefix=self.layout.records)
                txn.delete(prefix=self.layout.touches)
                if dimensions.exists:
                    txn.follow(self.layout.dimensions, dimensions.ticket())
                    txn.delete(self.layout.dimensions)

        repeated(attempt, ())
        self.bases.clear()

    # ------------------------------------------------------------ async

    async def asave(self, records: list[MemoryRecord]) -> None:
        """The twin of `save`; a cancelled task leaves all of it or nothing."""
        await in_thread(self.save, records)

    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """The twin of `search`."""
        return await in_thread(
            self.search, query_embedding, scope_prefix, categories, metadata_filter, limit, min_score
        )

    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """The twin of `delete`."""
        return await in_thread(self.delete, scope_prefix, categories, record_ids, older_than, metadata_filter)


def _rebuild(kind: type[MortmainStorage], store: Store | str, prefix: str) -> MortmainStorage:
    return kind(store, prefix=prefix)
