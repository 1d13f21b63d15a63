"""What a storage of memories is asked: the closest records, single ones, scopes, categories, counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from crewai.memory.types import MemoryRecord, ScopeInfo
from mortmain import Snapshot, Store

from ._bases import Bases
from ._connection import Place
from ._errors import EmbeddingDimensionMismatchError, Latch, latched
from ._layout import Layout, scope_of, unpack
from ._replica import Replica, replica_of
from ._rounds import KEYS, children, dimensions_of, fitting, naive

# Rounds of a search whose best records change while they are read.
_ROUNDS = 8


class Reading(Latch):
    """The part of a storage that changes nothing, over an index that follows the store."""

    def __init__(self, store: Store | str | os.PathLike[str] = "state", *, prefix: str = "memory/") -> None:
        self._place = Place(store)
        self.layout = Layout(prefix)
        self.bases = Bases()
        self._replica: Replica = replica_of(self._place.directory, self.layout.records)

    @property
    def prefix(self) -> str:
        """The prefix of all keys, with a slash at its end."""
        return self.layout.prefix

    @property
    def directory(self) -> str:
        """The absolute state directory."""
        return self._place.directory

    @property
    def store(self) -> Store:
        """The store that it speaks to."""
        return self._place.store

    # ------------------------------------------------------------ the index

    def follow(self) -> Snapshot[Any]:
        """Bring the index up to everything that was acknowledged before this call; what is stored about dimensions."""
        snapshot = self.store.read(self.layout.dimensions)
        self._replica.follow(self.store, snapshot.read_revision, snapshot.store_id)
        return snapshot

    def _index(self) -> Replica:
        self.follow()
        return self._replica

    # ------------------------------------------------------------ search

    @latched
    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """The records that are closest, with their scores 1 / (1 + d²), best first; exact, whatever the filters."""
        fits = fitting(None, metadata_filter)
        for left in reversed(range(_ROUNDS)):
            dimensions = dimensions_of(self.follow())
            if dimensions is not None and len(query_embedding) != dimensions:
                raise EmbeddingDimensionMismatchError(dimensions, len(query_embedding))
            scope = scope_of(scope_prefix)
            best = self._replica.nearest(query_embedding, limit, scope, categories, fits, min_score)
            read = self._read([key for key, _, _ in best])
            current = [one for one in best if read[one[0]].exists and read[one[0]].version == one[1]]
            # What changed between the two is ranked again; a record that changes all the time is left out.
            if len(current) == len(best) or not left:
                return [(self._give(read, key), score) for key, _, score in current]
        raise AssertionError("unreachable")

    def nearest(self, query: Sequence[float], scope: str | None, limit: int) -> list[tuple[str, int, float]]:
        """(key, version, score) as the index has them now."""
        return self._replica.nearest(query, limit, scope_of(scope))

    def _read(self, keys: Sequence[str]) -> dict[str, Snapshot[Any]]:
        """Records and when they were last accessed."""
        found: dict[str, Snapshot[Any]] = {}
        for at in range(0, len(keys), KEYS):
            some = keys[at : at + KEYS]
            found.update(self.store.read_many([*some, *(self.layout.touch(key) for key in some)]))
        return found

    def _give(self, read: dict[str, Snapshot[Any]], key: str) -> MemoryRecord:
        """A record as it was read, which is from here on a base."""
        record = unpack(read[key].value, read[self.layout.touch(key)].value)
        self.bases.gave(record.id, read[key])
        return record

    # ------------------------------------------------------------ reads

    @latched
    def get_record(self, record_id: str) -> MemoryRecord | None:
        """One record, None if there is none."""
        key = self.layout.record(record_id)
        read = self._read([key])
        return self._give(read, key) if read[key].exists else None

    @latched
    def list_records(
        self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0
    ) -> list[MemoryRecord]:
        """The records in a scope, newest first by their creation."""
        if limit <= 0 or offset < 0:
            return []
        keys = self._index().newest(scope_of(scope_prefix), limit, offset)
        read = self._read(keys)
        return [self._give(read, key) for key in keys if read[key].exists]

    @latched
    def get_scope_info(self, scope: str) -> ScopeInfo:
        """How many records a scope and those below it hold, their categories, their times, the scopes one below."""
        name = scope_of(scope)
        heads = [head for _, head in self._index().select(name)]
        times = [head.created for head in heads]
        return ScopeInfo(
            path=scope.rstrip("/") or "/",
            record_count=len(heads),
            categories=sorted({one for head in heads for one in head.categories}),
            oldest_record=naive(min(times)) if times else None,
            newest_record=naive(max(times)) if times else None,
            child_scopes=children(name, heads),
        )

    @latched
    def list_scopes(self, parent: str = "/") -> list[str]:
        """The scopes one below a parent."""
        name = scope_of(parent)
        return children(name, [head for _, head in self._index().select(name)])

    @latched
    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """How many records of a scope have each category."""
        counts: dict[str, int] = {}
        for _, head in self._index().select(scope_of(scope_prefix)):
            for one in head.categories:
                counts[one] = counts.get(one, 0) + 1
        return counts

    @latched
    def count(self, scope_prefix: str | None = None) -> int:
        """How many records a scope and those below it hold."""
        return self._index().count(scope_of(scope_prefix))
