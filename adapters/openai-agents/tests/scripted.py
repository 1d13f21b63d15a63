"""A model that says what it is told to, offline, for every supported SDK."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from typing import Any

from agents import Model, ModelResponse, Usage
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)


def says(text: str) -> Any:
    part = ResponseOutputText(text=text, type="output_text", annotations=[], logprobs=[])
    return ResponseOutputMessage(id="1", type="message", role="assistant", content=[part], status="completed")


def calls(name: str, arguments: str = "{}", call_id: str = "call-1") -> Any:
    return ResponseFunctionToolCall(id="1", call_id=call_id, type="function_call", name=name, arguments=arguments)


class Scripted(Model):
    """Each step is a list of outputs or a (possibly async) function that gives one; inputs: what it was asked."""

    def __init__(self, *steps: Any, response_id: str | None = None) -> None:
        self.steps = list(steps)
        self.inputs: list[Any] = []
        self.response_id = response_id

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **options: Any) -> ModelResponse:
        return ModelResponse(output=await self._next(input), usage=Usage(), response_id=self.response_id)

    async def _next(self, input: Any) -> list[Any]:
        self.inputs.append(list(input) if isinstance(input, list) else input)
        step = self.steps.pop(0)
        if callable(step):
            step = step()
        return await step if inspect.isawaitable(step) else step

    async def stream_response(
        self, system_instructions: Any, input: Any, *args: Any, **options: Any
    ) -> AsyncIterator[Any]:
        response = Response(
            id="r",
            created_at=0,
            model="scripted",
            object="response",
            output=await self._next(input),
            tool_choice="none",
            tools=[],
            parallel_tool_calls=False,
        )
        yield ResponseCompletedEvent(type="response.completed", response=response, sequence_number=0)
