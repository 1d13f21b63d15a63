"""One process of the openai_* claims: an agent on a session, run step by step.

Arguments: its name, the session (sqlite or mortmain), the place of the state, what to do, and with what.
Needs the environment of adapters/openai-agents.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import mortmain
from agents import (
    Agent,
    Model,
    ModelResponse,
    RunConfig,
    Runner,
    RunState,
    SQLiteSession,
    Usage,
    function_tool,
    set_tracing_disabled,
)
from agents.memory import OpenAIResponsesCompactionSession
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from stage import say, wait_here

set_tracing_disabled(True)
SESSION = "customer-7"


class Scripted(Model):
    """A model that needs no network: each step is a function of what it is asked."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **options: Any) -> ModelResponse:
        return ModelResponse(output=[self.steps.pop(0)(input)], usage=Usage(), response_id="resp")

    def stream_response(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError("these claims do not stream")


def answer(text: str) -> Any:
    part = ResponseOutputText(text=text, type="output_text", annotations=[], logprobs=[])
    return ResponseOutputMessage(id="1", type="message", role="assistant", content=[part], status="completed")


def call(name: str) -> Any:
    return ResponseFunctionToolCall(id="1", call_id="call-1", type="function_call", name=name, arguments="{}")


def open_session(kind: str, place: str) -> Any:
    """The session under test, as its own documentation opens it."""
    if kind == "mortmain":
        from mortmain_openai_agents import MortmainSession

        return MortmainSession(SESSION, place)
    return SQLiteSession(SESSION, Path(place, "sessions.db"))


@contextlib.contextmanager
def told() -> Any:
    """Say what the caller is told."""
    try:
        yield
        say("done: acknowledged")
    except mortmain.Conflict as error:
        say(f"{type(error).__name__}: {str(error).split(':')[0]} (retry={error.retry})")


def text_of(item: Any) -> str:
    content = item.get("content") or item.get("encrypted_content") or item.get("output") or item.get("name")
    return content if isinstance(content, str) else content[0]["text"]


def paying_agent(kind: str, place: str, *steps: Any, approval: bool = False) -> Agent[Any]:
    """Its one tool does something in the world that nobody can take back: it writes a line into a file."""

    @function_tool(needs_approval=approval)
    def book() -> str:
        with Path(place, "bookings.txt").open("a") as file:
            file.write("booked\n")
        return "booked"

    return Agent(name="agent", model=Scripted(*steps), tools=[book])


def bookings(place: str) -> int:
    return Path(place, "bookings.txt").read_text().count("booked")


def keep(place: str, state: str) -> None:
    Path(place, "order-7.json").write_text(state)


def kept(place: str) -> str:
    return Path(place, "order-7.json").read_text()


# -------------------------------------------------------------------- what a process does


async def chat(name: str, kind: str, place: str, what: str) -> None:
    """One turn; `slow` stalls in its model, as a suspended laptop does."""

    def think(history: Any) -> Any:
        if name == "slow":
            say("thinks")
            wait_here()
        return answer(f"{name} says {what}")

    session = open_session(kind, place)
    agent = Agent(name="agent", model=Scripted(think))
    with told():
        await Runner.run(agent, f"{name} asks", session=session)


async def claimed_chat(name: str, kind: str, place: str, what: str) -> None:
    session = open_session(kind, place)
    with told():
        async with session.claim(ttl=1.0, wait=20.0):
            await chat_in(session, name, what)


async def chat_in(session: Any, name: str, what: str) -> None:
    def think(history: Any) -> Any:
        if name == "slow":
            say("thinks, and holds the claim")
            wait_here()
        return answer(f"{name} says {what}")

    await Runner.run(Agent(name="agent", model=Scripted(think)), f"{name} asks", session=session)


async def book_once(name: str, kind: str, place: str, what: str) -> None:
    """Books unless the history says that it is done. The second one stalls after it has read that."""

    def decide(history: Any) -> Any:
        if any(item.get("type") == "function_call_output" for item in history):
            return answer("it is booked already")
        return call("book")

    def read_then_wait(history: Any, new: Any) -> Any:
        say(f"has read {len(history)} items")
        if name == "two":
            wait_here()
        return history + new

    agent = paying_agent(kind, place, decide, lambda history: answer("it is booked"))
    with told():
        await Runner.run(
            agent,
            "book the room, once",
            session=open_session(kind, place),
            run_config=RunConfig(session_input_callback=read_then_wait),
        )


async def ask_for_approval(name: str, kind: str, place: str, what: str) -> None:
    agent = paying_agent(kind, place, lambda history: call("book"), approval=True)
    result = await Runner.run(agent, "book the room", session=open_session(kind, place))
    say(f"{len(result.interruptions)} approval is asked for")
    if kind == "mortmain":
        from mortmain_openai_agents import RunStateStore

        await RunStateStore(place).save("order-7", result.to_state())
    else:
        keep(place, result.to_state().to_string())


@contextlib.asynccontextmanager
async def resumed(kind: str, place: str, agent: Agent[Any]) -> AsyncIterator[RunState[Any, Any]]:
    if kind == "mortmain":
        from mortmain_openai_agents import RunStateStore

        async with RunStateStore(place).claim("order-7", agent) as state:
            yield state
    else:
        yield await RunState.from_string(agent, kept(place))


async def approve(name: str, kind: str, place: str, what: str) -> None:
    agent = paying_agent(kind, place, lambda history: answer("it is booked"), approval=True)
    with told():
        async with resumed(kind, place, agent) as state:
            if name == "one":
                say("has the state and looks at it")
                wait_here()
            for item in state.get_interruptions():
                state.approve(item)
            await Runner.run(agent, state, session=open_session(kind, place))


async def compact(name: str, kind: str, place: str, what: str) -> None:
    """Compacts the session, as a nightly job does; the model that summarises takes its time."""

    class Client:
        async def compact(self, **request: Any) -> Any:
            say(f"sends {len(request['input'])} items to be summarised")
            wait_here()
            summary = {"type": "compaction", "id": "cmp_1", "encrypted_content": "a summary of two turns"}
            return type("Compacted", (), {"output": [summary], "usage": None})()

    client: Any = type("OpenAI", (), {"responses": Client()})()
    session = open_session(kind, place)
    if kind == "mortmain":
        from mortmain_openai_agents import MortmainCompactionSession

        own = MortmainCompactionSession(SESSION, session, client=client, compaction_mode="input")
        await own.run_compaction({"force": True})
        say(f"done: {own.skipped} skipped")
        return
    shipped = OpenAIResponsesCompactionSession(SESSION, session, client=client, compaction_mode="input")
    await shipped.run_compaction({"force": True})
    say("done")


async def show(name: str, kind: str, place: str, what: str) -> None:
    items = await open_session(kind, place).get_items()
    say(f"the session holds {[text_of(item) for item in items]}")


async def count(name: str, kind: str, place: str, what: str) -> None:
    say(f"booked {bookings(place)} times")


if __name__ == "__main__":
    _, name, kind, place, action, what = sys.argv
    asyncio.run(globals()[action](name, kind, place, what))
