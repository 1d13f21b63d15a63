"""Finds what was lost between writes without a base, in the journal of a store, and brings it back.

A write is lost if the next version is by another agent, was made with overwrite=True, and looks as if it had never
been there: what it added or changed is as it was in the version before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mortmain

_ABSENT = object()


@dataclass(frozen=True)
class Lost:
    """version, writer: of the lost write. by_version, by: of the write that lost it. changes: what is missing."""

    version: int
    writer: str
    by_version: int
    by: str
    changes: list[mortmain.Difference]


def lost_updates(store: mortmain.Store, key: str) -> Iterator[Lost]:
    """Oldest first, from the journal alone."""
    events = store.history(key, limit=None)[::-1]
    for before, mine, after in zip(events, events[1:], events[2:], strict=False):
        if not after.overwrite or after.writer == mine.writer:
            continue
        was = store.read(key, version=before.version).value
        became = store.read(key, version=after.version).value
        changes = [
            change
            for change in store.diff(key, before.version, mine.version)
            if change.kind != "removed" and is_undone(change, was, became)
        ]
        if changes:
            yield Lost(mine.version, mine.writer, after.version, after.writer, changes)


def is_undone(change: mortmain.Difference, was: Any, became: Any) -> bool:
    """A list item is gone, or a field is as it was."""
    *parents, last = change.path
    if isinstance(last, int):
        return change.new not in (find(became, parents) or [])
    return find(became, change.path) == find(was, change.path)


def find(value: Any, path: tuple[str | int, ...] | list[str | int]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT if step == path[-1] else None
    return value


def bring_back(store: mortmain.Store, key: str, lost: Lost) -> mortmain.Receipt:
    """As a new commit on whatever the value is now; what somebody wrote since stays."""

    def with_changes(value: Any) -> Any:
        for change in lost.changes:
            *parents, last = change.path
            place = find(value, parents)
            if isinstance(last, int):
                if change.new not in place:
                    place.insert(last, change.new)
            else:
                place[last] = change.new
        return value

    meta = {
        "brings_back": f"version {lost.version}",
        "written_by": lost.writer,
        "lost_by": f"version {lost.by_version}",
    }
    return store.update(key, with_changes, meta=meta)
