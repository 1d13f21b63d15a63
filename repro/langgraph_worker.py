"""One process of the langgraph_* claims: a graph on a saver, run step by step.

Arguments: its name, the saver (sqlite or mortmain), the place of the state, what to do, and how durable.
Needs the environment of adapters/langgraph.
"""

from __future__ import annotations

import asyncio
import operator
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypedDict

import mortmain
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from stage import say, wait_here

THREAD: Any = {"configurable": {"thread_id": "t"}}


@contextmanager
def open_saver(kind: str, place: str) -> Iterator[BaseCheckpointSaver[Any]]:
    """The saver under test, as its own documentation opens it."""
    if kind == "mortmain":
        from mortmain_langgraph import MortmainSaver

        with MortmainSaver.open(place) as saver:
            yield saver
        return
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(place) as saver:
        saver.conn.execute("PRAGMA busy_timeout = 30000")
        yield saver


@contextmanager
def open_async_saver(kind: str, place: str) -> Any:
    if kind == "mortmain":
        from mortmain_langgraph import MortmainSaver

        yield MortmainSaver.open(place)
        return
    raise SystemExit("async is shown with mortmain only")


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]


def until_stored(saver: Any, config: RunnableConfig) -> None:
    """Wait until the checkpoint is stored from which this node runs: asynchronous runs write in the background."""
    checkpoint_id = config["configurable"]["checkpoint_map"][""]
    wanted: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": checkpoint_id}}
    end = time.monotonic() + 60.0
    while saver.get_tuple(wanted) is None:
        if time.monotonic() > end:
            raise SystemExit("the run's first checkpoint was never stored")


def notes_graph(saver: Any, name: str, waits: bool, early: bool = True) -> Any:
    """think -> write down. `waits`: stalls in the node that thinks, as a long call of a model does. early: the run
    stores something before its end."""

    def think(state: Notes, config: RunnableConfig) -> dict[str, Any]:
        say(f"starts from {state['notes']}")
        if waits:
            if early:
                until_stored(saver, config)
            wait_here()
        return {}

    def write_down(state: Notes) -> Notes:
        return {"notes": [f"found by {name}"]}

    builder = StateGraph(Notes)
    builder.add_node("think", think)
    builder.add_node("write_down", write_down)
    builder.add_edge(START, "think")
    builder.add_edge("think", "write_down")
    return builder.compile(checkpointer=saver)


class Count(TypedDict):
    count: int


def count_graph(saver: Any, waits: bool) -> Any:
    def increment(state: Count) -> Count:
        if waits:
            wait_here()
        return {"count": state["count"] + 1}

    builder = StateGraph(Count)
    builder.add_node("increment", increment)
    builder.add_edge(START, "increment")
    return builder.compile(checkpointer=saver)


class Order(TypedDict):
    ship_to: str
    bill_to: str


class Stop:
    """Where a node waits until it may go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def here(self) -> None:
        self.reached.set()
        self.open.wait()


def order_graph(saver: Any, stops: dict[str, Stop] | None = None) -> Any:
    """Two questions at once: where to ship, whom to bill."""

    def ask(field: str) -> Any:
        def node(state: Order) -> dict[str, str]:
            if stops is not None:
                stops[field].here()
            return {field: interrupt(field)}

        return node

    builder = StateGraph(Order)
    for field in ("ship_to", "bill_to"):
        builder.add_node(f"ask_{field}", ask(field))
        builder.add_edge(START, f"ask_{field}")
        builder.add_edge(f"ask_{field}", END)
    return builder.compile(checkpointer=saver)


def slowly(old: int, new: int) -> int:
    wait_here()
    return old + new


class Budget(TypedDict):
    budget: Annotated[int, slowly]


class Account(TypedDict):
    budget: Annotated[int, operator.add]


def told(action: Any) -> None:
    """Do it and say what the caller is told."""
    try:
        action()
        say("done: acknowledged")
    except mortmain.Conflict as error:
        say(f"{type(error).__name__}: {str(error).split(':')[0]} (retry={error.retry})")


# -------------------------------------------------------------------- what a process does


def note(name: str, kind: str, place: str, mode: str) -> None:
    if mode == "async-loop":
        with open_async_saver(kind, place) as saver:
            graph = notes_graph(saver, name, name == "slow")
            told(lambda: asyncio.run(graph.ainvoke({"notes": []}, THREAD)))
        return
    with open_saver(kind, place) as saver:
        graph = notes_graph(saver, name, name in ("slow", "one", "two"), mode != "exit")
        told(lambda: graph.invoke({"notes": []}, THREAD, durability=mode))


def count(name: str, kind: str, place: str, mode: str) -> None:
    with open_saver(kind, place) as saver:
        graph = count_graph(saver, name != "setup")
        start = {"count": 0} if saver.get_tuple(THREAD) is None else {}
        told(lambda: graph.invoke(start, THREAD, durability=mode))


def raise_budget(name: str, kind: str, place: str, mode: str) -> None:
    """update_state, which reads, folds and writes; the reducer is slow, unless it is the setup's."""
    builder = StateGraph(Account if name == "setup" else Budget)
    builder.add_node("node", lambda state: {})
    builder.add_edge(START, "node")
    with open_saver(kind, place) as saver:
        graph = builder.compile(checkpointer=saver)
        told(lambda: graph.update_state(THREAD, {"budget": int(mode)}, as_node="node"))


def ask(name: str, kind: str, place: str, mode: str) -> None:
    with open_saver(kind, place) as saver:
        graph = order_graph(saver)
        graph.invoke({"ship_to": "?", "bill_to": "?"}, THREAD)
        say(f"asks {sorted(one.value for one in graph.get_state(THREAD).interrupts)}")


def answer(name: str, kind: str, place: str, mode: str) -> None:
    """Answers both questions with its own name; stalls before each, and `mode` is the first."""
    stops = {"ship_to": Stop(), "bill_to": Stop()}
    with open_saver(kind, place) as saver:
        graph = order_graph(saver, stops)
        answers = {one.id: name for one in graph.get_state(THREAD).interrupts}

        def release() -> None:
            for stop in stops.values():
                stop.reached.wait()  # the run has read what it goes on from
            for field in (mode, *(other for other in stops if other != mode)):
                wait_here()
                stops[field].open.set()

        threading.Thread(target=release, daemon=True).start()
        told(lambda: graph.invoke(Command(resume=answers), THREAD))


def carry_on(name: str, kind: str, place: str, mode: str) -> None:
    with open_saver(kind, place) as saver:
        graph = order_graph(saver)
        graph.invoke(None, THREAD)
        state = graph.get_state(THREAD)
        say(f"the state is {dict(sorted(state.values.items()))}, open: {sorted(one.value for one in state.interrupts)}")


def forget(name: str, kind: str, place: str, mode: str) -> None:
    with open_saver(kind, place) as saver:
        told(lambda: saver.delete_thread("t"))


def show(name: str, kind: str, place: str, mode: str) -> None:
    with open_saver(kind, place) as saver:
        found = saver.get_tuple(THREAD)
        values = {} if found is None else found.checkpoint["channel_values"]
        say(f"the thread holds {values.get(mode, 'nothing')}")


if __name__ == "__main__":
    _, name, kind, place, action, mode = sys.argv
    globals()[action](name, kind, place, mode)
