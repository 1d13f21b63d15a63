"""Vector search through the gateway, beside the storage that CrewAI ships.

    adapters/crewai/.venv-newest/bin/python adapters/crewai/bench/search.py [RECORDS] [DIMENSIONS]

Prints milliseconds per search of the 10 nearest, how long the first search takes in a process that has no index yet,
and checks every result against a search in 64 bits.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["CREWAI_DISABLE_TELEMETRY"] = os.environ["OTEL_SDK_DISABLED"] = "true"
os.environ.setdefault("CREWAI_STORAGE_DIR", tempfile.gettempdir())

import numpy as np
from crewai.memory.storage.lancedb_storage import LanceDBStorage
from crewai.memory.types import MemoryRecord
from mortmain.testing import temporary_store

from mortmain_crewai import MortmainStorage

QUERIES = 60


def fill(storage: Any, vectors: Any) -> float:
    began = time.perf_counter()
    for at in range(0, len(vectors), 4000):
        storage.save(
            [
                MemoryRecord(id=f"record-{n}", content=f"no. {n}", scope=f"/s/{n % 10}", embedding=vectors[n].tolist())
                for n in range(at, min(at + 4000, len(vectors)))
            ]
        )
    return time.perf_counter() - began


def searches(storage: Any, queries: Any, nearest: list[list[str]], **options: Any) -> tuple[list[float], int]:
    """Seconds of each search, and how many of the results were not the nearest ones."""
    seconds, wrong = [], 0
    for query, want in zip(queries.tolist(), nearest, strict=True):
        began = time.perf_counter()
        found = storage.search(query, limit=10, **options)
        seconds.append(time.perf_counter() - began)
        wrong += [record.id for record, _ in found] != want
    return sorted(seconds), wrong


def brute_force(vectors: Any, queries: Any, rows: Any) -> list[list[str]]:
    found = []
    for query in queries:
        distances = np.square(vectors[rows].astype(np.float64) - query).sum(axis=1)
        found.append([f"record-{rows[at]}" for at in np.argsort(distances, kind="stable")[:10]])
    return found


def show(what: str, seconds: list[float], wrong: int) -> None:
    p50, p99 = seconds[len(seconds) // 2] * 1e3, seconds[-1 - len(seconds) // 100] * 1e3
    print(f"{what:<44}{p50:8.1f} ms p50 {p99:8.1f} ms p99   {wrong} of {len(seconds)} wrong", flush=True)


def main() -> None:
    count, dimensions = (int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), int((sys.argv[2:] or ["384"])[0])
    random = np.random.default_rng(1)
    vectors = random.standard_normal((count, dimensions), dtype=np.float32)
    queries = random.standard_normal((QUERIES, dimensions), dtype=np.float32)
    everywhere = brute_force(vectors, queries, np.arange(count))
    inside = brute_force(vectors, queries, np.arange(3, count, 10))
    print(f"{count:,} records of {dimensions} dimensions, the 10 nearest", flush=True)
    with temporary_store(timeout=120.0) as store, tempfile.TemporaryDirectory() as scratch:
        ours = MortmainStorage(store)
        print(f"MortmainStorage: filled in {fill(ours, vectors):.1f} s", flush=True)
        began = time.perf_counter()
        ours.count()
        print(f"MortmainStorage: first index in {time.perf_counter() - began:.1f} s", flush=True)
        theirs = LanceDBStorage(str(Path(scratch, "lance")))
        print(f"LanceDBStorage: filled in {fill(theirs, vectors):.1f} s", flush=True)
        theirs.optimize()
        searches(ours, queries[:5], everywhere[:5])
        searches(theirs, queries[:5], everywhere[:5])
        show("MortmainStorage", *searches(ours, queries, everywhere))
        show("LanceDBStorage", *searches(theirs, queries, everywhere))
        show("MortmainStorage, one scope of ten", *searches(ours, queries, inside, scope_prefix="/s/3"))
        show("LanceDBStorage, one scope of ten", *searches(theirs, queries, inside, scope_prefix="/s/3"))
        changed = MemoryRecord(id="changing", content="changes", scope="/other", embedding=[9.0] * dimensions)
        ours.save([changed])
        seconds = []
        for query in queries.tolist():
            ours.update(changed)
            began = time.perf_counter()
            ours.search(query, limit=10)
            seconds.append(time.perf_counter() - began)
        show("MortmainStorage, each after a write", sorted(seconds), 0)


if __name__ == "__main__":
    main()
