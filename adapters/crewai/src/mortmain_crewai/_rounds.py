"""What the storage's calls share: commits that are tried again, dimensions, filters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

from mortmain import Conflict, Snapshot

from ._errors import EmbeddingDimensionMismatchError, touches_base
from ._layout import instant
from ._replica import Head

T = TypeVar("T")
# Keys and bytes of one commit, below its limits of 1,000 (a record has two) and 128 MiB.
KEYS = 400
BYTES = 32 * 1024 * 1024
# Seconds in which somebody else's writes may disturb one call.
_PATIENCE = 30.0


def repeated(attempt: Callable[[], T], ours: Collection[str]) -> T:
    """Try again when somebody disturbed what was read for this try; a refused base of the caller stays refused."""
    over = time.monotonic() + _PATIENCE
    for number in range(1, 1_000_000):
        try:
            return attempt()
        except Conflict as error:
            error.attempts = number
            if not error.failures or touches_base(error, ours) or time.monotonic() >= over:
                raise
            time.sleep(random.random() * min(0.1, 0.001 * 2.0 ** min(number, 8)))
    raise AssertionError("unreachable")


def dimensions_of(snapshot: Snapshot[Any]) -> int | None:
    """How many dimensions the embeddings of a memory have; None before the first one."""
    return int(snapshot.value["dimensions"]) if snapshot.exists else None


def dimensions_of_all(values: Sequence[Any]) -> int | None:
    """The dimensions of packed records, which all have the same, or none."""
    found: int | None = None
    for value in values:
        if value["embedding"]:
            ((form, text),) = value["embedding"].items()
            count = len(text) // 4 * 3 - text[-2:].count("=")
            count //= 4 if form == "f4" else 8
            if found is not None and count != found:
                raise EmbeddingDimensionMismatchError(found, count)
            found = count
    return found


def fitting(older_than: datetime | None, metadata: dict[str, Any] | None) -> Callable[[Head], bool] | None:
    if older_than is None and not metadata:
        return None
    before = None if older_than is None else instant(older_than)
    wanted = dict(metadata or {})

    def fits(head: Head) -> bool:
        young = before is not None and head.created >= before
        return not young and all(head.metadata.get(name) == value for name, value in wanted.items())

    return fits


def children(parent: str, heads: Sequence[Head]) -> list[str]:
    names = {head.scope[len(parent) + 1 :].split("/", 1)[0] for head in heads if len(head.scope) > len(parent)}
    return sorted(f"{parent}/{name}" for name in names if name)


def slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(keys), KEYS):
        yield keys[at : at + KEYS]


def now() -> datetime:
    # Naive and UTC, as CrewAI's own times are.
    return datetime.now(timezone.utc).replace(tzinfo=None)


def naive(time: datetime) -> datetime:
    return time.astimezone(timezone.utc).replace(tzinfo=None)
