"""Teams with AutoGen's scripted model, for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import FunctionCall
from autogen_core.memory import Memory, MemoryContent, MemoryMimeType
from autogen_core.models import CreateResult, ModelFamily, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient

TOOLS = ModelInfo(
    vision=False, function_calling=True, json_output=False, family=ModelFamily.UNKNOWN, structured_output=False
)


def team(
    *answers: str, memory: list[Memory] | None = None, on_call: Callable[[], Any] | None = None
) -> RoundRobinGroupChat:
    """A team of one agent that gives these answers, one a run; `on_call` is awaited in each call of the model."""

    class Model(ReplayChatCompletionClient):
        async def create(self, *arguments: Any, **named: Any) -> CreateResult:
            if on_call is not None:
                call = asyncio.ensure_future(on_call())
                # As the clients of real models do.
                if named.get("cancellation_token") is not None:
                    named["cancellation_token"].link_future(call)
                await call
            return await super().create(*arguments, **named)

    agent = AssistantAgent("agent", Model(list(answers)), memory=memory)
    return RoundRobinGroupChat([agent], max_turns=1)


def team_with_tool(tool: Callable[..., Any]) -> RoundRobinGroupChat:
    """A team whose agent calls a tool without arguments, once a run."""
    call = CreateResult(
        finish_reason="function_calls",
        content=[FunctionCall(id="1", arguments="{}", name=tool.__name__)],
        usage=RequestUsage(prompt_tokens=1, completion_tokens=1),
        cached=False,
    )
    agent = AssistantAgent("agent", ReplayChatCompletionClient([call] * 9, model_info=TOOLS), tools=[tool])
    return RoundRobinGroupChat([agent], max_turns=1)


def answers(state: Any) -> list[str]:
    """What the agent of a saved team has said."""
    messages = state["agent_states"]["agent"]["agent_state"]["llm_context"]["messages"]
    return [one["content"] for one in messages if one["type"] == "AssistantMessage"]


def text(content: str) -> MemoryContent:
    return MemoryContent(content=content, mime_type=MemoryMimeType.TEXT)
