"""Threads as an operator sees them: listing, retention, moving to and from LangGraph's SqliteSaver."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

import mortmain
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from ._drive import Flow, Read, Scan
from ._flow_base import where
from ._layout import id_of, place_of

if TYPE_CHECKING:
    from mortmain import Snapshot

    from ._layout import Layout, Record
    from ._saver import MortmainSaver

Progress = Callable[[int, int], None]
# Chooses of the records of a namespace, newest first, those that stay.
Keeper: TypeAlias = "Callable[[list[Record], list[Snapshot[Any]]], Iterable[Record]]"


@dataclass(frozen=True)
class ThreadInfo:
    """A thread: how many checkpoints it has over all namespaces, its newest root checkpoint, who wrote it last and
    when (aware, UTC)."""

    thread_id: str
    checkpoints: int
    latest: str | None
    writer: str | None
    updated_at: datetime | None


def threads(layout: Layout) -> Flow[list[ThreadInfo]]:
    """Every thread below a prefix, in the order of its escaped ids; one scan of keys."""
    counts: dict[str, int] = {}
    newest: dict[str, str] = {}
    heads: dict[str, list[str]] = {}
    for snapshot in (yield Scan(layout.threads, None, False)):
        place = place_of(snapshot.key, layout.threads)
        thread = place.space[len(layout.threads) :].split("/")[0]
        if place.kind == "a":
            heads.setdefault(thread, []).append(snapshot.key)
        elif place.kind == "c":
            counts[thread] = counts.get(thread, 0) + 1
            if place.space.endswith("/%/"):
                newest.setdefault(thread, id_of(place.name))
    listed = []
    for thread, keys in heads.items():
        found = [one for one in (yield Read(keys)) if one.exists]
        if found:
            last = max(found, key=lambda one: one.revision)
            name, count = found[0].value["thread"], counts.get(thread, 0)
            listed.append(ThreadInfo(name, count, newest.get(thread), last.writer, last.committed_at))
    return listed


def newest(records: list[Record], _: list[Snapshot[Any]]) -> Iterable[Record]:
    """A Keeper: of each namespace only the newest checkpoint."""
    return records[:1]


def keeper(keep: int | None, max_age: timedelta | None) -> Keeper:
    """Chooses what retention leaves: the newest always, then by count and by age."""
    if keep is None and max_age is None:
        raise mortmain.InvalidRequest("keep: give keep or max_age", field="keep", reason="missing")
    if keep is not None and keep < 1:
        raise mortmain.InvalidRequest("keep: at least 1", field="keep", reason="too small")

    def choose(records: list[Record], snapshots: list[Snapshot[Any]]) -> list[Record]:
        oldest = datetime.now(timezone.utc) - max_age if max_age is not None else None
        kept = []
        for at, (record, snapshot) in enumerate(zip(records, snapshots, strict=True)):
            young = oldest is None or (snapshot.committed_at is not None and snapshot.committed_at >= oldest)
            if at == 0 or ((keep is None or at < keep) and young):
                kept.append(record)
        return kept

    return choose


# -------------------------------------------------------------------- other savers


def transfer(
    source: BaseCheckpointSaver[Any], target: BaseCheckpointSaver[Any], progress: Progress | None = None
) -> int:
    """Copy all checkpoints and pending writes of one saver into another, oldest first; how many checkpoints it were.

    A checkpoint that is there already is written again. progress: called with (done, all) after each.
    """
    found = sorted(source.list(None), key=lambda one: one.checkpoint["id"])
    for done, one in enumerate(found, 1):
        _put(target, one)
        if progress is not None:
            progress(done, len(found))
    return len(found)


def _put(target: BaseCheckpointSaver[Any], one: CheckpointTuple) -> None:
    thread_id, ns, _ = where(one.config)
    configurable: dict[str, Any] = {"thread_id": thread_id, "checkpoint_ns": ns}
    if one.parent_config is not None:
        configurable["checkpoint_id"] = one.parent_config["configurable"]["checkpoint_id"]
    versions = one.checkpoint["channel_versions"]
    stored = target.put({"configurable": configurable}, one.checkpoint, one.metadata, versions)
    # Of the tasks' paths savers tell only the order that they make, which delta channels are rebuilt in.
    by_task: dict[str, list[tuple[str, Any]]] = {}
    for task_id, channel, value in one.pending_writes or []:
        by_task.setdefault(task_id, []).append((channel, value))
    for at, (task_id, writes) in enumerate(by_task.items()):
        target.put_writes(stored, writes, task_id, f"{at:06}")


def import_from(target: MortmainSaver, source: BaseCheckpointSaver[Any], progress: Progress | None = None) -> int:
    """Bring another saver's threads here, such as a SqliteSaver's."""
    return transfer(source, target, progress)


def export_to(source: MortmainSaver, target: BaseCheckpointSaver[Any], progress: Progress | None = None) -> int:
    """Bring the threads of a MortmainSaver to another saver."""
    return transfer(source, target, progress)
