"""What each row must reach, what it should, and the verdict on a measured value."""

from __future__ import annotations

from dataclasses import dataclass

# A cell with nothing in it.
NONE = "-"


@dataclass(frozen=True)
class Target:
    """One row. unit: of must, goal and the measured value; "x" is a ratio to the other side.

    more: whether a greater value is better. elsewhere: why no program here measures it, empty where one does.
    """

    id: str
    what: str
    against: str
    unit: str
    must: float | None
    goal: float | None
    more: bool = False
    elsewhere: str = ""

    def met(self, value: float, bound: float | None) -> bool | None:
        if bound is None:
            return None
        return value >= bound if self.more else value <= bound

    def shown(self, bound: float | None) -> str:
        return NONE if bound is None else f"{'≥' if self.more else '≤'} {bound:g}{_suffix(self.unit)}"

    def shown_value(self, value: float) -> str:
        return f"{value:.2f}{_suffix(self.unit)}" if value < 10 else f"{value:.0f}{_suffix(self.unit)}"


def _suffix(unit: str) -> str:
    return unit if unit == "x" else f" {unit}" if unit else ""


_EIGHT = "8 processes, "

# What LangGraph's savers are measured with: bytes of a value by name, threads of one process.
CALLS = ("put", "put_writes", "get_tuple")
SIZES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
THREADS = (1, 4, 16)


def langgraph_row(call: str, size: str, threads: int) -> str:
    return f"langgraph_{call}_{size.replace(' ', '').lower()}_{threads}"


def _langgraph(call: str, size: str, threads: int) -> Target:
    """put has targets alone (p50) and with 16 threads (throughput); the rest is measured beside it."""
    alone = threads == 1
    bounds = {1: (1.2, 0.8), 16: (2.0, 4.0)}.get(threads, (None, None)) if call == "put" else (None, None)
    how = "alone, p50" if alone else f"{threads} threads, throughput"
    name = f"LangGraph {call}, {size}, {how}"
    return Target(langgraph_row(call, size, threads), name, "SqliteSaver, WAL FULL", "x", *bounds, more=not alone)


TARGETS = (
    Target("commit", "durable commit of 512 B, one process, p50", "sqlite3 WAL FULL in process", "x", 1.4, 1.15),
    Target("own", _EIGHT + "own keys, throughput", "sqlite3, busy timeout", "x", 2.5, 4.0, more=True),
    Target("own_wait", _EIGHT + "own keys, longest wait", "(sqlite3 beside it)", "ms", 100.0, 20.0),
    Target("own_fair", _EIGHT + "own keys, slowest worker / mean", "(sqlite3 beside it)", "", 0.5, 0.8, more=True),
    Target("coherence", _EIGHT + "own keys", "agent-coherence `write_cas`", "x", 30.0, 80.0, more=True),
    Target("update", _EIGHT + "one hot key, `update()`", "sqlite3 BEGIN IMMEDIATE", "x", 1.0, 2.0, more=True),
    Target("append_json", _EIGHT + "one hot key, `append`", "sqlite3, one JSON value", "x", 2.5, 5.0, more=True),
    Target("append_rows", _EIGHT + "one hot key, `append`", "sqlite3, one row per item", "x", 1.5, 3.0, more=True),
    Target("mounted", "mounted key, acknowledged after the file", "unmounted", "x", 0.6, 0.9, more=True),
    Target("read", "read of 4 KB, p50", "(sqlite3 beside it)", "µs", 60.0, 20.0),
    Target("list", "list of 10,000 appended items, cold read", NONE, "ms", 2.0, None),
    *(_langgraph(call, size, threads) for call in CALLS for size in SIZES for threads in THREADS),
    Target("langgraph_disk", "LangGraph, 200 steps, bytes on disk", "SqliteSaver", "x", 0.2, 0.05),
    Target("frame_200", "frame call, 200 B there and back", "stock py4j, bytes", "x", None, None, more=True),
    Target("frame_4k", "frame call, 4 KB there and back", "stock py4j, bytes", "x", 5.0, None, more=True),
    Target("frame_64k", "frame call, 64 KB there and back", "stock py4j, bytes", "x", None, None, more=True),
    Target("frame_1m", "frame call, 1 MB there and back", "stock py4j, bytes", "x", 50.0, None, more=True),
    Target("open_cold", "open() to first commit, cold, after import", NONE, "ms", 400.0, 250.0),
    Target("open_attach", "open() to first commit, attach, after import", NONE, "ms", 30.0, 5.0),
    Target("reopen", "reopen 1,000,000 keys, 2 GB, after a stop", NONE, "s", 3.0, 1.0),
    Target("reopen_killed", "the same after kill -9", NONE, "s", 3.0, 1.0),
    Target("million", "commit at 1,000,000 keys", "at 1,000 keys", "x", 1.2, 1.05, False, ""),
    Target("memory", "gateway memory at 100,000 keys", NONE, "MB", 150.0, None),
    Target("empty", "an empty store on disk", NONE, "MiB", 2.0, None),
)


@dataclass(frozen=True)
class Result:
    """What was measured for one row. value: None if the run lost something, or was not made.

    ours, theirs: both sides in words. disk: the machine's fdatasync p50 beside it, in microseconds.
    """

    value: float | None
    ours: str
    theirs: str = NONE
    note: str = ""
    disk: float = 0.0
