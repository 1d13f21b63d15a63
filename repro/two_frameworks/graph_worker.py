"""A worker made of a LangGraph graph. Arguments: its name, files or mortmain, the place of the state."""

from __future__ import annotations

import sys
from typing import Any, TypedDict

import mortmain
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from shared import Look, OnFiles, OnMortmain
from stage import say, wait_here

THREAD: Any = {"configurable": {"thread_id": "survey"}}


class Work(TypedDict, total=False):
    step: str


def make_graph(name: str, shared: OnFiles | OnMortmain, saver: Any) -> Any:
    seen: list[Look] = []

    def take(state: Work) -> Command[str]:
        look = shared.look()
        step = look.open_step()
        if step is None:
            return Command(goto=END)
        say(f"wants to do the {step}")
        wait_here()  # A call of a model takes its time.
        try:
            shared.take(look, step, name)
        except mortmain.VersionConflict as conflict:
            say(f"VersionConflict: {conflict.winner} was faster; looks again")
            return Command(goto="take")
        seen.append(look)
        return Command(update={"step": step}, goto="observe")

    def observe(state: Work) -> Work:
        shared.report(seen[-1], state["step"], name)
        say(f"did the {state['step']}")
        return {}

    builder = StateGraph(Work)
    builder.add_node("take", take, destinations=("take", "observe", END))
    builder.add_node("observe", observe)
    builder.add_edge(START, "take")
    builder.add_edge("observe", END)
    return builder.compile(checkpointer=saver)


def main(name: str, kind: str, place: str) -> None:
    if kind == "files":
        make_graph(name, OnFiles(place), InMemorySaver()).invoke({}, THREAD)
        return
    from mortmain_langgraph import MortmainSaver

    with mortmain.open(place, agent=name) as store:
        make_graph(name, OnMortmain(store), MortmainSaver(store)).invoke({}, THREAD)


if __name__ == "__main__":
    main(*sys.argv[1:])
