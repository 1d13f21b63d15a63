"""MortmainSaver against the savers that LangGraph ships, called as a run of a graph calls them.

The savers take turns within each row (A B A B). SqliteSaver runs with WAL, once with synchronous=FULL, which forces
each commit as mortmain does, and once with NORMAL, which does not. InMemorySaver keeps nothing. Each thread has a run
of its own, whose writes carry the ticket of its first read; each checkpoint has a fresh value, made before the clock
starts. Every run's last checkpoint is read back and compared before a row counts.
"""

from __future__ import annotations

import operator
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypedDict

import mortmain

from measure import Latencies
from plan import Plan, Results, result_of
from targets import CALLS, SIZES, THREADS, langgraph_row

_OURS, _FULL, _NORMAL, _MEMORY = "mortmain", "sqlite FULL", "sqlite NORMAL", "memory"
_TICKET = "__pregel_mortmain_ticket"


@contextmanager
def _others(place: Path) -> Iterator[dict[str, Any]]:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.checkpoint.sqlite import SqliteSaver

    with (
        SqliteSaver.from_conn_string(str(place / "full.db")) as full,
        SqliteSaver.from_conn_string(str(place / "normal.db")) as normal,
    ):
        for saver, mode in ((full, "FULL"), (normal, "NORMAL")):
            saver.setup()
            saver.conn.execute(f"PRAGMA synchronous = {mode}")
        yield {_FULL: full, _NORMAL: normal, _MEMORY: InMemorySaver()}


class _Run:
    """One thread's run on one saver."""

    def __init__(self, saver: Any, thread_id: str, size: int) -> None:
        from langchain_core.runnables.config import ensure_config

        self.saver = saver
        self.size = size
        self.thread = {"thread_id": thread_id, "checkpoint_ns": ""}
        self.config: Any = ensure_config({"configurable": dict(self.thread)})
        saver.get_tuple(self.config)
        self._ticket = {name: held for name, held in self.config["configurable"].items() if name == _TICKET}
        self.last: Any = None

    def _value(self) -> str:
        return os.urandom(self.size // 2).hex()

    def put(self) -> Callable[[], Any]:
        from langgraph.checkpoint.base import empty_checkpoint
        from langgraph.checkpoint.base.id import uuid6

        version = str(uuid6())
        made: Any = {**empty_checkpoint(), "id": version, "channel_values": {"v": self._value()}}
        made["channel_versions"] = {"v": version}

        def call() -> None:
            self.config = self.saver.put(self.config, made, {"source": "loop", "step": 1}, {"v": version})
            # As LangGraph does: what the first read put into the config stays in it.
            self.config["configurable"].update(self._ticket)
            self.last = made

        return call

    def put_writes(self) -> Callable[[], Any]:
        from langgraph.checkpoint.base.id import uuid6

        writes, task = [("v", self._value())], str(uuid6())
        return lambda: self.saver.put_writes(self.config, writes, task, "path")

    def get_tuple(self) -> Callable[[], Any]:
        return lambda: self.saver.get_tuple({"configurable": self.thread})

    def kept(self) -> bool:
        found = self.saver.get_tuple({"configurable": self.thread})
        return bool(found.checkpoint["channel_values"] == self.last["channel_values"])


def _timed(runs: list[_Run], call: str, times: int) -> tuple[list[float], float]:
    """(seconds of each call, seconds of all together); what is written is made before."""
    made = [[getattr(run, call)() for _ in range(times)] for run in runs]
    seconds: list[list[float]] = [[] for _ in runs]
    together = threading.Barrier(len(runs) + 1)

    def work(at: int) -> None:
        clock, mine = time.perf_counter, seconds[at]
        together.wait()
        for one in made[at]:
            began = clock()
            one()
            mine.append(clock() - began)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(runs))]
    for one in threads:
        one.start()
    together.wait()
    began = time.perf_counter()
    for one in threads:
        one.join()
    return [one for some in seconds for one in some], time.perf_counter() - began


def langgraph(plan: Plan) -> Results:
    """put, put_writes and get_tuple at each size, by 1, 4 and 16 threads of one process."""
    from mortmain_langgraph import MortmainSaver

    place = plan.fresh("langgraph")
    results: Results = {}
    with mortmain.open(place / "state", agent="bench") as store:
        ours = MortmainSaver(store)
        for _ in range(max(1, plan.warm_up // 1000)):
            _timed([_Run(ours, "warm-up", 1000)], "put", 1000)
        for call in CALLS:
            for name, size in SIZES.items():
                for threads in THREADS:
                    row = langgraph_row(call, name, threads)
                    (place / row).mkdir()
                    with _others(place / row) as others:
                        results |= _row(row, {_OURS: ours, **others}, call, size, threads, plan)
        store.stop()
    return results


def _row(row: str, savers: dict[str, Any], call: str, size: int, threads: int, plan: Plan) -> Results:
    runs = {name: [_Run(one, f"{row}-{n}", size) for n in range(threads)] for name, one in savers.items()}
    # As long in each row, roughly: a call of 1 MB takes as long as twenty small ones.
    times = max(2, plan.calls * 1000 // (1000 + size // 20) // threads)
    for some in runs.values():
        _timed(some, "put", max(2, times // 4))
        _timed(some, call, times)
    each: dict[str, list[float]] = {name: [] for name in runs}
    whole = dict.fromkeys(runs, 0.0)
    for _ in range(plan.rounds):
        for name, some in runs.items():
            seconds, together = _timed(some, call, times)
            each[name] += seconds
            whole[name] += together
    lost = [f"{name} lost its last checkpoint" for name, some in runs.items() if not all(one.kept() for one in some)]
    latencies = {name: Latencies.of(seconds) for name, seconds in each.items()}
    rate = {name: len(each[name]) / whole[name] for name in each}
    told = {name: f"{rate[name]:,.0f}/s, {latencies[name]}" for name in runs}
    alone = latencies[_OURS].p50 / latencies[_FULL].p50
    value = alone if threads == 1 else rate[_OURS] / rate[_FULL]
    note = f"{_NORMAL}: {told[_NORMAL]}; {_MEMORY}: {told[_MEMORY]}"
    return {row: result_of(value, told[_OURS], told[_FULL], lost, note)}


class _Growing(TypedDict):
    messages: Annotated[list[str], operator.add]


def langgraph_disk(plan: Plan) -> Results:
    """A graph whose list grows by one message of 900 bytes in each of 200 runs; the bytes on disk afterwards."""
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import START, StateGraph
    from mortmain_langgraph import MortmainSaver

    place = plan.fresh("langgraph_disk")
    builder = StateGraph(_Growing)
    builder.add_node("add", lambda state: {"messages": [os.urandom(450).hex()]})
    builder.add_edge(START, "add")
    thread: Any = {"configurable": {"thread_id": "t"}}
    lost = []

    def grow(saver: Any) -> None:
        graph = builder.compile(checkpointer=saver)
        for _ in range(200):
            graph.invoke({"messages": []}, thread, durability="exit")
        if len(graph.get_state(thread).values["messages"]) != 200:
            lost.append(f"{type(saver).__name__} lost a message")

    (place / "theirs").mkdir()
    with SqliteSaver.from_conn_string(str(place / "theirs" / "c.db")) as saver:
        grow(saver)
    theirs = sum(one.stat().st_size for one in (place / "theirs").iterdir())
    with mortmain.open(place / "ours", agent="bench") as store:
        store.commit("warm", 1, overwrite=True)
        before = _used(place / "ours")
        grow(MortmainSaver(store))
        ours = _used(place / "ours") - before
        store.stop()
    shown = [f"{size / 1e6:.2f} MB" for size in (ours, theirs)]
    return {"langgraph_disk": result_of(ours / theirs, *shown, lost, "without preallocated room")}


def _used(place: Path) -> int:
    """Bytes of the journal without the room that is preallocated."""
    return sum(len(one.read_bytes().rstrip(b"\0")) for one in place.rglob("journal/*") if one.is_file())
