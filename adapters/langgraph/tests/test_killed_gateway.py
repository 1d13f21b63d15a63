"""A gateway that is killed costs a run nothing: between two steps, and while an interrupt waits for its answer."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import mortmain
import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from mortmain.testing import temporary_store

from graphs import State, config, ten_steps
from mortmain_langgraph import MortmainSaver, MortmainStore


def kill_the_gateway(store: mortmain.Store) -> None:
    pid = store.info()["pid"]
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 20.0
    while os.path.exists(f"/proc/{pid}/exe"):
        assert time.monotonic() < end, "the gateway did not die"
        time.sleep(0.005)


def asking(saver: MortmainSaver) -> Any:
    inner = StateGraph(State)
    inner.add_node("ask", lambda state: {"items": [interrupt("first?"), interrupt("second?")]})
    inner.add_edge(START, "ask")
    builder = StateGraph(State)
    builder.add_node("inner", inner.compile())
    builder.add_node("beside", lambda state: {"items": [interrupt("beside?")]})
    builder.add_edge(START, "inner")
    builder.add_edge(START, "beside")
    return builder.compile(checkpointer=saver)


@pytest.mark.parametrize("durability", ["sync", "exit"])
async def test_runs_and_interrupts_go_on(durability: Any) -> None:
    with temporary_store() as store:
        ran: list[int] = []
        graph = ten_steps(MortmainSaver(store), ran, lambda: kill_the_gateway(store))
        memory = MortmainStore(store)
        memory.put(("users", "7"), "plan", {"step": 1})
        await graph.ainvoke({"items": ["mine"]}, config(), durability=durability)
        assert ran == list(range(10))
        assert graph.get_state(config()).next == ()
        item = await memory.aget(("users", "7"), "plan")
        assert item is not None
        assert item.value == {"step": 1}
        # Each answer is given by a program that has seen nothing before.
        paused = asking(MortmainSaver(store)).invoke({"items": []}, config("asking"), durability=durability)
        for answers in ({"first?": "1"}, {"second?": "2", "beside?": "3"}):
            kill_the_gateway(store)
            open_now = {one.value: one.id for one in paused["__interrupt__"]}
            resume = {open_now[question]: answer for question, answer in answers.items()}
            fresh = asking(MortmainSaver(store))
            paused = fresh.invoke(Command(resume=resume), config("asking"), durability=durability)
        assert sorted(paused["items"]) == ["1", "2", "3"]
