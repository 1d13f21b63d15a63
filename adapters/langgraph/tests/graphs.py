"""What several tests build: a state that only grows, the config of a thread, a graph of ten nodes."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph


class State(TypedDict):
    items: Annotated[list[str], operator.add]


def config(thread_id: object = "t") -> Any:
    return {"configurable": {"thread_id": thread_id}}


def ten_steps(saver: Any, ran: list[int], middle: Callable[[], Any]) -> Any:
    """Ten nodes, one after the other, each of which notes its number; `middle` runs inside the first."""

    def node(number: int) -> Any:
        def run(state: State) -> Any:
            if number == 0:
                middle()
            ran.append(number)
            time.sleep(0.05)
            return {"items": [str(number)]}

        return run

    builder = StateGraph(State)
    for number in range(10):
        builder.add_node(str(number), node(number))
        builder.add_edge(str(number - 1) if number else START, str(number))
    return builder.compile(checkpointer=saver)
