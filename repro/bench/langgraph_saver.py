"""put, put_writes and get_tuple of MortmainSaver against the savers that LangGraph ships; a table in Markdown.

    adapters/langgraph/.venv-newest/bin/python repro/bench/langgraph_saver.py [--rounds N] [--sizes 1,10,100,1000]

The savers take turns within each row (A B A B). SqliteSaver runs with WAL, once with synchronous=FULL, which forces
each commit as mortmain does, and once with NORMAL, which does not. InMemorySaver keeps nothing. Every saver's last
checkpoint is read back and compared before a row counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from mortmain.testing import temporary_store
from mortmain_langgraph import MortmainSaver

SAVERS = ("mortmain", "sqlite FULL", "sqlite NORMAL", "memory")


@contextmanager
def savers(place: Path) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        found: dict[str, Any] = {"memory": InMemorySaver()}
        store = stack.enter_context(temporary_store())
        found["mortmain"] = MortmainSaver(store)
        for mode in ("FULL", "NORMAL"):
            one = stack.enter_context(SqliteSaver.from_conn_string(str(place / f"{mode}.db")))
            one.setup()
            one.conn.execute(f"PRAGMA synchronous = {mode}")
            found[f"sqlite {mode}"] = one
        yield {name: found[name] for name in SAVERS}


class Worker:
    """One thread's run on one saver: each checkpoint has a fresh value of the size."""

    def __init__(self, saver: Any, thread_id: str, size: int) -> None:
        self.saver = saver
        self.size = size
        self.config: Any = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
        self.last: Any = None

    def put(self) -> None:
        version = str(uuid6())
        value = os.urandom(self.size // 2).hex()
        self.last = {**empty_checkpoint(), "id": version, "channel_values": {"v": value}}
        self.last["channel_versions"] = {"v": version}
        self.config = self.saver.put(self.config, self.last, {"source": "loop", "step": 1}, {"v": version})

    def put_writes(self) -> None:
        self.saver.put_writes(self.config, [("v", os.urandom(self.size // 2).hex())], str(uuid6()), "path")

    def get_tuple(self) -> None:
        self.saver.get_tuple({"configurable": {"thread_id": self.config["configurable"]["thread_id"]}})

    def check(self) -> None:
        found = self.saver.get_tuple({"configurable": {"thread_id": self.config["configurable"]["thread_id"]}})
        assert found.checkpoint["channel_values"] == self.last["channel_values"], "the last checkpoint is not there"


def timed(workers: list[Worker], call: str, rounds: int) -> tuple[list[float], float]:
    """(seconds of each call, seconds of all together)."""
    times: list[list[float]] = [[] for _ in workers]

    def run(at: int) -> None:
        method: Callable[[], None] = getattr(workers[at], call)
        for _ in range(rounds):
            began = time.perf_counter()
            method()
            times[at].append(time.perf_counter() - began)

    began = time.perf_counter()
    if len(workers) == 1:
        run(0)
    else:
        threads = [threading.Thread(target=run, args=(at,)) for at in range(len(workers))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    return [one for some in times for one in some], time.perf_counter() - began


def row(size: int, threads: int, call: str, rounds: int, turns: int = 4) -> str:
    with tempfile.TemporaryDirectory() as scratch, savers(Path(scratch)) as found:
        workers = {name: [Worker(one, f"t{n}", size) for n in range(threads)] for name, one in found.items()}
        for some in workers.values():
            timed(some, "put", max(2, rounds // 4))
            timed(some, call, max(2, rounds // 4))
        each: dict[str, list[float]] = {name: [] for name in workers}
        whole = dict.fromkeys(workers, 0.0)
        for _ in range(turns):
            for name, some in workers.items():
                times, seconds = timed(some, call, max(2, rounds // turns))
                each[name] += times
                whole[name] += seconds
        for some in workers.values():
            for worker in some:
                worker.check()
    p50 = {name: statistics.median(times) * 1e6 for name, times in each.items()}
    rate = {name: len(each[name]) / whole[name] for name in each}
    cells = [f"{p50[name]:.0f} µs, {rate[name]:.0f}/s" for name in SAVERS]
    ratio = f"{p50['mortmain'] / p50['sqlite FULL']:.2f}x p50, {rate['mortmain'] / rate['sqlite FULL']:.2f}x rate"
    return f"| {call} | {size // 1000} KB | {threads} | {' | '.join(cells)} | {ratio} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--sizes", default="1,10,100,1000")
    parser.add_argument("--threads", default="1,4,16")
    parser.add_argument("--calls", default="put,put_writes,get_tuple")
    arguments = parser.parse_args()
    print(f"| call | size | threads | {' | '.join(SAVERS)} | mortmain / sqlite FULL |")
    print("|---" * (len(SAVERS) + 4) + "|")
    for call in arguments.calls.split(","):
        for size in (int(one) * 1000 for one in arguments.sizes.split(",")):
            for threads in map(int, arguments.threads.split(",")):
                rounds = max(8, arguments.rounds // (10 if size >= 1_000_000 else 1))
                print(row(size, threads, call, rounds), flush=True)


if __name__ == "__main__":
    main()
