"""Four workers go on with one AutoGen team at the same time, and each asks its model one question.

    python night_shift.py

With save_state and a JSON file all four are told that they are done, and one answer is left. With checkout they go on
one after the other, each from what the last one left; the findings go to a memory that all share, and the answers to a
cache, so that a second night asks the model nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.memory import Memory, MemoryContent, MemoryMimeType
from autogen_core.models import ChatCompletionClient
from autogen_ext.models.cache import CHAT_CACHE_VALUE_TYPE, ChatCompletionCache
from autogen_ext.models.replay import ReplayChatCompletionClient
from mortmain import Store
from mortmain.testing import temporary_store

from mortmain_autogen import MortmainCacheStore, MortmainMemory, checkout

TOPICS = ("tides", "currents", "winds", "ice")


def make_team(model: ChatCompletionClient, memory: list[Memory] | None = None) -> RoundRobinGroupChat:
    return RoundRobinGroupChat([AssistantAgent("observer", model, memory=memory)], max_turns=1)


def model_for(topic: str) -> ReplayChatCompletionClient:
    """AutoGen's scripted model: no network, no key."""
    return ReplayChatCompletionClient([f"observed the {topic}"])


class Together:
    """All have read before anybody goes on: a call of a model takes its time."""

    def __init__(self) -> None:
        self._missing = len(TOPICS)
        self._all = asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._all.set()
        await self._all.wait()


def read_state(file: Path) -> Any:
    return json.loads(file.read_text()) if file.exists() else None


def write_state(file: Path, state: Any) -> None:
    file.write_text(json.dumps(state))


async def run_with_a_file(file: Path, topic: str, together: Together) -> None:
    team = make_team(model_for(topic))
    state = read_state(file)
    if state is not None:
        await team.load_state(state)
    await together.wait()
    await team.run(task=f"What about the {topic}?")
    write_state(file, await team.save_state())


async def run_with_checkout(store: Store, topic: str) -> None:
    memory = MortmainMemory("findings", store)
    async with checkout(store, "teams/night", make_team(model_for(topic), [memory]), wait=60.0) as team:
        result = await team.run(task=f"What about the {topic}?")
        answer = result.messages[-1].to_text()  # type: ignore[union-attr]
        await memory.add(MemoryContent(content=answer, mime_type=MemoryMimeType.TEXT))


async def ask_twice(store: Store) -> bool:
    """Whether a second night, with a model that has nothing to say, still gets the answer."""
    answers = []
    for replies in (["the ice is thin"], []):
        cache = MortmainCacheStore[CHAT_CACHE_VALUE_TYPE](store)
        team = make_team(ChatCompletionCache(ReplayChatCompletionClient(replies), cache))
        result = await team.run(task="How thick is the ice?")
        answers.append(result.messages[-1].to_text())  # type: ignore[union-attr]
    return answers[0] == answers[1]


def observations(state: Any) -> list[str]:
    messages = state["agent_states"]["observer"]["agent_state"]["llm_context"]["messages"]
    return sorted(one["content"] for one in messages if one["type"] == "AssistantMessage")


def show(name: str, kept: list[str]) -> None:
    print(f"{name}: four workers were told that they are done")
    print(f"  kept {len(kept)} of {len(TOPICS)}: {', '.join(kept)}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        file, together = Path(scratch, "team.json"), Together()
        await asyncio.gather(*(run_with_a_file(file, topic, together) for topic in TOPICS))
        show("a JSON file", observations(read_state(file)))
    with temporary_store() as store:
        await asyncio.gather(*(run_with_checkout(store, topic) for topic in TOPICS))
        show("checkout", observations(store.read("teams/night").value))
        found = await MortmainMemory("findings", store).query()
        print(f"  the memory that all share holds {len(found.results)} findings")
        print(f"  asked again on another night, without a call of the model: {await ask_twice(store)}")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
