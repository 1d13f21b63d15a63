"""One process of the autogen_* claims: a team that goes on with what is stored, run step by step.

Arguments: its name, how the state is kept (json or mortmain), the place of the state, and what to do.
Needs the environment of adapters/autogen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mortmain
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.memory import ListMemory, Memory, MemoryContent, MemoryMimeType
from autogen_ext.models.replay import ReplayChatCompletionClient

from stage import say, wait_here

# AutoGen logs a traceback of what it turns into text; the claims show what the caller is told.
logging.disable(logging.CRITICAL)

KEY = "teams/research"
# Of the claim, in seconds: short, because a claim waits for it to end; long enough for a busy machine to renew it.
TTL = 3.0


class Model(ReplayChatCompletionClient):
    """AutoGen's scripted model; with waits=True a call stalls, as a long call of a model does."""

    def __init__(self, answer: str, waits: bool) -> None:
        super().__init__([answer])
        self._waits = waits

    async def create(self, *arguments: Any, **named: Any) -> Any:
        if self._waits:
            wait_here()
        return await super().create(*arguments, **named)


def make_team(name: str, waits: bool, memory: list[Memory] | None = None) -> RoundRobinGroupChat:
    model = Model(f"found by {name}", waits)
    return RoundRobinGroupChat([AssistantAgent("researcher", model, memory=memory)], max_turns=1)


def findings(state: Any) -> list[str]:
    """What the agent of a saved team has answered so far."""
    if state is None:
        return []
    messages = state["agent_states"]["researcher"]["agent_state"]["llm_context"]["messages"]
    return [one["content"] for one in messages if one["type"] == "AssistantMessage"]


def read_file(place: str, name: str) -> Any:
    file = Path(place, f"{name}.json")
    return json.loads(file.read_text()) if file.exists() else None


def write_file(place: str, name: str, text: str) -> None:
    Path(place, f"{name}.json").write_text(text)


@asynccontextmanager
async def kept_in_a_file(place: str, team: RoundRobinGroupChat) -> AsyncIterator[None]:
    """As AutoGen's documentation shows it: load_state, run, save_state to a JSON file."""
    state = read_file(place, "team")
    if state is not None:
        await team.load_state(state)
    yield
    write_file(place, "team", json.dumps(await team.save_state()))


def kept(kind: str, place: str, team: RoundRobinGroupChat, wait: float = 0.0) -> Any:
    if kind == "json":
        return kept_in_a_file(place, team)
    from mortmain_autogen import checkout

    return checkout(place, KEY, team, ttl=TTL, wait=wait)


def stored(kind: str, place: str) -> Any:
    if kind == "json":
        return read_file(place, "team")
    with mortmain.open(place) as store:
        return store.read(KEY).value


def told(action: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do it and say what the caller is told."""
    try:
        asyncio.run(action())
        say("done: acknowledged")
    except mortmain.Conflict as error:
        say(f"{type(error).__name__}: {str(error).split(':')[0]} (retry={error.retry})")


# -------------------------------------------------------------------- what a process does


def research(name: str, kind: str, place: str, wait: float = 0.0) -> None:
    """Go on with the team. Those of these names stall while the model thinks."""

    async def run() -> None:
        team = make_team(name, waits=name in ("one", "two", "slow"))
        async with kept(kind, place, team, wait):
            say(f"starts from {findings(await team.save_state())}")
            await team.run(task="go on")

    told(run)


def take_over(name: str, kind: str, place: str) -> None:
    """As `research`, by one who waits until the other's claim has expired."""
    research(name, kind, place, wait=30.0)


def show(name: str, kind: str, place: str) -> None:
    say(f"the team has {findings(stored(kind, place))}")


def remember(name: str, kind: str, place: str) -> None:
    """Add a finding to the memory that all share."""

    async def run() -> None:
        memory = await open_memory(kind, place)
        wait_here()
        await memory.add(MemoryContent(content=f"found by {name}", mime_type=MemoryMimeType.TEXT))
        if isinstance(memory, ListMemory):
            write_file(place, "memory", memory.dump_component().model_dump_json())

    told(run)


async def open_memory(kind: str, place: str) -> Memory:
    """As each world keeps it: a component's configuration in a file, or the store."""
    if kind == "mortmain":
        from mortmain_autogen import MortmainMemory

        return MortmainMemory("findings", place)
    config = read_file(place, "memory")
    return ListMemory("findings") if config is None else ListMemory.load_component(config)


def forget(name: str, kind: str, place: str) -> None:
    """Read the memory, think about it, and clear it."""

    async def run() -> None:
        memory = await open_memory(kind, place)
        say(f"read {contents(await memory.query(''))} and thinks that all of it is done")
        wait_here()
        await memory.clear()
        if isinstance(memory, ListMemory):
            write_file(place, "memory", memory.dump_component().model_dump_json())

    told(run)


def recall(name: str, kind: str, place: str) -> None:
    async def run() -> None:
        found = await (await open_memory(kind, place)).query("")
        say(f"the memory holds {contents(found)}")

    asyncio.run(run())


def contents(found: Any) -> list[str]:
    return sorted(one.content for one in found.results)


if __name__ == "__main__":
    _, name, kind, place, action = sys.argv
    globals()[action](name, kind, place)
