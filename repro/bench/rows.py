"""Which program fills which rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calls import appended_list, commit, frames, mounted, read
from crowds import append, coherence, own, update
from gateways import empty, memory, million, opening
from langgraph_saver import langgraph, langgraph_disk
from plan import Plan, Results
from reopen import reopening
from targets import CALLS, SIZES, THREADS, langgraph_row

# The programs by name, each with the rows that it fills.
PROGRAMS: dict[str, tuple[Callable[[Plan], Results], tuple[str, ...]]] = {
    "commit": (commit, ("commit",)),
    "own": (own, ("own", "own_wait", "own_fair")),
    "coherence": (coherence, ("coherence",)),
    "update": (update, ("update",)),
    "append": (append, ("append_json", "append_rows")),
    "mounted": (mounted, ("mounted",)),
    "read": (read, ("read",)),
    "list": (appended_list, ("list",)),
    "langgraph": (
        langgraph,
        tuple(langgraph_row(call, size, threads) for call in CALLS for size in SIZES for threads in THREADS),
    ),
    "langgraph_disk": (langgraph_disk, ("langgraph_disk",)),
    "frames": (frames, ("frame_200", "frame_4k", "frame_64k", "frame_1m")),
    "open": (opening, ("open_cold", "open_attach")),
    "empty": (empty, ("empty",)),
    "memory": (memory, ("memory",)),
    "million": (million, ("million",)),
    "reopen": (reopening, ("reopen", "reopen_killed")),
}


def with_disk(results: Results, disk: float) -> Results:
    return {row: replace(result, disk=disk) for row, result in results.items()}
