"""What one run of CrewAI's consolidation read, and its writes, kept back for one commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crewai.memory.types import MemoryRecord
from mortmain import MortmainError, Snapshot, Ticket, Transaction

from ._errors import changed
from ._layout import pack
from ._rounds import repeated
from ._storage import MortmainStorage

logger = logging.getLogger("mortmain.crewai")


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that a search returned, with the ticket of that read."""

    record: MemoryRecord
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Question:
    """A search that a decision rests on."""

    query: Sequence[float]
    scope: str | None
    limit: int


class ReadSet:
    """The storage that CrewAI's `EncodingFlow` gets: it reads from the real one and writes nothing.

    `commit` carries the flow's writes out at once, if what was read is still so: every record that a search returned
    has the version it had, and no search would now return another one that is similar enough to be consolidated.
    Both are judged by the coordinator, in the commit. For the threads of one flow.

    threshold: the similarity above which a record is consolidated.
    """

    def __init__(self, storage: MortmainStorage, threshold: float) -> None:
        self.storage = storage
        self.errors: list[MortmainError] = []
        self._threshold = threshold
        self._lock = threading.Lock()
        self._questions: list[Question] = []
        self._seen: dict[str, Seen] = {}
        self._keys: dict[str, str] = {}
        self._doomed: set[str] = set()
        self._changed: dict[str, dict[str, Any]] = {}
        self._new: dict[str, MemoryRecord] = {}

    # ------------------------------------------------------------ what EncodingFlow calls

    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """CrewAI takes a search that failed for one that found nothing, so a failure is kept."""
        try:
            found = self.storage.search(
                query_embedding, scope_prefix, categories, metadata_filter, limit, min_score
            )
        except MortmainError as error:
            self.errors.append(error)
            raise
        with self._lock:
            self._questions.append(Question(query_embedding, scope_prefix, limit))
            for record, _ in found:
                ticket = self.storage.bases.of(record.id)
                if ticket is not None:
                    # Two items may have found the same record: the older read is the base of both.
                    self._seen.setdefault(ticket.key, Seen(record, ticket))
                    self._keys[record.id] = ticket.key
        return found

    def list_scopes(self, parent: str = "/") -> list[str]:
        """Suggestions for the model; no decision rests on them, so they are no part of what is guarded."""
        return self.storage.list_scopes(parent)

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """As `list_scopes`."""
        return self.storage.list_categories(scope_prefix)

    def delete(self, record_ids: Sequence[str]) -> int:
        """Only what was found can be deleted: a model makes up ids."""
        known = [self._keys[one] for one in record_ids if one in self._keys]
        if len(known) < len(record_ids):
            logger.info("consolidation named a record that no search found: left alone")
        self._doomed.update(known)
        return len(known)

    def update(self, record: MemoryRecord) -> None:
        """CrewAI makes the new version without `source` and `private`: they stay."""
        key = self._keys[record.id]
        before = self._seen[key].record
        record.source, record.private = before.source, before.private
        self._changed[key] = pack(record)

    def save(self, records: Sequence[MemoryRecord]) -> None:
        for record in records:
            self._new[self.storage.layout.record(record.id)] = record

    # ------------------------------------------------------------ the commit

    def commit(self, takes: Ticket | None = None) -> None:
        """All of it or nothing. A Conflict if what was read is no longer so. takes: a key that this commit deletes."""
        for error in self.errors:
            raise error
        new = {key: pack(record) for key, record in self._new.items()}
        writes = {**self._changed, **new}
        ours = {key: found.ticket for key, found in self._seen.items()}

        def attempt() -> None:
            store, layout = self.storage.store, self.storage.layout
            doomed = [key for key in self._doomed if key not in self._changed]
            names = [layout.dimensions, *new, *(layout.touch(key) for key in doomed)]
            read = store.read_many(names)
            for key in new:
                if read[key].exists:
                    raise changed(read[key], 0, "a record of this id is there, and it was not read here")
            fresh = {key: read[key].ticket() for key in new}
            with store.transaction() as txn:
                if writes:
                    self._ask_again(txn)
                for key, ticket in {**ours, **fresh}.items():
                    txn.follow(key, ticket)
                if writes:
                    self.storage.guard_dimensions(txn, read[layout.dimensions], list(writes.values()))
                for key, value in writes.items():
                    txn.put(key, value)
                for key in doomed:
                    self.storage.delete_record(txn, key, read[layout.touch(key)])
                if takes is not None:
                    txn.follow(takes.key, takes)
                    txn.delete(takes.key)
            for key, value in writes.items():
                self.storage.bases.wrote(value["id"], ours.get(key) or fresh[key])

        repeated(attempt, [*ours, *([] if takes is None else [takes.key])])

    def _ask_again(self, txn: Transaction) -> None:
        """No other record came that the decision would have looked at. Cheap: no model is asked for it."""
        # From here on a commit is refused if any record is written by somebody else.
        list(txn.scan(self.storage.layout.records, limit=1, values=False))
        self.storage.follow()
        for question in self._questions:
            for key, _, score in self.storage.nearest(question.query, question.scope, question.limit):
                if key not in self._seen and score >= self._threshold:
                    snapshot: Snapshot[Any] = self.storage.store.read(key)
                    raise changed(snapshot, 0, "a similar record came while the model was asked")
