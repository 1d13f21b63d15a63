"""The journal of a run, replayed: what each key was at each version and revision, and how often it was reclaimed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict

from history import Written
from marks import ABSENT, list_mark, list_sum


class Replay:
    """Made once from the events; immutable afterwards.

    by_version: (key, version) -> event. marks: (key, version) -> what the key was then. revisions: request id -> the
    revisions of its writes.
    """

    def __init__(self, journal: list[Written]) -> None:
        self.by_key: dict[str, list[Written]] = defaultdict(list)
        self.by_version: dict[tuple[str, int], Written] = {}
        self.marks: dict[tuple[str, int], str] = {}
        self.revisions: dict[str, set[int]] = defaultdict(set)
        self._reclaims: dict[str, list[int]] = defaultdict(list)
        self._items: dict[tuple[str, str], int] = {}
        self._lists: dict[str, tuple[int, int]] = {}
        for event in journal:
            self._take(event)
        self._taken_of: dict[str, list[int]] = {}
        self._at = {key: [event.revision for event in events] for key, events in self.by_key.items()}

    def _take(self, event: Written) -> None:
        if event.kind == "reclaim":
            revisions = self._reclaims[event.key]
            if not revisions or revisions[-1] != event.revision:
                revisions.append(event.revision)
            return
        self.by_key[event.key].append(event)
        self.by_version.setdefault((event.key, event.version), event)
        self.marks[event.key, event.version] = self._mark(event)
        if event.request_id:
            self.revisions[event.request_id].add(event.revision)

    def _mark(self, event: Written) -> str:
        if event.items is None:
            self._lists.pop(event.key, None)
            return event.mark
        length, checksum = self._lists.get(event.key, (0, 0))
        for item in event.items:
            self._items.setdefault((event.key, item), event.version)
        self._lists[event.key] = (length + len(event.items), list_sum(event.items, checksum))
        return list_mark(*self._lists[event.key])

    def last(self, key: str) -> Written | None:
        return self.by_key[key][-1] if key in self.by_key else None

    def has_item(self, key: str, item: str | None, version: int) -> bool:
        """Whether the item was in the list at a version."""
        return item is not None and self._items.get((key, item), version + 1) <= version

    def state_at(self, key: str, revision: int) -> tuple[int, str, int]:
        """Version, mark and epoch."""
        events = self.by_key.get(key, [])
        at = bisect_right(self._at.get(key, []), revision)
        version = events[at - 1].version if at else 0
        return version, self.marks[key, version] if at else ABSENT, self.epoch_at(key, revision)

    def mark_at(self, key: str, revision: int) -> str:
        return self.state_at(key, revision)[1]

    def between(self, key: str, first: int, last: int) -> list[Written]:
        """The writes of these revisions."""
        at = self._at.get(key, [])
        return self.by_key.get(key, [])[bisect_left(at, first) : bisect_right(at, last)]

    # ------------------------------------------------------------ reclamations

    def _taken(self, key: str) -> list[int]:
        """Of the key itself and of the levels above it. A claim that ends with its prefix counts once."""
        if key not in self._taken_of:
            parts = key.split("/")
            names = [key, *("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))]
            self._taken_of[key] = sorted({revision for name in names for revision in self._reclaims.get(name, ())})
        return self._taken_of[key]

    def epoch_at(self, key: str, revision: int | None) -> int:
        taken = self._taken(key)
        return len(taken) if revision is None else bisect_right(taken, revision)

    def reclaimed_between(self, key: str, after: int, before: int) -> bool:
        taken = self._taken(key)
        return bisect_right(taken, after) < bisect_left(taken, before)
