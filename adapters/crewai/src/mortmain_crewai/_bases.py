"""What a storage object has read: the base of each write, so that no write goes on from a fresh read."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import Any

from mortmain import Snapshot, Ticket

# Records of which a storage object remembers what it has seen; one that was forgotten cannot be overwritten
# without reading it again.
_KEPT = 50_000


class Bases:
    """The tickets of one storage object. Thread-safe, fork-aware.

    A record that was made from one that this object gave out still has the same `id` object (copies and CrewAI's own
    code keep it), so its base is exactly that read, even where other threads have read newer versions since. For a
    record that was made by hand it is what the object last read or wrote of that id.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, Ticket] = OrderedDict()
        self._exact: OrderedDict[int, tuple[str, Ticket]] = OrderedDict()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def _guard(self) -> threading.Lock:
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock

    def of(self, record_id: str) -> Ticket | None:
        """The base of a write of a record with this id, None if it was never seen."""
        with self._guard():
            exact = self._exact.get(id(record_id))
            if exact is not None and exact[0] is record_id:
                return exact[1]
            return self._last.get(record_id)

    def last(self, record_id: str) -> Ticket | None:
        """What was last read or written of this id, whoever asks."""
        with self._guard():
            return self._last.get(record_id)

    def gave(self, record_id: str, snapshot: Snapshot[Any]) -> None:
        """A record with this very id object is given out."""
        ticket = snapshot.ticket()
        with self._guard():
            self._keep(record_id, ticket)
            # The interpreter has one object for each string of one character.
            if len(record_id) > 1:
                self._exact[id(record_id)] = (record_id, ticket)
                self._exact.move_to_end(id(record_id))
                while len(self._exact) > _KEPT:
                    self._exact.popitem(last=False)

    def wrote(self, record_id: str, ticket: Ticket) -> None:
        """A commit that carried this ticket has passed: later writes go on from it."""
        with self._guard():
            self._keep(record_id, ticket)

    def _keep(self, record_id: str, ticket: Ticket) -> None:
        self._last[record_id] = ticket
        self._last.move_to_end(record_id)
        while len(self._last) > _KEPT:
            self._last.popitem(last=False)

    def forget(self, record_id: str) -> None:
        with self._guard():
            self._last.pop(record_id, None)

    def clear(self) -> None:
        with self._guard():
            self._last.clear()

    def copy(self) -> Bases:
        """The same knowledge, from here on apart."""
        twin = Bases()
        with self._guard():
            twin._last = self._last.copy()
            twin._exact = self._exact.copy()
        return twin
