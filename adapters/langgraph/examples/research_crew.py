"""Four researchers work on one LangGraph thread at the same time and add what they find.

    python research_crew.py

With the saver that LangGraph ships all four are told that they are done, and one finding is left. With MortmainSaver
each of them that was overtaken is told so, runs again on what is there now, and all four findings are kept.
"""

from __future__ import annotations

import operator
import threading
from typing import Annotated, Any, TypedDict

import mortmain
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from mortmain.testing import temporary_store

from mortmain_langgraph import MortmainSaver

TOPICS = ("tides", "currents", "winds", "ice")
THREAD: Any = {"configurable": {"thread_id": "research"}}


class Research(TypedDict):
    findings: Annotated[list[str], operator.add]


def crew(saver: Any, topic: str, together: threading.Barrier) -> Any:
    tries: list[int] = []

    def look_up(state: Research) -> Any:
        if not tries:
            together.wait(30.0)  # All have read the thread before anybody is done: a model call takes its time.
        tries.append(1)
        return {"findings": [f"about {topic}"]}

    builder = StateGraph(Research)
    builder.add_node("look_up", look_up)
    builder.add_edge(START, "look_up")
    return builder.compile(checkpointer=saver)


def run(saver: Any) -> tuple[list[str], list[str]]:
    """(what each researcher was told, what the thread holds)."""
    together = threading.Barrier(len(TOPICS))
    told: list[str] = []

    def research(topic: str) -> None:
        graph = crew(saver, topic, together)
        for attempt in range(1, 20):
            try:
                graph.invoke({"findings": []}, THREAD, durability="exit")
            except mortmain.Conflict:
                continue
            told.append(f"{topic}: done" + (f" at try {attempt}" if attempt > 1 else ""))
            return

    threads = [threading.Thread(target=research, args=(topic,)) for topic in TOPICS]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = saver.get_tuple(THREAD)
    return sorted(told), sorted(found.checkpoint["channel_values"]["findings"])


def main() -> None:
    with temporary_store() as store:
        for name, saver in (("InMemorySaver", InMemorySaver()), ("MortmainSaver", MortmainSaver(store))):
            told, kept = run(saver)
            print(f"{name}: {'; '.join(told)}")
            print(f"  kept {len(kept)} of {len(TOPICS)}: {', '.join(kept)}")


if __name__ == "__main__":
    main()
