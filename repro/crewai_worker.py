"""What one process of the crewai_* claims does: a memory or a flow of CrewAI, run step by step.

Each action gets its name, the kind of storage (shipped or mortmain) and where it is. Needs the environment of
adapters/crewai. The model is scripted, the embedder counts nothing: every text is similar to every other.
"""

from __future__ import annotations

import json
import re
from typing import Any

import mortmain
from crewai.flow.async_feedback.types import HumanFeedbackPending, PendingFeedbackContext
from crewai.flow.flow import Flow, FlowState, listen, start
from crewai.flow.human_feedback import human_feedback
from crewai.flow.persistence import FlowPersistence, SQLiteFlowPersistence, persist
from crewai.memory.unified_memory import Memory
from mortmain_crewai import FencedMemory, MortmainFlowPersistence
from pydantic import Field

from stage import say, wait_here

# -------------------------------------------------------------------- memory

FIELDS: dict[str, Any] = {"scope": "/plan", "categories": ["plan"], "importance": 0.5}


class Model:
    """Merges what is new into the record that it is shown, as a model that was told to consolidate does.

    waits: how many of its calls stall, as a long call of a model does.
    """

    def __init__(self, waits: int = 0) -> None:
        self.waits = waits
        self.calls = 0

    def supports_function_calling(self) -> bool:
        return False

    def call(self, messages: Any, **_: Any) -> str:
        self.calls += 1
        text = messages[-1]["content"]
        known = re.search(r"id=(\S+) .*\n  content: (.*)", text)
        new = re.search(r"the \w+ is \w+", text)
        assert known is not None
        assert new is not None
        record_id, content = known.groups()
        say(f"asks its model: {content!r} is known")
        if self.waits:
            self.waits -= 1
            wait_here()
        action = {"action": "update", "record_id": record_id, "new_content": f"{content}, {new.group()}"}
        return json.dumps({"actions": [action], "insert_new": False})


def embed(texts: list[str]) -> list[list[float]]:
    return [[1.0, 0.0, 0.0, 0.0] for _ in texts]


def memory(kind: str, place: str, waits: int = 0) -> Memory:
    model: Any = Model(waits)
    if kind == "mortmain":
        return FencedMemory(storage=place, llm=model, embedder=embed)
    return Memory(storage=place, llm=model, embedder=embed)


def told(action: Any) -> None:
    """Do it and say what the caller is told."""
    try:
        action()
        say("done: acknowledged")
    except mortmain.Conflict as error:
        say(f"{type(error).__name__}: {str(error).split(':')[0]} (retry={error.retry})")
    except RuntimeError as error:
        cause = error.__cause__
        if not isinstance(cause, mortmain.Conflict):
            raise
        say(f"RuntimeError from {type(cause).__name__}: {str(cause).split(':')[0]} (retry={cause.retry})")


def first(name: str, kind: str, place: str) -> None:
    with_fields = {**FIELDS, "source": "ada", "private": True}
    told(lambda: memory(kind, place).remember("the plan is open", **with_fields))


def tide(name: str, kind: str, place: str) -> None:
    told(lambda: memory(kind, place, waits=1).remember("the tide is low", **FIELDS))


def wind(name: str, kind: str, place: str) -> None:
    told(lambda: memory(kind, place).remember("the wind is strong", **FIELDS))


def forget(name: str, kind: str, place: str) -> None:
    told(lambda: memory(kind, place).forget(scope="/plan"))


def show(name: str, kind: str, place: str) -> None:
    """What the memory holds."""
    for record in memory(kind, place).list_records():
        source = f"private to {record.source}" if record.private else "public"
        say(f"{source}: {record.content}")


# -------------------------------------------------------------------- flows


def persistence(kind: str, place: str) -> FlowPersistence:
    if kind == "mortmain":
        return MortmainFlowPersistence(place)
    return SQLiteFlowPersistence(place)


class Notes(FlowState):
    notes: list[str] = Field(default_factory=list)


def notes_flow(name: str, kind: str, place: str, waits: bool) -> Flow[Any]:
    """think -> write down. `waits`: stalls while it thinks."""

    storage = persistence(kind, place)

    @persist(storage)
    class Research(Flow[Notes]):
        @start()
        def think(self) -> None:
            say(f"starts from {self.state.notes}")
            if waits:
                wait_here()

        @listen(think)
        def write_down(self) -> None:
            self.state.notes = [*self.state.notes, f"found by {name}"]

    return Research(persistence=storage, suppress_flow_events=True)


def note(name: str, kind: str, place: str) -> None:
    flow = notes_flow(name, kind, place, waits=name == "slow")
    told(lambda: flow.kickoff(inputs={"id": "research"}))


def notes(name: str, kind: str, place: str) -> None:
    found = persistence(kind, place).load_state("research") or {}
    say(f"the flow holds {found.get('notes')}")


class Later:
    """A provider of feedback that comes later: the flow pauses."""

    def request_feedback(self, context: PendingFeedbackContext, flow: Flow[Any]) -> str:
        raise HumanFeedbackPending(context=context)


def order_flow(kind: str, place: str, name: str) -> type[Flow[Any]]:
    class Order(Flow[Notes]):
        @start()
        @human_feedback(message="ship it?", provider=Later())
        def ask(self) -> str:
            say("asks a human: ship it?")
            return "order 7"

        @listen(ask)
        def ship(self, answer: Any) -> None:
            say("ships order 7")

    return Order


def order(name: str, kind: str, place: str) -> None:
    flow = order_flow(kind, place, name)(persistence=persistence(kind, place), suppress_flow_events=True)
    flow.kickoff(inputs={"id": "order-7"})


def answer(name: str, kind: str, place: str) -> None:
    """Answers the question; stalls between reading it and going on."""

    def resume() -> None:
        flow = order_flow(kind, place, name).from_pending(
            "order-7", persistence(kind, place), suppress_flow_events=True
        )
        say("has the question")
        wait_here()
        flow.resume("yes")

    told(resume)
