"""What the server is given: a graph, a checkpointer and a store. The graph's first node waits, if it is asked to, until
the director says "go"; both speak through the store.

No annotation here is a string: the server loads the file without making it a module that others find by name.
"""

import operator
import os
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph
from mortmain_langgraph import MortmainSaver, MortmainStore

STAGE = ("stage",)

saver = MortmainSaver.open(os.environ["MORTMAIN_DIR"])
memory = MortmainStore.open(os.environ["MORTMAIN_DIR"])


class Notes(TypedDict):
    notes: Annotated[list[str], operator.add]


async def think(state: Notes) -> dict[str, Any]:
    if state["notes"][-1] == "a slow question":
        async with memory.awatch(STAGE) as events:
            await memory.aput(STAGE, "waits", {})
            async for event in events:
                if event.key == "go":
                    break
    return {}


async def answer(state: Notes) -> Notes:
    return {"notes": [f"an answer to {state['notes'][-1]}"]}


builder = StateGraph(Notes)
builder.add_node("think", think)
builder.add_node("answer", answer)
builder.add_edge(START, "think")
builder.add_edge("think", "answer")
graph = builder.compile()
